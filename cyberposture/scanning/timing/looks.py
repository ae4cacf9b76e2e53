"""What a look does to the place of a target in the schedule: it jumps, stays, or decays."""

from dataclasses import dataclass, replace

from cyberposture.scanning.timing.intervals import (
    CALMEST,
    DAY_US,
    HOUR_US,
    MOST_URGENT,
    NEW,
    STEP,
    interval_us,
    jitter_us,
    next_due_us,
    share,
)

RETRIES_US = (HOUR_US, 4 * HOUR_US, 16 * HOUR_US)
"""After how long an inconclusive look is tried again; then no more. Source: our own default."""
HELD_BACK_US = 6 * HOUR_US
"""After how long is asked again for what the gate did not let through."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a target stands in the schedule.

    `cycle` counts completed looks, `attempts` the inconclusive ones since. `looked_us` is when the
    last conclusive look ended, None where there was none.
    """

    priority: int
    due_us: int
    cycle: int = 0
    attempts: int = 0
    looked_us: int | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at a target came to.

    `demanded` is the priority of the worst failure that it saw, None where it saw none. Whether a
    known-exploited product was met is told by those who judge.
    """

    ended_us: int
    is_conclusive: bool
    demanded: int | None = None
    is_known_exploited: bool = False


def first_place(key: str, now_us: int) -> Place:
    """Return the place of a target that is new: due within a day, spread over it."""
    return Place(NEW, now_us + share(key, 0, DAY_US))


def demanded_by(look: Look) -> int | None:
    """Return the priority that a look demands, None where it demands none."""
    return MOST_URGENT if look.is_known_exploited else look.demanded


def priority_after(priority: int, look: Look, calmest: int = CALMEST) -> int:
    """Return the priority after a look.

    A worse failure jumps to its own priority at once. What is conclusive decays by one step, as
    far as `calmest` and the failures that it saw let it. What is inconclusive keeps its place.
    """
    demanded = demanded_by(look)
    worst = calmest if demanded is None else min(demanded, calmest)
    if worst <= priority:
        return worst
    return min(priority + STEP, worst) if look.is_conclusive else priority


def after_look(place: Place, look: Look, key: str, calmest: int = CALMEST) -> Place:
    """Return the place after a look that was made, whatever it came to.

    An inconclusive look is tried again with a growing pause, as often as `RETRIES_US` has entries;
    then the target waits for its next turn like any other, which its priority decides.
    """
    priority = priority_after(place.priority, look, calmest)
    if not look.is_conclusive and place.attempts < len(RETRIES_US):
        pause = min(RETRIES_US[place.attempts], interval_us(priority))
        due = look.ended_us + pause
        return replace(place, priority=priority, due_us=due, attempts=place.attempts + 1)
    cycle = place.cycle + 1
    due = next_due_us(look.ended_us, key, cycle, priority)
    looked = look.ended_us if look.is_conclusive else place.looked_us
    return Place(priority, due, cycle, 0, looked)


def held_back(place: Place, now_us: int) -> Place:
    """Return the place of a target that nothing was sent to: the gate or a stop was against it.

    That is no look: neither attempts nor cycle count, and the next try only comes after a pause.
    """
    return replace(place, due_us=max(place.due_us, now_us + HELD_BACK_US))


def pulled_ahead(place: Place, key: str, date_us: int, age_us: int, now_us: int) -> Place:
    """Return the place in view of a date at which evidence may be `age_us` old at the most.

    What was looked at since it would still count, or is tried again already, keeps its time, even
    where nothing came of it. The others are pulled into the first half of the time in which they
    can be made fresh; the second half is left for queues, windows and retries.
    """
    opens_us = date_us - age_us
    looked_us = _last_try_us(place, key)
    if place.attempts or looked_us >= opens_us:
        return place
    pulled_us = opens_us + share(key, date_us, max(1, age_us // 2))
    return replace(place, due_us=min(place.due_us, max(pulled_us, now_us)))


def _last_try_us(place: Place, key: str) -> int:
    """Return when the last look ended, whatever it came to, or an earlier moment."""
    told_us = place.due_us - interval_us(place.priority)
    told_us += jitter_us(key, place.cycle, place.priority)
    return told_us if place.looked_us is None else max(told_us, place.looked_us)
