"""When work may start: inside windows, outside blackouts, and only where its whole length fits."""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from cyberposture.model.gate import LONGEST_WINDOW_S, Blackout, Window
from cyberposture.scanning.permission.windows import (
    SECOND_US,
    occurrences,
    stretch_end,
    to_microseconds,
)
from cyberposture.scanning.timing.intervals import DAY_US

_EPOCH_ORDINAL = datetime(1970, 1, 1, tzinfo=UTC).toordinal()
_LOOK_BACK_DAYS = LONGEST_WINDOW_S // (24 * 3600) + 3


def _open(windows: Sequence[Window], from_us: int, until_us: int) -> Iterator[tuple[int, int]]:
    """Yield the stretches of windows that reach into the time asked for, joined and clipped."""
    if not windows:
        yield from_us, until_us
        return
    first = _EPOCH_ORDINAL + from_us // DAY_US - _LOOK_BACK_DAYS
    begin = end = from_us
    for begins, ends in heapq.merge(*(occurrences(window, first) for window in windows)):
        if begins >= until_us:
            break
        if ends <= from_us:
            continue
        if begins > end:
            if end > begin:
                yield begin, end
            begin = begins
        end = max(end, min(ends, until_us))
    if end > begin:
        yield begin, end


def openings(
    windows: Sequence[Window], blackouts: Iterable[Blackout], from_us: int, until_us: int
) -> Iterator[tuple[int, int]]:
    """Yield begin and end of each stretch in which may be scanned, in order; blackouts win.

    No windows at all means at any time.
    """
    shut = sorted((to_microseconds(b.begins), to_microseconds(b.until)) for b in blackouts)
    for begins, ends in _open(windows, from_us, until_us):
        free = begins
        for shut_from, shut_until in shut:
            if shut_until <= free or shut_from >= ends:
                continue
            if shut_from > free:
                yield free, shut_from
            free = max(free, shut_until)
        if free < ends:
            yield free, ends


def earliest_start_us(
    windows: Sequence[Window],
    blackouts: Iterable[Blackout],
    now_us: int,
    expected_s: int,
    horizon_us: int = 30 * DAY_US,
) -> int | None:
    """Return the first moment from now on at which work of this length may start.

    None: there is none before the horizon has passed.
    """
    length = expected_s * SECOND_US
    for begins, ends in openings(windows, blackouts, now_us, now_us + horizon_us + length):
        if begins + length <= ends:
            return begins if begins < now_us + horizon_us else None
    return None


def seconds_open(
    windows: Sequence[Window], blackouts: Sequence[Blackout], now_us: int, most_s: int
) -> int:
    """Return for how many seconds from now on may be scanned without a break, `most_s` at most."""
    limit = now_us + most_s * SECOND_US
    end = stretch_end(windows, now_us, limit) if windows else limit
    if end is None:
        return 0
    for blackout in blackouts:
        begins, until = to_microseconds(blackout.begins), to_microseconds(blackout.until)
        if until > now_us:
            end = min(end, max(begins, now_us))
    return max(0, min(end, limit) - now_us) // SECOND_US
