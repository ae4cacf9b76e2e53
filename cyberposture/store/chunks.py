"""Chunks: the unit of dispatch, retry and resume, and the log of who contacted which address.

A chunk is run by whoever holds its lease. A lease is taken once, whatever many workers ask at one
moment; when it runs out, the chunk is queued again whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection

from cyberposture.errors import NotFound, WrongState
from cyberposture.store import tables as t
from cyberposture.store.acts import Act

ChunkState = Literal["queued", "running", "done", "ended", "failed"]
Outcome = Literal["done", "ended", "failed", "queued"]
"""`queued`: the attempt counts as not run, and the chunk waits again."""


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
class Contact:
    """That an address was contacted: when, in which attempt at which chunk of which run."""

    address: str
    institution_id: UUID
    scan_id: UUID
    scan: str
    chunk_id: UUID
    attempt: int
    worker: str
    outcome: str | None
    started_at: datetime
    ended_at: datetime | None
    plan: dict[str, Any]
    gate: dict[str, Any] | None


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
    return [row["id"] for row in rows]


def take_chunk(
    connection: Connection,
    worker: str,
    *,
    at: datetime,
    lease_s: float,
    vantage: str | None = None,
    scan_id: UUID | None = None,
) -> ChunkRecord | None:
    """Take the lease of the next queued chunk and return it, or None where none waits.

    With `vantage`, only work to be done from there; with `scan_id`, only that run's.
    """
    c = t.chunks
    query = (
        sa.select(c.c.id)
        .where(c.c.state == "queued", sa.or_(c.c.not_before.is_(None), c.c.not_before <= at))
        .order_by(c.c.priority, c.c.at, c.c.number)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if vantage is not None:
        query = query.where(c.c.vantage == vantage)
    if scan_id is not None:
        query = query.where(c.c.scan_id == scan_id)
    chunk_id = connection.execute(query).scalar_one_or_none()
    if chunk_id is None:
        return None
    return _begin_attempt(connection, chunk_id, worker, at, at + timedelta(seconds=lease_s))


def renew_lease(
    connection: Connection, chunk: ChunkRecord, *, at: datetime, lease_s: float
) -> ChunkRecord:
    """Prolong the lease of a chunk that is being run, and return it.

    Raises:
        WrongState: the lease is no longer this worker's; it must stop sending.
    """
    _require_lease(connection, chunk)
    change = sa.update(t.chunks).where(t.chunks.c.id == chunk.id)
    connection.execute(change.values(lease_until=at + timedelta(seconds=lease_s)))
    return get_chunk(connection, chunk.id)


def record_gate(connection: Connection, chunk: ChunkRecord, gate: dict[str, Any]) -> None:
    """Keep the gate's answer, asked right before sending, with the chunk.

    Raises:
        WrongState: the lease is no longer this worker's; it must not send.
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
) -> None:
    """End the attempt that the worker holds, in the transaction that keeps its facts.

    Raises:
        WrongState: the lease is no longer this worker's; its facts must not be kept.
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
            ended_at=None if outcome == "queued" else at,
        )
    )


def end_queued(connection: Connection, *, at: datetime, detail: str, scan_id: UUID) -> int:
    """End every chunk of a run that waits; return how many. Running ones are for their workers."""
    c = t.chunks
    change = sa.update(c).where(c.c.scan_id == scan_id, c.c.state == "queued")
    return connection.execute(change.values(state="ended", ended_at=at, detail=detail)).rowcount


def sweep_chunks(
    connection: Connection, *, at: datetime, most_attempts: int = 3
) -> list[ChunkRecord]:
    """Queue again every chunk whose lease ran out, and return them as they stand then.

    One that was taken `most_attempts` times has failed.
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
        state = "queued" if attempts < most_attempts else "failed"
        connection.execute(
            sa.update(c)
            .where(c.c.id == chunk_id)
            .values(
                state=state,
                worker=None,
                lease_until=None,
                detail="its worker was lost",
                ended_at=at if state == "failed" else None,
            )
        )
    return [get_chunk(connection, chunk_id) for chunk_id, _ in lost]


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


def list_contacts(
    connection: Connection, address: str, *, until: datetime | None = None, limit: int = 20
) -> list[Contact]:
    """Return who of us contacted an address (begun before `until`), the newest first.

    One with no `ended_at` is running now.
    """
    a, g, c, s = t.chunk_attempts.c, t.chunk_targets.c, t.chunks.c, t.scans.c
    query = (
        sa.select(
            *(g.address, c.institution_id, c.scan_id, s.code.label("scan")),
            *(a.chunk_id, a.attempt, a.worker, a.outcome, a.started_at, a.ended_at),
            *(c.plan, c.gate),
        )
        .select_from(t.chunk_targets)
        .join(t.chunks, c.id == g.chunk_id)
        .join(t.chunk_attempts, a.chunk_id == g.chunk_id)
        .join(t.scans, s.id == c.scan_id)
        .where(g.address == address)
        .order_by(a.started_at.desc())
        .limit(limit)
    )
    if until is not None:
        query = query.where(a.started_at < until)
    return [Contact(**row) for row in connection.execute(query).mappings()]


def _columns() -> list[sa.Column[Any]]:
    return [t.chunks.c[name] for name in ChunkRecord.__slots__]


def _require_lease(connection: Connection, chunk: ChunkRecord) -> None:
    """Lock the chunk's row and return if the attempt in hand is the one that holds the lease."""
    c = t.chunks
    query = sa.select(c.c.state, c.c.worker, c.c.attempts).where(c.c.id == chunk.id)
    present = connection.execute(query.with_for_update()).one_or_none()
    if present is None or tuple(present) != ("running", chunk.worker, chunk.attempts):
        raise WrongState(f"the lease of chunk {chunk.number} is no longer {chunk.worker}'s")


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
