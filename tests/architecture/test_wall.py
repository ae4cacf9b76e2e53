"""The wall around the network stands: these tests try to get over it, without sending anything."""

import socket

import pytest

ELSEWHERE = "192.0.2.1"
"""An address that documentation reserves. Binding it, or connecting UDP to it, sends nothing."""


def test_a_test_without_the_mark_opens_no_socket():
    with pytest.raises(pytest.fail.Exception, match="without the mark"):
        socket.socket()


def test_a_test_without_the_mark_may_use_a_pair_of_local_pipes():
    left, right = socket.socketpair()
    with left, right:
        left.sendall(b"here")
        assert right.recv(4) == b"here"


@pytest.mark.loopback
def test_a_marked_test_reaches_loopback():
    with (
        socket.create_server(("127.0.0.3", 0)) as server,
        socket.create_connection(server.getsockname(), timeout=5) as client,
    ):
        assert client.getpeername()[0] == "127.0.0.3"


@pytest.mark.loopback
@pytest.mark.parametrize("reach", ["connect", "connect_ex", "bind"])
def test_a_marked_test_reaches_nothing_else(reach):
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock,
        pytest.raises(pytest.fail.Exception, match="not loopback"),
    ):
        getattr(sock, reach)((ELSEWHERE, 9))


@pytest.mark.loopback
def test_a_marked_test_resolves_no_public_name():
    with pytest.raises(pytest.fail.Exception, match="not loopback"):
        socket.getaddrinfo(ELSEWHERE, 53, flags=socket.AI_NUMERICHOST)
