"""How much there is of what waits and runs, for a monitor; all institutions together."""

import sqlalchemy as sa
from sqlalchemy import Connection

from cyberposture.store import tables as t


def count_messages(connection: Connection) -> dict[tuple[str, str], int]:
    """Return how many messages there are by channel and state."""
    o = t.outbox
    query = sa.select(o.c.channel, o.c.state, sa.func.count()).group_by(o.c.channel, o.c.state)
    return {(row[0], row[1]): row[2] for row in connection.execute(query)}


def count_chunks(connection: Connection) -> dict[str, int]:
    """Return how many chunks of scans there are by state."""
    c = t.chunks
    query = sa.select(c.c.state, sa.func.count()).group_by(c.c.state)
    return {row[0]: row[1] for row in connection.execute(query)}
