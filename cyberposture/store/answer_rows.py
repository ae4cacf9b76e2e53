"""The compact answer row: all that an assessment claims, in three bytes a control.

A row of n controls, in the order of its layout, is n bytes of codes and then n days of two bytes,
the low one first. A code is `answer + 8 * review`: the answer is its level 0 to 3, or 4 unanswered,
5 claimed and 6 approved not to apply; the review is 0 for none, or 1 + 4 * level + grade. A day
counts from 1 January 2000 and is the last on which some evidence speaks, 0 for none.

The row is written with the answers and can be rebuilt from them at any time. It holds no verdicts.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from cyberposture.errors import Corrupt, NotFound
from cyberposture.model.assessments import Answer, Evidence, Grade, Level
from cyberposture.store import tables as t
from cyberposture.store.answers import Standing, list_standing

UNANSWERED, CLAIMED, APPROVED = 4, 5, 6
DAY_ZERO = date(2000, 1, 1)
_LAST_DAY = 0xFFFF
_GRADES: tuple[Grade, ...] = ("E0", "E1", "E2", "E3")
_LEVELS: tuple[Level, ...] = (0, 1, 2, 3)


class Cell(NamedTuple):
    """What one control's place in a row says."""

    level: Level | None
    not_applicable: Literal["claimed", "approved"] | None
    review_level: Level | None
    review_grade: Grade | None
    evidence_until: date | None


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """The compact row of one assessment."""

    assessment_id: UUID
    institution_id: UUID
    layout: str
    cells: bytes


@dataclass(frozen=True, slots=True)
class Sheet:
    """What an assessment asks: each control's place in the row, and how long evidence speaks."""

    assessment_id: UUID
    institution_id: UUID
    layout: str
    places: dict[str, int]
    evidence_age_days: int


def evidence_until(evidence: Sequence[Evidence], age_days: int) -> date | None:
    """Return the last day on which one of these pieces still speaks, or None without any."""
    return max((_speaks_until(piece, age_days) for piece in evidence), default=None)


def unpack_cells(cells: bytes) -> list[Cell]:
    """Return what a row says, control by control in the order of its layout.

    Raises:
        Corrupt: these bytes are no row.
    """
    count, rest = divmod(len(cells), 3)
    if rest:
        raise Corrupt("a compact answer row has three bytes a control")
    days = struct.unpack(f"<{count}H", cells[count:])
    return [_read_cell(code, day) for code, day in zip(cells[:count], days, strict=True)]


def open_sheet(connection: Connection, assessment_id: UUID) -> Sheet:
    """Return what is asked in an assessment, locked until the transaction ends.

    Raises:
        NotFound: there is no such assessment.
    """
    row = connection.execute(_SHEET, {"assessment_id": assessment_id}).one_or_none()
    if row is None:
        raise NotFound("assessment", str(assessment_id))
    places = {control: place for place, control in enumerate(row.controls)}
    return Sheet(row.id, row.institution_id, row.layout, places, row.evidence_age_days)


def patch_row(
    connection: Connection, sheet: Sheet, standing: Mapping[str, Standing], at: datetime
) -> AnswerRow:
    """Write what stands for these controls into the row, in the transaction that made it stand."""
    count = len(sheet.places)
    present = find_row(connection, sheet.assessment_id)
    # A row of other controls says nothing of these: whoever asks others makes the row anew.
    is_blank = present is None or present.layout != sheet.layout
    cells = bytes([UNANSWERED] * count) + bytes(2 * count)
    if present is not None and not is_blank:
        cells = present.cells
    codes, days = bytearray(cells[:count]), list(struct.unpack(f"<{count}H", cells[count:]))
    for control, counted in standing.items():
        place = sheet.places[control]
        codes[place], days[place] = _make_cell(counted, sheet.evidence_age_days)
    cells = bytes(codes) + struct.pack(f"<{count}H", *days)
    row = AnswerRow(sheet.assessment_id, sheet.institution_id, sheet.layout, cells)
    _keep(connection, row, codes, at, is_new=present is None)
    return row


def rebuild_row(connection: Connection, assessment_id: UUID, at: datetime) -> AnswerRow:
    """Make the row anew from answers and reviews alone, keep it and return it.

    Raises:
        NotFound: there is no such assessment.
    """
    sheet = open_sheet(connection, assessment_id)
    standing = list_standing(connection, assessment_id)
    everything = {control: standing.get(control, Standing()) for control in sheet.places}
    return patch_row(connection, sheet, everything, at)


def find_row(connection: Connection, assessment_id: UUID) -> AnswerRow | None:
    """Return the row of an assessment, or None where nothing was answered or reviewed yet."""
    row = connection.execute(_ROW, {"assessment_id": assessment_id}).mappings().one_or_none()
    return None if row is None else AnswerRow(**row)


def list_rows(connection: Connection, round_ids: Sequence[UUID]) -> list[AnswerRow]:
    """Return the rows of all assessments in these rounds, in no particular order."""
    r, a = t.answer_rows, t.assessments
    query = _ROWS.join(a, a.c.id == r.c.assessment_id).where(a.c.round_id.in_(round_ids))
    return [AnswerRow(**row) for row in connection.execute(query).mappings()]


def _keep(
    connection: Connection, row: AnswerRow, codes: bytearray, at: datetime, *, is_new: bool
) -> None:
    values = {
        "cells": row.cells,
        "layout": row.layout,
        "answered": sum(code & 7 != UNANSWERED for code in codes),
        "reviewed": sum(code >> 3 != 0 for code in codes),
        "at": at,
    }
    if is_new:
        owner = {"institution_id": row.institution_id}
        key = {"assessment_id": row.assessment_id}
        connection.execute(sa.insert(t.answer_rows), key | owner | values)
    else:
        connection.execute(_UPDATE, {"row_of": row.assessment_id} | values)


_SHEET = (
    sa.select(
        *(t.assessments.c[name] for name in ("id", "institution_id", "layout")),
        t.assessments.c.evidence_age_days,
        t.answer_layouts.c.controls,
    )
    .join(t.answer_layouts, t.answer_layouts.c.digest == t.assessments.c.layout)
    .where(t.assessments.c.id == sa.bindparam("assessment_id"))
    .with_for_update(of=t.assessments)
)
_ROWS = sa.select(*(t.answer_rows.c[name] for name in AnswerRow.__slots__))
_ROW = _ROWS.where(t.answer_rows.c.assessment_id == sa.bindparam("assessment_id"))
_UPDATE = sa.update(t.answer_rows).where(t.answer_rows.c.assessment_id == sa.bindparam("row_of"))


def _make_cell(standing: Standing, age_days: int) -> tuple[int, int]:
    """Return code and day."""
    answer = None if standing.answer is None else standing.answer.answer
    review = None if standing.review is None else standing.review.review
    is_approved = review is not None and review.approves_not_applicable
    code = _answer_code(answer, is_approved)
    if review is not None and review.level is not None and review.grade is not None:
        code += 8 * (1 + 4 * review.level + _GRADES.index(review.grade))
    until = None if answer is None else evidence_until(answer.evidence, age_days)
    day = 0 if until is None else min(max((until - DAY_ZERO).days, 1), _LAST_DAY)
    return code, day


def _answer_code(answer: Answer | None, is_approved: bool) -> int:
    if answer is None:
        return UNANSWERED
    if answer.not_applicable is not None:
        return APPROVED if is_approved else CLAIMED
    return UNANSWERED if answer.level is None else answer.level


def _read_cell(code: int, day: int) -> Cell:
    answer, review = code & 7, code >> 3
    if answer > APPROVED or review > 16:
        raise Corrupt(f"a compact answer row holds no code {code}")
    words: Mapping[int, Literal["claimed", "approved"]] = {CLAIMED: "claimed", APPROVED: "approved"}
    return Cell(
        level=_LEVELS[answer] if answer < UNANSWERED else None,
        not_applicable=words.get(answer),
        review_level=_LEVELS[(review - 1) // 4] if review else None,
        review_grade=_GRADES[(review - 1) % 4] if review else None,
        evidence_until=DAY_ZERO + timedelta(days=day) if day else None,
    )


def _speaks_until(piece: Evidence, age_days: int) -> date:
    aged = piece.dated + timedelta(days=age_days)
    return aged if piece.expires is None else min(aged, piece.expires)
