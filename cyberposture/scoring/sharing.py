"""How a shared service enters a score: the weaker part counts, and users fall with the provider.

A control that is answered for a service has two parts: what the provider says for all, and what
remains for the user. Of both, the lower level and the lower grade count; where nothing remains
for the user, the provider's part alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce

from cyberposture.model.assessments import Grade, Level, OwnGrade
from cyberposture.model.scores import ScoredAnswer, ScoredReview, ScoreParameters, VerdictRow
from cyberposture.scoring.points import ceiling

_GRADES: tuple[Grade, ...] = ("E0", "E1", "E2", "E3")


@dataclass(frozen=True)
class SharedPart:
    """What a provider says of one control for one service, and what became of it."""

    service: str
    control: str
    level: Level
    grade: OwnGrade
    expires: date
    duty: str
    """What remains for each user to do; empty: nothing."""
    review: ScoredReview | None = None
    rows: tuple[VerdictRow, ...] = ()
    """What the network shows of the provider for this control."""


def inherit(
    parameters: ScoreParameters, own: ScoredAnswer | None, parts: Sequence[SharedPart], on: date
) -> ScoredAnswer | None:
    """Return the answer that counts for a user of these services.

    What does not apply to the user is not theirs to inherit. A part past its expiry says nothing
    any more, so that the whole is unanswered. What the network shows against the provider lowers
    the level that counts, and not the one that is declared.
    """
    if not parts or (own is not None and own.not_applicable is not None):
        return own
    said = [_part(parameters, part, on) for part in parts]
    if any(part.duty.strip() for part in parts):
        said.append(own)
    return reduce(_weaker, said)


def _part(parameters: ScoreParameters, part: SharedPart, on: date) -> ScoredAnswer | None:
    if part.expires < on:
        return None
    limits = [limit for row in part.rows if (limit := ceiling(parameters, row)) is not None]
    review = part.review
    if limits:
        held = _held_to(parameters, min(limits))
        seen_level, seen_grade = (part.level, part.grade) if review is None else _of(review)
        if held < seen_level:
            review = ScoredReview(level=held, grade=seen_grade)
    return ScoredAnswer(
        control=part.control, level=part.level, not_applicable=None, grade=part.grade, review=review
    )


def _held_to(parameters: ScoreParameters, limit: int) -> int:
    """Return the highest level whose points are not above the limit; else the lowest."""
    return max((n for n, points in enumerate(parameters.values) if points <= limit), default=0)


def _of(review: ScoredReview) -> tuple[int, Grade]:
    return review.level, review.grade


def _weaker(own: ScoredAnswer | None, shared: ScoredAnswer | None) -> ScoredAnswer | None:
    """Return what two parts come to: the lower level and the lower grade of both."""
    if own is None or shared is None or own.level is None or shared.level is None:
        return None
    grade: OwnGrade = "E1" if own.grade == shared.grade == "E1" else "E0"
    level = min(own.level, shared.level)
    review = None
    if own.review is not None or shared.review is not None:
        first = (own.level, own.grade) if own.review is None else _of(own.review)
        second = (shared.level, shared.grade) if shared.review is None else _of(shared.review)
        review = ScoredReview(
            level=min(first[0], second[0]),
            grade=_GRADES[min(_GRADES.index(first[1]), _GRADES.index(second[1]))],
        )
    return ScoredAnswer(
        control=own.control, level=level, not_applicable=None, grade=grade, review=review
    )
