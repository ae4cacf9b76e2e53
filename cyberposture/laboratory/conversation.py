"""One client's connection as a service sees it: bounded in time and bytes, and counted.

A conversation ends by an exception: `EOFError` where the client left or one connection's share of
bytes is used up, `OSError` (of which `TimeoutError` is one) where the network or TLS failed.
Services let both pass; the listener takes them as the ordinary end that they are.
"""

import asyncio
import ssl
from dataclasses import dataclass

from cyberposture.laboratory.channel import Channel

_HANDSHAKE_TIMEOUT_S = 10.0
_LONGEST_LINE_BYTES = 8192


@dataclass(frozen=True)
class Limits:
    """What one connection may use before it is closed."""

    lifetime_s: float = 60.0
    received_bytes: int = 256 * 1024
    sent_bytes: int = 16 * 1024 * 1024


@dataclass
class Tally:
    """Connections (or datagrams) and raw bytes that reached one port."""

    connections: int = 0
    bytes_received: int = 0


class Conversation:
    """Reading and writing for one connection."""

    def __init__(self, channel: Channel, limits: Limits) -> None:
        self._channel, self._limits = channel, limits
        self._pending = b""
        self._sent_bytes = 0

    @property
    def is_encrypted(self) -> bool:
        """Whether TLS is up."""
        return self._channel.is_encrypted

    async def read_line(self) -> bytes:
        """Return the next line without its end.

        Raises:
            EOFError: the client left first, or the line has no end within 8 KiB.
        """
        return (await self.read_until(b"\n", _LONGEST_LINE_BYTES)).rstrip(b"\r\n")

    async def read_until(self, mark: bytes, most_bytes: int) -> bytes:
        """Return what comes up to and with `mark`.

        Raises:
            EOFError: the client left first, or the mark did not come within `most_bytes`.
        """
        while (end := self._pending.find(mark, 0, most_bytes)) < 0:
            if len(self._pending) >= most_bytes:
                raise EOFError("the client sent more than a request holds")
            self._pending += await self._channel.receive()
        return self._take(end + len(mark))

    async def read_exactly(self, size_bytes: int) -> bytes:
        """Return just so many bytes.

        Raises:
            EOFError: the client left first.
        """
        while len(self._pending) < size_bytes:
            self._pending += await self._channel.receive()
        return self._take(size_bytes)

    async def read_some(self, most_bytes: int) -> bytes:
        """Return what has arrived, at least one byte.

        Raises:
            EOFError: the client left.
        """
        if not self._pending:
            self._pending = await self._channel.receive()
        return self._take(most_bytes)

    async def send(self, data: bytes) -> None:
        """Send `data`, waiting while the client is slow to take it.

        Raises:
            EOFError: more has been sent than one connection may be given.
        """
        self._sent_bytes += len(data)
        if self._sent_bytes > self._limits.sent_bytes:
            raise EOFError("the client was sent as much as one connection may be given")
        await self._channel.send(data)

    async def send_lines(self, *lines: str) -> None:
        """Send lines in UTF-8 in one piece, each ended as text protocols do."""
        await self.send("".join(f"{line}\r\n" for line in lines).encode())

    async def start_tls(self, context: ssl.SSLContext, invitation: bytes = b"") -> None:
        """Send the invitation in the clear, then take the client's TLS handshake.

        Raises:
            EOFError: the client sent more in the clear, which must not be taken for encrypted.
        """
        if self._pending:
            raise EOFError("the client spoke on in the clear after asking for TLS")
        if invitation:
            await self.send(invitation)
        async with asyncio.timeout(_HANDSHAKE_TIMEOUT_S):
            await self._channel.start_tls(context)

    async def finish(self) -> None:
        """Close in good order: what was sent still arrives."""
        await self._channel.finish()

    def _take(self, size_bytes: int) -> bytes:
        taken, self._pending = self._pending[:size_bytes], self._pending[size_bytes:]
        return taken
