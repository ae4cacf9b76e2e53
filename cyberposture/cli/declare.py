"""`cyberposture declare`: what an institution declares of itself."""

from pathlib import Path
from typing import Annotated

import typer

from cyberposture.cli.options import Institution, Json
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
    from cyberposture.services import institutions

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
    file: Path,
    institution: Institution,
    as_json: Json = False,
) -> None:
    """Say what importing the file would change; nothing is changed."""
    from cyberposture.services import institutions

    change = institutions.diff_declaration(open_runtime(context).register, file, institution)
    if as_json:
        show_json(change)
        return
    for key, assets in change.items():
        typer.echo(f"{key}: {', '.join(assets) or 'none'}")


@app.command("list")
def list_assets(
    context: typer.Context,
    institution: Institution,
    as_json: Json = False,
) -> None:
    """List what an institution declares now."""
    from cyberposture.services import institutions

    declared = institutions.get_declaration(open_runtime(context).register, institution)
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
