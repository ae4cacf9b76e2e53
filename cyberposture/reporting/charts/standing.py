"""Charts of one standing: the scale with its bands, and declared beside verified, row by row."""

from collections.abc import Sequence
from dataclasses import dataclass

from cyberposture.model.scores import InstitutionScore, ScoreParameters
from cyberposture.reporting.charts.bars import Segment
from cyberposture.reporting.charts.scale import (
    Mark,
    Span,
    Tick,
    at,
    gap,
    marks,
    place_of,
    span,
    ticks_of,
)
from cyberposture.reporting.words import Words
from cyberposture.scoring.points import FULL

SHOWN_GATES = 3
"""How many gates a ceiling names; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Side:
    """A label under the lowest mark, and whether it ends there instead of beginning."""

    x: str
    is_before: bool
    label: str


@dataclass(frozen=True, slots=True)
class Ceiling:
    """Where the band ends at most while gates hold; all beyond it is out of reach."""

    x: str
    beyond: str
    """How wide it is what lies beyond."""
    label: str
    short: str
    """The same where there is no room to name the gates."""
    is_before: bool
    """The label ends there instead of beginning."""


@dataclass(frozen=True, slots=True)
class Strip:
    """One scale with all bands and the marks of one institution."""

    segments: tuple[Segment, ...]
    ticks: tuple[Tick, ...]
    gap: Span | None
    """Between claims verified and declared."""
    marks: tuple[Mark, ...]
    ceiling: Ceiling | None
    """What keeps the band from rising, whatever the score."""
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


def strip_of(
    words: Words,
    parameters: ScoreParameters,
    whole: InstitutionScore,
    closed: Sequence[str] = (),
) -> Strip | None:
    """Return the scale with all bands and where this institution stands; None without a score.

    The gates that are `closed` show as a ceiling at the end of the highest band that they let.
    """
    if whole.verified is None:
        return None
    found = marks(
        ("declared", whole.declared),
        ("claims", whole.claims_verified),
        ("verified", whole.verified),
    )
    said = [words.say(f"mark.{mark.kind}", value=mark.value) for mark in found]
    ceiling = _ceiling(words, parameters, closed) if closed else None
    if ceiling is not None:
        said.append(words.say("mark.ceiling", gates=ceiling.label))
    return Strip(
        segments=_segments(words, parameters),
        ticks=ticks_of(parameters),
        gap=gap(whole.claims_verified, whole.declared),
        marks=found,
        ceiling=ceiling,
        description=str(words.listed(said)),
    )


def scale_of(
    words: Words,
    parameters: ScoreParameters,
    middle: int,
    ends: tuple[int, int] | None,
    description: str,
) -> Strip:
    """Return the scale with all bands, the median of many, and the stretch of their middle half."""
    return Strip(
        segments=_segments(words, parameters),
        ticks=ticks_of(parameters),
        gap=None if ends is None else span(*ends),
        marks=marks(("verified", middle)),
        ceiling=None,
        description=description,
    )


def _segments(words: Words, parameters: ScoreParameters) -> tuple[Segment, ...]:
    bands = parameters.bands
    ends = [start for _, start in bands[1:]] + [FULL]
    return tuple(
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


def _ceiling(words: Words, parameters: ScoreParameters, closed: Sequence[str]) -> Ceiling | None:
    names = [name for name, _ in parameters.bands]
    above = names.index(parameters.gate_band) + 1
    if above == len(names):
        return None
    start = parameters.bands[above][1]
    more = " …" if len(closed) > SHOWN_GATES else ""
    gates = ", ".join(closed[:SHOWN_GATES]) + more
    return Ceiling(
        x=at(start),
        beyond=at(FULL - start),
        label=str(words.say("strip.closed", n=len(closed), gates=gates)),
        short=str(words.say("strip.short", n=len(closed))),
        is_before=2 * start > FULL,
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
        gap=gap(claims, declared),
        marks=marks(("declared", declared), ("claims", claims), ("network", network)),
        side=_side(side, known) if side else None,
        figures=tuple(figures),
    )


def _side(label: str, known: list[int]) -> Side:
    low = min(known, default=0)
    return Side(at(low), is_before=2 * low > FULL, label=str(label))
