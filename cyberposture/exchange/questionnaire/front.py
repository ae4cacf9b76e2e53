"""The first sheet of an assessment's workbook: for whom, until when, and how to work in it."""

from math import ceil

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from cyberposture.exchange.questionnaire.form import (
    ATTESTATION,
    CONFIRMS,
    EVIDENCE,
    Form,
    Words,
    as_cell,
    sheet_name,
)
from cyberposture.exchange.workbook.look import Look

_SIGNS_A_LINE, _LINE_HEIGHT = 88, 15.5
_STEPS = ("answer", "suggested", "unknown", "evidence", "sign", "back", "formulas")


def add_front(book: Workbook, look: Look, form: Form, words: Words) -> None:
    """Add the sheet, in which nobody changes anything; the names of sheets lead to them."""
    sheet = book.add_worksheet(sheet_name(words, "front"))
    if words.direction == "rtl":
        sheet.right_to_left()
    sheet.hide_gridlines(2)
    for column, width in enumerate((4, 20, 88)):
        sheet.set_column(column, column, width)
    paper = form.paper.paper
    sheet.merge_range(0, 1, 0, 2, "", look.format("title"))
    look.put(sheet, 0, 1, as_cell(_title(form, words)), "title")
    sheet.set_row(0, 36)
    row = 2
    for line in _lines(form, words):
        look.put(sheet, row, 2, as_cell(line), "prose")
        sheet.set_row(row, _height(line))
        row += 1
    row = _heading(sheet, look, row + 1, str(words.say("paper.front.steps")))
    facts = {"evidence": EVIDENCE, "sign": ATTESTATION}
    for number, key in enumerate(_STEPS, start=1):
        named = {"sheet": sheet_name(words, facts[key])} if key in facts else {}
        text = words.say(f"paper.step.{key}", confirm=words.say(f"paper.choice.{CONFIRMS}"),
                         **named)  # fmt: skip
        look.put(sheet, row, 1, number, "step")
        look.put(sheet, row, 2, as_cell(text), "prose")
        sheet.set_row(row, _height(text))
        row += 1
    row = _heading(sheet, look, row + 1, str(words.say("paper.front.where")))
    about = {part.domain: f"{part.title}: {words.say('paper.front.sheet', n=len(part.questions))}"
             for part in form.parts}  # fmt: skip
    for kind in (EVIDENCE, ATTESTATION):
        about[sheet_name(words, kind)] = str(words.say(f"paper.front.{kind}"))
    for name in paper.headings:
        sheet.write_url(row, 1, f"internal:'{name}'!A1", look.format("link"), string=name)
        look.put(sheet, row, 2, as_cell(about[name]), "prose")
        row += 1
    sheet.protect("", {"select_locked_cells": True})
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)


def _title(form: Form, words: Words) -> str:
    paper = form.paper.paper
    return str(words.say("paper.front.title", name=paper.name, round=paper.title))


def _lines(form: Form, words: Words) -> list[str]:
    paper = form.paper.paper
    made = words.say(
        "paper.front.made", day=paper.made_at.date().isoformat(), by=paper.made_by,
        edition=paper.edition_name, code=paper.code,
    )  # fmt: skip
    lines = [words.say("paper.front.lead", name=paper.name, due=form.due), made]
    if form.by_network:
        lines.append(words.say("paper.front.alone", n=form.by_network))
    lines.append(words.say("paper.front.network"))
    lines.append(words.say("paper.seal.key", fingerprint=form.fingerprint))
    return [str(line) for line in lines]


def _heading(sheet: Worksheet, look: Look, row: int, text: str) -> int:
    sheet.merge_range(row, 1, row, 2, "", look.format("heading"))
    look.put(sheet, row, 1, as_cell(text), "heading")
    return row + 1


def _height(text: str) -> float:
    return _LINE_HEIGHT * ceil(max(1, len(text)) / _SIGNS_A_LINE) + 4
