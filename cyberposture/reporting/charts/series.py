"""Charts over time: a small line of scores, panels from round to round, and counts by week."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from cyberposture.model.scores import ScoreParameters
from cyberposture.reporting.charts.scale import place_of
from cyberposture.scoring.explain import people
from cyberposture.scoring.points import FULL

TALL = 180
"""How many pixels high the scale of a panel is, and the columns of counts."""
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


@dataclass(frozen=True, slots=True)
class Border:
    """Where a band begins on a scale that stands upright: the lower, the further down."""

    y: int
    label: str
    place: int
    """The sign of the band above it; 0: there is none."""
    sign_y: int


@dataclass(frozen=True, slots=True)
class Moment:
    """One round of a panel: declared (hollow) over claims verified (filled)."""

    x: str
    label: str
    declared: str | None
    declared_y: int
    claims: str | None
    claims_y: int


@dataclass(frozen=True, slots=True)
class Run:
    """A straight line from one round to the next."""

    kind: str
    x1: str
    y1: int
    x2: str
    y2: int


@dataclass(frozen=True, slots=True)
class Panel:
    """How the same institutions stand from round to round."""

    borders: tuple[Border, ...]
    moments: tuple[Moment, ...]
    runs: tuple[Run, ...]
    description: str


@dataclass(frozen=True, slots=True)
class Piece:
    """One part of a column; `place` is its sign and colour."""

    place: int
    y: int
    height: int
    value: str


@dataclass(frozen=True, slots=True)
class Stack:
    """One column of counts, above and below the line."""

    x: str
    middle: str
    width: str
    label: str
    """Under the column; empty where there is no room for it."""
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Level:
    """A line across at a count."""

    y: int
    label: str


@dataclass(frozen=True, slots=True)
class Stacks:
    """Counts over time: what adds up stands above the line, what went away below it."""

    stacks: tuple[Stack, ...]
    levels: tuple[Level, ...]
    zero: int
    height: int
    description: str


def panel_of(
    parameters: ScoreParameters,
    rounds: Sequence[tuple[str, int | None, int | None]],
    description: str,
) -> Panel | None:
    """Return the rounds in their order: label, declared, claims verified; None without a second."""
    if len(rounds) < 2:
        return None
    step = FULL // len(rounds)
    moments = tuple(
        Moment(
            x=_share(i * step + step // 2),
            label=label,
            declared=None if declared is None else people(declared),
            declared_y=_down(declared or 0),
            claims=None if claims is None else people(claims),
            claims_y=_down(claims or 0),
        )
        for i, (label, declared, claims) in enumerate(rounds)
    )
    runs = []
    for one, other in pairwise(moments):
        if one.declared is not None and other.declared is not None:
            runs.append(Run("declared", one.x, one.declared_y, other.x, other.declared_y))
        if one.claims is not None and other.claims is not None:
            runs.append(Run("claims", one.x, one.claims_y, other.x, other.claims_y))
    return Panel(_borders(parameters), moments, tuple(runs), str(description))


def _borders(parameters: ScoreParameters) -> tuple[Border, ...]:
    starts = [start for _, start in parameters.bands]
    ends = [*starts[1:], FULL]
    found = [
        Border(_down(start), str(start // 100), place_of(i, len(starts)), _down((start + end) // 2))
        for i, (start, end) in enumerate(zip(starts, ends, strict=True))
    ]
    return (*found, Border(_down(FULL), str(FULL // 100), 0, 0))


def _down(points: int) -> int:
    return TALL - points * TALL // FULL


def _share(points: int) -> str:
    return f"{points * 100 / FULL:g}%"


def stacks_of(
    columns: Sequence[tuple[str, Sequence[tuple[int, int]], Sequence[tuple[int, int]]]],
    description: str,
    *,
    labels: int = 6,
    tall: int = TALL,
) -> Stacks | None:
    """Return columns of counts in their order; None where there is nothing to count.

    Each is its label, the parts above the line and those below it, each a sign and a number. About
    `labels` of them are labelled, the last one always.
    """
    up = max((sum(n for _, n in above) for _, above, _ in columns), default=0)
    down = max((sum(n for _, n in below) for _, _, below in columns), default=0)
    if not up + down:
        return None
    zero = tall * up // (up + down)
    every = max(1, -(-len(columns) // labels))
    step = FULL // len(columns)
    stacks = []
    for i, (label, above, below) in enumerate(columns):
        shown = (len(columns) - 1 - i) % every == 0
        pieces = [
            *_piled(above, zero, -tall / (up + down)),
            *_piled(below, zero, tall / (up + down)),
        ]
        stacks.append(
            Stack(
                x=_share(i * step + step // 10),
                middle=_share(i * step + step // 2),
                width=_share(step * 8 // 10),
                label=label if shown else "",
                pieces=tuple(pieces),
            )
        )
    levels = [Level(0, str(up)), Level(zero, "0")] if up else [Level(zero, "0")]
    if down:
        levels.append(Level(tall, str(down)))
    return Stacks(tuple(stacks), tuple(levels), zero, tall, str(description))


def _piled(parts: Sequence[tuple[int, int]], zero: int, unit: float) -> list[Piece]:
    """Return the parts one upon the other, away from the line; none is too low to be seen."""
    pieces, so_far = [], 0
    for place, number in parts:
        if not number:
            continue
        one, other = round(zero + so_far * unit), round(zero + (so_far + number) * unit)
        so_far += number
        pieces.append(Piece(place, min(one, other), max(1, abs(other - one)), str(number)))
    return pieces
