"""Turns a parsed scan into facts: what was asked of each address, and what came back.

Coverage is the set that was requested less the set that was reported, never nmap's exit code, and
silence is never an answer. Nothing is judged here.
"""

from collections.abc import Collection, Iterator
from typing import Any, Final, Literal, cast

from cyberposture.model.observations import ExtraPorts, Fact, HostFact, PortFact
from cyberposture.scanning.parse import ParsedScan
from cyberposture.scanning.ports import count_ports, holds_port, join_ranges, ranges_of

State = Literal[
    "open",
    "closed",
    "filtered",
    "open|filtered",
    "unfiltered",
    "closed|filtered",
    "tcpwrapped",
    "unknown",
    "not-tested",
]
Outcome = Literal["answered", "timed-out", "no-answer", "not-tested", "error"]

ANSWERS: Final = frozenset({"open", "closed", "unfiltered", "tcpwrapped"})
"""States in which something came back from the host itself."""
SILENCE: Final = frozenset({"filtered", "open|filtered"})


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


def state_of(fact: Fact, protocol: str, port: int) -> State:
    """Return what this one fact says of a port.

    `unknown` means that it was tried, or may have been, and that no usable answer came: the run
    failed, the host timed out, or the port lies in a remainder of which nmap does not tell.
    `filtered` says nothing yet: see `is_conclusive`.
    """
    if fact.outcome == "not-tested":
        return "not-tested"
    stated = None if fact.outcome == "error" else _stated(fact.host, protocol, port)
    if stated:
        return stated
    if fact.tested is None:
        vague = fact.host is not None and any(group.ranges is None for group in fact.host.extra)
        return "unknown" if vague or fact.outcome != "answered" else "not-tested"
    return "unknown" if holds_port(fact.tested.get(protocol, ()), port) else "not-tested"


def _stated(host: HostFact | None, protocol: str, port: int) -> State | None:
    """Return the state that nmap gives the port, one by one or in a remainder with ranges."""
    if host is None:
        return None
    for named in host.ports:
        if named.port == port and named.protocol == protocol:
            return _named_state(named)
    for group in host.extra:
        if group.protocol == protocol and group.ranges and holds_port(group.ranges, port):
            return cast(State, group.state)
    return None


def _named_state(port: PortFact) -> State:
    is_wrapped = port.state == "open" and port.service in ("tcpwrapped", "ssl/tcpwrapped")
    return "tcpwrapped" if is_wrapped else cast(State, port.state)


def has_answered(fact: Fact) -> bool:
    """Return whether the host itself answered on any port in this run (open or closed).

    That it is `up` proves nothing: nmap says so of every host that it was told to take for up.
    """
    if fact.host is None or fact.outcome == "error":
        return False
    states = {_named_state(port) for port in fact.host.ports}
    return bool(ANSWERS & (states | {group.state for group in fact.host.extra if group.count}))


def is_conclusive(fact: Fact, protocol: str, port: int) -> bool:
    """Return whether this one fact decides the state of a port.

    Open and closed do. Filtered does only where the host answered elsewhere in the same run, and
    then says that the port cannot be reached from here; a host that is silent on every port may be
    down, or may be blocking us.
    """
    state = state_of(fact, protocol, port)
    return state in ("open", "closed") or (state == "filtered" and has_answered(fact))


def perhaps_blocked(formerly_open: Collection[tuple[str, int]], now: Fact) -> bool:
    """Return whether every formerly open port that was tried again gives silence, all at once.

    Ports are given as protocol and port. Such a fact closes nothing, and is worth an alert.
    """
    states = {state_of(now, protocol, port) for protocol, port in formerly_open} - {"not-tested"}
    return bool(states) and states <= SILENCE
