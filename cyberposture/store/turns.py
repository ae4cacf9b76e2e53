"""Where each institution stands among those whose targets wait; and how much was sent of late."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from cyberposture.store import tables as t
from cyberposture.store.once import insert_once


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """An institution's place: the number of its last visit, and its credit in scanner seconds.

    Before `not_before` it is passed over, for the reason that `why` gives.
    """

    institution_id: UUID
    vantage: str
    visit: int = 0
    credit_s: int = 0
    not_before: datetime | None = None
    why: str = ""


def list_turns(
    connection: Connection, *, vantage: str | None = None, institution_id: UUID | None = None
) -> list[TurnRecord]:
    """Return the places of institutions that were visited, or passed over, before."""
    u = t.turns
    query = sa.select(*(u.c[name] for name in TurnRecord.__slots__))
    if vantage is not None:
        query = query.where(u.c.vantage == vantage)
    if institution_id is not None:
        query = query.where(u.c.institution_id == institution_id)
    return [TurnRecord(**row) for row in connection.execute(query).mappings()]


def list_standing(
    connection: Connection, *, vantage: str, at: datetime, limit: int
) -> list[tuple[TurnRecord, datetime]]:
    """Return institutions with a target due at `at` that are not passed over, by their last visit.

    With each comes the earliest moment at which something of it was due. One look into the index
    for each institution, however many targets there are.
    """
    d, i, u = t.due_targets, t.institutions, t.turns
    free = sa.or_(d.c.held_until.is_(None), d.c.held_until <= at)
    due = (d.c.vantage == vantage, d.c.due_at <= at, free)
    visit = sa.func.coalesce(u.c.visit, 0).label("visit")
    first = (
        sa.select(i.c.id, visit, sa.func.coalesce(u.c.credit_s, 0).label("credit_s"))
        .outerjoin(u, sa.and_(u.c.institution_id == i.c.id, u.c.vantage == vantage))
        .where(sa.or_(u.c.not_before.is_(None), u.c.not_before <= at))
        .where(sa.exists().where(d.c.institution_id == i.c.id, *due))
        .order_by(visit, i.c.code)
        .limit(limit)
        .subquery()
    )
    earliest = sa.select(sa.func.min(d.c.due_at)).where(d.c.institution_id == first.c.id, *due)
    query = sa.select(first, earliest.scalar_subquery().label("earliest"))
    return [
        (TurnRecord(row.id, vantage, row.visit, row.credit_s), row.earliest)
        for row in connection.execute(query.order_by(first.c.visit, sa.text("earliest")))
    ]


def last_visit(connection: Connection) -> int:
    """Return the highest number of a visit so far; 0 where there was none."""
    return connection.execute(sa.select(sa.func.max(t.turns.c.visit))).scalar_one() or 0


def record_turn(connection: Connection, turn: TurnRecord) -> None:
    """Set where an institution stands."""
    values = {name: getattr(turn, name) for name in TurnRecord.__slots__}
    if insert_once(connection, t.turns, values):
        return
    u = t.turns
    same = (u.c.institution_id == turn.institution_id, u.c.vantage == turn.vantage)
    connection.execute(sa.update(u).where(*same).values(**values))


def lock_buckets(
    connection: Connection, keys: Collection[str], *, at: datetime
) -> dict[str, datetime]:
    """Lock the buckets with these keys and return when each is full again.

    Nobody else takes from any of them until the transaction ends. They are locked in the order of
    their keys, so that two that want several never wait for each other.
    """
    b = t.buckets
    for key in sorted(keys):
        insert_once(connection, b, {"key": key, "full_at": at})
    query = sa.select(b.c.key, b.c.full_at).where(b.c.key.in_(sorted(keys)))
    rows = connection.execute(query.order_by(b.c.key).with_for_update())
    return {row.key: row.full_at for row in rows}


def record_buckets(connection: Connection, full_at: Mapping[str, datetime]) -> None:
    """Keep when each of these buckets, which the transaction has locked, is full again."""
    b = t.buckets
    if full_at:
        connection.execute(
            sa.update(b).where(b.c.key == sa.bindparam("of")).values(full_at=sa.bindparam("then")),
            [{"of": key, "then": moment} for key, moment in full_at.items()],
        )


def forget_buckets(connection: Connection, *, full_before: datetime) -> int:
    """Remove buckets that were full before a moment: they are as good as none. Return how many."""
    return connection.execute(
        sa.delete(t.buckets).where(t.buckets.c.full_at < full_before)
    ).rowcount
