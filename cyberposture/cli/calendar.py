"""`cyberposture calendar`: windows, blackouts and the national deny list."""

from typing import Annotated
from uuid import UUID

import typer

from cyberposture.cli.options import Institution, Json
from cyberposture.cli.surroundings import open_runtime, show_json, show_table

HELP = "Windows, blackouts and the national deny list."
app = typer.Typer()


def as_id(text: str) -> UUID:
    """Return the id of a row.

    Raises:
        InvalidInput: it is none.
    """
    from cyberposture.errors import Fault, InvalidInput

    try:
        return UUID(text)
    except ValueError as error:
        raise InvalidInput(Fault("id", f"{text[:60]!r} is no id")) from error


add_app = typer.Typer(help="Add a window, a blackout or a denial.", no_args_is_help=True)
app.add_typer(add_app, name="add")


@add_app.command("window")
def add_window(
    context: typer.Context,
    institution: Institution,
    weekday: Annotated[list[int], typer.Option(min=0, max=6, help="Monday is 0; repeatable.")],
    start: Annotated[str, typer.Option(help="Local start, HH:MM.")],
    length_s: Annotated[int, typer.Option(min=1, help="Length in seconds.")],
    zone: Annotated[str, typer.Option(help="IANA zone.")] = "Asia/Karachi",
) -> None:
    """Give an institution a weekly window; it is then scanned inside its windows only."""
    from cyberposture.exchange.sheets import build_row
    from cyberposture.model.gate import Window
    from cyberposture.services.schedule import calendar

    window = build_row(
        Window,
        "arguments",
        {"weekdays": weekday, "start": start, "length_s": length_s, "zone": zone},
    )
    calendar.add_window(open_runtime(context).register, institution, window)
    typer.echo(f"{institution} has a window")


@add_app.command("blackout")
def add_blackout(
    context: typer.Context,
    title: Annotated[str, typer.Option(help="As people call it.")],
    begins: Annotated[str, typer.Option("--from", help="ISO 8601 with zone.")],
    ends: Annotated[str, typer.Option("--until", help="ISO 8601 with zone.")],
    institution: Annotated[
        str | None, typer.Option(help="Only for this institution; else national.")
    ] = None,
) -> None:
    """Forbid scans for a stretch of time, for the nation or one institution."""
    from cyberposture.clock import from_iso
    from cyberposture.errors import WrongUsage
    from cyberposture.services.schedule import calendar

    try:
        first, last = from_iso(begins), from_iso(ends)
    except ValueError as error:
        raise WrongUsage(str(error)) from error
    calendar.add_blackout(open_runtime(context).register, title, first, last, institution)
    typer.echo(f"blackout {title!r} is set")


@add_app.command("deny")
def add_deny(
    context: typer.Context,
    cidr: Annotated[str, typer.Argument(help="Address range as a CIDR.")],
    reason: Annotated[str, typer.Option(help="Why.")],
) -> None:
    """Put an address range on the national deny list, which no authorisation outweighs."""
    from cyberposture.services.schedule import calendar

    listed = calendar.add_denial(open_runtime(context).register, cidr, reason=reason)
    typer.echo(f"{len(listed.entries)} entries on the deny list")


@app.command("end-window")
def end_window(
    context: typer.Context,
    institution: Institution,
    window: Annotated[str, typer.Argument(help="Id of the window, as `list --json` shows it.")],
    reason: Annotated[str, typer.Option(help="Why.")] = "",
) -> None:
    """Take a window from an institution; without any it may be scanned at all times."""
    from cyberposture.services.schedule import calendar

    register = open_runtime(context).register
    calendar.end_window(register, institution, as_id(window), reason=reason)
    typer.echo(f"the window of {institution} is ended")


@app.command("cancel-blackout")
def cancel_blackout(
    context: typer.Context,
    blackout: Annotated[str, typer.Argument(help="Id of the blackout, as `list --json` shows it.")],
    reason: Annotated[str, typer.Option(help="Why.")] = "",
) -> None:
    """Have a blackout count no more, before its end."""
    from cyberposture.services.schedule import calendar

    calendar.cancel_blackout(open_runtime(context).register, as_id(blackout), reason=reason)
    typer.echo("the blackout is cancelled")


@app.command("remove-denial")
def remove_denial(
    context: typer.Context,
    cidr: Annotated[str, typer.Argument(help="Address range as it stands on the list.")],
    reason: Annotated[str, typer.Option(help="Why.")],
) -> None:
    """Take an address range off the national deny list."""
    from cyberposture.services.schedule import calendar

    listed = calendar.remove_denial(open_runtime(context).register, cidr, reason=reason)
    typer.echo(f"{len(listed.entries)} entries on the deny list")


@app.command("confirm-deny-list")
def confirm(context: typer.Context) -> None:
    """Confirm the deny list as it stands; without a confirmed list nothing is sent."""
    from cyberposture.services.schedule import calendar

    listed = calendar.confirm_deny_list(open_runtime(context).register)
    typer.echo(f"confirmed: {len(listed.entries)} entries")


@app.command("list")
def list_all(
    context: typer.Context,
    institution: Annotated[str | None, typer.Option(help="Also this institution's own.")] = None,
    as_json: Json = False,
) -> None:
    """List what holds now."""
    from cyberposture.services.schedule import calendar

    found = calendar.list_calendar(open_runtime(context).register, institution)
    windows = [
        {"id": str(w.id), "weekdays": list(w.weekdays), "start": w.start, "length_s": w.length_s,
         "zone": w.zone}
        for w in found.windows
    ]  # fmt: skip
    blackouts = [
        {"id": str(b.id), "title": b.title, "from": b.starts_at, "until": b.ends_at,
         "scope": "institution" if b.institution_id else "nation"}
        for b in found.blackouts
    ]  # fmt: skip
    deny = list(found.deny.entries) if found.deny is not None else None
    if as_json:
        show_json({"windows": windows, "blackouts": blackouts, "deny": deny})
        return
    rows: list[tuple[object, ...]] = [
        ("window", f"{w['weekdays']} from {w['start']} for {w['length_s']} s", w["zone"])
        for w in windows
    ]
    rows += [("blackout", b["title"], f"{b['from']} to {b['until']}") for b in blackouts]
    rows += [("deny", e["cidr"], e["reason"]) for e in deny or ()]
    show_table(("kind", "what", ""), rows)
    if deny is None:
        typer.echo("the deny list was never confirmed: nothing is sent", err=True)
