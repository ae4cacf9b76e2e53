"""Schedules as rows that people can read; the clock that runs them is in the worker."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from cyberposture.errors import NotFound, WrongState
from cyberposture.store import tables as t
from cyberposture.store.acts import Act, read_act

TriggerKind = Literal["cron", "interval", "date"]


@dataclass(frozen=True, slots=True)
class ScheduleRecord:
    """One thing that happens again and again, or once; its act is the last change of it.

    `trigger_spec` is five cron fields, a number of seconds, or an ISO 8601 moment.
    """

    id: UUID
    code: str
    institution_id: UUID | None
    kind: str
    trigger_kind: TriggerKind
    trigger_spec: str
    zone: str
    arguments: dict[str, Any]
    is_enabled: bool
    last_run: datetime | None
    next_run: datetime | None
    act: Act


def insert_schedule(
    connection: Connection,
    institution_id: UUID | None,
    act: Act,
    *,
    code: str,
    kind: str,
    trigger_kind: TriggerKind,
    trigger_spec: str,
    zone: str,
    arguments: dict[str, Any],
    next_run: datetime | None = None,
) -> ScheduleRecord:
    """Add a schedule, enabled, and return it.

    Raises:
        WrongState: the code is taken.
    """
    if find_schedule(connection, code) is not None:
        raise WrongState(f"there is a schedule called {code!r} already")
    record = ScheduleRecord(
        id=uuid4(),
        code=code,
        institution_id=institution_id,
        kind=kind,
        trigger_kind=trigger_kind,
        trigger_spec=trigger_spec,
        zone=zone,
        arguments=arguments,
        is_enabled=True,
        last_run=None,
        next_run=next_run,
        act=act,
    )
    values = {name: getattr(record, name) for name in _COLUMNS}
    connection.execute(sa.insert(t.schedules), {**values, **act.written()})
    return record


def enable_schedule(connection: Connection, code: str, act: Act) -> None:
    """Have a schedule run again.

    Raises:
        NotFound: there is no such schedule.
    """
    _change(connection, code, is_enabled=True, **act.written())


def disable_schedule(connection: Connection, code: str, act: Act) -> None:
    """Have a schedule run no more; the row stays.

    Raises:
        NotFound: there is no such schedule.
    """
    _change(connection, code, is_enabled=False, next_run=None, **act.written())


def record_run(
    connection: Connection, code: str, *, ran_at: datetime, next_run: datetime | None
) -> None:
    """Note that a schedule ran, and when it runs next.

    Raises:
        NotFound: there is no such schedule.
    """
    _change(connection, code, last_run=ran_at, next_run=next_run)


def record_next_run(connection: Connection, code: str, next_run: datetime | None) -> None:
    """Note when a schedule runs next, as the clock computed it.

    Raises:
        NotFound: there is no such schedule.
    """
    _change(connection, code, next_run=next_run)


def find_schedule(connection: Connection, code: str) -> ScheduleRecord | None:
    """Return the schedule with this code, enabled or not, or None."""
    query = sa.select(t.schedules).where(t.schedules.c.code == code)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else _read(row)


def get_schedule(connection: Connection, code: str) -> ScheduleRecord:
    """Return the schedule with this code, enabled or not.

    Raises:
        NotFound: there is none.
    """
    found = find_schedule(connection, code)
    if found is None:
        raise NotFound("schedule", code)
    return found


def list_schedules(connection: Connection, *, enabled_only: bool = False) -> list[ScheduleRecord]:
    """Return schedules by code."""
    query = sa.select(t.schedules).order_by(t.schedules.c.code)
    if enabled_only:
        query = query.where(t.schedules.c.is_enabled)
    return [_read(row) for row in connection.execute(query).mappings()]


_COLUMNS = tuple(name for name in ScheduleRecord.__slots__ if name != "act")


def _change(connection: Connection, code: str, **values: Any) -> None:
    change = sa.update(t.schedules).where(t.schedules.c.code == code)
    if connection.execute(change.values(**values)).rowcount == 0:
        raise NotFound("schedule", code)


def _read(row: RowMapping) -> ScheduleRecord:
    return ScheduleRecord(act=read_act(row), **{name: row[name] for name in _COLUMNS})
