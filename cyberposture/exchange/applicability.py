"""Reads a statement of applicability in XLSX: what an institution says of a framework's controls.

It knows the headings and the words that such sheets use, and nothing of our own controls. A cell
that cannot be read is a fault with its address; rows that say nothing are passed over.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from cyberposture.content.reading.files import read_bytes
from cyberposture.errors import Fault, InvalidInput
from cyberposture.exchange.workbook.opened import MAX_BYTES, Row, Value, open_sheets
from cyberposture.model.foundation import Model

State = Literal["whole", "part", "none", "not-applicable"]
HEADINGS: dict[str, frozenset[str]] = {
    "id": frozenset({"control", "control id", "id", "reference", "ref", "clause", "subcategory"}),
    "applicable": frozenset({"applicable", "applicable?", "applicability", "applies"}),
    "status": frozenset({"status", "implementation status", "implementation", "implemented",
                         "implemented?"}),
    "reason": frozenset({"justification", "reason", "comment", "comments", "remarks", "notes"}),
}  # fmt: skip
"""What a column may be called, letter case aside."""
_APPLIES: dict[str, bool] = {
    **dict.fromkeys(("yes", "y", "x", "true", "applicable"), True),
    **dict.fromkeys(("no", "n", "false", "not applicable", "n/a", "excluded"), False),
}
_STATES: dict[str, State] = {
    **dict.fromkeys(
        ("implemented", "fully implemented", "yes", "y", "x", "true", "done", "complete"), "whole"
    ),
    **dict.fromkeys(("partially implemented", "partial", "partly", "in progress"), "part"),
    **dict.fromkeys(("not implemented", "no", "n", "false", "none", "planned", "to do"), "none"),
    **dict.fromkeys(("not applicable", "n/a"), "not-applicable"),
}
_LOOKED_THROUGH = 30
"""So many rows of a sheet may stand before its headings."""
_MOST_REASON = 1_500


class Stated(Model):
    """What the institution says of one control of the framework."""

    where: str
    id: str
    state: State
    reason: str


def read_statement(path: Path, ids: str) -> tuple[Stated, ...]:
    """Return what is said of each control whose id matches the pattern `ids`, in order.

    Raises:
        InvalidInput: it is no workbook of bounded size, no sheet has the headings, or a cell says
            what is not understood, with the address of each.
    """
    data = read_bytes(path, MAX_BYTES, path.name)
    sheets, faults = open_sheets(path.name, data)
    found: list[Stated] = []
    has_heading = False
    for rows in sheets.values():
        columns, below = _columns(rows)
        if not columns:
            continue
        has_heading = True
        for row in below:
            cells = {name: row[place] for place, name in columns.items() if place in row}
            found += _stated(cells, ids, faults)
    if not has_heading:
        told = "; ".join(f"{name}: {', '.join(sorted(known))}" for name, known in HEADINGS.items())
        raise InvalidInput(Fault(path.name, f"no sheet has an id beside what is said; {told}"))
    first: dict[str, str] = {}
    for one in found:
        if first.setdefault(one.id, one.where) != one.where:
            faults.append(Fault(one.where, f"{one.id} stands at {first[one.id]} already"))
    if faults:
        raise InvalidInput(faults)
    return tuple(found)


def _columns(rows: list[Row]) -> tuple[dict[int, str], list[Row]]:
    """Return which column holds what, and the rows below the headings; nothing where none are."""
    for number, row in enumerate(rows[:_LOOKED_THROUGH], start=1):
        columns: dict[int, str] = {}
        for place, value in row.items():
            text = _plain(value)
            for name, known in HEADINGS.items():
                if text in known and name not in columns.values():
                    columns[place] = name
        named = set(columns.values())
        if "id" in named and named & {"applicable", "status"}:
            return columns, rows[number:]
    return {}, []


def _stated(cells: dict[str, Value], ids: str, faults: list[Fault]) -> Iterator[Stated]:
    says = [cells[name] for name in ("applicable", "status") if name in cells]
    if "id" not in cells or not says:
        return
    code = cells["id"]
    if not isinstance(code.content, str):
        faults.append(Fault(code.where, "a number, which may have lost a nought; write it as text"))
        return
    text = code.content.strip()
    if re.fullmatch(ids, text) is None:
        faults.append(Fault(code.where, f"{text[:40]!r} is no id of the framework"))
        return
    state = _state(cells, faults)
    if state is not None:
        reason = cells.get("reason")
        told = "" if reason is None else str(reason.content).strip()
        yield Stated(where=code.where, id=text, state=state, reason=told[:_MOST_REASON])


def _state(cells: dict[str, Value], faults: list[Fault]) -> State | None:
    """Return what a row says; None where it says only that the control applies, or nothing."""
    applies, status = cells.get("applicable"), cells.get("status")
    if applies is not None:
        found = _APPLIES.get(_plain(applies))
        if found is None:
            faults.append(_unknown(applies, _APPLIES))
            return None
        if not found:
            return "not-applicable"
    if status is None:
        return None
    state = _STATES.get(_plain(status))
    if state is None:
        faults.append(_unknown(status, _STATES))
    return state


def _unknown(value: Value, known: dict[str, bool] | dict[str, State]) -> Fault:
    said = str(value.content)[:40]
    return Fault(value.where, f"{said!r} is not understood; one of: {', '.join(known)}")


def _plain(value: Value) -> str:
    return " ".join(str(value.content).lower().split())
