"""The commands that run until they are ended: the clock, and the workers."""

import signal
import threading
from typing import TYPE_CHECKING, Annotated

import typer

from cyberposture.cli.surroundings import open_runtime, say

if TYPE_CHECKING:
    from cyberposture.runtime import Runtime
    from cyberposture.store.elections import Candidate

SYNC_S = 5.0
WAITING = "another clock runs; this one waits to take over"


def clock(context: typer.Context) -> None:
    """Run the schedules of this register until ended (Ctrl-C); one clock runs, others wait."""
    from cyberposture.store.elections import CLOCK, Candidate

    runtime = open_runtime(context)
    ended = ended_by_signal()
    candidate = Candidate(runtime.register.database, CLOCK)
    try:
        while wait_for_office(candidate, ended, WAITING):
            run_clock(runtime, candidate, ended)
    finally:
        candidate.resign()
        runtime.close()


def worker(
    context: typer.Context,
    queue: Annotated[
        str | None,
        typer.Option("--queue", help="external, or internal:ZONE; else the setting VANTAGE."),
    ] = None,
) -> None:
    """Run the chunks of scans from one vantage until ended (Ctrl-C); many may run at once."""
    from dataclasses import replace

    from cyberposture.services.scans.scan import from_vantage
    from cyberposture.services.scans.watchdog import Watchdog
    from cyberposture.worker.queue import serve
    from cyberposture.worker.workplace import Workplace

    runtime = open_runtime(context)
    scanner = from_vantage(runtime.scanner, queue)
    here = replace(runtime.acting_as(f"worker:{scanner.scanner_id}"), scanner=scanner)
    try:
        with Watchdog(here.register, scanner) as watchdog:
            ended_by_signal(watchdog.halted)
            say(f"{watchdog.name} serves {scanner.vantage}; end it with Ctrl-C")
            serve(Workplace(here, watchdog))
    finally:
        runtime.close()


def ended_by_signal(ended: threading.Event | None = None) -> threading.Event:
    """Return an event that is set when the process is told to end."""
    event = ended or threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: event.set())
    return event


def wait_for_office(candidate: "Candidate", ended: threading.Event, said: str) -> bool:
    """Wait until this process has the office; return False where it was ended before."""
    from cyberposture.errors import MissingService

    has_said = False
    while not ended.is_set():
        try:
            if candidate.try_win():
                return True
        except MissingService as error:
            say(str(error))
        if not has_said:
            say(said)
            has_said = True
        ended.wait(1)
    return False


def run_clock(runtime: "Runtime", candidate: "Candidate", ended: threading.Event) -> None:
    """Run the schedules while the office is ours and nobody ends us."""
    import time
    from concurrent.futures import ThreadPoolExecutor

    from cyberposture.worker.schedule import ScheduleClock
    from cyberposture.worker.sets import make_sets
    from cyberposture.worker.works import WORKS, take_up_lost

    running = ScheduleClock(runtime, WORKS, at_once=runtime.settings.parallel_chunks)
    running.start()
    say("the clock runs; end it with Ctrl-C")
    synced = time.monotonic()
    with ThreadPoolExecutor(1, "lost-scans") as pool, ThreadPoolExecutor(1, "sets") as shop:
        lost = pool.submit(take_up_lost, runtime)
        sets = shop.submit(make_sets, runtime, ended)
        while not ended.wait(1) and candidate.holds():
            if time.monotonic() - synced < SYNC_S:
                continue
            running.sync()
            if lost.done():
                lost.result()
                lost = pool.submit(take_up_lost, runtime)
            if sets.done():
                sets = shop.submit(make_sets, runtime, ended)
            synced = time.monotonic()
        running.stop()


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the application."""
    for command in (clock, worker):
        app.command(command.__name__)(command)
