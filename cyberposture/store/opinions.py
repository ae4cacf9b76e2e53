"""What each reviewer found by themselves; what counts of it stands in `answers` as the review."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from cyberposture.model.assessments import Review
from cyberposture.store import tables as t
from cyberposture.store.acts import Act, read_act
from cyberposture.store.review_assignments import Part


@dataclass(frozen=True, slots=True)
class OpinionRecord:
    """One opinion on one control, counted from 1, and the revision of the answer it looked at."""

    institution_id: UUID
    assessment_id: UUID
    number: int
    part: Part
    answer_revision: int
    review: Review
    act: Act


def insert_opinion(
    connection: Connection,
    institution_id: UUID,
    assessment_id: UUID,
    review: Review,
    act: Act,
    *,
    part: Part,
    answer_revision: int,
) -> OpinionRecord:
    """Keep what a reviewer found and return it; earlier opinions stay."""
    o = t.opinions
    last = sa.select(sa.func.max(o.c.number)).where(
        o.c.assessment_id == assessment_id, o.c.control == review.control
    )
    number = (connection.execute(last).scalar_one() or 0) + 1
    own = Act(act.actor, review.reason, act.at)
    connection.execute(
        sa.insert(o),
        {
            "id": uuid4(),
            "institution_id": institution_id,
            "assessment_id": assessment_id,
            "control": review.control,
            "number": number,
            "part": part,
            "answer_revision": answer_revision,
            "level": review.level,
            "grade": review.grade,
            "approves_not_applicable": review.approves_not_applicable,
            **own.written(),
        },
    )
    return OpinionRecord(institution_id, assessment_id, number, part, answer_revision, review, own)


def list_opinions(
    connection: Connection, assessment_id: UUID, *, control: str | None = None
) -> list[OpinionRecord]:
    """Return every opinion on an assessment, or on one control of it, oldest first."""
    o = t.opinions
    query = sa.select(o).where(o.c.assessment_id == assessment_id)
    if control is not None:
        query = query.where(o.c.control == control)
    rows = connection.execute(query.order_by(o.c.control, o.c.number)).mappings()
    return [_read(row) for row in rows]


def list_opinions_of_round(connection: Connection, round_id: UUID) -> list[OpinionRecord]:
    """Return every opinion on every assessment of a round, oldest first."""
    o, a = t.opinions, t.assessments
    query = (
        sa.select(o)
        .join(a, a.c.id == o.c.assessment_id)
        .where(a.c.round_id == round_id)
        .order_by(o.c.assessment_id, o.c.control, o.c.number)
    )
    return [_read(row) for row in connection.execute(query).mappings()]


def newest_by_part(
    opinions: Iterable[OpinionRecord], answer_revision: int
) -> dict[Part, OpinionRecord]:
    """Return the newest opinion of each part on this revision of the answer."""
    return {one.part: one for one in opinions if one.answer_revision == answer_revision}


def _read(row: RowMapping) -> OpinionRecord:
    review = Review(
        control=row["control"],
        level=row["level"],
        grade=row["grade"],
        approves_not_applicable=row["approves_not_applicable"],
        reason=row["reason"],
    )
    return OpinionRecord(
        row["institution_id"],
        row["assessment_id"],
        row["number"],
        row["part"],
        row["answer_revision"],
        review,
        read_act(row),
    )
