"""The laboratory itself: starts the hosts' services in one background thread, mends and stops them.

It binds addresses of 127.0.0.0/8 only and calls nobody. When `start` returns, every port of the
plan is open.
"""

import asyncio
import logging
import threading
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Self, TypeVar

import asyncssh

from cyberposture.clock import Clock, utc_now
from cyberposture.errors import CyberpostureError, MissingService, NotFound, WrongState, WrongUsage
from cyberposture.laboratory.certificates import Certificates
from cyberposture.laboratory.conversation import Tally
from cyberposture.laboratory.hosts import Host, Kind, Service
from cyberposture.laboratory.kinds import SHEETS
from cyberposture.laboratory.listeners import Listener, TCPListener, UDPListener, let_arrive
from cyberposture.laboratory.ports import moved
from cyberposture.laboratory.station import Station, make_station

_log = logging.getLogger(__name__)
_ORDER_TIMEOUT_S = 20.0

Spot = tuple[str, int]
"""An address and a port as planned, before any offset."""
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Endpoint:
    """One open port: as planned, and as it is really bound."""

    host: str
    address: str
    protocol: Literal["tcp", "udp"]
    port: int
    bound_port: int
    kind: Kind


@dataclass(frozen=True)
class Counters:
    """What has reached one port since the start: connections or datagrams, and their bytes."""

    connections: int
    bytes_received: int


class Laboratory:
    """Hosts with running services; a context manager, used once."""

    def __init__(
        self,
        hosts: Sequence[Host],
        certificates: Certificates,
        port_offset: int = 0,
        *,
        clock: Clock = utc_now,
    ) -> None:
        """Lay the plan out; nothing is bound yet.

        `port_offset` is added to planned ports under 1024 (see `ports.needed_port_offset`).

        Raises:
            WrongUsage: two hosts share an address, or the offset brings two ports together.
        """
        self._hosts = {host.address: host for host in hosts}
        if len(self._hosts) != len(hosts):
            raise WrongUsage("two hosts of the laboratory share an address")
        self._offset = port_offset
        for host in hosts:
            bound = [moved(service.port, port_offset) for service in host.services]
            if len(set(bound)) != len(bound):
                raise WrongUsage(f"offset {port_offset} brings two ports of {host.code} together")
        self._certificates, self._clock = certificates, clock
        self._ssh_key = asyncssh.generate_private_key("ssh-ed25519")
        self._open: dict[Spot, list[Listener]] = {}
        self._tallies: dict[Spot, Tally] = {}
        self._failures: list[BaseException] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Bind every port of the plan; all are open when this returns.

        Raises:
            MissingService: a port cannot be bound; nothing stays open.
            WrongState: it runs already, or has been stopped.
        """
        if self._thread is not None:
            raise WrongState("a laboratory starts once")
        stations = [
            self._station(host, service)
            for host in self._hosts.values()
            for service in host.services
        ]
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(self._note_failure)
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="laboratory", daemon=True
        )
        self._thread.start()
        try:
            self._order(self._open_all(stations))
        except MissingService:
            self.stop()
            raise

    def stop(self) -> None:
        """Close every port and connection and end the thread; a second call does nothing.

        Raises:
            CyberpostureError: a service failed in a way that is a fault of the laboratory.
        """
        loop, self._loop = self._loop, None
        if loop is None or self._thread is None:
            return
        asyncio.run_coroutine_threadsafe(self._close_all(), loop).result(_ORDER_TIMEOUT_S)
        loop.call_soon_threadsafe(loop.stop)
        self._thread.join(_ORDER_TIMEOUT_S)
        loop.close()
        if self._failures:
            raise CyberpostureError("a laboratory service failed") from self._failures[0]

    def repair(self, address: str, port: int, service: Service | None) -> None:
        """Put `service` where the old one was, or close the port with None, while all else runs.

        On a port where nothing was, the service is added. Counters go on counting.

        Raises:
            NotFound: no host has this address, or there is nothing to close.
            WrongUsage: the new service is planned for another port.
            MissingService: the port cannot be bound; the old service is gone.
        """
        host = self._hosts.get(address)
        if host is None:
            raise NotFound("laboratory host", address)
        if service is None and (address, port) not in self._open:
            raise NotFound("laboratory service", f"{address}:{port}")
        if service is not None and service.port != port:
            raise WrongUsage(f"a service for port {service.port} cannot stand on port {port}")
        station = None if service is None else self._station(host, service)
        self._order(self._replace((address, port), station))

    def counters(self, address: str, port: int) -> Counters:
        """Return what had reached this planned port when it was asked; also after the stop.

        Raises:
            NotFound: nothing was ever open there.
        """
        tally = self._tallies.get((address, port))
        if tally is None:
            raise NotFound("laboratory service", f"{address}:{port}")
        if self._loop is not None:
            self._order(let_arrive())
        return Counters(tally.connections, tally.bytes_received)

    def listening(self) -> tuple[Endpoint, ...]:
        """Return every open port, sorted by address and port; UDP and TCP of one are two."""
        found = []
        for (address, port), listeners in sorted(self._open.items()):
            for listener in listeners:
                station = listener.station
                found.append(
                    Endpoint(
                        host=station.host.code,
                        address=address,
                        protocol="tcp" if isinstance(listener, TCPListener) else "udp",
                        port=port,
                        bound_port=self.bound_port(port),
                        kind=station.service.kind,
                    )
                )
        return tuple(found)

    def bound_port(self, port: int) -> int:
        """Return the port that is really bound for a planned one."""
        return moved(port, self._offset)

    def _station(self, host: Host, service: Service) -> Station:
        return make_station(
            host,
            service,
            certificates=self._certificates,
            ssh_key=self._ssh_key,
            clock=self._clock,
        )

    def _order(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        if self._loop is None:
            work.close()
            raise WrongState("the laboratory is not running")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_ORDER_TIMEOUT_S)

    async def _open_all(self, stations: Sequence[Station]) -> None:
        for station in stations:
            await self._open_one(station)

    async def _open_one(self, station: Station) -> None:
        address, port = station.host.address, station.service.port
        sheet = SHEETS[station.service.kind]
        tally = self._tallies.setdefault((address, port), Tally())
        opened = self._open.setdefault((address, port), [])
        bound = self.bound_port(port)
        try:
            if sheet.speaker is not None:
                tcp = TCPListener(station, sheet.speaker, sheet.limits, tally)
                await tcp.open(address, bound)
                opened.append(tcp)
            if sheet.answerer is not None:
                udp = UDPListener(station, sheet.answerer, tally)
                await udp.open(address, bound)
                opened.append(udp)
        except OSError as error:
            await self._close_one((address, port))
            raise MissingService(
                f"{address}:{bound} cannot be bound: {error.strerror or error}",
                advice="free the port, or leave a port offset to needed_port_offset()",
            ) from error

    async def _close_one(self, spot: Spot) -> None:
        for listener in self._open.pop(spot, []):
            await listener.close()

    async def _close_all(self) -> None:
        await asyncio.gather(*(self._close_one(spot) for spot in tuple(self._open)))

    async def _replace(self, spot: Spot, station: Station | None) -> None:
        await self._close_one(spot)
        if station is not None:
            await self._open_one(station)

    def _note_failure(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception") or RuntimeError(context["message"])
        self._failures.append(error)
        _log.error("%s", context["message"], exc_info=error)
