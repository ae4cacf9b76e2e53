"""`cyberposture audit`: the record of everything that was done."""

from pathlib import Path
from typing import Annotated

import typer

from cyberposture.cli.options import Json, OnlyInstitution
from cyberposture.cli.surroundings import (
    open_runtime,
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
    from cyberposture.services import audit

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
    from cyberposture.services import audit
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
