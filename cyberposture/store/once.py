"""The insert that is harmless to repeat, from two machines at once too."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_once(connection: Connection, table: Table, values: dict[str, Any]) -> bool:
    """Insert a row unless one with the same unique columns is there; return whether it was new."""
    # A row that is given back says that it is new; PostgreSQL's driver may not tell the number.
    new = sa.literal(1)
    if connection.dialect.name == "postgresql":
        done = connection.execute(
            postgresql.insert(table).on_conflict_do_nothing().returning(new), values
        )
    else:
        done = connection.execute(
            sqlite.insert(table).on_conflict_do_nothing().returning(new), values
        )
    return done.first() is not None
