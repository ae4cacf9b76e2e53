"""Which claims a reviewer looks at first: those where the most points rest on the least."""

from collections.abc import Iterable
from typing import Literal

from cyberposture.model.assessments import Grade
from cyberposture.model.foundation import Model
from cyberposture.model.scores import ScoreDocument, ScoreResult
from cyberposture.scoring.points import FULL, value_of
from cyberposture.scoring.reconcile import Case, cases

Why = Literal["contradicted", "claimed-away", "bare-word", "own-papers", "gate", "heavy"]
HEAVY = 4
"""From this weight on it is said that a control is heavy; weights are 1 to 5."""


class Risk(Model):
    """One claim with what is at stake, and why it stands where it stands."""

    control: str
    at_stake: int
    """Weight times the claimed points times the doubt: what may fall when somebody looks."""
    weight: int
    claimed: int | None
    """None: it is claimed that the control does not apply."""
    grade: Grade | None
    is_gate: bool
    is_contradicted: bool
    why: tuple[Why, ...]


def order_by_risk(document: ScoreDocument, result: ScoreResult) -> tuple[Risk, ...]:
    """Return every claim of an institution, the riskiest first.

    The doubt is full where the network contradicts the claim, or where it is claimed that the
    control does not apply; else it is what the grade leaves open: half of a bare word, a fifth of
    a paper, nothing of what was observed. Unanswered controls claim nothing and are not listed.
    """
    contradicted = set(result.institution.contradictions)
    grades = {score.id: score.grade for score in result.controls}
    found = [
        _risk(document, case, grades.get(case.control.id), case.control.id in contradicted)
        for case in cases(document)
        if case.is_applicable
        and not case.is_network_only
        and (case.level is not None or case.is_claimed_away)
    ]
    return tuple(sorted(found, key=lambda one: (-one.at_stake, not one.is_gate, one.control)))


def _risk(document: ScoreDocument, case: Case, grade: Grade | None, is_contradicted: bool) -> Risk:
    own = grade or "E0"
    points = FULL if case.is_claimed_away else value_of(document.parameters, case.level)
    is_open = is_contradicted or case.is_claimed_away
    doubt = FULL if is_open else FULL - document.parameters.factors.of(own)
    return Risk(
        control=case.control.id,
        at_stake=case.control.weight * points * doubt // FULL,
        weight=case.control.weight,
        claimed=None if case.is_claimed_away else points,
        grade=grade,
        is_gate=case.control.gate,
        is_contradicted=is_contradicted,
        why=tuple(_reasons(case, own, is_contradicted)),
    )


def _reasons(case: Case, grade: Grade, is_contradicted: bool) -> Iterable[Why]:
    if is_contradicted:
        yield "contradicted"
    if case.is_claimed_away:
        yield "claimed-away"
    elif grade == "E0":
        yield "bare-word"
    elif grade == "E1":
        yield "own-papers"
    if case.control.gate:
        yield "gate"
    if case.control.weight >= HEAVY:
        yield "heavy"
