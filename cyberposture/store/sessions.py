"""Who is signed in: sessions are rows, found by the digest of the cookie that the browser holds."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from cyberposture.store import tables as t


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """One session; `form_key` stands in every form that it may send back."""

    person_id: UUID
    form_key: str
    started_at: datetime
    seen_at: datetime
    ended_at: datetime | None


def insert_session(
    connection: Connection, token_sha256: str, person_id: UUID, form_key: str, at: datetime
) -> None:
    """Begin a session."""
    values = {"token_sha256": token_sha256, "person_id": person_id, "form_key": form_key}
    connection.execute(sa.insert(t.sessions), {**values, "started_at": at, "seen_at": at})


def find_session(connection: Connection, token_sha256: str) -> SessionRecord | None:
    """Return the session with this digest, ended or not."""
    s = t.sessions
    columns = (s.c[name] for name in SessionRecord.__slots__)
    query = sa.select(*columns).where(s.c.token_sha256 == token_sha256)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else SessionRecord(**row)


def record_seen(connection: Connection, token_sha256: str, at: datetime) -> None:
    """Note that somebody is still there."""
    s = t.sessions
    connection.execute(sa.update(s).where(s.c.token_sha256 == token_sha256).values(seen_at=at))


def end_session(connection: Connection, token_sha256: str, at: datetime) -> None:
    """End one session."""
    s = t.sessions
    mine = sa.and_(s.c.token_sha256 == token_sha256, s.c.ended_at.is_(None))
    connection.execute(sa.update(s).where(mine).values(ended_at=at))


def end_sessions_of(connection: Connection, person_id: UUID, at: datetime) -> None:
    """End every session of a person."""
    s = t.sessions
    mine = sa.and_(s.c.person_id == person_id, s.c.ended_at.is_(None))
    connection.execute(sa.update(s).where(mine).values(ended_at=at))
