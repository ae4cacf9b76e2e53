"""Writes answers and reviews as new revisions, each with the compact row in one transaction."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from cyberposture.errors import Conflict, NotFound, WrongState
from cyberposture.model.assessments import Answer, Review
from cyberposture.store import tables as t
from cyberposture.store.acts import Act
from cyberposture.store.answer_rows import Sheet, open_sheet, patch_row
from cyberposture.store.answers import (
    AnswerRevision,
    ReviewRevision,
    list_answers,
    list_reviews,
    stand,
)
from cyberposture.store.evidence_uses import seen_pieces


def record_answer(
    connection: Connection,
    assessment_id: UUID,
    answer: Answer,
    act: Act,
    *,
    expected_revision: int | None = None,
    is_suggestion: bool = False,
    keeps_evidence: bool = False,
) -> AnswerRevision:
    """Write one answer and return its revision; see `record_answers`."""
    expected = None if expected_revision is None else {answer.control: expected_revision}
    return record_answers(
        connection, assessment_id, [answer], act, expected=expected, is_suggestion=is_suggestion,
        keeps_evidence=keeps_evidence,
    )[0]  # fmt: skip


def record_answers(
    connection: Connection,
    assessment_id: UUID,
    answers: Sequence[Answer],
    act: Act,
    *,
    expected: Mapping[str, int] | None = None,
    is_suggestion: bool = False,
    keeps_evidence: bool = False,
) -> list[AnswerRevision]:
    """Write answers, each as a revision after the newest, and return the revisions in order.

    An answer that says what the newest revision says already is not written again, so that a
    request may be repeated. `expected` holds, by control, the revision that the writer saw (0:
    none); a control that is not in it is written without that question. With `keeps_evidence`, what
    stands behind the newest revision stands behind the new one.

    Raises:
        NotFound: there is no such assessment, or a control is not asked in it.
        Conflict: a newer revision than the expected one says something else; it is `current`, and
            nothing of the transaction may be kept.
    """
    sheet = open_sheet(connection, assessment_id)
    controls = [answer.control for answer in answers]
    _require_asked(sheet, controls)
    present = list_answers(connection, assessment_id, controls=controls)
    written: list[AnswerRevision] = []
    rows = []
    for given in answers:
        last = present.get(given.control)
        answer = _behind(given, last) if keeps_evidence else given
        if last is not None and (last.answer, last.is_suggestion) == (answer, is_suggestion):
            written.append(last)
            continue
        seen = 0 if last is None else last.revision
        if expected is not None and expected.get(answer.control, seen) != seen:
            raise Conflict(last, f"{answer.control} was answered by somebody else meanwhile")
        new = AnswerRevision(answer, seen + 1, is_suggestion, act)
        present[answer.control] = new
        written.append(new)
        rows.append(_answer_row(sheet, new))
    if rows:
        connection.execute(_INSERT_ANSWER, rows)
        reviews = list_reviews(connection, assessment_id, controls=controls)
        held = seen_pieces(connection, assessment_id, controls=controls)
        standing = {c: stand(present.get(c), reviews.get(c), held.get(c, ())) for c in controls}
        patch_row(connection, sheet, standing, act.at)
    return written


def _behind(given: Answer, last: AnswerRevision | None) -> Answer:
    """Return the answer with the evidence of the newest revision behind it."""
    return given if last is None else given.model_copy(update={"evidence": last.answer.evidence})


def record_review(
    connection: Connection, assessment_id: UUID, review: Review, act: Act, *, answer_revision: int
) -> ReviewRevision:
    """Write a review of the answer's revision that the reviewer saw (0: none); return it.

    The reason kept is the review's own.

    Raises:
        NotFound: there is no such assessment, or the control is not asked in it.
        WrongState: not applicable is approved where the answer seen does not claim it.
        Conflict: the answer has a newer revision, which is `current`.
    """
    sheet = open_sheet(connection, assessment_id)
    _require_asked(sheet, [review.control])
    answer = list_answers(connection, assessment_id, controls=[review.control]).get(review.control)
    if answer_revision != (0 if answer is None else answer.revision):
        raise Conflict(answer, f"{review.control} was answered anew before the review")
    if review.approves_not_applicable and (answer is None or answer.answer.not_applicable is None):
        raise WrongState(f"{review.control} is not claimed to be not applicable")
    last = list_reviews(connection, assessment_id, controls=[review.control]).get(review.control)
    own = Act(act.actor, review.reason, act.at)
    new = ReviewRevision(review, 1 if last is None else last.revision + 1, answer_revision, own)
    connection.execute(
        sa.insert(t.reviews),
        {
            "assessment_id": assessment_id,
            "control": review.control,
            "revision": new.revision,
            "institution_id": sheet.institution_id,
            "answer_revision": answer_revision,
            "level": review.level,
            "grade": review.grade,
            "approves_not_applicable": review.approves_not_applicable,
            **own.written(),
        },
    )
    held = seen_pieces(connection, assessment_id, controls=[review.control])
    standing = {review.control: stand(answer, new, held.get(review.control, ()))}
    patch_row(connection, sheet, standing, act.at)
    return new


_INSERT_ANSWER = sa.insert(t.answers)


def _require_asked(sheet: Sheet, controls: Sequence[str]) -> None:
    for control in controls:
        if control not in sheet.places:
            raise NotFound("control in this assessment", control)


def _answer_row(sheet: Sheet, new: AnswerRevision) -> dict[str, object]:
    answer = new.answer
    return {
        "assessment_id": sheet.assessment_id,
        "control": answer.control,
        "revision": new.revision,
        "institution_id": sheet.institution_id,
        "level": answer.level,
        "not_applicable": answer.not_applicable,
        "explanation": answer.reason,
        "evidence": [piece.model_dump(mode="json") for piece in answer.evidence],
        "is_suggestion": new.is_suggestion,
        **new.act.written(),
    }
