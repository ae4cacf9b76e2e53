"""A due row of the schedule scans what is due with the real nmap, and moves it on."""

import os
import random
import shutil
import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cyberposture.content.bundle import find_content
from cyberposture.runtime import Runtime
from cyberposture.services.proof import audit
from cyberposture.services.scans import due_views
from cyberposture.services.scans import views as scan_views
from cyberposture.services.schedule import schedules
from cyberposture.settings import load_settings
from cyberposture.worker.works import WORKS

pytestmark = [
    pytest.mark.loopback,
    pytest.mark.acceptance,
    pytest.mark.skipif(shutil.which("nmap") is None, reason="nmap is not on this machine"),
]
NETWORK = f"127.{random.SystemRandom().randrange(96, 250)}.{random.SystemRandom().randrange(256)}"
CODE = "hill-office"


class LaterClock:
    """The real time, and what a test adds to it."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def forward(self, **time: float) -> None:
        self.ahead += timedelta(**time)


@pytest.fixture
def clock():
    """A clock that goes, because nmap knows no other."""
    return LaterClock()


def test_due_row_scans_what_is_due_and_leaves_alone_what_is_barred(office, scanner, tmp_path):
    host, barred = f"{NETWORK}.1", f"{NETWORK}.2"
    office.institution(CODE)
    office.declare(CODE, host, barred)
    office.authorise(CODE, f"{NETWORK}.0/24", techniques=["tcp-ports"],
                     exclusions=[f"{barred}/32"])  # fmt: skip
    office.clock.forward(days=1)
    here = replace(scanner, search_path=os.environ["PATH"], host_timeout_s=15)
    runtime = Runtime(
        load_settings(workspace=tmp_path), find_content(None), office.register, here, office.heads
    )
    schedules.add_schedule(office.register, "drain", "due", "interval", "60")
    row = schedules.get_schedule(office.register, "drain")
    with socket.create_server((host, 8080)):
        WORKS["due"](runtime, row)
    (view,) = scan_views.list_scans(office.register)
    assert (view.record.kind, view.record.state) == ("scheduled", "done")
    assert view.record.plan["targets"] == [host]
    found = {one.target: one for one in due_views.list_next(office.register, CODE, 9)}
    assert found[host].looked_at is not None
    assert not found[host].is_held
    assert found[barred].looked_at is None
    assert found[barred].why == "the scan did not come to it"
    assert not any(one.is_due for one in found.values())
    actors = {entry.act.actor for entry in audit.read_entries(office.register, kind="turns-given")}
    assert actors == {"schedule:drain"}
    WORKS["due"](runtime, row)
    assert len(scan_views.list_scans(office.register)) == 1
