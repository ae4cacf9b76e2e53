"""Many institutions at once: the same arithmetic as `rollup.compute`, over compact rows in NumPy.

It gives the same numbers bit for bit, in 64-bit integers alone. It lists no gates and no
contradictions by name: for those, and for reasons, compute the one institution.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cyberposture.errors import WrongUsage
from cyberposture.model.scores import ControlScore, ScoreDocument, ScoreParameters
from cyberposture.scoring.points import FULL
from cyberposture.scoring.rows import Rows, pack, stack, worth_of_states

Ints = NDArray[np.int64]
NULL = -1
"""Stands for what `compute` gives as None; no score, share or place is ever negative."""
CONFIDENCES = ("low", "medium", "high")

QUANTITIES = np.dtype(
    [
        ("declared", "<u4"),
        ("verified", "<u4"),
        ("claims_verified", "<u4"),
        ("declared_weight", "<u2"),
        ("verified_weight", "<u2"),
        ("applicable", "<u2"),
        ("assessed", "<u2"),
        ("examined", "<u2"),
        ("nothing", "<u2"),
    ]
)
"""What is summed over the controls of a domain: weighted points, then weights.

A record fills three 64-bit words, so that three additions serve eight sums; `basis_of` refuses
what could make one of them run over into the next.
"""
WORDS = QUANTITIES.itemsize // 8


@dataclass(frozen=True)
class Worth:
    """What each state of a control is worth, before ceilings; s: the number of the state."""

    quantities: NDArray[np.void]
    """s: the record of its quantities."""
    verified: Ints
    """s: the verified points."""
    is_claim: NDArray[np.bool_]
    """s: whether it has a declared value, so that its verified one counts among the claims."""
    is_bare_word: NDArray[np.bool_]
    is_applicable: NDArray[np.bool_]


@dataclass(frozen=True)
class Basis:
    """What all institutions of one batch share: parameters, domains, and controls by id."""

    parameters: ScoreParameters
    domains: tuple[str, ...]
    factors: Ints
    """d: the factor of each domain in per cent."""
    weights: Ints
    """c: the weight of each control."""
    domain_at: Ints
    """c: the domain of each control, by its place."""
    gates: Ints
    """g: the controls that are gates, by their place."""
    worth: Worth


@dataclass(frozen=True)
class NationScores:
    """Scores of n institutions in basis points; NULL where `compute` gives None."""

    declared: Ints
    verified: Ints
    claims_verified: Ints
    coverage: Ints
    examined: Ints
    confidence: Ints
    """n: the place in CONFIDENCES."""
    band: Ints
    """n: the place among the bands of the parameters."""
    is_held: NDArray[np.bool_]
    """n: whether a gate lowers the band, or would if it stood higher."""
    domain_declared: Ints
    """d × n, as are the next three."""
    domain_verified: Ints
    domain_claims_verified: Ints
    domain_coverage: Ints


def compute_many(documents: Sequence[ScoreDocument]) -> NationScores:
    """Return the scores of documents that share parameters, domains and controls, in their order.

    Raises:
        WrongUsage: there are none, they do not share these, or a number is too large for a batch.
    """
    if not documents:
        raise WrongUsage("a batch needs at least one document")
    first = documents[0]
    for other in documents[1:]:
        shared = (other.parameters, other.domains, other.controls)
        if shared != (first.parameters, first.domains, first.controls):
            raise WrongUsage("a batch shares parameters, domains and controls")
    blobs = [pack(document) for document in documents]
    return score_rows(basis_of(first), stack(blobs, len(first.controls)))


def basis_of(document: ScoreDocument) -> Basis:
    """Return what a batch shares, taken from any one of its documents.

    Raises:
        WrongUsage: a weight, a factor or a value is so large that a sum might run over.
    """
    domains = sorted(document.domains, key=lambda domain: domain.id)
    controls = sorted(document.controls, key=lambda control: control.id)
    place = {domain.id: i for i, domain in enumerate(domains)}
    scores = worth_of_states(document.parameters)
    _refuse_too_large(document, scores)
    return Basis(
        parameters=document.parameters,
        domains=tuple(place),
        factors=np.array([domain.factor_pct for domain in domains], dtype=np.int64),
        weights=np.array([control.weight for control in controls], dtype=np.int64),
        domain_at=np.array([place[control.domain] for control in controls], dtype=np.int64),
        gates=np.array([i for i, c in enumerate(controls) if c.gate], dtype=np.int64),
        worth=_worth(scores),
    )


def _refuse_too_large(document: ScoreDocument, scores: tuple[ControlScore, ...]) -> None:
    """Raise where a sum might not fit its place: 16 bits of weight, 32 of points, 63 at the end."""
    most = max(max(score.declared or 0, score.verified or 0, 1) for score in scores)
    weights = {domain.id: 0 for domain in document.domains}
    for control in document.controls:
        weights[control.domain] += control.weight
    heaviest = max(weights.values(), default=0)
    whole = sum(domain.factor_pct * weights[domain.id] for domain in document.domains)
    if heaviest >= 2**16 or heaviest * most >= 2**32 or whole * (2 * most + 1) >= 2**63:
        raise WrongUsage("weights, factors or values are too large for a batch")


def score_rows(basis: Basis, rows: Rows) -> NationScores:
    """Return the scores of all rows, in their order."""
    sums = _sums(basis, rows)
    _take_off_ceilings(basis, rows, sums)
    of_domain = {
        "declared": _rounded(sums["declared"], sums["declared_weight"]),
        "verified": _rounded(sums["verified"], sums["verified_weight"]),
        "claims_verified": _rounded(sums["claims_verified"], sums["declared_weight"]),
        "coverage": _rounded(FULL * sums["assessed"], sums["applicable"]),
    }
    weights = basis.factors[:, None] * sums["applicable"]
    applicable = sums["applicable"].sum(axis=0)
    verified = _mean(weights, of_domain["verified"])
    coverage = _rounded(FULL * sums["assessed"].sum(axis=0), applicable)
    examined = _rounded(FULL * sums["examined"].sum(axis=0), applicable)
    confidence = _confidence(basis.parameters, examined)
    is_held = _held(basis, rows)
    return NationScores(
        declared=_mean(weights, of_domain["declared"]),
        verified=verified,
        claims_verified=_mean(weights, of_domain["claims_verified"]),
        coverage=coverage,
        examined=examined,
        confidence=confidence,
        band=_band(basis.parameters, verified, coverage, confidence, is_held),
        is_held=is_held,
        domain_declared=of_domain["declared"],
        domain_verified=of_domain["verified"],
        domain_claims_verified=of_domain["claims_verified"],
        domain_coverage=of_domain["coverage"],
    )


def _sums(basis: Basis, rows: Rows) -> dict[str, Ints]:
    """Return the sum of each quantity over the controls of each domain, d × n, before ceilings."""
    words = basis.worth.quantities.view("<i8").reshape(-1, WORDS)
    weighted = {weight: weight * words for weight in set(basis.weights.tolist())}
    totals = np.zeros((len(basis.domains), rows.overdue.size, WORDS), dtype="<i8")
    columns = zip(basis.weights.tolist(), basis.domain_at.tolist(), rows.states, strict=True)
    for weight, domain, states in columns:
        totals[domain] += weighted[weight].take(states, axis=0)
    summed = totals.view(QUANTITIES)[..., 0]
    return {name: summed[name].astype(np.int64) for name in QUANTITIES.names or ()}


def _worth(scores: tuple[ControlScore, ...]) -> Worth:
    quantities = [
        (
            score.declared or 0,
            score.verified or 0,
            (score.verified or 0) if score.declared is not None else 0,
            score.declared is not None,
            score.verified is not None,
            score.applicable,
            score.assessed,
            score.examined,
            0,
        )
        for score in scores
    ]
    verified = [NULL if score.verified is None else score.verified for score in scores]
    return Worth(
        quantities=np.array(quantities, dtype=QUANTITIES),
        verified=np.array(verified, dtype=np.int64),
        is_claim=np.array([score.declared is not None for score in scores]),
        is_bare_word=np.array([score.grade == "E0" for score in scores]),
        is_applicable=np.array([score.applicable for score in scores]),
    )


def _take_off_ceilings(basis: Basis, rows: Rows, sums: dict[str, Ints]) -> None:
    """Take off the sums what stands above a ceiling; few controls have one."""
    states = rows.states[rows.limit_at, rows.limit_of]
    above = np.maximum(basis.worth.verified[states] - rows.limits, 0)
    excess = above * basis.weights[rows.limit_at]
    where = basis.domain_at[rows.limit_at] * rows.overdue.size + rows.limit_of
    np.subtract.at(sums["verified"].reshape(-1), where, excess)
    excess *= basis.worth.is_claim[states]
    np.subtract.at(sums["claims_verified"].reshape(-1), where, excess)


def _held(basis: Basis, rows: Rows) -> NDArray[np.bool_]:
    """Return for each institution whether a gate holds, overdue unknown ones included."""
    states = rows.states[basis.gates]
    points = basis.worth.verified[states]
    place = np.full(basis.weights.size, NULL, dtype=np.int64)
    place[basis.gates] = np.arange(basis.gates.size)
    gate = place[rows.limit_at]
    there = np.flatnonzero(gate != NULL)
    where = gate[there] * rows.overdue.size + rows.limit_of[there]
    np.minimum.at(points.reshape(-1), where, rows.limits[there])
    is_known = points != NULL
    few = points <= basis.parameters.gate_threshold
    closed = is_known & (few | basis.worth.is_bare_word[states])
    unknown = basis.worth.is_applicable[states] & ~is_known
    held: NDArray[np.bool_] = (closed | (unknown & rows.overdue)).any(axis=0)
    return held


def _rounded(numerator: Ints, denominator: Ints) -> Ints:
    """Return the quotients rounded half up, NULL where there is nothing to divide by."""
    quotient: Ints = (2 * numerator + denominator) // (2 * np.maximum(denominator, 1))
    quotient[denominator == 0] = NULL
    return quotient


def _mean(weights: Ints, values: Ints) -> Ints:
    """Return the weighted means over the domains that have a value, rounded half up."""
    counted = np.where(values == NULL, 0, weights)
    return _rounded((counted * values).sum(axis=0), counted.sum(axis=0))


def _confidence(parameters: ScoreParameters, examined: Ints) -> Ints:
    floors = parameters.confidence
    known = np.where(examined >= floors.medium, 1, 0)
    return np.where(examined == NULL, NULL, np.where(examined >= floors.high, 2, known))


def _band(
    parameters: ScoreParameters,
    verified: Ints,
    coverage: Ints,
    confidence: Ints,
    is_held: NDArray[np.bool_],
) -> Ints:
    names = [name for name, _ in parameters.bands]
    starts = np.array([start for _, start in parameters.bands], dtype=np.int64)
    place = np.searchsorted(starts, verified, side="right").astype(np.int64) - 1
    capped = np.minimum(place, names.index(parameters.gate_band))
    place = np.where(is_held, capped, place)
    capped = np.minimum(place, names.index(parameters.low_confidence_band))
    place = np.where(confidence == 0, capped, place)
    not_enough = (verified == NULL) | (coverage < parameters.coverage_floor)
    return np.where(not_enough, NULL, place)
