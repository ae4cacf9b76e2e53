"""The insert that is harmless to repeat, from two machines at once too."""

from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_once(connection: Connection, table: Table, values: dict[str, Any]) -> bool:
    """Insert a row unless one with the same unique columns is there; return whether it was new."""
    if connection.dialect.name == "postgresql":
        done = connection.execute(postgresql.insert(table).on_conflict_do_nothing(), values)
    else:
        done = connection.execute(sqlite.insert(table).on_conflict_do_nothing(), values)
    return done.rowcount == 1
