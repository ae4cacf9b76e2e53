"""What a worker does when it is woken, and at each look round: the same on both databases."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import structlog

from cyberposture.errors import CyberpostureError
from cyberposture.runtime import Runtime
from cyberposture.services.scans.conduct import list_stalled, move_on
from cyberposture.services.scans.dispatch import Runner, Work
from cyberposture.services.scans.lending import Lender
from cyberposture.services.scans.watchdog import Watchdog
from cyberposture.store import chunks, queue
from cyberposture.store.chunks import Wanted

LOOK_S = 2.0
"""Between two looks round for what nobody was woken for."""


class Workplace:
    """Runs chunks of one vantage in a process that a watchdog guards."""

    def __init__(self, runtime: Runtime, watchdog: Watchdog, lender: Lender | None = None) -> None:
        """Make a workplace; `runtime` stands at the vantage that is served."""
        self.scanner = runtime.scanner
        self.register = runtime.register
        self.watchdog = watchdog
        self.threads = self.scanner.parallel_chunks
        self._runner = Runner(self.register, self.scanner, watchdog, True, lender)
        self._log = structlog.get_logger("worker").bind(worker=watchdog.name)

    def run_from(self, chunk_id: UUID | None) -> None:
        """Run a chunk if it still waits, and then whatever else waits; return when nothing does.

        A chunk that must wait for another one, which speaks to the same address, is not waited
        for: it is taken by whoever ends that one.
        """
        try:
            work = self._take(chunk_id)
            while work is not None:
                self._run(work)
                work = self._take(None)
        except CyberpostureError as error:
            self._log.error("nothing can be taken", problem=str(error))

    def move(self, scan_id: UUID) -> None:
        """Move a scan on, if nothing of it waits or runs."""
        try:
            move_on(self.register, self.scanner, scan_id)
        except CyberpostureError as error:
            self._log.error("a scan cannot be moved on", problem=str(error))

    def look_round(self) -> bool:
        """Queue again what dead workers left, move on what they left; return whether work waits."""
        try:
            with self.register.database.transaction() as connection:
                chunks.sweep_chunks(connection, at=self.register.clock())
            with self.register.reading() as connection:
                stalled = list_stalled(connection, self.scanner.vantage)
            for scan_id in stalled:
                self.move(scan_id)
            with self.register.reading() as connection:
                waiting = chunks.find_waiting(
                    connection, at=self.register.clock(), wanted=self._wanted(None)
                )
        except CyberpostureError as error:
            self._log.error("the register cannot be read", problem=str(error))
            return False
        return waiting is not None and self.watchdog.count_errands() < self.threads

    def wake(self) -> None:
        """Have a free thread called, here or elsewhere, for the chunk that is next."""
        try:
            with self.register.database.transaction() as connection:
                wanted = self._wanted(None)
                found = chunks.find_waiting(connection, at=self.register.clock(), wanted=wanted)
                if found is not None:
                    queue.wake(connection, self.scanner.vantage, [found], None)
        except CyberpostureError as error:
            self._log.error("nobody can be woken", problem=str(error))

    def serve_alone(self) -> None:
        """Work without a queue until the watchdog is told to halt: look round again and again."""
        with ThreadPoolExecutor(self.threads, "chunks") as pool:
            while not self.watchdog.halted.wait(LOOK_S / 4):
                if self.look_round():
                    pool.submit(self.run_from, None)

    def _wanted(self, chunk_id: UUID | None) -> Wanted:
        return Wanted(
            vantage=self.scanner.vantage, chunk_id=chunk_id, most_of_institution=self.threads
        )

    def _take(self, chunk_id: UUID | None) -> Work | None:
        if self.watchdog.reason_for_all() is not None:
            return None
        return self._runner.take(wanted=self._wanted(chunk_id))

    def _run(self, work: Work) -> None:
        about = {"scan": work.scan.code, "chunk": work.chunk.number}
        try:
            outcome = self._runner.run(work)
            self._log.info("chunk ended", outcome=outcome, **about)
        except CyberpostureError as error:
            self._log.error("chunk failed", problem=str(error), **about)
        self.move(work.scan.id)
