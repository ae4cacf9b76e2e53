"""From controls to domains and to the institution: means, coverage, gates and the band.

The result is the same bit for bit wherever it is computed. Source of every rule: the exact
arithmetic of scoring version 1, as published for `score compute`.
"""

from collections.abc import Callable, Iterable
from typing import Literal

from cyberposture.model.scores import (
    Confidence,
    ControlScore,
    DomainScore,
    InstitutionScore,
    ScoreDocument,
    ScoreParameters,
    ScoreResult,
)
from cyberposture.scoring.points import rounded_ratio, rounded_share
from cyberposture.scoring.reconcile import cases, reconcile

Member = tuple[int, ControlScore]
"""The weight of an applicable control, and its score."""
Gate = Literal["few-points", "bare-word", "unknown", "open"]
"""Why a gate holds (few points first), that it is unknown, or that it lets through."""
HOLDING: tuple[Gate, ...] = ("few-points", "bare-word")


def compute(document: ScoreDocument) -> ScoreResult:
    """Return the score of one institution; equal documents give equal results, bit for bit."""
    return roll_up(document, (reconcile(document.parameters, case) for case in cases(document)))


def roll_up(document: ScoreDocument, scores: Iterable[ControlScore]) -> ScoreResult:
    """Return the whole result from the scores of every control of the document."""
    ordered = tuple(sorted(scores, key=lambda score: score.id))
    members = members_by_domain(document, ordered)
    domains = tuple(_domain_score(domain, members[domain]) for domain in sorted(members))
    return ScoreResult(
        institution=_institution_score(document, members, domains, ordered),
        domains=domains,
        controls=ordered,
    )


def members_by_domain(
    document: ScoreDocument, scores: Iterable[ControlScore]
) -> dict[str, list[Member]]:
    """Return the applicable controls of each domain; a domain without any has an empty list."""
    controls = {control.id: control for control in document.controls}
    members: dict[str, list[Member]] = {domain.id: [] for domain in document.domains}
    for score in scores:
        if score.applicable:
            control = controls[score.id]
            members[control.domain].append((control.weight, score))
    return members


def _domain_score(domain: str, members: list[Member]) -> DomainScore:
    return DomainScore(
        id=domain,
        declared=_mean((weight, score.declared) for weight, score in members),
        verified=_mean((weight, score.verified) for weight, score in members),
        claims_verified=_mean(
            (weight, score.verified) for weight, score in members if score.declared is not None
        ),
        coverage=_share_of_weight(members, lambda score: score.assessed),
    )


def _mean(pairs: Iterable[tuple[int, int | None]]) -> int | None:
    """Return the weighted mean of the points that are known, rounded half up, or None."""
    total = weights = 0
    for weight, points in pairs:
        if points is not None:
            total += weight * points
            weights += weight
    return rounded_ratio(total, weights)


def _share_of_weight(members: list[Member], claim: Callable[[ControlScore], bool]) -> int | None:
    part = sum(weight for weight, score in members if claim(score))
    return rounded_share(part, sum(weight for weight, _ in members))


def _institution_score(
    document: ScoreDocument,
    members: dict[str, list[Member]],
    domains: tuple[DomainScore, ...],
    scores: tuple[ControlScore, ...],
) -> InstitutionScore:
    weights = domain_weights(document, members)
    everything = [member for domain in domains for member in members[domain.id]]
    verified = _mean((weights[domain.id], domain.verified) for domain in domains)
    coverage = _share_of_weight(everything, lambda score: score.assessed)
    examined = _share_of_weight(everything, lambda score: score.examined)
    confidence = confidence_in(document.parameters, examined)
    gates = gate_states(document, scores)
    held = is_held(gates.values(), observation_overdue=document.observation_overdue)
    return InstitutionScore(
        declared=_mean((weights[domain.id], domain.declared) for domain in domains),
        verified=verified,
        claims_verified=_mean((weights[domain.id], domain.claims_verified) for domain in domains),
        band=band(document.parameters, verified, coverage, confidence, held=held),
        confidence=confidence,
        examined=examined,
        coverage=coverage,
        observation_coverage=_observation_coverage(document, scores),
        gates_holding=tuple(c for c, state in gates.items() if state in HOLDING),
        gates_unknown=tuple(c for c, state in gates.items() if state == "unknown"),
        contradictions=tuple(score.id for score in scores if score.contradiction),
    )


def domain_weights(document: ScoreDocument, members: dict[str, list[Member]]) -> dict[str, int]:
    """Return each domain's weight in the institution: its factor times its applicable weight."""
    return {
        domain.id: domain.factor_pct * sum(weight for weight, _ in members[domain.id])
        for domain in document.domains
    }


def _observation_coverage(document: ScoreDocument, scores: tuple[ControlScore, ...]) -> int | None:
    applicable = {score.id for score in scores if score.applicable}
    rows = [row for row in document.verdicts if row.control in applicable]
    return rounded_share(sum(row.conclusive for row in rows), sum(row.all for row in rows))


def gate_states(document: ScoreDocument, scores: Iterable[ControlScore]) -> dict[str, Gate]:
    """Return the state of each applicable gate, in the order of the scores."""
    gates = {control.id for control in document.controls if control.gate}
    return {
        score.id: gate_state(document.parameters, score)
        for score in scores
        if score.applicable and score.id in gates
    }


def gate_state(parameters: ScoreParameters, score: ControlScore) -> Gate:
    """Return whether an applicable gate holds and why, is unknown, or is open."""
    if score.verified is None:
        return "unknown"
    if score.verified <= parameters.gate_threshold:
        return "few-points"
    return "bare-word" if score.grade == "E0" else "open"


def is_held(gates: Iterable[Gate], *, observation_overdue: bool) -> bool:
    """Return whether the band is held down; an overdue unknown gate holds like a failed one."""
    closed = (*HOLDING, "unknown") if observation_overdue else HOLDING
    return any(state in closed for state in gates)


def confidence_in(parameters: ScoreParameters, examined: int | None) -> Confidence | None:
    """Return how much the examined share lets us trust the score; None where nothing applies."""
    if examined is None:
        return None
    if examined >= parameters.confidence.high:
        return "high"
    return "medium" if examined >= parameters.confidence.medium else "low"


def band(
    parameters: ScoreParameters,
    verified: int | None,
    coverage: int | None,
    confidence: Confidence | None,
    *,
    held: bool,
) -> str | None:
    """Return the name of the band, or None where not enough is known to give one."""
    if verified is None or coverage is None or coverage < parameters.coverage_floor:
        return None
    names = [name for name, _ in parameters.bands]
    place = sum(start <= verified for _, start in parameters.bands) - 1
    if held:
        place = min(place, names.index(parameters.gate_band))
    if confidence == "low":
        place = min(place, names.index(parameters.low_confidence_band))
    return names[place]
