"""Charts of groups: stacked bars, how scores are spread, and how many are left at each step."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cyberposture.model.scores import ScoreParameters
from cyberposture.reporting.charts.scale import Span, Tick, at, place_at, span, ticks_of
from cyberposture.scoring.points import FULL

ROOM_FOR_NUMBER = 500
"""A narrower part of a bar shows no number inside, in basis points."""
BIN = 500
"""How wide a bar of a distribution is, in basis points."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One part of a bar: a band, by its place among the signs."""

    place: int
    label: str
    x: str
    middle: str
    width: str
    value: str
    has_room: bool


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of stacked segments, with the number that it stands for."""

    label: str
    total: str
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a distribution; `height` of 100 is the tallest."""

    x: str
    middle: str
    width: str
    height: int
    place: int
    value: str
    range: str
    """From which points it counts, and below which."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """How many institutions stand where, with the quartiles."""

    ticks: tuple[Tick, ...]
    columns: tuple[Column, ...]
    box: Span
    """From the lower to the upper quartile."""
    median: str
    description: str


def bar_of(label: str, total: str, cells: Sequence[tuple[int, str, int, str]]) -> Bar:
    """Return one bar; each cell is a sign, its label, its number, and the number as shown."""
    whole = sum(number for _, _, number, _ in cells)
    segments, before = [], 0
    for place, name, number, value in cells:
        if number == 0:
            continue
        start, width = FULL * before // whole, FULL * number // whole
        segments.append(
            Segment(
                place=place,
                label=name,
                x=at(start),
                middle=at(start + width // 2),
                width=at(width),
                value=value,
                has_room=width >= ROOM_FOR_NUMBER,
            )
        )
        before += number
    return Bar(label, total, tuple(segments))


def distribution_of(
    parameters: ScoreParameters,
    scores: Sequence[int],
    quartiles: tuple[int, int, int],
    description: str,
) -> Distribution:
    """Return how the scores are spread over the scale, in bars of five points."""
    counts = [0] * (FULL // BIN)
    for points in scores:
        counts[min(points // BIN, len(counts) - 1)] += 1
    tallest = max(counts, default=0) or 1
    columns = tuple(
        Column(
            x=at(i * BIN),
            middle=at(i * BIN + BIN // 2),
            width=at(BIN),
            height=100 * count // tallest,
            place=place_at(parameters, i * BIN),
            value=str(count),
            range=f"{i * BIN // 100}–{(i + 1) * BIN // 100}",
        )
        for i, count in enumerate(counts)
        if count
    )
    low, middle, high = quartiles
    return Distribution(
        ticks=ticks_of(parameters),
        columns=columns,
        box=span(low, high),
        median=at(middle),
        description=str(description),
    )


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a funnel: how many came so far."""

    label: str
    value: str
    """How many, as it is shown."""
    share: str
    """Of the first step in whole per cent, cut off; empty where it may not be told."""
    width: str
    """How long its bar is, as a share of the first."""
    lost: str
    """What became of those who did not come from the step before, as it is shown; or empty."""


@dataclass(frozen=True, slots=True)
class Funnel:
    """How many are left at each step, the first of which is everybody."""

    steps: tuple[Step, ...]
    description: str


def funnel_of(
    steps: Sequence[tuple[str, int, str, str]],
    description: str,
    say_share: Callable[[int], str] = "{} %".format,
) -> Funnel:
    """Return a funnel; each step is its label, its number, the number as shown, and what is lost.

    The first step is the whole. A step whose number is shown as something else than itself tells
    neither its share nor a length that would give it away: its bar stands for nothing.
    """
    whole = max((number for _, number, _, _ in steps), default=0) or 1
    return Funnel(
        steps=tuple(
            Step(
                label=label,
                value=value,
                share=say_share(100 * number // whole) if value == str(number) else "",
                width=at(FULL * number // whole) if value == str(number) else "0%",
                lost=lost,
            )
            for label, number, value, lost in steps
        ),
        description=str(description),
    )
