"""Runs the chunks of a scan: takes one, asks the gate again, sends, and keeps what came back.

A chunk is durable: its row is taken under a lease and finished in the transaction that keeps its
facts. Nothing is sent between two transactions without the gate's answer on record.
"""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

from pydantic import ValidationError

from cyberposture.errors import CyberpostureError, Denied, NotAuthorised, Refused, WrongState
from cyberposture.model.plans import Plan
from cyberposture.scanning.permission.gate import PermittedPlan, permit
from cyberposture.scanning.permission.tickets import verify
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
LONGEST_RUN = 2
"""A run may take so many times longer than expected before it is ended."""
Watch = Callable[[ChunkRecord, str], None]
"""Called with each chunk that ended and its outcome."""


@dataclass(frozen=True)
class Dispatcher:
    """Runs the waiting chunks of one scan with several workers of this process."""

    register: Register
    scanner: Scanner
    scan: ScanRecord
    watch: Watch
    halted: threading.Event = field(default_factory=threading.Event)
    """Set when this process must not go on sending: a worker failed, or somebody pressed Ctrl-C."""

    def run_waiting(self) -> None:
        """Run every chunk that waits now, and return when all of them ended."""
        workers = self.scanner.parallel_chunks
        with ThreadPoolExecutor(max_workers=workers) as pool:
            try:
                for future in as_completed([pool.submit(self._work) for _ in range(workers)]):
                    future.result()
            except BaseException:
                # Leaving the pool waits for its threads, which must not finish their work first.
                self.halted.set()
                raise

    def _work(self) -> None:
        worker = f"{self.scanner.scanner_id}:{os.getpid()}:{threading.get_ident()}"
        while not self.halted.is_set():
            chunk = self._take(worker)
            if chunk is None:
                return
            self.watch(chunk, self._run(chunk))

    def _take(self, worker: str) -> ChunkRecord | None:
        """Return the next chunk that waits; one whose worker died waits again."""
        with self.register.database.transaction() as connection:
            now = self.register.clock()
            store.sweep_chunks(connection, at=now)
            lease_s = LONGEST_RUN * self.scanner.host_timeout_s + LEASE_MARGIN_S
            return store.take_chunk(
                connection, worker, at=now, lease_s=lease_s, scan_id=self.scan.id
            )

    def _run(self, chunk: ChunkRecord) -> str:
        try:
            plan = _read_plan(chunk)
        except NotAuthorised as error:
            return self._refuse(chunk, error)
        with self.scanner.locks.holding(plan.targets):
            try:
                return self._send(chunk, plan)
            except CyberpostureError as error:
                self._end(chunk, str(error), outcome="failed")
                raise

    def _send(self, chunk: ChunkRecord, plan: Plan) -> str:
        if not self._still_ours(chunk, plan):
            return "lost"
        try:
            permitted, ground = self._ask(chunk, plan)
        except Refused as error:
            return self._end(chunk, str(error))
        except NotAuthorised as error:
            return self._refuse(chunk, error)
        sent = send(
            permitted,
            self.scanner,
            self.register.clock,
            lambda: self.must_stop(plan, permitted.authorisation),
            ground.exclusions(),
        )
        return self._keep(chunk, permitted, sent)

    def _still_ours(self, chunk: ChunkRecord, plan: Plan) -> bool:
        """Prolong the lease for the time that the work may take; return whether it still runs."""
        lease_s = LONGEST_RUN * plan.expected_s + LEASE_MARGIN_S
        with self.register.database.transaction() as connection:
            try:
                store.renew_lease(connection, chunk, at=self.register.clock(), lease_s=lease_s)
            except WrongState:
                # It waited so long for its addresses that it was given to somebody else.
                return False
        return True

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
                    asked = question.pair(pair.target, pair.port).document()
                    log.denied(asked, pair, plan.technique)
        raise Refused(denied)

    def _end(self, chunk: ChunkRecord, why: str, outcome: store.Outcome = "ended") -> str:
        """End a chunk of which nothing is kept; the gate's denials are on record already."""
        with self.register.database.transaction() as connection:
            store.finish_chunk(
                connection, chunk, outcome, at=self.register.clock(), detail=why[:500]
            )
        return outcome

    def _refuse(self, chunk: ChunkRecord, error: NotAuthorised) -> str:
        """End a chunk about which the gate was never asked, and put that on record."""
        with self.register.change("chunk-refused", self.scan.code) as change:
            change.institution_id = self.scan.institution_id
            store.finish_chunk(
                change.connection, chunk, "ended", at=change.now, detail=str(error)[:500]
            )
            change.tell(chunk=chunk.number, reason=error.reason, plan=chunk.plan)
        return "ended"

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


def _read_plan(chunk: ChunkRecord) -> Plan:
    """Return the plan of a chunk.

    Raises:
        NotAuthorised: `bad-ticket`: it is no plan, and so none for which a ticket was issued.
    """
    try:
        return Plan.model_validate(chunk.plan)
    except ValidationError as error:
        raise NotAuthorised("bad-ticket", "what is queued is no plan") from error


def _lies_in(target: str, cidr: str) -> bool:
    address, network = ip_address(target), ip_network(cidr)
    return address.version == network.version and address in network
