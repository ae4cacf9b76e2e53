"""Who answers which part of an assessment, and who helps in which one; taken back, never erased."""

from dataclasses import dataclass
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection, Table

from cyberposture.errors import NotFound
from cyberposture.store import tables as t
from cyberposture.store.acts import Act, read_act


@dataclass(frozen=True, slots=True)
class Delegation:
    """A part of an assessment in somebody's hands: a domain (`IAM`) or a control (`IAM-09`)."""

    id: UUID
    person: str
    name: str
    part: str
    act: Act
    is_running: bool


@dataclass(frozen=True, slots=True)
class Helper:
    """Somebody who helps in one assessment, and in no other."""

    id: UUID
    person: str
    name: str
    round: str
    act: Act
    is_running: bool


def insert_delegation(
    connection: Connection,
    institution_id: UUID,
    assessment_id: UUID,
    act: Act,
    *,
    person_id: UUID,
    part: str,
) -> None:
    """Put a part of an assessment into somebody's hands."""
    row: dict[str, object] = {"assessment_id": assessment_id, "person_id": person_id, "part": part}
    _insert(connection, t.delegations, institution_id, row, act)


def end_delegation(
    connection: Connection, assessment_id: UUID, person: str, part: str, act: Act
) -> None:
    """Take a part back.

    Raises:
        NotFound: it is not in this person's hands.
    """
    for one in list_delegations(connection, assessment_id):
        if (one.person, one.part) == (person, part):
            change = sa.update(t.delegations).where(t.delegations.c.id == one.id)
            connection.execute(change.values(**act.ended("taken_back")))
            return
    raise NotFound("delegation", f"{part} to {person}")


def list_delegations(
    connection: Connection, assessment_id: UUID, *, running_only: bool = True
) -> list[Delegation]:
    """Return who answers what in an assessment, by part and person."""
    query = _RUNNING if running_only else _DELEGATIONS
    return [
        Delegation(
            row["id"],
            row["code"],
            row["name"],
            row["part"],
            read_act(row),
            row["taken_back_at"] is None,
        )
        for row in connection.execute(query, {"assessment_id": assessment_id}).mappings()
    ]


def insert_helper(
    connection: Connection, institution_id: UUID, assessment_id: UUID, act: Act, *, person_id: UUID
) -> None:
    """Let somebody help in an assessment."""
    row: dict[str, object] = {"assessment_id": assessment_id, "person_id": person_id}
    _insert(connection, t.helpers, institution_id, row, act)


def end_help(connection: Connection, assessment_id: UUID, person: str, act: Act) -> None:
    """Let a helper go.

    Raises:
        NotFound: this person does not help there.
    """
    for one in list_helpers(connection, assessment_id=assessment_id):
        if one.person == person:
            change = sa.update(t.helpers).where(t.helpers.c.id == one.id)
            connection.execute(change.values(**act.ended("let_go")))
            return
    raise NotFound("helper", person)


def list_helpers(
    connection: Connection,
    *,
    assessment_id: UUID | None = None,
    institution_id: UUID | None = None,
    person: str | None = None,
    running_only: bool = True,
) -> list[Helper]:
    """Return who helps where, by person and round."""
    h, p, a, r = t.helpers, t.people, t.assessments, t.rounds
    query = (
        sa.select(h, p.c.code, p.c.name, r.c.code.label("round"))
        .join(p, p.c.id == h.c.person_id)
        .join(a, a.c.id == h.c.assessment_id)
        .join(r, r.c.id == a.c.round_id)
        .order_by(p.c.code, r.c.code, h.c.at)
    )
    for column, value in (
        (h.c.assessment_id, assessment_id),
        (h.c.institution_id, institution_id),
        (p.c.code, person),
    ):
        if value is not None:
            query = query.where(column == value)
    if running_only:
        query = query.where(h.c.let_go_at.is_(None))
    return [
        Helper(
            row["id"],
            row["code"],
            row["name"],
            row["round"],
            read_act(row),
            row["let_go_at"] is None,
        )
        for row in connection.execute(query).mappings()
    ]


# Every answer asks who may give it: the question is built once, not each time.
_DELEGATIONS = (
    sa.select(t.delegations, t.people.c.code, t.people.c.name)
    .join(t.people, t.people.c.id == t.delegations.c.person_id)
    .where(t.delegations.c.assessment_id == sa.bindparam("assessment_id"))
    .order_by(t.delegations.c.part, t.people.c.code, t.delegations.c.at)
)
_RUNNING = _DELEGATIONS.where(t.delegations.c.taken_back_at.is_(None))


def _insert(
    connection: Connection, table: Table, institution_id: UUID, row: dict[str, object], act: Act
) -> None:
    own = {"id": uuid4(), "institution_id": institution_id}
    connection.execute(sa.insert(table), own | row | act.written())
