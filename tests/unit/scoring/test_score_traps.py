"""Traps that other scoring systems fell into, each with the claim that we do not."""

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from score_documents import (
    PARAMETERS,
    a_control,
    a_document,
    a_row,
    an_answer,
    bounded,
    control_lists,
    documents,
    domain_lists,
    forms,
    score,
)

from cyberposture.model.scores import ScoreDocument
from cyberposture.scoring.explain import explain_whole, people
from cyberposture.scoring.points import rounded_ratio

Plain = dict[str, Any]
BANDS = [None, *(name for name, _ in PARAMETERS["bands"])]


@st.composite
def shipped(draw: st.DrawFn) -> Plain:
    """Draw a document under the shipped parameters, whose values and factors ascend."""
    domains = draw(domain_lists())
    controls = draw(control_lists(domains, max_controls=8))
    return a_document(controls, domains=domains, **draw(forms(controls)))


def standing(plain: Plain) -> tuple[int, int, int]:
    """Return verified score, coverage and place of the band, in a form that can be compared."""
    institution = score(plain).institution
    return (
        institution.verified if institution.verified is not None else -1,
        institution.coverage if institution.coverage is not None else -1,
        BANDS.index(institution.band),
    )


def not_worse(better: Plain, worse: Plain) -> bool:
    return all(b >= w for b, w in zip(standing(better), standing(worse), strict=True))


def test_empty_group_is_neither_0_nor_full() -> None:
    domains = [{"id": "IAM", "factor_pct": 100}, {"id": "NET", "factor_pct": 300}]
    answers = [an_answer(review={"level": 2, "grade": "E2"})]
    result = score(a_document(answers=answers, domains=domains))
    assert result.domains[1].verified is None
    assert result.domains[1].coverage is None
    assert result.institution.verified == 8000


def test_group_in_which_nothing_applies_is_neither_0_nor_full() -> None:
    answers = [an_answer(level=None, not_applicable="approved")]
    result = score(a_document(answers=answers))
    assert result.institution.verified is None
    assert result.institution.coverage is None


def test_requirement_without_findings_is_not_passed() -> None:
    result = score(a_document([a_control(evidence="N")]))
    assert result.controls[0].verified is None
    assert result.institution.coverage == 0


def test_silence_after_a_failure_is_not_a_pass() -> None:
    before = a_row(fail=3)
    after = a_row(inconclusive=3)
    controls, answers = [a_control()], [an_answer(level=2, grade="E0")]
    assert score(a_document(controls, answers, [before])).controls[0].verified == 0
    control = score(a_document(controls, answers, [after])).controls[0]
    assert (control.grade, control.examined) == ("E0", False)


def test_one_pass_beside_ninety_nine_untested_hosts_is_not_a_pass() -> None:
    row = a_row(**{"pass": 1}, not_tested=99)
    claimed = score(a_document(answers=[an_answer(grade="E0")], verdicts=[row])).controls[0]
    observed = score(a_document([a_control(evidence="N")], verdicts=[row])).controls[0]
    assert claimed.grade == "E0"
    assert observed.verified is None


@bounded
@given(shipped(), st.data())
def test_emptier_form_never_scores_better(plain: Plain, data: st.DataObject) -> None:
    given_levels = [a for a in plain["answers"] if a["level"] is not None and not a["review"]]
    assume(given_levels)
    answer = data.draw(st.sampled_from(given_levels))
    emptied = [a for a in plain["answers"] if a is not answer]
    assert not_worse(plain, plain | {"answers": emptied})


@bounded
@given(shipped(), st.data())
def test_raising_a_level_never_lowers_score_coverage_or_band(
    plain: Plain, data: st.DataObject
) -> None:
    levels = [a for a in plain["answers"] if a["level"] is not None and a["level"] < 3]
    assume(levels)
    answer = data.draw(st.sampled_from(levels))
    raised = [a | {"level": a["level"] + 1} if a is answer else a for a in plain["answers"]]
    assert not_worse(plain | {"answers": raised}, plain)


@bounded
@given(shipped(), st.data())
def test_evidence_never_lowers_score_coverage_or_band(plain: Plain, data: st.DataObject) -> None:
    stated = [a for a in plain["answers"] if a["grade"] == "E0"]
    assume(stated)
    answer = data.draw(st.sampled_from(stated))
    documented = [a | {"grade": "E1"} if a is answer else a for a in plain["answers"]]
    assert not_worse(plain | {"answers": documented}, plain)


@bounded
@given(shipped(), st.data())
def test_claiming_not_applicable_never_verifies_better_than_answering(
    plain: Plain, data: st.DataObject
) -> None:
    levels = [a for a in plain["answers"] if a["level"] is not None]
    assume(levels)
    answer = data.draw(st.sampled_from(levels))
    claimed = answer | {"level": None, "not_applicable": "claimed"}
    answers = [claimed if a is answer else a for a in plain["answers"]]
    assert not_worse(plain, plain | {"answers": answers})


@bounded
@given(shipped())
def test_clean_scan_is_never_worse_than_a_refused_one(plain: Plain) -> None:
    def spread(row: Plain, kind: str) -> Plain:
        counts = {"pass": 0, "fail": 0, "fresh": 0, "inconclusive": 0, "not_tested": 0}
        total = sum(row[name] for name in counts)
        return row | counts | {kind: total}

    # A check that merely supports is worth less than full points, and may lower a mean above it.
    network = {c["id"] for c in plain["controls"] if c["evidence"] == "N"}
    rows = [r | {"direction": "C"} if r["control"] in network else r for r in plain["verdicts"]]
    refused = [spread(row, "not_tested") for row in rows]
    clean = [spread(row, "pass") for row in rows]
    assert not_worse(plain | {"verdicts": clean}, plain | {"verdicts": refused})


@bounded
@given(shipped())
def test_refusing_the_scan_never_lifts_the_band_over_an_overdue_gate(plain: Plain) -> None:
    institution = score(plain | {"observation_overdue": True}).institution
    if institution.gates_unknown or institution.gates_holding:
        assert BANDS.index(institution.band) <= BANDS.index("Developing")


@bounded
@given(shipped(), st.data())
def test_repairing_what_was_wholly_seen_never_lowers_score_or_band(
    plain: Plain, data: st.DataObject
) -> None:
    known = plain["controls"] or [a_control(domain=plain["domains"][0]["id"])]
    chosen = data.draw(st.sampled_from(known))["id"]
    controls = [c | {"evidence": "Q+N"} if c["id"] == chosen else c for c in known]
    broken = a_row(chosen, "drawn.broken", fail=data.draw(st.integers(1, 9)))
    mended = broken | {"pass": broken["fail"], "fail": 0}
    seen = [row | {"inconclusive": 0, "not_tested": 0} for row in plain["verdicts"]]
    worse, better = (
        plain | {"controls": controls, "verdicts": [*seen, row]} for row in (broken, mended)
    )
    assert not_worse(better, worse)


def test_bare_claims_of_the_highest_level_score_below_honest_lower_ones() -> None:
    controls = [a_control(f"IAM-0{n}", gate=n == 1) for n in range(1, 6)]
    bare = [an_answer(c["id"], 3, grade="E0") for c in controls]
    honest = [an_answer(c["id"], 2, grade="E1") for c in controls]
    boaster = score(a_document(controls, bare)).institution
    candid = score(a_document(controls, honest)).institution
    assert boaster.declared > candid.declared
    assert boaster.verified < candid.verified
    assert (boaster.band, boaster.gates_holding) == ("Developing", ("IAM-01",))
    assert (candid.band, candid.gates_holding) == ("Established", ())


def test_bare_word_passes_no_gate_even_where_its_points_would() -> None:
    result = score(a_document([a_control(gate=True)], [an_answer(level=3, grade="E0")]))
    assert result.controls[0].verified == 5000
    assert result.institution.gates_holding == ("IAM-09",)


def test_points_are_cut_off_and_means_are_rounded_half_up() -> None:
    parameters = PARAMETERS | {"values": [0, 3333, 3334, 10000]}
    controls = [a_control("IAM-01", weight=1), a_control("IAM-02", weight=1)]
    answers = [an_answer("IAM-01", 1), an_answer("IAM-02", 2)]
    result = score(a_document(controls, answers, parameters=parameters))
    # 2666.4 and 2667.2 are cut off to 2666 and 2667, whose mean 2666.5 is rounded up.
    assert [control.verified for control in result.controls] == [2666, 2667]
    assert result.institution.verified == 2667
    assert rounded_ratio(2666 + 2667, 2) == 2667


def test_weight_0_is_refused_and_not_read_as_1() -> None:
    with pytest.raises(ValueError, match=r"greater than or equal to 1"):
        score(a_document([a_control(weight=0)]))


def test_null_is_not_counted_as_0() -> None:
    controls = [a_control("IAM-01"), a_control("IAM-02", evidence="N")]
    answers = [an_answer("IAM-01", review={"level": 3, "grade": "E3"})]
    [domain] = score(a_document(controls, answers)).domains
    assert domain.verified == 10000
    assert domain.coverage == 5000


def test_prefilled_form_without_answers_covers_nothing() -> None:
    controls = [a_control(f"IAM-0{n}") for n in range(1, 5)]
    prefilled = [an_answer(c["id"], None, grade="E0") for c in controls]
    institution = score(a_document(controls, prefilled)).institution
    assert (institution.coverage, institution.band) == (0, None)


@bounded
@given(documents())
def test_chart_and_explanation_draw_on_the_very_numbers_of_the_result(plain: Plain) -> None:
    document = ScoreDocument.model_validate(plain)
    result = score(plain)
    lines = explain_whole(document, result).domains
    drawn = [(x.id, x.declared, x.verified, x.claims_verified, x.coverage) for x in lines]
    assert drawn == [tuple(domain.model_dump().values()) for domain in result.domains]
    known = [(line.weight, line.verified) for line in lines if line.verified is not None]
    total = sum(weight for weight, _ in known)
    assert rounded_ratio(sum(w * x for w, x in known), total) == result.institution.verified


def test_domain_with_many_controls_weighs_by_its_weight_and_not_as_one_of_two() -> None:
    many = [a_control(f"IAM-0{n}", weight=1) for n in range(1, 10)]
    answers = [an_answer(c["id"], 3, review={"level": 3, "grade": "E2"}) for c in many]
    controls = [*many, a_control("NET-01", weight=1)]
    assert score(a_document(controls, answers)).institution.verified == 9000


@bounded
@given(documents(), st.integers(2, 50))
def test_more_scanned_assets_give_no_more_weight(plain: Plain, times: int) -> None:
    kinds = ("pass", "fail", "fresh", "inconclusive", "not_tested")
    larger = [row | {kind: times * row[kind] for kind in kinds} for row in plain["verdicts"]]
    assert score(plain | {"verdicts": larger}) == score(plain)


def test_one_stray_host_in_3000_does_not_sink_a_large_institution() -> None:
    answers = [an_answer(level=3, review={"level": 3, "grade": "E2"})]
    stray = a_row(rollup="share", **{"pass": 2999}, fail=1)
    assert score(a_document(answers=answers, verdicts=[stray])).institution.verified == 8000


def test_people_see_one_decimal_cut_off_while_bands_use_the_integer() -> None:
    parameters = PARAMETERS | {"values": [0, 4000, 6995, 10000]}
    answers = [an_answer(level=2, review={"level": 2, "grade": "E2"})]
    institution = score(a_document(answers=answers, parameters=parameters)).institution
    assert institution.verified == 6995
    assert (people(institution.verified), institution.band) == ("69.9", "Established")
