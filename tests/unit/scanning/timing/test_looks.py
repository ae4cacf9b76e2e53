"""A worse finding jumps at once, a clean look decays by one step, an inconclusive one stays."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberposture.scanning.timing.intervals import (
    CALMEST,
    DAY_US,
    HOUR_US,
    NEW,
    OF_SEVERITY,
    STEP,
    interval_us,
)
from cyberposture.scanning.timing.looks import (
    HELD_BACK_US,
    RETRIES_US,
    Look,
    Place,
    after_look,
    first_place,
    held_back,
    priority_after,
    pulled_ahead,
)

NOW = 1_800_000_000_000_000
KEY = "hill-office 39.32.10.7 posture external"
PRIORITIES = st.integers(0, CALMEST)
DEMANDS = st.none() | st.sampled_from(sorted(OF_SEVERITY.values())) | PRIORITIES
LOOKS = st.builds(Look, st.just(NOW), st.booleans(), DEMANDS, st.booleans())


def clean(at: int = NOW) -> Look:
    return Look(at, is_conclusive=True)


def failed(severity: str, at: int = NOW) -> Look:
    return Look(at, is_conclusive=True, demanded=OF_SEVERITY[severity])


def silent(at: int = NOW) -> Look:
    return Look(at, is_conclusive=False)


def test_new_target_is_due_within_a_day():
    place = first_place(KEY, NOW)
    assert NOW <= place.due_us < NOW + DAY_US
    assert (place.priority, place.looked_us) == (NEW, None)


def test_clean_target_becomes_calmer_step_by_step_and_stays_calmest():
    place, seen = first_place(KEY, NOW), []
    for _ in range(4):
        place = after_look(place, clean(place.due_us), KEY)
        seen.append(place.priority)
    assert seen == [400, 500, 500, 500]
    assert (place.cycle, place.looked_us is not None) == (4, True)


@pytest.mark.parametrize(("severity", "days"), [("critical", 1), ("high", 4), ("medium", 7)])
def test_worse_finding_jumps_at_once(severity, days):
    place = after_look(Place(CALMEST, NOW), failed(severity), KEY)
    assert interval_us(place.priority) == days * DAY_US
    assert NOW < place.due_us <= NOW + days * DAY_US


def test_known_exploited_product_is_looked_at_within_12_hours():
    look = Look(NOW, is_conclusive=False, demanded=OF_SEVERITY["low"], is_known_exploited=True)
    place = after_look(Place(CALMEST, NOW, attempts=len(RETRIES_US)), look, KEY)
    assert NOW < place.due_us <= NOW + 12 * HOUR_US


def test_what_is_mended_only_in_part_decays_no_further_than_what_is_left():
    assert priority_after(100, failed("low")) == 200
    assert priority_after(250, failed("medium")) == 300
    assert priority_after(300, failed("medium")) == 300


def test_inconclusive_look_keeps_its_place_and_is_tried_three_times_with_a_growing_pause():
    place, now, pauses = Place(NEW, NOW, cycle=5, looked_us=NOW - DAY_US), NOW, []
    for _ in range(3):
        place = after_look(place, silent(now), KEY)
        pauses.append(place.due_us - now)
        assert (place.priority, place.cycle) == (NEW, 5)
        now = place.due_us
    assert pauses == [HOUR_US, 4 * HOUR_US, 16 * HOUR_US]
    place = after_look(place, silent(now), KEY)
    assert (place.priority, place.cycle, place.attempts) == (NEW, 6, 0)
    assert place.due_us - now > 6 * DAY_US
    assert place.looked_us == NOW - DAY_US


def test_pause_of_a_retry_is_never_longer_than_the_interval():
    place = after_look(Place(0, NOW, attempts=2), silent(), KEY)
    assert place.due_us == NOW + 12 * HOUR_US


def test_held_back_is_no_look():
    place = Place(100, NOW - DAY_US, 3, 1, NOW - 9 * DAY_US)
    held = held_back(place, NOW)
    assert held == Place(100, NOW + HELD_BACK_US, 3, 1, NOW - 9 * DAY_US)


@given(PRIORITIES, LOOKS)
def test_priority_stays_in_its_bounds_and_calms_by_one_step_at_the_most(priority, look):
    after = priority_after(priority, look)
    assert 0 <= after <= min(CALMEST, priority + STEP)
    if not look.is_conclusive:
        assert after <= priority


@given(PRIORITIES, DEMANDS, DEMANDS, st.booleans(), st.integers(0, CALMEST))
def test_worse_failure_never_makes_calmer(priority, one, other, conclusive, calmest):
    def after(demanded: int | None) -> int:
        return priority_after(priority, Look(NOW, conclusive, demanded), calmest)

    if other is None or (one is not None and one <= other):
        assert after(one) <= after(other)


@given(PRIORITIES, PRIORITIES, LOOKS)
def test_what_was_calmer_before_is_never_more_urgent_after(one, other, look):
    if one <= other:
        assert priority_after(one, look) <= priority_after(other, look)


@given(st.lists(LOOKS, min_size=1, max_size=30), PRIORITIES)
def test_no_look_is_due_earlier_than_allowed(looks, priority):
    """Never within nine tenths of 12 hours of a look, but for the retries and their pauses."""
    place = Place(priority, NOW)
    for look in looks:
        before, place = place, after_look(place, look, KEY)
        pause = place.due_us - look.ended_us
        if place.attempts > before.attempts:
            assert pause == min(RETRIES_US[before.attempts], interval_us(place.priority))
        else:
            assert pause >= interval_us(place.priority) * 9 // 10
        assert pause <= interval_us(place.priority)


@given(PRIORITIES)
def test_clean_looks_alone_reach_the_calmest_in_five_steps(priority):
    path = [priority]
    for _ in range(5):
        path.append(priority_after(path[-1], clean()))
    assert path[-1] == CALMEST
    assert all(b - a <= STEP for a, b in pairwise(path))


MONTH = 30 * DAY_US


def test_evidence_that_would_be_stale_is_pulled_into_the_first_half_of_the_time_left():
    place = after_look(Place(CALMEST, NOW), clean(), KEY)
    date = NOW + 60 * DAY_US
    pulled = pulled_ahead(place, KEY, date, MONTH, NOW + 29 * DAY_US)
    assert date - MONTH <= pulled.due_us < date - MONTH // 2 < place.due_us
    assert pulled_ahead(pulled, KEY, date, MONTH, NOW + 29 * DAY_US) == pulled


def test_what_was_tried_in_vain_in_time_is_not_tried_every_day_until_the_deadline():
    place = Place(NEW, NOW, attempts=len(RETRIES_US))
    given_up = after_look(place, silent(), KEY)
    assert given_up.looked_us is None
    assert pulled_ahead(given_up, KEY, NOW + 20 * DAY_US, MONTH, NOW + DAY_US) == given_up
    trying = after_look(Place(NEW, NOW), silent(), KEY)
    assert pulled_ahead(trying, KEY, NOW + 50 * DAY_US, MONTH, NOW) == trying


PLACES = st.builds(
    after_look, st.builds(Place, PRIORITIES, st.just(NOW)), LOOKS, st.just(KEY)
)  # fmt: skip


@given(PLACES, st.integers(1, 60 * DAY_US), st.integers(1, 200), st.integers(0, 200))
def test_deadline_only_pulls_ahead_never_into_the_past_and_only_what_would_be_stale(
    place, age, days, later
):
    date, now = NOW + days * DAY_US, NOW + min(days, later) * DAY_US
    pulled = pulled_ahead(place, KEY, date, age, now)
    assert pulled.due_us <= place.due_us
    assert (pulled.priority, pulled.cycle) == (place.priority, place.cycle)
    if date - age <= NOW:
        assert pulled == place
    if pulled != place:
        assert pulled.due_us >= max(now, date - age)
