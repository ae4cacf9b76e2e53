"""The national indicators in a nation's report: beside the scores, and in none of them."""

from dataclasses import dataclass

from cyberposture.model.indicators import Figure
from cyberposture.reporting.inputs import EnteredIndicator
from cyberposture.reporting.plain import LONG, Text, given
from cyberposture.reporting.view.groups import Nation
from cyberposture.scoring.explain import spaced


@dataclass(frozen=True, slots=True)
class FigureShown:
    """One figure of an indicator: what it is, and its value; None: it is not known."""

    title: str
    value: Text | None


@dataclass(frozen=True, slots=True)
class IndicatorRow:
    """One indicator as it was entered last; without a date nobody entered it yet."""

    code: str
    title: str
    figures: tuple[FigureShown, ...]
    dated: Text | str | None
    source: Text | None
    is_due: bool


@dataclass(frozen=True, slots=True)
class Indicators:
    """All indicators of the catalogue, in its order."""

    summary: Text
    rows: tuple[IndicatorRow, ...]


@dataclass(frozen=True, slots=True)
class Blocking:
    """The indicator that is furthest from its whole, in words."""

    code: str
    title: str
    figures: Text
    known_from: Text


def indicators_of(n: Nation) -> Indicators:
    """Return every indicator with its value, date and source."""
    every = n.inputs.indicators
    entered = sum(one.dated is not None for one in every)
    return Indicators(
        summary=n.words.say("indicators.entered", n=entered, all=len(every)),
        rows=tuple(_row(n, one) for one in every),
    )


def _row(n: Nation, one: EnteredIndicator) -> IndicatorRow:
    values = one.indicator.kept(one.value)
    figures = tuple(
        FigureShown(figure.title, _value(n, figure, values)) for figure in one.indicator.figures
    )
    if one.value and not values:
        # It was entered when the indicator had other figures, and is shown as it was entered.
        figures = (FigureShown("", given(one.value)),)
    return IndicatorRow(
        code=one.indicator.id,
        title=one.indicator.title,
        figures=figures if one.dated is not None else (),
        dated=None if one.dated is None else n.words.day(one.dated, n.zone),
        source=given(one.source, LONG) if one.source else None,
        is_due=one.is_due,
    )


def _value(n: Nation, figure: Figure, values: dict[str, str]) -> Text | None:
    return _said(n, figure, values[figure.id]) if figure.id in values else None


def _said(n: Nation, figure: Figure, value: str) -> Text:
    """Return a value that fits the figure, together with what it counts."""
    match figure.unit:
        case "count":
            key = "indicators.count" if figure.whole is None else "indicators.count-of"
            whole = figure.whole or ""
            return n.words.say(key, many=spaced(int(value)), whole=whole, counted=figure.counted)
        case "share":
            return n.words.say("indicators.share", share=value)
        case _:
            return given(n.words.name("indicator-value", value))


def blocking_of(n: Nation) -> Blocking | None:
    """Return the indicator that is furthest from its whole; None: all that have one reach it.

    A count of no fixed whole is never furthest: nothing says how much would be enough.
    """
    ranked = sorted(
        (reached, one.indicator.id, one)
        for one in n.inputs.indicators
        if (reached := _reached(one)) is not None and reached < 1
    )
    if not ranked:
        return None
    _, code, one = ranked[0]
    values = one.indicator.kept(one.value)
    said = [
        n.words.say("indicators.figure", title=f.title, value=_said(n, f, values[f.id]))
        for f in one.indicator.figures
        if f.id in values and (f.reached(values[f.id]) or 0) < 1
    ]
    day = "" if one.dated is None else n.words.day(one.dated, n.zone)
    return Blocking(
        code=code,
        title=one.indicator.title,
        figures=n.words.listed(said),
        known_from=n.words.say("source.indicator", source=given(one.source, LONG), day=day),
    )


def _reached(one: EnteredIndicator) -> float | None:
    values = one.indicator.kept(one.value)
    parts = [
        part
        for figure in one.indicator.figures
        if figure.id in values and (part := figure.reached(values[figure.id])) is not None
    ]
    return sum(parts) / len(parts) if parts else None
