"""A scanner without access to the register: real processes, a folder between them, and no database."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from fleet import Capture, Fleet, fleet_over, kill, nmaps, require_nothing_lost_or_doubled

from cyberposture.clock import utc_now
from cyberposture.laboratory.certificates import Certificates
from cyberposture.laboratory.hosts import Host, Service
from cyberposture.laboratory.laboratory import Laboratory
from cyberposture.services.permission import stop, zone_scanners
from cyberposture.services.proof import audit
from cyberposture.services.proof.replay import replay
from cyberposture.services.scans import scan
from cyberposture.services.scans import views as scan_views
from cyberposture.store import tables as t

pytestmark = [
    pytest.mark.loopback,
    pytest.mark.acceptance,
    pytest.mark.skipif(shutil.which("nmap") is None, reason="nmap is not on this machine"),
]
CHANCE = random.SystemRandom()
NETWORK = f"127.{CHANCE.randrange(96, 250)}.{CHANCE.randrange(256)}"
CODE = "hill-office"
NAME, VANTAGE = "plant-1", "internal:plant"
LEASE_S = 8


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
        public_key = self.ask("zone", "key", NAME, "--out", str(self.key))
        self.centre_key = self.ask("zone", "centre-key", at_centre=True)
        zone_scanners.add(office.acting(), NAME, VANTAGE, public_key)

    def environment(self, *, at_centre: bool = False, **settings: str) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("CYBERPOSTURE_")}
        own = {"VANTAGE": VANTAGE, "RATE_PPS": "2000", "STOP_POLL_S": "0.2", **settings}
        if at_centre:
            own = {"WORKSPACE": str(self.fleet.workspace)}
        return kept | {f"CYBERPOSTURE_{name}": value for name, value in own.items()}

    def ask(self, *command: str, at_centre: bool = False) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "cyberposture", *command], check=True, capture_output=True,
            text=True, env=self.environment(at_centre=at_centre),
        )  # fmt: skip
        return done.stdout.strip()

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
            **{"ZONE_LEASE_S": str(LEASE_S), **settings},
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
