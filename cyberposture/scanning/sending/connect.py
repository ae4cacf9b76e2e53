"""One connection to one pinned address with one deadline for everything that happens on it."""

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager

from cyberposture.scanning.sending.leash import held

PROBE_SECONDS = 4.0
"""How long one exchange may take as a whole, whatever the other side dribbles.

Shorter than the five seconds in which a stop must have reached the last packet.
"""


class Deadline:
    """A moment on the monotonic clock by which an exchange must be over."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    def remaining_s(self) -> float:
        """Return the seconds left.

        Raises:
            TimeoutError: none are left.
        """
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the exchange took too long")
        return left


@contextmanager
def connected(address: str, port: int, deadline: Deadline) -> Iterator[socket.socket]:
    """Give a socket that is connected to exactly this address and port.

    Raises:
        OSError: refused, unreachable, too slow, stopped, or the peer is not the address asked for.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as connection, held(connection):
        connection.settimeout(deadline.remaining_s())
        connection.connect((address, port))
        peer = connection.getpeername()
        if peer[0] != address or peer[1] != port:
            raise OSError(f"connected to {peer[0]}:{peer[1]} instead of {address}:{port}")
        yield connection


def lenient_context() -> ssl.SSLContext:
    """Return a client context that connects to anybody and trusts nobody.

    Old versions and short keys must connect too: they are what we came to see. What was seen is
    judged elsewhere; nothing that must stay secret is ever sent over such a connection.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context
