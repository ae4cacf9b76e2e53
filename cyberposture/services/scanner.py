"""What a scanner is and how gently it goes; values that the runtime hands in."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cyberposture.errors import WrongUsage
from cyberposture.model.observations import Fact, Range
from cyberposture.scanning.techniques import Pace
from cyberposture.scanning.timing.buckets import Manners, manners_for

_VANTAGE = re.compile(r"external|internal:[a-z0-9]+(-[a-z0-9]+)*")


def require_vantage(text: str) -> str:
    """Return the text, if it names a place where a scanner may stand.

    Raises:
        WrongUsage: it names none.
    """
    if not _VANTAGE.fullmatch(text):
        raise WrongUsage("a vantage is external, or internal:ZONE with a zone in kebab-case")
    return text


@dataclass(frozen=True)
class Scanner:
    """One scanner: its name, where it stands, its manners and its means."""

    scanner_id: str
    vantage: str
    user_agent: str
    search_path: str
    has_raw_sockets: bool
    rate_pps: int
    connections_per_address: int
    parallel_chunks: int
    host_timeout_s: int
    stop_poll_s: float
    port_offset: int
    trust_store: Path | None
    ticket_key: bytes
    resolver: tuple[str, int] | None = None
    """Address and port of the resolver that names are looked up with; None: none are."""
    network_pps: int | None = None
    institution_pps: int | None = None
    system_pps: int | None = None
    """Packets a second to a network, an institution, to all; None: as many times `rate_pps`."""

    @property
    def pace(self) -> Pace:
        """How gently nmap goes."""
        return Pace(
            rate_pps=self.rate_pps,
            host_timeout_s=self.host_timeout_s,
            parallelism=self.connections_per_address,
        )

    @property
    def manners(self) -> Manners:
        """How fast may be sent, for system, institution, network and address."""
        return manners_for(
            self.rate_pps,
            network_pps=self.network_pps,
            institution_pps=self.institution_pps,
            system_pps=self.system_pps,
        )

    def setup(self, lends_to: str | None = None) -> dict[str, Any]:
        """Return what all workers of a vantage must have alike, as plain values.

        What one plans another sends; the rates and the turns at an address are theirs together.
        """
        manners = self.manners
        return {
            "rate_pps": self.rate_pps,
            "rate_network_pps": manners.network.per_s,
            "rate_institution_pps": manners.institution.per_s,
            "rate_system_pps": manners.system.per_s,
            "connections_per_address": self.connections_per_address,
            "parallel_chunks": self.parallel_chunks,
            "host_timeout_s": self.host_timeout_s,
            "laboratory_port_offset": self.port_offset,
            "resolver": None if self.resolver is None else list(self.resolver),
            "user_agent": self.user_agent,
            "raw_sockets": self.has_raw_sockets,
            "lends_to": lends_to,
        }

    def actual_port(self, port: int) -> int:
        """Return the port that is really contacted for `port`.

        They differ in the laboratory of an account that may not use low ports.
        """
        return port + self.port_offset if port < 1024 else port

    def meant_port(self, port: int) -> int:
        """Return the port that a really contacted one stands for."""
        offset = self.port_offset
        return port - offset if offset and offset < port < offset + 1024 else port

    def meant_fact(self, fact: Fact) -> Fact:
        """Return the fact about the ports that were meant, as people and checks know them.

        The raw file still shows the ports that were really contacted.
        """
        if not self.port_offset:
            return fact
        changed: dict[str, object] = {}
        if fact.tested is not None:
            changed["tested"] = {p: self._meant(ranges) for p, ranges in fact.tested.items()}
        if fact.host is not None:
            ports = tuple(
                port.model_copy(update={"port": self.meant_port(port.port)})
                for port in fact.host.ports
            )
            extra = tuple(
                group.model_copy(update={"ranges": self._meant(group.ranges)})
                if group.ranges is not None
                else group
                for group in fact.host.extra
            )
            changed["host"] = fact.host.model_copy(update={"ports": ports, "extra": extra})
        for kind in ("tls", "http", "mail", "services"):
            seen = getattr(fact, kind)
            changed[kind] = tuple(
                one.model_copy(update={"port": self.meant_port(one.port)}) for one in seen
            )
        return fact.model_copy(update=changed)

    def _meant(self, ranges: Iterable[Range]) -> tuple[Range, ...]:
        ports = sorted(
            {self.meant_port(port) for low, high in ranges for port in range(low, high + 1)}
        )
        joined: list[Range] = []
        for port in ports:
            if joined and joined[-1][1] == port - 1:
                joined[-1] = (joined[-1][0], port)
            else:
                joined.append((port, port))
        return tuple(joined)
