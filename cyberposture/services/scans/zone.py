"""A scanner in a zone without access to the register: it works on signed leases, and on them alone.

It holds no database, no master key and no letter. What it may send stands in the lease; it asks the
gate with the lease's own question before it sends, ends by itself when the lease is not renewed,
and keeps each signed result until the centre says that it has it.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from cyberposture.clock import Clock
from cyberposture.errors import CyberpostureError, InvalidInput, NotAuthorised
from cyberposture.exchange.shared_folder import SharedFolder
from cyberposture.model.leases import Lease, Result, Sign
from cyberposture.scanning.permission.gate import permit
from cyberposture.scanning.permission.leases import (
    QUIET_S,
    Beacon,
    Monotonic,
    Opened,
    pack,
    require_hex_key,
    seal,
)
from cyberposture.services.people.people import read_key
from cyberposture.services.scanner import Scanner
from cyberposture.services.scans.sending import Sent, send

LEASES, RESULTS, SIGNS, BEGUN = "leases", "results", "signs", "begun"
"""Where documents stand in the shared folder; the last one in the scanner's own folder alone."""
REFUSALS_TOLD = 20


@dataclass(frozen=True)
class Identity:
    """Who this scanner is, and whom it believes."""

    name: str
    private_key: str
    centre_key: str

    @classmethod
    def read(cls, name: str, key_file: Path, centre_key: str) -> "Identity":
        """Return who a scanner is whose private key is in a file.

        Raises:
            NotFound: there is no such file.
            InvalidInput: it holds no key.
            WrongUsage: the centre's key is none.
        """
        return cls(name, read_key(key_file), require_hex_key(centre_key))


class Errand:
    """What is being sent under one lease."""

    def __init__(self, opened: Opened, monotonic: Monotonic, halted: threading.Event) -> None:
        """Begin under a lease."""
        self.opened = opened
        self.is_taken_back = False
        self._monotonic, self._halted = monotonic, halted

    @property
    def lease(self) -> Lease:
        """The lease as it was renewed last."""
        return self.opened.lease

    def must_stop(self) -> bool:
        """Return whether sending must end now: the lease is taken back, or as good as over."""
        is_over = self._monotonic() >= self.opened.ends_s - QUIET_S
        return self.is_taken_back or is_over or self._halted.is_set()


class ZoneScanner:
    """Reads leases and gives signs of life in one thread (`look`); sends in others (`run`)."""

    def __init__(
        self,
        identity: Identity,
        scanner: Scanner,
        shared: SharedFolder,
        own: SharedFolder,
        clocks: tuple[Clock, Monotonic],
    ) -> None:
        """Make a scanner; `own` is a folder of this machine that outlives the process."""
        self.identity, self.scanner = identity, scanner
        self.halted = threading.Event()
        """Set when this process is to end: everything that is being sent ends first."""
        self._shared, self._own = shared, own
        self._clock, self._monotonic = clocks
        self._beacon = Beacon(identity.name, *clocks)
        self._running: dict[str, Errand] = {}
        self._serials: dict[str, int] = {}
        self._read: dict[str, bytes] = {}
        self._refused: dict[str, str] = {}
        self._lock = threading.Lock()

    # -- looking -------------------------------------------------------------------------------

    def look(self) -> list[Errand]:
        """Give a sign of life, read what was lent, and return what is to be begun now.

        Raises:
            MissingService: the shared folder, or our own, does not serve. What is being sent goes
                on until its lease ends.
        """
        begun: list[Errand] = []
        names = self._shared.names(self._box(LEASES))
        for name in names:
            data = self._shared.find(self._box(LEASES), name)
            if data is None or self._read.get(name) == data:
                continue
            try:
                is_done = self._follow(name, data, begun)
            except (NotAuthorised, InvalidInput) as error:
                self._refused[name] = str(error)[:500]
                is_done = True
            if is_done:
                self._read[name] = data
        self._forget(names)
        self._place_results()
        self._give_sign()
        return begun

    def list_refused(self) -> dict[str, str]:
        """Return the leases that were refused and are still there, each with the reason."""
        return dict(self._refused)

    def _follow(self, name: str, data: bytes, begun: list[Errand]) -> bool:
        """Act on one lease as it stands now; return whether all of it is done.

        Raises:
            NotAuthorised: it is not for us, not fresh, not whole or over.
            InvalidInput: it is no lease, or lies under another name.
        """
        opened = self._beacon.open(self.identity.centre_key, data, after=self._serials.get(name, 0))
        if opened.lease.id != name:
            raise NotAuthorised("replayed", f"it is the lease {opened.lease.id}")
        with self._lock:
            running = self._running.get(name)
            if running is not None and opened.lease.state == "send":
                running.opened = opened
            elif running is not None:
                running.is_taken_back = True
            elif opened.lease.state == "received":
                self._clear(name)
            elif self._own.find(RESULTS, name) is None and not self._begin(opened, begun):
                return False
        self._serials[name] = opened.lease.serial
        self._refused.pop(name, None)
        return True

    def _begin(self, opened: Opened, begun: list[Errand]) -> bool:
        """Begin with a lease; return False where it must wait for another one at its addresses."""
        lease = opened.lease
        if lease.state == "stop":
            self._keep(lease.id, _unsent("stopped", "it was taken back before it began"), None)
            return True
        if self._own.find(BEGUN, lease.id) is not None:
            said = "the scanner ended in the midst of it"
            self._keep(lease.id, _unsent("lost", said), opened)
            return True
        busy = {target for one in self._running.values() for target in one.lease.plan.targets}
        if busy.intersection(lease.plan.targets):
            return False
        # Before the first packet: a process that dies from here on has perhaps sent.
        self._own.place(BEGUN, lease.id, b"{}")
        errand = Errand(opened, self._monotonic, self.halted)
        self._running[lease.id] = errand
        begun.append(errand)
        return True

    def _forget(self, names: Sequence[str]) -> None:
        """Forget what is no longer in the shared folder; what runs goes on until its end."""
        for known in (self._read, self._refused):
            for name in set(known) - set(names):
                del known[name]

    def _clear(self, lease_id: str) -> None:
        self._shared.remove(self._box(RESULTS), lease_id)
        self._own.remove(RESULTS, lease_id)
        self._own.remove(BEGUN, lease_id)

    def _place_results(self) -> None:
        """Have every result that the centre did not confirm stand in the shared folder."""
        there = set(self._shared.names(self._box(RESULTS)))
        for name in self._own.names(RESULTS):
            data = self._own.find(RESULTS, name)
            if name not in there and data is not None:
                self._shared.place(self._box(RESULTS), name, data)

    def _give_sign(self) -> None:
        given = self._beacon.give()
        with self._lock:
            busy = tuple(sorted(self._running))
        sign = Sign(
            scanner=self.identity.name,
            vantage=self.scanner.vantage,
            nonce=given.nonce,
            at=given.at,
            raw_sockets=self.scanner.has_raw_sockets,
            busy=busy,
            refused=dict(sorted(self._refused.items())[:REFUSALS_TOLD]),
        )
        self._shared.place(SIGNS, self.identity.name, seal(sign, self.identity.private_key))

    def _box(self, kind: str) -> str:
        return f"{kind}-{self.identity.name}"

    # -- sending -------------------------------------------------------------------------------

    def run(self, errand: Errand) -> str:
        """Send under a lease, keep the signed result, and return how it came out.

        Raises:
            MissingService: the result cannot be kept; the centre is told later that it was lost.
        """
        lease = errand.lease
        began = self._clock()
        try:
            sent = self._send(errand)
        except NotAuthorised as error:
            sent = _unsent("refused", str(error))
        except CyberpostureError as error:
            sent = _unsent("failed", str(error))
        with self._lock:
            self._keep(lease.id, sent, errand.opened, began)
            del self._running[lease.id]
        return sent.outcome

    def drop(self, errand: Errand) -> None:
        """Give up a lease in the midst of it: the next look tells that it was lost."""
        with self._lock:
            self._running.pop(errand.lease.id, None)
        self._read.pop(errand.lease.id, None)

    def _send(self, errand: Errand) -> Sent:
        """Ask the gate with the lease's own question, at this moment, and send.

        Raises:
            NotAuthorised: the gate refuses, or allows it under another letter.
        """
        lease = errand.lease
        question = lease.question.model_copy(update={"now": self._clock()})
        permitted = permit(lease.plan, question)
        if permitted.authorisation != lease.authorisation:
            raise NotAuthorised("other-terms", f"{permitted.authorisation} is not what was lent")
        own = (cidr for one in question.authorisations for cidr in one.exclusions)
        kept_out = tuple(dict.fromkeys([*question.deny, *question.excluded_elsewhere, *own]))
        return send(permitted, self._gently(lease), self._clock, errand.must_stop, kept_out)

    def _gently(self, lease: Lease) -> Scanner:
        """Return the scanner with the manners of the lease, or gentler ones of its own."""
        given, own = lease.manners, self.scanner
        return replace(
            own,
            rate_pps=min(given.rate_pps, own.rate_pps),
            connections_per_address=min(given.connections, own.connections_per_address),
            host_timeout_s=min(given.host_timeout_s, own.host_timeout_s),
            port_offset=given.port_offset,
            user_agent=given.user_agent,
        )

    def _keep(
        self, lease_id: str, sent: Sent, opened: Opened | None, began: datetime | None = None
    ) -> None:
        """Sign what came of a lease and keep it until the centre confirms it."""
        body, facts_sha256, raw_sha256 = pack(sent.facts, sent.raw)
        result = Result.model_validate(
            {
                "lease": lease_id,
                "scanner": self.identity.name,
                "lease_sha256": None if opened is None else opened.digest,
                "lease_expires_at": None if opened is None else opened.lease.expires_at,
                "outcome": sent.outcome,
                "said": sent.said[:500],
                "sender": sent.scanner[:500],
                "began_at": began,
                "ended_at": self._clock(),
                "facts_sha256": facts_sha256,
                "raw_sha256": raw_sha256,
            }
        )
        self._own.place(RESULTS, lease_id, seal(result, self.identity.private_key, body))


def _unsent(outcome: str, said: str) -> Sent:
    return Sent(outcome, (), None, said, "")
