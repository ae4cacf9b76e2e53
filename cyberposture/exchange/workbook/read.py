"""Reads a workbook of ours back: every row becomes a model again, every fault names its cell."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from openpyxl.utils import get_column_letter

from cyberposture.content.reading.documents import Document, build
from cyberposture.content.reading.reader import Place
from cyberposture.errors import Fault, InvalidInput
from cyberposture.exchange.workbook.marks import FORMAT, KINDS
from cyberposture.exchange.workbook.opened import Row, Value, open_sheets
from cyberposture.exchange.workbook.tables import (
    CLAUSES,
    DOMAINS,
    FRAMEWORKS,
    GUIDANCE,
    ORIGIN,
    OWNER,
    PARTS,
    RETIRED,
    Column,
    Table,
    controls_table,
    proposed_table,
)
from cyberposture.model.controls import Clause, Control, Domain, Neighbour, Retired
from cyberposture.model.foundation import Model

_TITLES = frozenset(
    table.title
    for table in (controls_table(()), proposed_table(()), *PARTS, CLAUSES, DOMAINS, RETIRED,
                  FRAMEWORKS)
)  # fmt: skip
M = TypeVar("M", bound=Model)
Cells = dict[tuple[str | int, ...], str]
"""The address of every part of an item by its path."""


class CellDocument(Document):
    """An item of a workbook, each part of which stands in a cell instead of on a line."""

    def __init__(self, cells: Cells) -> None:
        super().__init__("", None)
        self.cells = cells

    def where(self, path: tuple[str | int, ...] = ()) -> str:
        """Return the address of the cell that holds a part, or else what the part belongs to."""
        while path and path not in self.cells:
            path = path[:-1]
        return self.cells[path]


@dataclass(frozen=True)
class Written:
    """What stands in a workbook: the items of each kind with their places, and where it is from."""

    catalogue: str
    version: str
    items: Mapping[str, tuple[tuple[Any, Place], ...]]
    marks: Mapping[str, Mapping[str, str]]
    """What stood in it when it was made: a mark on every item by its id, kind by kind."""

    def of(self, kind: str) -> tuple[Any, ...]:
        """Return the items of a kind in the order of their rows."""
        return tuple(item for item, _ in self.items[kind])


@dataclass
class _Entry:
    """One row on its way to becoming a model."""

    fields: dict[str, Any] = field(default_factory=dict)
    cells: Cells = field(default_factory=dict)


def read_workbook(name: str, data: bytes) -> Written:
    """Return what stands in a workbook that was written by `whole_workbook`.

    Raises:
        InvalidInput: it is no such workbook, or has faults, each with sheet and cell.
    """
    sheets, faults = open_sheets(name, data)
    origin = _origin(name, sheets)
    # What authors keep on sheets of their own is theirs.
    reader = _Reader(sheets, [f for f in faults if f.where.partition("!")[0] in _TITLES])
    controls, proposed = reader.controls()
    items = {
        "controls": reader.made(Control, controls),
        "proposed": reader.made(Control, proposed),
        "clauses": reader.made(Clause, reader.entries(CLAUSES)),
        "domains": reader.made(Domain, reader.entries(DOMAINS)),
        "retired": reader.made(Retired, reader.entries(RETIRED)),
        "neighbours": reader.made(Neighbour, reader.entries(FRAMEWORKS)),
    }
    if reader.faults:
        order = list(sheets)
        raise InvalidInput(sorted(set(reader.faults), key=lambda fault: _place(fault, order)))
    marks: dict[str, dict[str, str]] = {kind: {} for kind in KINDS}
    for key, mark in origin.items():
        kind, _, identity = key.partition(" ")
        if kind in marks and identity:
            marks[kind][identity] = mark
    return Written(origin["catalogue"], origin["version"], items, marks)


def _place(fault: Fault, sheets: list[str]) -> tuple[int, int, int, str]:
    """Return where a fault stands in the order of sheets, rows and columns."""
    title, _, address = fault.where.partition("!")
    letters = address.rstrip("0123456789")
    number = sheets.index(title) if title in sheets else -1
    return number, int(address.removeprefix(letters) or 0), len(letters), fault.where


def _origin(name: str, sheets: Mapping[str, list[Row]]) -> dict[str, str]:
    """Return what the hidden sheet says."""
    pairs = [[str(value.content) for value in row.values()] for row in sheets.get(ORIGIN, [])]
    found = {pair[0]: pair[1] for pair in pairs if len(pair) == 2}
    if found.get("format") != FORMAT or not {"catalogue", "version"} <= found.keys():
        what = "not a workbook of a whole catalogue"
        advice = "cyberposture catalogue export --format xlsx --out FILE writes one"
        raise InvalidInput(Fault(name, found.get("only", what)), advice=advice)
    return found


class _Reader:
    """Reads sheet after sheet and keeps the faults of all of them."""

    def __init__(self, sheets: Mapping[str, list[Row]], faults: list[Fault]) -> None:
        self.faults = faults
        self._sheets = sheets

    def made(self, model: type[M], entries: Sequence[_Entry]) -> tuple[tuple[M, Place], ...]:
        """Return the model of each entry with its place."""
        found = []
        # A cell that could not be read is empty for the model, which is no second fault.
        unread = {fault.where for fault in self.faults}
        for entry in entries:
            document = CellDocument(entry.cells)
            try:
                found.append((build(model, document, entry.fields, ()), Place(document)))
            except InvalidInput as error:
                self.faults += [fault for fault in error.faults if fault.where not in unread]
        self._refuse_twice((str(getattr(item, "id", "")), place) for item, place in found)
        return tuple(found)

    def _refuse_twice(self, ids: Any) -> None:
        seen: dict[str, str] = {}
        for identity, place in ids:
            where = place.at("id")
            if identity in seen:
                self.faults.append(Fault(where, f"{identity} stands in {seen[identity]} already"))
            seen.setdefault(identity, where)

    def controls(self) -> tuple[list[_Entry], list[_Entry]]:
        """Return the rows of controls and of proposed ones, each with its parts."""
        sizes = self._sizes()
        asked = self.entries(controls_table(sizes))
        proposed = self.entries(proposed_table(sizes))
        for entry in proposed:
            entry.fields["proposed"] = True
        by_id = {str(e.fields.get("id", "")): e for e in (*proposed, *asked)}
        for table in PARTS:
            self._add_parts(table, by_id)
        for entry in (*asked, *proposed):
            # The model wants these two lists, also where they are empty.
            entry.fields.setdefault("sources", [])
            entry.fields.setdefault("observations", [])
        return asked, proposed

    def _sizes(self) -> list[str]:
        """Return the sizes of institutions that any heading of guidance names."""
        headings = [
            str(value.content)
            for title in ("Controls", "Proposed")
            for value in (self._sheets.get(title) or [{}])[0].values()
        ]
        found = [h.removeprefix(GUIDANCE) for h in headings if h.startswith(GUIDANCE)]
        return list(dict.fromkeys(found))

    def _add_parts(self, table: Table, controls: Mapping[str, _Entry]) -> None:
        numbers: dict[str, int] = defaultdict(int)
        for part in self.entries(table):
            owner = controls.get(part.fields.pop(OWNER, ""))
            if owner is None:
                self.faults.append(Fault(part.cells[()], "there is no such control"))
                continue
            key = str(owner.fields["id"])
            if table.part_of == "sector_notes":
                self._add_note(owner, part)
                continue
            number = numbers[key]
            numbers[key] += 1
            owner.fields.setdefault(table.part_of, []).append(part.fields)
            for path, where in part.cells.items():
                owner.cells[table.part_of, number, *path] = where

    def _add_note(self, owner: _Entry, part: _Entry) -> None:
        notes = owner.fields.setdefault("sector_notes", {})
        sector = part.fields.get("sector", "")
        if sector in notes:
            self.faults.append(Fault(part.cells[()], f"a second note for {sector}"))
        notes[sector] = part.fields.get("note", "")
        owner.cells["sector_notes", sector] = part.cells.get(("note",), part.cells[()])

    def entries(self, table: Table) -> list[_Entry]:
        """Return the rows of a sheet; the column that says what a part belongs to is kept apart."""
        rows = self._sheets.get(table.title)
        if rows is None:
            self.faults.append(Fault(table.title, "the sheet is missing"))
            return []
        columns = self._columns(table, rows[0] if rows else {})
        found = []
        for number, row in enumerate(rows[1:], start=2):
            if not row:
                continue
            entry = _Entry(cells={(): f"{table.title}!A{number}"})
            for place, column in columns.items():
                self._fill(
                    entry, table, column, f"{get_column_letter(place + 1)}{number}", row.get(place)
                )
            if any(place in columns for place in row):
                found.append(entry)
            for place in row.keys() - rows[0].keys():
                self.faults.append(Fault(row[place].where, "this column has no heading"))
        return found

    def _columns(self, table: Table, heading: Row) -> dict[int, Column]:
        known = {column.heading: column for column in table.columns}
        found: dict[int, Column] = {}
        for place, value in heading.items():
            column = known.pop(str(value.content), None)
            if column is None:
                what = f"unknown heading {str(value.content)[:60]!r}, or one that stands twice"
                self.faults.append(Fault(value.where, what))
            else:
                found[place] = column
        for missing in known:
            self.faults.append(Fault(f"{table.title}!A1", f"the heading {missing!r} is missing"))
        return found

    def _fill(
        self, entry: _Entry, table: Table, column: Column, address: str, value: Value | None
    ) -> None:
        """Put what stands in a cell where it belongs, and note its address in any case."""
        path, where = column.path, f"{table.title}!{address}"
        entry.cells[path] = where
        if column is table.columns[0]:
            entry.cells[()] = where
        if value is None:
            return
        try:
            content = column.form.read(_text(value, column.form.is_number))
        except ValueError as error:
            self.faults.append(Fault(where, str(error)))
            return
        holder = entry.fields
        for step in path[:-1]:
            holder = holder.setdefault(step, {})
        holder[path[-1]] = content


def _text(value: Value, is_number: bool) -> str:
    """Return the text of a cell; a number stands for itself where it has no fraction.

    Raises:
        ValueError: it may have been another text before the sheet took it for a number.
    """
    content = value.content
    if isinstance(content, bool):
        raise ValueError("true or false is nothing that is read here; write it as text")
    if isinstance(content, float):
        if not content.is_integer() or (not is_number and abs(content) > 1e9):
            raise ValueError(
                f"the number {content:g} stands where a text is expected: format the cell as text "
                "and write it again, for 3.10 and 3.1 are the same number"
            )
        return str(int(content))
    return str(content)
