"""The scale that charts share: where a score stands on it, and the marks that stand there."""

from dataclasses import dataclass

from cyberposture.model.scores import ScoreParameters
from cyberposture.scoring.explain import people
from cyberposture.scoring.points import FULL

SIGNS = 5
"""How many signs and colours there are for bands; the first is the lowest."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A line across the scale, at the border of a band."""

    x: str
    label: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A point on the scale: `declared`, `verified`, `claims` or `network`."""

    kind: str
    x: str
    value: str


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the scale."""

    x1: str
    x2: str
    width: str


def at(points: int) -> str:
    """Return where basis points stand on the scale, as a share of its width."""
    return f"{points * 100 / FULL:g}%"


def span(low: int, high: int) -> Span:
    """Return the stretch between two scores."""
    return Span(at(low), at(high), at(high - low))


def ticks_of(parameters: ScoreParameters) -> tuple[Tick, ...]:
    """Return a tick at each border of a band, and one at the end of the scale."""
    starts = [start for _, start in parameters.bands] + [FULL]
    return tuple(Tick(at(start), str(start // 100)) for start in starts)


def place_of(position: int, bands: int) -> int:
    """Return the sign, from 1, of the band at this position among `bands`."""
    return 1 + position * (SIGNS - 1) // max(bands - 1, 1)


def place_at(parameters: ScoreParameters, points: int) -> int:
    """Return the sign of the band that a score reaches by itself."""
    position = sum(start <= points for _, start in parameters.bands) - 1
    return place_of(position, len(parameters.bands))


def gap(low: int | None, high: int | None) -> Span | None:
    """Return the stretch between two scores, whichever is higher; None where one is not known."""
    if low is None or high is None:
        return None
    return span(min(low, high), max(low, high))


def marks(*given: tuple[str, int | None]) -> tuple[Mark, ...]:
    """Return a mark for each score that is known."""
    return tuple(
        Mark(kind, at(points), people(points)) for kind, points in given if points is not None
    )
