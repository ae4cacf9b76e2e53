"""One control: what is claimed, what a reviewer found and what the network shows, set together."""

from collections import defaultdict
from dataclasses import dataclass

from cyberposture.model.assessments import Grade
from cyberposture.model.scores import (
    ControlScore,
    ScoredAnswer,
    ScoredControl,
    ScoreDocument,
    ScoredReview,
    ScoreParameters,
    VerdictRow,
)
from cyberposture.scoring.points import FULL, ceiling, passed_enough, value_of, weighed


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that is known about one control."""

    control: ScoredControl
    answer: ScoredAnswer | None
    rows: tuple[VerdictRow, ...]

    @property
    def is_network_only(self) -> bool:
        """Return whether only the network decides this control."""
        return self.control.evidence == "N"

    @property
    def is_applicable(self) -> bool:
        """Return whether the control counts; a mere claim that it does not leaves it in."""
        return self.answer is None or not self.answer.is_left_out

    @property
    def is_claimed_away(self) -> bool:
        """Return whether the institution says that it does not apply, and nobody approved."""
        return self.answer is not None and self.answer.not_applicable == "claimed"

    @property
    def level(self) -> int | None:
        """Return the level that the institution answers; None: unanswered."""
        return self.answer.level if self.answer else None

    @property
    def review(self) -> ScoredReview | None:
        """Return what a reviewer found, or None."""
        return self.answer.review if self.answer else None

    def failed(self) -> tuple[VerdictRow, ...]:
        """Return the rows whose failure touches the points: those that decide or contradict."""
        return tuple(row for row in self.rows if row.fail > 0 and row.direction != "S")


def cases(document: ScoreDocument) -> tuple[Case, ...]:
    """Return one case a control, ordered by id in code point order."""
    answers = {answer.control: answer for answer in document.answers}
    rows: defaultdict[str, list[VerdictRow]] = defaultdict(list)
    for row in document.verdicts:
        rows[row.control].append(row)
    ordered = sorted(document.controls, key=lambda control: control.id)
    return tuple(Case(c, answers.get(c.id), tuple(rows[c.id])) for c in ordered)


def reconcile(parameters: ScoreParameters, case: Case) -> ControlScore:
    """Return the score of one control; where it does not apply, every field is false or None."""
    if not case.is_applicable:
        return ControlScore(
            id=case.control.id,
            applicable=False,
            assessed=False,
            examined=False,
            declared=None,
            verified=None,
            grade=None,
            contradiction=False,
        )
    if case.is_network_only:
        return _observed_alone(parameters, case)
    return _claimed(parameters, case)


def _observed_alone(parameters: ScoreParameters, case: Case) -> ControlScore:
    verified = observed_points(parameters, case)
    return ControlScore(
        id=case.control.id,
        applicable=True,
        assessed=verified is not None,
        examined=verified is not None,
        declared=None,
        verified=verified,
        grade=None,
        contradiction=False,
    )


def _claimed(parameters: ScoreParameters, case: Case) -> ControlScore:
    grade = raised_grade(parameters, case)
    points = limited(
        parameters, weighed(parameters, standing_points(parameters, case), grade), case
    )
    failed = bool(case.failed())
    return ControlScore(
        id=case.control.id,
        applicable=True,
        assessed=case.level is not None or case.is_claimed_away or case.review is not None,
        examined=case.review is not None or failed or _decided_pass(parameters, case),
        declared=None if case.is_claimed_away else value_of(parameters, case.level),
        verified=points,
        grade=grade,
        contradiction=failed and case.level in (2, 3),
    )


def standing_points(parameters: ScoreParameters, case: Case) -> int:
    """Return the points of the level that stands: the reviewer's, else the answer's."""
    return value_of(parameters, case.review.level if case.review else case.level)


def stated_grade(case: Case) -> Grade:
    """Return the grade before the network speaks: the reviewer's, else the answer's."""
    if case.review is not None:
        return case.review.grade
    return case.answer.grade if case.answer is not None else "E0"


def raised_grade(parameters: ScoreParameters, case: Case) -> Grade:
    """Return the grade after the network spoke; it raises a grade and never lowers one."""
    return max([stated_grade(case), *(lift(parameters, row) for row in case.rows)])


def lift(parameters: ScoreParameters, row: VerdictRow) -> Grade:
    """Return the grade that a row vouches for: E0 where it vouches for nothing."""
    if row.direction == "R" or not passed_enough(parameters, row):
        return "E0"
    return "E2" if row.direction == "C" else "E1"


def limited(parameters: ScoreParameters, points: int, case: Case) -> int:
    """Return `points` under the ceiling of every row that failed, whatever their order."""
    ceilings = (ceiling(parameters, row) for row in case.rows)
    return min([points, *(limit for limit in ceilings if limit is not None)])


def observed_points(parameters: ScoreParameters, case: Case) -> int | None:
    """Return the points of a network-only control; None: not enough was seen to say.

    A check that had no endpoint at all says nothing, so that its row is as good as absent.
    """
    if case.failed():
        return limited(parameters, FULL, case)
    deciding = [row for row in case.rows if row.direction == "C" and row.all > 0]
    if deciding:
        return FULL if all(passed_enough(parameters, row) for row in deciding) else None
    supported = any(passed_enough(parameters, row) for row in case.rows)
    return parameters.support_value if supported else None


def _decided_pass(parameters: ScoreParameters, case: Case) -> bool:
    return any(row.direction == "C" and passed_enough(parameters, row) for row in case.rows)
