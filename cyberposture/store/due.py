"""Which targets are due when, for schedules to drain; whose turn it is is not decided here."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection

from cyberposture.store import tables as t
from cyberposture.store.once import insert_once


@dataclass(frozen=True, slots=True)
class DueTarget:
    """One target of one technique from one vantage; priority 0 is the most urgent.

    `rank` spreads targets of one moment, `cycle` counts completed looks, `attempts` the
    inconclusive ones since. `looked_at` is the last conclusive look. Until `held_until` somebody
    sees to it already. `why` says in words what its time comes from.
    """

    institution_id: UUID
    target: str
    technique: str
    vantage: str
    priority: int
    due_at: datetime
    rank: int = 0
    cycle: int = 0
    attempts: int = 0
    looked_at: datetime | None = None
    held_until: datetime | None = None
    why: str = ""


def record_due(connection: Connection, due: DueTarget) -> None:
    """Set when a target is due, whether it was in the table or not."""
    if not insert_due(connection, due):
        values = {name: getattr(due, name) for name in _STATE}
        connection.execute(sa.update(t.due_targets).where(*_same(due)).values(**values))


def insert_due(connection: Connection, due: DueTarget) -> bool:
    """Enter a target unless it is in the table already; return whether it was new."""
    values = {name: getattr(due, name) for name in DueTarget.__slots__}
    return insert_once(connection, t.due_targets, {"id": uuid4(), **values})


def hold_due(connection: Connection, targets: Sequence[DueTarget], *, until: datetime) -> None:
    """Note that somebody sees to these targets; after `until` they are free again."""
    for one in targets:
        connection.execute(sa.update(t.due_targets).where(*_same(one)).values(held_until=until))


def find_due(
    connection: Connection, institution_id: UUID, target: str, technique: str, vantage: str
) -> DueTarget | None:
    """Return when a target is due, or None where it is in no schedule."""
    d = t.due_targets
    query = _due().where(
        d.c.institution_id == institution_id,
        d.c.target == target,
        d.c.technique == technique,
        d.c.vantage == vantage,
    )
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else DueTarget(**row)


def list_due(
    connection: Connection, institution_id: UUID, *, at: datetime, vantage: str, limit: int
) -> list[DueTarget]:
    """Return an institution's next due targets: by priority, then moment, then rank.

    As many that wait longest are among them, so that those can be found that age has made urgent.
    """
    d = t.due_targets
    mine = _due().where(d.c.institution_id == institution_id, *_free(at, vantage)).limit(limit)
    found: dict[tuple[str, str], DueTarget] = {}
    for order in ((d.c.priority, d.c.due_at, d.c.rank), (d.c.due_at, d.c.rank)):
        for row in connection.execute(mine.order_by(*order)).mappings():
            found[(row["target"], row["technique"])] = DueTarget(**row)
    return sorted(found.values(), key=lambda one: (one.priority, one.due_at, one.rank, one.target))


def count_due(connection: Connection, institution_id: UUID, *, at: datetime, vantage: str) -> int:
    """Return how many targets of an institution are due and free."""
    d = t.due_targets
    query = sa.select(sa.func.count()).select_from(d)
    query = query.where(d.c.institution_id == institution_id, *_free(at, vantage))
    return connection.execute(query).scalar_one()


def list_targets(
    connection: Connection,
    *,
    institution_id: UUID | None = None,
    target: str | None = None,
    due_by: datetime | None = None,
    limit: int | None = None,
) -> list[DueTarget]:
    """Return targets of the schedule, the soonest first, whether they are held or not."""
    d = t.due_targets
    query = _due().order_by(d.c.due_at, d.c.priority, d.c.rank, d.c.target).limit(limit)
    if institution_id is not None:
        query = query.where(d.c.institution_id == institution_id)
    if target is not None:
        query = query.where(d.c.target == target)
    if due_by is not None:
        query = query.where(d.c.due_at <= due_by)
    return [DueTarget(**row) for row in connection.execute(query).mappings()]


def list_stale(
    connection: Connection, *, vantage: str, looked_before: datetime, due_after: datetime
) -> list[DueTarget]:
    """Return targets that nobody looked at since a moment, and that come only after another."""
    d = t.due_targets
    query = _due().where(
        d.c.vantage == vantage,
        sa.or_(d.c.looked_at.is_(None), d.c.looked_at < looked_before),
        d.c.due_at > due_after,
    )
    return [DueTarget(**row) for row in connection.execute(query).mappings()]


def remove_due(
    connection: Connection,
    institution_id: UUID,
    *,
    keep: Collection[str] = (),
    vantage: str | None = None,
) -> int:
    """Take an institution's targets but those to `keep` out of the table; return how many.

    With `vantage`, only those that are looked at from there.
    """
    d = t.due_targets
    query = sa.select(d.c.id, d.c.target).where(d.c.institution_id == institution_id)
    if vantage is not None:
        query = query.where(d.c.vantage == vantage)
    kept = frozenset(keep)
    gone = [row.id for row in connection.execute(query) if row.target not in kept]
    for some in _portions(gone):
        connection.execute(sa.delete(d).where(d.c.id.in_(some)))
    return len(gone)


_STATE = (
    *("priority", "due_at", "rank", "cycle", "attempts"),
    *("looked_at", "held_until", "why"),
)
_PORTION = 500


def _portions(ids: Sequence[UUID]) -> Iterable[Sequence[UUID]]:
    return (ids[start : start + _PORTION] for start in range(0, len(ids), _PORTION))


def _free(at: datetime, vantage: str) -> tuple[sa.ColumnElement[bool], ...]:
    d = t.due_targets
    free = sa.or_(d.c.held_until.is_(None), d.c.held_until <= at)
    return (d.c.vantage == vantage, d.c.due_at <= at, free)


def _same(due: DueTarget) -> tuple[sa.ColumnElement[bool], ...]:
    d = t.due_targets
    return (
        d.c.institution_id == due.institution_id,
        d.c.target == due.target,
        d.c.technique == due.technique,
        d.c.vantage == due.vantage,
    )


def _due() -> sa.Select[tuple[object, ...]]:
    return sa.select(*(t.due_targets.c[name] for name in DueTarget.__slots__))
