"""A short talk over one connection: bounded in time and bytes, whatever the other side does.

Each probe that speaks a protocol of few words stands on this. What the other side does wrong ends
the talk with `Garbled` or an `OSError`, and `how_it_ended` turns that into an outcome.
"""

import errno
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from cyberposture.model.examples import TalkOutcome
from cyberposture.scanning.sending.connect import PROBE_SECONDS, Deadline, connected

MOST_BYTES: Final = 65_536
"""What one talk takes in at the most."""
LONGEST_LINE: Final = 2_048
MOST_LINES: Final = 100

MustStop = Callable[[], bool]
"""Asked between two connections of one plan; a stop is not kept waiting for the next one."""


def never() -> bool:
    """Return that nobody stops."""
    return False


class Garbled(Exception):
    """The other side does not speak the protocol that was tried."""


class Talk:
    """Reading and writing on one connection."""

    def __init__(self, connection: socket.socket, deadline: Deadline) -> None:
        self._connection = connection
        self._deadline = deadline
        self._pending = b""
        self._taken = 0

    def send(self, data: bytes) -> None:
        """Send `data`.

        Raises:
            OSError: the network failed, or the time is over.
        """
        self._connection.settimeout(self._deadline.remaining_s())
        self._connection.sendall(data)

    def read_exactly(self, size: int) -> bytes:
        """Return just so many bytes.

        Raises:
            Garbled: the other side closed first, or talks without end.
            OSError: the network failed, or the time is over.
        """
        while len(self._pending) < size:
            self._receive()
        taken, self._pending = self._pending[:size], self._pending[size:]
        return taken

    def read_line(self) -> str:
        """Return the next line without its end, as Latin-1, so that any byte can be shown.

        Raises:
            Garbled: the line has no end, or the other side closed first.
            OSError: the network failed, or the time is over.
        """
        while (end := self._pending.find(b"\n")) < 0:
            if len(self._pending) > LONGEST_LINE:
                raise Garbled("a line without an end")
            self._receive()
        if end > LONGEST_LINE:
            raise Garbled("a line without an end")
        line, self._pending = self._pending[:end], self._pending[end + 1 :]
        return line.rstrip(b"\r").decode("latin-1")

    def secure(self, context: ssl.SSLContext, name: str | None) -> ssl.SSLSocket:
        """Lay TLS over the connection; what came in the clear before counts no more.

        Raises:
            OSError: the handshake failed, or the time is over.
        """
        self._connection.settimeout(self._deadline.remaining_s())
        secured = context.wrap_socket(self._connection, server_hostname=name)
        self._connection, self._pending = secured, b""
        return secured

    def close(self) -> None:
        """Close the connection, or the TLS that was laid over it."""
        self._connection.close()

    def _receive(self) -> None:
        self._connection.settimeout(self._deadline.remaining_s())
        data = self._connection.recv(4_096)
        if not data and not self._taken:
            # Whoever accepts and closes without a word is neither an open service nor a closed one.
            raise ConnectionResetError(errno.ECONNRESET, "it closed without a word")
        if not data:
            raise Garbled("it closed before an answer was whole")
        self._taken += len(data)
        if self._taken > MOST_BYTES:
            raise Garbled("more than an answer may hold")
        self._pending += data


@contextmanager
def talking(address: str, port: int) -> Iterator[Talk]:
    """Give a talk with exactly this address and port, with one deadline for all of it.

    Raises:
        OSError: refused, unreachable, or too slow.
    """
    deadline = Deadline(PROBE_SECONDS)
    with connected(address, port, deadline) as plain:
        talk = Talk(plain, deadline)
        try:
            yield talk
        finally:
            # TLS takes the plain socket's place and has to be closed in its stead.
            talk.close()


def how_it_ended(error: Exception) -> tuple[TalkOutcome, str]:
    """Return the outcome that an error of a talk stands for, with a few words."""
    match error:
        case TimeoutError():
            return "timed-out", "no whole answer in time"
        case ConnectionRefusedError():
            return "refused", "the port is closed"
        case Garbled():
            return "other", str(error)[:200]
        case ssl.SSLError():
            return "failed", (error.reason or "the handshake failed")[:200]
        case OSError():
            return "failed", (error.strerror or type(error).__name__)[:200]
    raise error
