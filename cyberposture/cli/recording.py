"""`cyberposture scan record`: what people did by an agreed procedure and wrote down."""

from pathlib import Path
from typing import Annotated, Any

import typer

from cyberposture.cli.options import Institution, Json, OnlyInstitution
from cyberposture.cli.surroundings import open_runtime, show_json, show_table

Person = Annotated[str, typer.Option("--by", help="Code of the person who signs.")]
Key = Annotated[
    Path | None, typer.Option("--key", help="The person's private key; else in the workspace.")
]


def register(app: typer.Typer) -> None:
    """Add these commands to `cyberposture scan`."""
    app.command("record")(record)
    app.command("confirm")(confirm)
    app.command("records")(records)


def record(
    context: typer.Context,
    procedure: Annotated[str, typer.Argument(help="contact-test, announced-scan or test-name.")],
    institution: Institution,
    result: Annotated[str, typer.Option(help="yes: answered, noticed, blocked; no; or unclear.")],
    at: Annotated[str, typer.Option(help="When, as ISO 8601 moment with zone.")],
    note: Annotated[str, typer.Option(help="What was done and what came of it.")],
    by: Person,
    contact: Annotated[str | None, typer.Option(help="Mailbox or number that was tried.")] = None,
    minutes: Annotated[int | None, typer.Option(help="Until somebody answered.")] = None,
    scan: Annotated[str | None, typer.Option(help="Code of the announced scan.")] = None,
    reported_at: Annotated[str | None, typer.Option(help="When the report came.")] = None,
    names_hour: Annotated[
        bool, typer.Option("--names-hour", help="The report names when the scan began.")
    ] = False,
    names_source: Annotated[
        bool, typer.Option("--names-source", help="The report names where it came from.")
    ] = False,
    name: Annotated[str | None, typer.Option(help="The harmless test name.")] = None,
    vantage: Annotated[str, typer.Option(help="external, or internal:ZONE.")] = "external",
    evidence: Annotated[Path | None, typer.Option(help="A file that shows it.")] = None,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Record what an agreed procedure showed: a test of a contact, a noticed scan, a test name.

    A good result that decides a control counts only when a second person confirms it.
    """
    from cyberposture.services.findings import procedures
    from cyberposture.services.people import people

    procedures.procedure_of(procedure)
    runtime = open_runtime(context, by)
    given: dict[str, Any] = {
        "procedure": procedure, "result": result, "at": at, "note": note, "contact": contact,
        "minutes": minutes, "scan": scan, "reported_at": reported_at, "names_hour": names_hour,
        "names_source": names_source, "name": name, "vantage": vantage,
    }  # fmt: skip
    private = people.read_key(key or runtime.key_file_of(by))
    kept = procedures.record(runtime.register, institution, given, by, private, evidence=evidence)
    _show(kept, as_json)


def confirm(
    context: typer.Context,
    code: Annotated[str, typer.Argument(help="Code of the record.")],
    by: Person,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Confirm a record as the second person; it counts from then on."""
    from cyberposture.services.findings import procedures
    from cyberposture.services.people import people

    runtime = open_runtime(context, by)
    private = people.read_key(key or runtime.key_file_of(by))
    _show(procedures.confirm(runtime.register, code, by, private), as_json)


def records(
    context: typer.Context, institution: OnlyInstitution = None, as_json: Json = False
) -> None:
    """List records of procedures, the newest first."""
    from cyberposture.services.findings import procedures

    found = procedures.list_records(open_runtime(context).register, institution)
    if as_json:
        show_json([_document(one) for one in found])
        return
    rows = (
        (one.code, one.plan["record"]["procedure"], one.plan["record"]["result"],
         one.plan["record"]["at"], one.plan["recorder"], (one.summary or {}).get("confirmer", ""),
         "counts" if one.state == "done" else "awaits a second person")
        for one in found
    )  # fmt: skip
    columns = ("record", "procedure", "result", "when", "recorded by", "confirmed by", "")
    show_table(columns, rows)


def _document(kept: Any) -> dict[str, Any]:
    return {"code": kept.code, "state": kept.state, **kept.plan, "summary": kept.summary}


def _show(kept: Any, as_json: bool) -> None:
    if as_json:
        show_json(_document(kept))
    elif kept.state == "done":
        verdicts = (kept.summary or {}).get("verdicts", {})
        told = ", ".join(f"{count} {what}" for what, count in verdicts.items())
        typer.echo(f"{kept.code}: {told}")
    else:
        typer.echo(f"{kept.code} is recorded; it counts when a second person confirms it")
