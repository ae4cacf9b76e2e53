"""When scans may run and where never: windows, blackouts, and the national deny list."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping, Table

from cyberposture.errors import NotFound
from cyberposture.store import tables as t
from cyberposture.store.acts import Act, read_act


@dataclass(frozen=True, slots=True)
class WindowRecord:
    """A weekly stretch in which an institution may be scanned; weekday 0 is Monday."""

    id: UUID
    institution_id: UUID
    weekdays: tuple[int, ...]
    start: str
    """Local time, HH:MM."""
    length_s: int
    zone: str
    ended_at: datetime | None
    act: Act


@dataclass(frozen=True, slots=True)
class BlackoutRecord:
    """A stretch in which nothing is sent; without an institution it holds for the nation."""

    id: UUID
    institution_id: UUID | None
    title: str
    starts_at: datetime
    ends_at: datetime
    cancelled_at: datetime | None
    act: Act


@dataclass(frozen=True, slots=True)
class DenyList:
    """The whole national deny list as one revision holds it."""

    revision: int
    entries: tuple[dict[str, Any], ...]
    """Each with `cidr` and `reason`."""
    act: Act


def insert_window(
    connection: Connection,
    institution_id: UUID,
    act: Act,
    *,
    weekdays: Sequence[int],
    start: str,
    length_s: int,
    zone: str,
) -> WindowRecord:
    """Give an institution a window and return it."""
    record = WindowRecord(
        uuid4(), institution_id, tuple(weekdays), start, length_s, zone, None, act
    )
    connection.execute(
        sa.insert(t.windows),
        {
            "id": record.id,
            "institution_id": institution_id,
            "weekdays": list(weekdays),
            "start": start,
            "length_s": length_s,
            "zone": zone,
            **act.written(),
        },
    )
    return record


def end_window(connection: Connection, window_id: UUID, act: Act) -> None:
    """Have a window count no more from now on.

    Raises:
        NotFound: there is no such window in force.
    """
    _end(connection, t.windows, window_id, act, "ended")


def list_windows(
    connection: Connection, institution_id: UUID, *, as_of: datetime
) -> list[WindowRecord]:
    """Return the windows of an institution that are in force at `as_of`, oldest first."""
    w = t.windows
    query = (
        sa.select(w)
        .where(w.c.institution_id == institution_id, w.c.at <= as_of)
        .where(sa.or_(w.c.ended_at.is_(None), w.c.ended_at > as_of))
        .order_by(w.c.at, w.c.start)
    )
    return [
        WindowRecord(
            row["id"],
            row["institution_id"],
            tuple(row["weekdays"]),
            row["start"],
            row["length_s"],
            row["zone"],
            row["ended_at"],
            read_act(row),
        )
        for row in connection.execute(query).mappings()
    ]


def insert_blackout(
    connection: Connection,
    institution_id: UUID | None,
    act: Act,
    *,
    title: str,
    starts_at: datetime,
    ends_at: datetime,
) -> BlackoutRecord:
    """Forbid scans for a stretch of time, for an institution or (None) the nation; return it."""
    record = BlackoutRecord(uuid4(), institution_id, title, starts_at, ends_at, None, act)
    connection.execute(
        sa.insert(t.blackouts),
        {
            "id": record.id,
            "institution_id": institution_id,
            "title": title,
            "starts_at": starts_at,
            "ends_at": ends_at,
            **act.written(),
        },
    )
    return record


def cancel_blackout(connection: Connection, blackout_id: UUID, act: Act) -> None:
    """Have a blackout count no more from now on.

    Raises:
        NotFound: there is no such blackout in force.
    """
    _end(connection, t.blackouts, blackout_id, act, "cancelled")


def get_blackout(connection: Connection, blackout_id: UUID) -> BlackoutRecord:
    """Return a blackout.

    Raises:
        NotFound: there is none.
    """
    query = sa.select(t.blackouts).where(t.blackouts.c.id == blackout_id)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("blackout", str(blackout_id))
    return _read_blackout(row)


def list_blackouts(
    connection: Connection, institution_id: UUID | None, *, as_of: datetime
) -> list[BlackoutRecord]:
    """Return the blackouts that hold for an institution and are not over at `as_of`, by start.

    National ones are among them; for no institution, only those.
    """
    b = t.blackouts
    query = (
        sa.select(b)
        .where(b.c.ends_at > as_of, b.c.at <= as_of)
        .where(sa.or_(b.c.institution_id.is_(None), b.c.institution_id == institution_id))
        .where(sa.or_(b.c.cancelled_at.is_(None), b.c.cancelled_at > as_of))
        .order_by(b.c.starts_at, b.c.ends_at)
    )
    return [_read_blackout(row) for row in connection.execute(query).mappings()]


def _read_blackout(row: RowMapping) -> BlackoutRecord:
    names = ("id", "institution_id", "title", "starts_at", "ends_at", "cancelled_at")
    return BlackoutRecord(**{name: row[name] for name in names}, act=read_act(row))


def list_blackouts_between(
    connection: Connection,
    institution_id: UUID | None,
    begins: datetime,
    ends: datetime,
    *,
    as_of: datetime,
) -> list[BlackoutRecord]:
    """Return the blackouts that hold for an institution at some time between two, by start.

    National ones are among them; for no institution, only those. What was cancelled is not.
    """
    b = t.blackouts
    query = (
        sa.select(b)
        .where(b.c.ends_at > begins, b.c.starts_at < ends, b.c.at <= as_of)
        .where(sa.or_(b.c.institution_id.is_(None), b.c.institution_id == institution_id))
        .where(b.c.cancelled_at.is_(None))
        .order_by(b.c.starts_at, b.c.ends_at)
    )
    return [_read_blackout(row) for row in connection.execute(query).mappings()]


def record_deny_list(
    connection: Connection, entries: Sequence[dict[str, Any]], act: Act
) -> DenyList:
    """Replace the national deny list and return the new revision; old ones stay."""
    d = t.denials
    last = connection.execute(sa.select(sa.func.max(d.c.revision))).scalar_one() or 0
    record = DenyList(last + 1, tuple(entries), act)
    connection.execute(
        sa.insert(d),
        {"revision": record.revision, "entries": list(entries), **act.written()},
    )
    return record


def find_deny_list(connection: Connection, *, as_of: datetime) -> DenyList | None:
    """Return the national deny list in force at `as_of`, or None: then nobody ever confirmed one.

    Its act says how old it is; a list that is too old must not be relied on.
    """
    d = t.denials
    query = sa.select(d).where(d.c.at <= as_of).order_by(d.c.revision.desc()).limit(1)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else DenyList(row["revision"], tuple(row["entries"]), read_act(row))


def _end(connection: Connection, table: Table, row_id: UUID, act: Act, how: str) -> None:
    change = sa.update(table).where(table.c.id == row_id, table.c[f"{how}_at"].is_(None))
    if connection.execute(change.values(**act.ended(how))).rowcount == 0:
        raise NotFound(table.name.removesuffix("s"), str(row_id))
