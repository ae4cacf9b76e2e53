"""Turns a parsed scan into facts: what was asked of each address, and what came back.

Coverage is the set that was requested less the set that was reported, never nmap's exit code.
Nothing is judged here; what a fact says of each port is read in
`cyberposture.scanning.reading.states`.
"""

from collections.abc import Iterator
from typing import Any, Literal

from cyberposture.model.observations import ExtraPorts, Fact, HostFact, PortFact
from cyberposture.scanning.ports import count_ports, join_ranges, ranges_of
from cyberposture.scanning.reading.parse import ParsedScan

Outcome = Literal["answered", "timed-out", "no-answer", "not-tested", "error"]


def read_facts(
    scan: ParsedScan,
    *,
    technique: str,
    vantage: str = "external",
    artefact: str | None = None,
    parameters: dict[str, Any] | None = None,
) -> Iterator[Fact]:
    """Yield a fact for each reported host, then one for each requested address that is missing.

    `artefact` is the SHA-256 of the file that was parsed. The hosts of the facts are compact: see
    `compact_host`.
    """
    shared: dict[str, Any] = {
        "technique": technique,
        "vantage": vantage,
        "artefact": artefact,
        "parameters": parameters or {},
        "scanner": f"{scan.scanner} {scan.version}".strip(),
        "tested": scan.tested,
    }
    for host in scan.hosts:
        yield Fact(
            address=host.address,
            outcome=_outcome(scan, host),
            host=compact_host(host),
            started_at=host.started_at or scan.started_at,
            ended_at=host.ended_at or scan.ended_at,
            **shared,
        )
    for address in scan.not_reported:
        yield Fact(
            address=address,
            outcome=_outcome_of_missing(scan),
            started_at=scan.started_at,
            ended_at=scan.ended_at,
            **shared,
        )


def _outcome(scan: ParsedScan, host: HostFact) -> Outcome:
    if scan.exit == "error":
        return "error"
    if host.timed_out:
        return "timed-out"
    if host.state == "down":
        return "no-answer"
    if host.state in ("unknown", "skipped"):
        return "not-tested"  # A list scan names addresses without contacting them.
    return "answered"


def _outcome_of_missing(scan: ParsedScan) -> Outcome:
    if scan.exit == "error":
        return "error"
    if not scan.complete:
        return "not-tested"
    if not scan.hosts and not scan.addresses:
        return "not-tested"  # Every target was excluded, or no name was resolved.
    return "no-answer"


def compact_host(host: HostFact) -> HostFact:
    """Return the host with a row only for ports that are open or tell something.

    The others, which nmap names one by one where they are few, are summed up with their ranges.
    """
    telling: list[PortFact] = []
    quiet: dict[tuple[str, str], list[int]] = {}
    for port in host.ports:
        if port.state == "open" or port.scripts or port.cpe or port.method == "probed":
            telling.append(port)
        else:
            quiet.setdefault((port.protocol, port.state), []).append(port.port)
    if not quiet:
        return host
    extra: list[ExtraPorts] = []
    for group in host.extra:
        ports = quiet.pop((group.protocol, group.state), []) if group.ranges is not None else []
        extra.append(_summed(group.protocol, group.state, ports, group) if ports else group)
    extra += [_summed(protocol, state, ports) for (protocol, state), ports in quiet.items()]
    return host.model_copy(update={"ports": tuple(telling), "extra": tuple(extra)})


def _summed(
    protocol: str, state: str, ports: list[int], group: ExtraPorts | None = None
) -> ExtraPorts:
    stretches = (group.ranges if group else None) or ()
    ranges = join_ranges((*stretches, *ranges_of(ports)))
    return ExtraPorts(protocol=protocol, state=state, count=count_ports(ranges), ranges=ranges)
