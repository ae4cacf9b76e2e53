"""Chunks as people look at them: counted by run, and page by page; nothing is given out here."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from cyberposture.store import tables as t
from cyberposture.store.chunks import ChunkRecord, ChunkState


@dataclass(frozen=True, slots=True)
class Tally:
    """The chunks of one run: how many in which state, and how many addresses they contact."""

    states: dict[ChunkState, int]
    addresses: int
    artefacts: int
    """Raw files that are kept."""


def count_by_scan(
    connection: Connection, scans: Collection[UUID]
) -> dict[UUID, dict[ChunkState, int]]:
    """Return how many chunks of each of these runs are in each state that occurs."""
    c = t.chunks.c
    query = (
        sa.select(c.scan_id, c.state, sa.func.count().label("n"))
        .where(c.scan_id.in_(scans))
        .group_by(c.scan_id, c.state)
    )
    found: dict[UUID, dict[ChunkState, int]] = {}
    for row in connection.execute(query):
        found.setdefault(row.scan_id, {})[row.state] = row.n
    return found


def tally(connection: Connection, scan_id: UUID) -> Tally:
    """Return how far one run is."""
    c, g, a = t.chunks.c, t.chunk_targets.c, t.chunk_attempts.c
    of_run = sa.select(c.id).where(c.scan_id == scan_id)
    taken = sa.select(a.chunk_id).where(a.chunk_id.in_(of_run))
    addresses = sa.select(sa.func.count(g.address.distinct())).where(g.chunk_id.in_(taken))
    files = sa.select(sa.func.count(c.artefact_sha256.distinct())).where(c.scan_id == scan_id)
    return Tally(
        count_by_scan(connection, [scan_id]).get(scan_id, {}),
        connection.execute(addresses).scalar_one(),
        connection.execute(files).scalar_one(),
    )


def page_chunks(
    connection: Connection,
    scan_id: UUID,
    *,
    first: int,
    size: int,
    address: str | None = None,
) -> list[ChunkRecord]:
    """Return chunks of a run by number, from `first` on; with `address`, those that contact it."""
    c, g = t.chunks.c, t.chunk_targets.c
    columns: list[sa.Column[Any]] = [c[name] for name in ChunkRecord.__slots__]
    query = sa.select(*columns).where(c.scan_id == scan_id, c.number >= first)
    if address is not None:
        query = query.where(c.id.in_(sa.select(g.chunk_id).where(g.address == address)))
    rows = connection.execute(query.order_by(c.number).limit(size)).mappings()
    return [ChunkRecord(**row) for row in rows]


def has_artefact(connection: Connection, scan_id: UUID, sha256: str) -> bool:
    """Return whether a raw file is of this run."""
    c = t.chunks.c
    query = sa.select(c.id).where(c.scan_id == scan_id, c.artefact_sha256 == sha256).limit(1)
    return connection.execute(query).first() is not None
