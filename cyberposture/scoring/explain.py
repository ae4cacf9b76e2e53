"""Why a score is what it is: each step of its derivation as data.

It decides nothing: every number comes from the functions that computed the score. What each rule
says to people stands in the words of reports.
"""

from collections.abc import Iterator

from cyberposture.errors import NotFound
from cyberposture.model.assessments import Grade
from cyberposture.model.foundation import Model
from cyberposture.model.scores import (
    Confidence,
    ControlScore,
    ScoreDocument,
    ScoreParameters,
    ScoreResult,
    VerdictRow,
)
from cyberposture.scoring.points import (
    FULL,
    ceiling,
    passed_enough,
    share_passed,
    value_of,
    weighed,
)
from cyberposture.scoring.reconcile import (
    Case,
    cases,
    lift,
    observed_points,
    raised_grade,
    standing_points,
    stated_grade,
)
from cyberposture.scoring.rollup import (
    HOLDING,
    Gate,
    band,
    domain_weights,
    gate_states,
    members_by_domain,
)

Facts = dict[str, int | str | None]
NOT_KNOWN = "not known"


class Reason(Model):
    """One step: the rule, what it read, and the points before and after it.

    `before` and `after` are None where no points stand (yet), or where the rule is not about
    points.
    """

    rule: str
    facts: Facts
    before: int | None
    after: int | None


class Explanation(Model):
    """How one control came to its points; the last `after` of its reasons is `verified`."""

    control: str
    domain: str
    weight: int
    is_gate: bool
    score: ControlScore
    reasons: tuple[Reason, ...]


class DomainLine(Model):
    """One domain as it enters the institution's mean."""

    id: str
    factor_pct: int
    weight: int
    """Its factor times the weight of its applicable controls."""
    declared: int | None
    verified: int | None
    claims_verified: int | None
    coverage: int | None


class GateLine(Model):
    """One gate: why it holds, that it is unknown, or that it is open."""

    control: str
    state: Gate
    verified: int | None
    grade: Grade | None


class WholeExplanation(Model):
    """How an institution came to its band."""

    domains: tuple[DomainLine, ...]
    gates: tuple[GateLine, ...]
    band: str | None
    band_but_for_gates: str | None
    """What the band would be if every gate were open."""
    confidence: Confidence | None
    reasons: tuple[Reason, ...]


def people(points: int | None) -> str:
    """Return basis points as people are shown them: one decimal, cut off and never rounded."""
    if points is None:
        return NOT_KNOWN
    return f"{points // 100}.{points % 100 // 10}"


def spaced(number: int) -> str:
    """Return a whole number with a space between thousands."""
    return f"{number:,}".replace(",", " ")


def explain_control(document: ScoreDocument, result: ScoreResult, control_id: str) -> Explanation:
    """Return the derivation of one control's points.

    Raises:
        NotFound: the document asks for no such control.
    """
    for case, score in zip(cases(document), result.controls, strict=True):
        if case.control.id == control_id:
            return _explanation(document.parameters, case, score)
    raise NotFound("control", control_id)


def explain_controls(document: ScoreDocument, result: ScoreResult) -> tuple[Explanation, ...]:
    """Return the derivation of every control's points, in the order of the result."""
    return tuple(
        _explanation(document.parameters, case, score)
        for case, score in zip(cases(document), result.controls, strict=True)
    )


def _explanation(parameters: ScoreParameters, case: Case, score: ControlScore) -> Explanation:
    return Explanation(
        control=case.control.id,
        domain=case.control.domain,
        weight=case.control.weight,
        is_gate=case.control.gate,
        score=score,
        reasons=tuple(_reasons(parameters, case)),
    )


def _reason(
    rule: str, facts: Facts | None = None, before: int | None = None, after: int | None = None
) -> Reason:
    return Reason(rule=rule, facts=facts or {}, before=before, after=after)


def _reasons(parameters: ScoreParameters, case: Case) -> Iterator[Reason]:
    if case.answer is not None and case.answer.is_left_out:
        yield _reason(str(case.answer.not_applicable))
    elif case.is_network_only:
        yield from _observed(parameters, case)
    else:
        yield from _claimed(parameters, case)


def _claimed(parameters: ScoreParameters, case: Case) -> Iterator[Reason]:
    points = value_of(parameters, case.level)
    if case.is_claimed_away:
        yield _reason("claimed", after=points)
    elif case.level is None:
        yield _reason("unanswered", after=points)
    else:
        yield _level("answered", case.level, None, points)
    if case.review is not None:
        standing = standing_points(parameters, case)
        yield _level("reviewed", case.review.level, points, standing)
        points = standing
    yield from _lifts(parameters, case, points)
    grade = raised_grade(parameters, case)
    facts: Facts = {"grade": grade, "factor": _factor(parameters.factors.of(grade))}
    after = weighed(parameters, points, grade)
    yield _reason("graded", facts, points, after)
    yield from _rows(parameters, case, after)
    if case.level in (2, 3) and case.failed():
        yield _reason("contradiction", {"level": case.level})


def _level(rule: str, level: int, before: int | None, after: int) -> Reason:
    return _reason(rule, {"level": level}, before, after)


def _factor(factor: int) -> str:
    """Return a factor in basis points as a plain decimal number, without idle zeros."""
    whole, rest = divmod(factor, FULL)
    return f"{whole}.{rest:04}".rstrip("0").rstrip(".")


def _lifts(parameters: ScoreParameters, case: Case, points: int) -> Iterator[Reason]:
    grade = stated_grade(case)
    for row in case.rows:
        reached = lift(parameters, row)
        if reached != "E0":
            higher = max(grade, reached)
            rule = "lifted" if higher > grade else "confirmed"
            facts = _facts(row) | {"grade_before": grade, "grade_after": higher}
            yield _reason(rule, facts, points, points)
            grade = higher


def _facts(row: VerdictRow) -> Facts:
    plain: Facts = row.model_dump(exclude={"control"})
    return plain | {"conclusive": row.conclusive, "all": row.all}


def _rows(parameters: ScoreParameters, case: Case, points: int) -> Iterator[Reason]:
    """Yield what each row does to the points, in the order given; the order changes no result."""
    for row in case.rows:
        limit = ceiling(parameters, row)
        if limit is None:
            yield from _without_limit(parameters, row, points)
        else:
            facts = _facts(row) | {"limit": limit, "share": people(share_passed(row))}
            lower = min(points, limit)
            yield _reason(f"failed-{row.direction}-{row.rollup}", facts, points, lower)
            points = lower
        if row.fresh > 0:
            yield _reason("fresh", _facts(row), points, points)


def _without_limit(
    parameters: ScoreParameters, row: VerdictRow, points: int | None
) -> Iterator[Reason]:
    """Yield why a row sets no limit; what lifts a grade was told where the grade was."""
    facts = _facts(row)
    if row.fail > 0:
        yield _reason("failed-S", facts, points, points)
    elif row.all == 0:
        yield _reason("no-endpoint", facts, points, points)
    elif row.passed == 0:
        yield _reason("inconclusive", facts, points, points)
    elif not passed_enough(parameters, row):
        facts["floor"] = people(parameters.observed_floor)
        yield _reason("seen-too-little", facts, points, points)
    elif row.direction == "R":
        yield _reason("passed-R", facts, points, points)


def _observed(parameters: ScoreParameters, case: Case) -> Iterator[Reason]:
    if case.failed():
        yield _reason("observed-failure", after=FULL)
        yield from _rows(parameters, case, FULL)
        return
    for row in case.rows:
        if passed_enough(parameters, row):
            yield _reason("passed", _facts(row))
        yield from _without_limit(parameters, row, None)
        if row.fresh > 0:
            yield _reason("fresh", _facts(row))
    points = observed_points(parameters, case)
    if points is None:
        yield _reason("observed-unknown")
    elif any(row.direction == "C" and row.all > 0 for row in case.rows):
        yield _reason("observed-full", after=points)
    else:
        yield _reason("observed-support", after=points)


def explain_whole(document: ScoreDocument, result: ScoreResult) -> WholeExplanation:
    """Return how the institution came to its band, and what the band would be but for the gates."""
    weights = domain_weights(document, members_by_domain(document, result.controls))
    factors = {domain.id: domain.factor_pct for domain in document.domains}
    scores = {score.id: score for score in result.controls}
    whole = result.institution
    without_gates = band(
        document.parameters, whole.verified, whole.coverage, whole.confidence, held=False
    )
    return WholeExplanation(
        domains=tuple(
            DomainLine(factor_pct=factors[d.id], weight=weights[d.id], **d.model_dump())
            for d in result.domains
        ),
        gates=tuple(
            GateLine(control=c, state=s, verified=scores[c].verified, grade=scores[c].grade)
            for c, s in gate_states(document, result.controls).items()
        ),
        band=whole.band,
        band_but_for_gates=without_gates,
        confidence=whole.confidence,
        reasons=tuple(_reasons_of_whole(document, result)),
    )


def _reasons_of_whole(document: ScoreDocument, result: ScoreResult) -> Iterator[Reason]:
    parameters, whole = document.parameters, result.institution
    if whole.coverage is None or whole.examined is None:
        yield _reason("nothing-applies")
        return
    floor = people(parameters.coverage_floor)
    yield _reason("coverage", {"coverage": people(whole.coverage), "floor": floor})
    examined: Facts = {"examined": people(whole.examined), "confidence": whole.confidence}
    yield _reason("confidence", examined)
    yield from _gate_reasons(document, result)
    reached = band(parameters, whole.verified, whole.coverage, None, held=False)
    if reached is None:
        yield _reason("too-little-known")
        return
    yield _reason("verified", {"verified": people(whole.verified), "band": reached})
    trusted = band(parameters, whole.verified, whole.coverage, whole.confidence, held=False)
    for rule, before, after in (
        ("lowered-by-confidence", reached, trusted),
        ("lowered-by-gates", trusted, whole.band),
    ):
        if before != after:
            yield _reason(rule, {"band_before": before, "band_after": after})
    yield _reason("band", {"band": whole.band})


def _gate_reasons(document: ScoreDocument, result: ScoreResult) -> Iterator[Reason]:
    scores = {score.id: score for score in result.controls}
    threshold = document.parameters.gate_threshold
    for control, state in gate_states(document, result.controls).items():
        facts: Facts = {"control": control, "points": scores[control].verified}
        if state == "unknown" and document.observation_overdue:
            yield _reason("gate-overdue", facts)
        elif state == "unknown":
            yield _reason("gate-unknown", facts)
        elif state in HOLDING:
            yield _reason(f"gate-{state}", facts | {"threshold": threshold})
