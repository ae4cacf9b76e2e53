"""Which targets are due when, for schedules to drain; whose turn it is is not decided here."""

from collections.abc import Collection
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
    inconclusive ones since.
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


def record_due(connection: Connection, due: DueTarget) -> None:
    """Set when a target is due, whether it was in the table or not."""
    d = t.due_targets
    values = {name: getattr(due, name) for name in DueTarget.__slots__}
    if insert_once(connection, d, {"id": uuid4(), **values}):
        return
    connection.execute(
        sa.update(d)
        .where(
            d.c.institution_id == due.institution_id,
            d.c.target == due.target,
            d.c.technique == due.technique,
            d.c.vantage == due.vantage,
        )
        .values(**{name: values[name] for name in _STATE})
    )


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


def list_waiting_institutions(
    connection: Connection, *, at: datetime
) -> list[tuple[UUID, datetime]]:
    """Return each institution with a target due at `at` and its earliest such moment, that first.

    One look into the index for each institution, however many targets there are.
    """
    d, i = t.due_targets, t.institutions
    earliest = (
        sa.select(sa.func.min(d.c.due_at))
        .where(d.c.institution_id == i.c.id, d.c.due_at <= at)
        .scalar_subquery()
        .label("earliest")
    )
    ranked = sa.select(i.c.id, earliest).subquery()
    query = sa.select(ranked).where(ranked.c.earliest.is_not(None)).order_by(ranked.c.earliest)
    return [(row.id, row.earliest) for row in connection.execute(query)]


def list_due(
    connection: Connection, institution_id: UUID, *, at: datetime, limit: int
) -> list[DueTarget]:
    """Return an institution's next due targets: by priority, then moment, then rank."""
    d = t.due_targets
    query = (
        _due()
        .where(d.c.institution_id == institution_id, d.c.due_at <= at)
        .order_by(d.c.priority, d.c.due_at, d.c.rank)
        .limit(limit)
    )
    return [DueTarget(**row) for row in connection.execute(query).mappings()]


def remove_due(connection: Connection, institution_id: UUID, *, keep: Collection[str] = ()) -> int:
    """Take an institution's targets but those to `keep` out of the table; return how many."""
    d = t.due_targets
    gone = sa.delete(d).where(d.c.institution_id == institution_id)
    if keep:
        gone = gone.where(d.c.target.not_in(keep))
    return connection.execute(gone).rowcount


_STATE = ("priority", "due_at", "rank", "cycle", "attempts")


def _due() -> sa.Select[tuple[object, ...]]:
    return sa.select(*(t.due_targets.c[name] for name in DueTarget.__slots__))
