"""`cyberposture watch`: what is wrong with our own watching, and the canaries that show it."""

from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from cyberposture.cli.options import By, Institution, Json, one_of
from cyberposture.cli.surroundings import open_runtime, show_json, show_table

if TYPE_CHECKING:
    from cyberposture.services.scans.canaries import CanaryView
    from cyberposture.services.scans.watch import SaidAlarm

HELP = "What is wrong with our own watching; by itself it looks now, and ends with 7 on an alarm."
app = typer.Typer(invoke_without_command=True)


@app.callback()
def watch(context: typer.Context, as_json: Json = False) -> None:
    """Look now at canaries, checks, tables, scans, clock, audit heads and urgent notices."""
    from cyberposture.errors import CheckFailed
    from cyberposture.reporting.render import Renderer
    from cyberposture.services.scans import watch as service

    if context.invoked_subcommand is not None:
        return
    runtime = open_runtime(context)
    words = Renderer(runtime.folders.reports).page_words("notices")
    alarms = service.look_at_ourselves(runtime.register, runtime.heads_file)
    found = [service.say_alarm(words, one) for one in alarms]
    if as_json:
        show_json([_alarm(one) for one in found])
    else:
        rows = (
            (one.alarm.kind, one.alarm.subject, one.alarm.since.isoformat(timespec="minutes"),
             one.says, one.advice)
            for one in found
        )  # fmt: skip
        show_table(("alarm", "about", "since", "", "do"), rows, empty="all is well")
    if found:
        raise CheckFailed(f"{len(found)} alarms")


def _alarm(one: "SaidAlarm") -> dict[str, Any]:
    alarm = one.alarm
    return {"kind": alarm.kind, "about": alarm.subject, "since": alarm.since,
            "says": str(one.says), "advice": str(one.advice), "code": alarm.code}  # fmt: skip


@app.command("add")
def add(
    context: typer.Context,
    address: Annotated[str, typer.Argument(help="An address of our own with a known flaw.")],
    check: Annotated[str, typer.Argument(help="The check that must find it.")],
    institution: Institution,
    verdict: Annotated[str, typer.Option(help="What it must say.")] = "fail",
    cycle_days: Annotated[int, typer.Option(help="Within so many days, again and again.")] = 7,
    by: By = None,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
) -> None:
    """Plant a canary: a known flaw that has to be found in each cycle, or there is an alarm."""
    from cyberposture.model.checks import Verdict
    from cyberposture.services.scans import canaries

    expected = one_of(get_args(Verdict), verdict, "verdict")
    record = canaries.plant(
        open_runtime(context, by).register, institution, address, check,
        verdict=expected, cycle_days=cycle_days, reason=reason,
    )  # fmt: skip
    typer.echo(f"{record.code}: {check} at {address} must be {verdict} every {cycle_days} days")


@app.command("list")
def list_all(context: typer.Context, as_json: Json = False) -> None:
    """List the canaries."""
    from cyberposture.services.scans import canaries

    found = canaries.list_canaries(open_runtime(context).register)
    if as_json:
        show_json([_canary(one) for one in found])
        return
    rows = (tuple(_canary(one).values()) for one in found)
    show_table(("canary", "institution", "address", "check", "must be", "within days"), rows)


def _canary(one: "CanaryView") -> dict[str, Any]:
    record = one.record
    return {"code": record.code, "institution": one.institution, "address": record.address,
            "check": record.check, "verdict": record.verdict,
            "cycle_days": record.cycle_days}  # fmt: skip


@app.command("remove")
def remove(
    context: typer.Context,
    code: Annotated[str, typer.Argument(help="Code of the canary.")],
    by: By = None,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
) -> None:
    """Have a canary watched no more; its row stays on record."""
    from cyberposture.services.scans import canaries

    canaries.end(open_runtime(context, by).register, code, reason=reason)
    typer.echo(f"{code} is watched no more")
