"""One control at a time: claims, reviews and verdicts set together."""

from typing import Any

import pytest
from hypothesis import given
from score_documents import PARAMETERS, a_control, a_document, a_row, an_answer, bounded, documents

from cyberposture.model.scores import ControlScore, ScoreDocument
from cyberposture.scoring.reconcile import cases, reconcile


def one(
    *rows: dict[str, Any],
    answer: dict[str, Any] | None = None,
    evidence: str = "Q+N",
    parameters: dict[str, Any] = PARAMETERS,
) -> ControlScore:
    plain = a_document(
        [a_control(evidence=evidence)],
        [answer] if answer else [],
        list(rows),
        parameters=parameters,
    )
    document = ScoreDocument.model_validate(plain)
    [case] = cases(document)
    return reconcile(document.parameters, case)


@pytest.mark.parametrize("why", ["approved", "condition"])
@pytest.mark.parametrize("evidence", ["Q+N", "Q"])
def test_control_that_does_not_apply_says_nothing_at_all(why: str, evidence: str) -> None:
    rows = [a_row(fail=3)] if evidence == "Q+N" else []
    score = one(*rows, answer=an_answer(level=None, not_applicable=why), evidence=evidence)
    assert score == ControlScore(
        id="IAM-09",
        applicable=False,
        assessed=False,
        examined=False,
        declared=None,
        verified=None,
        grade=None,
        contradiction=False,
    )


def test_unanswered_is_0_and_not_assessed() -> None:
    score = one()
    assert (score.declared, score.verified, score.assessed, score.grade) == (0, 0, False, "E0")


def test_unanswered_form_keeps_the_grade_of_its_evidence() -> None:
    assert one(answer=an_answer(level=None)).grade == "E1"


def test_claim_that_it_does_not_apply_is_left_out_of_declared_and_0_in_verified() -> None:
    score = one(answer=an_answer(level=None, not_applicable="claimed"))
    assert (score.applicable, score.declared, score.verified) == (True, None, 0)
    assert (score.assessed, score.examined) == (True, False)


def test_reviewer_judges_a_claim_that_it_does_not_apply() -> None:
    review = {"level": 2, "grade": "E2"}
    score = one(answer=an_answer(level=None, not_applicable="claimed", review=review))
    assert (score.declared, score.verified, score.examined) == (None, 8000, True)


@pytest.mark.parametrize(
    ("grade", "verified"), [("E0", 4000), ("E1", 6400)], ids=["stated", "documented"]
)
def test_own_word_is_worth_its_evidence(grade: str, verified: int) -> None:
    score = one(answer=an_answer(level=2, grade=grade))
    assert (score.declared, score.verified, score.examined) == (8000, verified, False)


def test_review_stands_instead_of_the_answer_and_never_edits_the_declared_value() -> None:
    score = one(answer=an_answer(level=3, review={"level": 1, "grade": "E3"}))
    assert (score.declared, score.verified, score.grade) == (10000, 4000, "E3")
    assert score.examined


def test_review_of_an_unanswered_control_makes_it_assessed() -> None:
    score = one(answer=an_answer(level=None, review={"level": 0, "grade": "E2"}))
    assert (score.declared, score.assessed, score.examined) == (0, True, True)


def test_review_may_find_less_evidence_than_was_claimed() -> None:
    score = one(answer=an_answer(level=2, grade="E1", review={"level": 2, "grade": "E0"}))
    assert (score.grade, score.verified) == ("E0", 4000)


@pytest.mark.parametrize(
    ("direction", "grade", "examined"),
    [("C", "E2", True), ("S", "E1", False), ("R", "E0", False)],
)
def test_passed_check_lifts_the_grade_as_its_direction_allows(
    direction: str, grade: str, examined: bool
) -> None:
    row = a_row(direction=direction, **{"pass": 9})
    score = one(row, answer=an_answer(level=2, grade="E0"))
    assert (score.grade, score.examined) == (grade, examined)


def test_passed_check_never_lowers_a_grade() -> None:
    audited = an_answer(review={"level": 2, "grade": "E3"})
    assert one(a_row(**{"pass": 9}), answer=audited).grade == "E3"
    assert one(a_row(direction="S", **{"pass": 9}), answer=audited).grade == "E3"


def test_check_lifts_the_grade_of_an_unanswered_control_and_gives_no_points() -> None:
    score = one(a_row(**{"pass": 9}))
    assert (score.grade, score.verified, score.assessed, score.examined) == ("E2", 0, False, True)


def test_supporting_failure_is_noted_and_changes_nothing() -> None:
    claim = an_answer(level=2)
    assert one(a_row(direction="S", fail=5), answer=claim) == one(answer=claim)


@pytest.mark.parametrize(("level", "contradiction"), [(3, True), (2, True), (1, False), (0, False)])
@pytest.mark.parametrize("direction", ["C", "R"])
def test_contradiction_needs_a_claim_of_the_whole_scope(
    direction: str, level: int, contradiction: bool
) -> None:
    score = one(a_row(direction=direction, fail=1), answer=an_answer(level=level))
    assert score.contradiction is contradiction
    assert score.examined


def test_contradiction_is_of_the_answer_even_where_a_reviewer_already_corrected_it() -> None:
    answer = an_answer(level=3, review={"level": 0, "grade": "E2"})
    assert one(a_row(fail=1), answer=answer).contradiction


def test_fresh_failure_contradicts_nothing_yet() -> None:
    score = one(a_row(fresh=3, **{"pass": 1}), answer=an_answer(level=3))
    assert (score.contradiction, score.verified) == (False, 10000)


def test_lowest_ceiling_wins_whatever_the_order() -> None:
    rows = [
        a_row(check="a.worst-r", direction="R", fail=1),
        a_row(check="a.share-c", rollup="share", fail=7, **{"pass": 3}),
        a_row(check="a.share-r", direction="R", rollup="share", fail=1, **{"pass": 99}),
    ]
    answer = an_answer(level=3, review={"level": 3, "grade": "E3"})
    assert one(*rows, answer=answer).verified == 3000
    assert one(*rows[::-1], answer=answer).verified == 3000


def test_ceiling_below_the_points_is_all_that_a_contradiction_takes() -> None:
    answer = an_answer(level=1, review={"level": 1, "grade": "E2"})
    assert one(a_row(direction="R", fail=1), answer=answer).verified == 4000


def test_network_only_control_has_neither_declared_value_nor_grade() -> None:
    score = one(a_row(**{"pass": 9}), evidence="N")
    assert (score.declared, score.grade, score.contradiction) == (None, None, False)
    assert (score.verified, score.assessed, score.examined) == (10000, True, True)


@pytest.mark.parametrize(
    ("rows", "verified"),
    [
        ([], None),
        ([a_row()], None),
        ([a_row(**{"pass": 1}, not_tested=9)], None),
        ([a_row(fresh=9)], None),
        ([a_row(**{"pass": 9}), a_row(check="b.b", inconclusive=1)], None),
        ([a_row(**{"pass": 9}), a_row(check="b.b")], 10000),
        ([a_row(**{"pass": 9}), a_row(check="b.b", direction="S", fail=9)], 10000),
        ([a_row(fail=1, **{"pass": 9}), a_row(check="b.b", **{"pass": 9})], 0),
        ([a_row(fail=1, rollup="share", **{"pass": 1})], 5000),
        ([a_row(fail=1, rollup="share", **{"pass": 99})], 8000),
        ([a_row(direction="S", **{"pass": 9})], 8000),
        ([a_row(direction="S", fail=9)], None),
        ([a_row(direction="S", fail=9), a_row(check="b.b", direction="S", **{"pass": 9})], 8000),
        ([a_row(inconclusive=1), a_row(check="b.b", direction="S", **{"pass": 9})], None),
        ([a_row(), a_row(check="b.b", direction="S", **{"pass": 9})], 8000),
    ],
    ids=[
        "no-rows",
        "no-endpoint",
        "too-little-seen",
        "only-fresh",
        "one-passed-beside-one-not",
        "one-passed-beside-one-without-endpoint",
        "support-failed",
        "worst-failed",
        "share-failed",
        "share-capped",
        "supported",
        "support-failed-alone",
        "one-support-passed",
        "decider-open-beside-support",
        "decider-without-endpoint-beside-support",
    ],
)
def test_network_alone_decides(rows: list[dict[str, Any]], verified: int | None) -> None:
    score = one(*rows, evidence="N")
    assert score.verified == verified
    assert score.assessed == score.examined == (verified is not None)


@bounded
@given(documents())
def test_cases_are_the_controls_in_code_point_order_with_all_their_rows(
    plain: dict[str, Any],
) -> None:
    found = cases(ScoreDocument.model_validate(plain))
    assert [case.control.id for case in found] == sorted(c["id"] for c in plain["controls"])
    assert sum(len(case.rows) for case in found) == len(plain["verdicts"])
