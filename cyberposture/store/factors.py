"""Second factors: authenticators and security keys, of which a person may have several."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection

from cyberposture.errors import NotFound
from cyberposture.store import tables as t
from cyberposture.store.acts import Act

FactorKind = Literal["authenticator", "key"]


@dataclass(frozen=True, slots=True)
class FactorRecord:
    """One second factor; one that was never confirmed opens nothing."""

    id: UUID
    person_id: UUID
    kind: FactorKind
    name: str
    secret_sha256: str | None
    """Of an authenticator: the sealed file that holds its seed."""
    credential: str | None
    public_key: str | None
    """Of a security key: its name and its public half, both in base64url."""
    count: int
    """The last time step whose code was used, or how often the key says that it signed."""
    confirmed_at: datetime | None
    used_at: datetime | None
    at: datetime


def insert_factor(
    connection: Connection, person_id: UUID, act: Act, *, kind: FactorKind, name: str, **kept: Any
) -> UUID:
    """Keep a new second factor and return its key; `kept` are the columns of its kind."""
    factor_id = uuid4()
    values = {"id": factor_id, "person_id": person_id, "kind": kind, "name": name, "count": 0}
    connection.execute(sa.insert(t.second_factors), {**values, **act.written(), **kept})
    return factor_id


def list_factors(
    connection: Connection, person_id: UUID, *, confirmed_only: bool = True
) -> list[FactorRecord]:
    """Return the factors that a person has, the oldest first."""
    f = t.second_factors
    columns = (f.c[name] for name in FactorRecord.__slots__)
    query = sa.select(*columns).where(f.c.person_id == person_id, f.c.removed_at.is_(None))
    if confirmed_only:
        query = query.where(f.c.confirmed_at.is_not(None))
    rows = connection.execute(query.order_by(f.c.at, f.c.id)).mappings()
    return [FactorRecord(**row) for row in rows]


def record_use(
    connection: Connection, factor_id: UUID, count: int, at: datetime, *, confirms: bool = False
) -> None:
    """Note that a factor was shown; with `confirms` it opens the door from now on."""
    f = t.second_factors
    values: dict[str, Any] = {"count": count, "used_at": at}
    if confirms:
        values["confirmed_at"] = at
    connection.execute(sa.update(f).where(f.c.id == factor_id).values(**values))


def remove_factor(connection: Connection, person_id: UUID, factor_id: UUID, act: Act) -> None:
    """Let a factor open nothing any more; the row stays.

    Raises:
        NotFound: this person has no such factor.
    """
    f = t.second_factors
    mine = sa.and_(f.c.id == factor_id, f.c.person_id == person_id, f.c.removed_at.is_(None))
    change = sa.update(f).where(mine).values(**act.ended("removed"))
    if connection.execute(change).rowcount == 0:
        raise NotFound("second factor", str(factor_id))


def remove_factors(connection: Connection, person_id: UUID, act: Act) -> None:
    """Let none of a person's factors open anything any more."""
    f = t.second_factors
    mine = sa.and_(f.c.person_id == person_id, f.c.removed_at.is_(None))
    connection.execute(sa.update(f).where(mine).values(**act.ended("removed")))
