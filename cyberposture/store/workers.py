"""The processes that run chunks, as they report themselves: who must acknowledge a stop."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from cyberposture.store import tables as t

GONE_S = 30.0
"""A worker of which nobody heard for so long runs no chunk: its leases are over by then."""


@dataclass(frozen=True, slots=True)
class WorkerRecord:
    """A process that runs chunks from one vantage; it is there until `ended_at`."""

    name: str
    scanner: str
    vantage: str
    started_at: datetime
    seen_at: datetime
    ended_at: datetime | None = None


def insert_worker(
    connection: Connection, name: str, *, scanner: str, vantage: str, at: datetime
) -> WorkerRecord:
    """Note that a worker has begun, and return it."""
    record = WorkerRecord(name, scanner, vantage, at, at)
    values = {field: getattr(record, field) for field in WorkerRecord.__slots__}
    connection.execute(sa.insert(t.workers), values)
    return record


def record_sign(connection: Connection, name: str, *, at: datetime) -> None:
    """Note that a worker is alive."""
    connection.execute(sa.update(t.workers).where(t.workers.c.name == name).values(seen_at=at))


def record_end(connection: Connection, name: str, *, at: datetime) -> None:
    """Note that a worker has ended."""
    change = sa.update(t.workers).where(t.workers.c.name == name)
    connection.execute(change.values(seen_at=at, ended_at=at))


def list_workers(
    connection: Connection, *, at: datetime, vantage: str | None = None
) -> list[WorkerRecord]:
    """Return the workers that are there at this moment, in the order in which they began."""
    w = t.workers.c
    columns = [w[name] for name in WorkerRecord.__slots__]
    alive = sa.and_(w.ended_at.is_(None), w.seen_at > at - timedelta(seconds=GONE_S))
    query = sa.select(*columns).where(alive).order_by(w.started_at, w.name)
    if vantage is not None:
        query = query.where(w.vantage == vantage)
    return [WorkerRecord(**row) for row in connection.execute(query).mappings()]
