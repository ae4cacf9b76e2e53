"""Workbooks of the real catalogue, and what authors do to them in a spreadsheet program."""

import io
import json
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

from cyberposture.content.bundle import find_content
from cyberposture.content.loader import Content, find_catalogue, load_content
from cyberposture.content.reading.documents import read_file
from cyberposture.exchange.workbook.write import whole_workbook
from cyberposture.model.controls import Catalogue


@cache
def content() -> Content:
    """Return the real content, read once."""
    return load_content(find_content(None))


@cache
def real_workbook() -> bytes:
    """Return the workbook of the real catalogue, written once."""
    return whole_workbook(content().catalogue, content().checks.observations)


KEPT = ("GOV-01", "GOV-11", "IAM-10", "NET-06")
"""The controls of the small catalogue, with which most tests are done sooner."""


@cache
def few() -> Catalogue:
    """Return the real catalogue with a few of its controls."""
    real = content().catalogue
    controls = tuple(control for control in real.controls if control.id in KEPT)
    return real.model_copy(update={"controls": controls})


@cache
def few_workbook() -> bytes:
    """Return the workbook of the small catalogue, written once."""
    return whole_workbook(few(), content().checks.observations)


def copied_controls(folder: Path) -> Path:
    """Return a copy of the content folder `controls` inside `folder`, with a few controls."""
    copy = Path(shutil.copytree(find_content(None).controls, folder / "controls"))
    home = find_catalogue(copy)
    for path in home.glob("*/???-??-*.yaml"):
        if path.name[:6] not in KEPT and path.parent.name != "proposed":
            path.unlink()
    # These name controls that are not here.
    rows = [row | {"controls": []} for row in read_file(home / "parameters.yaml").value]
    (home / "parameters.yaml").write_text(json.dumps(rows, indent=1))
    start = read_file(home / "profiles" / "start.yaml").value
    start["controls"] = [row for row in start["controls"] if row["id"] in KEPT]
    (home / "profiles" / "start.yaml").write_text(json.dumps(start, indent=1))
    return copy


def edited(change: Callable[[Any], None], data: bytes | None = None) -> bytes:
    """Return a workbook after its author changed it and saved it in another program."""
    book = load_workbook(io.BytesIO(data or few_workbook()))
    change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def cell(book: Any, sheet: str, heading: str, key: str) -> Any:
    """Return the cell under a heading in the row that begins with `key`."""
    column = next(c.column for c in book[sheet][1] if c.value == heading)
    row = next(row[0].row for row in book[sheet].iter_rows() if row[0].value == key)
    return book[sheet].cell(row, column)


def put(sheet: str, heading: str, key: str, value: object) -> Callable[[Any], None]:
    """Return the change that writes a value into one cell."""

    def change(book: Any) -> None:
        cell(book, sheet, heading, key).value = value

    return change


def append(sheet: str, **values: object) -> Callable[[Any], None]:
    """Return the change that adds a row; headings are given with `_` for blanks."""

    def change(book: Any) -> None:
        found = {c.value: c.column for c in book[sheet][1]}
        row = book[sheet].max_row + 1
        for heading, value in values.items():
            book[sheet].cell(row, found[heading.replace("_", " ")]).value = value

    return change


def drop(sheet: str, key: str) -> Callable[[Any], None]:
    """Return the change that deletes every row that begins with `key`."""

    def change(book: Any) -> None:
        rows = [row[0].row for row in book[sheet].iter_rows() if row[0].value == key]
        for row in reversed(rows):
            book[sheet].delete_rows(row)

    return change


def both(*changes: Callable[[Any], None]) -> Callable[[Any], None]:
    """Return all of these changes as one."""

    def change(book: Any) -> None:
        for one in changes:
            one(book)

    return change
