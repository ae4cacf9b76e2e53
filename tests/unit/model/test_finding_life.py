"""The state machine of findings: every transition there is, and every one that is refused."""

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from cyberposture.errors import Corrupt
from cyberposture.model.findings import (
    FindingEventKind,
    FindingState,
    Happened,
    Stretch,
    counts_since,
    may_happen,
    replay,
)

DAY = datetime(2026, 11, 19, 12, 0, tzinfo=UTC)
P, C, F, A, D = "open", "closed", "false-positive", "accepted", "disputed"
LEADS = {
    "closed": {P: C, F: C, A: C, D: C},
    "reopened": {C: P},
    "worsened": {P: P, F: F, A: A, D: D},
    "eased": {P: P, F: F, A: A, D: D},
    "confirmed": {P: P, F: F, A: A, D: D},
    "proposed": {P: P, A: A},
    "refused": {P: P, A: A},
    "overturned": {D: F},
    "upheld": {D: P},
    "returned": {F: P, A: P, D: P},
    "lapsed": {D: D},
    "announced": {P: P, C: C, F: F, A: A, D: D},
    "acknowledged": {P: P, C: C, F: F, A: A, D: D},
    "noted": {P: P, C: C, F: F, A: A, D: D},
}
"""What each event leads to, by the state before it; what is not named is refused."""
UNTIL = {"until": (DAY + timedelta(days=30)).isoformat()}
INTO = {
    P: [],
    C: [Happened("closed", C, {}, DAY)],
    F: [Happened("marked", F, UNTIL, DAY)],
    A: [Happened("marked", A, UNTIL, DAY)],
    D: [Happened("marked", D, UNTIL, DAY)],
}
OPENED = Happened("opened", P, {}, DAY)


def details_of(kind):
    return UNTIL if kind in ("marked", "overturned") else {}


@pytest.mark.parametrize("kind", sorted(LEADS))
@pytest.mark.parametrize("before", get_args(FindingState))
def test_each_event_leads_where_the_table_says_or_is_refused(kind, before):
    after = LEADS[kind].get(before)
    assert may_happen(kind, before) == (after is not None)
    event = Happened(kind, after or before, details_of(kind), DAY)
    if after is None:
        with pytest.raises(Corrupt, match="happened to a finding"):
            replay([OPENED, *INTO[before], event])
    else:
        assert replay([OPENED, *INTO[before], event]).state == after


def test_table_knows_every_event():
    assert set(LEADS) | {"opened", "marked"} == set(get_args(FindingEventKind))


def test_nothing_comes_before_the_opening_and_nothing_opens_twice():
    assert replay([]) is None
    with pytest.raises(Corrupt, match="begins with"):
        replay([Happened("closed", C, {}, DAY)])
    with pytest.raises(Corrupt, match="happened to"):
        replay([OPENED, OPENED])


def test_event_that_names_another_state_than_it_leads_to_is_corrupt():
    with pytest.raises(Corrupt, match="not closed"):
        replay([OPENED, Happened("closed", P, {}, DAY)])


def test_closing_ends_a_mark_and_its_proposal():
    told = Happened("proposed", P, {"until": UNTIL["until"]}, DAY)
    assert replay([OPENED, told]).proposal == told.details
    life = replay([OPENED, told, Happened("closed", C, {}, DAY)])
    assert (life.proposal, life.marked_until) == (None, None)


def test_acknowledgement_holds_for_one_stretch_only():
    seen = Happened("acknowledged", P, {}, DAY)
    closed, back = Happened("closed", C, {}, DAY), Happened("reopened", P, {}, DAY)
    assert replay([OPENED, seen]).acknowledged_at == DAY
    assert replay([OPENED, seen, closed, back]).acknowledged_at is None


def after(**time):
    return DAY + timedelta(**time)


@pytest.mark.parametrize(
    ("gap", "anew"),
    [
        ({"days": 1}, False),
        ({"days": 90}, False),
        ({"days": 90, "microseconds": 1}, True),
        ({"days": 400}, True),
    ],
)
def test_clock_begins_anew_only_after_more_than_ninety_days_away(gap, anew):
    gone = after(days=200)  # it had stood for long before it was gone
    back = gone + timedelta(**gap)
    since = counts_since((Stretch(DAY, gone), Stretch(back, None)), 90)
    assert since == (back if anew else DAY)


def test_clock_runs_from_the_last_long_absence():
    stretches = (
        Stretch(DAY, after(days=1)),
        Stretch(after(days=100), after(days=101)),
        Stretch(after(days=110), None),
    )
    assert counts_since(stretches, 90) == after(days=100)
