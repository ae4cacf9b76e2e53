"""Why one score is not another: parts that add up to the difference, to the last point."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from score_documents import PARAMETERS, a_control, a_document, a_row, an_answer, bounded, documents

from cyberposture.model.scores import ScoreDocument
from cyberposture.scoring.attribution import TOGETHER, Attribution, attribute, share_out
from cyberposture.scoring.rollup import compute

Plain = dict[str, Any]


def between(before: Plain, after: Plain) -> Attribution:
    return attribute(ScoreDocument.model_validate(before), ScoreDocument.model_validate(after))


def parts(found: Attribution) -> dict[str, Fraction]:
    return {part.cause: part.points for part in found.parts}


def items(found: Attribution, cause: str) -> dict[str, Fraction]:
    return next(dict(part.items) for part in found.parts if part.cause == cause)


@bounded
@given(documents(max_controls=5), documents(max_controls=5))
def test_the_parts_add_up_to_the_difference(before: Plain, after: Plain) -> None:
    found = between(before, after)
    first = compute(ScoreDocument.model_validate(before)).institution.verified
    last = compute(ScoreDocument.model_validate(after)).institution.verified
    assert (found.before, found.after) == (first, last)
    assert found.change == (last or 0) - (first or 0)
    assert sum(parts(found).values(), Fraction(0)) == found.change
    for part in found.parts:
        assert sum((points for _, points in part.items), Fraction(0)) == part.points


@bounded
@given(documents(max_controls=5), documents(max_controls=5))
def test_the_way_back_is_the_way_there_with_the_signs_turned(before: Plain, after: Plain) -> None:
    there, back = parts(between(before, after)), parts(between(after, before))
    assert there == {cause: -points for cause, points in back.items()}


@bounded
@given(documents())
def test_what_does_not_differ_has_no_part(plain: Plain) -> None:
    found = between(plain, plain)
    assert (found.change, found.parts) == (0, ())


def one(**change: Any) -> Plain:
    controls = [a_control("IAM-01"), a_control("IAM-02", weight=3)]
    answers = [an_answer("IAM-01", 2), an_answer("IAM-02", 1)]
    return a_document(controls, answers) | change


@pytest.mark.parametrize(
    ("cause", "item", "change"),
    [
        ("parameters", "values", {"parameters": PARAMETERS | {"values": [0, 2000, 8000, 10000]}}),
        ("controls", "IAM-03", {"controls": [*one()["controls"], a_control("IAM-03")]}),
        (
            "controls",
            "IAM-02",
            {
                "answers": [
                    an_answer("IAM-01"),
                    an_answer("IAM-02", None, not_applicable="condition"),
                ]
            },
        ),
        ("weights", "IAM-02", {"controls": [a_control("IAM-01"), a_control("IAM-02", weight=5)]}),
        ("answers", "IAM-02", {"answers": [an_answer("IAM-01"), an_answer("IAM-02", 3)]}),
        (
            "evidence",
            "IAM-02",
            {"answers": [an_answer("IAM-01"), an_answer("IAM-02", 1, grade="E0")]},
        ),
        (
            "reviews",
            "IAM-02",
            {
                "answers": [
                    an_answer("IAM-01"),
                    an_answer("IAM-02", 1, review={"level": 0, "grade": "E2"}),
                ]
            },
        ),
        ("network", "remote-access.ssh", {"verdicts": [a_row("IAM-01", fail=1)]}),
    ],
)
def test_what_alone_differs_has_the_whole_difference(cause: str, item: str, change: Plain) -> None:
    found = between(one(), one(**change))
    whole = {name for name, points in parts(found).items() if points}
    assert found.change != 0
    assert found.parts[0].points == found.change or whole == {cause}
    assert items(found, cause)[item] == sum(p for n, p in items(found, cause).items())


def test_two_that_only_work_together_share_what_they_bring() -> None:
    """A level that counts for nothing without evidence: neither brings it alone."""
    factors = {"E0": 1, "E1": 10_000, "E2": 10_000, "E3": 10_000}
    harsh = {"parameters": PARAMETERS | {"factors": factors}}
    before = one(**harsh, answers=[an_answer("IAM-01", 0, grade="E0")])
    after = one(**harsh, answers=[an_answer("IAM-01", 3, grade="E1")])
    found = between(before, after)
    shares = parts(found)
    assert sum(shares.values()) == found.change
    assert abs(shares["answers"] - shares["evidence"]) <= 1
    assert items(found, "answers")[TOGETHER] > 1000


def test_bands_alone_move_no_points() -> None:
    bands = [["Low", 0], ["High", 9000]]
    other = PARAMETERS | {"bands": bands, "gate_band": "Low", "low_confidence_band": "Low"}
    assert between(one(), one(parameters=other)).parts == ()


def test_a_score_out_of_nothing_is_all_difference() -> None:
    nothing = a_document([], [], domains=[{"id": "IAM", "factor_pct": 100}])
    found = between(nothing, one())
    assert (found.before, found.change) == (None, found.after)


@given(
    st.dictionaries(st.text(max_size=3), st.fractions(-500, 500, max_denominator=60), min_size=1),
    st.integers(-4, 4),
)
def test_whole_numbers_near_the_parts_add_up(shares: dict[str, Fraction], off: int) -> None:
    whole = round(sum(shares.values(), Fraction(0))) + off
    found = share_out(shares, whole)
    assert sum(found.values()) == whole
    assert found.keys() == shares.keys()
    if off == 0:
        assert all(abs(found[name] - part) <= 1 for name, part in shares.items())


def test_nothing_is_shared_out_over_nobody() -> None:
    assert share_out({}, 0) == {}
