"""Working days: weekends never count, the day itself never does, and the zone is the keeper's."""

from datetime import UTC, datetime

import pytest

from cyberposture.model.deadlines import after_working_days


def at(text):
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("moment", "days", "due"),
    [
        pytest.param("2026-11-16T09:00+05:00", 10, "2026-12-01T00:00+05:00", id="a Monday"),
        pytest.param("2026-11-20T09:00+05:00", 10, "2026-12-05T00:00+05:00", id="a Friday"),
        pytest.param("2026-11-21T09:00+05:00", 10, "2026-12-05T00:00+05:00", id="a Saturday"),
        pytest.param("2026-11-22T23:59+05:00", 10, "2026-12-05T00:00+05:00", id="a Sunday"),
        pytest.param("2026-11-20T23:59+05:00", 1, "2026-11-24T00:00+05:00", id="Friday night"),
        pytest.param("2026-11-20T19:30+00:00", 1, "2026-11-24T00:00+05:00", id="Saturday there"),
        pytest.param("2026-11-19T18:59+00:00", 1, "2026-11-21T00:00+05:00", id="Thursday there"),
    ],
)
def test_deadline_is_the_end_of_the_last_working_day(moment, days, due):
    found = after_working_days(at(moment), days, "Asia/Karachi")
    assert (found, found.tzinfo) == (at(due), UTC)


def test_ten_working_days_over_a_change_of_the_clocks_end_at_local_midnight():
    found = after_working_days(at("2026-10-16T12:00+02:00"), 10, "Europe/Berlin")
    assert found == at("2026-10-31T00:00+01:00")
