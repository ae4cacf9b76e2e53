"""`cyberposture intel`: tables of others about flaws, support, routes and places, from files."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cyberposture.cli.options import By, Institution, Json, OnlyInstitution, as_day, one_of
from cyberposture.cli.surroundings import open_runtime, say, show_json, show_table

if TYPE_CHECKING:
    from datetime import datetime

    from cyberposture.services.intel.bundles import TableView
    from cyberposture.store.confirmations import ConfirmationRecord

HELP = "Tables of others: known-exploited flaws, versions, end of support, routes, places."
app = typer.Typer()


@app.command("import")
def import_file(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(help="kev, nvd, support, rpki, origins or locations.")],
    files: Annotated[
        list[Path], typer.Argument(help="The file, or all files of one table; gzip will do.")
    ],
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", help="Its date, YYYY-MM-DD, where the file tells none."),
    ] = None,
    max_age_days: Annotated[
        int | None, typer.Option(help="How old it may grow; else what is usual for its kind.")
    ] = None,
    by: By = None,
    reason: Annotated[str, typer.Option(help="Where it comes from, or why.")] = "",
    as_json: Json = False,
) -> None:
    """Keep a table from files, whole or not at all; earlier ones stay, with date and digest."""
    from datetime import UTC, datetime, time

    from cyberposture.cli.progress import bar
    from cyberposture.services.intel import taking_in as intel_import

    day = None if as_of is None else as_day("--as-of", as_of)
    moment = None if day is None else datetime.combine(day, time.min, UTC)
    register = open_runtime(context, by).register
    with bar(f"reading {files[0].name}") as shown:
        made = intel_import.import_table(
            register, kind, files, as_of=moment, max_age_days=max_age_days, reason=reason,
            progress=lambda rows: shown("rows", rows, rows + 1),
        )  # fmt: skip
    bundle = made.record.bundle
    if as_json:
        show_json({**_table_document(made.record), "is_new": made.is_new})
        return
    if not made.is_new:
        say("this very table was imported before; nothing was changed")
    typer.echo(f"{bundle.kind} {bundle.as_of:%Y-%m-%d}: {bundle.rows} rows, sha256 {bundle.sha256}")


@app.command("status")
def status(context: typer.Context, as_json: Json = False) -> None:
    """Say of each kind of table whether there is one, how old it is, and until when it speaks."""
    from cyberposture.services.intel import bundles as intel

    found = intel.list_kinds(open_runtime(context).register)
    if as_json:
        show_json([
            {
                "kind": one.kind,
                "about": one.about,
                "state": one.state,
                "newest": None if one.newest is None else _view_document(one.newest),
            }
            for one in found
        ])  # fmt: skip
        return
    rows = (
        (one.kind, one.state,
         "" if one.newest is None else _date(one.newest.record.bundle.as_of),
         "" if one.newest is None else _date(one.newest.record.bundle.valid_until),
         "" if one.newest is None else one.newest.record.bundle.rows, one.about)
        for one in found
    )  # fmt: skip
    show_table(("kind", "state", "as of", "speaks until", "rows", ""), rows)
    late = [one.kind for one in found if one.state == "stale"]
    if late:
        say(f"too old to speak, so that verdicts on them are not tested: {', '.join(late)}")


@app.command("list")
def list_tables(context: typer.Context, as_json: Json = False) -> None:
    """List every table that was ever imported, the newest of each kind first."""
    from cyberposture.services.intel import bundles as intel

    found = intel.list_tables(open_runtime(context).register)
    if as_json:
        show_json([_view_document(one) for one in found])
        return
    rows = (
        (v.record.bundle.kind, _date(v.record.bundle.as_of), v.record.bundle.rows,
         v.record.bundle.sha256[:12], v.record.act.actor, _date(v.record.act.at), _state(v))
        for v in found
    )  # fmt: skip
    show_table(("kind", "as of", "rows", "sha256", "imported by", "on", ""), rows)


@app.command("show")
def show(
    context: typer.Context,
    digest: Annotated[str, typer.Argument(help="Its SHA-256, or the beginning of it.")],
    as_json: Json = False,
) -> None:
    """Show one table: what it is, as of when, who imported it, and whether it may still speak."""
    from cyberposture.services.intel import bundles as intel

    view = intel.get_table(open_runtime(context).register, digest)
    document = _view_document(view)
    if as_json:
        show_json(document)
        return
    show_table(("", ""), ((key, value) for key, value in document.items() if key != "details"))
    show_table(("", ""), view.record.bundle.details.items())


@app.command("observe")
def observe(
    context: typer.Context,
    institution: OnlyInstitution = None,
    by: By = None,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    as_json: Json = False,
) -> None:
    """Look up what is known of one institution, or of all, in the tables; nothing is sent."""
    from dataclasses import asdict

    from cyberposture.services.findings import from_intel as intel_observe

    found = intel_observe.observe(open_runtime(context, by).register, institution, reason=reason)
    if as_json:
        show_json([asdict(one) for one in found])
        return
    rows = (
        (one.institution, one.vantage, one.scan, one.facts,
         ", ".join(f"{count} {verdict}" for verdict, count in one.verdicts.items()),
         one.findings.opened, one.findings.closed)
        for one in found
    )  # fmt: skip
    columns = ("institution", "vantage", "look-up", "facts", "verdicts", "opened", "closed")
    show_table(columns, rows, "no table that may speak knows anything of what was seen or declared")


@app.command("confirm")
def confirm(
    context: typer.Context,
    institution: Institution,
    address: Annotated[str, typer.Option(help="Where the product was seen.")],
    port: Annotated[str, typer.Option(help="443, or 161/udp.")],
    version: Annotated[str, typer.Option(help="The version that is installed, such as 2.4.57.")],
    person: Annotated[str, typer.Option(help="Who of the institution said so.")],
    on: Annotated[str, typer.Option(help="The day on which they did, YYYY-MM-DD.")],
    mended: Annotated[
        list[str] | None,
        typer.Option(help="A flaw mended there without a newer version, CVE number; repeatable."),
    ] = None,
    by: By = None,
    reason: Annotated[str, typer.Option(help="How it was said, or why.")] = "",
    as_json: Json = False,
) -> None:
    """Record an institution's word on the version at a port; it holds while the same is seen."""
    from typing import get_args

    from cyberposture.errors import WrongUsage
    from cyberposture.model.checks import Protocol
    from cyberposture.services.intel import bundles as intel

    number, _, protocol = port.partition("/")
    if not number.isascii() or not number.isdecimal() or not 1 <= int(number) <= 65_535:
        raise WrongUsage("--port: write 443, or 161/udp")
    kept = intel.confirm_version(
        open_runtime(context, by).register, institution, address, int(number),
        version=version, person=person, on=as_day("--on", on), mended=tuple(mended or ()),
        protocol=one_of(get_args(Protocol), protocol or "tcp", "protocol"), reason=reason,
    )  # fmt: skip
    if as_json:
        show_json(_confirmation_document(kept))
        return
    typer.echo(f"{kept.code}: {kept.confirmed.seen} is {kept.confirmed.version}")
    say(f"it counts with the next look: cyberposture intel observe --institution {institution}")


@app.command("confirmations")
def list_confirmations(
    context: typer.Context, institution: Institution, as_json: Json = False
) -> None:
    """List what an institution confirmed of its versions."""
    from cyberposture.services.intel import bundles as intel

    found = intel.list_confirmations(open_runtime(context).register, institution)
    if as_json:
        show_json([_confirmation_document(one) for one in found])
        return
    rows = (
        (one.code, one.confirmed.address, f"{one.confirmed.protocol}/{one.confirmed.port}",
         one.confirmed.seen, one.confirmed.version, " ".join(one.confirmed.mended),
         one.confirmed.person, one.confirmed.confirmed_on)
        for one in found
    )  # fmt: skip
    show_table(("code", "address", "port", "seen", "version", "mended", "said by", "on"), rows)


@app.command("withdraw")
def withdraw(
    context: typer.Context,
    code: Annotated[str, typer.Argument(help="Code of the confirmation.")],
    institution: Institution,
    by: By = None,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
) -> None:
    """Have a confirmation hold no longer."""
    from cyberposture.services.intel import bundles as intel

    intel.withdraw_confirmation(
        open_runtime(context, by).register, institution, code, reason=reason
    )
    typer.echo(f"{code} holds no longer")


def _date(moment: "datetime") -> str:
    return moment.date().isoformat()


def _state(view: "TableView") -> str:
    if not view.is_newest:
        return "replaced"
    return "stale" if view.is_stale else "in use"


def _table_document(record: Any) -> dict[str, Any]:
    bundle = record.bundle
    return {
        "kind": bundle.kind,
        "sha256": bundle.sha256,
        "as_of": bundle.as_of,
        "valid_until": bundle.valid_until,
        "max_age_days": bundle.max_age_days,
        "name": bundle.name,
        "rows": bundle.rows,
        "size_bytes": bundle.size_bytes,
        "details": dict(bundle.details),
        "imported_by": record.act.actor,
        "imported_at": record.act.at,
        "reason": record.act.reason,
    }


def _view_document(view: "TableView") -> dict[str, Any]:
    return {**_table_document(view.record), "state": _state(view), "age_days": view.age_days}


def _confirmation_document(one: "ConfirmationRecord") -> dict[str, Any]:
    said = one.confirmed
    return {
        "code": one.code,
        "address": said.address,
        "protocol": said.protocol,
        "port": said.port,
        "seen": said.seen,
        "version": said.version,
        "mended": list(said.mended),
        "person": said.person,
        "confirmed_on": said.confirmed_on,
        "recorded_by": one.act.actor,
        "recorded_at": one.act.at,
        "reason": one.act.reason,
    }
