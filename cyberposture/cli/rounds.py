"""`cyberposture round`: campaigns in which all institutions are asked under one edition."""

from pathlib import Path
from typing import Annotated

import typer

from cyberposture.cli.options import AnyJson, By, Json, as_moment
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


@app.command("plan")
def plan(
    context: typer.Context,
    code: str,
    file: Annotated[Path, typer.Argument(help="YAML: cohorts, terms, drawn_share.")],
    by: By = None,
) -> None:
    """Say how a round is run: its cohorts with their waves, its terms, what is drawn by chance."""
    from cyberposture.content.reading.documents import read_file
    from cyberposture.services.assessments import campaigns

    given = campaigns.read_plan(read_file(file, file.name).value, file.name)
    kept = campaigns.plan_round(open_runtime(context, by).register, code, given)
    typer.echo(f"{code}: plan {kept.revision}, {len(given.cohorts)} cohorts")


@app.command("invite")
def invite(
    context: typer.Context,
    code: str,
    cohort: Annotated[str, typer.Argument(help="Code of the cohort whose wave begins.")],
    by: By = None,
) -> None:
    """Invite everybody of a cohort who was not invited yet."""
    from cyberposture.services.assessments import campaigns

    count = campaigns.begin_wave(open_runtime(context, by).register, code, cohort)
    typer.echo(f"{count} institutions are invited")


@app.command("funnel")
def funnel(context: typer.Context, code: str, as_json: Json = False) -> None:
    """Show how many institutions came how far, by cohort."""
    from cyberposture.services.assessments import campaigns, funnels

    register = open_runtime(context).register
    places = funnels.list_places(register, code)
    rows = funnels.count_funnel(campaigns.read_campaign(register, code), places)
    if as_json:
        show_json([vars(one) for one in rows])
        return
    names = ("cohort", "held", "invited", "opened", "started", "submitted", "reviewed")
    show_table(names, ([getattr(one, name) for name in names] for one in rows))


@app.command("measure")
def measure(context: typer.Context, code: str, as_json: Json = False) -> None:
    """Say how far claims lie above what reviewers find, and how far reviewers agree."""
    from cyberposture.scoring.explain import people
    from cyberposture.services.review.measuring import measure_round

    found = measure_round(open_runtime(context).register, code)
    if as_json:
        show_json(vars(found))
        return
    typer.echo(f"reviewed in full: {found.complete} of {found.drawn} institutions")
    if found.gap is not None:
        gap = found.gap
        sure = ""
        if gap.error is not None:
            sure = f", between {gap.low} and {gap.high} with 95 % sureness"
        typer.echo(f"gap of {gap.claims} claims: {gap.gap} basis points{sure}")
    pairs = found.agreement
    kappa = "not known" if pairs.kappa is None else f"{pairs.kappa / 10_000:.2f}"
    typer.echo(f"gates seen twice: {pairs.pairs}; alike {people(pairs.alike)} %; kappa {kappa}")
