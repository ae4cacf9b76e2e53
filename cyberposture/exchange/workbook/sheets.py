"""Lays one table out as a sheet: headings that stay, columns of a width, cells to choose from."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from xlsxwriter import Workbook
from xlsxwriter.utility import xl_range_abs
from xlsxwriter.worksheet import Worksheet

from cyberposture.exchange.workbook.forms import Cell
from cyberposture.exchange.workbook.legend import Legend
from cyberposture.exchange.workbook.look import Look
from cyberposture.exchange.workbook.tables import Column, Table

SPARE_ROWS = 300
"""Rows below the last that have drop-downs too."""
LISTS = "Lists"
_SIGNS_A_UNIT = 1.1
"""Signs of our type that find room in one unit of a column's width, words broken as they are."""
_LINE_HEIGHT, _HIGHEST = 13.2, 409
"""In points. Source of the highest row: Microsoft, Excel specifications and limits, 2024."""
_A3, _UNITS_A_PAGE = 8, 220
_MAY = {
    "sort": True,
    "autofilter": True,
    "insert_rows": True,
    "delete_rows": True,
    "format_cells": True,
    "format_columns": True,
    "format_rows": True,
}
"""What the protection of headings leaves to the author."""


@dataclass(frozen=True)
class Filled:
    """A table with the rows that stand in it, one value a column."""

    table: Table
    rows: Sequence[Sequence[Cell]]
    frozen: int = 1
    """How many columns stay in sight."""
    is_open: bool = True
    """Whether its cells may be changed."""


def add_sheet(workbook: Workbook, look: Look, filled: Filled, choices: "Choices | None") -> None:
    """Add the sheet; `choices` are the lists that its cells are chosen from."""
    table = filled.table
    sheet = workbook.add_worksheet(table.title)
    last = len(table.columns) - 1
    for place, column in enumerate(table.columns):
        kind = _kind(column, place) if filled.is_open else "fixed"
        sheet.set_column(place, place, column.width, look.format(kind))
        look.put(sheet, 0, place, column.heading, "header")
        if column.about:
            sheet.data_validation(0, place, 0, place, _hint(column))
        if choices is not None and column.choices:
            _offer(sheet, place, len(filled.rows), column, choices)
    if filled.is_open:
        # A row can be deleted only where none of its cells is locked, the empty ones included.
        sheet.set_column(last + 1, 16_383, None, look.format("text"))
        # The writer would look through all of these columns in every row.
        sheet.dim_colmax = last
    sheet.set_row(0, 34)
    for number, row in enumerate(filled.rows, start=1):
        sheet.set_row(number, _height(table.columns, row))
        for place, (column, value) in enumerate(zip(table.columns, row, strict=True)):
            kind = _kind(column, place)
            look.put(sheet, number, place, value, kind if filled.is_open else _fixed(kind))
    sheet.freeze_panes(1, filled.frozen)
    sheet.autofilter(0, 0, max(len(filled.rows), 1), last)
    sheet.protect("", _MAY)
    _lay_out_for_paper(sheet, sum(column.width for column in table.columns), filled.frozen)


def _kind(column: Column, place: int) -> str:
    if place == 0:
        return "key"
    if column.form.is_number:
        return "number"
    return "choice" if column.choices and column.width < 12 else "text"


def _height(columns: Sequence[Column], row: Sequence[Cell]) -> float:
    """Return a height, in points, at which every text of the row is seen, if any can be."""
    lines = 1
    for column, value in zip(columns, row, strict=True):
        room = column.width * _SIGNS_A_UNIT
        texts = str(value or "").split("\n")
        lines = max(lines, sum(max(1, ceil(len(text) / room)) for text in texts))
    return min(lines * _LINE_HEIGHT + 5, _HIGHEST)


def _lay_out_for_paper(sheet: Worksheet, width: int, frozen: int) -> None:
    """Spread a wide sheet over pages of A3, each with its headings and its first columns."""
    sheet.set_landscape()
    sheet.set_paper(_A3)
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    sheet.fit_to_pages(ceil(width / _UNITS_A_PAGE), 0)
    sheet.repeat_rows(0)
    sheet.repeat_columns(0, frozen - 1)
    sheet.set_footer("&L&A&RPage &P of &N")


def _fixed(kind: str) -> str:
    return "fixed_key" if kind == "key" else "fixed"


def _hint(column: Column) -> dict[str, object]:
    return {"validate": "any", "input_title": column.heading[:32], "input_message": column.about}


def _offer(sheet: Worksheet, place: int, rows: int, column: Column, choices: "Choices") -> None:
    source = choices.ranges.get(column.choices)
    if source is not None:
        sheet.data_validation(
            1,
            place,
            rows + SPARE_ROWS,
            place,
            {
                "validate": "list",
                "source": source,
                "error_title": column.heading[:32],
                "error_message": f"Choose one of the list. {column.about}"[:255],
            },
        )


class Choices:
    """Where each list of words stands, as a range that drop-downs refer to."""

    def __init__(self, legend: Legend) -> None:
        self.legend = legend
        self.ranges: dict[str, str] = {}
        for place, (name, words) in enumerate(legend.items()):
            if words:
                self.ranges[name] = _range(LISTS, 1, len(words), 3 * place)

    def add_column(self, name: str, sheet: str, rows: int) -> None:
        """Let the first column of a sheet be a list of its own, with room for new rows."""
        self.ranges[name] = _range(sheet, 1, rows + SPARE_ROWS, 0)


def add_lists(workbook: Workbook, look: Look, choices: Choices) -> None:
    """Add the sheet of lists, each word beside its meaning."""
    sheet = workbook.add_worksheet(LISTS)
    sheet.hide_gridlines(2)
    for place, (name, words) in enumerate(choices.legend.items()):
        column = 3 * place
        sheet.set_column(column, column, 19)
        sheet.set_column(column + 1, column + 1, 64)
        sheet.set_column(column + 2, column + 2, 3)
        look.put(sheet, 0, column, name, "header")
        look.put(sheet, 0, column + 1, "means", "header")
        for row, (word, meaning) in enumerate(words, start=1):
            look.put(sheet, row, column, word, "fixed_key")
            look.put(sheet, row, column + 1, meaning, "fixed")
    sheet.freeze_panes(1, 0)
    sheet.protect("", {"select_locked_cells": True})
    _lay_out_for_paper(sheet, 86 * len(choices.legend), 1)


def _range(sheet: str, first: int, last: int, column: int) -> str:
    return f"='{sheet}'!{xl_range_abs(first, column, last, column)}"
