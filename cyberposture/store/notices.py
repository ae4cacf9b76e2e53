"""Notices: what an institution was told before it was scanned, when it went out, who confirmed it.

The text is an encrypted file, because the stop code stands in it; here is its digest.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from cyberposture.errors import NotFound, WrongState
from cyberposture.store import tables as t
from cyberposture.store.acts import Act, read_act
from cyberposture.store.codes import new_code

NoticeKind = Literal["scans", "waiver"]
"""`scans`: what will be sent, and how to stop it; `waiver`: no notice is wanted."""


@dataclass(frozen=True, slots=True)
class NoticeRecord:
    """One notice; `text_sha256` is of its text, or of the letter in which it was waived."""

    id: UUID
    code: str
    institution_id: UUID
    authorisation_id: UUID
    kind: NoticeKind
    language: str
    text_sha256: str
    sent_at: datetime | None
    sent_by: str | None
    sent_why: str | None
    """How it was sent."""
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    acknowledged_why: str | None
    """Who of the institution confirmed that it came."""
    act: Act


def insert_notice(
    connection: Connection,
    institution_id: UUID,
    authorisation_id: UUID,
    act: Act,
    *,
    kind: NoticeKind,
    language: str,
    text_sha256: str,
) -> NoticeRecord:
    """Keep a notice that was written and not yet sent, and return it."""
    code = new_code("n")
    connection.execute(
        sa.insert(t.notices),
        {
            "id": uuid4(),
            "code": code,
            "institution_id": institution_id,
            "authorisation_id": authorisation_id,
            "kind": kind,
            "language": language,
            "text_sha256": text_sha256,
            **act.written(),
        },
    )
    (row,) = connection.execute(sa.select(t.notices).where(t.notices.c.code == code)).mappings()
    return _read(row)


def list_notices(
    connection: Connection,
    *,
    institution_id: UUID | None = None,
    authorisation_id: UUID | None = None,
) -> list[NoticeRecord]:
    """Return notices in the order in which they were written."""
    n = t.notices
    query = sa.select(n).order_by(n.c.at, n.c.code)
    if institution_id is not None:
        query = query.where(n.c.institution_id == institution_id)
    if authorisation_id is not None:
        query = query.where(n.c.authorisation_id == authorisation_id)
    return [_read(row) for row in connection.execute(query).mappings()]


def list_of(
    connection: Connection, authorisations: Collection[UUID]
) -> dict[UUID, list[NoticeRecord]]:
    """Return the notices of some authorisations in the order in which they were written."""
    n = t.notices
    query = sa.select(n).where(n.c.authorisation_id.in_(authorisations)).order_by(n.c.at, n.c.code)
    found: dict[UUID, list[NoticeRecord]] = {}
    for row in connection.execute(query).mappings():
        found.setdefault(row["authorisation_id"], []).append(_read(row))
    return found


def list_told(connection: Connection, institution_id: UUID) -> frozenset[UUID]:
    """Return the authorisations of which a notice went out, or was waived, by id."""
    n = t.notices
    query = sa.select(n.c.authorisation_id).where(
        n.c.institution_id == institution_id, n.c.sent_at.is_not(None)
    )
    return frozenset(connection.execute(query).scalars())


def record_sent(connection: Connection, notice: NoticeRecord, act: Act) -> None:
    """Record that a notice went out; the reason of the act says how.

    Raises:
        WrongState: it went out before.
    """
    n = t.notices
    change = sa.update(n).where(n.c.id == notice.id, n.c.sent_at.is_(None))
    if connection.execute(change.values(**act.ended("sent"))).rowcount == 0:
        raise WrongState(f"the notice {notice.code} was sent already")


def record_acknowledged(connection: Connection, notice: NoticeRecord, act: Act) -> None:
    """Record that the institution confirmed a notice; the reason of the act says who did.

    Raises:
        WrongState: it never went out, or was confirmed before.
    """
    if notice.sent_at is None:
        raise WrongState(f"the notice {notice.code} was not sent yet")
    n = t.notices
    change = sa.update(n).where(n.c.id == notice.id, n.c.acknowledged_at.is_(None))
    if connection.execute(change.values(**act.ended("acknowledged"))).rowcount == 0:
        raise WrongState(f"the notice {notice.code} was acknowledged already")


def newest(notices: list[NoticeRecord], authorisation: str) -> NoticeRecord:
    """Return the newest of an authorisation's notices that is no waiver.

    Raises:
        NotFound: none was written.
    """
    written = [notice for notice in notices if notice.kind != "waiver"]
    if not written:
        raise NotFound(
            "notice of", authorisation, advice=f"cyberposture authorise notice {authorisation} …"
        )
    return written[-1]


def _read(row: RowMapping) -> NoticeRecord:
    names = (name for name in NoticeRecord.__slots__ if name != "act")
    return NoticeRecord(act=read_act(row), **{name: row[name] for name in names})
