"""On what the public figures of each round stand: nothing here ever changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from cyberposture.errors import NotFound, WrongState
from cyberposture.store import tables as t
from cyberposture.store.acts import Act, read_act


@dataclass(frozen=True, slots=True)
class PublicEdition:
    """The one state in which the figures of a round are told to the public."""

    id: UUID
    round_id: UUID
    previous_id: UUID | None
    """That of the round before, beside which it stands."""
    told: dict[str, Any]
    """What is told of all together."""
    act: Act


def insert_edition(
    connection: Connection,
    round_id: UUID,
    act: Act,
    *,
    previous_id: UUID | None,
    told: Mapping[str, Any],
    standings: Mapping[UUID, Mapping[str, Any]],
) -> UUID:
    """Keep an edition with what it says of each institution; return its key.

    Raises:
        WrongState: the round has one already.
    """
    # Whoever else fixes them waits here.
    connection.execute(sa.select(t.rounds.c.id).where(t.rounds.c.id == round_id).with_for_update())
    if find_edition(connection, round_id) is not None:
        raise WrongState(
            "another report for the public was made just now", advice="make this one again"
        )
    edition_id = uuid4()
    own = {"id": edition_id, "round_id": round_id, "previous_id": previous_id}
    connection.execute(sa.insert(t.public_editions), own | {"told": dict(told)} | act.written())
    rows = [
        {"edition_id": edition_id, "institution_id": key, "told": dict(one)}
        for key, one in standings.items()
    ]
    if rows:
        connection.execute(sa.insert(t.public_standings), rows)
    return edition_id


def find_edition(connection: Connection, round_id: UUID) -> PublicEdition | None:
    """Return that of a round, or None."""
    e = t.public_editions
    row = connection.execute(sa.select(e).where(e.c.round_id == round_id)).mappings().one_or_none()
    return None if row is None else _read(row)


def get_edition(connection: Connection, edition_id: UUID) -> PublicEdition:
    """Return an edition.

    Raises:
        NotFound: there is none.
    """
    e = t.public_editions
    row = connection.execute(sa.select(e).where(e.c.id == edition_id)).mappings().one_or_none()
    if row is None:
        raise NotFound("public edition", str(edition_id))
    return _read(row)


def list_standings(connection: Connection, edition_id: UUID) -> dict[UUID, dict[str, Any]]:
    """Return what an edition says of each institution, by key."""
    s = t.public_standings.c
    query = sa.select(s.institution_id, s.told).where(s.edition_id == edition_id)
    found = {row.institution_id: row.told for row in connection.execute(query)}
    return {key: found[key] for key in sorted(found, key=str)}


def _read(row: RowMapping) -> PublicEdition:
    names = [name for name in PublicEdition.__slots__ if name != "act"]
    return PublicEdition(**{name: row[name] for name in names}, act=read_act(row))
