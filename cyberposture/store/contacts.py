"""The log of contacts: which address was contacted when, in which attempt at which chunk.

With the lease of a running chunk goes the right to speak to its addresses; so at most one contact
with an address is running.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from cyberposture.store import tables as t


@dataclass(frozen=True, slots=True)
class Contact:
    """That an address was contacted: when, in which attempt at which chunk of which run."""

    address: str
    institution_id: UUID
    scan_id: UUID
    scan: str
    chunk_id: UUID
    number: int
    attempt: int
    worker: str
    outcome: str | None
    started_at: datetime
    ended_at: datetime | None
    vantage: str
    plan: dict[str, Any]
    gate: dict[str, Any] | None


def list_contacts(
    connection: Connection, address: str, *, until: datetime | None = None, limit: int = 20
) -> list[Contact]:
    """Return who of us contacted an address (begun before `until`), the newest first.

    One with no `ended_at` is running now.
    """
    a, g, c, s = t.chunk_attempts.c, t.chunk_targets.c, t.chunks.c, t.scans.c
    # Sorted first and joined to their wide rows afterwards: an address of a provider may have been
    # contacted a hundred thousand times.
    newest = (
        sa.select(g.address, a.chunk_id, a.attempt, a.started_at)
        .join_from(t.chunk_targets, t.chunk_attempts, a.chunk_id == g.chunk_id)
        .where(g.address == address)
        .order_by(a.started_at.desc())
        .limit(limit)
    )
    if until is not None:
        newest = newest.where(a.started_at < until)
    n = newest.subquery()
    query = (
        sa.select(
            *(n.c.address, c.institution_id, c.scan_id, s.code.label("scan")),
            *(a.chunk_id, c.number, a.attempt, a.worker, a.outcome, a.started_at, a.ended_at),
            *(c.vantage, c.plan, c.gate),
        )
        .select_from(n)
        .join(t.chunk_attempts, sa.and_(a.chunk_id == n.c.chunk_id, a.attempt == n.c.attempt))
        .join(t.chunks, c.id == n.c.chunk_id)
        .join(t.scans, s.id == c.scan_id)
        .order_by(a.started_at.desc())
    )
    return [Contact(**row) for row in connection.execute(query).mappings()]
