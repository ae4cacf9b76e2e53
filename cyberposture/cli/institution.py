"""`cyberposture institution`: the bodies that are assessed."""

from pathlib import Path
from typing import Annotated

import typer

from cyberposture.cli.options import Json
from cyberposture.cli.surroundings import open_runtime, say, show_json, show_table

HELP = "The bodies that are assessed."
app = typer.Typer()


@app.command("add")
def add(
    context: typer.Context,
    code: Annotated[str, typer.Argument(help="Readable unique code, such as blue-canal-water.")],
    name: Annotated[str, typer.Option(help="Name as it is written.")],
    sector: Annotated[list[str], typer.Option(help="Sector; may be given more than once.")],
    tier: Annotated[str, typer.Option(help="A, G or X.")],
    feature: Annotated[list[str] | None, typer.Option(help="Such as web, mail, ot.")] = None,
    zone: Annotated[str, typer.Option(help="Time zone, IANA name.")] = "Asia/Karachi",
    contact: Annotated[list[str] | None, typer.Option(help="Emergency contact.")] = None,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
) -> None:
    """Register one institution."""
    from cyberposture.exchange.sheets import build_row
    from cyberposture.model.institutions import Institution
    from cyberposture.services.institutions import entries as institutions

    new = build_row(
        Institution,
        "arguments",
        {
            "code": code,
            "name": name,
            "sectors": sector,
            "tier": tier,
            "features": feature or [],
            "zone": zone,
            "contacts": contact or [],
        },
    )
    institutions.add_institution(open_runtime(context).register, new, reason=reason)
    typer.echo(f"{code} is registered")


@app.command("import")
def import_file(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="YAML or CSV.")],
    reason: Annotated[str, typer.Option(help="Why.")] = "",
) -> None:
    """Register all institutions of a file, or none of them."""
    from cyberposture.services.institutions import entries as institutions

    found = institutions.import_institutions(open_runtime(context).register, file, reason=reason)
    typer.echo(f"{len(found)} institutions are registered")


@app.command("list")
def list_institutions(
    context: typer.Context,
    sector: Annotated[str | None, typer.Option(help="Only this sector.")] = None,
    as_json: Json = False,
) -> None:
    """List the institutions as they stand now."""
    from cyberposture.services.institutions import entries as institutions

    found = institutions.list_institutions(open_runtime(context).register, sector)
    if as_json:
        show_json([record.institution for record in found])
        return
    rows = (
        (r.institution.code, r.institution.name, ", ".join(r.institution.sectors),
         r.institution.tier, ", ".join(r.institution.features))
        for r in found
    )  # fmt: skip
    show_table(("institution", "name", "sectors", "tier", "features"), rows)
    say(f"{len(found)} institutions")


@app.command("show")
def show(
    context: typer.Context,
    code: str,
    as_json: Json = False,
) -> None:
    """Show one institution with what it declares."""
    from cyberposture.services.institutions import entries as institutions

    register = open_runtime(context).register
    record = institutions.get_institution(register, code)
    declared = institutions.get_declaration(register, code)
    if as_json:
        show_json({**record.institution.model_dump(mode="json"), "assets": declared.assets})
        return
    one = record.institution
    typer.echo(f"{one.code}  {one.name}")
    typer.echo(f"sectors {', '.join(one.sectors)}; tier {one.tier}; zone {one.zone}")
    typer.echo(f"features {', '.join(one.features) or 'none'}")
    typer.echo(f"declared: {len(declared.hosts())} hosts, {len(declared.addresses())} addresses")
