"""The kinds of text that settings are made of, each checked when it is read."""

import re
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from cyberposture.model.addresses import read_address


def _addresses(text: str) -> str:
    """Return the text if it names addresses, and nothing else, with commas between."""
    for part in text.split(","):
        read_address(part.strip())
    return text


def read_place(text: str) -> tuple[str, int]:
    """Return address and port.

    Raises:
        ValueError: it is not an address and a port.
    """
    address, colon, port = text.rpartition(":")
    bare = address.removeprefix("[").removesuffix("]")
    read = ip_address(bare)
    if not colon or not re.fullmatch(r"[0-9]{1,5}", port) or not 1 <= int(port) <= 65_535:
        raise ValueError("a resolver is ADDRESS:PORT, such as 192.0.2.53:53")
    if (read.version == 6) != address.startswith("["):
        raise ValueError("an IPv6 address stands in brackets, an IPv4 address does not")
    return str(read), int(port)


def _resolver(text: str) -> str:
    read_place(text)
    return text


HomePath = Annotated[Path, AfterValidator(Path.expanduser)]
HeaderText = Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]{1,200}$")]
"""Text that may stand in an HTTP header: printable ASCII, no line break."""

HostText = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9:]([A-Za-z0-9._:-]*[A-Za-z0-9])?$", max_length=253)
]
"""A name or an address of a host."""

AddressList = Annotated[str, AfterValidator(_addresses)]
Spoken = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=200)]
Place = Annotated[str, AfterValidator(_resolver)]
"""ADDRESS:PORT, an IPv6 address in brackets."""
