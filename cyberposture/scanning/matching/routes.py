"""Says whether a network may announce a prefix, by the route-origin records that are published.

Source: RFC 6811, BGP Prefix Origin Validation, section 2, January 2013; RFC 7607 on AS 0.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final, Literal

Validity = Literal["valid", "invalid", "not-found"]
Prefix = IPv4Network | IPv6Network
_WORST_FIRST: Final[tuple[Validity, ...]] = ("invalid", "not-found", "valid")


@dataclass(frozen=True, slots=True)
class Payload:
    """A validated record (VRP): this network may announce the prefix, down to that length."""

    prefix: Prefix
    max_length: int
    asn: int


def validate(route: Prefix, origin: int | None, payloads: Iterable[Payload]) -> Validity:
    """Return the validity of a route; `origin` None is a path that ends in a set of networks.

    A record covers the route if it is as short or shorter and holds it. It matches if, besides,
    the route is no longer than it allows and the origin is its own; network 0 matches nothing.
    """
    is_covered = False
    for one in payloads:
        if not covers(one.prefix, route):
            continue
        is_covered = True
        if origin is not None and origin == one.asn != 0 and route.prefixlen <= one.max_length:
            return "valid"
    return "invalid" if is_covered else "not-found"


def covers(wide: Prefix, narrow: Prefix) -> bool:
    """Return whether a prefix holds the other, or is the same."""
    if isinstance(wide, IPv4Network):
        return isinstance(narrow, IPv4Network) and narrow.subnet_of(wide)
    return isinstance(narrow, IPv6Network) and narrow.subnet_of(wide)


def worst(found: Iterable[Validity]) -> Validity | None:
    """Return the worst of several, or None of none."""
    seen = set(found)
    return next((one for one in _WORST_FIRST if one in seen), None)


def covering(prefix: Prefix) -> tuple[str, ...]:
    """Return every prefix that covers this one, the longest (itself) first: at most 129."""
    return tuple(
        str(prefix.supernet(new_prefix=length)) for length in range(prefix.prefixlen, -1, -1)
    )


def read_prefix(text: str) -> Prefix:
    """Return the prefix that a text spells, without host bits.

    Raises:
        ValueError: it is none, or has host bits.
    """
    if "/" not in text:
        raise ValueError("a prefix has a length, such as 192.0.2.0/24")
    return ip_network(text)


def first_address(prefix: Prefix) -> str:
    """Return the first address as text that sorts as the addresses of one family do."""
    return f"{prefix.version}:{int(prefix.network_address):032x}"


def last_address(prefix: Prefix) -> str:
    """Return the last address, spelled as `first_address` does."""
    return f"{prefix.version}:{int(prefix.broadcast_address):032x}"
