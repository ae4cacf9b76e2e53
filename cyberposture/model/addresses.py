"""Addresses and CIDRs in the one spelling that we accept; nothing is resolved or repaired.

Programs read `127.1`, `2130706433` or `0x7f000001` as addresses too. Whoever takes such a text for
one address while the next program takes it for another has lost control of what is contacted, so
every other spelling is refused here instead of being normalised.
"""

import re
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import Annotated, NamedTuple

from pydantic import AfterValidator

Address = IPv4Address | IPv6Address

_LONGEST = len("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")
_LENGTH = re.compile(r"(0|[1-9][0-9]{0,2})\Z")


def is_mapped(address: Address) -> bool:
    """Return whether this is an IPv6 address that only stands for an IPv4 one."""
    return isinstance(address, IPv6Address) and int(address) >> 32 == 0xFFFF


def _spelling(address: Address) -> str:
    """Return the canonical text, with mapped addresses in hexadecimal groups like all others.

    The library's own text of a mapped address depends on the version of Python.
    """
    if is_mapped(address):
        low = int(address) & 0xFFFF_FFFF
        return f"::ffff:{low >> 16:x}:{low & 0xFFFF:x}"
    return str(address)


def read_address(text: str) -> Address:
    """Return the address that `text` spells canonically (letter case aside).

    Dotted decimal without leading zeros, or RFC 5952 in hexadecimal groups only, without a zone
    id. IPv4-mapped addresses are read; whether they are acceptable is the caller's question.

    Raises:
        ValueError: any other text.
    Source: RFC 5952, section 4.
    """
    if len(text) > _LONGEST or not text.isascii() or "%" in text:
        raise ValueError("not an address in canonical spelling")
    try:
        address: Address = IPv6Address(text) if ":" in text else IPv4Address(text)
    except ValueError as error:
        raise ValueError("not an address in canonical spelling") from error
    if _spelling(address) != text.lower():
        raise ValueError(f"not in canonical spelling; the address is written {_spelling(address)}")
    return address


class CIDR(NamedTuple):
    """A network as numbers: 4 or 6, its first and last address, and its prefix length."""

    version: int
    first: int
    last: int
    length: int


def read_cidr(text: str) -> CIDR:
    """Return the network that `text` spells as a canonical CIDR, such as `192.0.2.0/24`.

    Raises:
        ValueError: no prefix length, another spelling, host bits, or the IPv4-mapped form.
    """
    address_text, slash, length_text = text.partition("/")
    if not slash:
        raise ValueError("not a CIDR; a single address is written with /32 or /128")
    address = read_address(address_text)
    if is_mapped(address):
        raise ValueError("an IPv4-mapped CIDR; write the IPv4 form")
    if not _LENGTH.match(length_text) or int(length_text) > address.max_prefixlen:
        raise ValueError(f"the prefix length is a number from 0 to {address.max_prefixlen}")
    first, length = int(address), int(length_text)
    host_bits = (1 << (address.max_prefixlen - length)) - 1
    if first & host_bits:
        network = ip_network((address, length), strict=False)
        raise ValueError(f"host bits are set; the network is {network}")
    return CIDR(address.version, first, first | host_bits, length)


def _checked_address(text: str) -> str:
    read_address(text)
    return text


def _checked_cidr(text: str) -> str:
    read_cidr(text)
    return text


AddressText = Annotated[str, AfterValidator(_checked_address)]
"""A field that holds an address in canonical spelling, as it was written."""

CIDRText = Annotated[str, AfterValidator(_checked_cidr)]
"""A field that holds a CIDR in canonical spelling, as it was written."""
