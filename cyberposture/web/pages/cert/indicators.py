"""National indicators: the list, and one with its history and the form for a new figure."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from fastapi.responses import HTMLResponse

from cyberposture.content.translations import in_language
from cyberposture.errors import CyberpostureError, Fault, InvalidInput
from cyberposture.model.indicators import Figure, Indicator
from cyberposture.services.catalogue import indicators
from cyberposture.services.catalogue.indicators import IndicatorView
from cyberposture.web.network.filled import Filled, Form, Trouble, missing, trouble_of
from cyberposture.web.network.showing import EMPTY, NO_TROUBLE, show
from cyberposture.web.surroundings import Allowed, Visit, require_form_key

router = APIRouter(include_in_schema=False)
PLACE = "/cert/indicators"
Sees = Annotated[Visit, Depends(Allowed("see-nation-results"))]


@dataclass(frozen=True)
class ShownFigure:
    """One figure: its field's name, its title, how it is given, and its newest value."""

    name: str
    title: str
    figure: Figure
    value: str


@dataclass(frozen=True)
class ShownIndicator:
    """An indicator as a page shows it, in the reader's language."""

    view: IndicatorView
    title: str
    figures: tuple[ShownFigure, ...]


def _shown(visit: Visit, view: IndicatorView) -> ShownIndicator:
    told = in_language(visit.register.content.translations, visit.words.language).indicators
    texts = None if told is None else told.indicators.get(view.indicator.id)
    figures = tuple(
        ShownFigure(
            f"figure-{one.id}",
            one.title if texts is None else texts.figures[one.id].title,
            one,
            view.values.get(one.id, ""),
        )
        for one in view.indicator.figures
    )
    return ShownIndicator(view, view.indicator.title if texts is None else texts.title, figures)


@router.get(PLACE)
def list_indicators(visit: Sees) -> HTMLResponse:
    """List the indicators with their newest figures; what is due stands out."""
    found = [_shown(visit, view) for view in indicators.list_indicators(visit.register)]
    return show(visit, "cert/indicators.html.j2", found=found, place=PLACE)


@router.get(f"{PLACE}/{{indicator}}")
def show_indicator(visit: Sees, indicator: str) -> HTMLResponse:
    """Show one indicator with every revision."""
    return _show_one(visit, indicator, NO_TROUBLE, EMPTY)


def _show_one(visit: Visit, code: str, trouble: Trouble, typed: Filled) -> HTMLResponse:
    indicator = indicators.find_indicator(visit.register, code)
    history = indicators.list_history(visit.register, code)
    newest = history[-1] if history else IndicatorView(indicator)
    return show(
        visit, "cert/indicator.html.j2", trouble=trouble, one=_shown(visit, newest), typed=typed,
        history=[_shown(visit, view) for view in reversed(history)], place=PLACE,
        today=visit.register.clock().date().isoformat(), may_enter=visit.may("keep-indicators"),
    )  # fmt: skip


@router.post(f"{PLACE}/{{indicator}}")
def enter(
    visit: Annotated[Visit, Depends(Allowed("keep-indicators"))], indicator: str, form: Form
) -> Response:
    """Enter a figure with its source and day; what was before stays in the history."""
    require_form_key(visit, form.form_key)
    known = indicators.find_indicator(visit.register, indicator)
    trouble = missing(visit, form, "source", "dated") or _unfit(visit, known, form)
    if trouble is None:
        texts = {one.id: form[f"figure-{one.id}"] for one in known.figures}
        given = [f"{figure}={text}" for figure, text in texts.items() if text]
        try:
            indicators.set_indicator(
                visit.register, indicator, given, source=form["source"], dated=_day(form["dated"]),
                reason=form["reason"],
            )  # fmt: skip
        except CyberpostureError as error:
            trouble = trouble_of(visit, error)
    if trouble is not None:
        return _show_one(visit, indicator, trouble, form)
    return visit.go(f"{PLACE}/{known.id}", "indicator-entered")


def _unfit(visit: Visit, known: Indicator, form: Filled) -> Trouble | None:
    """Return which figures are not as they should be, each at its field, or None."""
    names = {f"figure-{one.id}": one for one in known.figures}
    if not any(form[name] for name in names):
        said = str(visit.words.say("national.none_given"))
        return Trouble(422, {next(iter(names)): said})
    wrong = {
        name: str(visit.words.say(f"national.unfit.{one.unit}"))
        for name, one in names.items()
        if form[name] and not one.fits(form[name])
    }
    return Trouble(422, wrong) if wrong else None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(Fault("dated", "write a day as 2026-12-31")) from error
