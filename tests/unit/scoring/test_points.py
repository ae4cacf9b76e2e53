"""The arithmetic of single numbers."""

from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from score_documents import PARAMETERS, a_row

from cyberposture.model.scores import ScoreParameters, VerdictRow
from cyberposture.scoring.points import (
    ceiling,
    passed_enough,
    rounded_ratio,
    rounded_share,
    share_passed,
    value_of,
    weighed,
)

parameters = ScoreParameters.model_validate(PARAMETERS)


def row(**change: object) -> VerdictRow:
    return VerdictRow.model_validate(a_row(**change))


@pytest.mark.parametrize(
    ("numerator", "denominator", "expected"),
    [(0, 3, 0), (1, 3, 0), (1, 2, 1), (5, 2, 3), (4, 3, 1), (5, 3, 2), (7, 1, 7)],
)
def test_ratio_is_rounded_half_up(numerator: int, denominator: int, expected: int) -> None:
    assert rounded_ratio(numerator, denominator) == expected


@given(st.integers(0, 10**12), st.integers(1, 10**6))
def test_ratio_agrees_with_exact_fractions(numerator: int, denominator: int) -> None:
    exact = Fraction(numerator, denominator)
    assert rounded_ratio(numerator, denominator) == floor(exact + Fraction(1, 2))


def test_nothing_to_divide_by_is_none() -> None:
    assert rounded_ratio(0, 0) is None
    assert rounded_share(0, 0) is None


def test_no_level_is_the_number_0_even_where_level_0_has_points() -> None:
    generous = parameters.model_copy(update={"values": (700, 4000, 8000, 10000)})
    assert value_of(generous, None) == 0
    assert value_of(generous, 0) == 700


def test_grade_factor_is_cut_off_and_not_rounded() -> None:
    assert weighed(parameters, 3333, "E1") == 2666
    assert weighed(parameters, 9999, "E0") == 4999


@pytest.mark.parametrize(
    ("counts", "enough"),
    [
        ({"pass": 8, "not_tested": 2}, True),
        ({"pass": 79, "not_tested": 21}, False),
        ({"pass": 1, "fresh": 7, "inconclusive": 2}, True),
        ({"pass": 10, "fail": 1}, False),
        ({"fresh": 10}, False),
        ({}, False),
    ],
)
def test_row_counts_as_passed_where_enough_of_what_is_known_was_seen(
    counts: dict[str, int], enough: bool
) -> None:
    assert passed_enough(parameters, row(**counts)) is enough


def test_share_is_cut_off_and_leaves_out_fresh_failures() -> None:
    assert share_passed(row(**{"pass": 2}, fail=1, fresh=100)) == 6666
    assert share_passed(row(fresh=3)) is None


@pytest.mark.parametrize(
    ("direction", "rollup", "passed", "limit"),
    [
        ("C", "worst", 99, 0),
        ("C", "share", 99, 8000),
        ("C", "share", 1, 5000),
        ("C", "share", 0, 0),
        ("R", "worst", 99, 4000),
        ("R", "share", 99, 8000),
        ("R", "share", 1, 5000),
        ("R", "share", 0, 4000),
        ("S", "worst", 99, None),
        ("S", "share", 0, None),
    ],
)
def test_failure_sets_the_ceiling_of_its_direction_and_roll_up(
    direction: str, rollup: str, passed: int, limit: int | None
) -> None:
    failing = row(direction=direction, rollup=rollup, fail=1, **{"pass": passed})
    assert ceiling(parameters, failing) == limit


@pytest.mark.parametrize("direction", ["C", "R", "S"])
def test_fresh_failure_sets_no_ceiling(direction: str) -> None:
    assert ceiling(parameters, row(direction=direction, fresh=5)) is None
