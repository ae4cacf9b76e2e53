"""Workers on PostgreSQL: woken by the queue, killed at will, stopped within five seconds."""

import os
import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from fleet import (
    Capture,
    Fleet,
    fleet_over,
    kill,
    killing_rounds,
    nmaps,
    require_nothing_lost_or_doubled,
)

from cyberposture.clock import utc_now
from cyberposture.laboratory.certificates import Certificates
from cyberposture.laboratory.hosts import Host, Service
from cyberposture.laboratory.laboratory import Laboratory
from cyberposture.services.permission import stop
from cyberposture.services.scans import scan
from cyberposture.services.scans import views as scan_views
from cyberposture.store import tables as t

ENGINES = ("postgresql",)
pytestmark = [
    pytest.mark.loopback,
    pytest.mark.acceptance,
    pytest.mark.skipif(shutil.which("nmap") is None, reason="nmap is not on this machine"),
]
CHANCE = random.SystemRandom()
NETWORK = f"127.{CHANCE.randrange(96, 250)}.{CHANCE.randrange(256)}"
CODE = "hill-office"
SEED = 20261122
SCANS = int(os.environ.get("TRUST_SCANS", "1"))
"""How many scans are disturbed, each with a seed of its own; `make trust` disturbs more."""
LAST_PACKET_S = 5.0


KILLS = 3


@pytest.fixture
def clock():
    """The real time: other processes know no other."""
    return utc_now


@pytest.fixture
def fleet(office, tmp_path, register_url) -> Iterator[Fleet]:
    """Processes over the office's register."""
    with fleet_over(tmp_path, register_url) as fleet:
        yield fleet


def begin(office, scanner, hosts: list[Host], *techniques: str, vantage: str = "external"):
    """Have the hosts allowed and a scan of them begun; somebody else has to do it."""
    office.institution(CODE)
    office.declare(CODE, *(host.address for host in hosts))
    office.authorise(CODE, f"{NETWORK}.0/24", techniques=list(techniques))
    here = scan.from_vantage(scanner, vantage)
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


def test_command_leaves_a_scan_to_the_workers_of_its_vantage_and_follows_it(
    office, fleet, tmp_path
):
    hosts = pages(1, 4)
    office.institution(CODE)
    office.declare(CODE, *(host.address for host in hosts))
    office.authorise(CODE, f"{NETWORK}.0/24", techniques=["tcp-ports", "http-exchange"])
    run = ("scan", "run", "--institution", CODE)
    assert fleet.start(*run).wait(30) == 6
    assert "no worker serves external" in fleet.said()
    for queue in ("internal:plant", "external", "external"):
        fleet.worker(queue)
    with Laboratory(hosts, Certificates(tmp_path)):
        fleet.wait_until(lambda: fleet.said().count("serves external;") == 2)
        assert fleet.start(*run).wait(60) == 0, fleet.said()
    (view,) = scan_views.list_scans(office.register)
    assert view.record.state == "done"
    require_nothing_lost_or_doubled(office, view.record)
    with office.register.reading() as connection:
        names = set(connection.execute(sa.select(t.chunk_attempts.c.worker)).scalars())
        served = {w.name: w.vantage for w in connection.execute(sa.select(t.workers))}
    assert {served[name] for name in names} == {"external"}
    assert Counter(served.values()) == {"external": 2, "internal:plant": 1}


@pytest.mark.parametrize("seed", range(SEED, SEED + SCANS))
def test_killed_workers_nmaps_and_machines_lose_nothing_and_double_nothing(
    office, scanner, fleet, tmp_path, seed
):
    hosts = [*pages(20, 5), slow_host(30), slow_host(31)]
    chance = random.Random(seed)
    with Laboratory(hosts, Certificates(tmp_path)):
        begun = begin(office, scanner, hosts, "tcp-ports", "http-exchange", "service-versions")
        killed = killing_rounds(fleet, chance, KILLS, lambda: state_of(office, begun) != "running")
        fleet.wait_until(lambda: state_of(office, begun) in ("done", "ended"), 240)
    assert killed.total() > 0
    require_nothing_lost_or_doubled(office, begun)


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


def acknowledged(office, fleet) -> stop.StopView:
    """Return the one stop when the one worker has acknowledged it, at its next look."""
    fleet.wait_until(lambda: len(stop.list_views(office.register)[0].acknowledged) == 1, 10)
    (view,) = stop.list_views(office.register)
    return view


@pytest.mark.parametrize("how", ["stop", "no register", "hanging worker"])
def test_no_packet_is_sent_five_seconds_after(office, scanner, fleet, capture, how):
    slow = slow_host(40)
    proxy = fleet.proxy()
    worker = fleet.start("worker", url=proxy.url, HOST_TIMEOUT_S="30", STOP_POLL_S="1")
    with Laboratory([slow], Certificates(fleet.workspace)):
        begun = begin(office, scanner, [slow], "tcp-ports", "service-versions")
        fleet.wait_until(lambda: is_probing(office, slow.address))
        pressed = time.monotonic()
        if how == "stop":
            stop.stop(office.register, cidr=slow.address, reason="a call")
        elif how == "no register":
            proxy.freeze()
        else:
            worker.send_signal(signal.SIGSTOP)
        fleet.wait_until(lambda: not nmaps(), 10)
        assert time.monotonic() - pressed < LAST_PACKET_S
        time.sleep(max(0, pressed + LAST_PACKET_S + 0.5 - time.monotonic()))
        late = [moment for moment in capture.moments if moment > pressed + LAST_PACKET_S]
        assert late == []
        assert any(moment < pressed for moment in capture.moments)
        if how == "stop":
            fleet.wait_until(lambda: state_of(office, begun) == "ended")
            view = acknowledged(office, fleet)
            assert (view.acknowledged[0].at - view.record.act.at).total_seconds() < LAST_PACKET_S


def test_one_clock_runs_and_another_takes_over(office, fleet):
    first = fleet.start("clock")
    fleet.wait_until(lambda: "the clock runs" in fleet.said())
    second = fleet.start("clock")
    fleet.wait_until(lambda: "another clock runs" in fleet.said())
    assert fleet.said().count("the clock runs") == 1
    kill(first)
    fleet.wait_until(lambda: fleet.said().count("the clock runs") == 2)
    assert second.poll() is None


def test_worker_that_is_told_to_end_hands_its_chunk_back_at_once(office, scanner, fleet, tmp_path):
    slow = slow_host(50)
    with Laboratory([slow], Certificates(tmp_path)):
        worker = fleet.worker(HOST_TIMEOUT_S="30")
        begun = begin(office, scanner, [slow], "tcp-ports", "service-versions")
        fleet.wait_until(lambda: is_probing(office, slow.address))
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(15) == 0
        assert not nmaps()
        chunks = scan_views.get_scan(office.register, begun.code).chunks
    assert [(one.state, one.attempts) for one in chunks] == [("done", 1), ("queued", 1)]
    with office.register.reading() as connection:
        assert connection.execute(sa.select(t.workers.c.ended_at)).scalar_one() is not None


def test_drain_lets_what_runs_come_to_its_end_and_begins_nothing(office, scanner, fleet, tmp_path):
    hosts = [slow_host(60), *pages(61, 4)]
    fleet.worker(PARALLEL_CHUNKS="1")
    with Laboratory(hosts, Certificates(tmp_path)):
        begun = begin(office, scanner, hosts, "tcp-ports", "service-versions")
        fleet.wait_until(lambda: is_probing(office, f"{NETWORK}.60"))
        stop.stop(office.register, institution=CODE, drain=True)
        fleet.wait_until(lambda: state_of(office, begun) == "ended")
    chunks = scan_views.get_scan(office.register, begun.code).chunks
    slow = next(
        one for one in chunks
        if one.plan["technique"] == "service-versions" and f"{NETWORK}.60" in one.plan["targets"]
    )  # fmt: skip
    assert slow.state == "done"
    later = [one for one in chunks if one.number > slow.number]
    assert {one.state for one in later} <= {"ended"}
    view = acknowledged(office, fleet)
    assert view.record.speed == "drain"
    assert view.acknowledged[0].at > slow.ended_at


@pytest.mark.skipif(SCANS == 1, reason="takes its time: make trust")
def test_worker_goes_on_by_itself_when_the_register_is_back(office, scanner, fleet, tmp_path):
    hosts = [slow_host(80), slow_host(81)]
    proxy = fleet.proxy()
    fleet.start("worker", url=proxy.url)
    with Laboratory(hosts, Certificates(tmp_path)):
        begun = begin(office, scanner, hosts, "tcp-ports", "service-versions")
        fleet.wait_until(lambda: bool(nmaps()))
        proxy.freeze()
        fleet.wait_until(lambda: not nmaps(), LAST_PACKET_S)
        proxy.thaw()
        fleet.wait_until(lambda: state_of(office, begun) == "done", 90)
    require_nothing_lost_or_doubled(office, begun)
