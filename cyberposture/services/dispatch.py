"""Runs the chunks of a scan: takes one, asks the gate again, sends, and keeps what came back.

A chunk is durable: its row is taken under a lease and finished in the transaction that keeps its
facts. Nothing is sent between two transactions without the gate's answer on record.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

from cyberposture.errors import Denied, MissingService, NotAuthorised, Refused
from cyberposture.model.plans import Plan
from cyberposture.scanning.gate import PermittedPlan, permit
from cyberposture.scanning.tickets import verify
from cyberposture.services.gate_log import GateLog
from cyberposture.services.ground import Ground, concerns, gather
from cyberposture.services.register import Register
from cyberposture.services.scanner import Scanner
from cyberposture.services.sending import Sent, send
from cyberposture.store import chunks as store
from cyberposture.store import stops
from cyberposture.store.acts import Act
from cyberposture.store.authorisations import find_authorisation
from cyberposture.store.chunks import ChunkRecord
from cyberposture.store.facts import insert_facts
from cyberposture.store.scans import ScanRecord

LEASE_MARGIN_S = 120.0
Watch = Callable[[ChunkRecord, str], None]
"""Called with each chunk that ended and its outcome."""


class AddressLocks:
    """One connection at a time to an address, whatever the number of workers."""

    def __init__(self) -> None:
        self._locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()

    @contextmanager
    def holding(self, addresses: tuple[str, ...]) -> Iterator[None]:
        """Wait until nobody else speaks to any of the addresses, and keep it so."""
        with self._guard:
            locks = [self._locks.setdefault(address, threading.Lock()) for address in addresses]
        with ExitStack() as stack:
            # Always in the same order, so that two workers never wait for each other.
            for lock in sorted(set(locks), key=id):
                stack.enter_context(lock)
            yield


@dataclass(frozen=True)
class Dispatcher:
    """Runs the waiting chunks of one scan with several workers of this process."""

    register: Register
    scanner: Scanner
    scan: ScanRecord
    locks: AddressLocks
    watch: Watch
    halted: threading.Event = field(default_factory=threading.Event)
    """Set when this process must not go on sending: a worker failed, or somebody pressed Ctrl-C."""

    def run_waiting(self) -> None:
        """Run every chunk that waits now, and return when all of them ended."""
        workers = self.scanner.parallel_chunks
        with ThreadPoolExecutor(max_workers=workers) as pool:
            try:
                for future in [pool.submit(self._work) for _ in range(workers)]:
                    future.result()
            except BaseException:
                # Leaving the pool waits for its threads, which must not finish their work first.
                self.halted.set()
                raise

    def _work(self) -> None:
        worker = f"{self.scanner.scanner_id}:{threading.get_ident()}"
        # A run may take twice as long as expected before it is ended.
        lease_s = 2 * self.scanner.host_timeout_s + LEASE_MARGIN_S
        while not self.halted.is_set():
            with self.register.database.transaction() as connection:
                chunk = store.take_chunk(
                    connection,
                    worker,
                    at=self.register.clock(),
                    lease_s=lease_s,
                    scan_id=self.scan.id,
                )
            if chunk is None:
                return
            with self.locks.holding(tuple(chunk.plan["targets"])):
                self.watch(chunk, self._run(chunk))

    def _run(self, chunk: ChunkRecord) -> str:
        plan = Plan.model_validate(chunk.plan)
        try:
            permitted, ground = self._ask(chunk, plan)
        except NotAuthorised as error:
            return self._refuse(chunk, str(error))
        try:
            sent = send(
                permitted,
                self.scanner,
                self.register.clock,
                lambda: self.must_stop(plan, permitted.authorisation),
                ground.exclusions(),
            )
        except MissingService as error:
            self._refuse(chunk, str(error), outcome="failed")
            raise
        return self._keep(chunk, permitted, sent)

    def _ask(self, chunk: ChunkRecord, plan: Plan) -> tuple[PermittedPlan, Ground]:
        """Ask the gate right before sending; the answer is on record before this returns.

        Raises:
            NotAuthorised: the gate or the ticket refuses; the denial is on record too.
        """
        denied: tuple[Denied, ...] = ()
        with self.register.database.transaction() as connection:
            now = self.register.clock()
            act = Act(self.register.actor, "right before sending", now)
            verify(self.scanner.ticket_key, chunk.ticket or "", plan, now)
            ground = gather(connection, self.scan.institution_id, now, self.scan.id)
            question = ground.question(plan, now)
            about = {"scan": self.scan.code, "chunk": chunk.number, "stage": "send"}
            log = GateLog(self.register.audit, connection, self.scan.institution_id, act, about)
            try:
                permitted = permit(plan, question)
                log.allowed(question, permitted.answer)
                store.record_gate(connection, chunk, permitted.answer.model_dump(mode="json"))
                return permitted, ground
            except Refused as error:
                denied = error.denied
                for pair in denied:
                    log.denied(question.pair(pair.target, pair.port).document(), pair)
        raise Refused(denied)

    def _refuse(self, chunk: ChunkRecord, why: str, outcome: store.Outcome = "ended") -> str:
        with self.register.database.transaction() as connection:
            store.finish_chunk(
                connection, chunk, outcome, at=self.register.clock(), detail=why[:500]
            )
        return outcome

    def _keep(self, chunk: ChunkRecord, permitted: PermittedPlan, sent: Sent) -> str:
        """Keep raw file, facts and outcome of a chunk together."""
        outcome: store.Outcome = "ended" if sent.outcome == "stopped" else "done"
        with self.register.change("chunk-run", self.scan.code) as change:
            change.institution_id = self.scan.institution_id
            sha256 = None
            if sent.raw is not None:
                sha256 = self.register.blobs.put(
                    change.connection, self.scan.institution_id, "scan", sent.raw, change.by
                )
            facts = [
                self.scanner.meant_fact(fact).model_copy(update={"artefact": sha256})
                for fact in sent.facts
            ]
            insert_facts(
                change.connection,
                self.scan.institution_id,
                self.scan.id,
                facts,
                at=change.now,
                chunk_id=chunk.id,
            )
            store.finish_chunk(
                change.connection,
                chunk,
                outcome,
                at=change.now,
                artefact_sha256=sha256,
                detail=sent.said[:500],
            )
            change.tell(
                chunk=chunk.number,
                technique=permitted.plan.technique,
                targets=list(permitted.plan.targets),
                authorisation=permitted.authorisation,
                outcome=sent.outcome,
                artefact_sha256=sha256,
                scanner=sent.scanner,
            )
        return sent.outcome

    def must_stop(self, plan: Plan, authorisation: str) -> bool:
        """Return whether somebody stopped this work or withdrew what allows it.

        Raises:
            MissingService: the register cannot be read; whoever sends must stop as well.
        """
        if self.halted.is_set():
            return True
        now = self.register.clock()
        with self.register.reading() as connection:
            for stop in stops.list_active_stops(connection):
                if concerns(stop, self.scan.institution_id, self.scan.id):
                    return True
                if stop.cidr is not None and any(_lies_in(t, stop.cidr) for t in plan.targets):
                    return True
            record = find_authorisation(connection, authorisation)
        return record is None or (record.withdrawn_at is not None and record.withdrawn_at <= now)


def _lies_in(target: str, cidr: str) -> bool:
    address, network = ip_address(target), ip_network(cidr)
    return address.version == network.version and address in network
