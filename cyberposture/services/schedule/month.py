"""A month as a calendar shows it: on which days, from when until when, may be scanned, and not."""

from calendar import monthrange
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from cyberposture.clock import find_zone
from cyberposture.model.gate import Window
from cyberposture.scanning.permission.windows import occurrences, to_moment
from cyberposture.services.register import Register
from cyberposture.store import calendar as store
from cyberposture.store import institutions
from cyberposture.store.calendar import BlackoutRecord, DenyList, WindowRecord

NATION_ZONE: Final = "Asia/Karachi"
"""In which the nation's calendar is read, as an institution's is where it names no zone."""
_LOOK_BACK_DAYS = 8


@dataclass(frozen=True)
class Stretch:
    """One stretch of a day: from when until when, in local time, and of which blackout."""

    begins: str
    ends: str
    """24:00 is the day's end."""
    title: str = ""
    is_national: bool = False


@dataclass(frozen=True)
class Day:
    """One day of the month."""

    day: date
    is_today: bool
    windows: tuple[Stretch, ...]
    blackouts: tuple[Stretch, ...]


@dataclass(frozen=True)
class Month:
    """A month in the zone in which it is read, week by week from Monday; None: no day of it."""

    first: date
    zone: str
    weeks: tuple[tuple[Day | None, ...], ...]
    windows: tuple[WindowRecord, ...]
    blackouts: tuple[BlackoutRecord, ...]
    """That are not over now."""
    deny: DenyList | None

    @property
    def before(self) -> date:
        """The first day of the month before."""
        return (self.first - timedelta(days=1)).replace(day=1)

    @property
    def after(self) -> date:
        """The first day of the month after."""
        return (self.first + timedelta(days=31)).replace(day=1)


def show_month(register: Register, institution: str | None, first: date) -> Month:
    """Return a month of an institution, or (None) of the nation, as the calendar holds it now.

    Raises:
        NotFound: the institution is not in the register.
    """
    now = register.clock()
    with register.reading() as connection:
        zone, windows = NATION_ZONE, list[WindowRecord]()
        owner = None
        if institution is not None:
            found = institutions.get_institution(connection, institution, as_of=now)
            owner, zone = found.id, found.institution.zone
            windows = store.list_windows(connection, owner, as_of=now)
        place = find_zone(zone)
        begins = datetime.combine(first, time(), place)
        held = store.list_blackouts(connection, owner, as_of=now)
        month = store.list_blackouts_between(connection, owner, begins, _next(begins), as_of=now)
        deny = store.find_deny_list(connection, as_of=now)
    today = now.astimezone(place).date()
    opened = [pair for one in windows for pair in _opened(one, first)]
    days = [
        _day(date(first.year, first.month, n), place, today, opened, month)
        for n in range(1, monthrange(first.year, first.month)[1] + 1)
    ]
    return Month(first, zone, _weeks(days), tuple(windows), tuple(held), deny)


def _next(begins: datetime) -> datetime:
    return (begins + timedelta(days=32)).replace(day=1)


def _opened(record: WindowRecord, first: date) -> Iterator[tuple[datetime, datetime]]:
    window = Window(
        weekdays=record.weekdays, start=record.start, length_s=record.length_s, zone=record.zone
    )
    over = first + timedelta(days=32)
    for begins, ends in occurrences(window, first.toordinal() - _LOOK_BACK_DAYS):
        moment = to_moment(begins)
        if moment.date() > over:
            return
        yield moment, to_moment(ends)


def _day(
    day: date,
    zone: ZoneInfo,
    today: date,
    opened: Iterable[tuple[datetime, datetime]],
    blackouts: Iterable[BlackoutRecord],
) -> Day:
    begins = datetime.combine(day, time(), zone)
    ends = datetime.combine(day + timedelta(days=1), time(), zone)
    windows = [
        Stretch(*cut) for a, b in sorted(opened) if (cut := _cut(a, b, begins, ends)) is not None
    ]
    dark = [
        Stretch(*cut, one.title, one.institution_id is None)
        for one in blackouts
        if (cut := _cut(one.starts_at, one.ends_at, begins, ends)) is not None
    ]
    return Day(day, day == today, tuple(windows), tuple(dark))


def _cut(
    first: datetime, last: datetime, begins: datetime, ends: datetime
) -> tuple[str, str] | None:
    """Return what of a stretch lies in a day, in the day's own time, or None."""
    if first >= ends or last <= begins:
        return None
    start, stop = max(first, begins), min(last, ends)
    until = "24:00" if stop == ends else f"{stop.astimezone(ends.tzinfo):%H:%M}"
    return f"{start.astimezone(begins.tzinfo):%H:%M}", until


def _weeks(days: list[Day]) -> tuple[tuple[Day | None, ...], ...]:
    padded: list[Day | None] = [*[None] * days[0].day.weekday(), *days]
    padded += [None] * (-len(padded) % 7)
    return tuple(tuple(padded[start : start + 7]) for start in range(0, len(padded), 7))
