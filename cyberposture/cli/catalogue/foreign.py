"""`cyberposture catalogue import|imported|crosswalk|export`: what comes in, and ours going out."""

from datetime import UTC, datetime, time
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cyberposture.cli.catalogue import papers, workbook
from cyberposture.cli.catalogue.chosen import Adopted, read_content
from cyberposture.cli.catalogue.profile import On
from cyberposture.cli.options import Json, one_of
from cyberposture.cli.surroundings import (
    open_runtime,
    printable,
    read_settings,
    require_place,
    say,
    show_json,
    show_table,
)
from cyberposture.errors import WrongUsage

if TYPE_CHECKING:
    from cyberposture.model.controls import Catalogue
    from cyberposture.model.foreign import ForeignControl, Remark
    from cyberposture.services.catalogue.foreign import Imported

SHOWN_REMARKS = 20
_WORDS = {"foreign": "catalogue", "crosswalk": "crosswalk"}


def register(app: typer.Typer) -> None:
    """Add the commands to the group `catalogue`."""
    app.command("import")(import_file)
    app.command("imported")(list_imported)
    app.command("crosswalk")(list_edges)
    app.command("export")(export)


Into = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="The content folder that a workbook changes.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only list what a workbook would change.")]
Source = Annotated[
    list[str] | None,
    typer.Option(help="What a profile imports: a file, or the id of an imported catalogue."),
]
Strict = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help="Check against the official JSON schemas in here too."),
]


def import_file(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(help="OSCAL in JSON, a library in YAML, or a workbook of ours.")
    ],
    kind: Annotated[
        str | None, typer.Option("--format", help="oscal, library or xlsx; else it is recognised.")
    ] = None,
    given_id: Annotated[
        str | None, typer.Option("--as", help="The id to keep it under; else made of its name.")
    ] = None,
    source: Source = None,
    strict: Strict = None,
    into: Into = None,
    dry_run: DryRun = False,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    as_json: Json = False,
) -> None:
    """Keep a catalogue that others wrote, whole, or bring our workbook back into its folder."""
    from cyberposture.services.catalogue import foreign

    if kind is not None:
        one_of(("oscal", "library", "xlsx"), kind, "format")
    if kind == "xlsx" or (kind is None and file.suffix.lower() == ".xlsx"):
        if given_id or source or strict or reason:
            raise WrongUsage("a workbook is not kept: it takes --into and --dry-run alone")
        workbook.bring_back(file, into, dry_run, as_json)
        return
    if into is not None or dry_run:
        raise WrongUsage("--into and --dry-run belong to a workbook")
    found = foreign.import_catalogue(
        open_runtime(context).register,
        file,
        given_id=given_id,
        kind=kind,
        sources=source or (),
        schemas=strict,
        reason=reason,
    )
    _tell(found, as_json)


def _tell(found: "Imported", as_json: bool) -> None:
    remarks = _remarks(found)
    for remark in remarks[:SHOWN_REMARKS]:
        say(printable(f"{remark.where}: {remark.what}"))
    if len(remarks) > SHOWN_REMARKS:
        say(f"and {len(remarks) - SHOWN_REMARKS} remarks more")
    if as_json:
        show_json(_told(found))
        return
    again = "" if found.is_new else ", which was here already"
    typer.echo(printable(f"{found.id}: {_described(found)}{again}"))
    if found.own is not None:
        framework = found.own.framework
        texts = "".join(f", {len(one.controls)} in {one.language}" for one in found.translations)
        typer.echo(
            f"this is our own export of {framework.id} {framework.version}, read whole: "
            f"{len(found.own.controls)} controls{texts}"
        )


def _remarks(found: "Imported") -> list["Remark"]:
    held = [part for part in (found.catalogue, *found.crosswalks) if part is not None]
    return [remark for part in held for remark in part.remarks]


def _described(found: "Imported") -> str:
    catalogue = found.catalogue
    told = [f"{len(one.edges)} edges to {one.target}" for one in found.crosswalks]
    if catalogue is not None:
        told.insert(0, f"{catalogue.title} {catalogue.version}, {len(catalogue.controls)} "
                       f"controls in {len(catalogue.groups)} groups")  # fmt: skip
    return "; ".join(told)


def _told(found: "Imported") -> dict[str, Any]:
    catalogue, own = found.catalogue, None
    if found.own is not None:
        framework = found.own.framework
        own = {
            "catalogue": framework.id,
            "version": framework.version,
            "controls": len(found.own.controls),
            "translations": {one.language: len(one.controls) for one in found.translations},
        }
    told: dict[str, Any] = {"id": found.id, "new": found.is_new, "remarks": _remarks(found)}
    if found.crosswalks:
        edges = [{"target": one.target, "edges": len(one.edges)} for one in found.crosswalks]
        told = {**told, "format": "crosswalk", "crosswalks": edges}
    if catalogue is None:
        return told
    return {
        **told,
        "title": catalogue.title,
        "version": catalogue.version,
        "format": catalogue.format,
        "digest": catalogue.digest,
        "controls": len(catalogue.controls),
        "groups": len(catalogue.groups),
        "drawn_on": found.drawn_on,
        "own": own,
    }


def list_imported(context: typer.Context, as_json: Json = False) -> None:
    """List the catalogues and crosswalks that were imported, oldest first."""
    from cyberposture.services.catalogue import foreign

    records = foreign.list_imported(open_runtime(context).register)
    if as_json:
        show_json(
            [
                {
                    "id": r.name,
                    "kind": _WORDS[r.kind],
                    "version": r.version,
                    "digest": r.digest,
                    "imported_at": r.act.at,
                }
                for r in records
            ]
        )
        return
    rows = (
        (r.name, _WORDS[r.kind], r.version, r.digest[:12], r.act.at.isoformat()) for r in records
    )
    show_table(("id", "kind", "version", "digest", "imported"), rows)


def list_foreign(context: typer.Context, name: str, as_json: bool) -> None:
    """List the controls of an imported catalogue; it has no weights and tiers."""
    from cyberposture.services.catalogue import foreign

    catalogue = foreign.get_catalogue(open_runtime(context).register, name)
    if as_json:
        show_json(
            [
                {
                    "id": c.id,
                    "title": c.title,
                    "domain": c.path[0] if c.path else None,
                    "weight": None,
                    "tier": None,
                    "class": c.class_,
                    "parent": c.parent,
                    "path": c.path,
                    "status": next((p.value for p in c.props if p.name == "status"), None),
                    "statement": c.statement,
                }
                for c in catalogue.controls
            ]
        )
        return
    rows = ((c.id, _heading(c), c.parent or "", " / ".join(c.path)) for c in catalogue.controls)
    show_table(("control", "title", "part of", "stands in"), rows)
    say(f"{len(catalogue.controls)} controls")


def _heading(control: "ForeignControl") -> str:
    """Return the title of a control, or its statement where the title only repeats its id."""
    label = control.title.rpartition(":")[2].strip().lower()
    is_mere = " " not in label and control.id.lower().endswith(label)
    return shorten(control.statement, 90) if is_mere and control.statement else control.title


def list_edges(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="ID", help="An imported crosswalk.")],
    as_json: Json = False,
) -> None:
    """List what stands beside what in an imported crosswalk."""
    from cyberposture.services.catalogue import foreign

    crosswalks = foreign.get_crosswalks(open_runtime(context).register, name)
    if as_json:
        show_json(crosswalks)
        return
    rows = (
        (edge.source, edge.relation, edge.target, one.target, edge.why)
        for one in crosswalks
        for edge in one.edges
    )
    show_table(("control", "relation", "beside", "of", "why"), rows)


def export(
    context: typer.Context,
    out: Annotated[
        Path, typer.Option(help="A file; for oscal a folder, or one file that ends in .json.")
    ],
    kind: Annotated[str, typer.Option("--format", help="oscal, xlsx or html.")] = "oscal",
    catalogue: Annotated[
        str | None, typer.Option(help="An imported catalogue, exactly as it came, into one file.")
    ] = None,
    resolved: Annotated[
        bool, typer.Option("--resolved", help="What an imported profile stands for.")
    ] = False,
    profile: Annotated[str | None, typer.Option(help="Only this profile.")] = None,
    sector: Annotated[str | None, typer.Option(help="Only what this sector is asked.")] = None,
    language: Annotated[str | None, typer.Option(help="Of a book: en or ur.")] = None,
    on: On = None,
    edition: Adopted = None,
    modified: Annotated[
        str | None, typer.Option(help="When the edition was changed; else the day that it bears.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
) -> None:
    """Write the catalogue: OSCAL, a workbook to work in, a book to read, or one imported."""
    from cyberposture.services.catalogue import foreign

    one_of(("oscal", "xlsx", "html"), kind, "format")
    if kind != "oscal":
        if catalogue is not None or resolved or modified is not None:
            raise WrongUsage("--catalogue, --resolved and --modified belong to the format oscal")
        chosen = papers.Chosen(profile, sector, language, on, edition)
        papers.publish(context, kind, out, chosen, force)
        return
    if language is not None or on is not None:
        raise WrongUsage("--language and --on belong to the formats html and xlsx")
    if catalogue is not None:
        if edition is not None:
            raise WrongUsage("--edition is one of ours, and --catalogue one of others")
        read = foreign.get_resolved if resolved else foreign.get_file
        _write(out.parent, {out.name: read(open_runtime(context).register, catalogue)}, force)
        return
    _export_oscal(context, out, (profile, sector, edition), modified, force)


def _export_oscal(
    context: typer.Context,
    out: Path,
    chosen: tuple[str | None, str | None, str | None],
    modified: str | None,
    force: bool,
) -> None:
    from cyberposture.content.bundle import find_content
    from cyberposture.exchange.oscal import files

    profile, sector, edition = chosen
    folders = find_content(read_settings(context).content)
    content = read_content(context, edition)
    ours, texts = content.catalogue, content.translations
    if edition is not None and modified is None and ours.framework.dated is None:
        raise WrongUsage("the edition bears no day: say --modified")
    moment = _moment(modified, ours, folders.controls)
    if out.suffix == ".json":
        require_place(out)
        data = files.export_file(
            ours, modified=moment, translations=texts, profile=profile, sector=sector
        )
        _write(out.parent, {out.name: data}, force)
        return
    written = files.export_folder(
        ours, modified=moment, translations=texts, profile=profile, sector=sector
    )
    out.mkdir(parents=True, exist_ok=True)
    _write(out, written, force)


def _moment(given: str | None, catalogue: "Catalogue", folder: Path) -> str:
    """Return the moment that exports bear: as given, else the edition's day, else that of its
    newest file.
    """
    from cyberposture.clock import from_iso

    if given is not None:
        try:
            moment = from_iso(given)
        except ValueError as error:
            raise WrongUsage(f"{given!r} is no moment with a zone") from error
    elif catalogue.framework.dated is not None:
        moment = datetime.combine(catalogue.framework.dated, time(), UTC)
    else:
        newest = max(path.stat().st_mtime for path in folder.rglob("*.yaml"))
        moment = datetime.fromtimestamp(int(newest), UTC)
    return moment.isoformat().replace("+00:00", "Z")


def _write(folder: Path, written: dict[str, bytes], force: bool) -> None:
    from cyberposture.errors import WrongState

    present = [name for name in written if (folder / name).exists()]
    if present and not force:
        raise WrongState(
            f"{', '.join(present)} is there already; it is not overwritten", advice="use --force"
        )
    for name, data in written.items():
        (folder / name).write_bytes(data)
        typer.echo(str(folder / name))
