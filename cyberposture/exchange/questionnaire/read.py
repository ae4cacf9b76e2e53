"""Reads a workbook that came back: cell by cell, and each bad cell with its address.

What can be read is kept although something beside it cannot. It believes nothing but what stands
under the seal: which questions were asked, and which answer was seen.
"""

import re
from base64 import b64decode
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from openpyxl.utils import get_column_letter
from pydantic import ValidationError

from cyberposture.errors import Fault, InvalidInput
from cyberposture.exchange.questionnaire.form import (
    CONFIRMS,
    EVIDENCE,
    KEYS,
    ORIGIN,
    QUESTIONS,
    SIGNED,
    Words,
    as_cell,
    choice_texts,
    from_cell,
)
from cyberposture.exchange.questionnaire.parts import find_merged, require_plain, rows_of
from cyberposture.exchange.workbook.opened import Row, Value, open_sheets
from cyberposture.model.offline import (
    BadPlace,
    Brought,
    Given,
    HeldEvidence,
    SealedPaper,
    Signed,
)

_MARK = re.compile(r"(?P<control>[A-Z]{3}-[0-9]{2}) (?P<seen>[0-9]{1,6})\Z")
_PLACE = re.compile(r"(?P<sheet>.*)!(?P<column>[A-Z]+)(?P<row>[0-9]+)\Z")


@dataclass
class _Reading:
    """A workbook while it is read."""

    paper: SealedPaper
    sheets: Mapping[str, list[Row]]
    choices: Mapping[str, str]
    yes: frozenset[str]
    bad: set[tuple[str, int]] = field(default_factory=set)
    """Rows that hold a cell which cannot be read, or which is merged with others."""
    faults: list[BadPlace] = field(default_factory=list)

    def refuse(self, where: str, what: str) -> None:
        """Keep a fault and go on."""
        self.faults.append(BadPlace(where=where[:300], what=what))


def read_form(name: str, data: bytes, languages: Iterable[Words]) -> tuple[SealedPaper, Brought]:
    """Return the paper that a workbook says it is, and all that it brings back.

    Whether the seal is ours is not asked here. `languages` are those that its cells may be in.

    Raises:
        InvalidInput: it is no workbook of ours, or carries what is never read.
    """
    require_plain(name, data)
    sheets, unread = open_sheets(name, data)
    paper = _origin(name, sheets)
    languages = tuple(languages)
    reading = _Reading(
        paper=paper,
        sheets=sheets,
        choices={as_cell(text): one for words in languages
                 for text, one in choice_texts(words).items()},
        yes=frozenset(as_cell(words.say("paper.attest.yes")) for words in languages),
    )  # fmt: skip
    _note_unread(reading, unread)
    _note_merged(reading, find_merged(data))
    given, evidence, signed = _sheets(reading)
    return paper, Brought(
        given=tuple(given),
        evidence=tuple(evidence),
        signed=signed,
        faults=tuple(reading.faults),
    )


def _origin(name: str, sheets: Mapping[str, list[Row]]) -> SealedPaper:
    if ORIGIN not in sheets:
        what = "the hidden sheet {} is missing: this workbook was not made for answering"
        raise InvalidInput(Fault(name, what.format(ORIGIN)))
    text = "".join(str(row[0].content) for row in sheets[ORIGIN] if 0 in row)
    try:
        paper = SealedPaper.model_validate_json(b64decode(text, validate=True))
    except ValueError as error:
        raise InvalidInput(Fault(f"{ORIGIN}!A1", "what the workbook says of itself is damaged")
                           ) from error  # fmt: skip
    if paper.paper.kind != "workbook":
        raise InvalidInput(Fault(f"{ORIGIN}!A1", "this is the paper of a pack, not of a workbook"))
    return paper


def _note_unread(reading: _Reading, unread: Iterable[Fault]) -> None:
    for fault in unread:
        place = _PLACE.match(fault.where)
        if place is not None and place["sheet"] in reading.paper.paper.headings:
            reading.bad.add((place["sheet"], int(place["row"])))
            reading.refuse(fault.where, fault.what)


def _note_merged(reading: _Reading, merged: Mapping[str, list[str]]) -> None:
    for sheet in reading.paper.paper.headings:
        for one in merged.get(sheet, ()):
            reading.refuse(f"{sheet}!{one}", "merged cells; take the merge back")
            reading.bad.update((sheet, number) for number in rows_of(one))


def _sheets(reading: _Reading) -> tuple[list[Given], list[HeldEvidence], Signed | None]:
    given: list[Given] = []
    evidence: list[HeldEvidence] = []
    signed = None
    for name, heads in reading.paper.paper.headings.items():
        rows = reading.sheets.get(name)
        if rows is None:
            reading.refuse(name, "this sheet is missing")
            continue
        kind = next((k for k, keys in KEYS.items() if len(keys) == len(heads)), QUESTIONS)
        if not _in_order(reading, name, kind, heads):
            continue
        match kind:
            case "questions":
                given.extend(_answers(reading, name))
            case "evidence":
                evidence.extend(_evidence(reading, name))
            case _:
                signed = _signed(reading, name)
    _note_missing(reading, {one.control for one in given})
    return given, evidence, signed


def _in_order(reading: _Reading, name: str, kind: str, heads: tuple[str, ...]) -> bool:
    """Return whether every column stands where it stood; a fault names the first that does not."""
    rows = [*reading.sheets[name], {}, {}]
    keys, shown = _plain(rows[0]), _plain(rows[1])
    for place, (key, head) in enumerate(zip((kind, *KEYS[kind]), ("", *heads), strict=True)):
        where = f"{name}!{get_column_letter(place + 1)}"
        if keys.get(place) != key:
            found = keys.get(place, "nothing")
            reading.refuse(f"{where}1", f"the column {key!r} is expected here, not {found[:40]!r}; "
                           "nothing of this sheet was read")  # fmt: skip
            return False
        if place and shown.get(place) != head:
            found = shown.get(place, "nothing")
            reading.refuse(f"{where}2", f"the heading {head!r} is expected here, not "
                           f"{found[:40]!r}; nothing of this sheet was read")  # fmt: skip
            return False
    return True


def _plain(row: Row) -> dict[int, str]:
    return {place: str(value.content) for place, value in row.items()}


def _answers(reading: _Reading, sheet: str) -> Iterator[Given]:
    own: list[tuple[str, int, Row]] = []
    for number, row in enumerate(reading.sheets[sheet][2:], start=3):
        control = _marked(reading, sheet, number, row)
        if control is not None:
            own.append((control, number, row))
    counts = Counter(control for control, _, _ in own)
    for control, number, row in own:
        if counts[control] > 1:
            reading.refuse(f"{sheet}!A{number}", f"{control} stands in more than one row")
        elif (sheet, number) not in reading.bad:
            found = _answer(reading, control, f"{sheet}!", number, row)
            if found is not None:
                yield found


def _marked(reading: _Reading, sheet: str, number: int, row: Row) -> str | None:
    """Return the control that a row is about, if what marks it is as it was written."""
    if not row:
        return None
    where = f"{sheet}!A{number}"
    mark = _MARK.match(_text(row, 0))
    shown = _text(row, 1)
    seen = reading.paper.paper.seen
    if mark is None:
        reading.refuse(where, "the hidden mark of this row is missing or was changed")
    elif mark["control"] not in seen or int(mark["seen"]) != seen[mark["control"]]:
        reading.refuse(where, f"the hidden mark of this row was changed to {mark[0]!r}")
    elif shown != mark["control"] or mark["control"][:3] != sheet:
        reading.refuse(f"{sheet}!B{number}", f"{shown[:40]!r} stands in the row of "
                                             f"{mark['control']}")  # fmt: skip
    else:
        return mark["control"]
    reading.bad.add((sheet, number))
    return None


def _answer(reading: _Reading, control: str, sheet: str, number: int, row: Row) -> Given | None:
    place = KEYS[QUESTIONS].index("answer") + 1
    where = f"{sheet}{get_column_letter(place + 1)}{number}"
    chosen = _chosen(reading, row.get(place))
    if chosen is None:
        shown = _text(row, place)[:40]
        reading.refuse(where, f"{shown!r} is no answer; choose one of the list, or 0, 1, 2 or 3")
        return None
    how = f"{sheet}{get_column_letter(place + 2)}{number}"
    value: dict[str, Any] = {"control": control, "where": where, "text": _text(row, place + 1)}
    value |= {"confirms": True} if chosen == CONFIRMS else {"choice": chosen}
    try:
        return Given.model_validate(value)
    except ValidationError as error:
        reading.refuse(how, _said(error))
        return None


def _chosen(reading: _Reading, value: Value | None) -> str | None:
    """Return the code of the choice in a cell, or None where it is none."""
    if value is None:
        return ""
    if isinstance(value.content, bool | float):
        return None
    text = str(value.content)
    return text if text in ("0", "1", "2", "3") else reading.choices.get(text)


def _note_missing(reading: _Reading, read: set[str]) -> None:
    """Tell of questions whose row is not there at all."""
    there = {
        mark["control"]
        for sheet in reading.paper.paper.headings
        for row in reading.sheets.get(sheet, [])[2:]
        if (mark := _MARK.match(_text(row, 0))) is not None
    }
    for control in reading.paper.paper.seen:
        if control not in read | there and control[:3] in reading.sheets:
            reading.refuse(control[:3], f"the row of {control} is missing")


def _evidence(reading: _Reading, sheet: str) -> Iterator[HeldEvidence]:
    keys = KEYS[EVIDENCE]
    for number, row in enumerate(reading.sheets[sheet][2:], start=3):
        if not any(place in row for place in range(1, len(keys) + 1)):
            continue
        if (sheet, number) in reading.bad:
            continue
        where = f"{sheet}!"
        days, is_sound = {}, True
        for key in ("dated", "expires"):
            place = keys.index(key) + 1
            try:
                days[key] = _day(row.get(place))
            except ValueError as error:
                reading.refuse(f"{where}{get_column_letter(place + 1)}{number}", str(error))
                is_sound = False
        if not is_sound:
            continue
        texts: dict[str, Any] = {
            key: _text(row, keys.index(key) + 1) for key in ("control", "title", "place")
        }
        texts["digest"] = _text(row, keys.index("digest") + 1).lower() or None
        if texts["control"] not in reading.paper.paper.seen:
            shown = texts["control"][:40]
            reading.refuse(f"{where}B{number}", f"{shown!r} is no control of this workbook")
            continue
        try:
            yield HeldEvidence.model_validate({"where": f"{where}B{number}", **texts, **days})
        except ValidationError as error:
            place = next((keys.index(str(p)) for e in error.errors() for p in e["loc"]
                          if str(p) in keys), 0)  # fmt: skip
            reading.refuse(f"{where}{get_column_letter(place + 2)}{number}", _said(error))


def _signed(reading: _Reading, sheet: str) -> Signed | None:
    cells = {_text(row, 0): (number, row) for number, row in
             enumerate(reading.sheets[sheet][2:], start=3)}  # fmt: skip
    filled = [key for key in SIGNED if 2 in cells.get(key, (0, {}))[1]]
    if not filled:
        return None
    faults = len(reading.faults)
    found: dict[str, object] = {}
    for key in SIGNED:
        number, row = cells.get(key, (0, {}))
        where = f"{sheet}!C{number}" if number else sheet
        if number == 0:
            reading.refuse(where, f"the row {key!r} is missing")
        elif key not in filled:
            if (sheet, number) not in reading.bad:
                reading.refuse(where, "this is empty, while other cells of the signature are not")
        elif key == "attest" and _text(row, 2) not in reading.yes:
            reading.refuse(where, "choose the one entry of the list, or leave the sheet empty")
        elif key == "day":
            try:
                found[key] = _day(row.get(2))
            except ValueError as error:
                reading.refuse(where, str(error))
        elif key != "attest":
            found[key] = _text(row, 2)
    if len(reading.faults) > faults or any((sheet, n) in reading.bad for n, _ in cells.values()):
        return None
    try:
        return Signed.model_validate(found)
    except ValidationError as error:
        reading.refuse(f"{sheet}!C{cells[str(error.errors()[0]['loc'][0])][0]}", _said(error))
        return None


def _day(value: Value | None) -> date | None:
    """Return the day in a cell.

    Raises:
        ValueError: it is none.
    """
    if value is None:
        return None
    text = str(value.content)
    if isinstance(value.content, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise ValueError(f"{text[:40]!r} is no day; write it as a date, such as 2026-11-30")


def _text(row: Row, place: int) -> str:
    return from_cell(str(row[place].content)) if place in row else ""


def _said(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    return first["msg"].removeprefix("Value error, ")
