"""`cyberposture scan`: authorised network checks, the stop switch, and the two pure doors."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from cyberposture.cli import recording, scan_again, scan_page, stopping
from cyberposture.cli.options import Institution, Json, OnlyInstitution
from cyberposture.cli.surroundings import open_runtime, say, show_json, show_table

HELP = "Authorised network checks."
app = typer.Typer()
stopping.register(app)
recording.register(app)
scan_again.register(app)
scan_page.register(app)
Requested = Annotated[
    Path | None, typer.Option("--requested", help="File with one address a line.")
]


@app.command("run")
def run(
    context: typer.Context,
    institution: Institution,
    address: Annotated[
        list[str] | None, typer.Option(help="Exactly these, all of them or nothing; repeatable.")
    ] = None,
    load: Annotated[int | None, typer.Option(min=0, max=4, help="Ask for this load.")] = None,
    vantage: Annotated[str | None, typer.Option(help="external, or internal:ZONE.")] = None,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    announced: Annotated[
        bool,
        typer.Option("--announced", help="The institution knows of it, and is to notice it."),
    ] = False,
    here: Annotated[
        bool, typer.Option("--here", help="In this process, not by the workers of the vantage.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Scan an institution now, inside its authorisation or not at all.

    What was denied on the way is not tested; the exit code is then 4, whatever was done before. On
    PostgreSQL the workers of the vantage do it, and go on with it where this command is ended.
    """
    from cyberposture.cli.progress import bar
    from cyberposture.services.scans import scan

    runtime = open_runtime(context)
    request = scan.Request(
        institution,
        tuple(address) if address else None,
        load=load,
        reason=reason,
        is_announced=announced,
    )
    scanner = scan.from_vantage(runtime.scanner, vantage)
    is_left = not here and scan.is_left_to_others(runtime.register, scanner.vantage)
    run_it = scan.follow_scan if is_left else scan.run_scan
    with bar(f"scan of {institution}") as progress:
        record = run_it(runtime.register, scanner, request, progress)
    if as_json:
        show_json(_document(record))
    else:
        summary = record.summary or {}
        found = summary.get("findings", {})
        typer.echo(f"{record.code}: {record.state}")
        typer.echo(f"verdicts: {_counts(summary.get('verdicts', {}))}")
        typer.echo(f"findings: {_counts(found)}")
        _say_what_was_left_out(record)
    _require_whole(record)


def _say_what_was_left_out(record: Any) -> None:
    for refused in record.plan.get("refused", ()):
        say(f"not contacted: {refused['target']} ({refused['reason']})")
    denied = Counter(
        (one["technique"], one["reason"]) for one in (record.summary or {}).get("denied", ())
    )
    for (technique, reason), count in denied.items():
        say(f"not tested: {technique} at {count} of the addresses ({reason})")


def _require_whole(record: Any) -> None:
    """Return if a scan came to its end.

    Raises:
        NotAuthorised: with the gate's reason, or `ended-early` where it was stopped while it sent.
    """
    from cyberposture.errors import NotAuthorised
    from cyberposture.services.permission.denials import Denial, is_cut_short

    if record.state == "done":
        return
    denied = [Denial(**one) for one in (record.summary or {}).get("denied", ())]
    reasons = [denial.reason for denial in denied if is_cut_short(denial)]
    raise NotAuthorised(
        reasons[0] if reasons else "ended-early",
        f"{record.code} ended before its end; what was not sent any more is not tested",
        advice=f"cyberposture scan show {record.code}",
    )


def _counts(numbers: dict[str, int]) -> str:
    return ", ".join(f"{count} {what.replace('_', ' ')}" for what, count in numbers.items())


@app.command("plan")
def plan(
    context: typer.Context,
    institution: Institution,
    as_json: Json = False,
) -> None:
    """Say what a scan would contact and what the gate would refuse now; nothing is sent."""
    from cyberposture.services.scans import views as scan_views

    runtime = open_runtime(context)
    found = scan_views.preview(runtime.register, runtime.scanner, institution)
    if as_json:
        show_json(found)
        return
    typer.echo(f"techniques: {', '.join(found['techniques']) or 'none'}")
    rows = [(t, "would be contacted", "") for t in found["targets"]]
    rows += [(r["target"], "refused", r["reason"]) for r in found["refused"]]
    for one in found["names"]:
        may = one["reason"] == "allowed"
        said = "would be looked up" if may else "not looked up"
        rows.append((f"{one['name']} ({one['subject']})", said, "" if may else one["reason"]))
    show_table(("address or name", "", "reason"), rows)


@app.command("list")
def list_scans(
    context: typer.Context,
    institution: OnlyInstitution = None,
    as_json: Json = False,
) -> None:
    """List scans, the newest first."""
    from cyberposture.services.scans import views as scan_views

    found = scan_views.list_scans(open_runtime(context).register, institution)
    if as_json:
        show_json([_document(one.record, one.institution) for one in found])
        return
    rows = (
        (one.record.code, one.institution, one.record.kind, one.record.state, one.record.vantage,
         one.record.started_at and one.record.started_at.isoformat(timespec="seconds"),
         ", ".join(one.record.authorisations))
        for one in found
    )  # fmt: skip
    show_table(("scan", "institution", "kind", "state", "vantage", "began", "allowed by"), rows)


@app.command("show")
def show(context: typer.Context, code: str, as_json: Json = False) -> None:
    """Show one scan with its chunks: what was sent, under which authorisation, which raw file."""
    from cyberposture.services.scans import views as scan_views

    found = scan_views.get_scan(open_runtime(context).register, code)
    chunks = [
        {"number": c.number, "state": c.state, "technique": c.plan["technique"],
         "targets": c.plan["targets"], "ports": c.plan["ports"], "name": c.plan["name"],
         "gate": c.gate, "artefact_sha256": c.artefact_sha256, "detail": c.detail,
         "started_at": c.started_at, "ended_at": c.ended_at}
        for c in found.chunks
    ]  # fmt: skip
    if as_json:
        show_json({**_document(found.record, found.institution), "chunks": chunks})
        return
    record = found.record
    typer.echo(f"{record.code}  {found.institution}  {record.state}  {record.vantage}")
    typer.echo(f"allowed by {', '.join(record.authorisations)}; checks {record.checks_digest}")
    rows = (
        (c["number"], c["state"], c["technique"], " ".join(c["targets"]),
         (c["gate"] or {}).get("authorisation", ""), c["artefact_sha256"] or "", c["detail"])
        for c in chunks
    )  # fmt: skip
    show_table(("chunk", "state", "technique", "targets", "allowed by", "raw sha256", ""), rows)
    _say_what_was_left_out(record)


@app.command("import")
def import_file(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="nmap XML made elsewhere.")],
    institution: Institution,
    authorisation: Annotated[str, typer.Option(help="Reference number it was made under.")],
    requested: Requested = None,
    ran_by: Annotated[str, typer.Option(help="Who ran it.")] = "",
    vantage: Annotated[str, typer.Option(help="external, or internal:ZONE.")] = "external",
    as_json: Json = False,
) -> None:
    """Take in nmap XML made elsewhere; it closes findings only with --requested."""
    from cyberposture.services.scans import taking_in as scan_import

    record, refused = scan_import.import_scan(
        open_runtime(context).register, file, institution, authorisation,
        requested=requested, ran_by=ran_by, vantage=vantage,
    )  # fmt: skip
    if as_json:
        show_json({**_document(record, institution), "refused": refused})
        return
    typer.echo(f"{record.code}: {_counts((record.summary or {}).get('verdicts', {}))}")
    for address in refused:
        say(f"left out: {address} is not in scope")


@app.command("parse")
def parse_file(
    file: Annotated[Path, typer.Argument(help="nmap XML.")],
    requested: Requested = None,
    as_json: Json = False,
) -> None:
    """Turn nmap XML into facts; needs no register, no authorisation and no nmap."""
    from cyberposture.scanning.reading.parse import parse_door_text, read_requested

    asked = read_requested(requested) if requested is not None else None
    for piece in parse_door_text(file, asked):
        typer.echo(piece, nl=False)


@app.command("judge")
def judge_file(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="nmap XML.")],
    requested: Requested = None,
    as_json: Json = False,
) -> None:
    """Turn nmap XML into facts and verdicts; needs no register and no authorisation."""
    from cyberposture.cli.surroundings import read_settings
    from cyberposture.content.bundle import find_content
    from cyberposture.content.loader import load_checks
    from cyberposture.scanning.judging.evaluate import judge_door
    from cyberposture.scanning.reading.facts import read_facts
    from cyberposture.scanning.reading.parse import parse, parse_door, read_requested

    asked = read_requested(requested) if requested is not None else None
    checks = load_checks(find_content(read_settings(context).content).scanners)
    facts = read_facts(parse(file, requested=asked), technique="tcp-ports", vantage="external")
    show_json({**parse_door(file, asked), "verdicts": judge_door(facts, checks)})


def _document(record: Any, institution: str | None = None) -> dict[str, Any]:
    document = {
        "code": record.code,
        "kind": record.kind,
        "state": record.state,
        "vantage": record.vantage,
        "authorisations": list(record.authorisations),
        "plan": record.plan,
        "summary": record.summary,
        "scanner": record.scanner,
        "checks_digest": record.checks_digest,
        "started_at": record.started_at,
        "ended_at": record.ended_at,
    }
    return document if institution is None else {"institution": institution, **document}
