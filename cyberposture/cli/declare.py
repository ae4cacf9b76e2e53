"""`cyberposture declare`: what an institution declares of itself."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from cyberposture.cli.options import Institution, Json, as_moment
from cyberposture.cli.surroundings import open_runtime, show_json, show_table

HELP = "What institutions declare: hosts, zones, flows, suppliers."
app = typer.Typer()


@app.command("import")
def import_file(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="YAML, or CSV with one host a line.")],
    institution: Institution,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    as_json: Json = False,
) -> None:
    """Replace what an institution declares by the file; earlier declarations stay on record."""
    from cyberposture.services.institutions import entries as institutions

    register = open_runtime(context).register
    change = institutions.import_declaration(register, file, institution, reason=reason)
    if as_json:
        show_json(change)
        return
    parts = ", ".join(f"{len(change[key])} {key}" for key in ("added", "changed", "removed"))
    typer.echo(f"revision {change['revision']}: {parts}")


@app.command("diff")
def diff(
    context: typer.Context,
    institution: Institution,
    file: Annotated[
        Path | None, typer.Argument(help="A file that might be imported; else name --from.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--from", help="ISO 8601 moment with zone, or a revision.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", help="ISO 8601 moment with zone, or a revision; else now.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say what importing the file would change, or what changed between two moments."""
    from cyberposture.errors import WrongUsage
    from cyberposture.services.institutions import entries as institutions

    if (file is None) == (since is None):
        raise WrongUsage("name a file, or --from a moment")
    register = open_runtime(context).register
    if file is not None:
        change = institutions.diff_declaration(register, file, institution)
    else:
        begin = _moment(register, institution, "--from", since)
        assert begin is not None
        end = _moment(register, institution, "--to", until)
        change = institutions.compare_declarations(register, institution, begin, end)
    if as_json:
        show_json(change)
        return
    for key, assets in change.items():
        typer.echo(f"{key}: {', '.join(assets) or 'none'}")


def _moment(register: Any, institution: str, option: str, text: str | None) -> datetime | None:
    """Return the moment that the text names, by itself or as the number of a revision.

    Raises:
        NotFound: there is no such revision.
        WrongUsage: it is neither.
    """
    from cyberposture.errors import NotFound
    from cyberposture.services.institutions import entries as institutions

    if text is None:
        return None
    if text.isascii() and text.isdecimal():
        for one in institutions.list_revisions(register, institution):
            if one.revision == int(text):
                return one.act.at
        raise NotFound("revision", text)
    return as_moment(option, text)


@app.command("revisions")
def revisions(context: typer.Context, institution: Institution, as_json: Json = False) -> None:
    """List the declarations of an institution: when each was recorded, by whom and why."""
    from cyberposture.services.institutions import entries as institutions

    found = institutions.list_revisions(open_runtime(context).register, institution)
    if as_json:
        show_json(
            [{"revision": r.revision, "at": r.act.at, "by": r.act.actor, "reason": r.act.reason}
             for r in found]
        )  # fmt: skip
        return
    rows = ((r.revision, r.act.at.isoformat(timespec="seconds"), r.act.actor, r.act.reason)
            for r in found)  # fmt: skip
    show_table(("revision", "recorded", "by", "why"), rows)


@app.command("list")
def list_assets(
    context: typer.Context,
    institution: Institution,
    at: Annotated[
        str | None, typer.Option(help="ISO 8601 moment with zone, or a revision; else now.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List what an institution declares now, or declared at a moment."""
    from cyberposture.services.institutions import entries as institutions

    register = open_runtime(context).register
    moment = _moment(register, institution, "--at", at)
    declared = institutions.get_declaration(register, institution, moment)
    if as_json:
        show_json(declared.assets)
        return
    rows = (
        (a.id, a.kind, ", ".join(a.addresses), ", ".join(a.names), a.zone or "",
         ", ".join(f"{s.protocol}/{s.port}" for s in a.services), a.third_party or "")
        for a in declared.assets
    )  # fmt: skip
    columns = ("asset", "kind", "addresses", "names", "zone", "services", "third party")
    show_table(columns, rows)
