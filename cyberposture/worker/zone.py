"""The two loops of a zone without access to the register: who lends, and who sends under leases."""

import contextlib
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import structlog

from cyberposture.clock import utc_now
from cyberposture.errors import CyberpostureError, MissingService, WrongState
from cyberposture.exchange.shared_folder import SharedFolder
from cyberposture.runtime import Runtime, scanner_of
from cyberposture.services.scans.dispatch import Work
from cyberposture.services.scans.lending import Lender, id_of, read_id
from cyberposture.services.scans.watchdog import Watchdog
from cyberposture.services.scans.zone import Errand, Identity, ZoneScanner
from cyberposture.settings import Settings
from cyberposture.store import lent_chunks, scans
from cyberposture.store.chunks import ChunkRecord
from cyberposture.worker.workplace import Workplace

MOST_AT_ONCE = 64
"""As many chunks as one process may run at the most (the setting PARALLEL_CHUNKS)."""


class LendingPlace(Workplace):
    """A workplace whose chunks are sent by a scanner elsewhere."""

    def __init__(self, runtime: Runtime, watchdog: Watchdog, lender: Lender) -> None:
        """Make a workplace; no other process lends to this scanner."""
        super().__init__(runtime, watchdog, lender)
        self._lender = lender
        self._resuming = ThreadPoolExecutor(MOST_AT_ONCE, "resumed")
        self._is_there = True
        self._followed: set[UUID] = set()
        self._lock = threading.Lock()

    def look_round(self) -> bool:
        """Do as every worker does, and follow what was lent by a process that is gone."""
        try:
            self._take_up_left()
        except CyberpostureError as error:
            self._log.error("what was lent cannot be taken up", problem=str(error))
        return super().look_round() and self._is_met()

    def close(self) -> None:
        """Wait for what was taken up again; it ends, or its lease does."""
        self._resuming.shutdown()

    def _is_met(self) -> bool:
        is_there = self._lender.find_sign() is not None
        if is_there != self._is_there:
            said = "the scanner is there" if is_there else "the scanner gives no sign of life"
            self._log.warning(said)
        self._is_there = is_there
        return is_there

    def _take(self, chunk_id: UUID | None) -> Work | None:
        # What is taken and cannot be lent would only wear out its attempts.
        return super()._take(chunk_id) if self._is_met() else None

    def _run(self, work: Work) -> None:
        with self._lock:
            self._followed.add(work.chunk.id)
        try:
            super()._run(work)
        finally:
            with self._lock:
                self._followed.discard(work.chunk.id)
        # Confirmed at the next look round, which asks the register how the chunk stands.

    def _settle(self, lease_id: str) -> None:
        """Confirm a result, if its chunk is on record; else the next look round finds it again."""
        with contextlib.suppress(CyberpostureError):
            self._lender.settle(lease_id)

    def _take_up_left(self) -> None:
        """Go on with what a process lent that is gone, and confirm what nobody waits for.

        Raises:
            MissingService: register or folder cannot be reached.
        """
        with self._lock:
            followed = set(self._followed)
        for lease_id in self._lender.list_left():
            try:
                lent = read_id(lease_id)
            except ValueError:
                continue
            if lent[0] in followed:
                continue
            with contextlib.suppress(WrongState):
                chunk = self._take_over(lent)
                if chunk is None:
                    self._settle(lease_id)
                else:
                    self._resume(chunk)
        name, vantage = self._lender.post.record.name, self.scanner.vantage
        with self.register.reading() as connection:
            left = lent_chunks.list_running_of(connection, vantage, name, but=self.watchdog.name)
        for one in left:
            with contextlib.suppress(WrongState):
                chunk = self._take_over((one.id, one.attempts))
                if chunk is not None:
                    self._resume(chunk)

    def _take_over(self, lent: tuple[UUID, int]) -> ChunkRecord | None:
        with self.register.database.transaction() as connection:
            return lent_chunks.take_over(
                connection,
                lent,
                self.watchdog.name,
                at=self.register.clock(),
                lease_s=self.watchdog.lease_s,
            )

    def _resume(self, chunk: ChunkRecord) -> None:
        with self.register.reading() as connection:
            scan = scans.get_scan_by_id(connection, chunk.scan_id)
        self._log.warning("taken up again", scan=scan.code, chunk=chunk.number)
        with self._lock:
            self._followed.add(chunk.id)
        self._resuming.submit(self._resumed, Work(chunk, scan))

    def _resumed(self, work: Work) -> None:
        about = {"scan": work.scan.code, "chunk": work.chunk.number}
        try:
            outcome = self._runner.resume(work)
            self._log.info("chunk ended", outcome=outcome, **about)
        except CyberpostureError as error:
            self._log.error("chunk failed", problem=str(error), **about)
        else:
            self._settle(id_of(work.chunk))
        finally:
            with self._lock:
                self._followed.discard(work.chunk.id)
        self.move(work.scan.id)


def open_zone(settings: Settings, identity: Identity, folder: Path) -> ZoneScanner:
    """Return a scanner that needs no register; results wait in its own workspace.

    Raises:
        WrongState: the settings name no zone.
        MissingService: there can be no folder of its own.
    """
    if not settings.vantage.startswith("internal:"):
        raise WrongState(
            "this scanner does not know in which zone it stands",
            advice="set CYBERPOSTURE_VANTAGE to internal:ZONE, as `zone add` named it",
        )
    scanner = replace(scanner_of(settings, b""), scanner_id=identity.name, resolver=None)
    own = settings.workspace / "zone"
    try:
        own.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise MissingService(f"results cannot be kept in {own}: {error.strerror}") from error
    clocks = (utc_now, time.monotonic)
    return ZoneScanner(identity, scanner, SharedFolder(folder), SharedFolder(own), clocks)


def scan_in_zone(zone: ZoneScanner, name: str) -> None:
    """Look for leases, and send under them, until the scanner is halted; results are kept."""
    log = structlog.get_logger("zone").bind(scanner=name)
    refused: dict[str, str] = {}
    with ThreadPoolExecutor(MOST_AT_ONCE, "leases") as pool:
        while not zone.halted.wait(zone.scanner.stop_poll_s):
            try:
                for errand in zone.look():
                    pool.submit(_run, zone, errand)
            except CyberpostureError as error:
                log.error("nothing can be read", problem=str(error))
            except Exception:  # the worker loop must outlive any one look
                log.error("a look failed", trace=traceback.format_exc())
            for lease, why in zone.list_refused().items() - refused.items():
                log.warning("a lease is refused", lease=lease, why=why)
            refused = zone.list_refused()
    # What was ended just now is told at once, and not after the next start.
    with contextlib.suppress(CyberpostureError):
        zone.look()


def _run(zone: ZoneScanner, errand: Errand) -> None:
    log = structlog.get_logger("zone").bind(lease=errand.lease.id)
    try:
        log.info("lease ended", outcome=zone.run(errand))
    except Exception:  # the next look tells the centre that it was lost
        log.error("a lease failed", trace=traceback.format_exc())
        zone.drop(errand)
