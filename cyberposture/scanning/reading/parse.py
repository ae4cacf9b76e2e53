"""Reads a scan that nmap (or masscan) wrote as XML: the hosts, and what became of the run.

It needs no nmap program and judges nothing; `reading` turns a parsed scan into facts.
"""

import json
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from cyberposture.errors import Fault, InvalidInput
from cyberposture.model.foundation import Model, Moment
from cyberposture.model.observations import HostFact, Range
from cyberposture.scanning.reading.nmap_xml import HostFields, HostStream, Source, canonical_address
from cyberposture.scanning.reading.repeats import each_host_once, merge_hosts


class ParsedScan(Model):
    """One file, read as far as it goes; every address stands in it once."""

    scanner: str
    version: str
    args: str | None = None
    started_at: Moment | None = None
    ended_at: Moment | None = None
    exit: Literal["success", "error"] | None = None
    """What nmap itself says of the run; None where it says nothing (old nmap, masscan, a cut)."""
    error: str | None = None
    complete: bool
    """The file ends properly, whatever became of the run."""
    addresses: int | None = None
    """How many addresses nmap says it looked at; a resumed run counts only its last part."""
    tested: dict[str, tuple[Range, ...]] | None = None
    """Ports asked for, by protocol; empty for a mere discovery, None if the file does not tell."""
    hosts: tuple[HostFact, ...] = ()
    not_reported: tuple[str, ...] = ()
    """Requested addresses that did not come back."""
    warnings: tuple[str, ...] = ()


def parse(source: Source, requested: Sequence[str] | None = None) -> ParsedScan:
    """Return the scan in a file, with all its hosts in memory; see `HostStream` for large files.

    Raises:
        InvalidInput: it is not nmap XML at all, or passes a limit; or a requested address is none.
    """
    wanted = _canonical(requested)
    stream = HostStream(source)
    records: dict[str, list[HostFields]] = {}
    for host in stream:
        records.setdefault(host["address"], []).append(host)
    run = stream.run
    return ParsedScan.model_validate(
        {
            "scanner": run.scanner,
            "version": run.version,
            "args": run.args,
            "started_at": run.started,
            "ended_at": run.finished,
            "exit": run.exit,
            "error": run.error,
            "complete": run.complete,
            "addresses": run.addresses,
            "tested": run.tested if run.tells_tested else None,
            "hosts": [merge_hosts(found) for found in records.values()],
            "not_reported": [address for address in wanted if address not in records],
            "warnings": run.warnings,
        }
    )


def read_requested(path: Path) -> tuple[str, ...]:
    """Return the addresses in a file, one a line, in canonical spelling and each once.

    Empty lines and lines that begin with `#` are passed over.

    Raises:
        InvalidInput: a line is no address, with file and line; or the file can't be read as text.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(Fault(str(path), f"cannot be read as text: {error}")) from error
    texts = {number: line.strip() for number, line in enumerate(lines, start=1)}
    return _canonical_by_place(
        {f"{path}:{n}": text for n, text in texts.items() if text and not text.startswith("#")}
    )


def parse_door(source: Source, requested: Sequence[str] | None = None) -> dict[str, Any]:
    """Return the document of `scan parse --json`.

    Its keys are `complete`; `hosts`, each with the fields of a `HostFact` (`address`, `state`,
    `timed_out`, `ports` that are named one by one, `extra` that are summed up, with `ranges` as
    pairs of first and last port or null where nmap does not tell which); and `not_reported`.

    Raises:
        InvalidInput: as for `parse`.
    """
    document: dict[str, Any] = json.loads("".join(parse_door_text(source, requested)))
    return document


def parse_door_text(source: Source, requested: Sequence[str] | None = None) -> Iterator[str]:
    """Yield the document of `parse_door` as JSON text, piece by piece and in little memory.

    Nothing is yielded before the whole file has been read, so an error comes before any text.

    Raises:
        InvalidInput: as for `parse`.
    """
    missing = dict.fromkeys(_canonical(requested))
    stream = HostStream(source)
    hosts = each_host_once(stream)
    first = next(hosts, None)
    yield f'{{"complete": {json.dumps(stream.run.complete)}, "hosts": ['
    separator = "\n"
    for address, text in chain([first] if first else [], hosts):
        missing.pop(address, None)
        yield separator + text
        separator = ",\n"
    yield f'\n], "not_reported": {json.dumps(list(missing))}}}\n'


def _canonical(requested: Sequence[str] | None) -> tuple[str, ...]:
    texts = enumerate(requested or ())
    return _canonical_by_place({f"requested[{number}]": text for number, text in texts})


def _canonical_by_place(texts: dict[str, str]) -> tuple[str, ...]:
    """Return the addresses in canonical spelling and each once, or say where one is none."""
    addresses = {where: canonical_address(text) for where, text in texts.items()}
    faults = [
        Fault(where, f"{texts[where]!r:.60} is no IP address")
        for where, address in addresses.items()
        if address is None
    ]
    if faults:
        raise InvalidInput(faults)
    return tuple(dict.fromkeys(address for address in addresses.values() if address))
