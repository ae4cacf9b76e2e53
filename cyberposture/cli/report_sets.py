"""`cyberposture report set` and `verify-set`: a folder of reports for one audience, checked."""

from pathlib import Path
from typing import Annotated, Any

import typer

from cyberposture.cli.options import Json
from cyberposture.cli.progress import bar
from cyberposture.cli.surroundings import open_runtime, say, show_json


def make_set(
    context: typer.Context,
    audience: Annotated[str, typer.Option(help="board, sector, cert or public; never a default.")],
    round_code: Annotated[str, typer.Option("--round", help="The round; its scores are final.")],
    out: Annotated[Path, typer.Option(help="The folder; a set that lies there is replaced.")],
    institution: Annotated[
        str | None, typer.Option(help="For the board of this institution.")
    ] = None,
    sector: Annotated[str | None, typer.Option(help="For the regulator of this sector.")] = None,
    language: Annotated[str, typer.Option(help="en, ur or both.")] = "both",
    without_pdf: Annotated[
        bool, typer.Option("--without-pdf", help="Print nothing: much quicker.")
    ] = False,
    afresh: Annotated[
        bool, typer.Option("--afresh", help="Render everything again, changed or not.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write a folder of reports that link each other, for one audience alone.

    What did not change is taken over from the set that lies there. Every file is looked through for
    what the audience may not see; on a hit the whole set is deleted.
    """
    from cyberposture.services.reports.sets import making
    from cyberposture.services.reports.sets.plan import wanted_of

    wanted = wanted_of(
        audience, round_code, institution, sector, language=language, with_pdf=not without_pdf
    )
    runtime = open_runtime(context)
    with bar(f"Set for {audience}") as progress:
        made = making.write_set(
            runtime.register, runtime.folders, wanted, out, afresh=afresh, progress=progress
        )
    document: dict[str, Any] = {
        "folder": str(made.folder),
        "files": made.files,
        "written": made.written,
        "rendered": made.rendered,
        "left_out": list(made.left_out),
        "manifest_sha256": made.manifest_sha256,
    }
    if as_json:
        show_json(document)
        return
    typer.echo(f"{out / 'index.html'}: {made.files} files, {made.written} of them new or changed")
    for line in made.left_out:
        say(f"Not in it: {line}")
    typer.echo(f"Manifest {made.manifest_sha256}")


def verify_set(
    folder: Annotated[Path, typer.Argument(help="The folder of the set.")],
    as_json: Json = False,
) -> None:
    """Check that a set is what its manifest says: every file there, unchanged, and none beside."""
    from cyberposture.services.reports.sets.making import verify_set as verify

    manifest = verify(folder)
    if as_json:
        show_json(manifest.model_dump(mode="json"))
        return
    typer.echo(
        f"{len(manifest.files)} files are as {folder / 'manifest.json'} says: "
        f"for {manifest.audience}, {manifest.marking}, as of {manifest.as_of}"
    )
