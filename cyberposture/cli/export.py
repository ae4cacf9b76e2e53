"""`cyberposture export`: the register for other programs, as files."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from cyberposture.cli.options import Json
from cyberposture.cli.surroundings import open_runtime, say, show_json

HELP = "The register for other programs."
app = typer.Typer()


@app.callback()
def _group() -> None:
    """Keep `analysts` a command of its own although it is the only one."""


@contextmanager
def _progress() -> Iterator[Callable[[str, int], None]]:
    """Yield what shows each table as it is done: one line that changes, or plain lines."""
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield lambda table, rows: say(f"{table}: {rows}")
        return
    with console.status("reading the register") as status:
        yield lambda table, rows: status.update(f"{table}: {rows}")


@app.command("analysts")
def analysts(
    context: typer.Context,
    out: Annotated[Path, typer.Argument(metavar="OUT.sqlite", help="Where the file is written.")],
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    reason: Annotated[str, typer.Option(help="What it is for, and for whom.")] = "",
    as_json: Json = False,
) -> None:
    """Write the whole register as one SQLite file with views, search and its own documentation."""
    from cyberposture.services.exports import analysts

    register = open_runtime(context).register
    with _progress() as progress:
        done = export.export_analysts(register, out, force=force, reason=reason, progress=progress)
    if as_json:
        show_json(
            {
                "path": done.path,
                "sha256": done.sha256,
                "size_bytes": done.size_bytes,
                "as_of": done.as_of,
                "rows": done.rows,
            }
        )
        return
    typer.echo(f"{out} holds {sum(done.rows.values())} rows in {len(done.rows)} tables")
    say(f"sha256 {done.sha256}; it lists weaknesses: keep it as you keep those")
