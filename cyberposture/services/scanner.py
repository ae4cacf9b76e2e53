"""What a scanner is and how gently it goes; values that the runtime hands in."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cyberposture.errors import WrongUsage
from cyberposture.model.observations import Fact, Range
from cyberposture.scanning.techniques import Pace

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

    @property
    def pace(self) -> Pace:
        """How gently nmap goes."""
        return Pace(
            rate_pps=self.rate_pps,
            host_timeout_s=self.host_timeout_s,
            parallelism=self.connections_per_address,
        )

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
