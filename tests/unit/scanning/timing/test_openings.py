"""Work starts only where its whole length fits, as the gate will decide too."""

from datetime import UTC, datetime, timedelta

import pytest
from gate_samples import a_chunk, an_authorisation
from hypothesis import given, settings
from hypothesis import strategies as st

from cyberposture.model.gate import Blackout, Window
from cyberposture.scanning.permission.gate import sift
from cyberposture.scanning.permission.windows import SECOND_US, to_microseconds, to_moment
from cyberposture.scanning.timing.intervals import DAY_US
from cyberposture.scanning.timing.openings import earliest_start_us, openings, seconds_open

HOUR = 3600
ZONES = ("UTC", "Asia/Karachi", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia")


def window(start: str, hours: float, zone: str = "UTC", weekdays=tuple(range(7))) -> Window:
    return Window(weekdays=weekdays, start=start, length_s=int(hours * HOUR), zone=zone)


def blackout(begins: str, until: str) -> Blackout:
    return Blackout.model_validate({"from": f"{begins}Z", "until": f"{until}Z"})


def us(text: str) -> int:
    return to_microseconds(datetime.fromisoformat(text).replace(tzinfo=UTC))


def start(windows, now: str, expected_s: int, *blackouts: Blackout) -> str | None:
    found = earliest_start_us(windows, blackouts, us(now), expected_s)
    return None if found is None else to_moment(found).isoformat()[:16]


NIGHT = window("22:00", 4)


@pytest.mark.parametrize(
    ("now", "hours", "expected"),
    [
        ("2026-05-06T12:00", 1, "2026-05-06T22:00"),
        ("2026-05-06T22:30", 1, "2026-05-06T22:30"),
        ("2026-05-07T00:59", 1, "2026-05-07T00:59"),
        ("2026-05-07T01:00", 1, "2026-05-07T01:00"),
        ("2026-05-07T01:01", 1, "2026-05-07T22:00"),
        ("2026-12-31T23:30", 2.5, "2026-12-31T23:30"),
        ("2026-12-31T23:31", 2.5, "2027-01-01T22:00"),
        ("2026-05-06T12:00", 4, "2026-05-06T22:00"),
        ("2026-05-06T12:00", 4.01, None),
    ],
)
def test_work_starts_where_it_fits_across_midnight_and_the_end_of_the_year(now, hours, expected):
    assert start([NIGHT], now, int(hours * HOUR)) == expected


def test_windows_that_touch_are_one_and_no_window_is_always():
    both = [NIGHT, window("02:00", 2)]
    assert start(both, "2026-05-07T00:30", 3 * HOUR) == "2026-05-07T00:30"
    assert start([], "2026-05-07T00:30", 3 * HOUR) == "2026-05-07T00:30"


@pytest.mark.parametrize(
    ("day", "zone", "local", "begins"),
    [
        # New York's clocks leap from 02:00 to 03:00: what begins at 02:30 begins an hour later.
        ("2026-03-08T00:00", "America/New_York", "02:30", "2026-03-08T07:30"),
        # And go back from 02:00 to 01:00: 01:30 comes twice, the first one counts.
        ("2026-11-01T00:00", "America/New_York", "01:30", "2026-11-01T05:30"),
        # Lord Howe moves by half an hour.
        ("2026-10-03T12:00", "Australia/Lord_Howe", "02:15", "2026-10-03T15:45"),
        ("2026-07-01T00:00", "Asia/Karachi", "01:00", "2026-07-01T20:00"),
    ],
)
def test_gaps_and_folds_of_the_clocks_move_starts_as_people_read_them(day, zone, local, begins):
    assert start([window(local, 1, zone)], day, HOUR) == begins


def test_blackout_wins_over_windows_and_cuts_them():
    shut = blackout("2026-05-06T23:00", "2026-05-07T00:00")
    assert start([NIGHT], "2026-05-06T12:00", HOUR, shut) == "2026-05-06T22:00"
    assert start([NIGHT], "2026-05-06T12:00", 2 * HOUR, shut) == "2026-05-07T00:00"
    far = blackout("2026-05-01T00:00", "2026-09-01T00:00")
    assert start([NIGHT], "2026-05-06T12:00", HOUR, far) is None


def test_openings_are_clipped_to_the_time_asked_for():
    found = list(openings([NIGHT], [], us("2026-05-06T23:00"), us("2026-05-07T23:00")))
    assert found == [(us("2026-05-06T23:00"), us("2026-05-07T02:00")),
                     (us("2026-05-07T22:00"), us("2026-05-07T23:00"))]  # fmt: skip


@pytest.mark.parametrize(
    ("now", "left"), [("2026-05-06T12:00", 0), ("2026-05-06T22:00", 4 * HOUR),
                      ("2026-05-07T01:30", HOUR // 2), ("2026-05-07T02:00", 0)],
)  # fmt: skip
def test_seconds_that_are_left_of_a_window(now, left):
    assert seconds_open([NIGHT], [], us(now), 9 * HOUR) == left
    assert seconds_open([NIGHT], [], us(now), 60) == min(60, left)
    assert seconds_open([], [blackout(now, "2026-05-09T00:00")], us(now), HOUR) == 0
    later = to_moment(us(now) + 5 * SECOND_US).isoformat()[:19]
    assert seconds_open([], [blackout(later, "2026-05-09T00:00")], us(now), HOUR) == 5


WINDOWS = st.builds(
    Window,
    weekdays=st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days))),
    start=st.sampled_from(["00:00", "00:30", "02:30", "12:00", "23:59"]),
    length_s=st.sampled_from([60, HOUR, 4 * HOUR, 24 * HOUR, 30 * HOUR]),
    zone=st.sampled_from(ZONES),
)
STARTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)).map(
    lambda moment: moment.replace(tzinfo=UTC)
)


@settings(max_examples=60)
@given(
    st.lists(WINDOWS, max_size=2), STARTS,
    st.lists(st.tuples(st.integers(0, 100), st.integers(1, 50)), max_size=2),
    st.integers(1, 5 * HOUR),
)  # fmt: skip
def test_gate_allows_at_the_start_that_was_found_and_not_an_instant_before(
    windows, now, shut, expected_s
):
    blackouts = [
        Blackout.model_validate(
            {"from": now + timedelta(hours=a), "until": now + timedelta(hours=a + n)}
        )
        for a, n in shut
    ]
    begin = to_microseconds(now)
    found = earliest_start_us(windows, blackouts, begin, expected_s, 10 * DAY_US)

    def allows(at: int) -> bool:
        asked = a_chunk(
            an_authorisation(), now=to_moment(at).isoformat(), expected_s=expected_s,
            windows=windows, blackouts=blackouts,
        )  # fmt: skip
        return not sift(asked).denied

    if found is None:
        assert not any(allows(begin + hour * HOUR * SECOND_US) for hour in range(0, 240, 5))
        return
    assert begin <= found
    assert allows(found)
    if found > begin:
        assert not allows(found - 1)
        assert not allows(begin)
