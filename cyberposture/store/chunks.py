"""Chunks: the unit of dispatch, retry and resume; each with its lease is a row, the only truth.

A chunk is run by whoever holds its lease. A lease is taken once, whatever many workers ask at one
moment; when it runs out, the chunk is queued again whole. The lease is also the lock by address:
while a chunk runs, no other that contacts one of its addresses is given out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection

from cyberposture.errors import NotFound, WrongState
from cyberposture.store import queue
from cyberposture.store import tables as t
from cyberposture.store.acts import Act

ChunkState = Literal["queued", "running", "done", "ended", "failed"]
Outcome = Literal["done", "ended", "failed", "queued"]
"""`queued`: the attempt counts as not run, and the chunk waits again."""


class LeaseLost(WrongState):
    """The chunk was given to another worker."""


@dataclass(frozen=True, slots=True)
class NewChunk:
    """Work to queue: the plan as a document, and every address that it contacts."""

    plan: dict[str, Any]
    targets: tuple[str, ...]
    ticket: str | None = None
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class ChunkRecord:
    """A chunk as it stands; `attempts` counts how often it was taken."""

    id: UUID
    institution_id: UUID
    scan_id: UUID
    number: int
    state: ChunkState
    priority: int
    vantage: str
    plan: dict[str, Any]
    not_before: datetime | None
    worker: str | None
    lease_until: datetime | None
    attempts: int
    gate: dict[str, Any] | None
    ticket: str | None
    artefact_sha256: str | None
    detail: str
    started_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which waiting chunks a worker can use; None: it does not matter.

    `most_of_institution` is how many chunks of one institution may run at once, whoever runs them.
    """

    vantage: str | None = None
    scan_id: UUID | None = None
    chunk_id: UUID | None = None
    most_of_institution: int | None = None


ANY = Wanted()
MOST_ATTEMPTS = 3
RETRY_S = 2.0
_TAKING = 0x63_68_75_6E_6B
"""The advisory lock of PostgreSQL under which one worker at a time takes a chunk."""


def retry_at(attempts: int, at: datetime) -> datetime:
    """Return when a chunk may be tried again that failed so often: 2 s later, then 8 s, 32 s …."""
    return at + timedelta(seconds=RETRY_S * 4 ** (attempts - 1))


def insert_chunks(
    connection: Connection,
    scan_id: UUID,
    chunks: Sequence[NewChunk],
    act: Act,
    *,
    priority: int = 0,
) -> list[UUID]:
    """Queue work after what the run has already, and return its ids in order.

    A lower `priority` is taken first.

    Raises:
        NotFound: there is no such run.
    """
    query = sa.select(t.scans.c.institution_id, t.scans.c.vantage).where(t.scans.c.id == scan_id)
    scan = connection.execute(query.with_for_update()).one_or_none()
    if scan is None:
        raise NotFound("scan", str(scan_id))
    c = t.chunks
    last = sa.select(sa.func.max(c.c.number)).where(c.c.scan_id == scan_id)
    first = (connection.execute(last).scalar_one() or 0) + 1
    shared = {
        "institution_id": scan.institution_id,
        "scan_id": scan_id,
        "priority": priority,
        "vantage": scan.vantage,
        **act.written(),
    }
    rows = [_queued(chunk) | shared | {"number": n} for n, chunk in enumerate(chunks, start=first)]
    targets = [
        {"chunk_id": row["id"], "address": address, "institution_id": scan.institution_id}
        for row, chunk in zip(rows, chunks, strict=True)
        for address in dict.fromkeys(chunk.targets)
    ]
    if rows:
        connection.execute(sa.insert(c), rows)
    if targets:
        connection.execute(sa.insert(t.chunk_targets), targets)
    queue.wake(connection, scan.vantage, [row["id"] for row in rows], None)
    return [row["id"] for row in rows]


def take_chunk(
    connection: Connection,
    worker: str,
    *,
    at: datetime,
    lease_s: float,
    wanted: Wanted = ANY,
) -> ChunkRecord | None:
    """Take the lease of the next queued chunk that is wanted, or return None where none can be had.

    A chunk is passed over while another that contacts one of its addresses runs, or while as many
    of its institution run as `wanted` allows.
    """
    lock_taking(connection)
    query = _waiting(at, wanted).limit(1).with_for_update(skip_locked=True)
    chunk_id = connection.execute(query).scalar_one_or_none()
    if chunk_id is None:
        return None
    return _begin_attempt(connection, chunk_id, worker, at, at + timedelta(seconds=lease_s))


def lock_taking(connection: Connection) -> None:
    """Have nobody else take a chunk now: two that looked at once would find an address free."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_TAKING)))


def put_off(connection: Connection, chunk: ChunkRecord, *, until: datetime) -> None:
    """Have a chunk that waits be given out only from a moment on; that is no attempt at it."""
    c = t.chunks
    change = sa.update(c).where(c.c.id == chunk.id, c.c.state == "queued")
    connection.execute(change.values(not_before=until))
    queue.wake(connection, chunk.vantage, [chunk.id], until)


def find_waiting(connection: Connection, *, at: datetime, wanted: Wanted = ANY) -> UUID | None:
    """Return the id of the chunk that would be taken next, or None."""
    found: UUID | None = connection.execute(_waiting(at, wanted).limit(1)).scalar_one_or_none()
    return found


def _waiting(at: datetime, wanted: Wanted) -> sa.Select[Any]:
    c, g = t.chunks, t.chunk_targets
    running = sa.select(c.c.id).where(c.c.state == "running")
    busy = sa.select(g.c.address).where(g.c.chunk_id.in_(running))
    mine = g.alias()
    query = (
        sa.select(c.c.id)
        .where(c.c.state == "queued", sa.or_(c.c.not_before.is_(None), c.c.not_before <= at))
        .where(~sa.exists().where(mine.c.chunk_id == c.c.id, mine.c.address.in_(busy)))
        .order_by(c.c.priority, c.c.at, c.c.number)
    )
    for column in ("vantage", "scan_id", "chunk_id"):
        value = getattr(wanted, column)
        if value is not None:
            query = query.where(c.c["id" if column == "chunk_id" else column] == value)
    if wanted.most_of_institution is not None:
        full = (
            sa.select(c.c.institution_id)
            .where(c.c.state == "running")
            .group_by(c.c.institution_id)
            .having(sa.func.count() >= wanted.most_of_institution)
        )
        query = query.where(c.c.institution_id.not_in(full))
    return query


def list_held(connection: Connection, worker: str) -> dict[UUID, int]:
    """Return the chunks of which a worker holds the lease, each with its attempt."""
    c = t.chunks.c
    query = sa.select(c.id, c.attempts).where(c.state == "running", c.worker == worker)
    return {row.id: row.attempts for row in connection.execute(query)}


def renew_leases(
    connection: Connection, worker: str, held: Sequence[UUID], *, at: datetime, lease_s: float
) -> None:
    """Prolong the leases that this worker holds of these chunks; those that it lost stay lost."""
    c = t.chunks.c
    change = sa.update(t.chunks).where(c.id.in_(held), c.state == "running", c.worker == worker)
    connection.execute(change.values(lease_until=at + timedelta(seconds=lease_s)))


def record_gate(connection: Connection, chunk: ChunkRecord, gate: dict[str, Any]) -> None:
    """Keep the gate's answer, asked right before sending, with the chunk.

    Raises:
        LeaseLost: the lease is no longer this worker's; it must not send.
    """
    _require_lease(connection, chunk)
    connection.execute(sa.update(t.chunks).where(t.chunks.c.id == chunk.id).values(gate=gate))


def finish_chunk(
    connection: Connection,
    chunk: ChunkRecord,
    outcome: Outcome,
    *,
    at: datetime,
    artefact_sha256: str | None = None,
    detail: str = "",
    not_before: datetime | None = None,
) -> None:
    """End the attempt that the worker holds, in the transaction that keeps its facts.

    Raises:
        LeaseLost: the lease is no longer this worker's; its facts must not be kept.
    """
    _require_lease(connection, chunk)
    _end_attempt(connection, chunk.id, chunk.attempts, outcome, at)
    connection.execute(
        sa.update(t.chunks)
        .where(t.chunks.c.id == chunk.id)
        .values(
            state=outcome,
            worker=None,
            lease_until=None,
            artefact_sha256=artefact_sha256,
            detail=detail,
            not_before=not_before,
            ended_at=None if outcome == "queued" else at,
        )
    )
    if outcome == "queued":
        queue.wake(connection, chunk.vantage, [chunk.id], not_before)


def end_queued(connection: Connection, *, at: datetime, detail: str, scan_id: UUID) -> int:
    """End every chunk of a run that waits; return how many. Running ones are for their workers."""
    c = t.chunks
    change = sa.update(c).where(c.c.scan_id == scan_id, c.c.state == "queued")
    return connection.execute(change.values(state="ended", ended_at=at, detail=detail)).rowcount


def sweep_chunks(connection: Connection, *, at: datetime) -> list[ChunkRecord]:
    """Queue again every chunk whose lease ran out, and return them as they stand then.

    The first time it waits no longer: that a worker died says nothing about the chunk. One that was
    taken `MOST_ATTEMPTS` times has failed.
    """
    c = t.chunks
    query = (
        sa.select(c.c.id, c.c.attempts)
        .where(c.c.state == "running", c.c.lease_until < at)
        .with_for_update(skip_locked=True)
    )
    lost = connection.execute(query).all()
    for chunk_id, attempts in lost:
        _end_attempt(connection, chunk_id, attempts, "lost", at)
        state = "queued" if attempts < MOST_ATTEMPTS else "failed"
        connection.execute(
            sa.update(c)
            .where(c.c.id == chunk_id)
            .values(
                state=state,
                worker=None,
                lease_until=None,
                detail="its worker was lost",
                not_before=None if attempts == 1 else retry_at(attempts - 1, at),
                ended_at=at if state == "failed" else None,
            )
        )
    swept = [get_chunk(connection, chunk_id) for chunk_id, _ in lost]
    for chunk in swept:
        if chunk.state == "queued":
            queue.wake(connection, chunk.vantage, [chunk.id], chunk.not_before)
    return swept


def get_chunk(connection: Connection, chunk_id: UUID) -> ChunkRecord:
    """Return a chunk.

    Raises:
        NotFound: there is none.
    """
    query = sa.select(*_columns()).where(t.chunks.c.id == chunk_id)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("chunk", str(chunk_id))
    return ChunkRecord(**row)


def list_chunks(
    connection: Connection, *, scan_id: UUID | None = None, state: ChunkState | None = None
) -> list[ChunkRecord]:
    """Return chunks by run and number."""
    c = t.chunks
    query = sa.select(*_columns()).order_by(c.c.scan_id, c.c.number)
    if scan_id is not None:
        query = query.where(c.c.scan_id == scan_id)
    if state is not None:
        query = query.where(c.c.state == state)
    return [ChunkRecord(**row) for row in connection.execute(query).mappings()]


def count_chunks(connection: Connection, scan_id: UUID) -> dict[ChunkState, int]:
    """Return how many chunks of a run are in each state that occurs."""
    c = t.chunks
    query = sa.select(c.c.state, sa.func.count()).where(c.c.scan_id == scan_id)
    rows: list[tuple[ChunkState, int]] = [
        (state, count) for state, count in connection.execute(query.group_by(c.c.state))
    ]
    return dict(rows)


def _columns() -> list[sa.Column[Any]]:
    return [t.chunks.c[name] for name in ChunkRecord.__slots__]


def _require_lease(connection: Connection, chunk: ChunkRecord) -> None:
    """Lock the chunk's row and return if the attempt in hand is the one that holds the lease."""
    c = t.chunks
    query = sa.select(c.c.state, c.c.worker, c.c.attempts).where(c.c.id == chunk.id)
    present = connection.execute(query.with_for_update()).one_or_none()
    if present is None or tuple(present) != ("running", chunk.worker, chunk.attempts):
        raise LeaseLost(f"the lease of chunk {chunk.number} is no longer {chunk.worker}'s")


def _queued(chunk: NewChunk) -> dict[str, Any]:
    return {
        "id": uuid4(),
        "state": "queued",
        "plan": chunk.plan,
        "ticket": chunk.ticket,
        "not_before": chunk.not_before,
        "attempts": 0,
        "detail": "",
    }


def _begin_attempt(
    connection: Connection, chunk_id: UUID, worker: str, at: datetime, lease_until: datetime
) -> ChunkRecord:
    c = t.chunks
    connection.execute(
        sa.update(c)
        .where(c.c.id == chunk_id)
        .values(
            state="running",
            worker=worker,
            lease_until=lease_until,
            attempts=c.c.attempts + 1,
            started_at=at,
            ended_at=None,
        )
    )
    chunk = get_chunk(connection, chunk_id)
    connection.execute(
        sa.insert(t.chunk_attempts),
        {
            "chunk_id": chunk_id,
            "attempt": chunk.attempts,
            "institution_id": chunk.institution_id,
            "worker": worker,
            "started_at": at,
        },
    )
    return chunk


def _end_attempt(
    connection: Connection, chunk_id: UUID, attempt: int, outcome: str, at: datetime
) -> None:
    a = t.chunk_attempts
    change = sa.update(a).where(a.c.chunk_id == chunk_id, a.c.attempt == attempt)
    connection.execute(change.values(outcome=outcome, ended_at=at))
