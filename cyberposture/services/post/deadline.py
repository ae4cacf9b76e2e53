"""Ends a talk that takes too long, however slowly the other side drips its answer."""

import os
import socket
import threading
from types import TracebackType
from typing import Self


class Deadline:
    """Shuts the guarded sockets after so many seconds; a context manager, used once.

    A socket's own timeout begins anew with every byte that comes, so it bounds no talk.
    """

    def __init__(self, seconds: float) -> None:
        """Set a deadline; it runs from when it is entered."""
        self._timer = threading.Timer(seconds, self._shut)
        self._timer.daemon = True
        self._guarded: list[socket.socket] = []
        self._lock = threading.Lock()
        self._is_over = False

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        with self._lock:
            self._is_over = True
            for one in self._guarded:
                one.close()

    def guard(self, connection: socket.socket) -> None:
        """Have a connected socket shut at the deadline, with whatever is wrapped around it."""
        # A handle of our own stays good when the socket is wrapped for TLS or closed.
        own = socket.socket(fileno=os.dup(connection.fileno()))
        with self._lock:
            self._guarded.append(own)

    def _shut(self) -> None:
        with self._lock:
            if self._is_over:
                return
            for one in self._guarded:
                try:
                    one.shutdown(socket.SHUT_RDWR)
                except OSError:
                    # The other side was quicker.
                    continue
