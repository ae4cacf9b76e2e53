"""`cyberposture finding`: what is wrong on the network, and since when."""

from typing import Annotated, get_args

import typer

from cyberposture.cli.options import AnyJson, Json, OnlyInstitution, one_of
from cyberposture.cli.surroundings import open_runtime, say, show_json, show_table

HELP = "What is wrong on the network, and since when."
app = typer.Typer()


@app.command("list")
def list_all(
    context: typer.Context,
    institution: OnlyInstitution = None,
    state: Annotated[str | None, typer.Option(help="open, closed, accepted …")] = None,
    as_json: Json = False,
) -> None:
    """List findings by first sight."""
    from cyberposture.services import finding_views
    from cyberposture.model.findings import FindingState

    wanted = None if state is None else one_of(get_args(FindingState), state, "state")
    found = finding_views.list_findings(open_runtime(context).register, institution, wanted)
    if as_json:
        show_json([_document(one) for one in found])
        return
    rows = (
        (f.code, f.severity, f.key.check, f.address,
         "" if f.key.port is None else f"{f.key.protocol}/{f.key.port}", f.state,
         f.first_seen.date(), f.says)
        for f in found
    )  # fmt: skip
    show_table(("code", "severity", "check", "address", "port", "state", "since", ""), rows)
    say(f"{len(found)} findings")


@app.command("show")
def show(context: typer.Context, code: str, as_json: AnyJson = False) -> None:
    """Show one finding with every event, as JSON."""
    from cyberposture.services import finding_views

    found = finding_views.get_history(open_runtime(context).register, code)
    show_json(
        {
            **_document(found.finding),
            "events": [
                {"number": e.number, "kind": e.kind, "state": e.state, "at": e.act.at,
                 "actor": e.act.actor, "reason": e.act.reason, "details": e.details}
                for e in found.events
            ],
        }
    )  # fmt: skip


def _document(one: object) -> dict[str, object]:
    from cyberposture.store.findings import FindingRecord

    assert isinstance(one, FindingRecord)
    return {
        "code": one.code,
        "check": one.key.check,
        "subject": one.key.subject,
        "address": one.address,
        "protocol": one.key.protocol,
        "port": one.key.port,
        "subkey": one.key.subkey,
        "vantage": one.key.vantage,
        "severity": one.severity,
        "state": one.state,
        "says": one.says,
        "first_seen": one.first_seen,
        "last_seen": one.last_seen,
        "closed_at": one.closed_at,
    }
