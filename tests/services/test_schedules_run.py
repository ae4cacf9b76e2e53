"""Schedule rows start work through the real scheduler, each in its zone, and outlive failures."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from cyberposture.clock import find_zone, to_iso, utc_now
from cyberposture.content.bundle import find_content
from cyberposture.errors import WrongUsage
from cyberposture.runtime import Runtime
from cyberposture.services.proof import audit
from cyberposture.services.schedule import schedules
from cyberposture.services.schedule.triggers import next_run_of
from cyberposture.services.scores import score
from cyberposture.settings import load_settings
from cyberposture.worker.schedule import ScheduleClock
from cyberposture.worker.works import WORKS


@pytest.fixture
def clock():
    """The real time: the scheduler knows no other."""
    return utc_now


@pytest.fixture
def runtime(office, scanner, tmp_path) -> Runtime:
    """The office as one process holds it."""
    settings = load_settings(workspace=tmp_path)
    return Runtime(settings, find_content(None), office.register, scanner, office.heads)


class Diary:
    """Work that only notes what it was started for."""

    def __init__(self) -> None:
        self.ran: list[tuple[str, str]] = []

    def note(self, runtime: Runtime, row: schedules.Schedule) -> None:
        self.ran.append((row.code, runtime.register.actor))

    def fail(self, _runtime: Runtime, row: schedules.Schedule) -> None:
        self.ran.append((row.code, "failed"))
        raise RuntimeError("the report has no paper")

    def codes(self) -> list[str]:
        return [code for code, _ in self.ran]


def wait_for(reached: Callable[[], bool], patience_s: float = 20) -> None:
    deadline = time.monotonic() + patience_s
    while not reached():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.05)


@contextmanager
def running(runtime: Runtime, works) -> Iterator[ScheduleClock]:
    clock = ScheduleClock(runtime, works)
    clock.start()
    try:
        yield clock
    finally:
        clock.stop()


def add(runtime: Runtime, code: str, kind: str, spec: str, work: str = "score", **more):
    return schedules.add_schedule(runtime.register, code, work, kind, spec, **more)


def in_s(seconds: float) -> str:
    return to_iso(utc_now() + timedelta(seconds=seconds))


def row(runtime: Runtime, code: str) -> schedules.Schedule:
    return schedules.get_schedule(runtime.register, code)


def test_interval_row_runs_again_and_again(runtime):
    diary = Diary()
    add(runtime, "often", "interval", "1")
    with running(runtime, {"score": diary.note}):
        wait_for(lambda: len(diary.ran) >= 2)
        wait_for(lambda: row(runtime, "often").last_run is not None)
    assert row(runtime, "often").next_run is not None


def test_date_row_runs_once(runtime):
    diary = Diary()
    add(runtime, "once", "date", in_s(0.2))
    with running(runtime, {"score": diary.note}):
        wait_for(lambda: row(runtime, "once").last_run is not None)
    assert diary.codes() == ["once"]
    assert row(runtime, "once").next_run is None


def test_date_row_that_ran_runs_no_more_after_a_new_start(runtime):
    diary = Diary()
    add(runtime, "once", "date", in_s(0.1))
    with running(runtime, {"score": diary.note}):
        wait_for(lambda: row(runtime, "once").last_run is not None)
    add(runtime, "mark", "date", in_s(0.1))
    with running(runtime, {"score": diary.note}) as clock:
        clock.sync()
        wait_for(lambda: row(runtime, "mark").last_run is not None)
    assert diary.codes() == ["once", "mark"]


def test_date_row_that_was_missed_is_caught_up(runtime):
    diary = Diary()
    add(runtime, "missed", "date", in_s(-3600))
    with running(runtime, {"score": diary.note}):
        wait_for(lambda: row(runtime, "missed").last_run is not None)
    assert diary.codes() == ["missed"]


def test_cron_row_that_was_missed_is_caught_up_once(runtime):
    diary = Diary()
    add(runtime, "nightly", "cron", "0 3 * * *", next_run=utc_now() - timedelta(hours=5))
    with running(runtime, {"score": diary.note}) as clock:
        wait_for(lambda: row(runtime, "nightly").last_run is not None)
        clock.sync()
    found = row(runtime, "nightly")
    assert diary.codes() == ["nightly"]
    assert found.next_run is not None
    assert found.next_run > utc_now()


def test_cron_row_that_was_not_missed_waits(runtime):
    diary = Diary()
    later = next_run_of("nightly", "cron", "0 3 * * *", "UTC", now=utc_now())
    add(runtime, "nightly", "cron", "0 3 * * *", next_run=later)
    add(runtime, "mark", "date", in_s(0.1))
    with running(runtime, {"score": diary.note}):
        wait_for(lambda: row(runtime, "mark").last_run is not None)
    assert diary.codes() == ["mark"]


def test_rows_are_read_in_zones_of_their_own(runtime):
    diary = Diary()
    missed = utc_now() - timedelta(hours=1)
    for code, zone in (("here", "Asia/Karachi"), ("there", "America/New_York")):
        add(runtime, code, "cron", "30 2 * * *", zone=zone, next_run=missed)
    with running(runtime, {"score": diary.note}):
        wait_for(lambda: len({c for c in diary.codes() if row(runtime, c).last_run}) == 2)
    for code, zone in (("here", "Asia/Karachi"), ("there", "America/New_York")):
        found = row(runtime, code)
        assert found.next_run is not None
        local = found.next_run.astimezone(find_zone(zone))
        assert (local.hour, local.minute) == (2, 30)
    assert row(runtime, "here").next_run != row(runtime, "there").next_run


def test_failing_work_is_on_record_and_the_clock_lives_on(runtime):
    diary = Diary()
    add(runtime, "bad", "date", in_s(0.1), work="report")
    add(runtime, "good", "date", in_s(0.3))
    with running(runtime, {"score": diary.note, "report": diary.fail}):
        wait_for(lambda: row(runtime, "good").last_run is not None)
        wait_for(lambda: row(runtime, "bad").last_run is not None)
    ran = audit.read_entries(runtime.register, kind="schedule-ran")
    problems = {entry.subject: entry.data["problem"] for entry in ran}
    assert problems == {"bad": "RuntimeError: the report has no paper", "good": ""}


def test_row_that_cannot_be_read_stops_no_other(runtime):
    diary = Diary()
    add(runtime, "garbled", "cron", "whenever it suits")
    add(runtime, "nowhere", "cron", "0 3 * * *", zone="Moon/Tycho")
    add(runtime, "good", "date", in_s(0.1))
    with running(runtime, {"score": diary.note}):
        wait_for(lambda: row(runtime, "good").last_run is not None)
    assert diary.codes() == ["good"]


@pytest.mark.parametrize(
    ("kind", "spec", "zone"),
    [
        ("cron", "0 3 * *", "UTC"),
        ("cron", "61 * * * *", "UTC"),
        ("interval", "soon", "UTC"),
        ("interval", "0", "UTC"),
        ("interval", "-5", "UTC"),
        ("date", "tomorrow", "UTC"),
        ("date", "2026-12-01T03:00:00", "Moon/Tycho"),
        ("never", "x", "UTC"),
    ],
)
def test_trigger_that_makes_no_sense_is_named(kind, spec, zone):
    with pytest.raises(WrongUsage, match=kind):
        next_run_of("row", kind, spec, zone, now=utc_now())


def test_row_that_appears_later_is_taken_up_and_one_that_is_removed_is_dropped(runtime):
    diary = Diary()
    add(runtime, "often", "interval", "1")
    with running(runtime, {"score": diary.note}) as clock:
        wait_for(lambda: "often" in diary.codes())
        schedules.remove_schedule(runtime.register, "often")
        add(runtime, "late", "date", in_s(0.1))
        clock.sync()
        wait_for(lambda: row(runtime, "late").last_run is not None)
        count = diary.codes().count("often")
        time.sleep(1.5)
    assert diary.codes().count("often") == count


def test_row_that_is_removed_starts_nothing_even_before_the_clock_looks_again(runtime):
    diary = Diary()
    add(runtime, "gone", "date", in_s(0.8))
    add(runtime, "mark", "date", in_s(1.0))
    with running(runtime, {"score": diary.note}):
        schedules.remove_schedule(runtime.register, "gone")
        wait_for(lambda: row(runtime, "mark").last_run is not None)
    assert diary.codes() == ["mark"]


def test_one_row_never_runs_twice_at_once(runtime):
    at_once, most = [0], [0]
    lock = threading.Lock()

    def slow(_runtime: Runtime, _row: schedules.Schedule) -> None:
        with lock:
            at_once[0] += 1
            most[0] = max(most[0], at_once[0])
        time.sleep(2.2)
        with lock:
            at_once[0] -= 1

    add(runtime, "slow", "interval", "1")
    with running(runtime, {"score": slow}):
        wait_for(lambda: row(runtime, "slow").last_run is not None)
    assert most == [1]


def test_shipped_work_acts_in_the_name_of_its_row(office, runtime):
    code = office.institution()
    office.declare(code, "127.57.0.1")
    add(runtime, "daily-score", "date", in_s(0.1), institution=code)
    with running(runtime, WORKS):
        wait_for(lambda: row(runtime, "daily-score").last_run is not None)
    (entry,) = audit.read_entries(office.register, kind="scored")
    assert entry.act.actor == "schedule:daily-score"
    assert score.find_current(office.register, code, None).result


def test_entries_of_a_row_stand_in_the_chain_of_its_institution(office, runtime):
    code = office.institution()
    add(runtime, "daily-score", "cron", "0 3 * * *", institution=code)
    schedules.record_finished(runtime.register, "daily-score", "", None)
    schedules.remove_schedule(runtime.register, "daily-score")
    kinds = [entry.kind for entry in audit.read_entries(office.register, institution=code)]
    assert kinds[-3:] == ["schedule-added", "schedule-ran", "schedule-removed"]
