"""When may be scanned: the weekly windows of an institution as stretches of elapsed time.

All arithmetic is on whole microseconds since 1970 in UTC, so that neither a change of the clocks
nor the ends of the calendar can bend it.
"""

import heapq
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from cyberposture.clock import find_zone
from cyberposture.model.gate import LONGEST_WINDOW_S, Window

SECOND_US = 1_000_000
DAY_US = 24 * 3600 * SECOND_US

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL = _EPOCH.toordinal()
_MICROSECOND = timedelta(microseconds=1)
_LOOK_BACK_DAYS = LONGEST_WINDOW_S // (24 * 3600) + 3
"""An occurrence of seven days, begun in a zone a day away, moved by a gap of a day."""


def to_microseconds(moment: datetime) -> int:
    """Return the microseconds from 1970 in UTC to the moment."""
    return (moment - _EPOCH) // _MICROSECOND


def to_moment(microseconds: int) -> datetime:
    """Return the moment in UTC.

    Raises:
        OverflowError: it lies outside the years 1 to 9999.
    """
    return _EPOCH + timedelta(microseconds=microseconds)


def _start_us(day: date, clock: time, zone: ZoneInfo) -> int:
    """Return when the local time comes on that day.

    With `fold=0` the offset is the one before a change of the clocks. In a fold that is the first
    of two; in a gap it moves the start later by the length of the gap.

    Source: PEP 495, section "The fold attribute".
    """
    local = datetime.combine(day, clock)
    offset = local.replace(tzinfo=zone, fold=0).utcoffset() or timedelta(0)
    return (local - _EPOCH.replace(tzinfo=None) - offset) // _MICROSECOND


def occurrences(window: Window, from_ordinal: int) -> Iterator[tuple[int, int]]:
    """Yield begin and end of each occurrence, in µs since 1970, from this local day on, in order.

    The days are those of `date.toordinal`; they end with the year 9999.
    """
    zone, clock = find_zone(window.zone), time.fromisoformat(window.start)
    for ordinal in range(max(1, from_ordinal), date.max.toordinal() + 1):
        day = date.fromordinal(ordinal)
        if day.weekday() in window.weekdays:
            begins = _start_us(day, clock, zone)
            yield begins, begins + window.length_s * SECOND_US


def stretch_end(windows: Iterable[Window], now_us: int, limit_us: int) -> int | None:
    """Return the end of the stretch of windows that holds `now_us`, or None where none does.

    Occurrences that touch or overlap are one stretch. Windows that leave no hole make a stretch
    without an end: an end at or beyond `limit_us` means that far, and is not looked at further.
    """
    first = _EPOCH_ORDINAL + now_us // DAY_US - _LOOK_BACK_DAYS
    reach = now_us
    for begins, ends in heapq.merge(*(occurrences(window, first) for window in windows)):
        if begins > reach or (reach > now_us and reach >= limit_us):
            break
        reach = max(reach, ends)
    return reach if reach > now_us else None
