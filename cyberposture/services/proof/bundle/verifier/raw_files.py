"""What a raw file of a scan shows as looked at."""

import json
import shlex
from collections.abc import Iterator
from xml.parsers import expat

from .gate import read_address


def addresses_in(data: bytes) -> set[str]:
    """Return every address that a raw file shows as looked at: of nmap's XML, or a probe's record.

    Raises:
        ValueError: it is neither.
    """
    if data.lstrip()[:1] == b"{":
        record = json.loads(data)
        spoken = (one.get("address", one.get("server")) for one in record.get("seen", ()))
        return {*record.get("targets", ()), *(one for one in spoken if one)}
    found: set[str] = set()

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag == "address" and attributes.get("addrtype", "ipv4") != "mac":
            found.add(attributes.get("addr", "").lower())
        if tag == "nmaprun":
            found.update(_targets(attributes.get("args", "")))

    def declared(*_: object) -> None:
        raise ValueError("it declares entities")

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EntityDeclHandler = start, declared
    try:
        parser.Parse(data, True)
    except expat.ExpatError:
        if not found:  # one that was cut off by a stop is read as far as it goes
            raise
    return found


def _targets(command: str) -> Iterator[str]:
    words = shlex.split(command)
    for before, word in zip(["", *words], words, strict=False):
        if before not in ("--excludefile", "--exclude", "-oX", "-iL") and read_address(word):
            yield word.lower()
