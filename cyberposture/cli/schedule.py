"""`cyberposture schedule`: what starts by itself, and when; the clock runs it."""

import json
from typing import Annotated, get_args

import typer

from cyberposture.cli.options import Json, one_of
from cyberposture.cli.surroundings import open_runtime, show_json, show_table

HELP = "What starts by itself, and when."
app = typer.Typer()


@app.command("add")
def add(
    context: typer.Context,
    code: Annotated[str, typer.Argument(help="Readable name of the row.")],
    kind: Annotated[str, typer.Option(help="scan, due, score, report, urgent, watch or expiry.")],
    trigger: Annotated[str, typer.Option(help="cron, interval or date.")],
    spec: Annotated[str, typer.Option(help="Five cron fields, seconds, or an ISO 8601 moment.")],
    institution: Annotated[str | None, typer.Option(help="For this institution.")] = None,
    zone: Annotated[str, typer.Option(help="IANA zone in which it is read.")] = "UTC",
    arguments: Annotated[str, typer.Option(help="JSON object.")] = "{}",
) -> None:
    """Add a schedule row, enabled."""
    from cyberposture.errors import Fault, InvalidInput
    from cyberposture.services import schedules
    from cyberposture.store.schedules import TriggerKind
    from cyberposture.worker.schedule import next_run_of

    fires = one_of(get_args(TriggerKind), trigger, "trigger")
    try:
        given = json.loads(arguments)
    except json.JSONDecodeError as error:
        raise InvalidInput(Fault("--arguments", str(error))) from error
    next_run = next_run_of(code, fires, spec, zone)
    schedules.add_schedule(
        open_runtime(context).register,
        code,
        kind,
        fires,
        spec,
        institution=institution,
        zone=zone,
        arguments=given,
        next_run=next_run,
    )
    typer.echo(f"{code} is scheduled" + (f" for {next_run.isoformat()}" if next_run else ""))


@app.command("list")
def list_all(
    context: typer.Context,
    as_json: Json = False,
) -> None:
    """List schedule rows."""
    from cyberposture.services import schedules

    found = schedules.list_schedules(open_runtime(context).register)
    if as_json:
        show_json([vars(one) for one in found])
        return
    rows = (
        (s.code, s.kind, s.institution or "", f"{s.trigger_kind} {s.trigger_spec}", s.zone,
         "on" if s.is_enabled else "off", s.last_run or "", s.next_run or "")
        for s in found
    )  # fmt: skip
    show_table(("code", "kind", "institution", "trigger", "zone", "", "last", "next"), rows)


@app.command("next")
def next_runs(context: typer.Context) -> None:
    """List what starts next, soonest first."""
    from cyberposture.services import schedules

    found = schedules.list_schedules(open_runtime(context).register, enabled_only=True)
    waiting = sorted((s.next_run, s.code, s.kind) for s in found if s.next_run)
    show_table(("next", "code", "kind"), waiting)


@app.command("remove")
def remove(
    context: typer.Context, code: str, reason: Annotated[str, typer.Option(help="Why.")] = ""
) -> None:
    """Have a schedule run no more; its row stays on record."""
    from cyberposture.services import schedules

    schedules.remove_schedule(open_runtime(context).register, code, reason=reason)
    typer.echo(f"{code} is off")
