"""Who acts in whose place, with which role, and between which moments."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection

from cyberposture.errors import NotFound
from cyberposture.store import tables as t
from cyberposture.store.acts import Act
from cyberposture.store.people import MembershipRecord


@dataclass(frozen=True, slots=True)
class SubstitutionRecord:
    """Somebody who acts with a role of another person."""

    id: UUID
    membership_id: UUID
    person: str
    substitute: str
    valid_from: datetime
    valid_until: datetime
    ended_at: datetime | None


def insert_substitution(
    connection: Connection,
    held: MembershipRecord,
    substitute_id: UUID,
    act: Act,
    *,
    valid_from: datetime,
    valid_until: datetime,
) -> UUID:
    """Let somebody act with the role that another holds, and return the key of it."""
    substitution_id = uuid4()
    connection.execute(
        sa.insert(t.substitutions),
        {
            "id": substitution_id,
            "membership_id": held.id,
            "substitute_id": substitute_id,
            "institution_id": held.institution_id,
            "valid_from": valid_from,
            "valid_until": valid_until,
            **act.written(),
        },
    )
    return substitution_id


def end_substitution(connection: Connection, substitution_id: UUID, act: Act) -> None:
    """Let it be over from now on; the row stays.

    Raises:
        NotFound: there is none, or it is over.
    """
    s = t.substitutions
    mine = sa.and_(s.c.id == substitution_id, s.c.ended_at.is_(None))
    if connection.execute(sa.update(s).where(mine).values(**act.ended("ended"))).rowcount == 0:
        raise NotFound("substitute", str(substitution_id))


def list_substitutions(
    connection: Connection,
    *,
    as_of: datetime | None = None,
    institution_id: UUID | None = None,
    substitute: str | None = None,
) -> list[SubstitutionRecord]:
    """Return who acts for whom at `as_of`, or ever where that is None, the oldest first."""
    s, holders, others = t.substitutions, t.people.alias("holders"), t.people.alias("others")
    query = (
        sa.select(s, holders.c.code.label("person"), others.c.code.label("substitute"))
        .join(t.memberships, t.memberships.c.id == s.c.membership_id)
        .join(holders, holders.c.id == t.memberships.c.person_id)
        .join(others, others.c.id == s.c.substitute_id)
        .order_by(s.c.valid_from, s.c.id)
    )
    if as_of is not None:
        query = query.where(
            s.c.valid_from <= as_of, s.c.valid_until > as_of, s.c.ended_at.is_(None)
        )
    if institution_id is not None:
        query = query.where(s.c.institution_id == institution_id)
    if substitute is not None:
        query = query.where(others.c.code == substitute)
    names = SubstitutionRecord.__slots__
    return [
        SubstitutionRecord(**{name: row[name] for name in names})
        for row in connection.execute(query).mappings()
    ]
