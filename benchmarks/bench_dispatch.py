"""How fast chunks are given out and handed back, and "is it us?" is answered, on both databases.

    python benchmarks/bench_dispatch.py [--contacts 1000000] [--chunks 10000] [--runs 5]
                                        [--postgresql URL]

The contacts are generated with a seed, on ten thousand addresses and one that is contacted as often
as a thousand others together, at three sizes; the exponent tells how the cost grows. The queue is
worked off by two processes, of which one is killed again and again: afterwards no chunk may be lost
or done twice. Without a URL, PostgreSQL is measured in a private cluster where this machine has it.
"""

import argparse
import math
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import sqlalchemy as sa

from cyberposture.model.institutions import Institution
from cyberposture.store import tables as t
from cyberposture.store.acts import Act
from cyberposture.store.chunks import NewChunk, insert_chunks
from cyberposture.store.contacts import list_contacts
from cyberposture.store.database import Database, open_database
from cyberposture.store.institutions import insert_institution
from cyberposture.store.scans import ScanRecord, insert_scan

NOW = datetime(2026, 11, 19, 12, 0, tzinfo=UTC)
ACT = Act("a-bench", "a bench", NOW)
ADDRESSES = 10_000
BUSY = "10.255.0.1"
BATCH = 20_000
WORKER = """
import sys
from datetime import UTC, datetime
from cyberposture.store.chunks import LeaseLost, finish_chunk, sweep_chunks, take_chunk
from cyberposture.store.database import open_database

register = open_database(sys.argv[1])
while True:
    with register.transaction() as connection:
        now = datetime.now(UTC)
        sweep_chunks(connection, at=now)
        chunk = take_chunk(connection, sys.argv[2], at=now, lease_s=1.0)
    if chunk is None:
        continue
    try:
        with register.transaction() as connection:
            finish_chunk(connection, chunk, "done", at=datetime.now(UTC))
    except LeaseLost:
        pass  # It took longer than its lease, and another one does it again.
"""


@contextmanager
def private_postgresql() -> Iterator[str | None]:
    """Yield the URL of a cluster of our own, or None where this machine has no PostgreSQL."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    from tests.conftest import find_postgresql
    from tests.conftest import private_postgresql as private

    programs = find_postgresql()
    if programs is None:
        yield None
        return
    with private(programs) as url:
        yield url


def make_scan(register: Database) -> ScanRecord:
    """Return a running scan of a fictional institution."""
    with register.transaction() as connection:
        office = Institution(
            code=f"office-{uuid4().hex[:8]}", name="An Office", sectors=("energy",), tier="A"
        )
        owner = insert_institution(connection, office, ACT)
        return insert_scan(
            connection, owner.id, ACT, kind="manual", vantage="external",
            authorisations=["A-1"], plan={}, checks_digest="0" * 64, scanner="bench",
        )  # fmt: skip


def add_contacts(register: Database, scan: ScanRecord, first: int, last: int) -> None:
    """Add past contacts, each a chunk that was done in its first attempt."""
    chance = random.Random(first)
    plan = {"technique": "tcp-ports", "load": 3, "targets": [], "ports": [22, 80, 443]}
    with register.transaction() as connection:
        for start in range(first, last, BATCH):
            numbers = range(start, min(start + BATCH, last))
            ids = {number: UUID(int=chance.getrandbits(128), version=4) for number in numbers}
            moments = {n: NOW - timedelta(seconds=n) for n in numbers}
            shared = {"institution_id": scan.institution_id}
            connection.execute(sa.insert(t.chunks), [
                {**shared, "id": ids[n], "scan_id": scan.id, "number": n, "state": "done",
                 "priority": 0, "vantage": "external", "plan": plan, "attempts": 1,
                 "gate": {"authorisation": "A-1"}, "detail": "", "started_at": moments[n],
                 "ended_at": moments[n], **ACT.written()}
                for n in numbers
            ])  # fmt: skip
            connection.execute(sa.insert(t.chunk_attempts), [
                {**shared, "chunk_id": ids[n], "attempt": 1, "worker": "w", "outcome": "done",
                 "started_at": moments[n], "ended_at": moments[n]}
                for n in numbers
            ])  # fmt: skip
            connection.execute(sa.insert(t.chunk_targets), [
                {**shared, "chunk_id": ids[n], "address": address_of(n)} for n in numbers
            ])  # fmt: skip


def address_of(number: int) -> str:
    """Return the address of a contact: every tenth is with the same one."""
    if number % 10 == 0:
        return BUSY
    number %= ADDRESSES
    return f"10.0.{number >> 8}.{number & 255}"


def answer_s(register: Database, address: str, runs: int) -> float:
    """Return the median seconds of an answer."""
    taken = []
    for _ in range(runs):
        began = time.perf_counter()
        with register.reading() as connection:
            assert list_contacts(connection, address, until=NOW, limit=200)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def bench_who(register: Database, name: str, contacts: int, runs: int) -> None:
    """Print how long an answer takes at three sizes."""
    scan = make_scan(register)
    sizes = [contacts // 100, contacts // 10, contacts]
    found: dict[str, list[float]] = {address_of(1): [], BUSY: []}
    at = 0
    for size in sizes:
        add_contacts(register, scan, at + 1, size + 1)
        at = size
        if register.dialect == "postgresql":
            with register.transaction() as connection:
                connection.execute(sa.text("ANALYZE"))
        for address, taken in found.items():
            taken.append(answer_s(register, address, runs))
    for address, taken in found.items():
        grown = math.log(taken[-1] / taken[0]) / math.log(sizes[-1] / sizes[0])
        kind = "the busiest" if address == BUSY else "one in many"
        shown = ", ".join(
            f"{s:,}: {1000 * one:.1f} ms" for s, one in zip(sizes, taken, strict=True)
        )
        print(f"{name:>10}  who, {kind}: {shown}; exponent {grown:.2f} (reach: 1 s)")


def bench_queue(register: Database, url: str, name: str, chunks: int) -> None:
    """Print how fast two workers, of which one is killed at random, work a queue off."""
    scan = make_scan(register)
    new = [
        NewChunk(plan={"n": n}, targets=(f"10.1.{n >> 8 & 255}.{n & 255}",)) for n in range(chunks)
    ]
    with register.transaction() as connection:
        ids = set(insert_chunks(connection, scan.id, new, ACT))
    chance = random.Random(1)
    began = time.perf_counter()
    workers = [start_worker(url, number) for number in range(2)]
    killed = 0
    try:
        while count_done(register, scan) < chunks:
            time.sleep(chance.uniform(2, 5))
            victim = chance.randrange(2)
            workers[victim].send_signal(signal.SIGKILL)
            workers[victim].wait()
            killed += 1
            workers[victim] = start_worker(url, victim)
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    took = time.perf_counter() - began
    with register.reading() as connection:
        a, of_scan = (
            t.chunk_attempts.c,
            sa.select(t.chunks.c.id).where(t.chunks.c.scan_id == scan.id),
        )
        done = Counter(
            connection.execute(
                sa.select(a.chunk_id).where(a.outcome == "done", a.chunk_id.in_(of_scan))
            ).scalars()
        )
    lost, doubled = len(ids - set(done)), sum(count > 1 for count in done.values())
    print(f"{name:>10}  queue: {chunks:,} chunks in {took:.1f} s ({chunks / took:,.0f} a second), "
          f"{killed} workers killed; lost {lost}, done twice {doubled}")  # fmt: skip
    if lost or doubled:
        sys.exit(1)


def start_worker(url: str, number: int) -> "subprocess.Popen[bytes]":
    name = f"worker-{number}-{os.urandom(3).hex()}"
    return subprocess.Popen([sys.executable, "-c", WORKER, url, name])


def count_done(register: Database, scan: ScanRecord) -> int:
    """Return how many chunks came to an end."""
    c = t.chunks.c
    over = c.state.in_(("done", "failed"))
    query = sa.select(sa.func.count()).where(c.scan_id == scan.id, over)
    with register.reading() as connection:
        return int(connection.execute(query).scalar_one())


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--contacts", type=int, default=1_000_000)
    asked.add_argument("--chunks", type=int, default=10_000)
    asked.add_argument("--runs", type=int, default=5)
    asked.add_argument("--postgresql")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder, private_postgresql() as private:
        urls = {"SQLite": f"sqlite:///{folder}/register.sqlite",
                "PostgreSQL": given.postgresql or private}  # fmt: skip
        for name, url in urls.items():
            if url is None:
                print(f"{name:>10}  is not on this machine")
                continue
            register = open_database(url)
            register.migrate()
            bench_queue(register, url, name, given.chunks)
            bench_who(register, name, given.contacts, given.runs)
            register.close()


if __name__ == "__main__":
    main()
