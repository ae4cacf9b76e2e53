"""Four-valued truth: what can be said of a condition when not everything was seen.

Silence is never a pass: a condition is false only where the facts say so.
"""

from collections.abc import Iterable
from enum import IntEnum
from typing import NamedTuple


class Truth(IntEnum):
    """What the facts say of a condition; the numbers only make it quick to look up."""

    TRUE = 1
    FALSE = 2
    UNKNOWN = 3
    """It was tried, and no usable answer came."""
    UNTESTED = 4
    """Nobody looked."""


TRUE, FALSE, UNKNOWN, UNTESTED = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN, Truth.UNTESTED

NEGATED = {TRUE: FALSE, FALSE: TRUE, UNKNOWN: UNKNOWN, UNTESTED: UNTESTED}


def every(parts: Iterable[Truth]) -> Truth:
    """Return the conjunction: one false part decides, otherwise one that is not known.

    Of the two ways of not knowing, having tried outweighs not having looked.
    """
    found = TRUE
    for part in parts:
        if part is FALSE:
            return FALSE
        if part is UNKNOWN or (part is UNTESTED and found is TRUE):
            found = part
    return found


def some(parts: Iterable[Truth]) -> Truth:
    """Return the disjunction: one true part decides, otherwise one that is not known."""
    found = FALSE
    for part in parts:
        if part is TRUE:
            return TRUE
        if part is UNKNOWN or (part is UNTESTED and found is FALSE):
            found = part
    return found


def truth_of(claim: bool) -> Truth:
    """Return a claim that is fully known as truth."""
    return TRUE if claim else FALSE


class Found(NamedTuple):
    """A computed value, or why there is none, and what was seen, in words safe to print."""

    value: bool | int | str | Truth
    note: str = ""
