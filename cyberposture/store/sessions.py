"""Who is signed in: sessions are rows, found by the digest of the cookie that the browser holds."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from cyberposture.store import tables as t
from cyberposture.store.people import PersonRecord, read_person


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """One session; `form_key` stands in every form that it may send back."""

    person_id: UUID
    form_key: str
    started_at: datetime
    seen_at: datetime
    ended_at: datetime | None
    browser: str
    """What the browser says that it is, cut short."""


def insert_session(
    connection: Connection,
    token_sha256: str,
    person_id: UUID,
    form_key: str,
    at: datetime,
    *,
    browser: str = "",
) -> None:
    """Begin a session."""
    values = {"token_sha256": token_sha256, "person_id": person_id, "form_key": form_key}
    seen = {"started_at": at, "seen_at": at, "browser": browser}
    connection.execute(sa.insert(t.sessions), {**values, **seen})


def list_sessions(connection: Connection, person_id: UUID) -> list[tuple[str, SessionRecord]]:
    """Return the digests and sessions of a person that nobody ended, the newest first."""
    s = t.sessions
    columns = (s.c[name] for name in SessionRecord.__slots__)
    query = (
        sa.select(s.c.token_sha256, *columns)
        .where(s.c.person_id == person_id, s.c.ended_at.is_(None))
        .order_by(s.c.started_at.desc())
    )
    rows = connection.execute(query).all()
    return [(row[0], SessionRecord(*row[1:])) for row in rows]


def find_session(connection: Connection, token_sha256: str) -> SessionRecord | None:
    """Return the session with this digest, ended or not."""
    s = t.sessions
    columns = (s.c[name] for name in SessionRecord.__slots__)
    query = sa.select(*columns).where(s.c.token_sha256 == token_sha256)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else SessionRecord(**row)


def find_holder(
    connection: Connection, token_sha256: str
) -> tuple[SessionRecord, PersonRecord] | None:
    """Return the session with this digest, ended or not, and whose it is."""
    row = connection.execute(_HOLDER, {"token_sha256": token_sha256}).mappings().one_or_none()
    if row is None:
        return None
    columns = {name: row[name] for name in SessionRecord.__slots__}
    return SessionRecord(**columns), read_person(row)


_HOLDER = (
    sa.select(t.people, *(t.sessions.c[name] for name in SessionRecord.__slots__))
    .join(t.people, t.people.c.id == t.sessions.c.person_id)
    .where(t.sessions.c.token_sha256 == sa.bindparam("token_sha256"))
)


def record_seen(connection: Connection, token_sha256: str, at: datetime) -> None:
    """Note that somebody is still there."""
    s = t.sessions
    connection.execute(sa.update(s).where(s.c.token_sha256 == token_sha256).values(seen_at=at))


def end_session(connection: Connection, token_sha256: str, at: datetime) -> None:
    """End one session."""
    s = t.sessions
    mine = sa.and_(s.c.token_sha256 == token_sha256, s.c.ended_at.is_(None))
    connection.execute(sa.update(s).where(mine).values(ended_at=at))


def end_sessions_of(
    connection: Connection, person_id: UUID, at: datetime, *, but: str = ""
) -> None:
    """End every session of a person, but for the one with the digest `but`."""
    s = t.sessions
    mine = sa.and_(s.c.person_id == person_id, s.c.ended_at.is_(None), s.c.token_sha256 != but)
    connection.execute(sa.update(s).where(mine).values(ended_at=at))
