"""`cyberposture schedule`: what starts by itself, and when; the clock runs it."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from cyberposture.cli.options import Institution, Json, OnlyInstitution, one_of
from cyberposture.cli.surroundings import open_runtime, show_json, show_table
from cyberposture.clock import to_iso

if TYPE_CHECKING:
    from cyberposture.services.scans.due_views import DueView

HELP = "What starts by itself, and when."
app = typer.Typer()


@app.command("add")
def add(
    context: typer.Context,
    code: Annotated[str, typer.Argument(help="Readable name of the row.")],
    kind: Annotated[
        str,
        typer.Option(
            help="scan, due, score, report, urgent, watch, expiry, remind, news, deliver."
        ),
    ],
    trigger: Annotated[str, typer.Option(help="cron, interval or date.")],
    spec: Annotated[str, typer.Option(help="Five cron fields, seconds, or an ISO 8601 moment.")],
    institution: Annotated[str | None, typer.Option(help="For this institution.")] = None,
    zone: Annotated[str, typer.Option(help="IANA zone in which it is read.")] = "UTC",
    arguments: Annotated[str, typer.Option(help="JSON object.")] = "{}",
) -> None:
    """Add a schedule row, enabled."""
    from cyberposture.errors import Fault, InvalidInput
    from cyberposture.services.schedule import schedules
    from cyberposture.services.schedule.triggers import next_run_of
    from cyberposture.store.schedules import TriggerKind

    fires = one_of(get_args(TriggerKind), trigger, "trigger")
    try:
        given = json.loads(arguments)
    except json.JSONDecodeError as error:
        raise InvalidInput(Fault("--arguments", str(error))) from error
    register = open_runtime(context).register
    next_run = next_run_of(code, fires, spec, zone, now=register.clock())
    schedules.add_schedule(
        register,
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
    from cyberposture.services.schedule import schedules

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
def next_runs(
    context: typer.Context,
    institution: OnlyInstitution = None,
    limit: Annotated[int, typer.Option(min=1, help="Most targets to list.")] = 50,
    as_json: Json = False,
) -> None:
    """List what starts next, soonest first; with --institution, what of it is looked at next."""
    from cyberposture.services.scans import due_views
    from cyberposture.services.schedule import schedules

    register = open_runtime(context).register
    if institution is not None:
        _show_targets(due_views.list_next(register, institution, limit), as_json)
        return
    found = schedules.list_schedules(register, enabled_only=True)
    waiting = sorted((s.next_run, s.code, s.kind) for s in found if s.next_run)
    if as_json:
        show_json([{"next": at, "code": code, "kind": kind} for at, code, kind in waiting])
        return
    show_table(("next", "code", "kind"), waiting)


@app.command("due")
def due(context: typer.Context, institution: OnlyInstitution = None, as_json: Json = False) -> None:
    """List what is due to be looked at now, why, and in which order each institution's comes."""
    from cyberposture.services.scans import due_views

    _show_targets(due_views.list_due(open_runtime(context).register, institution), as_json)


@app.command("show")
def show(
    context: typer.Context,
    institution: Institution,
    address: Annotated[str | None, typer.Option(help="Only this address.")] = None,
    as_json: Json = False,
) -> None:
    """Show how an institution stands in the schedule: may it be looked at now, what, why, when."""
    from cyberposture.services.scans import due_views

    runtime = open_runtime(context)
    found = due_views.show_institution(runtime.register, runtime.scanner, institution, address)
    if as_json:
        shown = vars(found) | {
            "targets": [vars(one) for one in found.targets],
            "deadlines": [
                {"title": one.title, "at": one.at, "fresh_days": one.age.days}
                for one in found.deadlines
            ],
        }
        show_json(shown)
        return
    later = f", not before {to_iso(found.not_before)}" if found.not_before else ""
    typer.echo(f"{institution}: {found.keeps_from or 'may be looked at now'}{later}")
    for deadline in found.deadlines:
        days = deadline.age.days
        typer.echo(f"{deadline.title}: evidence {days} days old at most on {to_iso(deadline.at)}")
    _show_targets(found.targets, as_json)


def _show_targets(found: "Sequence[DueView]", as_json: bool) -> None:
    if as_json:
        show_json([vars(one) for one in found])
        return
    rows = (
        (one.institution, one.target, one.vantage, to_iso(one.due_at)[:16], one.interval,
         "looked at now" if one.is_held else "due" if one.is_due else "",
         "" if one.looked_at is None else to_iso(one.looked_at)[:16], one.why)
        for one in found
    )  # fmt: skip
    show_table(("institution", "target", "from", "due (UTC)", "", "", "last look", "why"), rows)


@app.command("remove")
def remove(
    context: typer.Context, code: str, reason: Annotated[str, typer.Option(help="Why.")] = ""
) -> None:
    """Have a schedule run no more; its row stays on record."""
    from cyberposture.services.schedule import schedules

    schedules.remove_schedule(open_runtime(context).register, code, reason=reason)
    typer.echo(f"{code} is off")


@app.command("resume")
def resume(
    context: typer.Context, code: str, reason: Annotated[str, typer.Option(help="Why.")] = ""
) -> None:
    """Have a schedule run again that was removed."""
    from cyberposture.services.schedule import schedules

    found = schedules.resume_schedule(open_runtime(context).register, code, reason=reason)
    typer.echo(f"{code} is on" + (f"; next {found.next_run.isoformat()}" if found.next_run else ""))
