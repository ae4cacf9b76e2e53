"""Schedules as people set them: rows with a trigger, that the clock turns into work."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cyberposture.errors import NotFound, WrongState, WrongUsage
from cyberposture.exchange.sheets import build_row
from cyberposture.model.foundation import Code, Model
from cyberposture.services.register import Register
from cyberposture.services.schedule.triggers import next_run_of
from cyberposture.store import institutions
from cyberposture.store import schedules as store
from cyberposture.store.schedules import ScheduleRecord, TriggerKind

KINDS = (
    "scan", "due", "score", "report", "urgent", "watch", "expiry", "remind", "news", "deliver",
)  # fmt: skip


class _Row(Model):
    """What people may write freely in a row, checked before it is kept."""

    code: Code
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Schedule:
    """One row as the clock needs it."""

    code: str
    institution: str | None
    kind: str
    trigger_kind: TriggerKind
    trigger_spec: str
    zone: str
    arguments: dict[str, Any]
    is_enabled: bool
    last_run: datetime | None
    next_run: datetime | None

    def is_same_timing(self, other: "Schedule") -> bool:
        """Return whether both rows start at the same times."""
        mine = (self.trigger_kind, self.trigger_spec, self.zone)
        return mine == (other.trigger_kind, other.trigger_spec, other.zone)


def add_schedule(
    register: Register,
    code: str,
    kind: str,
    trigger_kind: TriggerKind,
    trigger_spec: str,
    *,
    institution: str | None = None,
    zone: str = "UTC",
    arguments: dict[str, Any] | None = None,
    next_run: datetime | None = None,
) -> Schedule:
    """Add a schedule, enabled, and return it.

    Raises:
        InvalidInput: the code is not a plain word, or the arguments are no object.
        WrongUsage: there is no such kind of work.
        NotFound: the institution is not in the register.
        WrongState: the code is taken.
    """
    build_row(_Row, "arguments", {"code": code, "arguments": arguments or {}})
    if kind not in KINDS:
        raise WrongUsage(f"no kind of work {kind!r}: {', '.join(KINDS)}")
    if kind == "due" and institution is not None:
        raise WrongUsage("what is due is drained for all institutions, each in its turn")
    with register.change("schedule-added", code) as change:
        institution_id = institutions.get_owner_id(change.connection, institution)
        change.institution_id = institution_id
        record = store.insert_schedule(
            change.connection,
            institution_id,
            change.by,
            code=code,
            kind=kind,
            trigger_kind=trigger_kind,
            trigger_spec=trigger_spec,
            zone=zone,
            arguments=arguments or {},
            next_run=next_run,
        )
        change.tell(kind=kind, trigger=f"{trigger_kind} {trigger_spec} {zone}")
    return _schedule(record, institution)


def remove_schedule(register: Register, code: str, *, reason: str = "") -> None:
    """Have a schedule run no more; its row stays on record.

    Raises:
        NotFound: there is no such schedule.
    """
    with register.change("schedule-removed", code, reason=reason) as change:
        change.institution_id = store.get_schedule(change.connection, code).institution_id
        store.disable_schedule(change.connection, code, change.by)


def resume_schedule(register: Register, code: str, *, reason: str = "") -> Schedule:
    """Have a schedule run again, and return it.

    Raises:
        NotFound: there is no such schedule.
        WrongState: it runs already, or what was to happen once has happened.
    """
    with register.change("schedule-resumed", code, reason=reason) as change:
        record = store.get_schedule(change.connection, code)
        change.institution_id = record.institution_id
        if record.is_enabled:
            raise WrongState(f"the schedule {code} runs already")
        if record.trigger_kind == "date" and record.last_run is not None:
            raise WrongState(f"what {code} was for has happened; add a new one")
        next_run = next_run_of(
            code, record.trigger_kind, record.trigger_spec, record.zone, now=change.now
        )
        store.enable_schedule(change.connection, code, change.by)
        store.record_next_run(change.connection, code, next_run)
    return get_schedule(register, code)


def list_schedules(register: Register, *, enabled_only: bool = False) -> list[Schedule]:
    """Return schedules by code."""
    with register.reading() as connection:
        found = store.list_schedules(connection, enabled_only=enabled_only)
        names = {
            r.id: r.institution.code
            for r in institutions.list_institutions(connection, as_of=register.clock())
        }
        return [
            _schedule(r, names.get(r.institution_id) if r.institution_id is not None else None)
            for r in found
        ]


def get_schedule(register: Register, code: str) -> Schedule:
    """Return one schedule.

    Raises:
        NotFound: there is no such schedule.
    """
    found = next((one for one in list_schedules(register) if one.code == code), None)
    if found is None:
        raise NotFound("schedule", code)
    return found


def record_finished(register: Register, code: str, problem: str, next_run: datetime | None) -> None:
    """Note that a schedule ran, how it ended, and when it runs next.

    Raises:
        NotFound: there is no such schedule.
    """
    with register.change("schedule-ran", code) as change:
        record = store.get_schedule(change.connection, code)
        change.institution_id = record.institution_id
        store.record_run(change.connection, code, ran_at=change.now, next_run=next_run)
        change.tell(problem=problem)


def _schedule(record: ScheduleRecord, institution: str | None) -> Schedule:
    return Schedule(
        record.code,
        institution,
        record.kind,
        record.trigger_kind,
        record.trigger_spec,
        record.zone,
        record.arguments,
        record.is_enabled,
        record.last_run,
        record.next_run,
    )
