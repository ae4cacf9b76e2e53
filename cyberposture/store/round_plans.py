"""How rounds are run, each plan as a revision, and who was invited in which cohort."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from cyberposture.errors import NotFound
from cyberposture.store import tables as t
from cyberposture.store.acts import Act, read_act
from cyberposture.store.once import insert_once


@dataclass(frozen=True, slots=True)
class PlanRecord:
    """One revision of how a round is run; the seed is the centre's secret until the round ends."""

    round_id: UUID
    revision: int
    plan: dict[str, Any]
    terms_sha256: str
    seed: str
    act: Act


@dataclass(frozen=True, slots=True)
class InvitationRecord:
    """An institution's place in a round, and who of it noted the terms, if anybody did."""

    institution_id: UUID
    institution: str
    round_id: UUID
    cohort: str
    due_at: datetime
    act: Act
    noted_by: str | None
    noted_at: datetime | None
    noted_terms: str | None


def record_plan(
    connection: Connection,
    round_id: UUID,
    act: Act,
    *,
    plan: dict[str, Any],
    terms_sha256: str,
    seed: str,
) -> PlanRecord:
    """Write how a round is run as the next revision, and return it."""
    last = find_plan(connection, round_id)
    record = PlanRecord(
        round_id, 1 if last is None else last.revision + 1, plan, terms_sha256, seed, act
    )
    connection.execute(
        sa.insert(t.round_plans),
        {
            "round_id": round_id,
            "revision": record.revision,
            "plan": plan,
            "terms_sha256": terms_sha256,
            "seed": seed,
            **act.written(),
        },
    )
    return record


def find_plan(connection: Connection, round_id: UUID) -> PlanRecord | None:
    """Return how a round is run now, or None: it is kept by hand."""
    p = t.round_plans
    query = sa.select(p).where(p.c.round_id == round_id).order_by(p.c.revision.desc()).limit(1)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else _read_plan(row)


def list_plans(connection: Connection) -> dict[UUID, PlanRecord]:
    """Return how each round that has a plan is run now, by round."""
    rows = connection.execute(sa.select(t.round_plans).order_by(t.round_plans.c.revision))
    return {row["round_id"]: _read_plan(row) for row in rows.mappings()}


def insert_invitation(
    connection: Connection,
    institution_id: UUID,
    round_id: UUID,
    act: Act,
    *,
    cohort: str,
    due_at: datetime,
) -> bool:
    """Invite an institution unless it was invited before; return whether it is new."""
    return insert_once(
        connection,
        t.round_invitations,
        {
            "id": uuid4(),
            "institution_id": institution_id,
            "round_id": round_id,
            "cohort": cohort,
            "due_at": due_at,
            **act.written(),
        },
    )


def record_noted(
    connection: Connection, institution_id: UUID, round_id: UUID, act: Act, *, terms_sha256: str
) -> None:
    """Record that somebody of the institution noted these terms; who noted the same first stays.

    Raises:
        NotFound: it was not invited.
    """
    i = t.round_invitations
    ours = sa.and_(i.c.institution_id == institution_id, i.c.round_id == round_id)
    if connection.execute(sa.select(i.c.id).where(ours)).first() is None:
        raise NotFound("invitation", str(institution_id))
    noted = {"noted_by": act.actor, "noted_at": act.at, "noted_terms": terms_sha256}
    is_new = sa.or_(i.c.noted_terms.is_(None), i.c.noted_terms != terms_sha256)
    connection.execute(sa.update(i).where(ours, is_new).values(**noted))


def find_invitation(
    connection: Connection, institution_id: UUID, round_id: UUID
) -> InvitationRecord | None:
    """Return the institution's place in a round, or None: it was not invited."""
    i = t.round_invitations
    query = _invitations().where(i.c.institution_id == institution_id, i.c.round_id == round_id)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else _read(row)


def list_invitations(
    connection: Connection,
    *,
    round_id: UUID | None = None,
    institution_id: UUID | None = None,
) -> list[InvitationRecord]:
    """Return who was invited, by institution."""
    i = t.round_invitations
    query = _invitations().order_by(t.institutions.c.code, i.c.at)
    if round_id is not None:
        query = query.where(i.c.round_id == round_id)
    if institution_id is not None:
        query = query.where(i.c.institution_id == institution_id)
    return [_read(row) for row in connection.execute(query).mappings()]


def _read_plan(row: RowMapping) -> PlanRecord:
    names = ("round_id", "revision", "plan", "terms_sha256", "seed")
    return PlanRecord(**{name: row[name] for name in names}, act=read_act(row))


def _invitations() -> sa.Select[Any]:
    i = t.round_invitations
    return sa.select(i, t.institutions.c.code.label("institution")).join(
        t.institutions, t.institutions.c.id == i.c.institution_id
    )


def _read(row: RowMapping) -> InvitationRecord:
    names = (name for name in InvitationRecord.__slots__ if name != "act")
    return InvitationRecord(act=read_act(row), **{name: row[name] for name in names})
