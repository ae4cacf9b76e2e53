"""The whole computation against an independent reference, and the corners of roll-up."""

import json

import pytest
from hypothesis import given, settings
from score_documents import (
    PARAMETERS,
    a_control,
    a_document,
    a_row,
    an_answer,
    bounded,
    documents,
    score,
)

from cyberposture.model.scores import ScoreDocument
from cyberposture.scoring.door import write_result
from cyberposture.scoring.rollup import compute
from cyberposture.services.proof.bundle.verifier import scores as verifier_scores

# What an auditor recomputes a score with: it shares no line with the engine.


@settings(bounded, max_examples=200)
@given(documents())
def test_engine_and_independent_reference_agree(plain: dict) -> None:
    expected = verifier_scores.score(plain)
    written = write_result(compute(ScoreDocument.model_validate(plain)))
    # Compared as text, so that the order of keys is held too.
    assert written == json.dumps(expected, separators=(",", ":"))


@bounded
@given(documents())
def test_order_of_lists_changes_nothing(plain: dict) -> None:
    turned = {key: v[::-1] if isinstance(v, list) else v for key, v in plain.items()}
    assert score(turned) == score(plain)


def test_every_domain_asked_for_is_listed_in_code_point_order() -> None:
    domains = [{"id": name, "factor_pct": 100} for name in ("b", "a", "Z", "É", "10", "9")]
    result = score(a_document([], domains=domains))
    assert [domain.id for domain in result.domains] == ["10", "9", "Z", "a", "b", "É"]


def test_document_without_controls_gives_nothing_rather_than_0() -> None:
    institution = score(a_document([])).institution
    assert institution.model_dump() == {
        "declared": None,
        "verified": None,
        "claims_verified": None,
        "band": None,
        "confidence": None,
        "examined": None,
        "coverage": None,
        "observation_coverage": None,
        "gates_holding": (),
        "gates_unknown": (),
        "contradictions": (),
    }


def test_institution_is_the_mean_of_rounded_domains() -> None:
    # Domain A: (1 × 10000 + 2 × 0) / 3 = 3333.33, rounded to 3333; domain B: 10000.
    # Weights 3 × 200 % and 1 × 100 %: (600 × 3333 + 100 × 10000) / 700 = 4285.43, so 4285;
    # from the exact third it would be 4285.71, so 4286.
    controls = [
        a_control("A-1", domain="A", weight=1),
        a_control("A-2", domain="A", weight=2),
        a_control("B-1", domain="B", weight=1),
    ]
    full = {"level": 3, "grade": "E3"}
    answers = [an_answer("A-1", 3, review=full), an_answer("B-1", 3, review=full)]
    domains = [{"id": "A", "factor_pct": 200}, {"id": "B", "factor_pct": 100}]
    result = score(a_document(controls, answers, domains=domains))
    assert result.domains[0].verified == 3333
    assert result.institution.verified == 4285


def test_coverage_of_the_institution_ignores_the_factors_of_domains() -> None:
    controls = [a_control("A-1", domain="A"), a_control("B-1", domain="B")]
    domains = [{"id": "A", "factor_pct": 300}, {"id": "B", "factor_pct": 1}]
    result = score(a_document(controls, [an_answer("A-1")], domains=domains))
    assert result.institution.coverage == 5000


@pytest.mark.parametrize(
    ("coverage_floor", "band"), [(3333, "Exposed"), (3334, None)], ids=["reached", "missed"]
)
def test_band_needs_the_rounded_coverage(coverage_floor: int, band: str | None) -> None:
    controls = [a_control(f"IAM-0{n}", weight=1) for n in (1, 2, 3)]
    parameters = PARAMETERS | {"coverage_floor": coverage_floor}
    result = score(a_document(controls, [an_answer("IAM-01")], parameters=parameters))
    assert result.institution.coverage == 3333
    assert result.institution.band == band


def _reviewed(level: int, grade: str = "E2") -> dict:
    return {"level": level, "grade": grade}


@pytest.mark.parametrize(
    ("start", "band"), [(8000, "Managed"), (8001, "Established")], ids=["at-start", "below"]
)
def test_band_begins_at_its_start(start: int, band: str) -> None:
    bands = [["Exposed", 0], ["Developing", 2500], ["Established", 5000], ["Managed", start]]
    document = a_document(
        answers=[an_answer(review=_reviewed(2))], parameters=PARAMETERS | {"bands": bands}
    )
    assert score(document).institution.band == band


def test_gate_at_the_threshold_holds_and_above_it_opens() -> None:
    controls = [a_control("IAM-01", gate=True), a_control("IAM-02", gate=True)]
    parameters = PARAMETERS | {"values": [0, 4000, 4001, 10000]}
    answers = [
        an_answer("IAM-01", 1, review=_reviewed(1)),
        an_answer("IAM-02", 2, review=_reviewed(2)),
    ]
    result = score(a_document(controls, answers, parameters=parameters))
    assert result.institution.gates_holding == ("IAM-01",)


def test_gate_that_holds_lowers_the_band_and_never_raises_it() -> None:
    controls = [a_control("IAM-01", gate=True, weight=1), a_control("IAM-02", weight=99)]
    high = [an_answer("IAM-01", 0), an_answer("IAM-02", 3, review=_reviewed(3))]
    low = [an_answer("IAM-01", 0), an_answer("IAM-02", 0, review=_reviewed(0))]
    assert score(a_document(controls, high)).institution.band == "Developing"
    assert score(a_document(controls, low)).institution.band == "Exposed"


def test_gate_that_does_not_apply_neither_holds_nor_is_unknown() -> None:
    controls = [a_control("IAM-01", gate=True), a_control("IAM-02", gate=True, evidence="N")]
    answers = [
        an_answer("IAM-01", None, not_applicable="approved"),
        an_answer("IAM-02", None, not_applicable="condition"),
    ]
    institution = score(a_document(controls, answers, observation_overdue=True)).institution
    assert (institution.gates_holding, institution.gates_unknown) == ((), ())


def test_unknown_gate_holds_only_once_observation_is_overdue_and_stays_unknown() -> None:
    controls = [a_control("IAM-01"), a_control("NET-01", gate=True, evidence="N", weight=1)]
    answers = [an_answer("IAM-01", 3, review=_reviewed(3))]
    verdicts = [a_row("NET-01", not_tested=9)]
    waiting = score(a_document(controls, answers, verdicts)).institution
    overdue = score(a_document(controls, answers, verdicts, observation_overdue=True)).institution
    assert (waiting.band, overdue.band) == ("Leading", "Developing")
    assert waiting.gates_unknown == overdue.gates_unknown == ("NET-01",)
    assert waiting.gates_holding == overdue.gates_holding == ()


@pytest.mark.parametrize(
    ("examined", "confidence", "band"),
    [(2999, "low", "Established"), (3000, "medium", "Leading"), (7000, "high", "Leading")],
)
def test_confidence_follows_the_examined_weight(examined: int, confidence: str, band: str) -> None:
    controls = [
        a_control("IAM-01", weight=examined),
        a_control("IAM-02", weight=10000 - examined),
    ]
    answers = [an_answer("IAM-01", 3, review=_reviewed(3)), an_answer("IAM-02", 3)]
    parameters = PARAMETERS | {"factors": dict.fromkeys(("E0", "E1", "E2", "E3"), 10000)}
    institution = score(a_document(controls, answers, parameters=parameters)).institution
    assert institution.examined == examined
    assert (institution.confidence, institution.band) == (confidence, band)


def test_observation_coverage_counts_fresh_failures_and_skips_what_does_not_apply() -> None:
    controls = [a_control("IAM-01"), a_control("IAM-02")]
    answers = [an_answer("IAM-02", None, not_applicable="approved")]
    verdicts = [
        a_row("IAM-01", **{"pass": 1}, fail=1, fresh=1, inconclusive=2, not_tested=2),
        a_row("IAM-02", not_tested=1000),
    ]
    result = score(a_document(controls, answers, verdicts))
    assert result.institution.observation_coverage == 4286


def test_claims_verified_leaves_out_what_has_no_declared_value() -> None:
    controls = [
        a_control("IAM-01", weight=1),
        a_control("IAM-02", weight=1),
        a_control("IAM-03", weight=1, evidence="N"),
    ]
    answers = [an_answer("IAM-01", 3), an_answer("IAM-02", None, not_applicable="claimed")]
    verdicts = [a_row("IAM-03", **{"pass": 4})]
    [domain] = score(a_document(controls, answers, verdicts)).domains
    assert (domain.declared, domain.claims_verified) == (10000, 8000)
    assert domain.verified == 6000
