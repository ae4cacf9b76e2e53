"""Bytes to and from one client, in the clear or through TLS.

TLS is driven here over memory buffers, because asyncio's own layer drops the alert of a handshake
that fails, and that alert is what tells a scanner that TLS is spoken at all.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Callable
from typing import TypeVar

_CHUNK_BYTES = 64 * 1024
_Result = TypeVar("_Result")


class Channel:
    """One TCP connection; TLS may be laid over it at any moment, once."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls: ssl.SSLObject | None = None

    @property
    def is_encrypted(self) -> bool:
        """Whether TLS is up."""
        return self._tls is not None

    async def receive(self) -> bytes:
        """Return what has arrived, at least one byte.

        Raises:
            EOFError: the client left.
            OSError: the network or TLS failed.
        """
        tls = self._tls
        if tls is None:
            return await self._arrived()
        data = await self._drive(lambda: tls.read(_CHUNK_BYTES))
        if not data:
            raise EOFError("the client left")
        return data

    async def send(self, data: bytes) -> None:
        """Send `data`, waiting while the client is slow to take it.

        Raises:
            OSError: the network or TLS failed.
        """
        if self._tls is None:
            self._writer.write(data)
        else:
            self._tls.write(data)
            self._writer.write(self._outgoing.read())
        await self._writer.drain()

    async def start_tls(self, context: ssl.SSLContext) -> None:
        """Take the client's handshake; a failed one is answered with its alert.

        Raises:
            EOFError: the client left.
            OSError: the handshake failed.
        """
        tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        await self._drive(tls.do_handshake)
        self._tls = tls

    async def finish(self) -> None:
        """Close in good order: what was sent still arrives."""
        if self._tls is not None:
            # Our farewell goes out; the client's is not waited for.
            with contextlib.suppress(ssl.SSLError):
                self._tls.unwrap()
            self._writer.write(self._outgoing.read())
        self._writer.close()
        await self._writer.wait_closed()

    async def _arrived(self) -> bytes:
        data = await self._reader.read(_CHUNK_BYTES)
        if not data:
            raise EOFError("the client left")
        return data

    async def _drive(self, step: Callable[[], _Result]) -> _Result:
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                pass
            finally:
                # Whatever the step leaves to send goes out; a failed handshake leaves its alert.
                self._writer.write(self._outgoing.read())
                await self._writer.drain()
            self._incoming.write(await self._arrived())
