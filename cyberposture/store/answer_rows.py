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

from cyberposture.errors import Corrupt
from cyberposture.model.assessments import Answer, Evidence, Grade, Level
from cyberposture.store import tables as t
from cyberposture.store.answers import Standing, list_standing
from cyberposture.store.assessments import get_layout, lock_assessment

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


def patch_row(
    connection: Connection, assessment_id: UUID, controls: Sequence[str], at: datetime
) -> None:
    """Bring these controls' places up to date with what stands in the same transaction."""
    _write(connection, assessment_id, controls, at)


def rebuild_row(connection: Connection, assessment_id: UUID, at: datetime) -> AnswerRow:
    """Make the row anew from answers and reviews alone, keep it and return it.

    Raises:
        NotFound: there is no such assessment.
    """
    return _write(connection, assessment_id, None, at)


def find_row(connection: Connection, assessment_id: UUID) -> AnswerRow | None:
    """Return the row of an assessment, or None where nothing was answered or reviewed yet."""
    r = t.answer_rows
    query = _rows().where(r.c.assessment_id == assessment_id)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else AnswerRow(**row)


def list_rows(connection: Connection, round_ids: Sequence[UUID]) -> list[AnswerRow]:
    """Return the rows of all assessments in these rounds, in no particular order."""
    r, a = t.answer_rows, t.assessments
    query = _rows().join(a, a.c.id == r.c.assessment_id).where(a.c.round_id.in_(round_ids))
    return [AnswerRow(**row) for row in connection.execute(query).mappings()]


def _rows() -> sa.Select[tuple[object, ...]]:
    return sa.select(*(t.answer_rows.c[name] for name in AnswerRow.__slots__))


def _write(
    connection: Connection, assessment_id: UUID, controls: Sequence[str] | None, at: datetime
) -> AnswerRow:
    """Write the places of `controls` (None: all of them) and return the row."""
    assessment = lock_assessment(connection, assessment_id)
    layout = get_layout(connection, assessment["layout"])
    places = {control: place for place, control in enumerate(layout)}
    present = find_row(connection, assessment_id)
    if present is None or controls is None:
        codes, days = bytearray([UNANSWERED] * len(layout)), [0] * len(layout)
        controls = layout
    else:
        codes = bytearray(present.cells[: len(layout)])
        days = list(struct.unpack(f"<{len(layout)}H", present.cells[len(layout) :]))
    standing = list_standing(connection, assessment_id, controls=controls)
    for control in controls:
        codes[places[control]], days[places[control]] = _make_cell(
            standing.get(control, Standing()), assessment["evidence_age_days"]
        )
    row = AnswerRow(
        assessment_id,
        assessment["institution_id"],
        assessment["layout"],
        bytes(codes) + struct.pack(f"<{len(days)}H", *days),
    )
    _keep(connection, row, codes, at, is_new=present is None)
    return row


def _keep(
    connection: Connection, row: AnswerRow, codes: bytearray, at: datetime, *, is_new: bool
) -> None:
    r = t.answer_rows
    values = {
        "cells": row.cells,
        "answered": sum(code & 7 != UNANSWERED for code in codes),
        "reviewed": sum(code >> 3 != 0 for code in codes),
        "at": at,
    }
    if is_new:
        owner = {"institution_id": row.institution_id, "layout": row.layout}
        insert = sa.insert(r).values(assessment_id=row.assessment_id)
        connection.execute(insert.values(**owner, **values))
    else:
        change = sa.update(r).where(r.c.assessment_id == row.assessment_id)
        connection.execute(change.values(**values))


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
