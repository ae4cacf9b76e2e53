"""Runs the parts of `serve` side by side: all of them, or none.

Each part has a thread of its own. Ctrl-C or SIGTERM ends them all; and where one fails or ends by
itself, the others are ended too, and the process says which: nothing is served by half.
"""

import contextlib
import gc
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cyberposture.cli.running import WAITING, ended_by_signal, run_clock, wait_for_office
from cyberposture.cli.surroundings import say
from cyberposture.errors import MissingService

if TYPE_CHECKING:
    from cyberposture.runtime import Runtime

GRACE_S = 5
"""So long requests that are being answered are waited for."""
TURN_S = 0.0005
"""So long a thread of the portal's process holds the interpreter while others wait for it."""


@dataclass(frozen=True)
class Part:
    """One of the things that run side by side; `run` returns soon after `stop` was called."""

    name: str
    run: Callable[[], None]
    stop: Callable[[], None]


def run_together(parts: list[Part], ended: threading.Event) -> None:
    """Run parts until `ended` is set, or one of them ends by itself; then end all of them.

    Raises:
        MissingService: a part failed; which one, and why.
    """
    with ThreadPoolExecutor(len(parts), "part") as pool:
        running = {pool.submit(part.run): part for part in parts}
        for future in running:
            future.add_done_callback(lambda _: ended.set())
        ended.wait()
        early = [future for future in running if future.done()]
        for part in parts:
            part.stop()
    for future in (*early, *running):
        error = future.exception()
        if error is not None or future in early:
            said = "it ended by itself" if error is None else f"{type(error).__name__}: {error}"
            raise MissingService(
                f"the {running[future].name} failed: {said}; nothing is served any more"
            ) from error


def serve_together(
    runtime: "Runtime", listening: socket.socket, place: str, *, has_clock: bool
) -> None:
    """Serve the portal on a socket, and beside it clock and executor, until the process is ended.

    `place` is what people are told of the socket.

    Raises:
        MissingService: a part failed.
    """
    ended = ended_by_signal()
    parts: list[Part] = []
    served = frozenset[str]()
    with contextlib.ExitStack() as stack:
        if has_clock and not runtime.register.database.has_queue:
            served = frozenset({runtime.scanner.vantage})
            parts.append(stack.enter_context(_executor(runtime)))
        if has_clock:
            parts.append(_clock(replace(runtime, served=served), ended))
        names = ["portal", *(part.name for part in parts)]
        parts.append(_portal(runtime, listening, lambda: not ended.is_set()))
        say(f"{', '.join(names)}: {place}; Ctrl-C ends it")
        run_together(parts, ended)
    say("ended")


def _portal(runtime: "Runtime", listening: socket.socket, is_whole: Callable[[], bool]) -> Part:
    import uvicorn

    from cyberposture.web.app import make_app

    # It names neither itself nor its version, and believes no header that a proxy might forge.
    config = uvicorn.Config(
        make_app(runtime, is_whole=is_whole),
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_S,
    )
    server = uvicorn.Server(config)
    # What was read at the start stays: the collector need not walk through it again and again.
    gc.collect()
    gc.freeze()
    # A short request asks the register a dozen times, and each time waits for its turn behind
    # whichever page is just being written: turns of 5 ms would add up.
    sys.setswitchinterval(TURN_S)

    def stop() -> None:
        server.should_exit = True

    return Part("portal", lambda: server.run(sockets=[listening]), stop)


def _clock(runtime: "Runtime", ended: threading.Event) -> Part:
    from cyberposture.store.elections import CLOCK, Candidate

    def run() -> None:
        candidate = Candidate(runtime.register.database, CLOCK)
        try:
            while wait_for_office(candidate, ended, WAITING):
                run_clock(runtime, candidate, ended)
        finally:
            candidate.resign()

    return Part("clock", run, ended.set)


@contextlib.contextmanager
def _executor(runtime: "Runtime") -> Iterator[Part]:
    """Yield what runs the chunks of scans; when it is ended, those that run are given back."""
    from cyberposture.services.scans.watchdog import Watchdog
    from cyberposture.worker.queue import serve
    from cyberposture.worker.workplace import Workplace

    here = runtime.acting_as(f"worker:{runtime.scanner.scanner_id}")
    with Watchdog(here.register, here.scanner) as watchdog:
        workplace = Workplace(here, watchdog)
        yield Part("executor", lambda: serve(workplace), watchdog.halted.set)
