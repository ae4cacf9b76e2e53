"""The one process scans too: its clock begins, its executor goes on, and both let go in time."""

import random
import shutil
import signal

import pytest
from fleet import fleet_over, nmaps, require_nothing_lost_or_doubled

from cyberposture.clock import utc_now
from cyberposture.laboratory.certificates import Certificates
from cyberposture.laboratory.hosts import Host, Service
from cyberposture.laboratory.laboratory import Laboratory
from cyberposture.services.permission import stop
from cyberposture.services.scans import views as scan_views
from cyberposture.services.schedule import schedules

pytestmark = [
    pytest.mark.loopback,
    pytest.mark.acceptance,
    pytest.mark.skipif(shutil.which("nmap") is None, reason="nmap is not on this machine"),
]
CHANCE = random.SystemRandom()
NETWORK = f"127.{CHANCE.randrange(96, 250)}.{CHANCE.randrange(256)}"
CODE = "hill-office"


@pytest.fixture
def clock():
    """The real time: other processes know no other."""
    return utc_now


@pytest.fixture
def fleet(office, tmp_path, register_url):
    """Processes over the office's register."""
    with fleet_over(tmp_path, register_url) as fleet:
        yield fleet


def test_scan_that_the_clock_began_is_handed_back_at_the_end_and_finished_by_the_next(
    office, fleet, tmp_path
):
    slow = Host(code="slow", address=f"{NETWORK}.1", services=(Service(kind="slow", port=8080),))
    office.institution(CODE)
    office.declare(CODE, slow.address)
    office.authorise(CODE, f"{NETWORK}.0/24", techniques=["tcp-ports", "service-versions"])
    schedules.add_schedule(office.register, "nightly", "scan", "interval", "2", institution=CODE)

    def is_probing():
        running = stop.who(office.register, slow.address).running
        return any(one.plan["technique"] == "service-versions" for one in running) and nmaps()

    with Laboratory([slow], Certificates(tmp_path)):
        process = fleet.start("serve", "--port", "0", HOST_TIMEOUT_S="30")
        fleet.wait_until(is_probing)
        schedules.remove_schedule(office.register, "nightly")
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert not nmaps()
        (view,) = scan_views.list_scans(office.register)
        chunks = scan_views.get_scan(office.register, view.record.code).chunks
        assert [(one.state, one.attempts) for one in chunks] == [("done", 1), ("queued", 1)]
        again = fleet.start("serve", "--port", "0", HOST_TIMEOUT_S="3")
        fleet.wait_until(
            lambda: scan_views.list_scans(office.register)[0].record.state in ("done", "ended"), 60
        )
        again.send_signal(signal.SIGTERM)
        assert again.wait(20) == 0
    require_nothing_lost_or_doubled(office, view.record)
