"""Runs chunks: takes one, asks the gate again, sends, and keeps what came back.

A chunk with its lease is a row, and the only truth. Who runs it does not matter: a thread of the
process that began the scan, or a worker elsewhere that the queue woke. A worker that dies loses the
lease, and the chunk is queued again whole; one that is still alive then can keep nothing. The row
is finished in the transaction that keeps its facts, and nothing is sent between two transactions
without the gate's answer on record.

Nobody conducts a scan. Whoever finds that nothing of it waits or runs moves it on to its next
stage, or ends it (see `conduct`): the worker that finished the last chunk, and should that one die
in between, any other at its next look.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from pydantic import ValidationError

from cyberposture.errors import CyberpostureError, Denied, NotAuthorised, Refused
from cyberposture.model.plans import Plan
from cyberposture.scanning.permission.gate import PermittedPlan, permit
from cyberposture.scanning.permission.lookups import PermittedLookup
from cyberposture.scanning.permission.tickets import verify
from cyberposture.services.permission.gate_log import GateLog
from cyberposture.services.permission.ground import Ground, gather
from cyberposture.services.register import Register
from cyberposture.services.scanner import Scanner
from cyberposture.services.scans import names
from cyberposture.services.scans.lending import Lender
from cyberposture.services.scans.politeness import find_polite
from cyberposture.services.scans.sending import Sent, send
from cyberposture.services.scans.watchdog import Errand, Watchdog
from cyberposture.store import chunks as store
from cyberposture.store import scans
from cyberposture.store.acts import Act
from cyberposture.store.chunks import ChunkRecord, LeaseLost, Wanted
from cyberposture.store.facts import insert_facts
from cyberposture.store.scans import ScanRecord

AGAIN = frozenset({"lost", "blind", "halted", "away"})
"""Work that was ended for one of these is no fault of the chunk's: it is queued again."""


@dataclass(frozen=True)
class Work:
    """A chunk whose lease this process holds, and the scan that it is of."""

    chunk: ChunkRecord
    scan: ScanRecord


@dataclass(frozen=True)
class _Allowed:
    """What the gate allowed a process that is gone, as its chunk tells."""

    plan: Plan
    authorisation: str


@dataclass(frozen=True)
class Runner:
    """Takes and runs chunks in a process that a watchdog guards; used by many threads at once."""

    register: Register
    scanner: Scanner
    watchdog: Watchdog
    tries_again: bool = False
    """Whether a chunk is queued again where this process cannot send it, for another to try."""
    lender: Lender | None = None
    """Who has chunks sent by a scanner elsewhere; None: they are sent here."""

    def take(self, scan: ScanRecord | None = None, wanted: Wanted | None = None) -> Work | None:
        """Return the next chunk that can be run now; one whose worker died waits again."""
        wanted = wanted or Wanted(scan_id=None if scan is None else scan.id)
        with self.register.database.transaction() as connection:
            now = self.register.clock()
            store.sweep_chunks(connection, at=now)
            chunk_id = find_polite(connection, self.scanner, at=now, wanted=wanted)
            if chunk_id is None:
                return None
            chunk = store.take_chunk(
                connection,
                self.watchdog.name,
                at=now,
                lease_s=self.watchdog.lease_s,
                wanted=replace(wanted, chunk_id=chunk_id),
            )
            if chunk is None:
                return None
            return Work(chunk, scan or scans.get_scan_by_id(connection, chunk.scan_id))

    def run(self, work: Work) -> str:
        """Run a chunk that was taken and return what came of it.

        Raises:
            CyberpostureError: it could not be sent, or not be kept; so does its row say, where the
                register can be reached.
        """
        return self._guard(work, self._send)

    def resume(self, work: Work) -> str:
        """Go on with a chunk that a process lent which is gone; return what came of it.

        Raises: as `run`.
        """
        return self._guard(work, self._take_back)

    def _guard(self, work: Work, do: Callable[[Work, Errand], str]) -> str:
        with self.watchdog.guarding(work.chunk) as errand:
            try:
                return self._run(work, errand, do)
            except LeaseLost:
                # It was given to somebody else, who keeps what comes of it.
                return "lost"

    def _run(self, work: Work, errand: Errand, do: Callable[[Work, Errand], str]) -> str:
        try:
            return do(work, errand)
        except LeaseLost:
            raise
        except NotAuthorised as error:
            return self._refuse(work, error)
        except CyberpostureError as error:
            self._give_up(work, str(error))
            raise

    def _look_up(self, work: Work, errand: Errand) -> str:
        """Ask the resolver about a name; no address of anybody else is contacted."""
        permitted = names.ask_again(self.register, self.scanner, work.scan, work.chunk)
        errand.authorisation = permitted.authorisation
        sent = names.look(permitted, self.scanner, self.register, errand)
        if sent.outcome == "stopped" and errand.why in AGAIN:
            return self._queue_again(work.chunk, f"ended by its worker: {errand.why}", is_due=True)
        return self._keep(work, permitted, sent)

    def _send(self, work: Work, errand: Errand) -> str:
        if names.is_lookup(work.chunk):
            return self._look_up(work, errand)
        plan = _read_plan(work.chunk)
        errand.targets = plan.targets
        try:
            permitted, ground = self._ask(work, plan)
        except Refused as error:
            return self._end(work.chunk, str(error))
        errand.authorisation = permitted.authorisation
        if self.lender is not None:
            sent = self.lender.lend(work.chunk, permitted, ground, errand)
        else:
            sent = send(
                permitted,
                self.scanner,
                self.register.clock,
                errand.must_stop,
                ground.exclusions(),
            )
        return self._conclude(work, permitted, sent, errand)

    def _take_back(self, work: Work, errand: Errand) -> str:
        """Follow what is lent already; the gate was asked for it, and its answer is on record."""
        plan = _read_plan(work.chunk)
        errand.targets = plan.targets
        letter = (work.chunk.gate or {}).get("authorisation")
        if self.lender is None or letter is None:
            return self._queue_again(work.chunk, "it was taken and never sent", is_due=True)
        errand.authorisation = letter
        sent = self.lender.resume(work.chunk, errand)
        return self._conclude(work, _Allowed(plan, letter), sent, errand)

    def _conclude(
        self, work: Work, permitted: PermittedPlan | _Allowed, sent: Sent, errand: Errand
    ) -> str:
        chunk = work.chunk
        has_more = chunk.attempts < store.MOST_ATTEMPTS
        if sent.outcome == "stopped" and errand.why == "away" and not has_more:
            return self._end(chunk, sent.said, outcome="failed")
        if sent.outcome == "stopped" and errand.why in AGAIN:
            why = f"ended by its worker: {errand.why} {sent.said}".strip()
            return self._queue_again(chunk, why, is_due=errand.why != "away")
        if sent.outcome == "failed" and sent.raw is None and has_more:
            return self._queue_again(chunk, sent.said, is_due=False)
        return self._keep(work, permitted, sent)

    def _queue_again(self, chunk: ChunkRecord, why: str, *, is_due: bool) -> str:
        """Have a chunk wait again whole: it counts as not run, and its addresses as contacted."""
        with self.register.database.transaction() as connection:
            now = self.register.clock()
            later = None if is_due else store.retry_at(chunk.attempts, now)
            store.finish_chunk(
                connection, chunk, "queued", at=now, detail=why[:500], not_before=later
            )
        return "queued"

    def _give_up(self, work: Work, why: str) -> None:
        if self.tries_again and work.chunk.attempts < store.MOST_ATTEMPTS:
            self._queue_again(work.chunk, why, is_due=False)
        else:
            self._end(work.chunk, why, outcome="failed")

    def _ask(self, work: Work, plan: Plan) -> tuple[PermittedPlan, Ground]:
        """Ask the gate right before sending; the answer is on record before this returns.

        Raises:
            NotAuthorised: the gate or the ticket refuses; the denial is on record too.
        """
        chunk, scan = work.chunk, work.scan
        denied: tuple[Denied, ...] = ()
        with self.register.database.transaction() as connection:
            now = self.register.clock()
            act = Act(self.register.actor, "right before sending", now)
            verify(self.scanner.ticket_key, chunk.ticket or "", plan, now)
            ground = gather(connection, scan.institution_id, now, scan.id)
            question = ground.question(plan, now)
            about = {"scan": scan.code, "chunk": chunk.number, "stage": "send"}
            log = GateLog(self.register.audit, connection, scan.institution_id, act, about)
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

    def _refuse(self, work: Work, error: NotAuthorised) -> str:
        """End a chunk about which the gate was never asked, and put that on record."""
        chunk, scan = work.chunk, work.scan
        with self.register.change("chunk-refused", scan.code) as change:
            change.institution_id = scan.institution_id
            store.finish_chunk(
                change.connection, chunk, "ended", at=change.now, detail=str(error)[:500]
            )
            change.tell(chunk=chunk.number, reason=error.reason, plan=chunk.plan)
        return "ended"

    def _keep(
        self, work: Work, permitted: PermittedPlan | PermittedLookup | _Allowed, sent: Sent
    ) -> str:
        """Keep raw file, facts and outcome of a chunk together."""
        chunk, scan = work.chunk, work.scan
        outcome: store.Outcome = "ended" if sent.outcome == "stopped" else "done"
        with self.register.change("chunk-run", scan.code) as change:
            change.institution_id = scan.institution_id
            sha256 = None
            if sent.raw is not None:
                sha256 = self.register.blobs.put(
                    change.connection, scan.institution_id, "scan", sent.raw, change.by
                )
            facts = [
                self.scanner.meant_fact(fact).model_copy(update={"artefact": sha256})
                for fact in sent.facts
            ]
            insert_facts(
                change.connection,
                scan.institution_id,
                scan.id,
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
                **({} if sent.proof is None else {"zone": dict(sent.proof)}),
            )
        return sent.outcome


def _read_plan(chunk: ChunkRecord) -> Plan:
    """Return the plan of a chunk.

    Raises:
        NotAuthorised: `bad-ticket`: it is no plan, and so none for which a ticket was issued.
    """
    try:
        return Plan.model_validate(chunk.plan)
    except ValidationError as error:
        raise NotAuthorised("bad-ticket", "what is queued is no plan") from error
