"""The laboratory starts certainly, is mended while it runs, stops clean and stays bounded."""

import asyncio
import shutil
import socket
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime

import asyncssh
import pytest

from cyberposture.errors import MissingService, NotFound, WrongState, WrongUsage
from cyberposture.laboratory.certificates import Certificates
from cyberposture.laboratory.conversation import Limits, Tally
from cyberposture.laboratory.hosts import Host, Service
from cyberposture.laboratory.kinds import SHEETS
from cyberposture.laboratory.laboratory import Laboratory
from cyberposture.laboratory.listeners import TCPListener
from cyberposture.laboratory.ports import needed_port_offset
from cyberposture.laboratory.services.awkward import speak_slowly
from cyberposture.laboratory.station import Station

pytestmark = [pytest.mark.loopback, pytest.mark.acceptance]


def make_host(number: int = 1, *services: Service) -> Host:
    return Host(code=f"host-{number}", address=f"127.78.2.{number}", services=services)


def make_laboratory(tmp_path, *hosts: Host, offset: int | None = None) -> Laboratory:
    moved = needed_port_offset() if offset is None else offset
    return Laboratory(hosts, Certificates(tmp_path), moved)


def is_open(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), 2).close()
    except ConnectionRefusedError:
        return False
    return True


def test_thirty_hosts_of_every_kind_are_open_within_two_seconds(tmp_path):
    kinds = list(SHEETS)
    hosts = [
        make_host(n, Service(kind=kind, port=SHEETS[kind].usual_port))
        for n, kind in enumerate((kinds * 2)[:30], start=1)
    ]
    laboratory = make_laboratory(tmp_path, *hosts)
    before = time.monotonic()
    laboratory.start()
    try:
        assert time.monotonic() - before < 2
        endpoints = laboratory.listening()
        assert {endpoint.host for endpoint in endpoints} == {host.code for host in hosts}
        tcp = [endpoint for endpoint in endpoints if endpoint.protocol == "tcp"]
        assert all(is_open(endpoint.address, endpoint.bound_port) for endpoint in tcp)
    finally:
        laboratory.stop()


def test_stop_frees_every_port_ends_the_thread_and_drops_who_is_still_there(tmp_path):
    laboratory = make_laboratory(tmp_path, make_host(1, Service(kind="slow", port=7001)))
    with laboratory:
        client = socket.create_connection(("127.78.2.1", 7001), 2)
        client.settimeout(2)
    with client:
        assert client.recv(1) == b""
    assert not is_open("127.78.2.1", 7001)
    assert "laboratory" not in {thread.name for thread in threading.enumerate()}


def test_taken_port_is_named_and_nothing_stays_open(tmp_path):
    laboratory = make_laboratory(
        tmp_path,
        make_host(1, Service(kind="redis", port=6379)),
        make_host(2, Service(kind="mqtt", port=1883)),
    )
    with (
        socket.create_server(("127.78.2.2", 1883)),
        pytest.raises(MissingService, match=r"127\.78\.2\.2:1883 cannot be bound"),
    ):
        laboratory.start()
    assert not is_open("127.78.2.1", 6379)
    assert laboratory.listening() == ()


def test_laboratory_starts_once(tmp_path):
    laboratory = make_laboratory(tmp_path, make_host())
    with laboratory, pytest.raises(WrongState, match="starts once"):
        laboratory.start()
    laboratory.stop()
    with pytest.raises(WrongState, match="not running"):
        laboratory.repair("127.78.2.1", 6379, Service(kind="redis", port=6379))


def test_repair_replaces_a_service_while_the_others_run(tmp_path):
    weak = Service(kind="redis", port=6379, open_access=True)
    mended = Service(kind="redis", port=6379)

    def reply() -> bytes:
        with socket.create_connection(("127.78.2.1", 6379), 2) as sock:
            sock.sendall(b"PING\r\n")
            return sock.recv(100)

    host = make_host(1, weak, Service(kind="mqtt", port=1883))
    with make_laboratory(tmp_path, host) as laboratory:
        assert reply() == b"+PONG\r\n"
        laboratory.repair(host.address, 6379, mended)
        assert reply().startswith(b"-NOAUTH")
        assert is_open(host.address, 1883)
        assert laboratory.counters(host.address, 6379).connections == 2


def test_repair_closes_and_opens_ports(tmp_path):
    host = make_host(1, Service(kind="redis", port=6379))
    with make_laboratory(tmp_path, host) as laboratory:
        laboratory.repair(host.address, 6379, None)
        assert not is_open(host.address, 6379)
        assert laboratory.listening() == ()
        laboratory.repair(host.address, 1883, Service(kind="mqtt", port=1883))
        assert is_open(host.address, 1883)
        assert [endpoint.kind for endpoint in laboratory.listening()] == ["mqtt"]


def test_repair_of_what_is_not_there_is_refused(tmp_path):
    host = make_host(1, Service(kind="redis", port=6379))
    with make_laboratory(tmp_path, host) as laboratory:
        with pytest.raises(NotFound, match=r"127\.78\.2\.9"):
            laboratory.repair("127.78.2.9", 6379, None)
        with pytest.raises(NotFound, match=r"127\.78\.2\.1:23"):
            laboratory.repair(host.address, 23, None)
        with pytest.raises(WrongUsage, match="1883"):
            laboratory.repair(host.address, 6379, Service(kind="mqtt", port=1883))
        with pytest.raises(NotFound, match=r"127\.78\.2\.1:23"):
            laboratory.counters(host.address, 23)


def test_two_hosts_with_one_address_are_refused(tmp_path):
    with pytest.raises(WrongUsage, match="share an address"):
        make_laboratory(tmp_path, make_host(1), make_host(1))


def test_offset_that_brings_two_ports_together_is_refused(tmp_path):
    host = make_host(1, Service(kind="smtp", port=25), Service(kind="redis", port=10_025))
    with pytest.raises(WrongUsage, match="brings two ports"):
        make_laboratory(tmp_path, host, offset=10_000)
    with pytest.raises(WrongUsage, match="a port offset is"):
        make_laboratory(tmp_path, host, offset=500)


def test_offset_moves_low_ports_and_leaves_high_ones(tmp_path):
    host = make_host(1, Service(kind="smtp", port=25), Service(kind="redis", port=6379))
    with make_laboratory(tmp_path, host, offset=10_000) as laboratory:
        bound = {endpoint.port: endpoint.bound_port for endpoint in laboratory.listening()}
        assert bound == {25: 10_025, 6379: 6379}
        assert is_open(host.address, 10_025)
        assert laboratory.counters(host.address, 25).connections == 1


def test_without_privilege_the_low_ports_are_moved():
    setpriv = shutil.which("setpriv")
    if setpriv is None or needed_port_offset() != 0:
        pytest.skip("only a process that may bind low ports can give that up")
    question = "from cyberposture.laboratory.ports import needed_port_offset as n; print(n())"
    answered = subprocess.run(
        [
            *(setpriv, "--bounding-set", "-net_bind_service"),
            *("--inh-caps", "-net_bind_service", sys.executable, "-c", question),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert answered.stdout.strip() == "10000"


def test_client_that_sends_too_much_is_cut_off(tmp_path):
    host = make_host(1, Service(kind="telnet", port=2323))
    with make_laboratory(tmp_path, host) as laboratory:
        with (
            socket.create_connection((host.address, 2323), 2) as sock,
            pytest.raises((ConnectionResetError, BrokenPipeError)),
        ):
            for _ in range(1000):
                sock.sendall(b"x" * 65536)
        limit = SHEETS["telnet"].limits.received_bytes
        assert limit < laboratory.counters(host.address, 2323).bytes_received < 4 * limit


def test_connection_ends_when_its_time_is_over():
    service = Service(kind="slow", port=7001, interval_s=0.05)
    station = Station(
        host=make_host(1, service),
        service=service,
        clock=lambda: datetime.now(UTC),
        ssh_key=asyncssh.generate_private_key("ssh-ed25519"),
    )

    async def stay() -> bytes:
        listener = TCPListener(station, speak_slowly, Limits(lifetime_s=0.3), Tally())
        await listener.open("127.78.2.1", 7001)
        reader, writer = await asyncio.open_connection("127.78.2.1", 7001)
        received = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        await listener.close()
        return received

    assert asyncio.run(stay()) in {b"." * n for n in range(1, 7)}


def test_nothing_is_bound_beyond_loopback():
    service = Service(kind="wrapped", port=7002)
    station = Station(
        host=make_host(1, service),
        service=service,
        clock=lambda: datetime.now(UTC),
        ssh_key=asyncssh.generate_private_key("ssh-ed25519"),
    )

    async def reach_out(address: str) -> None:
        await TCPListener(station, speak_slowly, Limits(), Tally()).open(address, 7002)

    for address in ("0.0.0.0", "::1", "192.0.2.7"):
        with pytest.raises(ValueError, match="no loopback address"):
            asyncio.run(reach_out(address))


def test_fault_of_a_service_comes_to_light_when_the_laboratory_stops(tmp_path, monkeypatch):
    async def stumble(client, station) -> None:
        raise KeyError("a fault in the laboratory")

    sheet = SHEETS["wrapped"].__class__(7002, None, "stumbles", stumble)
    monkeypatch.setitem(SHEETS, "wrapped", sheet)
    laboratory = make_laboratory(tmp_path, make_host(1, Service(kind="wrapped", port=7002)))
    laboratory.start()
    with socket.create_connection(("127.78.2.1", 7002), 2) as sock:
        assert sock.recv(1) == b""
    with pytest.raises(Exception, match="a laboratory service failed"):
        laboratory.stop()
