"""Chunks that were lent to a scanner elsewhere: another process here can go on following them."""

from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from cyberposture.errors import WrongState
from cyberposture.store import tables as t
from cyberposture.store.chunks import ChunkRecord, get_chunk, lock_taking


def list_running_of(
    connection: Connection, vantage: str, scanner: str, *, but: str
) -> list[ChunkRecord]:
    """Return the chunks that run for a scanner, on behalf of other processes than `but`."""
    c = t.chunks.c
    query = sa.select(c.id, c.worker).where(c.state == "running", c.vantage == vantage)
    rows = connection.execute(query).all()
    mine = f"{scanner}:"
    ids = [row.id for row in rows if row.worker.startswith(mine) and row.worker != but]
    return [get_chunk(connection, one) for one in ids]


def take_over(
    connection: Connection,
    lent: tuple[UUID, int],
    worker: str,
    *,
    at: datetime,
    lease_s: float,
) -> ChunkRecord | None:
    """Hold an attempt at a chunk that a process which is gone held; return None if it went on.

    `lent` is the chunk and the attempt. One that was given up for lost is taken up again, as long
    as nobody else has begun it: what it brings is neither lost nor done twice.

    Raises:
        WrongState: another chunk that runs speaks to one of its addresses: try again later.
    """
    lock_taking(connection)
    chunk_id, attempt = lent
    c, a = t.chunks, t.chunk_attempts
    query = sa.select(c.c.state, c.c.attempts).where(c.c.id == chunk_id).with_for_update()
    present = connection.execute(query).one_or_none()
    if present is None or present.attempts != attempt:
        return None
    if present.state not in ("running", "queued"):
        return None
    if _is_taken(connection, chunk_id):
        raise WrongState("another chunk speaks to the addresses of this one")
    if present.state == "queued":
        mine = sa.update(a).where(a.c.chunk_id == chunk_id, a.c.attempt == attempt)
        if not connection.execute(
            mine.where(a.c.outcome == "lost").values(outcome=None, ended_at=None)
        ).rowcount:
            return None
    held = {"state": "running", "worker": worker, "detail": "",
            "not_before": None, "lease_until": at + timedelta(seconds=lease_s)}  # fmt: skip
    connection.execute(sa.update(c).where(c.c.id == chunk_id).values(**held))
    return get_chunk(connection, chunk_id)


def _is_taken(connection: Connection, chunk_id: UUID) -> bool:
    """Return whether another chunk that runs speaks to one of its addresses."""
    c, g = t.chunks.c, t.chunk_targets
    mine = sa.select(g.c.address).where(g.c.chunk_id == chunk_id)
    others = (
        sa.select(c.id)
        .join(g, g.c.chunk_id == c.id)
        .where(c.state == "running", c.id != chunk_id, g.c.address.in_(mine))
    )
    return connection.execute(others.limit(1)).first() is not None
