"""A scanner without access to the register: real processes and a folder between them."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from fleet import Capture, Fleet, fleet_over, kill, nmaps, require_nothing_lost_or_doubled

from cyberposture.clock import utc_now
from cyberposture.errors import WrongState
from cyberposture.exchange.shared_folder import SharedFolder
from cyberposture.laboratory.certificates import Certificates
from cyberposture.laboratory.hosts import Host, Service
from cyberposture.laboratory.laboratory import Laboratory
from cyberposture.runtime import lending_key
from cyberposture.scanning.permission.signing import public_half
from cyberposture.services.people import people
from cyberposture.services.permission import stop, zone_scanners
from cyberposture.services.proof import audit
from cyberposture.services.proof.replay import replay
from cyberposture.services.scans import scan
from cyberposture.services.scans import views as scan_views
from cyberposture.services.scans.here import run_here
from cyberposture.services.scans.zone import Identity, ZoneScanner
from cyberposture.settings import load_settings
from cyberposture.worker.zone import open_zone, scan_in_zone

pytestmark = [
    pytest.mark.loopback,
    pytest.mark.acceptance,
    pytest.mark.skipif(shutil.which("nmap") is None, reason="nmap is not on this machine"),
]
SEED = 20261122
SCANS = int(os.environ.get("TRUST_SCANS", "1"))
"""How many scans are disturbed, each with a seed of its own; `make trust` disturbs more."""
ENGINES = ("sqlite",) if SCANS == 1 else ("sqlite", "postgresql")
CHANCE = random.SystemRandom()
NETWORK = f"127.{CHANCE.randrange(96, 250)}.{CHANCE.randrange(256)}"
CODE = "hill-office"
NAME, VANTAGE = "plant-1", "internal:plant"
LEASE_S = 8
"""The shortest that there is, where a test waits for its end."""


@pytest.fixture
def clock():
    """The real time: other processes know no other."""
    return utc_now


class Zone:
    """A zone: a key, a folder that it shares with the centre, and a process that knows no more."""

    def __init__(self, office, fleet: Fleet, folder: Path) -> None:
        self.office, self.fleet, self.folder = office, fleet, folder
        self.shared = folder / "shared"
        self.shared.mkdir(parents=True)
        self.key = folder / "own" / "plant.key"
        self.centre_key = public_half(lending_key(load_settings(workspace=fleet.workspace)))
        zone_scanners.add(office.acting(), NAME, VANTAGE, people.leave_key(self.key))

    def environment(self, **settings: str) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("CYBERPOSTURE_")}
        own = {"VANTAGE": VANTAGE, "RATE_PPS": "2000", "STOP_POLL_S": "0.2", **settings}
        return kept | {f"CYBERPOSTURE_{name}": value for name, value in own.items()}

    def scanner(self, **settings: str) -> "subprocess.Popen":
        """Start the scanner of the zone; it has no database and no key of the centre's."""
        command = [
            sys.executable, "-m", "cyberposture", "--workspace", str(self.folder / "own"),
            "zone", "scan", NAME, "--folder", str(self.shared), "--key", str(self.key),
            "--centre-key", self.centre_key,
        ]  # fmt: skip
        log = self.fleet.workspace / f"log-{len(self.fleet.processes)}"
        with log.open("wb") as file:
            process = subprocess.Popen(
                command, env=self.environment(**settings), stdout=file, stderr=file,
                stdin=subprocess.DEVNULL, cwd=self.folder,
            )  # fmt: skip
        self.fleet.processes.append(process)
        return process

    def lender(self, **settings: str) -> "subprocess.Popen":
        """Start the process of the centre that lends to it."""
        return self.fleet.start(
            "zone", "lend", NAME, "--folder", str(self.shared),
            **{"ZONE_LEASE_S": "30", **settings},
        )  # fmt: skip


@pytest.fixture
def fleet(office, tmp_path, register_url) -> Iterator[Fleet]:
    """Processes over the office's register, and beside it."""
    with fleet_over(tmp_path, register_url) as fleet:
        yield fleet


@pytest.fixture
def zone(office, fleet, tmp_path) -> Zone:
    """A zone whose scanner is trusted."""
    return Zone(office, fleet, tmp_path / "zone")


def begin(office, scanner, hosts: list[Host], *techniques: str):
    """Have the hosts allowed and a scan of them begun from inside; somebody else has to do it."""
    office.institution(CODE)
    assets = [
        {"id": host.code, "kind": "host", "addresses": [host.address], "zone": "plant"}
        for host in hosts
    ]
    office.declare(CODE, {"id": "plant", "kind": "zone"}, *assets)
    office.authorise(CODE, f"{NETWORK}.0/24", techniques=list(techniques))
    here = scan.from_vantage(scanner, VANTAGE)
    return scan.begin_scan(office.register, here, scan.Request(CODE))


def state_of(office, begun) -> str:
    return scan_views.get_scan(office.register, begun.code).record.state


def pages(first: int, count: int) -> list[Host]:
    page = Service(kind="http", port=8080)
    return [
        Host(code=f"www-{n}", address=f"{NETWORK}.{n}", services=(page,))
        for n in range(first, first + count)
    ]


def slow_host(number: int) -> Host:
    slow = Service(kind="slow", port=8080)
    return Host(code=f"slow-{number}", address=f"{NETWORK}.{number}", services=(slow,))


def require_proved(office) -> None:
    """Require that a replay finds every contact allowed, and lent."""
    report = replay(office.register.database, office.register.blobs)
    assert report.violations == []
    assert report.contacts > 0


def test_zone_without_a_database_is_scanned_on_leases(office, scanner, zone, fleet, tmp_path):
    hosts = pages(1, 3)
    zone.scanner()
    zone.lender()
    with Laboratory(hosts, Certificates(tmp_path)):
        begun = begin(office, scanner, hosts, "tcp-ports", "http-exchange")
        fleet.wait_until(lambda: state_of(office, begun) == "done")
    require_nothing_lost_or_doubled(office, begun)
    require_proved(office)
    runs = list(audit.read_entries(office.register, kind="chunk-run"))
    assert all(f'"scanner":"{NAME}"' in entry.data["zone"]["text"] for entry in runs)
    found = stop.who(office.register, hosts[0].address)
    assert (found.institution, found.last.vantage) == (CODE, VANTAGE)
    fleet.wait_until(lambda: not list((zone.folder / "own" / "zone" / "results").iterdir()))


@pytest.fixture
def capture() -> Iterator[Capture]:
    """What goes to the addresses of the laboratory."""
    try:
        with Capture(NETWORK).running() as capture:
            yield capture
    except PermissionError:
        pytest.skip("this account may not capture packets")


def is_probing(office, address: str) -> bool:
    running = stop.who(office.register, address).running
    return any(one.plan["technique"] == "service-versions" for one in running) and bool(nmaps())


KILLS = 3
CUTS = ["the centre is killed", "the centre hangs", "the folder is gone"]


@pytest.mark.parametrize("how", CUTS if SCANS > 1 else CUTS[:1])
def test_no_packet_is_sent_after_a_lease_that_nobody_renewed(office, scanner, zone, capture, how):
    fleet, slow = zone.fleet, slow_host(40)
    zone.scanner()
    lender = zone.lender(HOST_TIMEOUT_S="60", ZONE_LEASE_S=str(LEASE_S))
    with Laboratory([slow], Certificates(fleet.workspace)):
        begin(office, scanner, [slow], "tcp-ports", "service-versions")
        fleet.wait_until(lambda: is_probing(office, slow.address))
        cut = time.monotonic()
        if how == "the centre is killed":
            kill(lender)
        elif how == "the centre hangs":
            lender.send_signal(signal.SIGSTOP)
        else:
            zone.shared.rename(zone.folder / "elsewhere")
        fleet.wait_until(lambda: not nmaps(), LEASE_S + 5)
        silent = time.monotonic()
        time.sleep(max(0, cut + LEASE_S + 1 - silent))
    assert silent - cut < LEASE_S
    assert [moment for moment in capture.moments if moment > cut + LEASE_S] == []
    assert any(moment < cut for moment in capture.moments)


def test_stop_reaches_a_zone_within_five_seconds(office, scanner, zone, fleet, capture):
    slow = slow_host(41)
    zone.scanner(STOP_POLL_S="1")
    zone.lender(HOST_TIMEOUT_S="60", STOP_POLL_S="1")
    with Laboratory([slow], Certificates(fleet.workspace)):
        begun = begin(office, scanner, [slow], "tcp-ports", "service-versions")
        fleet.wait_until(lambda: is_probing(office, slow.address))
        pressed = time.monotonic()
        stop.stop(office.register, cidr=slow.address, reason="a call")
        fleet.wait_until(lambda: not nmaps(), 10)
        assert time.monotonic() - pressed < 5
        fleet.wait_until(lambda: state_of(office, begun) == "ended")
        fleet.wait_until(lambda: bool(stop.list_views(office.register)[0].acknowledged), 10)
    assert [moment for moment in capture.moments if moment > pressed + 5] == []
    require_proved(office)


def test_result_that_nobody_fetched_is_kept_once_when_the_centre_is_back(
    office, scanner, zone, fleet, tmp_path
):
    slow = slow_host(50)
    zone.scanner()
    lender = zone.lender()
    with Laboratory([slow], Certificates(tmp_path)):
        begun = begin(office, scanner, [slow], "tcp-ports", "service-versions")
        fleet.wait_until(lambda: is_probing(office, slow.address))
        kill(lender)
        results = zone.shared / f"results-{NAME}"
        known = {path.name for path in results.glob("*.json")}
        fleet.wait_until(lambda: {path.name for path in results.glob("*.json")} - known)
        assert state_of(office, begun) == "running"
        zone.lender()
        fleet.wait_until(lambda: state_of(office, begun) == "done")
    chunks = scan_views.get_scan(office.register, begun.code).chunks
    assert {chunk.attempts for chunk in chunks} == {1}
    require_nothing_lost_or_doubled(office, begun)
    require_proved(office)


@pytest.mark.parametrize("seed", range(SEED, SEED + SCANS))
def test_killed_on_either_side_loses_nothing_and_doubles_nothing(
    office, scanner, zone, tmp_path, seed
):
    fleet = zone.fleet
    hosts = [*pages(20, 3), slow_host(30), slow_host(31)]
    chance, killed = random.Random(seed), Counter()
    with Laboratory(hosts, Certificates(tmp_path)):
        begun = begin(office, scanner, hosts, "tcp-ports", "http-exchange", "service-versions")
        shorter = {"ZONE_LEASE_S": "15"}
        there = {"scanner": zone.scanner(), "centre": zone.lender(**shorter)}
        for victim in chance.choices(("scanner", "centre", "nmap"), k=KILLS):
            time.sleep(chance.uniform(1, 4))
            if state_of(office, begun) != "running":
                break
            if victim == "nmap":
                for process in nmaps()[:1]:
                    os.kill(process, signal.SIGKILL)
            else:
                kill(there[victim])
                again = zone.scanner if victim == "scanner" else partial(zone.lender, **shorter)
                there[victim] = again()
            killed[victim] += 1
        fleet.wait_until(lambda: state_of(office, begun) in ("done", "ended"), 240)
    assert killed.total() > 0
    require_nothing_lost_or_doubled(office, begun)
    require_proved(office)


def test_scanner_whose_clock_is_wrong_sends_nothing_and_says_why(
    office, scanner, zone, fleet, tmp_path
):
    settings = load_settings(workspace=tmp_path / "ahead", vantage=VANTAGE, stop_poll_s=0.2)
    identity = Identity.read(NAME, zone.key, zone.centre_key)
    opened = open_zone(settings, identity, zone.shared)
    ahead = ZoneScanner(
        identity, opened.scanner, SharedFolder(zone.shared), SharedFolder(tmp_path / "ahead"),
        (lambda: utc_now() + timedelta(seconds=30), time.monotonic),
    )  # fmt: skip
    (page,) = pages(60, 1)
    zone.lender(ZONE_LEASE_S=str(LEASE_S))
    with ThreadPoolExecutor() as pool:
        scanning = pool.submit(scan_in_zone, ahead, NAME)
        try:
            begun = begin(office, scanner, [page], "tcp-ports")

            def told() -> str:
                chunks = scan_views.get_scan(office.register, begun.code).chunks
                return " ".join(chunk.detail for chunk in chunks)

            fleet.wait_until(lambda: "clocks-differ" in told())
        finally:
            ahead.halted.set()
        scanning.result()
    assert stop.who(office.register, page.address).last.outcome == "queued"


def test_nobody_else_sends_from_a_vantage_that_is_served_by_leases(office, scanner, zone, fleet):
    here = scan.from_vantage(scanner, VANTAGE)
    begun = begin(office, scanner, pages(70, 1), "tcp-ports")
    with pytest.raises(WrongState, match="works on leases"):
        run_here(office.register, here, begun.id)
    assert fleet.worker(VANTAGE).wait(30) == 5
    run = ("scan", "run", "--institution", CODE, "--vantage", VANTAGE)
    assert fleet.start(*run).wait(30) == 6
    assert f"no worker serves {VANTAGE}" in fleet.said()
