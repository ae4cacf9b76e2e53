"""`cyberposture indicator`: what is measured of the clauses that only the nation can meet."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cyberposture.cli.options import By, Json, as_day
from cyberposture.cli.surroundings import open_runtime, show_json, show_table

if TYPE_CHECKING:
    from cyberposture.services.catalogue.indicators import IndicatorView

HELP = "National indicators: beside the score, never in it."
app = typer.Typer()


@app.command("set")
def set_value(
    context: typer.Context,
    code: Annotated[str, typer.Argument(help="Such as NAT-05.")],
    value: Annotated[
        list[str], typer.Option(help="The value, or FIGURE=VALUE for each of several figures.")
    ],
    source: Annotated[str, typer.Option(help="Where the value comes from.")],
    dated: Annotated[str, typer.Option(help="The day that it is true of, such as 2026-06-30.")],
    by: By = None,
    reason: Annotated[str, typer.Option(help="Why it is entered, or corrected.")] = "",
    as_json: Json = False,
) -> None:
    """Enter a value with its source and date; earlier ones stay in its history."""
    from cyberposture.services.catalogue import indicators

    day = as_day("--dated", dated)
    register = open_runtime(context, by).register
    kept = indicators.set_indicator(register, code, value, source=source, dated=day, reason=reason)
    if as_json:
        show_json(_document(kept))
        return
    typer.echo(f"{kept.indicator.id} is entered: {_said(kept)}")


@app.command("list")
def list_all(
    context: typer.Context,
    history: Annotated[
        str | None, typer.Option(help="Every revision of this indicator, oldest first.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List the indicators with their newest values, or the history of one."""
    from cyberposture.services.catalogue import indicators

    register = open_runtime(context).register
    if history is None:
        found = indicators.list_indicators(register)
    else:
        found = indicators.list_history(register, history)
    if as_json:
        show_json([_document(one) for one in found])
        return
    rows = (
        (one.indicator.id, one.indicator.title, _said(one),
         one.record.dated if one.record else "", one.record.source if one.record else "",
         "due" if one.is_due else "")
        for one in found
    )  # fmt: skip
    show_table(("id", "indicator", "value", "of", "source", ""), rows)


def _said(one: "IndicatorView") -> str:
    """Return the values in words; a figure alone goes without its name."""
    if one.record is None:
        return "not yet entered"
    figures = [f for f in one.indicator.figures if f.id in one.values]
    if not figures:
        return one.record.value
    return "; ".join(
        f.shown(one.values[f.id]) if len(one.indicator.figures) == 1
        else f"{f.id} {f.shown(one.values[f.id])}"
        for f in figures
    )  # fmt: skip


def _document(one: "IndicatorView") -> dict[str, Any]:
    record = one.record
    return {
        "id": one.indicator.id,
        "title": one.indicator.title,
        "measures": one.indicator.measures,
        "clauses": list(one.indicator.clauses),
        "known_from": one.indicator.known_from,
        "every_months": one.indicator.every_months,
        "figures": [
            {
                "id": figure.id,
                "title": figure.title,
                "unit": figure.unit,
                "counted": figure.counted or None,
                "states": list(figure.states),
                "value": one.values.get(figure.id),
            }
            for figure in one.indicator.figures
        ],
        "value": None if record is None else _said(one),
        "source": None if record is None else record.source,
        "dated": None if record is None else record.dated,
        "revision": None if record is None else record.revision,
        "entered_by": None if record is None else record.act.actor,
        "entered_at": None if record is None else record.act.at,
        "reason": None if record is None else record.act.reason,
        "is_due": one.is_due,
    }
