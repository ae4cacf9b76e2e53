"""Finds the endpoints of a host that a check judges, and says what it means that there are none.

Many checks choose alike (every page, every TLS port), so a host keeps each choice once made.
"""

from typing import NamedTuple

from cyberposture.model.checks import Check, Subject
from cyberposture.scanning.judging.hostview import Endpoint, HostView
from cyberposture.scanning.judging.truth import FALSE, UNKNOWN, UNTESTED, Truth
from cyberposture.scanning.reading.states import State

NAMED_TECHNIQUES = frozenset({"tls-handshake", "http-exchange"})
"""Techniques that speak to a port under a name, so that each name is an endpoint of its own."""


class Choice(NamedTuple):
    """Which endpoints a check judges, in a form that hosts can keep answers by."""

    protocol: str
    ports: tuple[int, ...]
    services: frozenset[str]
    speaking: str | None
    usual: tuple[int, ...]
    by_name: bool
    subject: Subject = "host"

    @property
    def is_whole(self) -> bool:
        """Whether the host as a whole is judged."""
        return not (self.ports or self.services or self.speaking)


def choice_of(check: Check) -> Choice:
    """Return the endpoints that the check asks for."""
    wanted = check.endpoints
    return Choice(
        wanted.protocol,
        tuple(sorted(wanted.ports)),
        frozenset(wanted.services),
        wanted.speaking,
        wanted.usual,
        check.technique in NAMED_TECHNIQUES,
        wanted.subject,
    )


def find_endpoints(choice: Choice, view: HostView) -> list[Endpoint]:
    """Return the endpoints to judge, by port and name; the host as a whole where none is named."""
    found: list[Endpoint] | None = view.kept.get(choice)
    if found is None:
        found = view.kept[choice] = _look(choice, view)
    return found


def _look(choice: Choice, view: HostView) -> list[Endpoint]:
    if choice.is_whole:
        return [Endpoint(view, choice.protocol)]
    if choice.speaking is not None:
        return _speaking(choice, view)
    ports = sorted({*choice.ports, *_serving(choice, view)}) if choice.services else choice.ports
    return [view.endpoint(choice.protocol, port) for port in ports]


def _serving(choice: Choice, view: HostView) -> list[int]:
    return [
        key[1]
        for key, fact in view.services.items()
        if key[0] == choice.protocol
        and (fact.service or "").lower() in choice.services
        and view.state(*key) is State.OPEN
    ]


def _speaking(choice: Choice, view: HostView) -> list[Endpoint]:
    if choice.speaking == "product":
        return [view.endpoint("tcp", port) for port in _naming_products(view)]
    if choice.speaking == "tls":
        ports = view.tls_ports(at_once=choice.by_name)
        if not choice.by_name:
            return [view.endpoint("tcp", port) for port in ports]
        return [
            Endpoint(view, "tcp", port, name)
            for port in ports
            for name in _names(set(view.tls.get(port, ())))
        ]
    pages = [(port, True) for port in view.web_ports(tls=True)] if choice.speaking != "http" else []
    if choice.speaking != "https":
        pages += [(port, False) for port in view.web_ports(tls=False)]
    return [
        Endpoint(view, "tcp", port, name, tls)
        for port, tls in sorted(pages)
        for name in _names(set(view.web.get((port, tls), ())))
    ]


def _naming_products(view: HostView) -> list[int]:
    """Return the open TCP ports whose service named its product, to nmap or to a visitor."""
    named = {key for key, fact in view.services.items() if fact.product} | set(view.products)
    return sorted(key[1] for key in named if key[0] == "tcp" and view.state(*key) is State.OPEN)


def _names(names: set[str | None]) -> list[str | None]:
    """Return the names a port was spoken to under; without a name only where there is none.

    What a shared server shows to a visitor without a name is no one's page.
    """
    return [*sorted(name for name in names if name is not None)] or [None]


def absence(choice: Choice, view: HostView) -> Truth:
    """Return whether an endpoint of this kind may be there although none was found.

    FALSE: every port that was asked for is decided, and every open one was identified as something
    else; UNKNOWN: some were not; UNTESTED: nobody looked at all of the places where it would be.
    """
    key = (choice.protocol, choice.speaking, choice.usual)
    found: Truth | None = view.kept.get(key)
    if found is None:
        found = view.kept[key] = _look_for_absence(choice, view)
    return found


def _look_for_absence(choice: Choice, view: HostView) -> Truth:
    protocol = choice.protocol
    if protocol not in view.asked:
        return UNTESTED
    if any(view.state(protocol, port) is State.NOT_TESTED for port in choice.usual):
        return UNTESTED
    if not view.is_clear(protocol):
        return UNKNOWN
    for port in view.open_ports(protocol):
        if not _is_identified(choice, view, port):
            return UNKNOWN
    return FALSE


def _is_identified(choice: Choice, view: HostView, port: int) -> bool:
    """Return whether it is known what an open port speaks, as far as this choice asks.

    A port that answered our own visit speaks TLS or HTTP, which is as good as a detected service.
    """
    if (choice.protocol, port) in view.services:
        return True
    if choice.speaking is None and _answered_a_visit(view, port):
        return True
    if choice.speaking == "product":
        return False
    if choice.speaking == "tls":
        return any(shake.fact.outcome == "no-tls" for shake in view.tls.get(port, {}).values())
    if choice.speaking is None:
        return False
    outcomes = {
        page.outcome
        for tls in (True, False)
        for paths in view.web.get((port, tls), {}).values()
        for page in paths.values()
    }
    return bool(outcomes) and not outcomes & {"timed-out", "failed"}


def _answered_a_visit(view: HostView, port: int) -> bool:
    shakes = [shake.fact.outcome for shake in view.tls.get(port, {}).values()]
    pages = [
        page.outcome
        for tls in (True, False)
        for paths in view.web.get((port, tls), {}).values()
        for page in paths.values()
    ]
    return "answered" in shakes or "answered" in pages


def nothing_was_asked(choice: Choice, view: HostView) -> bool:
    """Return whether a check by port numbers alone had not one of its ports looked at."""
    if not choice.ports or choice.services:
        return False
    protocol = choice.protocol
    return all(view.state(protocol, port) is State.NOT_TESTED for port in choice.ports)
