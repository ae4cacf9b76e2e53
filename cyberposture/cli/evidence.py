"""`cyberposture evidence`: the files behind answers, by digest."""

from pathlib import Path
from typing import Annotated

import typer

from cyberposture.cli.options import Institution, Json
from cyberposture.cli.surroundings import open_runtime, show_json, show_table

HELP = "Files behind answers."
app = typer.Typer()


@app.command("list")
def list_files(
    context: typer.Context,
    institution: Institution,
    kind: Annotated[str | None, typer.Option(help="evidence, letter or scan.")] = None,
    as_json: Json = False,
) -> None:
    """List the files that are kept for an institution, with kind, digest and size."""
    from cyberposture.services import files

    found = files.list_files(open_runtime(context).register, institution, kind)
    if as_json:
        show_json(
            [{"kind": b.kind, "sha256": b.sha256, "size_bytes": b.size_bytes, "at": b.at}
             for b in found]
        )  # fmt: skip
        return
    show_table(
        ("kind", "sha256", "bytes", "kept"),
        ((b.kind, b.sha256, b.size_bytes, b.at.date()) for b in found),
    )


@app.command("show")
def show(
    context: typer.Context,
    sha256: Annotated[str, typer.Argument(help="Digest; its beginning is enough.")],
    institution: Institution,
    out: Annotated[Path, typer.Option(help="Where the file is written.")],
    as_json: Json = False,
) -> None:
    """Write one kept file to a path, after checking its digest."""
    from cyberposture.services import files

    record = files.write_file(open_runtime(context).register, institution, sha256, out)
    if as_json:
        show_json({"kind": record.kind, "sha256": record.sha256,
                   "size_bytes": record.size_bytes, "out": out})  # fmt: skip
        return
    typer.echo(f"{record.kind} {record.sha256} ({record.size_bytes} bytes) is in {out}")
