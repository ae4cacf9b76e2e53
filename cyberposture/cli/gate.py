"""`cyberposture gate`: the pure door of the gate, which needs no register and sends nothing."""

from pathlib import Path
from typing import Annotated

import typer

from cyberposture.cli.lines import read_lines, write_lines

HELP = "The pure door of the gate: question in, decision out."
app = typer.Typer()


@app.callback()
def _group() -> None:
    """Keep `decide` a command of its own although it is the only one."""


@app.command("decide")
def decide(
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="NDJSON file, or - for input.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="The answers are JSON in any case.")
    ] = False,
) -> None:
    """Answer one gate question a line, in the same order."""
    from cyberposture.scanning.permission.gate import decide_lines

    write_lines(decide_lines(read_lines(source)))
