"""Four-valued truth: a part that decides decides, and not knowing is never rounded."""

from itertools import product

import pytest

from cyberposture.scanning.judging.truth import (
    FALSE,
    NEGATED,
    TRUE,
    UNKNOWN,
    UNTESTED,
    Truth,
    every,
    some,
)

ALL = (TRUE, FALSE, UNKNOWN, UNTESTED)


@pytest.mark.parametrize(("left", "right"), list(product(ALL, ALL)))
def test_a_conjunction_is_what_the_table_says(left: Truth, right: Truth) -> None:
    if FALSE in (left, right):
        expected = FALSE
    elif UNKNOWN in (left, right):
        expected = UNKNOWN
    elif UNTESTED in (left, right):
        expected = UNTESTED
    else:
        expected = TRUE
    assert every([left, right]) is expected


@pytest.mark.parametrize(("left", "right"), list(product(ALL, ALL)))
def test_a_disjunction_is_the_mirror_of_the_conjunction(left: Truth, right: Truth) -> None:
    mirrored = NEGATED[every([NEGATED[left], NEGATED[right]])]
    assert some([left, right]) is mirrored


def test_nothing_at_all_is_true_of_every_part_and_of_no_part() -> None:
    assert (every([]), some([])) == (TRUE, FALSE)


@pytest.mark.parametrize("value", ALL)
def test_negation_twice_changes_nothing(value: Truth) -> None:
    assert NEGATED[NEGATED[value]] is value
