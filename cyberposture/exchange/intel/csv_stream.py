"""Reads a table in CSV line by line, each row with its place; nothing of it is held."""

import codecs
import csv
from collections.abc import Iterator, Sequence

from cyberposture.errors import Fault, InvalidInput
from cyberposture.exchange.intel.opened import Opened

MAX_LINE = 100_000


def _lines(source: Opened) -> Iterator[str]:
    """Yield the lines with their ends.

    Raises:
        InvalidInput: not UTF-8 text, or a line beyond any sense.
    """
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    rest, number = "", 1
    for piece in _with_end(source):
        try:
            text = rest + decoder.decode(piece or b"", final=piece is None)
        except UnicodeDecodeError as error:
            place = number + (piece or b"")[: error.start].count(b"\n")
            raise InvalidInput(Fault(f"{source.name}:{place}", "not UTF-8 text")) from error
        *whole, rest = text.split("\n")
        for line in whole:
            yield line + "\n"
        number += len(whole)
        if len(rest) > MAX_LINE:
            what = f"a line of more than {MAX_LINE} characters"
            raise InvalidInput(Fault(f"{source.name}:{number}", what))
    if rest:
        yield rest


def _with_end(source: Opened) -> Iterator[bytes | None]:
    yield from source.pieces()
    yield None


def read_table(
    source: Opened, known: Sequence[str], needed: Sequence[str]
) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the cells of each row by their heading, with `file:line`; empty cells are left out.

    Headings are compared without regard to letter case. Lines that begin with # are passed over.

    Raises:
        InvalidInput: a heading is unknown, missing or given twice; a row does not fit; the text
            ends inside quotation marks.
    """
    reader = csv.reader((line for line in _lines(source) if not line.startswith("#")), strict=True)
    columns: list[str] | None = None
    try:
        for cells in reader:
            where = f"{source.name}:{reader.line_num}"
            if columns is None:
                columns = _heading(where, [cell.strip().lower() for cell in cells], known, needed)
            elif any(cell.strip() for cell in cells):
                if len(cells) != len(columns):
                    what = f"{len(cells)} cells under {len(columns)} headings"
                    raise InvalidInput(Fault(where, what))
                pairs = zip(columns, cells, strict=True)
                yield where, {c: cell.strip() for c, cell in pairs if cell.strip()}
    except csv.Error as error:
        raise InvalidInput(Fault(f"{source.name}:{reader.line_num}", str(error))) from error
    if columns is None:
        raise InvalidInput(Fault(f"{source.name}:1", "an empty file; a heading is expected"))


def _heading(
    where: str, columns: list[str], known: Sequence[str], needed: Sequence[str]
) -> list[str]:
    faults = [
        Fault(where, f"unknown heading {column[:40]!r}; allowed: {', '.join(known)}")
        for column in columns
        if column not in known
    ]
    faults += [
        Fault(where, f"the heading {column!r} stands twice")
        for number, column in enumerate(columns)
        if column in columns[:number]
    ]
    missing = [column for column in needed if column not in columns]
    faults += [Fault(where, f"missing heading: {', '.join(missing)}")] if missing else []
    if faults:
        raise InvalidInput(faults)
    return columns
