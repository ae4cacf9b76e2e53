"""`cyberposture audit`: the record of everything that was done."""

from pathlib import Path
from typing import Annotated

import typer

from cyberposture.cli.options import By, Json, OnlyInstitution, as_moment
from cyberposture.cli.surroundings import (
    open_runtime,
    printable,
    read_settings,
    say,
    show_json,
    show_table,
)

HELP = "Read and verify the record of everything that was done."
app = typer.Typer()


@app.command("list")
def list_entries(
    context: typer.Context,
    kind: Annotated[str | None, typer.Option(help="Only this kind, such as gate.")] = None,
    institution: OnlyInstitution = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At the most so many.")] = None,
    as_json: Json = False,
) -> None:
    """List entries by time; gate decisions come with their whole question."""
    from cyberposture.services.proof import audit

    register = open_runtime(context).register
    entries = audit.read_entries(register, kind=kind, institution=institution, limit=limit)
    if as_json and kind == "gate":
        show_json(list(audit.gate_decisions(entries)))
        return
    if as_json:
        show_json(
            [
                {"chain": e.chain, "seq": e.seq, "time": e.act.at, "actor": e.act.actor,
                 "kind": e.kind, "subject": e.subject, "reason": e.act.reason, "data": e.data,
                 "previous": e.previous, "digest": e.digest}
                for e in entries
            ]
        )  # fmt: skip
        return
    rows = (
        (e.act.at.isoformat(timespec="seconds"), e.chain[:8], e.seq, e.kind, e.subject,
         e.act.actor, e.digest[:12])
        for e in entries
    )  # fmt: skip
    show_table(("time", "chain", "seq", "kind", "subject", "actor", "digest"), rows)
    say(f"{len(entries)} entries")


@app.command("verify")
def verify(
    context: typer.Context,
    public_key: Annotated[
        Path | None,
        typer.Option(help="The register's public key; else keys/audit.pub of the workspace."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Find any change, removal or reordering up to the last trusted head; needs no secret.

    A key that the auditor holds proves more than the one of the workspace.
    """
    from cyberposture.errors import CheckFailed
    from cyberposture.runtime import open_record, public_key_path
    from cyberposture.services.proof import audit
    from cyberposture.store.keys import load_public_key

    settings = read_settings(context)
    database, heads = open_record(settings)
    key = load_public_key(public_key or public_key_path(settings))
    report = audit.verify_chains(database, heads, key)
    if as_json:
        show_json(
            {
                "intact": report.is_intact,
                "entries": report.entries,
                "chains": len(report.trusted),
                "faults": [
                    {"chain": f.chain, "seq": f.seq, "kind": f.kind, "what": f.what}
                    for f in report.faults
                ],
            }
        )
    else:
        for fault in report.faults:
            typer.echo(f"chain {fault.chain}, entry {fault.seq}: {fault.kind}: {fault.what}")
        typer.echo(f"{report.entries} entries in {len(report.trusted)} chains that can be trusted")
    if not report.is_intact:
        raise CheckFailed(f"{len(report.faults)} faults in the audit chains")


@app.command("replay")
def replay(
    context: typer.Context,
    without_files: Annotated[
        bool, typer.Option("--without-files", help="Open no raw file; needs no master key.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Prove from the log alone that nothing was contacted that nobody had allowed.

    Each decision is made again, each contact must follow from one, each letter must be on record as
    signed by two, and each raw file must lie within what was decided. `audit verify` proves that
    the log itself is whole.
    """
    from cyberposture.errors import CheckFailed
    from cyberposture.runtime import open_record
    from cyberposture.services.proof import replay as service
    from cyberposture.store.blobs import BlobDoor
    from cyberposture.store.keys import load_master_key

    settings = read_settings(context)
    database, _ = open_record(settings)
    blobs = None if without_files else BlobDoor(load_master_key(settings.master_key_path))
    report = service.replay(database, blobs)
    if as_json:
        show_json(service.document(report))
    else:
        for one in report.violations:
            typer.echo(f"chain {one.chain}, entry {one.seq}: {one.kind}: {one.what}")
        typer.echo(
            f"{report.entries} entries: {report.decisions} decisions made again, "
            f"{report.contacts} contacts ({report.pairs} addresses and ports), {report.files} raw "
            f"files, {report.lookups} lookups; {report.found} violations"
        )
    if report.found:
        raise CheckFailed(f"{report.found} contacts or entries do not follow from what was allowed")


@app.command("contact")
def contact(
    context: typer.Context,
    address: Annotated[str, typer.Argument(help="ADDRESS or ADDRESS:PORT.")],
    at: Annotated[str | None, typer.Option(help="ISO 8601 moment with zone; else now.")] = None,
    as_json: Json = False,
) -> None:
    """Who allowed us to touch that address? Rule, letter, signatory, and both people."""
    from cyberposture.cli.contact_note import contact_note, no_contact
    from cyberposture.services.proof import provenance
    from cyberposture.services.proof.bundle.seen import split_port

    moment = None if at is None else as_moment("--at", at)
    alone, port = split_port(address)
    found = provenance.trace_contact(open_runtime(context).register, alone, moment, port=port)
    told = None if found is None else provenance.document(found)
    if as_json:
        show_json({"address": alone, "contact": told})
    elif told is None:
        typer.echo(printable(no_contact(address, at)))
    else:
        typer.echo(printable(contact_note(told, address)))


@app.command("bundle")
def bundle(
    context: typer.Context,
    out: Annotated[Path, typer.Option(help="The zip file to write.")],
    score: Annotated[
        str | None, typer.Option(help="A kept score: its id, or INSTITUTION/ROUND.")
    ] = None,
    finding: Annotated[str | None, typer.Option(help="A finding: its code.")] = None,
    contact: Annotated[
        str | None, typer.Option(help="The newest contact with ADDRESS or ADDRESS:PORT.")
    ] = None,
    at: Annotated[
        str | None, typer.Option(help="As it stood then: ISO 8601 moment with zone; else now.")
    ] = None,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Write everything that stands behind one number or contact, to be verified without us.

    Letters, raw files, answers, decisions and entries of the log lie in it, and verify.py, which
    checks all of it offline with Python alone. An administrator of the CERT may make it, and an
    auditor of the institution; no other institution stands in it. The log keeps that it was made.
    """
    from cyberposture.errors import WrongUsage
    from cyberposture.services.proof.bundle.making import write_bundle
    from cyberposture.services.proof.bundle.matter import Kind, Subject

    moment = None if at is None else as_moment("--at", at)
    kinds: tuple[tuple[Kind, str | None], ...] = (
        ("score", score), ("finding", finding), ("contact", contact)
    )  # fmt: skip
    asked = [Subject(kind, name, moment) for kind, name in kinds if name is not None]
    if len(asked) != 1:
        raise WrongUsage("say what it is about: one of --score, --finding, --contact")
    runtime = open_runtime(context, by)
    made = write_bundle(
        runtime.register, runtime.folders.reports, runtime.heads_file, asked[0], out
    )
    if as_json:
        show_json({"kind": made.kind, "id": made.id, "institution": made.institution,
                   "file": out, "sha256": made.sha256, "size_bytes": len(made.data),
                   "key": runtime.register.audit.key, "held_back": made.held_back})  # fmt: skip
        return
    for one in made.held_back:
        typer.echo(f"held back: {one}")
    typer.echo(f"{out} ({len(made.data) // 1024} KiB), sha256 {made.sha256}")
    typer.echo(f"verify it: python3 -I -S verify.py --key {runtime.register.audit.key}")
