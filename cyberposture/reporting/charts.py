"""Where the marks of each chart stand: plain geometry, which the templates' macros draw as SVG.

Lengths along the scale are shares of the drawing's width, so that a chart fits any screen while its
text keeps its size. Nothing here is a colour or a word that is not handed in.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from cyberposture.model.scores import InstitutionScore, ScoreParameters
from cyberposture.reporting.words import Words
from cyberposture.scoring.explain import people
from cyberposture.scoring.points import FULL

SIGNS = 5
"""How many signs and colours there are for bands; the first is the lowest."""
ROOM_FOR_NUMBER = 500
"""A narrower part of a bar shows no number inside, in basis points."""
BIN = 500
"""How wide a bar of a distribution is, in basis points."""
SMALLEST_TREND = 1_000
"""The height of a trend stands for no less, so that a small change looks small."""


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
class Side:
    """A label under the lowest mark, and whether it ends there instead of beginning."""

    x: str
    is_before: bool
    label: str


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the scale."""

    x1: str
    x2: str
    width: str


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
class Strip:
    """One scale with all bands and the marks of one institution."""

    segments: tuple[Segment, ...]
    ticks: tuple[Tick, ...]
    gap: Span | None
    """Between claims verified and declared."""
    marks: tuple[Mark, ...]
    description: str


@dataclass(frozen=True, slots=True)
class ChartRow:
    """One line of a chart: its labels at the start, its marks, its figures at the end."""

    id: str
    label: str
    gap: Span | None
    marks: tuple[Mark, ...]
    side: Side | None
    figures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DomainChart:
    """Declared beside verified for each domain."""

    ticks: tuple[Tick, ...]
    rows: tuple[ChartRow, ...]
    heads: tuple[str, ...]
    description: str


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


@dataclass(frozen=True, slots=True)
class Distribution:
    """How many institutions stand where, with the quartiles."""

    ticks: tuple[Tick, ...]
    columns: tuple[Column, ...]
    box: Span
    """From the lower to the upper quartile."""
    median: str
    description: str


@dataclass(frozen=True, slots=True)
class Trend:
    """A few scores in their order, as points of a small drawing 60 wide and 20 high."""

    points: tuple[tuple[str, str], ...]
    path: str


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


def strip_of(words: Words, parameters: ScoreParameters, whole: InstitutionScore) -> Strip | None:
    """Return the scale with all bands and where this institution stands; None without a score."""
    if whole.verified is None:
        return None
    bands = parameters.bands
    ends = [start for _, start in bands[1:]] + [FULL]
    segments = tuple(
        Segment(
            place=place_of(i, len(bands)),
            label=words.name("band", name),
            x=at(start),
            middle=at((start + end) // 2),
            width=at(end - start),
            value="",
            has_room=True,
        )
        for i, ((name, start), end) in enumerate(zip(bands, ends, strict=True))
    )
    marks = _marks(
        ("declared", whole.declared),
        ("claims", whole.claims_verified),
        ("verified", whole.verified),
    )
    said = [words.say(f"mark.{mark.kind}", value=mark.value) for mark in marks]
    return Strip(
        segments=segments,
        ticks=ticks_of(parameters),
        gap=_gap(whole.claims_verified, whole.declared),
        marks=marks,
        description=str(words.listed(said)),
    )


def row_of(
    id_: str,
    label: str,
    *,
    declared: int | None,
    claims: int | None,
    network: int | None,
    side: str,
    figures: Sequence[str],
) -> ChartRow:
    """Return one line with its marks; `side` is a label to set under them, or empty."""
    known = [points for points in (declared, claims, network) if points is not None]
    return ChartRow(
        id=id_,
        label=label,
        gap=_gap(claims, declared),
        marks=_marks(("declared", declared), ("claims", claims), ("network", network)),
        side=_side(side, known) if side else None,
        figures=tuple(figures),
    )


def _side(label: str, known: list[int]) -> Side:
    low = min(known, default=0)
    return Side(at(low), is_before=2 * low > FULL, label=label)


def _gap(low: int | None, high: int | None) -> Span | None:
    if low is None or high is None:
        return None
    return span(min(low, high), max(low, high))


def _marks(*given: tuple[str, int | None]) -> tuple[Mark, ...]:
    return tuple(
        Mark(kind, at(points), people(points)) for kind, points in given if points is not None
    )


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
            place=_place_at(parameters, i * BIN),
            value=str(count),
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


def _place_at(parameters: ScoreParameters, points: int) -> int:
    position = sum(start <= points for _, start in parameters.bands) - 1
    return place_of(position, len(parameters.bands))


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
