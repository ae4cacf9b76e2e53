"""What people are called, looked up for all whom a page names at once."""

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy import Connection

from cyberposture.store import tables as t


def find_names(connection: Connection, codes: Iterable[str]) -> dict[str, str]:
    """Return the names of these people by code; who is in no register of people is left out."""
    wanted = sorted(set(codes))
    if not wanted:
        return {}
    return {row.code: row.name for row in connection.execute(_NAMES, {"codes": wanted})}


_NAMES = sa.select(t.people.c.code, t.people.c.name).where(
    t.people.c.code.in_(sa.bindparam("codes", expanding=True))
)
