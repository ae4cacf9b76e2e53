"""The result of an assessment as the institution and the CERT see it, with what was said to it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from cyberposture.model.assessments import Review
from cyberposture.model.controls import Control
from cyberposture.model.scores import ControlScore, ScoreResult
from cyberposture.services.assessments.asked import Asked, open_asked
from cyberposture.services.register import Register
from cyberposture.store import answers, appeals, results, scores
from cyberposture.store.answers import Standing
from cyberposture.store.appeals import AppealRecord
from cyberposture.store.results import ResultComment
from cyberposture.store.scores import ScoreRecord


@dataclass(frozen=True)
class ControlOutcome:
    """One control that somebody reviewed: what was claimed, what was found, what is said to it."""

    control: Control
    standing: Standing
    score: ControlScore | None
    comments: tuple[ResultComment, ...]

    @property
    def found(self) -> Review | None:
        """What the reviewers found."""
        return None if self.standing.review is None else self.standing.review.review


@dataclass(frozen=True)
class Correction:
    """A score that was corrected, and the one that corrects it."""

    old: ScoreRecord
    new: ScoreRecord


@dataclass(frozen=True)
class Outcome:
    """A preliminary or final result; without one the review still goes on."""

    asked: Asked
    result: ScoreResult | None
    is_final: bool
    released_at: datetime | None
    comments_until: datetime | None
    may_comment: bool
    controls: tuple[ControlOutcome, ...]
    comments: tuple[ResultComment, ...]
    """On the whole."""
    score: ScoreRecord | None
    """The score that stands, once it is final."""
    corrections: tuple[Correction, ...]
    """Oldest first."""
    appeals: tuple[AppealRecord, ...]

    @property
    def may_appeal(self) -> bool:
        """Whether the result that stands can be appealed against."""
        score = self.score
        return (
            self.asked.assessment.state == "finalised"
            and score is not None
            and all(one.score_id != score.summary.id for one in self.appeals)
        )


def read_outcome(register: Register, institution: str, round_code: str) -> Outcome:
    """Return the result of an assessment as it stands now.

    A result that was taken back is not shown; a final score that is reopened stands meanwhile.

    Raises:
        NotFound: institution, round or assessment is not there.
    """
    with register.reading() as connection:
        asked = open_asked(register, connection, institution, round_code)
        key, state = asked.assessment.id, asked.assessment.state
        shown = results.find_result(connection, key)
        said = [one for one in results.list_comments(connection, key) if one.kind == "comment"]
        ended = any(
            one.kind == "no-more" and shown is not None and one.result == shown.number
            for one in results.list_comments(connection, key)
        )
        score = scores.find_score(
            connection, asked.institution_id, round_id=asked.assessment.round_id
        )
        standing = answers.list_standing(connection, key)
        known = tuple(appeals.list_appeals(connection, assessment_id=key))
        corrections = _corrections(connection, asked)
    is_final = state in ("finalised", "archived")
    result: ScoreResult | None = None
    if is_final and score is not None:
        result = ScoreResult.model_validate(score.result)
    elif state == "preliminary" and shown is not None:
        result = ScoreResult.model_validate(shown.result)
    open_until = None if shown is None or state != "preliminary" else shown.comments_until
    return Outcome(
        asked=asked,
        result=result,
        is_final=is_final,
        released_at=None if shown is None else shown.act.at,
        comments_until=open_until,
        may_comment=open_until is not None and not ended and register.clock() < open_until,
        controls=() if result is None else _controls(asked, result, standing, said),
        comments=tuple(one for one in said if one.control is None),
        score=score,
        corrections=corrections,
        appeals=known,
    )


def _controls(
    asked: Asked,
    result: ScoreResult,
    standing: dict[str, Standing],
    said: list[ResultComment],
) -> tuple[ControlOutcome, ...]:
    """Return the controls that were reviewed or commented on, in the catalogue's order."""
    scored = {one.id: one for one in result.controls}
    commented = {one.control for one in said}
    return tuple(
        ControlOutcome(
            control=one,
            standing=standing.get(one.id, Standing()),
            score=scored.get(one.id),
            comments=tuple(c for c in said if c.control == one.id),
        )
        for one in asked.controls
        if one.id in commented or standing.get(one.id, Standing()).review is not None
    )


def _corrections(connection: Connection, asked: Asked) -> tuple[Correction, ...]:
    summaries = scores.list_scores(
        connection, institution_id=asked.institution_id, round_id=asked.assessment.round_id
    )
    return tuple(
        Correction(
            scores.get_score(connection, one.corrects_id), scores.get_score(connection, one.id)
        )
        for one in summaries
        if one.corrects_id is not None
    )
