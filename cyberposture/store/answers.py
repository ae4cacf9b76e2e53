"""What was answered and reviewed, every revision of it; writing stands in `answering`."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping, Table

from cyberposture.model.assessments import Answer, Evidence, Review
from cyberposture.store import tables as t
from cyberposture.store.acts import Act, read_act
from cyberposture.store.evidence_uses import seen_pieces


@dataclass(frozen=True, slots=True)
class AnswerRevision:
    """One revision of an answer, counted from 1; a suggestion is nobody's word yet."""

    answer: Answer
    revision: int
    is_suggestion: bool
    act: Act


@dataclass(frozen=True, slots=True)
class ReviewRevision:
    """One revision of a review, and the revision of the answer that it looked at (0: none)."""

    review: Review
    revision: int
    answer_revision: int
    act: Act


@dataclass(frozen=True, slots=True)
class Standing:
    """What counts for one control: the institution's word and the reviewer's view of it."""

    answer: AnswerRevision | None = None
    review: ReviewRevision | None = None


def list_answers(
    connection: Connection,
    assessment_id: UUID,
    *,
    as_of: datetime | None = None,
    controls: Collection[str] | None = None,
) -> dict[str, AnswerRevision]:
    """Return the newest answer (at `as_of`) of each control, suggestions included, by control."""
    rows = _newest(connection, t.answers, assessment_id, as_of, controls)
    return {row["control"]: _read_answer(row) for row in rows}


def list_reviews(
    connection: Connection,
    assessment_id: UUID,
    *,
    as_of: datetime | None = None,
    controls: Collection[str] | None = None,
) -> dict[str, ReviewRevision]:
    """Return the newest review (at `as_of`) of each control, by control."""
    rows = _newest(connection, t.reviews, assessment_id, as_of, controls)
    return {row["control"]: _read_review(row) for row in rows}


def list_standing(
    connection: Connection,
    assessment_id: UUID,
    *,
    as_of: datetime | None = None,
    controls: Collection[str] | None = None,
) -> dict[str, Standing]:
    """Return what counts (at `as_of`) for each control that was answered or reviewed.

    A suggestion counts as no answer. What the institution holds itself counts as evidence once a
    reviewer saw it there. The approval of a claim that something does not apply counts
    for the revision that it looked at only; a reviewer's level stands until the next review.
    """
    answers = list_answers(connection, assessment_id, as_of=as_of, controls=controls)
    reviews = list_reviews(connection, assessment_id, as_of=as_of, controls=controls)
    seen = seen_pieces(connection, assessment_id, as_of=as_of, controls=controls)
    standing = {}
    for control in sorted(answers.keys() | reviews.keys()):
        found = stand(answers.get(control), reviews.get(control), seen.get(control, ()))
        if found != Standing():
            standing[control] = found
    return standing


def stand(
    answer: AnswerRevision | None,
    review: ReviewRevision | None,
    held: Sequence[Evidence] = (),
) -> Standing:
    """Return what counts of the newest answer and the newest review of a control.

    `held` is what a reviewer saw of the evidence that the institution keeps itself.
    """
    if answer is not None and answer.is_suggestion:
        answer = None
    if answer is not None and held:
        evidence = (*answer.answer.evidence, *held)
        answer = replace(answer, answer=answer.answer.model_copy(update={"evidence": evidence}))
    if review is not None and review.review.approves_not_applicable:
        seen = 0 if answer is None else answer.revision
        review = review if review.answer_revision == seen else None
    return Standing(answer, review)


def list_seen(
    connection: Connection, assessment_id: UUID, seen: Mapping[str, int]
) -> dict[str, AnswerRevision]:
    """Return these revisions of answers, by control, as somebody saw them; 0 is none."""
    a = t.answers
    named = [(control, revision) for control, revision in seen.items() if revision]
    query = sa.select(a).where(
        a.c.assessment_id == assessment_id, sa.tuple_(a.c.control, a.c.revision).in_(named)
    )
    if not named:
        return {}
    rows = connection.execute(query).mappings()
    return {row["control"]: _read_answer(row) for row in rows}


def list_answer_revisions(
    connection: Connection, assessment_id: UUID, control: str
) -> list[AnswerRevision]:
    """Return every revision of an answer, oldest first."""
    return [_read_answer(row) for row in _revisions(connection, t.answers, assessment_id, control)]


def list_review_revisions(
    connection: Connection, assessment_id: UUID, control: str
) -> list[ReviewRevision]:
    """Return every revision of a review, oldest first."""
    return [_read_review(row) for row in _revisions(connection, t.reviews, assessment_id, control)]


def list_reviews_of_round(
    connection: Connection, round_id: UUID
) -> dict[UUID, dict[str, ReviewRevision]]:
    """Return the newest review of each control in every assessment of a round."""
    r, a = t.reviews, t.assessments
    query = (
        sa.select(r)
        .join(a, a.c.id == r.c.assessment_id)
        .where(a.c.round_id == round_id)
        .order_by(r.c.revision)
    )
    found: dict[UUID, dict[str, ReviewRevision]] = {}
    for row in connection.execute(query).mappings():
        found.setdefault(row["assessment_id"], {})[row["control"]] = _read_review(row)
    return found


def _revisions(
    connection: Connection, table: Table, assessment_id: UUID, control: str
) -> list[RowMapping]:
    query = (
        sa.select(table)
        .where(table.c.assessment_id == assessment_id, table.c.control == control)
        .order_by(table.c.revision)
    )
    return list(connection.execute(query).mappings())


def _newest_revisions(table: Table, *conditions: sa.ColumnElement[bool]) -> sa.Select[Any]:
    c = table.c
    of_this = c.assessment_id == sa.bindparam("assessment_id")
    newest = sa.select(c.control, sa.func.max(c.revision)).where(of_this, *conditions)
    is_newest = sa.tuple_(c.control, c.revision).in_(newest.group_by(c.control))
    return sa.select(table).where(of_this, is_newest).order_by(c.control)


# Every autosaved answer runs some of these: they are built once, not each time.
_ALL = {table: _newest_revisions(table) for table in (t.answers, t.reviews)}
_OF_CONTROLS = {
    table: _newest_revisions(table, table.c.control.in_(sa.bindparam("controls", expanding=True)))
    for table in _ALL
}
_AS_OF = {table: _newest_revisions(table, table.c.at <= sa.bindparam("as_of")) for table in _ALL}


def _newest(
    connection: Connection,
    table: Table,
    assessment_id: UUID,
    as_of: datetime | None,
    controls: Collection[str] | None,
) -> list[RowMapping]:
    values: dict[str, Any] = {"assessment_id": assessment_id}
    if as_of is not None:
        query, values["as_of"] = _AS_OF[table], as_of
    elif controls is not None:
        query, values["controls"] = _OF_CONTROLS[table], list(controls)
    else:
        query = _ALL[table]
    rows = connection.execute(query, values).mappings()
    return [row for row in rows if controls is None or row["control"] in controls]


def _read_answer(row: RowMapping) -> AnswerRevision:
    answer = Answer.model_validate(
        {
            "control": row["control"],
            "level": row["level"],
            "not_applicable": row["not_applicable"],
            "reason": row["explanation"],
            "evidence": row["evidence"],
        }
    )
    return AnswerRevision(answer, row["revision"], row["is_suggestion"], read_act(row))


def _read_review(row: RowMapping) -> ReviewRevision:
    review = Review(
        control=row["control"],
        level=row["level"],
        grade=row["grade"],
        approves_not_applicable=row["approves_not_applicable"],
        reason=row["reason"],
    )
    return ReviewRevision(review, row["revision"], row["answer_revision"], read_act(row))
