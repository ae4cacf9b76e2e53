"""Preliminary results as they were shown, and what the institution said to them."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID, uuid4

import rfc8785
import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from cyberposture.store import tables as t
from cyberposture.store.acts import Act, read_act

CommentKind = Literal["comment", "no-more"]


@dataclass(frozen=True, slots=True)
class PreliminaryResult:
    """A result that was released for comment; both digests are over RFC 8785 JSON."""

    assessment_id: UUID
    number: int
    document: dict[str, Any]
    result: dict[str, Any]
    document_sha256: str
    result_sha256: str
    comments_until: datetime
    act: Act


@dataclass(frozen=True, slots=True)
class ResultComment:
    """What the institution said to a result, on one control or (None) on the whole."""

    number: int
    result: int
    control: str | None
    kind: CommentKind
    act: Act
    """Its reason is the text."""


def insert_result(
    connection: Connection,
    institution_id: UUID,
    assessment_id: UUID,
    act: Act,
    *,
    document: dict[str, Any],
    result: dict[str, Any],
    comments_until: datetime,
) -> PreliminaryResult:
    """Keep a released result and return it; earlier ones of the assessment stay."""
    last = find_result(connection, assessment_id)
    record = PreliminaryResult(
        assessment_id,
        1 if last is None else last.number + 1,
        document,
        result,
        hashlib.sha256(rfc8785.dumps(document)).hexdigest(),
        hashlib.sha256(rfc8785.dumps(result)).hexdigest(),
        comments_until,
        act,
    )
    names = (name for name in PreliminaryResult.__slots__ if name != "act")
    connection.execute(
        sa.insert(t.preliminary_results),
        {
            "id": uuid4(),
            "institution_id": institution_id,
            **{name: getattr(record, name) for name in names},
            **act.written(),
        },
    )
    return record


def find_result(connection: Connection, assessment_id: UUID) -> PreliminaryResult | None:
    """Return the newest released result of an assessment, or None."""
    p = t.preliminary_results
    query = sa.select(p).where(p.c.assessment_id == assessment_id)
    row = connection.execute(query.order_by(p.c.number.desc()).limit(1)).mappings().one_or_none()
    return None if row is None else _read(row)


def list_over(connection: Connection, now: datetime) -> frozenset[UUID]:
    """Return the assessments whose newest result takes no comments any more at `now`."""
    p = t.preliminary_results
    query = sa.select(p.c.assessment_id, p.c.comments_until).order_by(p.c.number)
    newest = {row.assessment_id: row.comments_until for row in connection.execute(query)}
    return frozenset(key for key, until in newest.items() if until <= now)


def insert_comment(
    connection: Connection,
    institution_id: UUID,
    assessment_id: UUID,
    act: Act,
    *,
    result: int,
    control: str | None,
    kind: CommentKind,
) -> ResultComment:
    """Keep what the institution says to a result and return it; the act's reason is the text."""
    c = t.result_comments
    last = sa.select(sa.func.max(c.c.number)).where(c.c.assessment_id == assessment_id)
    number = (connection.execute(last).scalar_one() or 0) + 1
    connection.execute(
        sa.insert(c),
        {
            "id": uuid4(),
            "institution_id": institution_id,
            "assessment_id": assessment_id,
            "number": number,
            "result": result,
            "control": control,
            "kind": kind,
            **act.written(),
        },
    )
    return ResultComment(number, result, control, kind, act)


def list_comments(
    connection: Connection, assessment_id: UUID, *, as_of: datetime | None = None
) -> list[ResultComment]:
    """Return all that the institution said to its results (until `as_of`), oldest first."""
    c = t.result_comments
    query = sa.select(c).where(c.c.assessment_id == assessment_id)
    if as_of is not None:
        query = query.where(c.c.at <= as_of)
    return [
        ResultComment(row["number"], row["result"], row["control"], row["kind"], read_act(row))
        for row in connection.execute(query.order_by(c.c.number)).mappings()
    ]


def _read(row: RowMapping) -> PreliminaryResult:
    names = (name for name in PreliminaryResult.__slots__ if name != "act")
    return PreliminaryResult(act=read_act(row), **{name: row[name] for name in names})
