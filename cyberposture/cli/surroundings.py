"""What every command has around it: options given before the command, output, the runtime."""

import getpass
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from cyberposture.runtime import Runtime


@dataclass(frozen=True)
class Surroundings:
    """The options that stand before the command."""

    workspace: Path | None = None
    actor: str | None = None

    def actor_name(self) -> str:
        """Return who acts: the person named with --as, else the account of this machine."""
        return self.actor or f"account:{getpass.getuser()}"


def surroundings(context: typer.Context) -> Surroundings:
    """Return the options that were given before the command."""
    found = context.find_object(Surroundings)
    return found if found is not None else Surroundings()


def open_runtime(context: typer.Context, actor: str | None = None) -> "Runtime":
    """Return the runtime of the workspace in question, its register open and up to date.

    Raises:
        WrongState: the workspace was never made, or its register is of another version.
    """
    from cyberposture.runtime import open_runtime as opened

    around = surroundings(context)
    if actor is not None:
        around = replace(around, actor=actor)
    return opened(read_settings(context), around.actor_name())


def read_settings(context: typer.Context) -> Any:
    """Return the settings, with the workspace of the command line where one was given."""
    from cyberposture.settings import load_settings

    return load_settings(workspace=surroundings(context).workspace)


def require_place(out: Path) -> None:
    """Return if a file can be written at `out`; asked before anything goes on record.

    Raises:
        NotFound: there is no such folder.
        WrongState: a folder stands there itself.
    """
    from cyberposture.errors import NotFound, WrongState

    if not out.parent.is_dir():
        raise NotFound("folder", str(out.parent))
    if out.is_dir():
        raise WrongState(f"{out} is a folder; name the file in it")


def say(text: str) -> None:
    """Write a message for people to standard error."""
    typer.echo(text, err=True)


def show_json(document: Any) -> None:
    """Write one JSON document to standard output."""
    typer.echo(json.dumps(plain(document), indent=2, ensure_ascii=False))


def plain(value: Any) -> Any:
    """Return models, moments and paths as plain JSON values."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", by_alias=True)
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)


def show_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], empty: str = "none") -> None:
    """Write rows as an aligned table to standard output; hostile control characters are shown."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    count = 0
    for row in rows:
        table.add_row(*(Text(printable("" if cell is None else str(cell))) for cell in row))
        count += 1
    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    if count:
        console.print(table)
    else:
        typer.echo(empty)


def printable(text: str) -> str:
    """Return the text with control characters replaced, so that no output moves the cursor."""
    return "".join(
        c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text
    )
