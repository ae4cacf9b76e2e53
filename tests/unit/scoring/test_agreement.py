"""How far two reviewers agree: alike, and better than chance."""

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from cyberposture.scoring.agreement import measure_agreement

PAIRS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=40)


def test_two_who_always_agree_have_all_there_is():
    found = measure_agreement([(0, 0), (1, 1), (3, 3), (3, 3)])
    assert (found.pairs, found.alike, found.kappa) == (4, 10_000, 10_000)


def test_what_chance_alone_would_bring_is_nothing():
    found = measure_agreement(list(product(range(4), range(4))))
    assert (found.alike, found.kappa) == (2_500, 0)


def test_a_worked_example_by_hand():
    """Observed disagreement 2 of 4 pairs; by chance 2 × (1 × 2 + 1 × 2 … ) / 4 = 1.5 a pair."""
    found = measure_agreement([(0, 1), (1, 1), (2, 2), (3, 2)])
    # firsts 0,1,2,3 once each; seconds 1 twice, 2 twice: Σ|i-j| = 2*(1+0+1+2) + 2*(2+1+0+1) = 16
    # kappa = 1 - (2 * 4) / 16
    assert (found.alike, found.kappa) == (5_000, 5_000)


def test_opposites_are_worse_than_chance():
    assert measure_agreement([(0, 3), (3, 0)]).kappa == -10_000


def test_nothing_is_said_where_there_is_nothing_to_tell_apart():
    assert measure_agreement([]).model_dump() == {"pairs": 0, "alike": None, "kappa": None}
    assert measure_agreement([(2, 2), (2, 2)]).kappa is None


@given(PAIRS)
def test_it_does_not_matter_who_was_first(pairs):
    turned = [(b, a) for a, b in pairs]
    assert measure_agreement(pairs) == measure_agreement(turned)


@given(PAIRS)
def test_kappa_is_full_exactly_where_all_are_alike(pairs):
    found = measure_agreement(pairs)
    if found.kappa is not None:
        assert found.kappa <= 10_000
        assert (found.kappa == 10_000) == (found.alike == 10_000)
