"""Writes the whole catalogue as a workbook that policy authors work in and that comes back."""

import io
from collections.abc import Iterable
from datetime import datetime, time

from xlsxwriter import Workbook

from cyberposture.exchange.workbook.cover import Cover, add_cover
from cyberposture.exchange.workbook.legend import legend_of
from cyberposture.exchange.workbook.look import Look
from cyberposture.exchange.workbook.marks import FORMAT, marks_of
from cyberposture.exchange.workbook.rows import tables_of
from cyberposture.exchange.workbook.sheets import (
    LISTS,
    Choices,
    Filled,
    add_lists,
    add_sheet,
)
from cyberposture.exchange.workbook.tables import CLAUSES, ORIGIN
from cyberposture.model.checks import Observation
from cyberposture.model.controls import Catalogue

_UNDATED = datetime(2000, 1, 1)
"""The day that the workbook of an edition without a date bears, so that equal ones stay equal."""

STEPS = (
    ("Change", "Write into the white cells. Where a cell offers a list, choose from it; click on "
     "a heading to read what belongs below it."),
    ("One item a line", "Evidence, observations and questions stand one a line inside their cell: "
     "Alt+Enter begins a new line. Evidence begins with the days that it may be old: "
     "90 | The minutes of the meeting."),
    ("Add", "Write below the last row, or insert one. A new control takes the next free number of "
     "its domain; its clauses stand on the sheet Sources. Rows may be sorted as you like."),
    ("Never change an id", "A control that goes is entered on the sheet Retired with day and "
     "reason, and then its row is deleted here, and its rows on the other sheets. When the "
     "meaning of a control changes, raise its version and say on Succession what became of it."),
    ("No formulas", "Only what is written in a cell is read. A cell with a formula is refused."),
    ("Look first", "cyberposture catalogue import THIS.xlsx --into FOLDER --dry-run   lists what "
     "would change. A fault names sheet and cell, and nothing is taken in until all is sound."),
    ("Bring it back", "cyberposture catalogue import THIS.xlsx --into FOLDER   writes the files "
     "that changed. What somebody else changed meanwhile is kept, and told where it conflicts."),
)  # fmt: skip


def whole_workbook(catalogue: Catalogue, observations: Iterable[Observation] = ()) -> bytes:
    """Return the workbook of an edition; equal editions give equal bytes.

    `observations` is the vocabulary that the sheet of lists explains.

    Raises:
        InvalidInput: no cell can hold some text, with its sheet and place.
    """
    out = io.BytesIO()
    workbook = open_workbook(out, catalogue)
    look = Look(workbook)
    tables = tables_of(catalogue)
    choices = Choices(legend_of(catalogue, observations))
    for name, title in (("Control", "Controls"), ("Clause", CLAUSES.title)):
        rows = next(rows for table, rows in tables if table.title == title)
        choices.add_column(name, title, len(rows))
    add_cover(workbook, look, _cover(catalogue, [(t.title, t.about, len(r)) for t, r in tables]))
    for table, rows in tables:
        frozen = 2 if table.title in ("Controls", "Proposed") else 1
        add_sheet(workbook, look, Filled(table, rows, frozen), choices)
    add_lists(workbook, look, choices)
    _add_origin(workbook, look, catalogue)
    workbook.close()
    return out.getvalue()


def open_workbook(out: io.BytesIO, catalogue: Catalogue) -> Workbook:
    """Return a new workbook that takes no text for a formula, a link or a number."""
    framework = catalogue.framework
    workbook = Workbook(
        out,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    created = _UNDATED if framework.dated is None else datetime.combine(framework.dated, time())
    workbook.set_properties(
        {"title": framework.title, "subject": framework.version, "created": created}
    )
    workbook.set_size(2_400, 1_500)
    return workbook


def _cover(catalogue: Catalogue, sheets: list[tuple[str, str, int]]) -> Cover:
    framework = catalogue.framework
    dated = "" if framework.dated is None else f", as of {framework.dated.isoformat()}"
    return Cover(
        title=framework.title,
        lines=(
            f"Edition {framework.id} {framework.version}{dated}. From: {framework.policy}.",
            "This workbook holds what is expected of institutions: every control with its levels, "
            "guidance and evidence, and the policy's clauses from which it follows. Policy authors "
            "change it here and bring it back into the files that the program reads.",
            framework.note,
        ),
        steps=STEPS,
        sheets=[
            *((title, about, f"{count} rows") for title, about, count in sheets),
            (LISTS, "The words that cells are chosen from, with what they mean.", ""),
        ],
    )


def _add_origin(workbook: Workbook, look: Look, catalogue: Catalogue) -> None:
    """Add the hidden sheet by which an import knows what this workbook was made from."""
    framework = catalogue.framework
    sheet = workbook.add_worksheet(ORIGIN)
    rows = [("format", FORMAT), ("catalogue", framework.id), ("version", framework.version)]
    for kind, marks in marks_of(catalogue).items():
        rows += [(f"{kind} {identity}", mark) for identity, mark in marks.items()]
    for number, (name, value) in enumerate(rows):
        look.put(sheet, number, 0, name, "fixed")
        look.put(sheet, number, 1, value, "fixed")
    sheet.protect("", {})
    sheet.very_hidden()
