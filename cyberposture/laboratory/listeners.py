"""Open ports: the only place where the laboratory binds sockets, on loopback and nowhere else."""

import asyncio
from functools import partial
from ipaddress import ip_address
from typing import Any

from cyberposture.laboratory.channel import Channel
from cyberposture.laboratory.conversation import Conversation, Limits, Tally
from cyberposture.laboratory.hosts import LOOPBACK, require_loopback
from cyberposture.laboratory.station import Answerer, Speaker, Station

_CLOSING_TIMEOUT_S = 2.0
_ARRIVAL_TURNS = 8
_DATAGRAM_LIMIT_BYTES = 8192


async def let_arrive() -> None:
    """Give the loop the few turns in which it accepts, reads or closes what is waiting."""
    for _ in range(_ARRIVAL_TURNS):
        await asyncio.sleep(0)


def _is_loopback(peer: object) -> bool:
    return isinstance(peer, tuple) and ip_address(peer[0]) in LOOPBACK


class _CountedProtocol(asyncio.StreamReaderProtocol):
    """A stream whose bytes are counted on arrival and end at the connection's share."""

    def __init__(self, listener: "TCPListener") -> None:
        loop = asyncio.get_running_loop()
        super().__init__(asyncio.StreamReader(loop=loop), self._begin, loop=loop)
        self._listener = listener
        self._received_bytes = 0
        self._raw: asyncio.Transport | None = None

    def connection_made(self, transport: Any) -> None:
        if self._listener.is_closed or not _is_loopback(transport.get_extra_info("peername")):
            transport.abort()
            return
        self._raw = transport
        self._listener.tally.connections += 1
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        self._received_bytes += len(data)
        self._listener.tally.bytes_received += len(data)
        if self._received_bytes > self._listener.limits.received_bytes:
            self.abort()
            return
        super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._raw = None
        super().connection_lost(exc)

    def abort(self) -> None:
        """Close at once, unless the connection is gone already."""
        # A transport that asyncio has let go of fails when it is aborted once more.
        if self._raw is not None:
            self._raw.abort()

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._listener.begin(self, Conversation(Channel(reader, writer), self._listener.limits))


class TCPListener:
    """One bound TCP port and the conversations on it."""

    def __init__(self, station: Station, speaker: Speaker, limits: Limits, tally: Tally) -> None:
        self.station, self.limits, self.tally = station, limits, tally
        self._speaker = speaker
        self._server: asyncio.Server | None = None
        self._conversations: set[asyncio.Task[None]] = set()
        self.is_closed = False

    async def open(self, address: str, port: int) -> None:
        """Bind and listen.

        Raises:
            OSError: the port cannot be bound.
        """
        self._server = await asyncio.get_running_loop().create_server(
            lambda: _CountedProtocol(self), require_loopback(address), port
        )

    def begin(self, connection: _CountedProtocol, client: Conversation) -> None:
        """Serve one client in a task of its own."""
        task = asyncio.get_running_loop().create_task(self._serve(client))
        self._conversations.add(task)
        # The client's stream must outlive the task: one that goes unclosed is warned of.
        task.add_done_callback(partial(self._end, connection, client))

    async def close(self) -> None:
        """Stop listening and end every conversation."""
        self.is_closed = True
        if self._server is not None:
            # A server closed between accepting a connection and wrapping it would leave that
            # connection open for ever, so accepting ends first and what is under way arrives.
            for bound in self._server.sockets:
                asyncio.get_running_loop().remove_reader(bound.fileno())
            await let_arrive()
            self._server.close()
        for task in tuple(self._conversations):
            task.cancel()
        if self._conversations:
            await asyncio.wait(self._conversations, timeout=_CLOSING_TIMEOUT_S)
        await let_arrive()

    async def _serve(self, client: Conversation) -> None:
        try:
            async with asyncio.timeout(self.limits.lifetime_s):
                if self.station.service.opens_with_tls and self.station.tls:
                    await client.start_tls(self.station.tls)
                await self._speaker(client, self.station)
                await client.finish()
        except (EOFError, OSError):
            # The ordinary ends of a conversation: the client left, or its share is used up.
            return

    def _end(
        self, connection: _CountedProtocol, _client: Conversation, task: asyncio.Task[None]
    ) -> None:
        connection.abort()
        self._conversations.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            asyncio.get_running_loop().call_exception_handler(
                {"message": f"{self.station.service.kind} service failed", "exception": error}
            )


class UDPListener(asyncio.DatagramProtocol):
    """One bound UDP port; each datagram has at most one answer."""

    def __init__(self, station: Station, answerer: Answerer, tally: Tally) -> None:
        self.station, self.tally = station, tally
        self._answerer = answerer
        self._transport: asyncio.DatagramTransport | None = None

    async def open(self, address: str, port: int) -> None:
        """Bind.

        Raises:
            OSError: the port cannot be bound.
        """
        await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: self, local_addr=(require_loopback(address), port)
        )

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        if self._transport is None or not _is_loopback(addr):
            return
        self.tally.connections += 1
        self.tally.bytes_received += len(data)
        if len(data) > _DATAGRAM_LIMIT_BYTES:
            return
        answer = self._answerer(data, self.station)
        if answer is not None:
            self._transport.sendto(answer, addr)

    async def close(self) -> None:
        """Stop answering and free the port."""
        if self._transport is not None:
            self._transport.close()
            await let_arrive()


Listener = TCPListener | UDPListener
