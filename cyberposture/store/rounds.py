"""Rounds: the campaigns in which all institutions are asked under one pinned edition."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection

from cyberposture.errors import NotFound, WrongState
from cyberposture.model.assessments import Round
from cyberposture.store import tables as t
from cyberposture.store.acts import Act


@dataclass(frozen=True, slots=True)
class RoundRecord:
    """A round under the key of the register."""

    id: UUID
    round: Round
    closed_at: datetime | None


def insert_round(connection: Connection, new: Round, act: Act) -> RoundRecord:
    """Open a round and return it.

    Raises:
        WrongState: the code is taken.
    """
    if find_round(connection, new.code) is not None:
        raise WrongState(f"there is a round called {new.code!r} already")
    round_id = uuid4()
    connection.execute(sa.insert(t.rounds), {"id": round_id, **new.model_dump(), **act.written()})
    return RoundRecord(round_id, new, None)


def close_round(connection: Connection, code: str, act: Act) -> None:
    """Close a round.

    Raises:
        NotFound: there is no such round.
        WrongState: it is closed already.
    """
    record = get_round(connection, code)
    if record.closed_at is not None:
        raise WrongState(f"the round {code} is closed already")
    change = sa.update(t.rounds).where(t.rounds.c.id == record.id)
    connection.execute(change.values(**act.ended("closed")))


def find_round(connection: Connection, code: str) -> RoundRecord | None:
    """Return the round with this code, or None."""
    row = connection.execute(_BY_CODE, {"code": code}).mappings().one_or_none()
    return None if row is None else read_round(row)


def get_round(connection: Connection, code: str) -> RoundRecord:
    """Return the round with this code.

    Raises:
        NotFound: there is none.
    """
    found = find_round(connection, code)
    if found is None:
        raise NotFound("round", code)
    return found


def list_rounds(connection: Connection) -> list[RoundRecord]:
    """Return all rounds in the order in which they open."""
    rows = connection.execute(sa.select(t.rounds).order_by(t.rounds.c.opens, t.rounds.c.code))
    return [read_round(row) for row in rows.mappings()]


_BY_CODE = sa.select(t.rounds).where(t.rounds.c.code == sa.bindparam("code"))


def read_round(row: Mapping[Any, Any]) -> RoundRecord:
    """Return the round that a row of the table holds."""
    columns = {name: row[name] for name in Round.model_fields}
    return RoundRecord(row["id"], Round(**columns), row["closed_at"])
