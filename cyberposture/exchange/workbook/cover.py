"""The first sheet: what the workbook is and how to work in it, to be read in a minute."""

from collections.abc import Sequence
from dataclasses import dataclass

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from cyberposture.exchange.workbook.look import Look

NAME = "Read me"
_SIGNS_A_LINE, _LINE_HEIGHT = 96, 15.5


@dataclass(frozen=True)
class Cover:
    """What stands on the first sheet."""

    title: str
    lines: Sequence[str]
    """What it is, in a few sentences."""
    steps: Sequence[tuple[str, str]]
    """How to work in it: a word or two, and a sentence."""
    sheets: Sequence[tuple[str, str, str]]
    """Each sheet: its name, what stands there, and how much."""


def add_cover(workbook: Workbook, look: Look, cover: Cover) -> None:
    """Add the first sheet, in which nobody needs to change anything."""
    sheet = workbook.add_worksheet(NAME)
    sheet.hide_gridlines(2)
    for column, width in enumerate((4, 22, 84, 14)):
        sheet.set_column(column, column, width)
    sheet.set_row(1, 36)
    look.put(sheet, 1, 1, cover.title, "title")
    row = 3
    for line in cover.lines:
        sheet.merge_range(row, 1, row, 3, "", look.format("prose"))
        look.put(sheet, row, 1, line, "prose")
        sheet.set_row(row, _height(line, _SIGNS_A_LINE + 36))
        row += 1
    if cover.steps:
        row = _heading(sheet, look, row + 1, "How to work in it")
        for number, (name, text) in enumerate(cover.steps, start=1):
            look.put(sheet, row, 0, number, "step")
            look.put(sheet, row, 1, name, "step_name")
            look.put(sheet, row, 2, text, "prose")
            sheet.set_row(row, _height(text, _SIGNS_A_LINE))
            row += 1
    row = _heading(sheet, look, row + 1, "What stands where")
    for name, about, count in cover.sheets:
        sheet.write_url(row, 1, f"internal:'{name}'!A1", look.format("link"), string=name)
        look.put(sheet, row, 2, about, "prose")
        look.put(sheet, row, 3, count, "prose")
        sheet.set_row(row, _height(about, _SIGNS_A_LINE))
        row += 1
    sheet.protect("", {"select_locked_cells": True})
    sheet.fit_to_pages(1, 0)
    sheet.set_paper(9)


def _heading(sheet: Worksheet, look: Look, row: int, text: str) -> int:
    """Write a heading over the whole width and return the row below it."""
    for column in (1, 2, 3):
        look.put(sheet, row, column, text if column == 1 else None, "heading")
    sheet.set_row(row, 22)
    return row + 1


def _height(text: str, signs_a_line: int) -> float:
    """Return a height for so much text; merged cells do not find theirs by themselves."""
    return _LINE_HEIGHT * (len(text) // signs_a_line + 1) + 3
