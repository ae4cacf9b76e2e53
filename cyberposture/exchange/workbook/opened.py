"""Opens a workbook that may come from anywhere: sizes are bounded, and only plain values are read.

Formulas, errors, markup declarations and whatever unpacks without end are refused, each with its
place.
"""

import io
import re
import struct
import warnings
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile, ZipFile

from openpyxl import load_workbook
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException

from cyberposture.errors import Fault, InvalidInput

MAX_BYTES = 10_000_000
MAX_UNPACKED = 60_000_000
MAX_PARTS = 500
MAX_ROWS, MAX_COLUMNS, MAX_TEXT = 20_000, 100, 32_767

_BROKEN = (
    BadZipFile,
    ParseError,
    InvalidFileException,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What the library stumbles over in a file that is none; it has no one error for that."""
_DECLARATION = re.compile(rb"<\0?!\0?(D\0?O\0?C\0?T\0?Y\0?P\0?E|E\0?N\0?T\0?I\0?T\0?Y)")
"""Also as it stands in a part of two bytes a sign."""
_CARRIAGE_RETURN = re.compile(r"_x000D_\n?")


@dataclass(frozen=True)
class Value:
    """What stands in one cell, and its address, such as `Controls!G17`."""

    where: str
    content: str | int | float | bool


Row = dict[int, Value]
"""The cells of a row that hold something, by the number of their column, the first being 0."""


def open_sheets(name: str, data: bytes) -> tuple[dict[str, list[Row]], list[Fault]]:
    """Return the rows of every sheet by its name, and the cells that hold what is not read.

    Raises:
        InvalidInput: it is no workbook, or too large.
    """
    require_bounded(name, data)
    try:
        with warnings.catch_warnings():
            # What the library does not support (drop-downs of newer kinds) is not read anyway.
            warnings.simplefilter("ignore")
            workbook = load_workbook(io.BytesIO(data), read_only=True, keep_links=False)
            faults: list[Fault] = []
            sheets = {sheet.title: list(_rows(sheet, faults)) for sheet in workbook.worksheets}
            return sheets, faults
    except _BROKEN as error:
        what = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise InvalidInput(Fault(name, f"no workbook that can be read: {what}")) from error


def require_bounded(name: str, data: bytes) -> None:
    """Refuse a file whose parts are too many, unpack to too much, or declare entities."""
    if len(data) > MAX_BYTES:
        raise InvalidInput(Fault(name, f"larger than {MAX_BYTES} bytes"))
    room = MAX_UNPACKED
    try:
        with ZipFile(io.BytesIO(data)) as archive:
            if len(archive.infolist()) > MAX_PARTS:
                raise InvalidInput(Fault(name, f"more than {MAX_PARTS} parts"))
            for part in archive.infolist():
                with archive.open(part) as stream:
                    unpacked = stream.read(room + 1)
                room -= len(unpacked)
                if room < 0:
                    raise InvalidInput(Fault(name, f"unpacks to more than {MAX_UNPACKED} bytes"))
                if _DECLARATION.search(unpacked):
                    shown = part.filename[:100]
                    raise InvalidInput(Fault(name, f"{shown} declares entities; none are read"))
    except _BROKEN as error:
        raise InvalidInput(Fault(name, "no workbook; a file in XLSX is expected")) from error


def _rows(sheet: Any, faults: list[Fault]) -> Iterator[Row]:
    # The size that a sheet says of itself may be anything.
    sheet.reset_dimensions()
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        if number > MAX_ROWS or len(cells) > MAX_COLUMNS:
            where = f"{sheet.title}!A{number}"
            what = f"more than {MAX_ROWS} rows or {MAX_COLUMNS} columns"
            raise InvalidInput(Fault(where, what))
        row: Row = {}
        for place, cell in enumerate(cells):
            where = f"{sheet.title}!{get_column_letter(place + 1)}{number}"
            try:
                content = _content(cell)
            except ValueError as error:
                faults.append(Fault(where, str(error)))
                continue
            if content not in (None, ""):
                row[place] = Value(where, content)
        yield row


def _content(cell: Any) -> str | int | float | bool | None:
    """Return the plain value of a cell.

    Raises:
        ValueError: it holds a formula, an error or a text that is too long.
    """
    value = cell.value
    if cell.data_type == "f":
        raise ValueError("a formula; only what is written in a cell is read")
    if cell.data_type == "e":
        raise ValueError(f"an error of the sheet: {value}")
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            raise ValueError(f"a text of more than {MAX_TEXT} signs")
        return _CARRIAGE_RETURN.sub("\n", value).strip()
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if value is None or isinstance(value, bool | int | float):
        return value
    raise ValueError(f"{type(value).__name__} is no value that is read; write it as text")
