"""Runs a scan in the process that began it: a few threads take its chunks until it is over."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from uuid import UUID

from cyberposture.services.register import Register
from cyberposture.services.scanner import Scanner
from cyberposture.services.scans.conduct import Standing, end_failed, move_on
from cyberposture.services.scans.dispatch import Runner
from cyberposture.services.scans.watchdog import Watchdog
from cyberposture.store import chunks
from cyberposture.store.chunks import Wanted
from cyberposture.store.scans import ScanRecord

WAIT_S = 0.2
Progress = Callable[[str, int, int], None]
"""Called with the stage, the chunks that ended and the chunks that there are."""


def no_progress(_stage: str, _done: int, _of: int) -> None:
    """Show nothing."""


def run_here(
    register: Register, scanner: Scanner, scan_id: UUID, progress: Progress = no_progress
) -> ScanRecord:
    """Run what waits of a scan, stage by stage, until it is over; return it.

    Raises:
        MissingService: nmap is not there, or the register cannot be reached; the scan has failed.
    """
    with Watchdog(register, scanner) as watchdog:
        try:
            return _Here(Runner(register, scanner, watchdog), progress).run(scan_id)
        except BaseException:
            watchdog.halted.set()
            end_failed(register, scanner, scan_id)
            raise


class _Here:
    """The threads of this process at work on one scan."""

    def __init__(self, runner: Runner, progress: Progress) -> None:
        self.runner, self.progress = runner, progress
        self.workers = runner.scanner.parallel_chunks
        self._counting = threading.Lock()
        self._done = 0

    def run(self, scan_id: UUID) -> ScanRecord:
        stage = ""
        while True:
            standing = move_on(self.runner.register, self.runner.scanner, scan_id)
            if standing.is_over:
                return standing.scan
            if standing.stage != stage:
                stage, self._done = standing.stage, 0
            if not self._send_waiting(standing):
                # What is left runs elsewhere, or is to be tried again later.
                time.sleep(WAIT_S)

    def _send_waiting(self, standing: Standing) -> int:
        """Run every chunk that can be had now; return how many ended."""
        before = self._done
        with self.runner.register.reading() as connection:
            counts = chunks.count_chunks(connection, standing.scan.id)
        total = before + counts.get("queued", 0)
        with ThreadPoolExecutor(max_workers=self.workers) as pool:
            try:
                begun = [pool.submit(self._work, standing, total) for _ in range(self.workers)]
                for future in as_completed(begun):
                    future.result()
            except BaseException:
                # Leaving the pool waits for its threads, which must not finish their work first.
                self.runner.watchdog.halted.set()
                raise
        return self._done - before

    def _work(self, standing: Standing, total: int) -> None:
        runner = self.runner
        wanted = Wanted(scan_id=standing.scan.id, most_of_institution=self.workers)
        while not runner.watchdog.halted.is_set():
            work = runner.take(standing.scan, wanted)
            if work is None:
                return
            runner.run(work)
            with self._counting:
                self._done += 1
                done = self._done
            self.progress(standing.stage, done, total)
