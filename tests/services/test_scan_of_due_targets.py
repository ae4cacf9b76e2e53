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
from cyberposture.services.permission import stop
from cyberposture.services.proof import audit
from cyberposture.services.scans import draining, due_views, scan
from cyberposture.services.scans import views as scan_views
from cyberposture.services.scans.here import run_here
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


def runtime_of(office, scanner, folder) -> Runtime:
    """Return a runtime that really scans, at the time of the office's clock."""
    here = replace(scanner, search_path=os.environ["PATH"], host_timeout_s=15)
    settings = load_settings(workspace=folder)
    return Runtime(settings, find_content(None), office.register, here, office.heads)


def test_due_row_scans_what_is_due_and_leaves_alone_what_is_barred(office, scanner, tmp_path):
    host, barred = f"{NETWORK}.1", f"{NETWORK}.2"
    office.institution(CODE)
    office.declare(CODE, host, barred)
    office.authorise(CODE, f"{NETWORK}.0/24", techniques=["tcp-ports"],
                     exclusions=[f"{barred}/32"])  # fmt: skip
    office.clock.forward(days=1)
    runtime = runtime_of(office, scanner, tmp_path)
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


def scans_of(office) -> dict[str, str]:
    return {one.institution: one.record.state for one in scan_views.list_scans(office.register)}


def test_batches_that_are_handed_on_wait_for_workers_and_no_more_than_so_many(
    office, scanner, tmp_path
):
    """The drain begins scans and sends nothing; who serves the vantage brings them to their end."""
    codes = ["a-office", "b-office", "c-office"]
    hosts = {code: f"{NETWORK}.{number}" for number, code in enumerate(codes, start=10)}
    for code, host in hosts.items():
        office.institution(code)
        office.declare(code, host)
        office.authorise(code, f"{host}/32", techniques=["tcp-ports"])
    office.clock.forward(days=1)
    runtime = runtime_of(office, scanner, tmp_path)
    schedules.add_schedule(office.register, "drain", "due", "interval", "60",
                           arguments={"handed_on": True, "at_once": 2})  # fmt: skip
    row = schedules.get_schedule(office.register, "drain")
    WORKS["due"](runtime, row)
    WORKS["due"](runtime, row)
    begun = scans_of(office)
    assert list(begun.values()) == ["running", "running"]
    assert not any(stop.who(office.register, host).last for host in hosts.values())
    handed = {one.target for code in codes for one in due_views.list_next(office.register, code, 9)
              if one.is_held}  # fmt: skip
    assert handed == {hosts[code] for code in begun}

    first = next(one.record for one in scan_views.list_scans(office.register))
    assert run_here(office.register, runtime.scanner, first.id).state == "done"
    (moved,) = due_views.list_next(office.register, _owner(office, first), 9)
    assert moved.looked_at is not None
    assert not moved.is_held
    WORKS["due"](runtime, row)
    assert sorted(scans_of(office)) == codes
    assert sorted(scans_of(office).values()) == ["done", "running", "running"]


def _owner(office, record) -> str:
    return next(
        one.institution
        for one in scan_views.list_scans(office.register)
        if one.record.code == record.code
    )


def test_batch_that_is_handed_on_and_refused_waits_with_its_reason(office, scanner, tmp_path):
    host = f"{NETWORK}.20"
    office.institution(CODE)
    office.declare(CODE, host)
    office.authorise(CODE, f"{host}/32", techniques=["tcp-ports"], exclusions=[f"{host}/32"])
    office.clock.forward(days=1)
    runtime = runtime_of(office, scanner, tmp_path)
    pace = draining.Pace(is_handed_on=True)
    drained = draining.drain(office.register, runtime.scanner, pace, last=None)
    assert (drained.batches, drained.states) == (1, {"refused": 1})
    (waiting,) = due_views.list_next(office.register, CODE, 9)
    assert not waiting.is_due
    assert "excluded" in waiting.why


def test_drain_that_hands_on_leaves_lost_scans_to_the_workers(office, scanner, tmp_path):
    """It stands where nobody scans: what it would send itself would come from the wrong place."""
    first, second = f"{NETWORK}.30", f"{NETWORK}.31"
    office.institution(CODE)
    office.declare(CODE, first, second)
    office.authorise(CODE, f"{NETWORK}.0/24", techniques=["tcp-ports"])
    office.clock.forward(days=1)
    runtime = runtime_of(office, scanner, tmp_path)
    lost = scan.begin_scan(office.register, runtime.scanner, scan.Request(CODE, (first,)))
    office.clock.forward(minutes=10)
    assert scan_views.find_lost(office.register, CODE, "external") == lost.code
    pace = draining.Pace(is_handed_on=True)
    drained = draining.drain(office.register, runtime.scanner, pace, last=None)
    assert drained.states == {"handed-on": 1}
    states = {one.record.state for one in scan_views.list_scans(office.register)}
    assert states == {"running"}
    assert stop.who(office.register, first).last is None
