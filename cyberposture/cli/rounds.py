"""`cyberposture round`: campaigns in which all institutions are asked under one edition."""

from typing import Annotated

import typer

from cyberposture.cli.options import AnyJson, Json, as_moment
from cyberposture.cli.surroundings import open_runtime, show_json, show_table

HELP = "Campaigns under one edition."
app = typer.Typer()


@app.command("open")
def open_round(
    context: typer.Context,
    code: Annotated[str, typer.Argument(help="Such as 2026-h2.")],
    title: Annotated[str, typer.Option(help="As people call it.")],
    due: Annotated[str, typer.Option(help="When answers are due, ISO 8601 with zone.")],
    repair_days: Annotated[
        int | None, typer.Option(min=0, help="Overrides every repair clock in this round; days.")
    ] = None,
    repair_days_reason: Annotated[str, typer.Option(help="Why; it is printed in reports.")] = "",
) -> None:
    """Open a round under the current edition."""
    from cyberposture.services.assessments import rounds

    moment = as_moment("--due", due)
    register = open_runtime(context).register
    rounds.open_round(
        register, code, title, moment,
        repair_days=repair_days, repair_days_reason=repair_days_reason,
    )  # fmt: skip
    typer.echo(f"{code} is open")


@app.command("list")
def list_rounds(
    context: typer.Context,
    as_json: Json = False,
) -> None:
    """List all rounds."""
    from cyberposture.services.assessments import rounds

    found = rounds.list_rounds(open_runtime(context).register)
    if as_json:
        show_json([{**r.round.model_dump(mode="json"), "closed_at": r.closed_at} for r in found])
        return
    rows = (
        (r.round.code, r.round.title, r.round.opens.date(), r.round.due.date(),
         "closed" if r.closed_at else "open")
        for r in found
    )  # fmt: skip
    show_table(("round", "title", "opens", "due", "state"), rows)


@app.command("show")
def show(context: typer.Context, code: str, as_json: AnyJson = False) -> None:
    """Show one round as JSON."""
    from cyberposture.services.assessments import rounds

    record = rounds.get_round(open_runtime(context).register, code)
    show_json({**record.round.model_dump(mode="json"), "closed_at": record.closed_at})


@app.command("close")
def close(
    context: typer.Context, code: str, reason: Annotated[str, typer.Option(help="Why.")] = ""
) -> None:
    """Close a round."""
    from cyberposture.services.assessments import rounds

    rounds.close_round(open_runtime(context).register, code, reason=reason)
    typer.echo(f"{code} is closed")
