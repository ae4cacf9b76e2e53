"""Windows begin at local clock times and last elapsed time, through every change of the clocks."""

from datetime import UTC, date, datetime, timedelta
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberposture.clock import find_zone
from cyberposture.model.gate import Window
from cyberposture.scanning.permission.windows import (
    occurrences,
    stretch_end,
    to_microseconds,
    to_moment,
)

HOUR = 3600
EVERY_DAY = (0, 1, 2, 3, 4, 5, 6)


def window(start: str, length_s: int, zone: str, weekdays: tuple[int, ...] = EVERY_DAY) -> Window:
    return Window(weekdays=weekdays, start=start, length_s=length_s, zone=zone)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def first_start(rule: Window, day: date) -> datetime:
    return to_moment(next(occurrences(rule, day.toordinal()))[0])


def end_of(rules: list[Window], now: str, limit: str) -> datetime | None:
    end = stretch_end(rules, to_microseconds(utc(now)), to_microseconds(utc(limit)))
    return None if end is None else to_moment(end)


@pytest.mark.parametrize(
    ("zone", "day", "start", "expected"),
    [
        # London goes from 01:00 to 02:00 on 29 March 2026, and from 02:00 back on 25 October.
        ("Europe/London", date(2026, 3, 29), "00:59", "2026-03-29T00:59"),
        ("Europe/London", date(2026, 3, 29), "01:00", "2026-03-29T01:00"),
        ("Europe/London", date(2026, 3, 29), "01:30", "2026-03-29T01:30"),
        ("Europe/London", date(2026, 3, 29), "02:00", "2026-03-29T01:00"),
        ("Europe/London", date(2026, 10, 25), "00:30", "2026-10-24T23:30"),
        ("Europe/London", date(2026, 10, 25), "01:30", "2026-10-25T00:30"),
        ("Europe/London", date(2026, 10, 25), "02:00", "2026-10-25T02:00"),
        # New York goes from 02:00 to 03:00 on 8 March 2026, and from 02:00 back on 1 November.
        ("America/New_York", date(2026, 3, 8), "02:30", "2026-03-08T07:30"),
        ("America/New_York", date(2026, 3, 8), "03:30", "2026-03-08T07:30"),
        ("America/New_York", date(2026, 11, 1), "01:30", "2026-11-01T05:30"),
        # Karachi went from 00:00 to 01:00 on 1 June 2008, and from 00:00 back on 1 November 2009.
        ("Asia/Karachi", date(2008, 6, 1), "00:00", "2008-05-31T19:00"),
        ("Asia/Karachi", date(2008, 6, 1), "00:30", "2008-05-31T19:30"),
        ("Asia/Karachi", date(2008, 6, 1), "01:30", "2008-05-31T19:30"),
        ("Asia/Karachi", date(2009, 10, 31), "23:30", "2009-10-31T17:30"),
        ("Asia/Karachi", date(2009, 11, 1), "00:00", "2009-10-31T19:00"),
        ("Asia/Karachi", date(2026, 11, 19), "01:00", "2026-11-18T20:00"),
        # Lord Howe moves by half an hour: 02:00 to 02:30 on 4 October, 02:00 back on 5 April 2026.
        ("Australia/Lord_Howe", date(2026, 10, 4), "02:10", "2026-10-03T15:40"),
        ("Australia/Lord_Howe", date(2026, 10, 4), "02:40", "2026-10-03T15:40"),
        ("Australia/Lord_Howe", date(2026, 4, 5), "01:45", "2026-04-04T14:45"),
        # Beirut's gap begins at midnight; Apia had no 30 December 2011 at all.
        ("Asia/Beirut", date(2026, 3, 29), "00:15", "2026-03-28T22:15"),
        ("Pacific/Apia", date(2011, 12, 30), "06:00", "2011-12-30T16:00"),
        ("Pacific/Apia", date(2011, 12, 31), "06:00", "2011-12-30T16:00"),
        ("Asia/Kathmandu", date(2027, 1, 1), "00:00", "2026-12-31T18:15"),
    ],
)
def test_an_occurrence_starts_at_the_local_time_moved_out_of_gaps_and_first_in_folds(
    zone: str, day: date, start: str, expected: str
) -> None:
    assert first_start(window(start, HOUR, zone), day) == utc(expected)


def test_a_length_is_elapsed_time_when_the_clocks_change_inside_the_window() -> None:
    spring = window("00:30", 3 * HOUR, "Europe/London")
    assert end_of([spring], "2026-03-29T00:30", "2026-03-29T01:00") == utc("2026-03-29T03:30")
    autumn = window("00:30", 3 * HOUR, "Europe/London")
    assert end_of([autumn], "2026-10-24T23:30", "2026-10-25T00:00") == utc("2026-10-25T02:30")


def test_a_window_is_left_open_at_its_end_and_closed_at_its_start() -> None:
    rule = window("10:00", HOUR, "UTC")
    assert end_of([rule], "2026-05-01T09:59:59.999999", "2026-05-01T10:30") is None
    assert end_of([rule], "2026-05-01T10:00", "2026-05-01T10:30") == utc("2026-05-01T11:00")
    assert end_of([rule], "2026-05-01T10:59:59.999999", "2026-05-01T11:00") is not None
    assert end_of([rule], "2026-05-01T11:00", "2026-05-01T11:30") is None


def test_the_weekday_is_the_local_one_on_which_the_window_starts() -> None:
    thursdays = window("01:00", 4 * HOUR, "Asia/Karachi", (3,))
    assert end_of([thursdays], "2026-11-18T20:00", "2026-11-18T21:00") == utc("2026-11-19T00:00")
    assert end_of([thursdays], "2026-11-19T20:00", "2026-11-19T21:00") is None


def test_a_window_over_midnight_and_over_new_year_goes_on() -> None:
    rule = window("23:00", 2 * HOUR, "UTC", (3,))
    assert end_of([rule], "2027-01-01T00:30", "2027-01-01T00:45") == utc("2027-01-01T01:00")


def test_touching_and_overlapping_occurrences_of_all_windows_are_one_stretch() -> None:
    rules = [
        window("12:00", HOUR, "UTC"),
        window("10:00", HOUR, "UTC"),
        window("12:30", 3 * HOUR, "Asia/Karachi", (4,)),
        window("10:30", HOUR + 1800, "UTC"),
    ]
    far = "2026-05-01T20:00"
    assert end_of(rules, "2026-05-01T10:10", far) == utc("2026-05-01T13:00")
    assert end_of(rules, "2026-05-01T07:40", far) == utc("2026-05-01T13:00")
    assert end_of(rules[:2], "2026-05-01T10:10", far) == utc("2026-05-01T11:00")


def test_an_occurrence_of_seven_days_that_began_last_week_still_counts() -> None:
    rule = window("08:00", 7 * 24 * HOUR, "UTC", (0,))
    assert end_of([rule], "2026-05-11T07:59", "2026-05-11T07:59:30") == utc("2026-05-11T08:00")
    dateline = window("06:00", 7 * 24 * HOUR, "Pacific/Apia", (4,))
    assert end_of([dateline], "2012-01-06T15:59", "2012-01-06T15:59:30") == utc("2012-01-06T16:00")


def test_windows_without_a_hole_are_followed_only_as_far_as_asked() -> None:
    always = window("00:00", 24 * HOUR, "UTC")
    end = end_of([always], "2026-05-01T12:00", "2026-05-20T12:00")
    assert end == utc("2026-05-21T00:00")


def test_a_whole_day_every_day_leaves_a_hole_where_a_day_has_25_hours() -> None:
    days = window("00:00", 24 * HOUR, "Europe/London")
    end = end_of([days], "2026-10-20T12:00", "2026-11-20T12:00")
    assert end == utc("2026-10-25T23:00")


def test_no_window_at_all_holds_no_moment() -> None:
    assert end_of([], "2026-05-01T12:00", "2026-05-01T12:01") is None


@pytest.mark.parametrize("zone", ["Etc/GMT-14", "Etc/GMT+12", "Asia/Karachi", "Europe/London"])
@pytest.mark.parametrize("edge", ["0001-01-01T00:00", "9999-12-31T23:00"])
def test_the_ends_of_the_calendar_do_no_harm(zone: str, edge: str) -> None:
    now = to_microseconds(utc(edge))
    end = stretch_end([window("00:00", 24 * HOUR, zone)], now, now + 1)
    assert end is None or end > now


ZONES = [
    "Europe/London",
    "America/New_York",
    "Asia/Karachi",
    "Australia/Lord_Howe",
    "Asia/Beirut",
    "Africa/Casablanca",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "UTC",
]
QUARTER = timedelta(minutes=15)
TURNS = [
    datetime(2008, 6, 1, tzinfo=UTC),
    datetime(2009, 11, 1, tzinfo=UTC),
    datetime(2011, 12, 30, 12, tzinfo=UTC),
    datetime(2026, 3, 8, 7, tzinfo=UTC),
    datetime(2026, 3, 29, tzinfo=UTC),
    datetime(2026, 4, 4, 15, tzinfo=UTC),
    datetime(2026, 10, 3, 15, tzinfo=UTC),
    datetime(2026, 10, 25, tzinfo=UTC),
    datetime(2026, 11, 1, 6, tzinfo=UTC),
    datetime(2027, 1, 1, tzinfo=UTC),
]
"""Moments about which the clocks of some of the zones change, and a year's end."""


@cache
def walked_start(zone: str, day: date, start: str) -> datetime:
    """Walk through the quarters of an hour about the day, looking at the clock on the wall."""
    wanted = datetime.fromisoformat(f"{day}T{start}")
    moment = wanted.replace(tzinfo=UTC) - timedelta(hours=26)
    last = moment.astimezone(find_zone(zone)).replace(tzinfo=None)
    for _ in range(4 * 60):
        moment += QUARTER
        wall = moment.astimezone(find_zone(zone)).replace(tzinfo=None)
        if wall == wanted:
            return moment
        if last < wanted < wall:
            wanted += wall - last - QUARTER
            if wall == wanted:
                return moment
        last = wall
    raise AssertionError(f"{zone} never shows {wanted}")


def walked_covers(rules: list[Window], moment: datetime) -> bool:
    """Say whether any occurrence that began in the nine days before holds the moment."""
    for rule in rules:
        for back in range(-2, 10):
            day = moment.date() - timedelta(days=back)
            if day.weekday() in rule.weekdays:
                begins = walked_start(rule.zone, day, rule.start)
                if begins <= moment < begins + timedelta(seconds=rule.length_s):
                    return True
    return False


quarter_windows = st.builds(
    window,
    st.tuples(st.integers(0, 23), st.sampled_from([0, 15, 30, 45])).map(
        "{0[0]:02}:{0[1]:02}".format
    ),
    st.one_of(st.integers(1, 16), st.sampled_from([92, 96, 100, 672])).map(lambda n: n * 900),
    st.sampled_from(ZONES),
    st.one_of(st.just(EVERY_DAY), st.lists(st.integers(0, 6), min_size=1, max_size=3).map(tuple)),
)


@given(
    st.lists(quarter_windows, max_size=4),
    st.sampled_from(TURNS),
    st.integers(-48, 48),
    st.sampled_from([0, 1, 899]),
    st.integers(1, 40 * 900),
)
def test_stretches_agree_with_a_walk_through_every_quarter_of_an_hour(
    rules: list[Window], turn: datetime, quarters: int, seconds: int, expected_s: int
) -> None:
    on_the_mark = turn + quarters * QUARTER
    now = on_the_mark + timedelta(seconds=seconds)
    end = now + timedelta(seconds=expected_s)
    found = stretch_end(rules, to_microseconds(now), to_microseconds(end))
    inside = walked_covers(rules, now)
    assert (found is not None) == inside
    if inside:
        mark, fits = on_the_mark + QUARTER, True
        while mark < end and fits:
            fits = walked_covers(rules, mark)
            mark += QUARTER
        assert (to_microseconds(end) <= (found or 0)) == fits
