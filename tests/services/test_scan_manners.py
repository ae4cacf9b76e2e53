"""Manners and mishaps of a scan: one connection at a time, dead processes, moved ports."""

import contextlib
import io
import os
import random
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cyberposture.clock import utc_now
from cyberposture.errors import MissingService, WrongState
from cyberposture.laboratory.certificates import Certificates
from cyberposture.laboratory.hosts import Host, Service
from cyberposture.laboratory.laboratory import Laboratory
from cyberposture.runtime import Runtime, open_runtime
from cyberposture.scanning.reading.parse import parse
from cyberposture.services import files
from cyberposture.services.findings import views as finding_views
from cyberposture.services.permission import stop
from cyberposture.services.proof import audit
from cyberposture.services.scans import scan
from cyberposture.services.scans import views as scan_views
from cyberposture.services.scans.conduct import STAGES, move_on
from cyberposture.services.scans.here import run_here
from cyberposture.services.scans.watchdog import Watchdog
from cyberposture.services.schedule import schedules
from cyberposture.settings import load_settings
from cyberposture.store import chunks, contacts
from cyberposture.store.facts import list_facts
from cyberposture.worker.workplace import Workplace
from cyberposture.worker.works import WORKS, take_up_lost

pytestmark = [
    pytest.mark.loopback,
    pytest.mark.acceptance,
    pytest.mark.skipif(shutil.which("nmap") is None, reason="nmap is not on this machine"),
]

CHANCE = random.SystemRandom()
NETWORK = f"127.{CHANCE.randrange(96, 250)}.{CHANCE.randrange(256)}"
CODE = "hill-office"
GREETING = b"SSH-2.0-OpenSSH_9.2\r\n"
"""What nmap knows at once, so that it tries nothing else."""
TELNET = "cleartext.no-telnet-or-r-login"


class RealClock:
    """The real time, and what a test adds to it."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def forward(self, **time: float) -> None:
        self._ahead += timedelta(**time)


@pytest.fixture
def clock() -> RealClock:
    """A clock that goes, because nmap knows no other."""
    return RealClock()


@pytest.fixture
def scanner(scanner) -> scan.Scanner:
    """A scanner with several workers that finds nmap where this machine has it."""
    return replace(scanner, search_path=os.environ["PATH"], parallel_chunks=3, host_timeout_s=15)


def has_left(client: socket.socket) -> bool:
    """Return whether the other side has closed; what it sent before is thrown away."""
    try:
        while client.recv(4096):
            pass
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


@dataclass
class Counting:
    """Ports that greet and soon hang up; counts the connections that are open to an address."""

    address: str
    ports: tuple[int, ...]
    most: int = 0
    in_all: int = 0
    _ended: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def serving(self) -> Iterator["Counting"]:
        selector = selectors.DefaultSelector()
        for port in self.ports:
            listener = socket.create_server((self.address, port), backlog=64)
            listener.setblocking(False)
            selector.register(listener, selectors.EVENT_READ, "listener")
        thread = threading.Thread(target=self._serve, args=(selector,))
        thread.start()
        try:
            yield self
        finally:
            self._ended.set()
            thread.join()
            for key in list(selector.get_map().values()):
                key.fileobj.close()
            selector.close()

    def _serve(self, selector: selectors.BaseSelector) -> None:
        """Serve from one thread: whoever has left is seen to be gone before anybody is counted."""
        present: dict[socket.socket, float] = {}
        while not self._ended.is_set():
            arrived = [
                key.fileobj.accept()[0]
                for key, _ in selector.select(0.02)
                if key.data == "listener"
            ]
            for client in arrived:
                client.setblocking(False)
                selector.register(client, selectors.EVENT_READ, "client")
                present[client] = time.monotonic()
                self.in_all += 1
                with contextlib.suppress(OSError):
                    client.sendall(GREETING)
            now = time.monotonic()
            for client, since in list(present.items()):
                if has_left(client) or now > since + 0.4:
                    selector.unregister(client)
                    client.close()
                    del present[client]
            self.most = max(self.most, len(present))


def allow(office, *addresses: str, techniques: tuple[str, ...]) -> str:
    """Register an institution with these hosts and one authorisation for them."""
    office.institution(CODE)
    zones = [{"id": "public", "kind": "zone"}, {"id": "office", "kind": "zone"}]
    hosts = [
        {"id": f"host-{n}", "kind": "host", "addresses": [one], "zone": "public"}
        for n, one in enumerate(addresses)
    ]
    office.declare(CODE, *zones, *hosts)
    return office.authorise(CODE, f"{NETWORK}.0/24", techniques=list(techniques))


GENTLE = ("tcp-ports", "http-exchange", "tls-handshake")


def test_one_connection_at_a_time_is_open_to_an_address(office, scanner):
    services = Counting(f"{NETWORK}.10", (8080, 8443, 5900, 6379, 3389))
    allow(office, services.address, techniques=GENTLE)
    with services.serving():
        record = scan.run_scan(office.register, scanner, scan.Request(CODE))
    assert record.state == "done"
    assert services.in_all > 6
    assert services.most == 1


def test_scripts_open_two_connections_at_a_time_at_the_most(office, scanner):
    """NSE opens the next connection before the last one is closed, whatever its options say."""
    services = Counting(f"{NETWORK}.12", (8080, 5900, 6379, 3389))
    allow(office, services.address, techniques=("tcp-ports", "service-versions"))
    with services.serving():
        scan.run_scan(office.register, scanner, scan.Request(CODE))
    assert services.in_all > 20
    assert services.most <= 2


def test_two_scans_at_once_take_turns_at_an_address(office, scanner):
    services = Counting(f"{NETWORK}.11", (8080, 8443, 5900))
    allow(office, services.address, techniques=GENTLE)
    inner = scan.from_vantage(scanner, "internal:office")
    with services.serving(), ThreadPoolExecutor() as pool:
        scans = [
            pool.submit(scan.run_scan, office.register, one, scan.Request(CODE))
            for one in (scanner, inner)
        ]
        assert [one.result().state for one in scans] == ["done", "done"]
    assert services.most == 1


def test_many_hosts_in_one_run_still_get_one_connection_each(office, scanner):
    ports = (8080, 8443, 5900, 6379, 3389)
    hosts = [Counting(f"{NETWORK}.{n}", ports) for n in range(20, 26)]
    allow(office, *(host.address for host in hosts), techniques=("tcp-ports",))
    with contextlib.ExitStack() as stack:
        for host in hosts:
            stack.enter_context(host.serving())
        scan.run_scan(office.register, scanner, scan.Request(CODE))
    assert {host.in_all for host in hosts} == {len(ports)}
    assert max(host.most for host in hosts) <= 1


VICTIM = """
import sys
from cyberposture.runtime import open_runtime
from cyberposture.services.scans import scan
from cyberposture.settings import load_settings

runtime = open_runtime(load_settings(workspace=sys.argv[1], database_url=sys.argv[2]), "victim")
scan.run_scan(runtime.register, runtime.scanner, scan.Request("hill-office"))
"""


def nmap_runs_at(target: str) -> bool:
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            words = (folder / "cmdline").read_bytes().split(b"\0")
            if words[0].endswith(b"nmap") and target.encode() in words:
                return True
    return False


def wait_until(reached, patience_s: float = 30) -> None:
    deadline = time.monotonic() + patience_s
    while not reached():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.05)


@pytest.fixture
def runtime(office, clock, tmp_path, register_url, monkeypatch) -> Runtime:
    """The office as a process of its own opens it, and as another one may as well."""
    keys = tmp_path / "keys"
    keys.mkdir(exist_ok=True)
    (keys / "master.key").write_text((b"m" * 32).hex() + "\n")
    (keys / "audit.key").write_text((b"k" * 32).hex() + "\n")
    for name, value in (("HOST_TIMEOUT_S", "4"), ("RATE_PPS", "1000"), ("PARALLEL_CHUNKS", "1"),
                        ("STOP_POLL_S", "0.1")):  # fmt: skip
        monkeypatch.setenv(f"CYBERPOSTURE_{name}", value)
    settings = load_settings(workspace=tmp_path, database_url=register_url)
    opened = open_runtime(settings, "amna-khan", clock)
    yield opened
    opened.close()


@pytest.fixture
def abandoned(office, runtime, tmp_path) -> Iterator[str]:
    """The code of a scan whose process was killed while nmap ran; the laboratory runs on."""
    slow = Host(code="slow", address=f"{NETWORK}.40", services=(Service(kind="slow", port=8080),))
    switch = Host(
        code="switch", address=f"{NETWORK}.41", services=(Service(kind="telnet", port=8080),)
    )
    allow(office, slow.address, switch.address, techniques=("tcp-ports", "service-versions"))
    command = [sys.executable, "-c", VICTIM, str(tmp_path), runtime.settings.register_url]

    def is_sending() -> bool:
        running = stop.who(office.register, slow.address).running
        return any(one.plan["technique"] == "service-versions" for one in running)

    with Laboratory([slow, switch], Certificates(tmp_path)):
        victim = subprocess.Popen(command)
        try:
            wait_until(lambda: is_sending() and nmap_runs_at(slow.address))
        finally:
            victim.send_signal(signal.SIGKILL)
            victim.wait()
        wait_until(lambda: not nmap_runs_at(slow.address))
        (view,) = scan_views.list_scans(office.register)
        assert view.record.state == "running"
        yield view.record.code


def test_scan_whose_process_was_killed_is_neither_lost_nor_run_twice(
    office, runtime, clock, abandoned
):
    with pytest.raises(WrongState, match="holds a chunk"):
        scan.resume_scan(office.register, runtime.scanner, abandoned)
    assert scan_views.find_lost(office.register, CODE, "external") is None
    clock.forward(minutes=10)
    assert scan_views.find_lost(office.register, CODE, "external") == abandoned
    assert scan_views.find_lost(office.register, CODE, "internal:office") is None

    row = schedules.add_schedule(office.register, "daily", "scan", "cron", "0 3 * * *",
                                 institution=CODE)  # fmt: skip
    WORKS["scan"](runtime, row)

    (view,) = scan_views.list_scans(office.register)
    assert (view.record.code, view.record.state) == (abandoned, "done")
    begun = audit.read_entries(office.register, kind="scan-stage")
    assert [entry.data["stage"] for entry in begun] == list(STAGES)
    chunks_of = scan_views.get_scan(office.register, abandoned).chunks
    assert sorted(chunk.attempts for chunk in chunks_of) == [1, 1, 2]
    with office.register.reading() as connection:
        facts = list_facts(connection, scan_id=view.record.id)
    looks = Counter((record.fact.address, record.fact.technique) for record in facts)
    assert set(looks.values()) == {1}
    with pytest.raises(WrongState, match="is done"):
        scan.resume_scan(office.register, runtime.scanner, abandoned)


def test_chunk_of_a_dead_worker_is_taken_by_another(office, scanner):
    host = Counting(f"{NETWORK}.50", (8080,))
    allow(office, host.address, techniques=("tcp-ports",))
    with host.serving():
        record = scan.begin_scan(office.register, scanner, scan.Request(CODE))
        assert move_on(office.register, scanner, record.id).stage == "ports"
        with office.register.database.transaction() as connection:
            long_ago = office.register.clock() - timedelta(hours=1)
            wanted = chunks.Wanted(scan_id=record.id)
            dead = chunks.take_chunk(
                connection, "dead-worker", at=long_ago, lease_s=60, wanted=wanted
            )
        assert dead is not None
        assert run_here(office.register, scanner, record.id).state == "done"
    (chunk,) = scan_views.get_scan(office.register, record.code).chunks
    assert (chunk.state, chunk.attempts) == ("done", 2)
    with office.register.reading() as connection:
        found = contacts.list_contacts(connection, host.address)
    assert [contact.outcome for contact in found] == ["done", "lost"]


def begun_at(office, scanner, *hosts: Counting) -> str:
    """Begin a scan that nobody runs, and return its code."""
    allow(office, *(host.address for host in hosts), techniques=("tcp-ports",))
    return scan.begin_scan(office.register, scanner, scan.Request(CODE)).code


def test_worker_without_a_queue_looks_round_by_itself(office, runtime):
    host = Counting(f"{NETWORK}.51", (8080,))
    with host.serving(), Watchdog(office.register, runtime.scanner) as watchdog:
        workplace = Workplace(runtime, watchdog)
        thread = threading.Thread(target=workplace.serve_alone)
        thread.start()
        try:
            code = begun_at(office, runtime.scanner, host)
            wait_until(lambda: scan_views.get_scan(office.register, code).record.state == "done")
        finally:
            watchdog.halted.set()
            thread.join()
    assert host.in_all > 0


def test_clock_brings_a_lost_scan_to_its_end(office, runtime, clock):
    host = Counting(f"{NETWORK}.52", (8080,))
    with host.serving():
        code = begun_at(office, runtime.scanner, host)
        take_up_lost(runtime)
        assert scan_views.get_scan(office.register, code).record.state == "running"
        clock.forward(minutes=10)
        take_up_lost(runtime)
    assert scan_views.get_scan(office.register, code).record.state == "done"


def test_scan_without_nmap_fails_at_once_and_keeps_what_was_seen(office, scanner, tmp_path):
    hosts = [Counting(f"{NETWORK}.{n}", (8080,)) for n in (60, 61)]
    allow(office, *(h.address for h in hosts), techniques=("tcp-ports",))
    with pytest.raises(MissingService, match="nmap"):
        scan.run_scan(
            office.register, replace(scanner, search_path=str(tmp_path)), scan.Request(CODE)
        )
    (view,) = scan_views.list_scans(office.register)
    assert view.record.state == "failed"
    (chunk,) = scan_views.get_scan(office.register, view.record.code).chunks
    assert chunk.state == "failed"


def test_worker_that_fails_ends_the_others(office, scanner):
    hosts = [Counting(f"{NETWORK}.{n}", (8080,)) for n in range(70, 78)]
    allow(office, *(h.address for h in hosts), techniques=("tcp-ports", "http-exchange"))

    def interrupt(stage: str, done: int, _of: int) -> None:
        if stage == "pages" and done == 1:
            raise KeyboardInterrupt

    with contextlib.ExitStack() as stack:
        for host in hosts:
            stack.enter_context(host.serving())
        with pytest.raises(KeyboardInterrupt):
            scan.run_scan(office.register, replace(scanner, parallel_chunks=1),
                          scan.Request(CODE), interrupt)  # fmt: skip
    assert sum(host.in_all > 1 for host in hosts) == 1
    (view,) = scan_views.list_scans(office.register)
    assert view.record.state == "failed"
    states = [c.state for c in scan_views.get_scan(office.register, view.record.code).chunks]
    assert states == ["done", "done", *["ended"] * 7]


def test_moved_ports_are_told_as_the_ports_that_are_meant(office, scanner, tmp_path):
    offset = 10_000
    services = (Service(kind="telnet", port=23), Service(kind="http", port=80))
    host = Host(code="switch", address=f"{NETWORK}.80", services=services)
    allow(office, host.address, techniques=("tcp-ports", "service-versions", "http-exchange"))
    with Laboratory([host], Certificates(tmp_path), offset):
        record = scan.run_scan(
            office.register, replace(scanner, port_offset=offset), scan.Request(CODE)
        )
    (finding,) = [f for f in finding_views.list_findings(office.register) if f.key.check == TELNET]
    assert finding.key.port == 23
    with office.register.reading() as connection:
        facts = [r.fact for r in list_facts(connection, scan_id=record.id)]
    shown = {port.port for fact in facts if fact.host for port in fact.host.ports}
    assert shown == {23, 80}
    assert {page.port for fact in facts for page in fact.http} == {80}
    versions = next(fact for fact in facts if fact.technique == "service-versions")
    raw = tmp_path / "raw.xml"
    files.write_file(office.register, CODE, versions.artefact, raw)
    (seen,) = parse(io.BytesIO(raw.read_bytes())).hosts
    assert [port.port for port in seen.ports if port.state == "open"] == [10_023]
    sent = {port for chunk in scan_views.get_scan(office.register, record.code).chunks
            for port in chunk.plan["ports"]}  # fmt: skip
    assert {10_023, 10_080} <= sent
    assert not sent & set(range(1, 1024))
    assert utc_now() > versions.ended_at
