"""Months of a small nation: nobody starves, evidence stays fresh, and two runs are the same."""

from datetime import UTC, datetime

import pytest
from simulated_nation import (
    BATCH,
    Nation,
    Story,
    describe,
    percentile,
    seconds,
    simulate,
    too_late,
)

from cyberposture.scanning.permission.windows import SECOND_US
from cyberposture.scanning.timing.intervals import DAY_US, HOUR_US, interval_us

SMALL = Nation(institutions=40, addresses=8, days=60, slots=2)
MONTHS = {
    "New York and London lose an hour": datetime(2026, 2, 20, tzinfo=UTC),
    "all zones gain an hour, Lord Howe loses half": datetime(2026, 9, 20, tzinfo=UTC),
    "a year ends": datetime(2026, 12, 1, tzinfo=UTC),
    "a leap day": datetime(2028, 2, 1, tzinfo=UTC),
}


def is_inside_windows(story: Story) -> bool:
    for one in story.served:
        if not any(a <= one.began_us < b for a, b in story.offices[one.office].open):
            return False
    return True


@pytest.mark.parametrize("begins", MONTHS.values(), ids=list(MONTHS))
def test_nobody_waits_longer_than_two_intervals_and_a_window(begins):
    nation = Nation(40, 8, 60, slots=2, begins=begins, festival=(20, 3), down=(30, 2))
    story = simulate(nation)
    assert len(story.served) > 40 * 8 * 3
    assert [describe(one) for one in too_late(story, 2 * DAY_US)] == []
    assert is_inside_windows(story)
    seen = {one.office for one in story.served}
    assert seen == set(story.offices)


def test_two_runs_are_the_same_and_another_seed_is_not():
    first, again = simulate(SMALL), simulate(SMALL)
    assert first.served == again.served
    assert simulate(Nation(40, 8, 60, slots=2, seed=2)).served != first.served


def test_evidence_stays_younger_than_its_control_allows_though_the_scanner_was_down():
    nation = Nation(40, 8, 150, slots=2, down=(70, 5), festival=(100, 4))
    story = simulate(nation)
    assert min(of_age for _, _, of_age in story.fresh) > 0.995
    assert min(of_interval for _, of_interval, _ in story.fresh[1:]) > 0.85


def test_evidence_is_fresh_at_a_deadline_and_would_not_be_without():
    def fresh(deadline: int | None) -> tuple[Story, float]:
        nation = Nation(40, 8, 120, slots=2, deadline_day=deadline, seed=3)
        story = simulate(nation)
        last: dict[str, int] = {}
        for one in story.served:
            last[one.target] = max(one.began_us, last.get(one.target, 0))
        young = sum(at > nation.day_us(90) for at in last.values())
        return story, young / len(last)

    pulled, with_deadline = fresh(120)
    _, without = fresh(None)
    assert pulled.fresh_at_deadline is not None
    assert pulled.fresh_at_deadline > 0.99
    assert with_deadline > 0.99
    assert without < 0.9


def test_what_was_missed_in_a_downtime_is_caught_up_by_priority():
    nation = Nation(40, 16, 60, slots=1, down=(25, 12))
    story = simulate(nation)
    back = nation.day_us(37)
    missed = [one for one in story.served if one.due_us < back <= one.began_us]
    behind = {}
    for one in missed:
        # Windows set apart: how long each waited once its institution could be scanned again.
        opened = min(a for a, b in story.offices[one.office].open if b > back)
        behind.setdefault(min(one.priority // 100, 4), []).append(
            max(0, one.began_us - max(opened, back))
        )
    urgent = [wait for priority in (0, 1, 2) for wait in behind.get(priority, [])]
    calm = behind.get(4, [])
    assert len(urgent) > 5
    assert len(calm) > 5
    assert percentile(urgent, 50) <= percentile(calm, 50)
    assert len(missed) == len({(one.target, one.due_us) for one in missed})


def test_office_with_many_hosts_does_not_slow_the_others_down():
    """Offices 0, 1, 10 and 11 have no windows; for days the first has work for all places."""
    nation = Nation(12, 8, 3, slots=1, largest=2500)
    story = simulate(nation)
    first = [one.wait_us for one in story.served if one.office == "office-0000"]
    others = [
        one.wait_us
        for one in story.served
        if one.office in ("office-0001", "office-0010", "office-0011")
    ]
    assert len(others) >= 24
    assert percentile(first, 50) > 5 * HOUR_US
    # While a batch of the large one runs, and once more: its turn comes before theirs again.
    assert max(others) <= 2 * seconds(BATCH) * SECOND_US


def test_urgent_targets_without_windows_are_never_late_for_long():
    story = simulate(Nation(40, 8, 180, slots=2))
    always = {code for code, one in story.offices.items() if len(one.open) == 1}
    waits = [one.wait_us for one in story.served if one.office in always and one.priority <= 200]
    assert len(waits) > 10
    assert max(waits) < 6 * HOUR_US


def test_no_target_is_looked_at_more_often_than_its_priority_says():
    story = simulate(SMALL)
    assert len(story.served) < 40 * 8 * 60
    assert story.batches * BATCH >= len(story.served)
    late = [one for one in story.served if one.wait_us < 0]
    assert late == []
    assert interval_us(0) // SECOND_US == 12 * 3600
