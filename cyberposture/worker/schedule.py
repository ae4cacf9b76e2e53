"""The clock: every enabled schedule row becomes one APScheduler job that starts its work.

The rows are the schedule; the jobs live in memory only and are rebuilt from them, because two
schedulers on one job store would run everything twice. Exactly one process runs the clock.
"""

import contextlib
import threading
import traceback
from collections.abc import Callable, Mapping
from datetime import UTC
from typing import Any

import structlog
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler

from cyberposture.clock import utc_now
from cyberposture.errors import WrongUsage
from cyberposture.runtime import Runtime
from cyberposture.services.schedule import schedules
from cyberposture.services.schedule.schedules import Schedule
from cyberposture.services.schedule.triggers import next_run_of, trigger_of

Work = Callable[[Runtime, Schedule], None]


class ScheduleClock:
    """Runs the schedule rows of one register until it is stopped."""

    def __init__(self, runtime: Runtime, works: Mapping[str, Work], *, at_once: int = 4) -> None:
        """Make a clock; `works` gives what to do for each kind of schedule."""
        self._runtime = runtime
        self._works = works
        self._log = structlog.get_logger("clock")
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": {"type": "threadpool", "max_workers": at_once}},
            job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1},
        )
        self._known: dict[str, Schedule] = {}
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start the clock over the rows that are enabled now."""
        self.sync()
        self._scheduler.start()

    def stop(self) -> None:
        """Stop the clock and wait for work that runs."""
        self._scheduler.shutdown(wait=True)

    def sync(self) -> None:
        """Bring the jobs in line with the rows: new ones appear, changed ones move, others go."""
        with self._lock:
            found = schedules.list_schedules(self._runtime.register, enabled_only=True)
            rows = {row.code: row for row in found}
            for code in set(self._known) - set(rows):
                del self._known[code]
                self._drop(code)
            for code, row in rows.items():
                known = self._known.get(code)
                if known is None or not known.is_same_timing(row):
                    self._place(row)

    def _drop(self, code: str) -> None:
        # A job that has run for the last time is gone already.
        with contextlib.suppress(JobLookupError):
            self._scheduler.remove_job(code)

    def _place(self, row: Schedule) -> None:
        self._known[row.code] = row
        if row.trigger_kind == "date" and row.last_run is not None:
            # What was to happen once has happened; a new start of the clock must not repeat it.
            return
        try:
            trigger = trigger_of(row.code, row.trigger_kind, row.trigger_spec, row.zone)
        except WrongUsage as error:
            # The other rows must not wait until somebody mends this one.
            self._log.error("schedule cannot be read", schedule=row.code, problem=str(error))
            self._drop(row.code)
            return
        options: dict[str, Any] = {}
        if row.next_run is not None and row.next_run <= utc_now():
            # It was due while no clock ran.
            options["next_run_time"] = utc_now()
        self._scheduler.add_job(
            self._perform, trigger, args=(row.code,), id=row.code, replace_existing=True, **options
        )

    def _perform(self, code: str) -> None:
        """Do the work of one row; whatever goes wrong is logged and written to the record."""
        register = self._runtime.register
        row = schedules.get_schedule(register, code)
        if not row.is_enabled:
            # It was removed after the clock last looked.
            return
        problem = ""
        try:
            self._works[row.kind](self._runtime, row)
        except Exception as error:  # the worker loop must outlive any one piece of work
            problem = f"{type(error).__name__}: {error}"
            # Without the variables, which hold keys and the whole content.
            self._log.error("schedule failed", schedule=code, trace=traceback.format_exc())
        next_run = None
        if row.trigger_kind != "date":
            next_run = next_run_of(
                code, row.trigger_kind, row.trigger_spec, row.zone, now=utc_now()
            )
        schedules.record_finished(register, code, problem, next_run)
