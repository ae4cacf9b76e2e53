"""Who reviews which assessment, and from when until when."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection

from cyberposture.errors import NotFound
from cyberposture.store import tables as t
from cyberposture.store.acts import Act

Part = Literal["first", "second", "third"]
"""Who reviews first, who by themselves a second time, and whose word settles where they differ."""


@dataclass(frozen=True, slots=True)
class AssignmentRecord:
    """One person's part in the review of one assessment."""

    id: UUID
    person: str
    institution: str
    assessment_id: UUID
    part: Part
    at: datetime
    ended_at: datetime | None


def insert_assignment(
    connection: Connection,
    institution_id: UUID,
    assessment_id: UUID,
    person_id: UUID,
    act: Act,
    *,
    part: Part,
) -> UUID:
    """Give the review of an assessment to a person and return the key of the assignment."""
    assignment_id = uuid4()
    connection.execute(
        sa.insert(t.review_assignments),
        {
            "id": assignment_id,
            "institution_id": institution_id,
            "assessment_id": assessment_id,
            "person_id": person_id,
            "part": part,
            **act.written(),
        },
    )
    return assignment_id


def end_assignment(connection: Connection, assignment_id: UUID, act: Act) -> None:
    """Take the review away again; the row stays.

    Raises:
        NotFound: there is no such assignment.
    """
    change = sa.update(t.review_assignments).where(t.review_assignments.c.id == assignment_id)
    if connection.execute(change.values(**act.ended("ended"))).rowcount == 0:
        raise NotFound("assignment", str(assignment_id))


def list_assignments(
    connection: Connection,
    *,
    person: str | None = None,
    assessment_id: UUID | None = None,
    running_only: bool = True,
) -> list[AssignmentRecord]:
    """Return who reviews what, the oldest first."""
    r = t.review_assignments
    query = (
        sa.select(r, t.people.c.code, t.institutions.c.code.label("institution"))
        .join(t.people, t.people.c.id == r.c.person_id)
        .join(t.institutions, t.institutions.c.id == r.c.institution_id)
        .order_by(r.c.at, r.c.id)
    )
    if person is not None:
        query = query.where(t.people.c.code == person)
    if assessment_id is not None:
        query = query.where(r.c.assessment_id == assessment_id)
    if running_only:
        query = query.where(r.c.ended_at.is_(None))
    return [
        AssignmentRecord(
            row["id"],
            row["code"],
            row["institution"],
            row["assessment_id"],
            row["part"],
            row["at"],
            row["ended_at"],
        )
        for row in connection.execute(query).mappings()
    ]
