"""Reads the XML of nmap and masscan as a stream, holding one host at a time, whatever its size.

It says what the file says. What that means for a target is decided in `reading`.
"""

import ipaddress
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal, get_args
from xml.etree.ElementTree import Element

from cyberposture.errors import Fault, InvalidInput
from cyberposture.model.observations import PortState
from cyberposture.scanning.ports import (
    HIGHEST_PORT,
    PortKey,
    Ranges,
    Remainder,
    join_ranges,
    parse_ranges,
    place_remainders,
)
from cyberposture.scanning.reading.xml_guard import GuardedXML

Source = str | Path | BinaryIO
"""A file's path, or a stream of its bytes."""
HostFields = dict[str, Any]
"""The fields of a `HostFact` as plain values, fit for `HostFact.model_validate` and for JSON."""

PROTOCOLS: Final = frozenset({"tcp", "udp", "sctp", "ip"})
STATES: Final[frozenset[str]] = frozenset(get_args(PortState))
HOST_STATES: Final = frozenset({"up", "down", "unknown", "skipped"})
HARDWARE_ADDRESS: Final = re.compile(r"([0-9A-F]{2}:){5}[0-9A-F]{2}")
NOTHING: Final[dict[str, str]] = {}
LATEST_SECOND: Final = 253_402_300_799
"""The end of the year 9999."""
MAX_WARNINGS: Final = 100
MAX_REMEMBERED: Final = 1_000


@dataclass
class RunRecord:
    """What a file says of the run as a whole; settled only when its last byte has been read."""

    scanner: str = "nmap"
    version: str = ""
    args: str | None = None
    started: str | None = None
    """In ISO 8601, like `finished`."""
    finished: str | None = None
    exit: Literal["success", "error"] | None = None
    error: str | None = None
    addresses: int | None = None
    """How many addresses the run says it looked at."""
    tested: dict[str, Ranges] = field(default_factory=dict)
    tells_tested: bool = True
    complete: bool = False
    warnings: list[str] = field(default_factory=list)


class HostStream:
    """Iterates once over the hosts of a file as they stand there; an address may come twice.

    A host that is cut in the middle is not given. `run` is settled when the iteration has ended.
    Iterating raises InvalidInput, with file and line, where the file is not nmap XML at all or
    passes a limit.
    """

    def __init__(self, source: Source) -> None:
        self.run = RunRecord()
        self._source = source
        self._ranges: dict[str, Ranges] = {}

    def __iter__(self) -> Iterator[HostFields]:
        with _open(self._source) as (stream, name):
            xml = GuardedXML(stream, name, root="nmaprun")
            for record in xml.records():
                if record.tag == "host":
                    host = self._read_host(record)
                    if host:
                        yield host
                elif record.tag == "scaninfo":
                    self._read_scaninfo(record)
                elif record.tag == "runstats":
                    self._read_run_statistics(record)
        self._settle(xml)

    def _settle(self, xml: GuardedXML) -> None:
        run, attributes = self.run, xml.root.attrib if xml.root is not None else {}
        run.scanner = attributes.get("scanner", "nmap")
        run.version = attributes.get("version", "")
        run.args = attributes.get("args")
        run.started = _moment(attributes.get("start"))
        run.complete = xml.problem is None
        if xml.problem:
            # First, so that the most important warning is never the one too many.
            run.warnings.insert(0, f"{xml.name}:{xml.line}: the file is {xml.problem}")
        if run.scanner == "masscan" and not run.tested:
            run.tells_tested = False

    def _warn(self, what: str) -> None:
        if len(self.run.warnings) < MAX_WARNINGS:
            self.run.warnings.append(what)

    def _read_scaninfo(self, element: Element) -> None:
        protocol, ranges = element.get("protocol"), self._parse_ranges(element.get("services"))
        if protocol in PROTOCOLS and ranges:
            tested = self.run.tested
            tested[protocol] = join_ranges((*tested.get(protocol, ()), *ranges))
        else:
            self.run.tells_tested = False

    def _parse_ranges(self, text: str | None) -> Ranges:
        """Return the ranges in a text, none if it makes no sense; most hosts share one text."""
        text = text or ""
        if text not in self._ranges:
            if len(self._ranges) >= MAX_REMEMBERED:
                self._ranges.clear()
            try:
                self._ranges[text] = parse_ranges(text)
            except ValueError:
                self._ranges[text] = ()
        return self._ranges[text]

    def _read_run_statistics(self, element: Element) -> None:
        run = self.run
        for child in element:
            if child.tag == "finished":
                run.finished = _moment(child.get("time"))
                run.error = child.get("errormsg")
                word = child.get("exit")
                # A word that is not known is no success.
                run.exit = None if word is None else "success" if word == "success" else "error"
            elif child.tag == "hosts":
                run.addresses = _number(child.get("total"))

    def _read_host(self, element: Element) -> HostFields | None:
        state = address = hardware_address = None
        ports: dict[PortKey, dict[str, Any]] = {}
        extra: list[dict[str, Any]] = []
        scripts: list[dict[str, Any]] = []
        for child in element:
            if child.tag == "ports":
                extra += self._read_ports(child, address or hardware_address, ports)
            elif child.tag == "address":
                text = child.get("addr", "")
                if child.get("addrtype") != "mac":
                    address = address or canonical_address(text)
                elif HARDWARE_ADDRESS.fullmatch(text.upper()):
                    hardware_address = text.upper()
            elif child.tag == "status":
                state = child.get("state") if child.get("state") in HOST_STATES else None
            elif child.tag == "hostscript":
                scripts += [_read_script(script) for script in child]
        if not (address or hardware_address):
            self._warn("a host without a usable address is left out")
            return None
        return {
            "address": address or hardware_address,
            "state": state or ("up" if ports else "unknown"),
            "timed_out": element.get("timedout") == "true",
            "ports": list(ports.values()),
            "extra": extra,
            "scripts": scripts,
            "started_at": _moment(element.get("starttime")),
            "ended_at": _moment(element.get("endtime")),
        }

    def _read_ports(
        self, element: Element, host: str | None, ports: dict[PortKey, dict[str, Any]]
    ) -> list[dict[str, Any]]:
        """Add the ports that are named to `ports`; return those that are summed up."""
        remainders: list[Remainder] = []
        for child in element:
            if child.tag == "port":
                port = _read_port(child)
                if port is None:
                    self._warn(f"{host}: {_shown(child)} is no port and is left out")
                    continue
                earlier = ports.setdefault((port["protocol"], port["port"]), port)
                if earlier["state"] != port["state"]:
                    earlier["state"] = "unknown"
            elif child.tag == "extraports":
                remainders.append(self._read_remainder(child))
        tested = self.run.tested if self.run.tells_tested else {}
        return place_remainders(remainders, ports, tested)

    def _read_remainder(self, element: Element) -> Remainder:
        state = element.get("state", "")
        remainder = Remainder(
            state if state in STATES else "unknown", _number(element.get("count")) or 0
        )
        for reason in element:
            protocol, ranges = reason.get("proto"), self._parse_ranges(reason.get("ports"))
            remainder.add(protocol if protocol in PROTOCOLS else None, ranges)
        return remainder


def _read_port(element: Element) -> dict[str, Any] | None:
    """Return the fields of a `PortFact`, or None where this is no port."""
    protocol, text = element.get("protocol"), element.get("portid", "")
    number = int(text) if text.isdecimal() and len(text) <= 5 else HIGHEST_PORT + 1
    if protocol not in PROTOCOLS or number > HIGHEST_PORT:
        return None
    state = service = NOTHING
    cpe: list[str] = []
    scripts: list[dict[str, Any]] = []
    for child in element:
        tag = child.tag
        if tag == "state":
            state = child.attrib
        elif tag == "service":
            service = child.attrib
            cpe = [part.text for part in child if part.text and part.tag == "cpe"]
        elif tag == "script":
            scripts.append(_read_script(child))
    word, told = state.get("state"), service.get
    name = told("name")
    if name and told("tunnel") == "ssl":
        name = f"ssl/{name}"
    return {
        "protocol": protocol,
        "port": number,
        "state": word if word in STATES else "unknown",
        "reason": state.get("reason"),
        "service": name,
        "product": told("product"),
        "version": told("version"),
        "extra_info": told("extrainfo"),
        "method": told("method"),
        "cpe": cpe,
        "scripts": scripts,
    }


def _read_script(element: Element) -> dict[str, Any]:
    """Return the fields of a `ScriptOutput`; `tables` is None where the script has none."""
    return {
        "id": element.get("id", ""),
        "output": element.get("output", ""),
        "tables": _plain_value(element) if len(element) else None,
    }


def _plain_value(element: Element) -> Any:
    """Return a table as a dict where every entry has a key of its own, otherwise as a list.

    In a list, an entry that has a key stands as a dict of one.
    """
    entries = [
        (child.get("key"), (child.text or "") if child.tag == "elem" else _plain_value(child))
        for child in element
        if child.tag in ("elem", "table")
    ]
    keys = {key for key, _ in entries if key is not None}
    if entries and len(keys) == len(entries):
        return dict(entries)
    return [value if key is None else {key: value} for key, value in entries]


def canonical_address(text: str) -> str | None:
    """Return the canonical spelling of an IP address; None where it is none, or has a zone."""
    try:
        return None if "%" in text else str(ipaddress.ip_address(text))
    except ValueError:
        return None


def _shown(port: Element) -> str:
    return f"{port.get('portid', '')[:20]!r} of protocol {port.get('protocol', '')[:20]!r}"


def _number(text: str | None) -> int | None:
    """Return a whole number of at most 40 digits (there are that many IPv6 addresses), or None."""
    return int(text) if text and text.isdecimal() and len(text) <= 40 else None


def _moment(text: str | None) -> str | None:
    """Return the moment that seconds since 1970 name, in ISO 8601, or None if they name none."""
    seconds = _number(text)
    if seconds is None or seconds > LATEST_SECOND:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat()


@contextmanager
def _open(source: Source) -> Iterator[tuple[BinaryIO, str]]:
    """Give the stream to read and the name to call it by; a stream that was given stays open."""
    if not isinstance(source, str | Path):
        yield source, str(getattr(source, "name", "input"))
        return
    try:
        with Path(source).open("rb") as stream:
            yield stream, str(source)
    except OSError as error:
        raise InvalidInput(Fault(str(source), f"cannot be read: {error.strerror}")) from error
