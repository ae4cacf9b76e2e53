"""What to improve next: each possible step, with what it would bring if it fully succeeded.

Nothing is estimated: each step is tried on a copy of the document and scored by the same functions
as the score itself. Gains are those of single steps and do not add up.
"""

from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from typing import Literal

from cyberposture.model.foundation import Model
from cyberposture.model.scores import (
    InstitutionScore,
    ScoredAnswer,
    ScoreDocument,
    ScoredReview,
    ScoreParameters,
    ScoreResult,
    VerdictRow,
)
from cyberposture.scoring.reconcile import Case, cases, reconcile, stated_grade
from cyberposture.scoring.rollup import HOLDING, Gate, gate_states, roll_up

Kind = Literal["level", "document", "examine", "settle", "repair", "observe"]
HIGHEST = 3
MOST = 400
"""So many steps are looked through for a plan."""


class Step(Model):
    """One improvement, what it opens and what it brings."""

    kind: Kind
    controls: tuple[str, ...]
    """The controls whose points it touches."""
    checks: tuple[str, ...]
    """The checks that must come to pass; empty where it is not about the network."""
    level: int | None
    """The level to reach, where it is about one."""
    opens: tuple[str, ...]
    """The gates that hold now and would not hold after it."""
    verified: int | None
    """The institution's verified score after it."""
    gain: int
    """The difference to the verified score now, in basis points."""
    band: str | None
    """The band after it."""


@dataclass(frozen=True, slots=True)
class _Change:
    """A step before it is tried: the cases as they would be."""

    kind: Kind
    cases: tuple[Case, ...]
    checks: tuple[str, ...] = ()
    level: int | None = None


def rank_improvements(document: ScoreDocument, result: ScoreResult, limit: int) -> list[Step]:
    """Return at most `limit` steps that bring something, the best first.

    First come the steps that open a gate, then those at a gate that holds, then all others; within
    each, the larger gain comes first.
    """
    held = _closed(document, gate_states(document, result.controls))
    tried = (_try(document, result, held, change) for change in _changes(document))
    useful = [step for step in tried if step.gain > 0 or step.opens]
    return sorted(useful, key=lambda step: _rank(step, held))[:limit]


def plan_steps(
    document: ScoreDocument, result: ScoreResult, limit: int
) -> list[tuple[Step, InstitutionScore]]:
    """Return at most `limit` steps in the order of rank, each with the score that is reached by it.

    All steps before it have been taken then. One that brings nothing after these is not taken: a
    repair within a larger one, for instance.
    """
    path, before = _Path(document), result.institution
    planned: list[tuple[Step, InstitutionScore]] = []
    for step in rank_improvements(document, result, MOST):
        if len(planned) == limit:
            break
        further = path.fork()
        reached = further.take(step)
        opened = set(before.gates_holding) - set(reached.gates_holding)
        if (reached.verified or 0) > (before.verified or 0) or opened:
            planned.append((step, reached))
            path, before = further, reached
    return planned


def follow(document: ScoreDocument, steps: Iterable[Step]) -> tuple[InstitutionScore, ...]:
    """Return the institution's score after each step, all steps before it having been taken too."""
    path = _Path(document)
    return tuple(path.take(step) for step in steps)


def imagine(
    document: ScoreDocument, levels: Mapping[str, int], steps: Iterable[Step]
) -> InstitutionScore:
    """Return the institution's score if these controls stood at these levels, and steps were taken.

    Where a reviewer found a level, the imagined one stands in its place. What does not apply, or is
    the network's alone to decide, takes no level.
    """
    path = _Path(document)
    for name, level in levels.items():
        path.place(name, level)
    reached = path.score()
    for step in steps:
        reached = path.take(step)
    return reached


class _Path:
    """The way of an institution through steps.

    Steps at one control are taken one after the other; what an earlier one brought already, a later
    one does not bring again.
    """

    def __init__(self, document: ScoreDocument) -> None:
        self._document = document
        self._cases = {case.control.id: case for case in cases(document)}
        self._scores = {n: reconcile(document.parameters, c) for n, c in self._cases.items()}

    def fork(self) -> "_Path":
        """Return a way that begins where this one stands, and leaves it there."""
        other = copy(self)
        other._cases, other._scores = dict(self._cases), dict(self._scores)
        return other

    def take(self, step: Step) -> InstitutionScore:
        """Take a step and return the score then; a check is repaired wherever it fails."""
        for name in self._cases if step.kind == "repair" else step.controls:
            self._change(_taken(step, self._cases[name]))
        return self.score()

    def place(self, name: str, level: int) -> None:
        """Let a control stand at a level, whatever stood there."""
        case = self._cases.get(name)
        if case is None or case.is_network_only or not case.is_applicable:
            return
        review = case.review and case.review.model_copy(update={"level": level})
        self._change(_with_answer(case, level=level, not_applicable=None, review=review))

    def score(self) -> InstitutionScore:
        """Return the score where it stands now."""
        return roll_up(self._document, self._scores.values()).institution

    def _change(self, case: Case) -> None:
        name = case.control.id
        if case != self._cases[name]:
            self._cases[name] = case
            self._scores[name] = reconcile(self._document.parameters, case)


def _taken(step: Step, case: Case) -> Case:
    """Return a case as it is once a step was taken."""
    if not case.is_applicable:
        return case
    level = (case.review.level if case.review else case.level) or 0
    match step.kind:
        case "repair":
            return _repaired(case, step.checks)
        case "observe":
            return Case(case.control, case.answer, tuple(_all_passed(row) for row in case.rows))
        case "settle":
            return _with_answer(case, not_applicable="approved")
        case "level":
            return _at_level(case, max(step.level or 0, level))
        case "document" if case.review is None:
            return _with_answer(case, grade="E1")
        case "document":
            return _with_answer(case, review=ScoredReview(level=level, grade="E1"))
        case "examine":
            return _with_answer(case, review=ScoredReview(level=level, grade="E2"))


def _rank(step: Step, held: frozenset[str]) -> tuple[int, int, str, str]:
    at_gate = 0 if step.opens else 1 if held.intersection(step.controls) else 2
    about = step.checks if step.kind == "repair" else step.controls
    return at_gate, -step.gain, step.kind, ", ".join(about)


def _closed(document: ScoreDocument, gates: dict[str, Gate]) -> frozenset[str]:
    closed = (*HOLDING, "unknown") if document.observation_overdue else HOLDING
    return frozenset(control for control, state in gates.items() if state in closed)


def _try(
    document: ScoreDocument, result: ScoreResult, held: frozenset[str], change: _Change
) -> Step:
    """Return the step with what it brings; only the controls that it touches are scored anew."""
    scores = {score.id: score for score in result.controls}
    scores |= {case.control.id: reconcile(document.parameters, case) for case in change.cases}
    after = roll_up(document, scores.values())
    controls = tuple(case.control.id for case in change.cases)
    still = _closed(document, gate_states(document, after.controls))
    return Step(
        kind=change.kind,
        controls=controls,
        checks=change.checks,
        level=change.level,
        opens=tuple(sorted(held - still)),
        verified=after.institution.verified,
        gain=(after.institution.verified or 0) - (result.institution.verified or 0),
        band=after.institution.band,
    )


def _changes(document: ScoreDocument) -> Iterator[_Change]:
    applicable = [case for case in cases(document) if case.is_applicable]
    for case in applicable:
        if case.is_network_only:
            yield from _observing(document.parameters, case)
        elif case.is_claimed_away and case.review is None:
            yield _Change("settle", (_with_answer(case, not_applicable="approved"),))
        else:
            yield from _claiming(case)
    yield from _repairs(applicable)


def _claiming(case: Case) -> Iterator[_Change]:
    """Yield the steps that an institution can take about its claim: one level, one grade up."""
    level = case.review.level if case.review else case.level
    if level is None or level < HIGHEST:
        reached = (level or 0) + 1
        yield _Change("level", (_at_level(case, reached),), level=reached)
    if level is None:
        return
    grade = stated_grade(case)
    if grade == "E0" and case.review is None:
        yield _Change("document", (_with_answer(case, grade="E1"),))
    elif grade == "E0":
        review = ScoredReview(level=level, grade="E1")
        yield _Change("document", (_with_answer(case, review=review),))
    elif grade == "E1":
        review = ScoredReview(level=level, grade="E2")
        yield _Change("examine", (_with_answer(case, review=review),))


def _at_level(case: Case, level: int) -> Case:
    """Return the case with the level that stands raised; a claim that is higher stays."""
    if case.review is None:
        return _with_answer(case, level=level)
    review = ScoredReview(level=level, grade=case.review.grade)
    if case.level is None:
        return _with_answer(case, review=review)
    return _with_answer(case, level=max(level, case.level), review=review)


def _with_answer(case: Case, **change: object) -> Case:
    answer = case.answer or ScoredAnswer(
        control=case.control.id, level=None, not_applicable=None, grade="E0", review=None
    )
    return Case(case.control, answer.model_copy(update=change), case.rows)


def _observing(parameters: ScoreParameters, case: Case) -> Iterator[_Change]:
    if reconcile(parameters, case).verified is None and any(row.all > 0 for row in case.rows):
        seen = Case(case.control, case.answer, tuple(_all_passed(row) for row in case.rows))
        checks = tuple(sorted(row.check for row in case.rows if row.all > 0))
        yield _Change("observe", (seen,), checks)


def _all_passed(row: VerdictRow) -> VerdictRow:
    none_left = {"fail": 0, "fresh": 0, "inconclusive": 0, "not_tested": 0}
    return row.model_copy(update={"passed": row.all, **none_left})


def _repairs(applicable: list[Case]) -> Iterator[_Change]:
    """Yield one change for each failing check, and one for all that fail at one control.

    A check that fails at several controls is repaired at all of them at once.
    """
    together = [tuple(sorted(row.check for row in case.failed())) for case in applicable]
    alone = [(check,) for checks in together for check in checks]
    for checks in sorted({*together, *alone} - {()}):
        repaired = [_repaired(case, checks) for case in applicable]
        touched = [new for new, old in zip(repaired, applicable, strict=True) if new != old]
        yield _Change("repair", tuple(touched), checks)


def _repaired(case: Case, checks: tuple[str, ...]) -> Case:
    if not any(row.check in checks and row.fail > 0 for row in case.rows):
        return case
    rows = (_mended(row) if row.check in checks else row for row in case.rows)
    return Case(case.control, case.answer, tuple(rows))


def _mended(row: VerdictRow) -> VerdictRow:
    mended = {"passed": row.passed + row.fail + row.fresh, "fail": 0, "fresh": 0}
    return row.model_copy(update=mended)
