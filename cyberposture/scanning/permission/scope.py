"""Sets of addresses that are asked, never expanded: a /8 costs what a single address costs.

Addresses of both families lie on one line of whole numbers: IPv6 from 0, IPv4 above it.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address
from typing import Final, Self

from cyberposture.errors import WrongUsage
from cyberposture.model.addresses import CIDR, Address, is_mapped, read_address, read_cidr

IPV4_STARTS: Final = 1 << 128
IPV4_ENDS: Final = IPV4_STARTS + (1 << 32) - 1
Ports = frozenset[int] | None
"""Ports that an entry allows; None means all."""


def parse_address(text: str) -> Address:
    """Return the address that may be contacted under this text.

    Raises:
        WrongUsage: not in canonical spelling, with a zone id, or an IPv4-mapped IPv6 address.
    """
    try:
        address = read_address(text)
    except ValueError as error:
        raise WrongUsage(f"{text[:60]!r}: {error}") from error
    if is_mapped(address):
        raise WrongUsage(f"{text[:60]!r}: an IPv4-mapped address; ask for its IPv4 form")
    return address


def number_of(address: Address) -> int:
    """Return the place of the address on the one line of numbers."""
    return IPV4_STARTS + int(address) if isinstance(address, IPv4Address) else int(address)


def spell_span(first: int, last: int) -> str:
    """Return the addresses of a stretch as people read them; it is cut where its family ends."""
    if first >= IPV4_STARTS:
        ends = [str(IPv4Address(number - IPV4_STARTS)) for number in (first, last)]
    else:
        ends = [str(IPv6Address(number)) for number in (first, min(last, IPV4_STARTS - 1))]
    return " to ".join(dict.fromkeys(ends))


def _span(cidr: CIDR) -> tuple[int, int]:
    base = IPV4_STARTS if cidr.version == 4 else 0
    return base + cidr.first, base + cidr.last


class IntervalSet:
    """A set of addresses as sorted, merged stretches of numbers."""

    def __init__(self, spans: Iterable[tuple[int, int]]) -> None:
        """Take stretches of first and last number, in any order, overlapping or not."""
        starts: list[int] = []
        ends: list[int] = []
        for first, last in sorted(spans):
            if ends and first <= ends[-1] + 1:
                ends[-1] = max(ends[-1], last)
            else:
                starts.append(first)
                ends.append(last)
        self._starts, self._ends = starts, ends

    @classmethod
    def of_cidrs(cls, cidrs: Iterable[str]) -> Self:
        """Return the set of all addresses in these CIDRs.

        Raises:
            ValueError: a text is no canonical CIDR.
        """
        return cls(_span(read_cidr(cidr)) for cidr in cidrs)

    def __contains__(self, number: int) -> bool:
        index = bisect_right(self._starts, number) - 1
        return index >= 0 and number <= self._ends[index]

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return zip(self._starts, self._ends, strict=True)

    def overlaps(self, other: Self) -> bool:
        """Return whether any address lies in both sets."""
        return any(other._touches(first, last) for first, last in self)

    def common(self, other: Self) -> Self:
        """Return the addresses that lie in both sets."""
        found: list[tuple[int, int]] = []
        for first, last in self:
            index = max(bisect_right(other._starts, first) - 1, 0)
            while index < len(other._starts) and other._starts[index] <= last:
                start, end = max(first, other._starts[index]), min(last, other._ends[index])
                if start <= end:
                    found.append((start, end))
                index += 1
        return type(self)(found)

    def without(self, other: Self) -> Self:
        """Return the addresses of this set that do not lie in the other."""
        starts = [0, *(end + 1 for end in other._ends)]
        ends = [*(start - 1 for start in other._starts), IPV4_ENDS]
        rest = type(self)((s, e) for s, e in zip(starts, ends, strict=True) if s <= e)
        return self.common(rest)

    def _touches(self, first: int, last: int) -> bool:
        index = bisect_right(self._starts, last) - 1
        return index >= 0 and self._ends[index] >= first


class PortTable:
    """Which ports are allowed where: the entries of a scope, found by prefix length."""

    def __init__(self, entries: Iterable[tuple[str, Iterable[int] | None]]) -> None:
        """Take CIDRs with the ports that each allows (None: all).

        Raises:
            ValueError: a text is no canonical CIDR.
        """
        self._by_family: dict[int, dict[int, dict[int, Ports]]] = {4: {}, 6: {}}
        for text, ports in entries:
            cidr = read_cidr(text)
            shift = (32 if cidr.version == 4 else 128) - cidr.length
            table = self._by_family[cidr.version].setdefault(shift, {})
            key = _span(cidr)[0] >> shift
            if ports is None or (key in table and table[key] is None):
                table[key] = None
            else:
                table[key] = (table.get(key) or frozenset()) | frozenset(ports)

    def allows(self, number: int, port: int | None) -> bool | None:
        """Return whether an entry that holds the address allows the port; None: none holds it.

        A port of None asks for all ports, which only an entry without a list allows.
        """
        found: bool | None = None
        for shift, table in self._by_family[4 if number >= IPV4_STARTS else 6].items():
            key = number >> shift
            if key in table:
                ports = table[key]
                if ports is None or port in ports:
                    return True
                found = False
        return found


def _ipv6_span(first: int, after: int) -> tuple[int, int]:
    """Return the stretch from the address whose first 16 bits are `first` to before `after`."""
    return first << 112, (after << 112) - 1


NEVER_CONTACTED: Final = IntervalSet(
    [
        *IntervalSet.of_cidrs(["0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4"]),
        *IntervalSet.of_cidrs(["2001::/32", "2002::/16"]),
        (0, 0),
        (2, (0x2000 << 112) - 1),
        _ipv6_span(0x4000, 0xFC00),
        _ipv6_span(0xFE00, 0x1_0000),
    ]
)
"""This host, link-local, multicast, reserved, Teredo, 6to4, and all IPv6 outside 2000::/3 but
loopback and unique-local addresses.

Source: version 1 of the gate; IANA, IPv4 and IPv6 Special-Purpose Address Registries.
"""

CONTACTED_WHERE_SPECIAL_IS_ALLOWED: Final = IntervalSet.of_cidrs(
    [
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "::1/128",
        "fc00::/7",
        "2001:2::/48",
        "2001:db8::/32",
        "3fff::/20",
    ]
)
"""Loopback, private, shared, benchmarking and documentation addresses: only where an entry of
the scope says so expressly.

Source: version 1 of the gate; IANA, IPv4 and IPv6 Special-Purpose Address Registries.
"""
