"""Intervals are linear between their knots, and jitter only ever brings a look forward."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberposture.scanning.timing.intervals import (
    CALMEST,
    DAY_US,
    HOUR_US,
    JITTER_PARTS,
    calmest_within,
    interval_us,
    jitter_us,
    next_due_us,
)

PRIORITIES = st.integers(0, CALMEST)
MOMENTS = st.integers(1_600_000_000_000_000, 4_000_000_000_000_000)
KEYS = st.text(min_size=1, max_size=30)
CYCLES = st.integers(0, 10_000)


@pytest.mark.parametrize(
    ("priority", "hours"),
    [(0, 12), (50, 18), (100, 24), (200, 96), (300, 168), (350, 252), (400, 336), (500, 2160)],
)
def test_interval_is_that_of_its_priority(priority, hours):
    assert interval_us(priority) == hours * HOUR_US


@pytest.mark.parametrize("priority", [-1, CALMEST + 1])
def test_priority_that_there_is_not_is_refused(priority):
    with pytest.raises(ValueError, match="priority"):
        interval_us(priority)


@given(PRIORITIES, PRIORITIES)
def test_calmer_never_means_sooner(one, other):
    if one <= other:
        assert interval_us(one) <= interval_us(other)


@given(st.integers(1, 400 * DAY_US))
def test_what_counts_for_so_long_is_looked_at_that_often_and_no_oftener(age):
    found = calmest_within(age)
    assert interval_us(found) <= max(age, interval_us(0))
    assert found == CALMEST or interval_us(found + 1) > age


@given(KEYS, CYCLES, PRIORITIES, MOMENTS)
def test_look_comes_within_the_last_tenth_of_its_interval(key, cycle, priority, looked):
    due = next_due_us(looked, key, cycle, priority)
    whole = interval_us(priority)
    assert looked + whole - whole // JITTER_PARTS <= due <= looked + whole
    assert due == next_due_us(looked, key, cycle, priority)


def test_jitter_spreads_targets_and_cycles_over_its_whole_range():
    most = interval_us(300) // JITTER_PARTS
    for given_ in (
        [jitter_us(f"10.0.{n // 256}.{n % 256}", 1, 300) for n in range(2000)],
        [jitter_us("10.0.0.1", n, 300) for n in range(2000)],
    ):
        tenths = [sum(k * most // 10 <= one < (k + 1) * most // 10 for one in given_)
                  for k in range(10)]  # fmt: skip
        assert min(tenths) > 140
        assert max(tenths) < 260
