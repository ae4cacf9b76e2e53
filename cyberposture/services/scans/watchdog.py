"""The watchdog of a process that sends: it looks at the stop switch, and keeps the leases alive.

One thread looks each second for everything that the process sends. What it finds is told to the
work by a flag, so that sending ends within five seconds of a stop: a second until the next look,
and two until nmap is killed. A stop is acknowledged on record when nothing that it concerns is sent
here any more.

Where the register cannot be read, or the watchdog itself hangs, everything that is being sent ends
by itself: nobody could stop it any more.
"""

import contextlib
import os
import secrets
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address, ip_network
from types import TracebackType
from typing import Literal, Self

from sqlalchemy import Connection

from cyberposture.errors import CyberpostureError, WrongState
from cyberposture.services.permission.ground import concerns
from cyberposture.services.permission.stop import acknowledge
from cyberposture.services.register import Register
from cyberposture.services.scanner import Scanner
from cyberposture.store import chunks, stops, workers
from cyberposture.store.authorisations import find_authorisation
from cyberposture.store.chunks import ChunkRecord
from cyberposture.store.stops import StopRecord
from cyberposture.store.zone_scanners import find_at_vantage

LEASE_LOOKS = 30
"""A chunk whose worker gives no sign of life for so many looks is given to another."""
SHORTEST_LEASE_S = 6.0
"""By then whoever lost sight of the register has long ended what it was sending."""
BLIND_S = 2.5
"""Whoever has not read the stop switch for so long must not go on sending."""
Why = Literal["stopped", "withdrawn", "lost", "blind", "halted", "away"]
"""Why work was ended; after the last four it may be done again, by somebody else.

`away`: it was lent to a scanner elsewhere, which gave it back or fell silent."""


@dataclass(eq=False)
class Errand:
    """One chunk that this process runs."""

    chunk: ChunkRecord
    watchdog: "Watchdog"
    targets: Sequence[str] = ()
    authorisation: str | None = None
    why: Why | None = field(default=None)

    def must_stop(self) -> bool:
        """Return whether the work must end now; asked often, so it asks no database."""
        if self.why is None:
            self.why = self.watchdog.reason_for_all()
        return self.why is not None

    def is_of(self, stop: StopRecord) -> bool:
        """Return whether a stop concerns this work."""
        if concerns(stop, self.chunk.institution_id, self.chunk.scan_id):
            return True
        return stop.cidr is not None and any(_lies_in(one, stop.cidr) for one in self.targets)


class Watchdog:
    """Guards what one process sends, from its start to its end; a context manager, used once."""

    def __init__(
        self,
        register: Register,
        scanner: Scanner,
        *,
        lends_to: str | None = None,
        shortest_lease_s: float = 0,
    ) -> None:
        """Make a watchdog; it looks from when it is entered.

        `lends_to` is the scanner of a zone that sends what this process takes.
        """
        self.name = f"{scanner.scanner_id}:{os.getpid()}:{secrets.token_hex(4)}"
        ordinary_s = max(SHORTEST_LEASE_S, LEASE_LOOKS * scanner.stop_poll_s)
        self.lease_s = max(ordinary_s, shortest_lease_s)
        self.halted = threading.Event()
        """Set when this process must not go on sending: it ends, or a part of it failed."""
        self._register = register
        self._scanner = scanner
        self._lends_to = lends_to
        self._errands: list[Errand] = []
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._seen_at = 0.0
        self._renewed_at = 0.0
        self._failed = False
        self._settled: set[str] = set()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def __enter__(self) -> Self:
        """Begin to watch.

        Raises:
            WrongState: the other workers of this vantage are set up otherwise, or it is served by
                leases and this process would send by itself.
        """
        scanner = self._scanner
        with self._register.database.transaction() as connection:
            now = self._register.clock()
            _require_own(connection, scanner.vantage, self._lends_to)
            workers.insert_worker(
                connection, self.name, scanner=scanner.scanner_id, vantage=scanner.vantage,
                at=now, setup=scanner.setup(self._lends_to),
            )  # fmt: skip
            # Stops from before are for those who were there; here nothing was sent yet.
            self._settled = {stop.code for stop in stops.list_active_stops(connection)}
        self._seen_at = self._renewed_at = time.monotonic()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.halted.set()
        self._ended.set()
        self._thread.join(BLIND_S)
        # A register that is out of reach learns by our silence that we are gone.
        with contextlib.suppress(CyberpostureError):
            with self._register.reading() as connection:
                active = stops.list_active_stops(connection)
            self._acknowledge(active)
            with self._register.database.transaction() as connection:
                workers.record_end(connection, self.name, at=self._register.clock())

    @contextmanager
    def guarding(self, chunk: ChunkRecord) -> Iterator[Errand]:
        """Guard the work on a chunk from right after it was taken until its end is on record."""
        errand = Errand(chunk, self)
        with self._lock:
            self._errands.append(errand)
        try:
            yield errand
        finally:
            with self._lock:
                self._errands.remove(errand)

    def count_errands(self) -> int:
        """Return how many chunks this process runs now."""
        return len(self._present())

    def reason_for_all(self) -> Why | None:
        """Return why all work of this process must end, or None."""
        if self.halted.is_set():
            return "halted"
        if self._failed or time.monotonic() - self._seen_at > BLIND_S:
            return "blind"
        return None

    def _watch(self) -> None:
        while not self._ended.wait(self._scanner.stop_poll_s):
            began = time.monotonic()
            try:
                active = self._look()
            except CyberpostureError:
                self._failed = True
                for errand in self._present():
                    errand.why = errand.why or "blind"
                continue
            self._failed, self._seen_at = False, began
            with contextlib.suppress(CyberpostureError):
                self._acknowledge(active)
                self._renew(began)

    def _present(self) -> list[Errand]:
        with self._lock:
            return list(self._errands)

    def _look(self) -> list[StopRecord]:
        """Tell each errand what the register says of it; return the stops that hold."""
        errands = self._present()
        now = self._register.clock()
        with self._register.reading() as connection:
            active = stops.list_active_stops(connection)
            held = chunks.list_held(connection, self.name)
            given = {one.authorisation for one in errands if one.authorisation is not None}
            gone = {code for code in given if _is_withdrawn(connection, code, now)}
        for errand in errands:
            if held.get(errand.chunk.id) != errand.chunk.attempts:
                errand.why = errand.why or "lost"
            elif any(stop.speed == "now" and errand.is_of(stop) for stop in active):
                errand.why = "stopped"
            elif errand.authorisation in gone:
                errand.why = "withdrawn"
        return active

    def _acknowledge(self, active: Sequence[StopRecord]) -> None:
        """Put on record every stop that holds here: nothing that it concerns is sent any more."""
        errands = self._present()
        for stop in active:
            if stop.code in self._settled or any(errand.is_of(stop) for errand in errands):
                continue
            acknowledge(self._register, stop, self.name)
            self._settled.add(stop.code)

    def _renew(self, began: float) -> None:
        if began - self._renewed_at < self.lease_s / 4:
            return
        held = [errand.chunk.id for errand in self._present() if errand.why is None]
        with self._register.database.transaction() as connection:
            now = self._register.clock()
            chunks.renew_leases(connection, self.name, held, at=now, lease_s=self.lease_s)
            workers.record_sign(connection, self.name, at=now)
        self._renewed_at = began


def _require_own(connection: Connection, vantage: str, lends_to: str | None) -> None:
    """Return if nobody else sends from this vantage: what is seen elsewhere is another thing."""
    found = find_at_vantage(connection, vantage)
    if found is not None and found.name != lends_to:
        raise WrongState(
            f"{vantage} is looked at by {found.name}, which stands there and works on leases",
            advice=f"cyberposture zone lend {found.name} --folder …",
        )


def _is_withdrawn(connection: Connection, authorisation: str, now: datetime) -> bool:
    record = find_authorisation(connection, authorisation)
    return record is None or (record.withdrawn_at is not None and record.withdrawn_at <= now)


def _lies_in(target: str, cidr: str) -> bool:
    address, network = ip_address(target), ip_network(cidr)
    return address.version == network.version and address in network
