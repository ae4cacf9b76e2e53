"""The kinds of text that settings are made of, each checked when it is read."""

import re
import unicodedata
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from pydantic import AfterValidator, StringConstraints

from cyberposture.model.addresses import read_address

MASK: Final = "********"


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


def mask_url(url: str) -> str:
    """Return a database URL with every password in it replaced by asterisks."""
    parts = urlsplit(url)
    user, separator, host = parts.netloc.rpartition("@")
    name, has_password, _ = user.partition(":")
    if has_password:
        user = f"{name}:{MASK}"
    query = [
        (key, MASK if "password" in key.lower() else value)
        for key, value in parse_qsl(parts.query, keep_blank_values=True)
    ]
    tail = "?" + urlencode(query, safe="*/:,") if query else ""
    return f"{parts.scheme}://{user}{separator}{host}{parts.path}{tail}"


def _resolver(text: str) -> str:
    read_place(text)
    return text


def _on_one_line(text: str) -> str:
    """Return the text if nothing in it is invisible, breaks its line or turns its direction."""
    if any(unicodedata.category(sign)[0] in "CZ" and sign not in _MAY_STAND for sign in text):
        raise ValueError("one line, without signs that are invisible or turn the direction")
    return text


_MAY_STAND = " \u200c\u200d"
"""A blank, and the joiners that belong to the spelling of Urdu."""

HomePath = Annotated[Path, AfterValidator(Path.expanduser)]
HeaderText = Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]{1,200}$")]
"""Text that may stand in an HTTP header: printable ASCII, no line break."""

HostText = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9:]([A-Za-z0-9._:-]*[A-Za-z0-9])?$", max_length=253)
]
"""A name or an address of a host."""

AddressList = Annotated[str, AfterValidator(_addresses)]
Spoken = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=200)]
BodyName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=2, max_length=80),
    AfterValidator(_on_one_line),
]
"""The name of a body as people read it, in any script."""
Reached = Annotated[Spoken, AfterValidator(_on_one_line)]
"""A telephone as it is read, with what belongs to it."""
WebAddress = Annotated[str, StringConstraints(pattern=r"^https?://[!-~]{1,190}$")]
Place = Annotated[str, AfterValidator(_resolver)]
"""ADDRESS:PORT, an IPv6 address in brackets."""
