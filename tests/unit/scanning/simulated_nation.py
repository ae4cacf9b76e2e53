"""A nation that is looked at for months within seconds: the rules of timing under a test's clock.

Nothing is sent: hosts answer as their lots are drawn. Institutions have windows, blackouts and
flaws that come and are mended; the scanner has a number of places at which batches run, and a time
when it is down. Everything is drawn from one seed, so that two runs are the same.
"""

import heapq
import random
from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cyberposture.model.gate import Blackout, Window
from cyberposture.scanning.permission.windows import SECOND_US, to_microseconds, to_moment
from cyberposture.scanning.timing.intervals import (
    DAY_US,
    OF_SEVERITY,
    calmest_within,
    interval_us,
    rank_of,
)
from cyberposture.scanning.timing.looks import (
    Look,
    Place,
    after_look,
    first_place,
    pulled_ahead,
)
from cyberposture.scanning.timing.openings import openings
from cyberposture.scanning.timing.turns import Turn, visit

BATCH, PORTS_S, VISITS_S = 16, 45, 60
"""Targets in a batch; what its port scan takes; what each host takes on top."""
ZONES = ("Asia/Karachi", "America/New_York", "Australia/Lord_Howe", "Europe/London")
SEVERITIES = ("low", "low", "medium", "medium", "medium", "high", "high", "critical")


@dataclass(frozen=True)
class Nation:
    """What is simulated. Days count from `begins`; a stretch is first day and length in days."""

    institutions: int
    addresses: int
    days: int
    slots: int
    begins: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    down: tuple[int, int] = (0, 0)
    festival: tuple[int, int] = (0, 0)
    deadline_day: int | None = None
    fresh_days: int = 30
    age_days: int = 90
    """How old evidence may be before its control counts as not tested."""
    seed: int = 1
    largest: int = 0
    """How many addresses the first institution has, where it is larger than the others."""

    @property
    def begins_us(self) -> int:
        """When it begins."""
        return to_microseconds(self.begins)

    def day_us(self, day: float) -> int:
        """Return the moment at which a day begins."""
        return self.begins_us + int(day * DAY_US)


@dataclass(eq=False)
class Target:
    """A host in the schedule: its place, and what it is like."""

    key: str
    place: Place
    rank: int
    is_silent: bool
    mended_us: int = 0
    severity: str = "low"
    is_exploited: bool = False

    @property
    def priority(self) -> int:
        return self.place.priority

    @property
    def due_us(self) -> int:
        return self.place.due_us


@dataclass(eq=False)
class Office:
    """An institution: its hosts, those that wait, when it may be scanned, and its turn."""

    code: str
    open: list[tuple[int, int]]
    targets: list[Target]
    turn: Turn
    coming: list[tuple[int, int]] = field(default_factory=list)
    waiting: list[Target] = field(default_factory=list)
    is_ready: bool = False
    wakes_at: int = -1

    def seconds_left(self, now_us: int) -> int:
        """Return for how long it may be scanned now."""
        at = bisect_right(self.open, (now_us, 1 << 62)) - 1
        if at < 0 or self.open[at][1] <= now_us:
            return 0
        return (self.open[at][1] - now_us) // SECOND_US

    def next_start(self, now_us: int, seconds: int) -> int | None:
        """Return when work of that length may start next."""
        for begins, ends in self.open[max(0, bisect_right(self.open, (now_us, 1 << 62)) - 1) :]:
            start = max(begins, now_us)
            if start + seconds * SECOND_US <= ends:
                return start
        return None

    def longest_closed_us(self) -> int:
        """Return the longest time in which it may not be scanned."""
        pairs = zip(self.open, self.open[1:], strict=False)
        return max((after[0] - before[1] for before, after in pairs), default=0)


@dataclass(frozen=True)
class Served:
    """One look: who was looked at, when it was due and when it began."""

    office: str
    target: str
    priority: int
    due_us: int
    began_us: int

    @property
    def wait_us(self) -> int:
        """How long it waited."""
        return self.began_us - self.due_us


@dataclass
class Story:
    """What came of it."""

    served: list[Served] = field(default_factory=list)
    fresh: list[tuple[int, float, float]] = field(default_factory=list)
    """Day, share younger than its interval, and share younger than its control's age."""
    fresh_of_office: dict[str, list[float]] = field(default_factory=dict)
    fresh_at_deadline: float | None = None
    batches: int = 0
    offices: dict[str, Office] = field(default_factory=dict)


def seconds(hosts: int) -> int:
    """Return how long a batch of so many hosts takes."""
    return PORTS_S + VISITS_S * hosts


def _windows(number: int) -> tuple[Window, ...]:
    zone = ZONES[number % len(ZONES)]
    match number % 10:
        case 0 | 1:
            return ()
        case 2 | 3 | 4 | 5 | 6:
            start = ("22:00", "23:30", "00:00", "02:15")[number // 10 % 4]
            return (Window(weekdays=tuple(range(7)), start=start, length_s=6 * 3600, zone=zone),)
        case 7 | 8:
            return (Window(weekdays=(5, 6), start="01:30", length_s=10 * 3600, zone=zone),)
        case _:
            return (Window(weekdays=(2,), start="20:00", length_s=9 * 3600, zone=zone),)


class Simulation:
    """One run; made and used by `simulate` alone."""

    def __init__(self, nation: Nation) -> None:
        self.nation = nation
        self.chance = random.Random(nation.seed)
        self.calmest = calmest_within((nation.age_days - 7) * DAY_US)
        self.story = Story()
        self.events: list[tuple[int, int, str, str]] = []
        self.numbers = 0
        self.ready: list[tuple[int, int, str]] = []
        self.free = nation.slots
        self.visits = 0
        self.offices = {one.code: one for one in map(self._office, range(nation.institutions))}
        self.story.offices = self.offices

    def _office(self, number: int) -> Office:
        nation, code = self.nation, f"office-{number:04}"
        shut = [self._stretch(nation.festival)] if nation.festival[1] else []
        if number % 10 == 4:
            own = self._stretch((nation.days // 3, 10))
            shut.append(own)
        last = nation.day_us(nation.days + 40)
        stretches = list(openings(_windows(number), shut, nation.begins_us, last))
        targets = []
        for host in range(nation.largest if not number and nation.largest else nation.addresses):
            key = f"{code} 10.{number >> 8}.{number & 255}.{host} posture external"
            place = first_place(key, nation.begins_us)
            silent = self.chance.random() < 0.03
            targets.append(Target(key, place, rank_of(key), silent))
        office = Office(code, stretches, targets, Turn(code))
        office.coming = [(one.due_us, index) for index, one in enumerate(targets)]
        heapq.heapify(office.coming)
        return office

    def _stretch(self, days: tuple[int, int]) -> Blackout:
        begins = self.nation.begins + timedelta(days=days[0])
        return Blackout.model_validate({"from": begins, "until": begins + timedelta(days=days[1])})

    def run(self) -> Story:
        nation = self.nation
        for office in self.offices.values():
            self._wake(office, nation.begins_us)
        for day in range(1, nation.days + 1):
            self._at(nation.day_us(day), "day", str(day))
        end = nation.day_us(nation.days)
        while self.events:
            now, _, kind, name = heapq.heappop(self.events)
            if now > end:
                break
            if kind == "free":
                self.free += 1
            elif kind == "day":
                self._day(now, int(name))
            elif kind == "wake":
                self._enter(self.offices[name], now)
                self._wake(self.offices[name], now + 1)
            self._give_turns(now)
        return self.story

    def _at(self, moment: int, kind: str, name: str) -> None:
        self.numbers += 1
        heapq.heappush(self.events, (moment, self.numbers, kind, name))

    def _wake(self, office: Office, now: int) -> None:
        """Look at an institution again when something of it is due, where nobody does before."""
        if not office.coming:
            return
        moment = max(now, office.coming[0][0])
        if not now <= office.wakes_at <= moment:
            office.wakes_at = moment
            self._at(moment, "wake", office.code)

    def _enter(self, office: Office, now: int) -> None:
        """Have what is due wait, and the institution stand in the ring if it may be scanned."""
        while office.coming and office.coming[0][0] <= now:
            due, index = heapq.heappop(office.coming)
            target = office.targets[index]
            if target.due_us == due and target not in office.waiting:
                office.waiting.append(target)
        if office.is_ready or not office.waiting:
            return
        start = office.next_start(now, seconds(1))
        if start is None:
            return
        if start > now:
            self._at(start, "wake", office.code)
            return
        office.is_ready = True
        first = min(target.due_us for target in office.waiting)
        heapq.heappush(self.ready, (office.turn.visit, first, office.code))

    def _is_down(self, now: int) -> bool:
        first, length = self.nation.down
        return self.nation.day_us(first) <= now < self.nation.day_us(first + length)

    def _give_turns(self, now: int) -> None:
        if self._is_down(now):
            return
        while self.free and self.ready:
            _, _, code = heapq.heappop(self.ready)
            office = self.offices[code]
            office.is_ready = False
            self._serve(office, now)
            self._enter(office, now)

    def _serve(self, office: Office, now: int) -> None:
        left = office.seconds_left(now)
        hosts = max(0, min(BATCH, (left - PORTS_S) // VISITS_S))
        if not hosts:
            return
        self.visits += 1
        cost = seconds(BATCH) // BATCH
        done = visit(
            office.turn, office.waiting, now,
            cost_s=cost, quantum_s=cost * hosts, number=self.visits,
        )  # fmt: skip
        office.turn = done.turn
        batch = done.served[:hosts]
        if not batch:
            return
        self.free -= 1
        self.story.batches += 1
        ends = now + seconds(len(batch)) * SECOND_US
        self._at(ends, "free", "")
        chosen = {id(target) for target in batch}
        office.waiting = [one for one in office.waiting if id(one) not in chosen]
        for target in batch:
            self.story.served.append(
                Served(office.code, target.key, target.priority, target.due_us, now)
            )
            look = self._look(target, ends)
            target.place = after_look(target.place, look, target.key, self.calmest)
            heapq.heappush(office.coming, (target.due_us, office.targets.index(target)))
        self._wake(office, now)

    def _look(self, target: Target, ends: int) -> Look:
        chance = self.chance
        if target.is_silent or chance.random() < 0.015:
            return Look(ends, is_conclusive=False)
        if target.mended_us <= ends:
            target.is_exploited = False
            if chance.random() < 0.03:
                target.mended_us = ends + chance.randrange(5, 60) * DAY_US
                target.severity = chance.choice(SEVERITIES)
                target.is_exploited = chance.random() < 0.02
        if target.mended_us > ends:
            demanded = OF_SEVERITY[target.severity]
            return Look(ends, True, demanded, target.is_exploited)
        return Look(ends, True)

    def _day(self, now: int, day: int) -> None:
        nation = self.nation
        if nation.deadline_day is not None:
            deadline = nation.day_us(nation.deadline_day)
            opens = deadline - nation.fresh_days * DAY_US
            if opens - DAY_US <= now < deadline:
                self._pull(deadline, nation.fresh_days * DAY_US, now)
            if day == nation.deadline_day:
                self.story.fresh_at_deadline = self._share_younger(nation.fresh_days * DAY_US, now)
        if day % 10 == 0 and day >= 30:
            self._measure(now, day)

    def _pull(self, date_us: int, age_us: int, now: int) -> None:
        for office in self.offices.values():
            for index, target in enumerate(office.targets):
                pulled = pulled_ahead(target.place, target.key, date_us, age_us, now)
                if pulled != target.place:
                    target.place = pulled
                    heapq.heappush(office.coming, (pulled.due_us, index))
            self._wake(office, now)

    def _share_younger(self, age: int, now: int) -> float:
        answering = [
            target
            for office in self.offices.values()
            for target in office.targets
            if not target.is_silent
        ]
        young = sum(
            target.place.looked_us is not None and now - target.place.looked_us <= age
            for target in answering
        )
        return young / len(answering)

    def _measure(self, now: int, day: int) -> None:
        of_interval = of_age = count = 0
        limit = self.nation.age_days * DAY_US
        for office in self.offices.values():
            fresh = all_ = 0
            for target in office.targets:
                if target.is_silent:
                    continue
                looked = target.place.looked_us
                all_ += 1
                if looked is not None:
                    fresh += now - looked <= interval_us(target.priority)
                    of_age += now - looked <= limit
            self.story.fresh_of_office.setdefault(office.code, []).append(fresh / max(1, all_))
            of_interval, count = of_interval + fresh, count + all_
        self.story.fresh.append((day, of_interval / count, of_age / count))


def simulate(nation: Nation) -> Story:
    """Return what came of looking at a nation."""
    return Simulation(nation).run()


def percentile(values: list[int], part: int) -> int:
    """Return the value below which so many hundredths of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * part // 100)] if ordered else 0


def too_late(story: Story, down_us: int) -> list[Served]:
    """Return the looks that waited longer than two intervals, a closed time and the downtime."""
    return [
        one
        for one in story.served
        if one.wait_us
        > 2 * interval_us(one.priority) + story.offices[one.office].longest_closed_us() + down_us
    ]


def describe(served: Served) -> str:
    """Return a look as people read it in a failed test."""
    due, began = to_moment(served.due_us), to_moment(served.began_us)
    return f"{served.office}, priority {served.priority}: due {due}, began {began}"
