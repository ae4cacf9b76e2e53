"""Deadlines in working days, read in the zone of whoever has to keep them."""

from datetime import UTC, date, datetime, time, timedelta

from cyberposture.clock import find_zone

WEEKEND = frozenset({5, 6})
"""Saturday and Sunday (Monday is 0). Public holidays are not known here and count as working."""


def after_working_days(moment: datetime, days: int, zone: str) -> datetime:
    """Return, in UTC, the end of the last of so many working days after the day of `moment`.

    The day itself never counts, so that nobody loses the hours before something arrived.

    Raises:
        ZoneInfoNotFoundError: there is no such zone.
    """
    local = find_zone(zone)
    day, left = moment.astimezone(local).date(), days
    while left:
        day += timedelta(days=1)
        left -= day.weekday() not in WEEKEND
    midnight = datetime.combine(day + timedelta(days=1), time(), tzinfo=local)
    return midnight.astimezone(UTC)


def last_day_of(due: datetime, zone: str) -> date:
    """Return the last day of a due date, which ends at midnight in its zone.

    What is due at midnight itself ends with the day before.

    Raises:
        ZoneInfoNotFoundError: there is no such zone.
    """
    return (due.astimezone(find_zone(zone)) - timedelta(microseconds=1)).date()
