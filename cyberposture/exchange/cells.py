"""CSV for spreadsheets that takes no cell for a formula, and that can be read back exactly.

A text that begins with a sign of a formula gets an apostrophe before it, and so does one that
begins with an apostrophe: whoever takes one away has the text as it was.

Sources: RFC 4180, Common Format and MIME Type for Comma-Separated Values (CSV) Files, October 2005;
OWASP, CSV Injection (the signs).
"""

import csv
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "'")


def neutral(value: object) -> object:
    """Return a cell that no spreadsheet computes; numbers stay numbers."""
    if isinstance(value, str) and value.startswith(_SIGNS):
        return f"'{value}"
    return value


def plain_text(cell: str) -> str:
    """Return the text that `neutral` was given."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_SIGNS) else cell


def write_csv(stream: TextIO, heading: Sequence[str], rows: Iterable[Iterable[Any]]) -> int:
    """Write a heading and rows, and return how many rows; the stream translates no line ends."""
    writer = csv.writer(stream, dialect="excel", lineterminator="\r\n")
    writer.writerow(heading)
    count = 0
    for row in rows:
        writer.writerow([neutral(cell) for cell in row])
        count += 1
    return count
