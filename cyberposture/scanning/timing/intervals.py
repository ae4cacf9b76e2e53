"""How long a look may wait, by priority, and when the next one is due. All times are µs, UTC.

Priorities are whole numbers from 0, the most urgent, to 500; every 100 is a step.
"""

import hashlib

from cyberposture.model.checks import Severity

HOUR_US = 3_600 * 1_000_000
DAY_US = 24 * HOUR_US
STEP = 100
KNOTS_US = (HOUR_US * 12, DAY_US, 4 * DAY_US, 7 * DAY_US, 14 * DAY_US, 90 * DAY_US)
"""The interval at each whole step; between two of them it is linear. Source: our own default."""
MOST_URGENT, CALMEST = 0, STEP * (len(KNOTS_US) - 1)
NEW = 3 * STEP
"""Where a target begins that nobody has looked at."""
OF_SEVERITY: dict[Severity, int] = {
    "critical": 1 * STEP,
    "high": 2 * STEP,
    "medium": 3 * STEP,
    "low": 4 * STEP,
}
"""The priority that a failure of a check demands."""
JITTER_PARTS = 10
"""A look comes earlier than its interval by up to one such part of it, and never later."""


def interval_us(priority: int) -> int:
    """Return how long after a look the next one is due at the latest.

    Raises:
        ValueError: there is no such priority.
    """
    if not MOST_URGENT <= priority <= CALMEST:
        raise ValueError(f"a priority is a whole number from {MOST_URGENT} to {CALMEST}")
    knot, part = divmod(priority, STEP)
    if not part:
        return KNOTS_US[knot]
    low, high = KNOTS_US[knot], KNOTS_US[knot + 1]
    return low + (high - low) * part // STEP


def calmest_within(age_us: int) -> int:
    """Return the calmest priority whose interval is no longer than `age_us`.

    What counts for so long must be looked at that often. Where even the shortest interval is
    longer, the most urgent priority is returned.
    """
    low, high = MOST_URGENT, CALMEST
    while low < high:
        middle = (low + high + 1) // 2
        if interval_us(middle) <= age_us:
            low = middle
        else:
            high = middle - 1
    return low


def share(key: str, cycle: int, below: int) -> int:
    """Return a number from 0 to below `below` that key and cycle alone decide.

    Raises:
        ValueError: `below` is less than 1.
    """
    if below < 1:
        raise ValueError("there is no whole number from 0 to below that")
    digest = hashlib.sha256(f"{key}\n{cycle}".encode()).digest()
    return int.from_bytes(digest[:8]) % below


def jitter_us(key: str, cycle: int, priority: int) -> int:
    """Return by how much a look comes earlier than its interval, so that looks spread out."""
    return share(key, cycle, interval_us(priority) // JITTER_PARTS + 1)


def rank_of(key: str) -> int:
    """Return the place of a target among those of one moment: fixed, and like a lot drawn."""
    return share(key, 0, 1 << 30)


def next_due_us(looked_us: int, key: str, cycle: int, priority: int) -> int:
    """Return when a target is due again after a look that ended at `looked_us`."""
    return looked_us + interval_us(priority) - jitter_us(key, cycle, priority)
