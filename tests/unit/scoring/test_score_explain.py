"""Explanations: every number of the result is reached, and every rule has its sentence."""

from typing import Any

import pytest
from hypothesis import given
from score_documents import PARAMETERS, a_control, a_document, a_row, an_answer, bounded, documents

from cyberposture.content.bundle import find_content
from cyberposture.errors import NotFound
from cyberposture.model.scores import ScoreDocument
from cyberposture.reporting.derivation import say_reason
from cyberposture.reporting.words import load_words
from cyberposture.scoring.explain import (
    Explanation,
    WholeExplanation,
    explain_control,
    explain_controls,
    explain_whole,
    people,
)
from cyberposture.scoring.rollup import compute

Plain = dict[str, Any]
SHARED = find_content(None).reports / "_shared"
ENGLISH, URDU = (load_words([SHARED], language) for language in ("en", "ur"))


def explained(
    *rows: Plain, answer: Plain | None = None, evidence: str = "Q+N", gate: bool = False
) -> Explanation:
    plain = a_document(
        [a_control(evidence=evidence, gate=gate)], [answer] if answer else [], list(rows)
    )
    document = ScoreDocument.model_validate(plain)
    return explain_control(document, compute(document), "IAM-09")


def whole(plain: Plain) -> WholeExplanation:
    document = ScoreDocument.model_validate(plain)
    return explain_whole(document, compute(document))


def rules(explanation: Explanation | WholeExplanation) -> list[str]:
    return [reason.rule for reason in explanation.reasons]


def says(explanation: Explanation | WholeExplanation) -> list[str]:
    return [str(say_reason(ENGLISH, reason)) for reason in explanation.reasons]


@bounded
@given(documents())
def test_reasons_lead_to_the_verified_points_without_a_gap(plain: Plain) -> None:
    document = ScoreDocument.model_validate(plain)
    result = compute(document)
    for explanation, score in zip(explain_controls(document, result), result.controls, strict=True):
        points = None
        for reason in explanation.reasons:
            if reason.before is not None:
                assert reason.before == points
            if reason.after is not None:
                points = reason.after
        assert points == score.verified
        assert explanation.score == score


@bounded
@given(documents())
def test_whole_explanation_ends_in_the_band(plain: Plain) -> None:
    document = ScoreDocument.model_validate(plain)
    result = compute(document)
    found = explain_whole(document, result)
    last = found.reasons[-1]
    assert last.facts.get("band") == result.institution.band
    holding = [gate.control for gate in found.gates if gate.state in ("few-points", "bare-word")]
    assert tuple(holding) == result.institution.gates_holding


def test_derivation_reads_like_an_auditors_note() -> None:
    explanation = explained(a_row(**{"pass": 8}, fail=1), answer=an_answer(level=2))
    assert says(explanation) == [
        "Answer level 2, in the whole scope: 8 000 points.",
        "Grade E1, documented by a current piece of evidence, factor 0.8: "
        "8 000 becomes 6 400 points.",
        "Check remote-access.ssh failed on 1 of 9 known endpoints (worst, decides): "
        "6 400 becomes 0 points.",
        "Level 2 is claimed and the network shows otherwise: a contradiction.",
    ]


def test_reason_carries_its_numbers_as_data() -> None:
    row = a_row(rollup="share", fail=1, fresh=2, **{"pass": 2})
    reason = explained(row, answer=an_answer(level=3)).reasons[2]
    assert (reason.rule, reason.before, reason.after) == ("failed-C-share", 8000, 6666)
    assert reason.facts["check"] == "remote-access.ssh"
    assert (reason.facts["fail"], reason.facts["fresh"], reason.facts["all"]) == (1, 2, 5)
    assert reason.facts["limit"] == 6666


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        (a_row(**{"pass": 9}), "lifted"),
        (a_row(direction="S", **{"pass": 9}), "confirmed"),
        (a_row(direction="R", **{"pass": 9}), "passed-R"),
        (a_row(direction="S", fail=1), "failed-S"),
        (a_row(direction="R", fail=1), "failed-R-worst"),
        (a_row(direction="R", fail=1, rollup="share"), "failed-R-share"),
        (a_row(**{"pass": 1}, not_tested=9), "seen-too-little"),
        (a_row(inconclusive=1), "inconclusive"),
        (a_row(), "no-endpoint"),
        (a_row(fresh=2), "fresh"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_row_is_told_by_its_rule(row: Plain, rule: str) -> None:
    assert rule in rules(explained(row, answer=an_answer()))


@pytest.mark.parametrize(
    ("answer", "first"),
    [
        (None, "unanswered"),
        (an_answer(level=None, not_applicable="claimed"), "claimed"),
        (an_answer(level=None, not_applicable="approved"), "approved"),
        (an_answer(level=None, not_applicable="condition"), "condition"),
        (an_answer(level=0), "answered"),
    ],
)
def test_explanation_begins_with_what_is_claimed(answer: Plain | None, first: str) -> None:
    assert rules(explained(answer=answer))[0] == first


def test_review_is_told_after_the_answer_that_it_replaces() -> None:
    found = explained(answer=an_answer(level=3, review={"level": 1, "grade": "E3"}))
    assert rules(found) == ["answered", "reviewed", "graded"]
    assert (found.reasons[1].before, found.reasons[1].after) == (10000, 4000)


@pytest.mark.parametrize(
    ("rows", "last"),
    [
        ([a_row(**{"pass": 9})], "observed-full"),
        ([a_row(direction="S", **{"pass": 9})], "observed-support"),
        ([a_row(fresh=9)], "observed-unknown"),
        ([], "observed-unknown"),
        ([a_row(fail=9)], "failed-C-worst"),
    ],
)
def test_network_only_control_is_told_by_what_was_seen(rows: list[Plain], last: str) -> None:
    assert rules(explained(*rows, evidence="N"))[-1] == last


def test_unknown_control_is_not_explained() -> None:
    document = ScoreDocument.model_validate(a_document())
    with pytest.raises(NotFound, match="IAM-77"):
        explain_control(document, compute(document), "IAM-77")


def test_band_but_for_the_gates_is_told() -> None:
    controls = [a_control("IAM-01", gate=True, weight=1), a_control("IAM-02", weight=9)]
    answers = [
        an_answer("IAM-01", 1, grade="E0"),
        an_answer("IAM-02", 2, review={"level": 2, "grade": "E2"}),
    ]
    found = whole(a_document(controls, answers))
    assert (found.band, found.band_but_for_gates) == ("Developing", "Managed")
    assert says(found) == [
        "100.0 % of the weight was assessed (at least 50.0 % is needed for a band).",
        "A reviewer or the network examined 90.0 % of the weight: high.",
        "Gate IAM-01 holds: its verified value of 2 000 points is 4 000 or less.",
        "The verified score is 74.0, which reaches Managed.",
        "A gate that holds lowers Managed to Developing.",
        "The band is Developing.",
    ]


def test_low_confidence_is_told_where_it_lowers_the_band() -> None:
    found = whole(a_document(answers=[an_answer(level=3)]))
    assert "Low confidence lowers Managed to Established." in says(found)


@pytest.mark.parametrize(
    ("plain", "rule"),
    [
        (a_document([]), "nothing-applies"),
        (a_document(), "too-little-known"),
        (a_document([a_control(gate=True)], [an_answer(level=3, grade="E0")]), "gate-bare-word"),
        (a_document([a_control(gate=True, evidence="N")]), "gate-unknown"),
        (
            a_document([a_control(gate=True, evidence="N")], observation_overdue=True),
            "gate-overdue",
        ),
    ],
)
def test_whole_is_told_by_its_rules(plain: Plain, rule: str) -> None:
    assert rule in rules(whole(plain))


def test_open_gate_gives_no_reason_but_stands_in_the_list() -> None:
    found = whole(a_document([a_control(gate=True)], [an_answer(level=3)]))
    assert [gate.state for gate in found.gates] == ["open"]
    assert not [rule for rule in rules(found) if rule.startswith("gate-")]


def test_domain_line_carries_its_weight_in_the_institution() -> None:
    domains = [{"id": "IAM", "factor_pct": 150}]
    [line] = whole(a_document(answers=[an_answer()], domains=domains)).domains
    assert (line.factor_pct, line.weight, line.declared) == (150, 750, 8000)


@pytest.mark.parametrize(
    ("points", "shown"),
    [(None, "not known"), (0, "0.0"), (9, "0.0"), (10, "0.1"), (6995, "69.9"), (10000, "100.0")],
)
def test_people_see_one_decimal_cut_off(points: int | None, shown: str) -> None:
    assert people(points) == shown


def test_factor_is_shown_as_a_plain_decimal() -> None:
    factors = {"E0": 1, "E1": 8050, "E2": 10000, "E3": 12500}
    for grade, shown in (("E0", "0.0001"), ("E1", "0.805")):
        plain = a_document(
            answers=[an_answer(grade=grade)], parameters=PARAMETERS | {"factors": factors}
        )
        document = ScoreDocument.model_validate(plain)
        explanation = explain_control(document, compute(document), "IAM-09")
        assert explanation.reasons[-1].facts["factor"] == shown


def test_hostile_names_cannot_reach_into_a_sentence() -> None:
    row = a_row(check="{answer.__class__}", fail=1)
    assert any("{answer.__class__}" in line for line in says(explained(row, answer=an_answer())))


@bounded
@given(documents())
def test_every_sentence_is_filled_in(plain: Plain) -> None:
    document = ScoreDocument.model_validate(plain)
    result = compute(document)
    reasons = [r for e in explain_controls(document, result) for r in e.reasons]
    for reason in [*reasons, *explain_whole(document, result).reasons]:
        assert say_reason(ENGLISH, reason).endswith(".")
        assert say_reason(URDU, reason).endswith("۔")
