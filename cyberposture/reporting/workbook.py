"""A report as a workbook (XLSX): a sheet for each chapter of its page, numbers as numbers."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from io import BytesIO
from itertools import groupby

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from cyberposture.reporting.tables import Cell, Table, read_tables

NUMBER = re.compile(r"([+\N{MINUS SIGN}-]?)(\d[\d,]*)(?:\.(\d+))?(\s?%)?")
FORBIDDEN = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
LONGEST_NAME = 31
LONGEST_CELL = 32_767
"""Characters: what the format holds in a sheet's name and in a cell."""
WIDEST = 60
"""Characters to which a column is opened."""
ORIGIN = datetime(2000, 1, 1, tzinfo=UTC)
"""Stands in every workbook in place of the time of writing: equal pages give equal bytes."""


def as_workbook(html: str) -> bytes:
    """Return a report as XLSX; equal texts give equal bytes.

    A cell holds what the page shows: a number where the page sets a number, else text, never a
    formula.
    """
    data = BytesIO()
    book = xlsxwriter.Workbook(data, {"in_memory": True, "strings_to_formulas": False})
    book.set_properties({"created": ORIGIN.replace(tzinfo=None)})
    head = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
    plain = book.add_format({"text_wrap": True, "valign": "top"})
    is_mirrored = ' dir="rtl"' in html[:400]
    names: set[str] = set()
    for chapter, tables in groupby(read_tables(html), key=lambda table: table.chapter):
        sheet = book.add_worksheet(_name(chapter, names))
        if is_mirrored:
            sheet.right_to_left()
        _fill(book, sheet, tables, head, plain)
    book.close()
    return data.getvalue()


def _fill(
    book: xlsxwriter.Workbook,
    sheet: Worksheet,
    tables: Iterable[Table],
    head: Format,
    plain: Format,
) -> None:
    """Write the tables of one chapter below each other, each under its own heading."""
    forms: dict[str, Format] = {}
    widths: dict[int, int] = {}
    row, title = 0, ""
    for table in tables:
        if table.title and table.title != title:
            sheet.write_string(row, 0, table.title[:LONGEST_CELL], head)
            row, title = row + 1, table.title
        for cells in table.rows:
            for column, cell in enumerate(cells):
                widths[column] = max(widths.get(column, 8), min(WIDEST, len(cell.text) + 2))
                found = _number(cell)
                if found is None:
                    text = cell.text[:LONGEST_CELL]
                    sheet.write_string(row, column, text, head if cell.is_head else plain)
                    continue
                value, form = found
                forms[form] = forms.get(form) or book.add_format(
                    {"num_format": form, "valign": "top"}
                )
                sheet.write_number(row, column, value, forms[form])
            row += 1
        row += 1
    for column, width in widths.items():
        sheet.set_column(column, column, width)


def _number(cell: Cell) -> tuple[float, str] | None:
    """Return the value of a cell and the form in which the page shows it; None: it is text."""
    found = NUMBER.fullmatch(cell.text) if cell.is_number and not cell.is_head else None
    if found is None:
        return None
    sign, whole, part, percent = found.groups()
    value = float(whole.replace(",", "") + (f".{part}" if part else ""))
    digits = len(part or "")
    if percent:
        value = round(value / 100, digits + 2)
    form = "0" + ("." + "0" * digits if digits else "") + ("%" if percent else "")
    if sign:
        form = f"+{form};-{form};{form}"
    return (-value if sign and sign != "+" else value), form


def _name(title: str, taken: set[str]) -> str:
    """Return a sheet's name that is allowed and that no other sheet has, whatever the case."""
    plain = FORBIDDEN.sub(" ", title).strip(" '") or "1"
    name, number = plain[:LONGEST_NAME].strip(" '"), 1
    while name.lower() in taken:
        number += 1
        name = f"{plain[: LONGEST_NAME - 4].strip()} {number}"
    taken.add(name.lower())
    return name
