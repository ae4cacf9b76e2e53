"""Charts over time: a small line of scores, panels from round to round, and counts by week."""

from collections.abc import Sequence
from dataclasses import dataclass

SMALLEST_TREND = 1_000
"""The height of a trend stands for no less, so that a small change looks small."""


@dataclass(frozen=True, slots=True)
class Trend:
    """A few scores in their order, as points of a small drawing 60 wide and 20 high."""

    points: tuple[tuple[str, str], ...]
    path: str


def trend_of(scores: Sequence[int]) -> Trend | None:
    """Return the scores as a small line; None where there is no more than one."""
    if len(scores) < 2:
        return None
    low, high = min(scores), max(scores)
    room = max(high - low, SMALLEST_TREND)
    bottom = (low + high - room) / 2
    step = 52 / (len(scores) - 1)
    points = tuple(
        (f"{4 + i * step:g}", f"{16 - 12 * (score - bottom) / room:.1f}")
        for i, score in enumerate(scores)
    )
    return Trend(points, " ".join(f"{x},{y}" for x, y in points))
