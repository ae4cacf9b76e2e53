"""Holds the connections of a probe on a leash, so that a stop cuts them in the midst of anything.

A probe asks nobody while it waits for an answer. Another thread keeps the leash: it looks at the
stop switch and closes what is open; no new connection comes about after that.
"""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from cyberposture.errors import CyberpostureError

POLL_S = 0.2


class Leash:
    """The open connections of one probe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self.is_cut = False

    def cut(self) -> None:
        """Close every connection, and let no other come about."""
        with self._lock:
            self.is_cut = True
            for connection in self._open:
                # It may have ended by itself meanwhile.
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    @contextmanager
    def holding(self, connection: socket.socket) -> Iterator[None]:
        """Hold a connection, whatever becomes of its socket object.

        Raises:
            OSError: the leash was cut.
        """
        # TLS takes the socket object over; this one goes on naming the same connection.
        own = connection.dup()
        try:
            with self._lock:
                self._require_whole()
                self._open.add(own)
            yield
        finally:
            with self._lock:
                self._open.discard(own)
            own.close()

    def _require_whole(self) -> None:
        if self.is_cut:
            raise OSError("stopped")


_LEASH: ContextVar[Leash | None] = ContextVar("leash", default=None)


@contextmanager
def leashed(must_stop: Callable[[], bool]) -> Iterator[Leash]:
    """Cut what the probes inside open once `must_stop` says so, or cannot say."""
    leash, ended = Leash(), threading.Event()

    def watch() -> None:
        while not ended.wait(POLL_S):
            try:
                is_over = must_stop()
            except CyberpostureError:
                is_over = True
            if is_over:
                leash.cut()
                return

    thread = threading.Thread(target=watch, name="leash", daemon=True)
    token = _LEASH.set(leash)
    thread.start()
    try:
        yield leash
    finally:
        _LEASH.reset(token)
        ended.set()
        thread.join()


@contextmanager
def held(connection: socket.socket) -> Iterator[None]:
    """Hold a connection by the leash that this probe is on, where it is on one.

    Raises:
        OSError: the leash was cut.
    """
    leash = _LEASH.get()
    if leash is None:
        yield
    else:
        with leash.holding(connection):
            yield
