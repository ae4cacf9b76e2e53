"""Fragile and ill-mannered services of the laboratory."""

import ssl
import struct

import pytest

from cyberposture.laboratory.hosts import Service

pytestmark = [pytest.mark.loopback, pytest.mark.acceptance]


def is_answering(served) -> bool:
    """Return whether the ordinary website beside the awkward service is served."""
    with served.dial(80) as wire:
        wire.send(b"GET / HTTP/1.0\r\n\r\n")
        return wire.rest().startswith(b"HTTP/1.1 200 ")


def test_modbus_identifies_itself_and_refuses_a_write(serve):
    with serve(Service(kind="modbus", port=502)) as served, served.dial(502) as wire:
        wire.send(bytes.fromhex("000100000005012b0e0100"))
        head = wire.take(7)
        body = wire.take(struct.unpack(">H", head[4:6])[0] - 1)
        assert body[:2] == b"\x2b\x0e"
        assert b"Fictional Works" in body
        wire.send(bytes.fromhex("000200000006010600010003"))
        assert wire.take(9) == bytes.fromhex("000200000003018601")
        counters = served.counters(502)
    assert (counters.connections, counters.bytes_received) == (1, 23)


def test_slow_service_sends_a_byte_at_a_time(serve):
    slow = Service(kind="slow", port=7001, interval_s=0.1)
    with serve(slow) as served, served.dial(7001) as wire:
        assert [wire.sock.recv(100) for _ in range(3)] == [b"."] * 3


def test_wrapped_service_accepts_and_closes(serve):
    with serve(Service(kind="wrapped", port=7002)) as served:
        with served.dial(7002) as wire:
            assert wire.sock.recv(1) == b""
        assert served.counters(7002).connections == 1


def test_endless_banner_goes_on_and_the_laboratory_with_it(serve):
    endless = Service(kind="endless", port=7003, banner="<script>alert(1)</script>")
    with serve(endless, Service(kind="http", port=80)) as served, served.dial(7003) as wire:
        assert b"<script>" in wire.take(512 * 1024)
        assert is_answering(served)


def test_broken_tls_closes_in_mid_handshake(serve):
    with (
        serve(Service(kind="broken-tls", port=7443)) as served,
        served.dial(7443) as plain,
        pytest.raises((ssl.SSLError, ConnectionResetError)),
    ):
        served.trust().wrap_socket(plain.sock, server_hostname=served.name)
