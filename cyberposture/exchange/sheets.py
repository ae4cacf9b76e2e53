"""CSV files with a heading: each row becomes a model, each fault names its line and column."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from cyberposture.content.reading.files import decode_text, read_bytes
from cyberposture.errors import Fault, InvalidInput

MAX_BYTES = 5_000_000
MAX_ROWS = 100_000
MAX_CELL = 20_000

T = TypeVar("T", bound=BaseModel)
Row = tuple[str, dict[str, str]]
"""Where the row stands (`file:line`), and its cells by column; empty cells are left out."""


def _heading(
    name: str, columns: Sequence[str], known: Sequence[str], needed: Sequence[str]
) -> None:
    faults = []
    for number, column in enumerate(columns, start=1):
        if column not in known:
            shown = column or "(empty)"
            faults.append(
                Fault(f"{name}:1", f"column {number}: unknown heading {shown!r}; "
                                   f"allowed: {', '.join(known)}")
            )  # fmt: skip
        elif column in columns[: number - 1]:
            faults.append(Fault(f"{name}:1", f"column {number}: {column!r} stands twice"))
    missing = [column for column in needed if column not in columns]
    if missing:
        faults.append(Fault(f"{name}:1", f"missing heading: {', '.join(missing)}"))
    if faults:
        raise InvalidInput(faults)


def read_rows(path: Path, known: Sequence[str], needed: Sequence[str]) -> list[Row]:
    """Return the rows of a CSV file whose heading holds only `known` and all `needed` columns.

    Raises:
        InvalidInput: unreadable, a wrong heading, or a row with too many cells.
    """
    name = path.name
    # Strict: a quote that is never closed is a fault, not the rest of the file in one cell.
    # Spreadsheets begin their CSV with a byte-order mark.
    text = decode_text(path.name, read_bytes(path, MAX_BYTES), marked=True)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[Row] = []
    faults: list[Fault] = []
    columns: list[str] | None = None
    try:
        for cells in reader:
            if columns is None:
                columns = [cell.strip() for cell in cells]
                _heading(name, columns, known, needed)
                continue
            if not any(cell.strip() for cell in cells):
                continue
            where = f"{name}:{reader.line_num}"
            if len(cells) > len(columns):
                faults.append(Fault(where, f"{len(cells)} cells under {len(columns)} headings"))
            if len(rows) >= MAX_ROWS or any(len(cell) > MAX_CELL for cell in cells):
                raise InvalidInput(Fault(where, "too many rows, or a cell that is too long"))
            pairs = zip(columns, cells, strict=False)
            rows.append((where, {c: cell.strip() for c, cell in pairs if cell.strip()}))
    except csv.Error as error:
        raise InvalidInput(Fault(f"{name}:{reader.line_num}", str(error))) from error
    if columns is None:
        raise InvalidInput(Fault(f"{name}:1", "an empty file; a heading is expected"))
    if faults:
        raise InvalidInput(faults)
    return rows


ARGUMENTS = "arguments"
"""The place of a row that came from a command's arguments, which have no columns."""


def fault_in(where: str, column: str, what: str) -> Fault:
    """Return the fault of one value: in a column of a file, or among a command's arguments."""
    return Fault(where, f"{column}: {what}" if where == ARGUMENTS else f"column {column}: {what}")


def build_row(model: type[T], where: str, value: object) -> T:
    """Return the model made from a row's value.

    Raises:
        InvalidInput: each fault with the row's place and the column.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        faults = []
        for item in error.errors(include_url=False):
            column = ".".join(str(part) for part in item["loc"])
            what = item["msg"].removeprefix("Value error, ")
            faults.append(fault_in(where, column, what) if column else Fault(where, what))
        raise InvalidInput(faults) from error
