"""`cyberposture catalogue`: the controls, for authors and for anybody who wants to read them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from cyberposture.cli.catalogue import (
    authoring,
    control,
    editions,
    foreign,
    profile,
    tracing,
    translations,
)
from cyberposture.cli.catalogue.chosen import Adopted
from cyberposture.cli.options import Json, one_of
from cyberposture.cli.surroundings import read_settings, say, show_json, show_table

if TYPE_CHECKING:
    from cyberposture.content.loader import Content
    from cyberposture.model.controls import Catalogue, Control

HELP = "The controls: check, list, show."
app = typer.Typer()
editions.register(app)
foreign.register(app)
app.add_typer(authoring.app, name="new", no_args_is_help=True)
app.command("translations")(translations.translations)
app.command("coverage")(tracing.coverage)
profile.register(app)


@app.command("check")
def check(
    context: typer.Context,
    as_json: Json = False,
) -> None:
    """Read every content file, try every example, and print each fault as file:line."""
    from cyberposture.clock import utc_now
    from cyberposture.content.bundle import find_content
    from cyberposture.content.editions import identify
    from cyberposture.content.loader import load_content
    from cyberposture.content.reading.overlay_files import load_overlays
    from cyberposture.content.writing.schemas import find_strays
    from cyberposture.content.writing.starters import find_notes, find_unwritten
    from cyberposture.errors import InvalidInput
    from cyberposture.scanning.judging.evaluate import compile_checks
    from cyberposture.scanning.judging.examples import try_examples

    folders = find_content(read_settings(context).content)
    content = load_content(folders)
    compile_checks(content.checks)
    failing = [*try_examples(content.checks), *find_strays(folders)]
    if failing:
        raise InvalidInput(failing)
    overlays = load_overlays(
        folders.controls, content.catalogue, content.checks, utc_now().date(),
        find_base=lambda rules: _find_adopted(context, rules),
    )  # fmt: skip
    edition = identify(content.catalogue, content.checks, content.translations)
    counts = {**_counts(content), "overlays": len(overlays)}
    if as_json:
        show_json({"edition": edition, "counts": counts})
        return
    typer.echo(f"{edition.catalogue} {edition.version}: " + ", ".join(
        f"{number} {what}" for what, number in counts.items()))  # fmt: skip
    for kind in ("rules", "checks", "texts"):
        typer.echo(f"{kind:7}{getattr(edition, kind)}")
    for identity, fields in find_unwritten(content).items():
        say(f"{identity}: still to be written: {', '.join(fields)}")
    for where, what in find_notes(folders).items():
        say(f"{where}: still to be written: {what}")


def _find_adopted(context: typer.Context, rules: str) -> "Catalogue | None":
    """Return the adopted catalogue with these rules; None too where there is no register."""
    from cyberposture.runtime import has_register, open_record
    from cyberposture.services.catalogue.pinned import find_catalogue

    settings = read_settings(context)
    if not has_register(settings):
        return None
    database, _ = open_record(settings)
    try:
        with database.reading() as connection:
            return find_catalogue(connection, rules)
    finally:
        database.close()


def _counts(content: "Content") -> dict[str, int]:
    catalogue = content.catalogue
    return {
        "controls": len(catalogue.controls),
        "clauses": len(catalogue.clauses),
        "proposed": len(catalogue.proposed),
        "profiles": len(catalogue.profiles),
        "sectors": len(catalogue.sector_rules),
        "parameters": len(catalogue.parameters),
        "instruments": len(catalogue.instruments),
        "indicators": len(catalogue.indicators),
        "terms": len(catalogue.glossary),
        "checks": len(content.checks.checks),
        "observations": len(content.checks.observations),
        "reports": len(content.reports),
    }


@app.command("list")
def list_controls(
    context: typer.Context,
    tier: Annotated[
        str | None, typer.Option(help="Only what this tier is asked: A, G or X.")
    ] = None,
    domain: Annotated[str | None, typer.Option(help="Only this domain, such as IAM.")] = None,
    imported: Annotated[
        str | None, typer.Option("--catalogue", help="An imported catalogue instead of ours.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List the controls with their domain, weight and tier."""
    from cyberposture.errors import WrongUsage

    if imported is not None:
        if tier is not None or domain is not None:
            raise WrongUsage("an imported catalogue has no tiers and domains of ours")
        foreign.list_foreign(context, imported, as_json)
        return
    from cyberposture.content.bundle import find_content
    from cyberposture.content.loader import load_catalogue
    from cyberposture.model.controls import Tier

    settings = read_settings(context)
    catalogue = load_catalogue(find_content(settings.content).controls)
    found = catalogue.controls
    if tier is not None:
        found = catalogue.selected(one_of(get_args(Tier), tier, "tier"))
    if domain is not None:
        domains = [one.id for one in catalogue.framework.domains]
        chosen = one_of(domains, domain.upper(), "domain")
        found = tuple(c for c in found if c.domain == chosen)
    if as_json:
        show_json([_row(control) for control in found])
        return
    rows = ((c.id, c.title, c.weight, c.tier, c.evidence_mode, c.gate or "") for c in found)
    show_table(("control", "title", "weight", "tier", "evidence", "gate from"), rows)
    say(f"{len(found)} controls")


def _row(control: "Control") -> dict[str, Any]:
    return {
        "id": control.id,
        "title": control.title,
        "domain": control.domain,
        "weight": control.weight,
        "tier": control.tier,
        "evidence_mode": control.evidence_mode,
        "gate": control.gate,
        "statement": control.statement,
        "clauses": [source.clause for source in control.sources],
    }


@app.command("show")
def show(
    context: typer.Context,
    control_id: Annotated[
        str | None, typer.Argument(metavar="[CONTROL]", help="Such as IAM-10.")
    ] = None,
    named: Annotated[
        str | None, typer.Option("--profile", help="A whole profile instead: start, cii …")
    ] = None,
    sector: profile.Sector = None,
    feature: profile.Features = None,
    on: profile.On = None,
    language: Annotated[
        str, typer.Option(help="Of a control's texts, such as ur; English where there is none.")
    ] = "en",
    edition: Adopted = None,
    as_json: Json = False,
) -> None:
    """Show one control whole, or what a profile asks of a sector."""
    from cyberposture.errors import WrongUsage

    if (named is None) == (control_id is None):
        raise WrongUsage("name a control, or a --profile")
    if named is not None:
        if language != "en" or edition is not None:
            raise WrongUsage("--language and --edition belong to a control")
        profile.show_profile(context, named, sector, feature, on, as_json)
    elif control_id is not None:
        if sector is not None or feature or on is not None:
            raise WrongUsage("--sector, --feature and --on belong to --profile")
        control.show_control(context, control_id, language, edition, as_json)


@app.command("schema")
def schema(
    kind: Annotated[
        str | None, typer.Argument(help="What is described: control, check, parameters, …")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write all of them into this folder instead.")
    ] = None,
) -> None:
    """Print the JSON Schema of a kind of content file, for editors."""
    import json

    from cyberposture.content.writing.schemas import KINDS, schema_of
    from cyberposture.errors import WrongUsage

    if (kind is None) == (out is None):
        raise WrongUsage(f"say a kind, or --out FOLDER for all; there are: {', '.join(KINDS)}")
    if out is None:
        show_json(schema_of(one_of(tuple(KINDS), kind or "", "schema")))
        return
    out.mkdir(parents=True, exist_ok=True)
    for name in KINDS:
        path = out / f"{name}.schema.json"
        path.write_text(json.dumps(schema_of(name), indent=2) + "\n", encoding="utf-8")
        typer.echo(path)
