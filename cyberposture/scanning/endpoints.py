"""Finds the endpoints of a host that a check judges, and says what it means that there are none."""

from cyberposture.model.checks import Check, Endpoints
from cyberposture.scanning.hostview import Endpoint, HostView
from cyberposture.scanning.states import State
from cyberposture.scanning.truth import FALSE, UNKNOWN, UNTESTED, Truth
from cyberposture.scanning.words_host import OPENNESS

NAMED_TECHNIQUES = frozenset({"tls-handshake", "http-exchange"})
"""Techniques that speak to a port under a name, so that each name is an endpoint of its own."""


def find_endpoints(check: Check, view: HostView) -> list[Endpoint]:
    """Return the endpoints to judge, by port and name; the host as a whole where none is named."""
    wanted = check.endpoints
    if wanted.speaking is not None:
        return _speaking(check, view)
    if not wanted.ports and not wanted.services:
        return [Endpoint(view, wanted.protocol)]
    ports = set(wanted.ports)
    if wanted.services:
        ports.update(_serving(wanted, view))
    return [Endpoint(view, wanted.protocol, port) for port in sorted(ports)]


def _serving(wanted: Endpoints, view: HostView) -> list[int]:
    names = wanted.services
    return [
        key[1]
        for key, fact in view.services.items()
        if key[0] == wanted.protocol
        and (fact.service or "").lower() in names
        and view.state(*key) is State.OPEN
    ]


def _speaking(check: Check, view: HostView) -> list[Endpoint]:
    kind = check.endpoints.speaking
    by_name = check.technique in NAMED_TECHNIQUES
    if kind == "tls":
        found = [(port, True) for port in view.tls_ports(at_once=by_name)]
        known = {port: set(names) for port, names in view.tls.items()}
        return [
            Endpoint(view, "tcp", port, name)
            for port, _ in found
            for name in (_names(known.get(port)) if by_name else (None,))
        ]
    found = []
    if kind in ("https", "web"):
        found += [(port, True) for port in view.web_ports(tls=True)]
    if kind in ("http", "web"):
        found += [(port, False) for port in view.web_ports(tls=False)]
    return [
        Endpoint(view, "tcp", port, name, tls)
        for port, tls in sorted(found)
        for name in _names(set(view.web.get((port, tls), {})))
    ]


def _names(names: set[str | None] | None) -> list[str | None]:
    """Return the names a port was spoken to under; without a name only where there is none.

    What a shared server shows to a visitor without a name is no one's page.
    """
    return [*sorted(name for name in names or () if name is not None)] or [None]


def absence(check: Check, view: HostView) -> Truth:
    """Return whether an endpoint of this kind may be there although none was found.

    FALSE: every port that was asked for is decided, and every open one was identified as something
    else; UNKNOWN: some were not; UNTESTED: no port was asked for.
    """
    wanted = check.endpoints
    if not view.was_asked(wanted.protocol):
        return UNTESTED
    if not view.is_clear(wanted.protocol):
        return UNKNOWN
    for port in view.open_ports(wanted.protocol):
        if not _is_identified(wanted, view, port):
            return UNKNOWN
    return FALSE


def _is_identified(wanted: Endpoints, view: HostView, port: int) -> bool:
    """Return whether it is known what an open port speaks, as far as this check asks."""
    found = view.services.get((wanted.protocol, port))
    if found is not None:
        return True
    if wanted.speaking == "tls":
        return any(shake.fact.outcome == "no-tls" for shake in view.tls.get(port, {}).values())
    if wanted.speaking is not None:
        pages = [
            page.outcome
            for tls in (True, False)
            for paths in view.web.get((port, tls), {}).values()
            for page in paths.values()
        ]
        return bool(pages) and "timed-out" not in pages and "failed" not in pages
    return False


def nothing_was_asked(check: Check, view: HostView) -> bool:
    """Return whether not one of the ports that the check names was looked at."""
    wanted = check.endpoints
    return bool(wanted.ports) and all(
        OPENNESS[view.state(wanted.protocol, port)] is UNTESTED for port in wanted.ports
    )
