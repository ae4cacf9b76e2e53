"""Computed facts about what is reachable: against registers, against zones, and without a login."""

import re
from typing import Final

from cyberposture.scanning.judging.hostview import Endpoint
from cyberposture.scanning.judging.truth import UNKNOWN, UNTESTED, Found
from cyberposture.scanning.judging.wording import listed, quote
from cyberposture.scanning.ports import PortKey
from cyberposture.scanning.reading.states import State


def _port_name(key: PortKey) -> str:
    return f"{key[1]}/{key[0]}"


def _open_keys(endpoint: Endpoint) -> list[PortKey]:
    if endpoint.port is not None:
        key = (endpoint.protocol, endpoint.port)
        return [key] if endpoint.state() is State.OPEN else []
    view = endpoint.view
    return [(protocol, port) for protocol in ("tcp", "udp") for port in view.open_ports(protocol)]


def _none_offends(endpoint: Endpoint, note: str) -> Found:
    """Return False where every port asked for is decided, otherwise what is missing."""
    view, protocol = endpoint.view, endpoint.protocol
    if endpoint.port is not None:
        state = endpoint.state()
        if state is State.NOT_TESTED:
            return Found(UNTESTED)
        decided = state in (State.OPEN, State.CLOSED, State.FILTERED)
    elif protocol not in view.asked:
        return Found(UNTESTED, "no port was asked for")
    else:
        decided = view.is_clear(protocol)
    return Found(False, note) if decided else Found(UNKNOWN, "some ports gave no clear answer")


def undeclared_port(endpoint: Endpoint) -> Found:
    """Whether a port is open that the institution has not declared."""
    declared = endpoint.view.context.services
    if declared is None:
        return Found(UNTESTED, "no services are declared for this address")
    offending = [_port_name(key) for key in _open_keys(endpoint) if key not in declared]
    if offending:
        return Found(True, f"open and not declared: {listed(offending)}")
    return _none_offends(endpoint, "every open port is declared")


def crosses_zones(endpoint: Endpoint) -> Found:
    """Whether the host was looked at from another zone than its own."""
    context = endpoint.view.context
    if context.zone is None or context.scanner_zone is None:
        return Found(UNTESTED, "the zone of the address is not declared")
    return Found(context.zone != context.scanner_zone, f"from {context.scanner_zone}")


def forbidden_flow(endpoint: Endpoint) -> Found:
    """Whether a port is reachable from a zone that no declared flow lets in."""
    context = endpoint.view.context
    if context.permits((endpoint.protocol, 0)) is None:
        return Found(UNTESTED, "no zone policy is declared for this address")
    offending = [_port_name(key) for key in _open_keys(endpoint) if context.permits(key) is False]
    if offending:
        return Found(
            True, f"{listed(offending)} in {context.zone} reachable from {context.scanner_zone}"
        )
    return _none_offends(endpoint, f"only what {context.zone} permits is reachable")


def undeclared_host(endpoint: Endpoint) -> Found:
    """Whether something answers at an address that is in no register."""
    view = endpoint.view
    if view.context.is_declared is None:
        return Found(UNTESTED, "no hosts are declared")
    if not view.answered:
        return Found(UNKNOWN, "nothing answered")
    return Found(not view.context.is_declared, "something answers at this address")


_ASKS: Final = re.compile(r"need to login|not authori[sz]e|authentication required", re.IGNORECASE)


def unauthenticated_store(endpoint: Endpoint) -> Found:
    """Whether a data store answered a question about itself without asking who we are.

    Version detection puts a harmless question to Redis (INFO), Memcached (stats) and MongoDB
    (serverStatus); only a store without a password tells its version in the answer. A Redis that
    wants one mostly just falls silent, which stays unknown.
    """
    service = endpoint.service()
    if service is None:
        return Found(UNKNOWN, "the service was not identified")
    script = endpoint.script("redis-info")
    spoken = f"{service.extra_info or ''} {script.output if script else ''}"
    if _ASKS.search(spoken):
        return Found(False, "it asks for a login")
    product = quote(f"{service.product or service.service or ''} {service.version or ''}")
    told = script is not None and isinstance(script.tables, dict) and "Version" in script.tables
    if service.version or told:
        return Found(True, f"{product} answered without a login")
    return Found(UNKNOWN, f"{product} did not tell whether it asks for a login")


def missing_service(endpoint: Endpoint) -> Found:
    """Whether a service is declared at a port where a host that answers has none."""
    view = endpoint.view
    declared = view.context.services
    if declared is None:
        return Found(UNTESTED, "no services are declared for this address")
    states = {key: view.state(*key) for key in declared}
    gone = sorted(key for key, state in states.items() if state is State.CLOSED)
    if gone:
        return Found(True, f"declared and closed: {listed([_port_name(key) for key in gone])}")
    if any(state is State.NOT_TESTED for state in states.values()):
        return Found(UNTESTED, "not every declared port was looked at")
    if all(state is State.OPEN for state in states.values()):
        return Found(False, "every declared port is open")
    return Found(UNKNOWN, "some declared ports gave no clear answer")


_MANAGEMENT: Final[frozenset[PortKey]] = frozenset(
    ("tcp", port)
    for port in (22, 23, 135, 445, 1433, 1521, 3306, 3389, 5432, 5900, 5985, 5986, 27017)
)


def management_by_a_wide_rule(endpoint: Endpoint) -> Found:
    """Whether management can be reached from another zone because a flow names no ports."""
    view, context = endpoint.view, endpoint.view.context
    if context.flows is None or context.zone is None or context.scanner_zone is None:
        return Found(UNTESTED, "no zone policy is declared for this address")
    wide = any(
        flow.services is None and (flow.origin, flow.target) == (context.scanner_zone, context.zone)
        for flow in context.flows
    )
    if not wide:
        return Found(False, "no declared flow opens every port")
    states = {key: view.state(*key) for key in sorted(_MANAGEMENT)}
    reached = [_port_name(key) for key, state in states.items() if state is State.OPEN]
    if reached:
        return Found(True, f"{listed(reached)} reachable from {context.scanner_zone}")
    if all(state in (State.CLOSED, State.FILTERED) for state in states.values()):
        return Found(False, "no management port is reachable")
    if any(state is State.INCONCLUSIVE for state in states.values()):
        return Found(UNKNOWN, "some ports gave no clear answer")
    return Found(UNTESTED, "not every management port was looked at")


def lists_modules(endpoint: Endpoint) -> Found:
    """Whether an rsync server lists what it keeps to whoever asks."""
    script = endpoint.script("rsync-list-modules")
    if script is None:
        return Found(UNKNOWN if "rsync-list-modules" in endpoint.view.script_runs else UNTESTED)
    names = [line.split()[0] for line in script.output.splitlines() if line.strip()]
    if not names or script.output.strip().upper().startswith("ERROR"):
        return Found(UNKNOWN, "it gave no list")
    return Found(True, f"it lists {listed([quote(name, 40) for name in names], 3)}")
