"""What an archived raw file shows was contacted: addresses, ports and times. It judges nothing.

nmap's XML tells it by its command line and by its hosts, a probe's record by what it lists.
"""

import io
import json
import shlex
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from cyberposture.errors import InvalidInput
from cyberposture.model.addresses import read_address
from cyberposture.model.observations import HostFact, Range
from cyberposture.scanning.reading.parse import parse

_TAKES_A_FILE = frozenset({"--excludefile", "-oX", "-iL"})


class Traces(NamedTuple):
    """What a raw file shows: every address, every stretch of ports, first and last moment."""

    addresses: frozenset[str]
    ports: tuple[Range, ...]
    started_at: datetime | None
    ended_at: datetime | None

    def outside(self, targets: Iterable[str], ports: Iterable[int] | None) -> list[str]:
        """Return what lies in neither of the two, in words; ports None stands for all."""
        found = [f"address {one}" for one in sorted(self.addresses - set(targets))]
        if ports is None:
            return found
        allowed = set(ports)
        strange = {
            port for low, high in self.ports for port in range(low, high + 1) if port not in allowed
        }
        return found + [f"port {port}" for port in sorted(strange)[:5]]


def read_traces(data: bytes) -> Traces:
    """Return what a raw file shows.

    Raises:
        InvalidInput: it is neither nmap XML nor the record of a probe.
    """
    if data.lstrip()[:1] == b"{":
        return _of_probe(data)
    parsed = parse(io.BytesIO(data))
    addresses = {host.address for host in parsed.hosts} | set(_targets_of(parsed.args or ""))
    ports = [stretch for stretches in (parsed.tested or {}).values() for stretch in stretches]
    ports += [stretch for host in parsed.hosts for stretch in _ports_of(host)]
    return Traces(frozenset(addresses), tuple(ports), parsed.started_at, parsed.ended_at)


def read_lookup(data: bytes) -> tuple[str, datetime, datetime]:
    """Return the name that the record of a lookup is about, and when it began and ended.

    Raises:
        InvalidInput: it is no record of a lookup.
    """
    try:
        record = json.loads(data)
        times = (datetime.fromisoformat(record[f"{which}_at"]) for which in ("started", "ended"))
        started, ended = times
        return str(record["name"]), started, ended
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidInput(f"it is no record of a lookup: {error}") from error


def _ports_of(host: HostFact) -> Iterator[Range]:
    for port in host.ports:
        yield (port.port, port.port)
    for extra in host.extra:
        yield from extra.ranges or ()


def _targets_of(command: str) -> Iterator[str]:
    """Yield the addresses on a command line of nmap; names of files are passed over."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise InvalidInput("the command line in the file cannot be read") from error
    skipping = False
    for word in words:
        if skipping or word in _TAKES_A_FILE:
            skipping = not skipping
            continue
        try:
            read_address(word)
        except ValueError:
            continue
        yield word.lower()


def _of_probe(data: bytes) -> Traces:
    try:
        record = json.loads(data)
        seen: list[dict[str, Any]] = record["seen"]
        spoken_to = (one.get("address", one.get("server")) for one in seen)
        addresses = {*record["targets"], *(address for address in spoken_to if address)}
        ports = {*record["ports"], *(one["port"] for one in seen if "port" in one)}
        started = datetime.fromisoformat(record["started_at"])
        ended = datetime.fromisoformat(record["ended_at"])
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidInput(f"it is no record of a probe: {error}") from error
    return Traces(frozenset(addresses), tuple((port, port) for port in ports), started, ended)
