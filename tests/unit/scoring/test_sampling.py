"""What is drawn by chance tells the gap of the whole without bias, and how sure it is."""

from fractions import Fraction
from itertools import combinations, product
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cyberposture.scoring.sampling import (
    Drawn,
    Unit,
    draw,
    estimate_gap,
    expand,
    quantile_of_t,
)

POINTS = st.sampled_from([0, 4000, 8000, 10000])
CLAIMS = st.lists(st.tuples(st.integers(1, 5), POINTS, POINTS), min_size=2, max_size=6)
quick = settings(max_examples=40, deadline=None)


def units(part, claims, is_certain=False):
    return [
        Unit(key=f"{part}-{n}", part=part, is_certain=is_certain, weight=weight, claimed=claimed)
        for n, (weight, claimed, _) in enumerate(claims)
    ]


def truth(parts):
    claims = [claim for claims in parts.values() for claim in claims]
    weight = sum(w for w, _, _ in claims)
    return Fraction(sum(w * (claimed - seen) for w, claimed, seen in claims), weight)


def found_of(parts):
    return {(part, f"{part}-{n}"): seen
            for part, claims in parts.items() for n, (_, _, seen) in enumerate(claims)}  # fmt: skip


def every_sample(parts, take):
    """Yield every frame that may come of drawing `take` of each part, all as likely as another."""
    chosen = [list(combinations(range(len(claims)), take[part])) for part, claims in parts.items()]
    for picks in product(*chosen):
        yield [
            Drawn(**unit.model_dump(), of=len(claims), take=take[part], is_drawn=n in pick)
            for (part, claims), pick in zip(parts.items(), picks, strict=True)
            for n, unit in enumerate(units(part, claims))
        ]


@quick
@given(first=CLAIMS, second=CLAIMS, data=st.data())
def test_mean_of_all_samples_is_the_truth_and_so_is_their_variance(first, second, data):
    """Exact fractions over every sample there is: no bias, whatever the population."""
    parts = {"a": first, "b": second}
    take = {part: data.draw(st.integers(2, len(claims))) for part, claims in parts.items()}
    samples = [expand(frame, found_of(parts)) for frame in every_sample(parts, take)]
    assert len(samples) == comb(len(first), take["a"]) * comb(len(second), take["b"])
    right = truth(parts)
    assert sum(one.gap for one in samples) / len(samples) == right
    spread = sum((one.gap - right) ** 2 for one in samples) / len(samples)
    assert sum(one.variance for one in samples) / len(samples) == spread


@quick
@given(claims=CLAIMS)
def test_drawing_everything_is_certain_and_exact(claims):
    frame = draw(units("gate", claims, is_certain=True), "seed", 0)
    found = estimate_gap(frame, found_of({"gate": claims}))
    assert abs(found.gap - truth({"gate": claims})) <= Fraction(1, 2)
    assert found.error == 0
    assert found.low == found.high


@given(count=st.integers(0, 60), share=st.integers(0, 10_000), seed=st.text(max_size=8))
def test_so_many_are_drawn_as_the_share_says_and_the_seed_alone_decides(count, share, seed):
    members = units("drawn", [(1, 4000, 0)] * count)
    frame = draw(members, seed, share)
    assert [unit.key for unit in frame] == [unit.key for unit in members]
    drawn = [one for one in frame if one.is_drawn]
    least = 0 if share == 0 else min(count, max(2, -(-count * share // 10_000)))
    assert len(drawn) == least
    assert all(one.probability == Fraction(least, count) for one in frame)
    again = draw(list(reversed(members)), seed, share)
    assert {one.key for one in again if one.is_drawn} == {one.key for one in drawn}


def test_every_claim_is_drawn_about_as_often_as_its_probability_says():
    members = units("drawn", [(1, 4000, 0)] * 20)
    counts = dict.fromkeys((unit.key for unit in members), 0)
    for seed in range(2000):
        for one in draw(members, str(seed), 2_500):
            counts[one.key] += one.is_drawn
    # 2000 draws with probability 1/4: mean 500, standard deviation 19.4; five of them either way.
    assert all(403 <= count <= 597 for count in counts.values())


def test_ninety_five_of_a_hundred_intervals_hold_the_truth():
    claims = [(1 + n % 5, (4000, 8000, 10000)[n % 3], (0, 4000, 8000, 8000)[n % 4])
              for n in range(120)]  # fmt: skip
    parts = {"drawn": claims}
    right, held = truth(parts), 0
    for seed in range(400):
        one = estimate_gap(draw(units("drawn", claims), str(seed), 2_000), found_of(parts))
        held += one.low <= right <= one.high
    assert held >= 368  # 95 % of 400 is 380; its standard deviation is 4.4


def test_one_drawn_claim_that_stands_for_several_says_nothing_of_its_error():
    frame = [
        Drawn(key=f"x-{n}", part="x", is_certain=False, weight=1, claimed=8000, of=3, take=1,
              is_drawn=n == 0)
        for n in range(3)
    ]  # fmt: skip
    found = estimate_gap(frame, {("x", "x-0"): 4000})
    assert (found.gap, found.error, found.low, found.high) == (4000, None, None, None)


def test_without_anything_drawn_nothing_is_said():
    assert estimate_gap(draw(units("x", [(1, 4000, 0)] * 3), "s", 0), {}) is None
    assert estimate_gap([], {}) is None


def test_a_drawn_claim_that_nobody_looked_at_is_not_guessed():
    frame = draw(units("x", [(1, 4000, 0)] * 3), "s", 10_000)
    with pytest.raises(ValueError, match="nothing is known"):
        estimate_gap(frame, {})


@pytest.mark.parametrize(
    ("freedom", "printed"),
    [(1, 12.706), (2, 4.303), (3, 3.182), (5, 2.571), (10, 2.228), (30, 2.042), (120, 1.980)],
)
def test_quantiles_are_those_of_the_printed_table(freedom, printed):
    """Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 1964, table 26.10."""
    assert quantile_of_t(freedom) == pytest.approx(printed, abs=0.012)
