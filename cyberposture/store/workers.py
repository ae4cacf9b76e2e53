"""The processes that run chunks, as they report themselves: who must acknowledge a stop."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from cyberposture.errors import WrongState
from cyberposture.store import tables as t
from cyberposture.store.chunks import lock_taking

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
    setup: Mapping[str, Any] | None = None
    """What all workers of a vantage must have alike: manners and means, by name."""


def insert_worker(
    connection: Connection,
    name: str,
    *,
    scanner: str,
    vantage: str,
    at: datetime,
    setup: Mapping[str, Any] | None = None,
) -> WorkerRecord:
    """Note that a worker has begun, and return it.

    Raises:
        WrongState: the workers that are there at this vantage are set up otherwise.
    """
    # Two that begin at one moment must see each other.
    lock_taking(connection)
    _require_alike(list_workers(connection, at=at, vantage=vantage), vantage, setup)
    record = WorkerRecord(name, scanner, vantage, at, at, setup=setup)
    values = {field: getattr(record, field) for field in WorkerRecord.__slots__}
    connection.execute(sa.insert(t.workers), values)
    return record


def _require_alike(
    present: list[WorkerRecord], vantage: str, setup: Mapping[str, Any] | None
) -> None:
    for one in present:
        there, here = one.setup, setup
        if there is None or here is None:
            continue
        names = sorted({*there, *here})
        different = [name for name in names if there.get(name) != here.get(name)]
        if different:
            pairs = (f"{n} is {there.get(n)} there and {here.get(n)} here" for n in different)
            said = "; ".join(pairs)
            raise WrongState(
                f"{one.name} serves {vantage} too, and is set up otherwise: {said}",
                advice="set this one up alike, or end that one first; one that died is forgotten "
                f"after {GONE_S:.0f} s",
            )


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
