"""Secrets by which machines act for a person: found by their digest, never kept themselves."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from cyberposture.errors import NotFound
from cyberposture.store import tables as t
from cyberposture.store.acts import Act


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """One token: what its owner calls it, what it may be used for, and until when."""

    id: UUID
    person_id: UUID
    name: str
    scopes: tuple[str, ...]
    at: datetime
    ends_at: datetime
    used_at: datetime | None
    ended_at: datetime | None


def insert_token(connection: Connection, digest: str, record: TokenRecord, act: Act) -> None:
    """Keep a new token under the digest of its secret."""
    values = {name: getattr(record, name) for name in ("id", "person_id", "name", "ends_at")}
    kept = {"token_sha256": digest, "scopes": list(record.scopes), **values, **act.written()}
    connection.execute(sa.insert(t.tokens), kept)


def make_record(
    person_id: UUID, name: str, scopes: tuple[str, ...], at: datetime, ends_at: datetime
) -> TokenRecord:
    """Return the record of a token that was never used."""
    return TokenRecord(uuid4(), person_id, name, scopes, at, ends_at, None, None)


def find_token(connection: Connection, digest: str) -> TokenRecord | None:
    """Return the token whose secret has this digest, ended or not, or None."""
    query = sa.select(t.tokens).where(t.tokens.c.token_sha256 == digest)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else _read(row)


def list_tokens(connection: Connection, person_id: UUID) -> list[TokenRecord]:
    """Return every token that a person ever made, the newest first."""
    k = t.tokens
    query = sa.select(k).where(k.c.person_id == person_id).order_by(k.c.at.desc(), k.c.id)
    return [_read(row) for row in connection.execute(query).mappings()]


def record_use(connection: Connection, token_id: UUID, at: datetime) -> None:
    """Note that a token was used."""
    connection.execute(sa.update(t.tokens).where(t.tokens.c.id == token_id).values(used_at=at))


def end_token(connection: Connection, person_id: UUID, token_id: UUID, act: Act) -> None:
    """Make a token of this person useless from now on.

    Raises:
        NotFound: this person has no such token, or it ended already.
    """
    k = t.tokens
    mine = sa.and_(k.c.id == token_id, k.c.person_id == person_id, k.c.ended_at.is_(None))
    if connection.execute(sa.update(k).where(mine).values(**act.ended("ended"))).rowcount == 0:
        raise NotFound("token", str(token_id))


def _read(row: RowMapping) -> TokenRecord:
    return TokenRecord(
        id=row["id"],
        person_id=row["person_id"],
        name=row["name"],
        scopes=tuple(row["scopes"]),
        at=row["at"],
        ends_at=row["ends_at"],
        used_at=row["used_at"],
        ended_at=row["ended_at"],
    )
