"""A stop cuts a probe in the midst of whatever it waits for, and no connection comes after it."""

import contextlib
import socket
import threading
import time

import pytest

from cyberposture.errors import MissingService
from cyberposture.scanning.sending.connect import Deadline, connected, lenient_context
from cyberposture.scanning.sending.leash import leashed

pytestmark = pytest.mark.loopback


@pytest.fixture
def silent():
    """The address and port of somebody who takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()


def unreadable() -> bool:
    raise MissingService("the register is gone")


@pytest.mark.parametrize("is_tls", [False, True], ids=["plain", "in the midst of a handshake"])
@pytest.mark.parametrize("how", ["stopped", "unreadable"])
def test_stop_cuts_a_connection_that_waits(silent, how, is_tls):
    pressed = threading.Event()

    def must_stop() -> bool:
        return (unreadable() if how == "unreadable" else True) if pressed.is_set() else False

    with leashed(must_stop) as leash, connected(*silent, Deadline(30)) as connection:
        threading.Timer(0.1, pressed.set).start()
        began = time.monotonic()
        with pytest.raises(OSError) if is_tls else no_error():
            if is_tls:
                lenient_context().wrap_socket(connection)
            assert connection.recv(1) == b""
        assert time.monotonic() - began < 2
        assert leash.is_cut


def no_error():
    """Stand where an error is expected in the other case."""
    return contextlib.nullcontext()


def test_no_connection_comes_about_after_the_stop(silent):
    with leashed(lambda: False) as leash:
        leash.cut()
        with pytest.raises(OSError, match="stopped"), connected(*silent, Deadline(5)):
            pass


def test_probe_that_nobody_stops_is_left_alone(silent):
    with leashed(lambda: False) as leash, connected(*silent, Deadline(5)) as connection:
        connection.settimeout(0.5)
        with pytest.raises(TimeoutError):
            connection.recv(1)
    assert not leash.is_cut
