"""Writes the workbook of one assessment: guidance beside each question, and few cells that open."""

import io
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil
from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from cyberposture.exchange.questionnaire.form import (
    ATTESTATION,
    EVIDENCE,
    KEYS,
    LISTS,
    ORIGIN,
    QUESTIONS,
    ROOM,
    SIGNED,
    Form,
    Part,
    Question,
    Words,
    as_cell,
    choice_texts,
    sheet_name,
)
from cyberposture.exchange.questionnaire.front import add_front
from cyberposture.exchange.workbook.look import Look

FIRST_ROW = 2
"""Above it stand the keys of the columns, which are hidden, and their headings."""
_CHUNK = 30_000
_SIGNS_A_UNIT, _LINE_HEIGHT, _HIGHEST = 1.05, 13.2, 409
_EARLIEST, _LATEST = date(2000, 1, 1), date(2099, 12, 31)
_WIDTHS = {
    QUESTIONS: (10, 34, 46, 20, 44, 30, 34, 36, 44),
    EVIDENCE: (12, 50, 14, 14, 60, 30),
    ATTESTATION: (60, 50),
}
_MAY = {"format_cells": True, "format_columns": True, "format_rows": True, "autofilter": True}


@dataclass(frozen=True)
class _Desk:
    """What every sheet is written with."""

    book: Workbook
    look: Look
    words: Words
    form: Form

    def sheet(self, name: str, kind: str) -> Worksheet:
        """Return a new sheet with its hidden keys and its headings."""
        sheet = self.book.add_worksheet(name)
        if self.words.direction == "rtl":
            sheet.right_to_left()
        sheet.hide_gridlines(2)
        self.look.put(sheet, 0, 0, kind, "fixed")
        sheet.set_column(0, 0, 1, None, {"hidden": True})
        heads = self.form.paper.paper.headings[name]
        for place, (key, head) in enumerate(zip(KEYS[kind], heads, strict=True), start=1):
            sheet.set_column(place, place, _WIDTHS[kind][place - 1])
            self.look.put(sheet, 0, place, key, "fixed")
            self.look.put(sheet, 1, place, head, "header")
        sheet.set_row(0, None, None, {"hidden": True})
        sheet.set_row(1, 34)
        sheet.freeze_panes(FIRST_ROW, 2 if kind == QUESTIONS else 1)
        sheet.protect("", _MAY)
        sheet.set_landscape()
        sheet.set_paper(8 if kind == QUESTIONS else 9)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(1)
        sheet.set_footer("&L&A&RPage &P of &N" if self.words.language == "en" else "&L&A&R&P / &N")
        return sheet

    def offer(self, sheet: Worksheet, rows: tuple[int, int], place: int, rule: Any) -> None:
        """Let the cells of a column take only what the rule allows; `hint` is shown beside."""
        hint = str(self.words.say(f"paper.hint.{rule.pop('hint')}"))[:255]
        sheet.data_validation(
            rows[0], place, rows[1], place,
            {"ignore_blank": True, "error_message": hint, "input_message": hint, **rule},
        )  # fmt: skip


def write_form(form: Form, words: Words) -> bytes:
    """Return the workbook; equal forms give equal bytes.

    Raises:
        InvalidInput: no cell can hold some text, with its sheet and place.
    """
    out = io.BytesIO()
    book = Workbook(
        out,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    paper = form.paper.paper
    book.set_properties({"title": paper.title, "subject": paper.code,
                         "created": paper.made_at.replace(tzinfo=None)})  # fmt: skip
    book.set_size(2_400, 1_500)
    desk = _Desk(book, Look(book), words, form)
    add_front(book, desk.look, form, words)
    for part in form.parts:
        _add_part(desk, part)
    _add_evidence(desk)
    _add_attestation(desk)
    _add_hidden(desk)
    book.close()
    return out.getvalue()


def _add_part(desk: _Desk, part: Part) -> None:
    sheet = desk.sheet(part.domain, QUESTIONS)
    for number, question in enumerate(part.questions, start=FIRST_ROW):
        seen = desk.form.paper.paper.seen[question.control]
        desk.look.put(sheet, number, 0, f"{question.control} {seen}", "fixed")
        cells = _cells(question, desk.words)
        for place, (key, text) in enumerate(zip(KEYS[QUESTIONS], cells, strict=True), start=1):
            desk.look.put(sheet, number, place, text, _KINDS.get(key, "fixed"))
        sheet.set_row(number, _height(cells))
    rows = (FIRST_ROW, max(FIRST_ROW, FIRST_ROW + len(part.questions) - 1))
    keys = KEYS[QUESTIONS]
    sheet.autofilter(1, 1, rows[1], len(keys))
    source = f"={LISTS}!$A$1:$A${len(choice_texts(desk.words))}"
    desk.offer(sheet, rows, keys.index("answer") + 1,
               {"validate": "list", "source": source, "hint": "answer"})  # fmt: skip
    desk.offer(sheet, rows, keys.index("how") + 1,
               {"validate": "length", "criteria": "<=", "value": 5000, "hint": "how"})  # fmt: skip


_KINDS = {"control": "fixed_key", "answer": "open", "how": "open"}


def _cells(question: Question, words: Words) -> list[str]:
    draft = f"\n{words.say('paper.draft')}" if question.is_draft else ""
    choice = "" if question.choice == "" else str(words.say(f"paper.choice.{question.choice}"))
    nothing = str(words.say("paper.nothing_seen"))
    return [
        question.control,
        as_cell(f"{question.title}\n\n{question.statement}{draft}"),
        as_cell("\n".join(f"{level}: {text}" for level, text in question.levels.items())),
        as_cell(choice),
        as_cell(question.text),
        as_cell(question.suggested),
        as_cell("\n".join(f"• {line}" for line in question.seen) or nothing),
        as_cell("\n".join(f"• {proof}" for proof in question.proofs)),
        as_cell(question.guidance),
    ]


def _height(cells: Sequence[str]) -> float:
    lines = 1
    for width, text in zip(_WIDTHS[QUESTIONS], cells, strict=True):
        room = width * _SIGNS_A_UNIT
        lines = max(lines, sum(max(1, ceil(len(line) / room)) for line in text.split("\n")))
    return min(lines * _LINE_HEIGHT + 8, _HIGHEST)


def _add_evidence(desk: _Desk) -> None:
    sheet = desk.sheet(sheet_name(desk.words, EVIDENCE), EVIDENCE)
    last = FIRST_ROW + ROOM - 1
    for number in range(FIRST_ROW, last + 1):
        for place, key in enumerate(KEYS[EVIDENCE], start=1):
            kind = "open_day" if key in ("dated", "expires") else "open"
            desk.look.put(sheet, number, place, None, kind)
    controls = len(desk.form.paper.paper.seen)
    source = f"={LISTS}!$B$1:$B${max(1, controls)}"
    rules: dict[str, dict[str, Any]] = {
        "control": {"validate": "list", "source": source, "hint": "control"},
        "title": {"validate": "length", "criteria": "<=", "value": 200, "hint": "title"},
        "dated": _DAY | {"hint": "day"},
        "expires": _DAY | {"hint": "day"},
        "place": {"validate": "length", "criteria": "<=", "value": 2000, "hint": "place"},
        "digest": {"validate": "length", "criteria": "==", "value": 64, "hint": "digest"},
    }
    for place, key in enumerate(KEYS[EVIDENCE], start=1):
        desk.offer(sheet, (FIRST_ROW, last), place, rules[key])


_DAY = {"validate": "date", "criteria": "between", "minimum": _EARLIEST, "maximum": _LATEST}


def _add_attestation(desk: _Desk) -> None:
    sheet = desk.sheet(sheet_name(desk.words, ATTESTATION), ATTESTATION)
    for number, key in enumerate(SIGNED, start=FIRST_ROW):
        desk.look.put(sheet, number, 0, key, "fixed")
        desk.look.put(sheet, number, 1, as_cell(desk.words.say(f"paper.attest.{key}")), "fixed")
        desk.look.put(sheet, number, 2, None, "open_day" if key == "day" else "open")
        sheet.set_row(number, 34)
    yes = {"validate": "list", "source": [str(desk.words.say("paper.attest.yes"))]}
    desk.offer(sheet, (FIRST_ROW, FIRST_ROW), 2, yes | {"hint": "answer"})
    day = FIRST_ROW + SIGNED.index("day")
    desk.offer(sheet, (day, day), 2, _DAY | {"hint": "day"})
    for number, key in enumerate(("proves", "digest"), start=FIRST_ROW + len(SIGNED) + 1):
        desk.look.put(sheet, number, 1, as_cell(desk.words.say(f"paper.attest.{key}")), "prose")
        sheet.set_row(number, 96)


def _add_hidden(desk: _Desk) -> None:
    """Add the lists of drop-downs, and what the paper says of itself under its seal."""
    lists = desk.book.add_worksheet(LISTS)
    for number, text in enumerate(choice_texts(desk.words)):
        desk.look.put(lists, number, 0, text, "fixed")
    for number, control in enumerate(desk.form.paper.paper.seen):
        desk.look.put(lists, number, 1, control, "fixed")
    origin = desk.book.add_worksheet(ORIGIN)
    # In letters that no cell changes: not one blank, and no sign that needs an escape.
    text = b64encode(desk.form.paper.model_dump_json().encode()).decode()
    for number in range(ceil(len(text) / _CHUNK)):
        chunk = text[number * _CHUNK : (number + 1) * _CHUNK]
        desk.look.put(origin, number, 0, chunk, "fixed")
    for sheet in (lists, origin):
        sheet.protect("", {})
        sheet.very_hidden()
