"""Arithmetic of port ranges, and where the ports lie that nmap only sums up.

It does not decide what may be scanned: see `scope` and `techniques`.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cyberposture.model.observations import Range

Ranges = tuple[Range, ...]
"""Ascending stretches of ports that neither touch nor overlap."""

PortKey = tuple[str, int]
"""Protocol and port."""

HIGHEST_PORT = 65_535
ANY_PROTOCOL = "any"
"""The protocol of a remainder that covers several, where nmap does not tell how."""


def parse_ranges(text: str) -> Ranges:
    """Return the ports that nmap writes as `1-5,7`; empty text gives none.

    Raises:
        ValueError: the text is no list of ports.
    """
    return join_ranges(_parse_range(part) for part in text.split(",") if part)


def _parse_range(text: str) -> Range:
    first, dash, last = text.partition("-")
    stretch = int(first), int(last if dash else first)
    if not 0 <= stretch[0] <= stretch[1] <= HIGHEST_PORT:
        raise ValueError(f"{text!r} is no range of ports")
    return stretch


def join_ranges(ranges: Iterable[Range]) -> Ranges:
    """Return the union of `ranges`, which may come in any order and overlap."""
    joined: list[Range] = []
    for first, last in sorted(ranges):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = joined[-1][0], max(joined[-1][1], last)
        else:
            joined.append((first, last))
    return tuple(joined)


def ranges_of(ports: Iterable[int]) -> Ranges:
    """Return single ports as ranges."""
    return join_ranges((port, port) for port in ports)


def ports_in(ranges: Iterable[Range]) -> Iterator[int]:
    """Yield every port of `ranges`."""
    for first, last in ranges:
        yield from range(first, last + 1)


def count_ports(ranges: Ranges) -> int:
    """Return how many ports `ranges` hold."""
    return sum(last - first + 1 for first, last in ranges)


def holds_port(ranges: Ranges, port: int) -> bool:
    """Return whether `port` lies in one of `ranges`."""
    position = bisect_right(ranges, (port, HIGHEST_PORT))
    return position > 0 and ranges[position - 1][1] >= port


def without_ports(ranges: Ranges, ports: Collection[int]) -> Ranges:
    """Return `ranges` less the given ports."""
    left: list[Range] = []
    gone = sorted(set(ports))
    for first, last in ranges:
        start = first
        for port in gone[bisect_right(gone, first - 1) : bisect_right(gone, last)]:
            if start < port:
                left.append((start, port - 1))
            start = port + 1
        if start <= last:
            left.append((start, last))
    return tuple(left)


@dataclass
class Remainder:
    """Ports of one host and state that nmap sums up; `told` names them by protocol, if it does."""

    state: str
    count: int
    told: dict[str, Ranges] = field(default_factory=dict)
    is_told: bool = True

    def add(self, protocol: str | None, ranges: Ranges) -> None:
        """Take what nmap tells of a part of these ports; no ranges: it does not tell."""
        if protocol is None or not ranges:
            self.is_told = False
        elif protocol in self.told:
            self.told[protocol] = join_ranges((*self.told[protocol], *ranges))
        else:
            self.told[protocol] = ranges

    def is_placed(self) -> bool:
        """Return whether the ports that nmap names are as many as it counts."""
        return self.is_told and sum(map(count_ports, self.told.values())) == self.count


def place_remainders(
    remainders: Collection[Remainder],
    explicit: Collection[PortKey],
    tested: Mapping[str, Ranges],
) -> list[dict[str, Any]]:
    """Return the remainders as fields of `ExtraPorts`, one for each protocol where that is known.

    Ranges are those that nmap names (7.93 does, 7.91 did not). Where it names none, they are the
    tested ports less the `explicit` ones, provided that these are as many as
    the remainder counts. Of several remainders none has ranges then: nmap does not tell which
    port is in which.
    """
    rows: list[dict[str, Any]] = []
    for remainder in remainders:
        placed = remainder.is_placed()
        if not placed:
            remainder.told = _untold(explicit, tested)
            remainder.is_told = True
            placed = remainder.is_placed()
        if placed:
            rows += [
                _row(remainder.state, protocol, count_ports(ranges), ranges)
                for protocol, ranges in remainder.told.items()
                if ranges
            ]
        elif remainder.count:
            protocol = next(iter(tested)) if len(tested) == 1 else ANY_PROTOCOL
            rows.append(_row(remainder.state, protocol, remainder.count, None))
    return rows


def _untold(explicit: Collection[PortKey], tested: Mapping[str, Ranges]) -> dict[str, Ranges]:
    """Return the tested ports of each protocol that are not named explicitly."""
    return {
        protocol: without_ports(ranges, [port for kind, port in explicit if kind == protocol])
        for protocol, ranges in tested.items()
    }


def _row(state: str, protocol: str, count: int, ranges: Ranges | None) -> dict[str, Any]:
    return {"protocol": protocol, "state": state, "count": count, "ranges": ranges}
