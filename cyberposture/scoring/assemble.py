"""Puts together the document that a score is computed from: rules, answers, reviews, verdicts.

It looks nothing up and computes no score: what it is handed is the state at one moment. A domain
counts as much as the first sector of the institution says; clocks are those of all its sectors.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from cyberposture.model.assessments import Answer, Evidence, Review
from cyberposture.model.checks import Check
from cyberposture.model.controls import Catalogue, Control, Profile, Tier
from cyberposture.model.institutions import Institution
from cyberposture.model.scores import (
    ScoredAnswer,
    ScoredControl,
    ScoredDomain,
    ScoreDocument,
    ScoredReview,
    ScoreParameters,
    VerdictRow,
)
from cyberposture.scoring.sharing import SharedPart, inherit

_ORDER = "AGX"


@dataclass(frozen=True)
class Tally:
    """How many endpoints of one check stand where; `fresh` are fails whose repair clock runs."""

    passed: int = 0
    fail: int = 0
    fresh: int = 0
    inconclusive: int = 0
    not_tested: int = 0


def parameters_of(catalogue: Catalogue) -> ScoreParameters:
    """Return the numbers of the catalogue's framework in the score document's form."""
    return ScoreParameters.model_validate(catalogue.framework.scale.model_dump(mode="json"))


def is_gate(control: Control, tier: Tier) -> bool:
    """Return whether the control is a gate for an institution of this tier."""
    return control.gate is not None and _ORDER.index(control.gate) <= _ORDER.index(tier)


def features_of(institution: Institution) -> frozenset[str]:
    """Return the declared features; the highest tier is itself the feature `cii`."""
    own = frozenset(institution.features)
    return own | {"cii"} if institution.tier == "X" else own


def applies(control: Control, institution: Institution) -> bool:
    """Return whether the control's condition holds for the institution."""
    if control.applies_when is None:
        return True
    return control.applies_when.holds(features_of(institution), frozenset(institution.sectors))


def is_current(evidence: Evidence, on: date, age_days: int) -> bool:
    """Return whether a piece of evidence still speaks on that day."""
    if evidence.dated > on or (evidence.expires is not None and evidence.expires < on):
        return False
    return evidence.dated + timedelta(days=age_days) >= on


def _answer(
    control: Control, answer: Answer | None, review: Review | None, on: date, age_days: int
) -> ScoredAnswer | None:
    if control.evidence_mode == "N" or (answer is None and review is None):
        return None
    claimed = answer.not_applicable is not None if answer is not None else False
    approved = claimed and review is not None and review.approves_not_applicable
    grade = "E0"
    if answer is not None and any(is_current(e, on, age_days) for e in answer.evidence):
        grade = "E1"
    scored = None
    if review is not None and review.level is not None and review.grade is not None:
        scored = ScoredReview(level=review.level, grade=review.grade)
    return ScoredAnswer(
        control=control.id,
        level=answer.level if answer is not None else None,
        not_applicable="approved" if approved else "claimed" if claimed else None,
        grade="E1" if grade == "E1" else "E0",
        review=None if approved else scored,
    )


def rows_of(
    control: Control, checks: Sequence[Check], tallies: Mapping[str, Tally]
) -> Iterable[VerdictRow]:
    """Yield what the network shows of a control, a row for each check that observes it."""
    for use in control.observations:
        for check in checks:
            if check.observation != use.code:
                continue
            tally = tallies.get(check.id, Tally())
            yield VerdictRow.model_validate(
                {
                    "control": control.id,
                    "check": check.id,
                    "direction": use.direction,
                    "rollup": check.rollup,
                    "pass": tally.passed,
                    "fail": tally.fail,
                    "fresh": tally.fresh,
                    "inconclusive": tally.inconclusive,
                    "not_tested": tally.not_tested,
                }
            )


def _scored(control: Control, tier: Tier) -> ScoredControl:
    return ScoredControl(
        id=control.id,
        domain=control.domain,
        weight=control.weight,
        gate=is_gate(control, tier),
        evidence=control.evidence_mode,
    )


def _out_of_condition(control: Control) -> ScoredAnswer:
    return ScoredAnswer(
        control=control.id, level=None, not_applicable="condition", grade="E0", review=None
    )


def _domains(catalogue: Catalogue, institution: Institution) -> tuple[ScoredDomain, ...]:
    factors = catalogue.factors(institution.sectors)
    domains = catalogue.framework.domains
    return tuple(ScoredDomain(id=one.id, factor_pct=factors[one.id]) for one in domains)


def assemble(
    catalogue: Catalogue,
    checks: Sequence[Check],
    institution: Institution,
    *,
    answers: Mapping[str, Answer],
    reviews: Mapping[str, Review],
    tallies: Mapping[str, Tally],
    on: date,
    observation_overdue: bool,
    profile: Profile | None = None,
    shared: Mapping[str, Sequence[SharedPart]] | None = None,
) -> ScoreDocument:
    """Return the score document of one institution as it stood on the day `on`.

    `answers` and `reviews` are by control id, `tallies` by check id. Controls outside the profile
    (without one: outside the institution's tier) are not asked; a false condition makes a control
    not applicable. `shared` is what providers say of a control for services that are used.
    """
    chosen = catalogue.profile_of(institution.tier) if profile is None else profile
    asked = catalogue.of_profile(chosen)
    clocks = catalogue.clocks(institution.sectors, on)
    parameters = parameters_of(catalogue)
    given: list[ScoredAnswer] = []
    rows: list[VerdictRow] = []
    for control in asked:
        if not applies(control, institution):
            given.append(_out_of_condition(control))
        else:
            scored = _answer(
                control,
                answers.get(control.id),
                reviews.get(control.id),
                on,
                clocks.evidence_days(control.evidence_age_days),
            )
            if control.evidence_mode != "N":
                scored = inherit(parameters, scored, (shared or {}).get(control.id, ()), on)
            given.extend(() if scored is None else (scored,))
        rows.extend(rows_of(control, checks, tallies))
    return ScoreDocument(
        scoring=1,
        parameters=parameters,
        observation_overdue=observation_overdue,
        domains=_domains(catalogue, institution),
        controls=tuple(_scored(control, chosen.tier) for control in asked),
        answers=tuple(given),
        verdicts=tuple(rows),
    )
