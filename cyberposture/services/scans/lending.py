"""Lends chunks to a scanner that cannot reach the register, a minute at a time.

To everything else this is a worker like any other: it takes chunks under the gate, the watchdog
guards it, and what comes back is kept in the transaction that ends the chunk. Only the sending is
left to somebody else: under a lease that is renewed while nothing stands against it, taken back at
a stop, and over by itself when nobody renews it. Until then the chunk stays ours, so that nobody
else speaks to its addresses.
"""

import contextlib
import threading
import time
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog

from cyberposture.errors import CyberpostureError, InvalidInput, NotAuthorised
from cyberposture.exchange.shared_folder import SharedFolder
from cyberposture.model.gate import ChunkQuestion
from cyberposture.model.leases import Lease, Manners, Result, Sign
from cyberposture.scanning.permission.gate import PermittedPlan
from cyberposture.scanning.permission.leases import SKEW_S, require_within, seal, unpack, unseal
from cyberposture.scanning.permission.signing import public_half, terms_digest
from cyberposture.scanning.sending.runner import Run
from cyberposture.services.permission.ground import Ground
from cyberposture.services.register import Register
from cyberposture.services.scanner import Scanner
from cyberposture.services.scans.sending import Sent, unseen
from cyberposture.services.scans.watchdog import Errand
from cyberposture.services.scans.zone import LEASES, RESULTS, SIGNS
from cyberposture.store.chunks import MOST_ATTEMPTS, ChunkRecord
from cyberposture.store.zone_scanners import ZoneScannerRecord

POLL_S: Final = 0.2
SILENT_S: Final = 5.0
"""A scanner that gave no new sign of life for so long gets no new work, and no renewal."""
NO_RESULT: Final = "no result came before the lease ended"
RENEWALS: Final = 4
"""A lease is renewed after this part of its length: some renewals may be late or be lost."""


@dataclass(frozen=True)
class Post:
    """Where a scanner is met, and with which key the centre signs what it lends."""

    record: ZoneScannerRecord
    folder: SharedFolder
    private_key: str
    lease_s: int

    @property
    def public_key(self) -> str:
        """The key by which the scanner knows us."""
        return public_half(self.private_key)


@dataclass
class Loan:
    """One chunk that is lent, as long as somebody here follows it."""

    lease: Lease
    ends_s: float | None = None
    """When the last lease is over by our monotonic clock; None: none was placed yet."""
    renew_at_s: float = 0.0
    is_taken_back: bool = False
    why: str = ""
    """Why the scanner refused it, where it did."""


class Lender:
    """Lends to one scanner; used by many threads at once."""

    def __init__(self, register: Register, scanner: Scanner, post: Post) -> None:
        """Make a lender; `scanner` holds the manners that are lent."""
        self.register, self.scanner, self.post = register, scanner, post
        self._log = structlog.get_logger("lender").bind(scanner=post.record.name)
        self._lock = threading.Lock()
        self._sign: Sign | None = None
        self._sign_at_s = 0.0
        self._looked_s = 0.0
        self._public_key = post.public_key

    # -- the other side ------------------------------------------------------------------------

    def find_sign(self) -> Sign | None:
        """Return the newest sign of life, or None where there was none for `SILENT_S`."""
        with self._lock:
            now_s = time.monotonic()
            if now_s - self._looked_s >= POLL_S / 2:
                self._looked_s = now_s
                with contextlib.suppress(CyberpostureError):
                    self._read_sign(now_s)
            is_there = self._sign is not None and now_s - self._sign_at_s <= SILENT_S
            return self._sign if is_there else None

    def _read_sign(self, now_s: float) -> None:
        record = self.post.record
        data = self.post.folder.find(SIGNS, record.name)
        if data is None:
            return
        sign, _ = unseal(Sign, record.public_key, data)
        is_new = self._sign is None or sign.nonce != self._sign.nonce
        if is_new and (sign.scanner, sign.vantage) == (record.name, record.vantage):
            self._sign, self._sign_at_s = sign, now_s

    # -- lending -------------------------------------------------------------------------------

    def lend(
        self, chunk: ChunkRecord, permitted: PermittedPlan, ground: Ground, errand: Errand
    ) -> Sent:
        """Have a chunk sent that the gate has just allowed; return what came of it."""
        sign = self.find_sign()
        if sign is None:
            errand.why = errand.why or "away"
            return Sent("stopped", (), None, "the scanner gives no sign of life", "")
        now = self.register.clock()
        terms = ground.terms[permitted.authorisation]
        lease = Lease(
            id=id_of(chunk),
            serial=1,
            state="send",
            scanner=self.post.record.name,
            signed_at=now,
            expires_at=now + timedelta(seconds=self.post.lease_s),
            answers=sign.nonce,
            plan=permitted.plan,
            question=_only_what_concerns(ground.question(permitted.plan, now), permitted),
            authorisation=permitted.authorisation,
            terms_sha256=terms_digest(terms),
            manners=self._manners(),
        )
        return self._follow(Loan(lease), chunk, errand)

    def resume(self, chunk: ChunkRecord, errand: Errand) -> Sent:
        """Go on with a chunk that a process lent which is gone; return what came of it."""
        data = self.post.folder.find(self._box(LEASES), id_of(chunk))
        if data is None:
            # Perhaps it was never lent; perhaps somebody took it away, and it still holds.
            time.sleep(self.post.lease_s + SKEW_S)
            errand.why = errand.why or "away"
            return Sent("stopped", (), None, "its lease is gone", "")
        lease, _ = unseal(Lease, self._public_key, data)
        loan = Loan(lease, is_taken_back=lease.state != "send")
        loan.ends_s = time.monotonic() + self.post.lease_s
        return self._follow(loan, chunk, errand)

    def _manners(self) -> Manners:
        scanner = self.scanner
        return Manners(
            rate_pps=scanner.rate_pps,
            connections=scanner.connections_per_address,
            host_timeout_s=scanner.host_timeout_s,
            port_offset=scanner.port_offset,
            user_agent=scanner.user_agent,
        )

    def _follow(self, loan: Loan, chunk: ChunkRecord, errand: Errand) -> Sent:
        """Renew a lease until its result is there, or it is over."""
        while True:
            sent = self._find_result(loan.lease, chunk)
            if sent is not None:
                if sent.outcome == "stopped":
                    errand.why = errand.why or "away"
                return replace(sent, said=loan.why or sent.said)
            now_s = time.monotonic()
            if loan.ends_s is not None and now_s > loan.ends_s + SKEW_S:
                # Nothing is sent under it any more, whatever became of the scanner.
                errand.why = errand.why or "away"
                return Sent("stopped", (), None, loan.why or NO_RESULT, "")
            # A folder that does not serve now may do so again before the lease is over.
            with contextlib.suppress(CyberpostureError):
                self._tend(loan, chunk, errand, now_s)
            if loan.ends_s is None:
                loan.ends_s = now_s
            time.sleep(POLL_S)

    def _tend(self, loan: Loan, chunk: ChunkRecord, errand: Errand, now_s: float) -> None:
        """Renew the lease where it is time, or take it back where something stands against it."""
        sign = self.find_sign()
        refused = None if sign is None else sign.refused.get(loan.lease.id)
        if errand.must_stop() or (refused is not None and _is_final(refused)):
            loan.why = refused if refused is not None and _is_final(refused) else loan.why
            if not loan.is_taken_back:
                self._log.warning("taken back", chunk=chunk.number, why=refused or errand.why)
                self._place(loan, "stop", loan.lease.answers)
                loan.is_taken_back = True
            return
        if loan.is_taken_back or sign is None or now_s < loan.renew_at_s:
            return
        # Before it is placed: what fails half-way may have arrived all the same.
        loan.ends_s = now_s + self.post.lease_s
        self._place(loan, "send", sign.nonce)
        loan.renew_at_s = now_s + self.post.lease_s / RENEWALS

    def _place(self, loan: Loan, state: str, nonce: str) -> None:
        now = self.register.clock()
        lease = loan.lease.model_copy(
            update={
                # From the clock, so that it rises even where the last one was put aside.
                "serial": max(loan.lease.serial + 1, int(now.timestamp() * 1000)),
                "state": state,
                "answers": nonce,
                "signed_at": now,
                "expires_at": now + timedelta(seconds=self.post.lease_s),
            }
        )
        loan.lease = lease
        data = seal(lease, self.post.private_key)
        self.post.folder.place(self._box(LEASES), lease.id, data)

    # -- results -------------------------------------------------------------------------------

    def _find_result(self, lease: Lease, chunk: ChunkRecord) -> Sent | None:
        """Return what the scanner says came of a lease; what it did not sign is thrown away."""
        box = self._box(RESULTS)
        with contextlib.suppress(CyberpostureError):
            data = self.post.folder.find(box, lease.id)
            if data is None:
                return None
            try:
                return self._read_result(lease, chunk, data)
            except (NotAuthorised, InvalidInput) as error:
                self._log.error("no result of ours", chunk=chunk.number, problem=str(error))
                # The scanner places its own again where it finds none.
                self.post.folder.remove(box, lease.id)
        return None

    def _read_result(self, lease: Lease, chunk: ChunkRecord, data: bytes) -> Sent:
        result, signed = unseal(Result, self.post.record.public_key, data)
        if (result.lease, result.scanner) != (lease.id, lease.scanner):
            raise InvalidInput(f"it is a result of {result.lease}")
        now = self.register.clock()
        if result.ended_at > now + timedelta(seconds=SKEW_S):
            raise InvalidInput(f"it ended at {result.ended_at.isoformat()}, which is to come")
        facts, raw = unpack(result, signed)
        require_within(result, facts, lease)
        if any(fact.vantage != chunk.vantage for fact in facts):
            raise InvalidInput("it speaks of another vantage")
        proof = {"text": signed.text, "signature": signed.signature}
        if result.outcome in ("finished", "failed", "timed-out"):
            # A clock may go ahead by a moment, but nothing is seen after it was told.
            facts = tuple(
                fact.model_copy(update={"ended_at": now})
                if fact.ended_at is not None and fact.ended_at > now
                else fact
                for fact in facts
            )
            return Sent(result.outcome, facts, raw, result.said, result.sender, proof)
        outcome = "failed" if result.outcome == "refused" else "stopped"
        if outcome == "failed" and chunk.attempts >= MOST_ATTEMPTS:
            run = Run("failed", result.ended_at, result.ended_at, ())
            facts = unseen(lease.plan, run, self.scanner)
        return Sent(outcome, facts, raw, result.said, result.sender, proof)

    def settle(self, lease_id: str) -> None:
        """Tell the scanner that the result of a lease is on record, so that it may forget it.

        Raises:
            MissingService: the shared folder does not serve.
        """
        data = self.post.folder.find(self._box(LEASES), lease_id)
        if data is None:
            return
        lease, _ = unseal(Lease, self._public_key, data)
        if lease.state != "received":
            self._place(Loan(lease), "received", lease.answers)

    def list_left(self) -> list[str]:
        """Return the leases that lie in the folder, with a result or without, and tidy up.

        What the scanner has forgotten after our word is removed.
        """
        left: list[str] = []
        results = set(self.post.folder.names(self._box(RESULTS)))
        for name in self.post.folder.names(self._box(LEASES)):
            data = self.post.folder.find(self._box(LEASES), name)
            try:
                lease, _ = unseal(Lease, self._public_key, data or b"")
            except (NotAuthorised, InvalidInput) as error:
                self._log.error("no lease of ours", lease=name, problem=str(error))
                self.post.folder.remove(self._box(LEASES), name)
                continue
            if lease.state != "received":
                left.append(name)
            elif name not in results:
                age = self.register.clock() - lease.signed_at
                if age > timedelta(seconds=self.post.lease_s + SILENT_S):
                    self.post.folder.remove(self._box(LEASES), name)
        return left

    def _box(self, kind: str) -> str:
        return f"{kind}-{self.post.record.name}"


def id_of(chunk: ChunkRecord) -> str:
    """Return the id of the lease of an attempt at a chunk."""
    return f"{chunk.id.hex}-{chunk.attempts}"


def read_id(lease_id: str) -> tuple[UUID, int]:
    """Return the chunk and the attempt that a lease is of.

    Raises:
        ValueError: it is no id of a lease.
    """
    chunk, _, attempt = lease_id.partition("-")
    return UUID(hex=chunk), int(attempt)


def _is_final(refused: str) -> bool:
    """Return whether a refusal will not pass by itself at the next renewal."""
    return refused.startswith(("clocks-differ", "too-long"))


def _only_what_concerns(question: ChunkQuestion, permitted: PermittedPlan) -> ChunkQuestion:
    """Return the question as it goes to a zone: with the one letter that allows it."""
    letters = (one for one in question.authorisations if one.id == permitted.authorisation)
    return question.model_copy(update={"authorisations": tuple(letters)})
