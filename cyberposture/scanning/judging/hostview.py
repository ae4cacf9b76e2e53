"""One subject as all facts of one vantage show it together: what a check is judged against.

Newer facts outweigh older ones, and what was decided outweighs what was merely tried. A silent
host decides nothing: no port of it is ever closed by silence.
"""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from cyberposture.model.checks import Subject
from cyberposture.model.observations import (
    DNSFact,
    Fact,
    HTTPFact,
    PortFact,
    ProductFact,
    ScriptOutput,
    TLSFact,
)
from cyberposture.scanning.judging.declared import NOTHING_DECLARED, HostContext
from cyberposture.scanning.judging.service_names import (
    TCPWRAPPED,
    is_http_service,
    is_tls_service,
)
from cyberposture.scanning.judging.talks import Talks
from cyberposture.scanning.ports import PortKey
from cyberposture.scanning.reading.states import (
    ANSWERS,
    CONCLUSIVE,
    GONE,
    Layer,
    State,
    host_told,
    read_layer,
)

_CIPHERS: Final = "ssl-enum-ciphers"
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


class Handshake(NamedTuple):
    """A TLS fact and the moment at which it was seen."""

    fact: TLSFact
    at: datetime | None


class HostView:
    """The facts of one address (or name) and vantage, merged; built by `view_host`."""

    __slots__ = (
        "_clear",
        "_endpoints",
        "_named",
        "_states",
        "_wide",
        "address",
        "answered",
        "asked",
        "context",
        "dns",
        "kept",
        "layers",
        "products",
        "script_runs",
        "scripts",
        "services",
        "subject",
        "talks",
        *("tls", "told"),
        "tried",
        "vantage",
        "web",
        "wrapped",
    )

    def __init__(
        self, address: str, vantage: str, context: HostContext, subject: Subject = "host"
    ) -> None:
        self.address = address
        self.subject = subject
        self.vantage = vantage
        self.context = context
        self.tried = False
        self.answered = False
        """Something at the address replied: a port, a handshake, a page or a lookup."""
        self.layers: list[Layer] = []
        self.services: dict[PortKey, PortFact] = {}
        """The newest service at each port that was seen in an exchange, not guessed."""
        self.wrapped: set[PortKey] = set()
        self.scripts: dict[PortKey, dict[str, ScriptOutput]] = {}
        self.script_runs: set[str] = set()
        """The scripts that were run (or said something), so that their silence is a try."""
        self.tls: dict[int, dict[str | None, Handshake]] = {}
        self.web: dict[tuple[int, bool], dict[str | None, dict[str, HTTPFact]]] = {}
        """Exchanges by port and TLS, then by name, then by path."""
        self.talks = Talks()
        self.dns: tuple[DNSFact, ...] = ()
        """Lookups, the newest first."""
        # What procedures and tables say, as the newest fact tells it.
        self.told: dict[str, bool | int | str | None] = {}
        self.products: dict[PortKey, ProductFact] = {}
        self._states: dict[PortKey, State] = {}
        self._clear: dict[str, bool] = {}
        self._named: set[PortKey] = set()
        self._wide: list[Layer] = []
        """The layers that tell more than single ports; only they know of a port nobody named."""
        self._endpoints: dict[PortKey, Endpoint] = {}
        self.asked: frozenset[str] = frozenset()
        """The protocols of which any port was asked for."""
        self.kept: dict[Hashable, Any] = {}
        """What several checks ask of the same host, found once; only `endpoints` writes here."""

    def add_layer(self, layer: Layer) -> None:
        """Put a layer below those that are there, which are newer."""
        self.layers.append(layer)
        self._named.update(layer.explicit)
        if layer.asked or layer.stretches or layer.blank:
            self._wide.append(layer)

    def state(self, protocol: str, port: int) -> State:
        """Return what is known of a port."""
        key = (protocol, port)
        state = self._states.get(key)
        if state is None:
            state = self._states[key] = self._resolve(key)
        return state

    def _resolve(self, key: PortKey) -> State:
        found = State.NOT_TESTED
        for layer in self.layers if key in self._named else self._wide:
            state = layer.state(key)
            if state is State.FILTERED and (layer.blocked or not self.answered):
                state = State.INCONCLUSIVE
            if state in CONCLUSIVE:
                wrapped = state is State.OPEN and key in self.wrapped
                return State.TCPWRAPPED if wrapped else state
            if state is State.INCONCLUSIVE:
                found = state
        return found

    def likeness(self) -> Hashable | None:
        """Return a key that is equal for hosts whose every judgement must be equal.

        None where something was exchanged with the host: such hosts are hardly ever alike.
        """
        exchanged = self.services or self.wrapped or self.scripts or self.tls or self.web
        if exchanged or self.dns or self.told or self.subject != "host":
            return None
        layers = tuple(layer.likeness() for layer in self.layers)
        return (self.vantage, self.context, frozenset(self.script_runs), layers)

    def open_ports(self, protocol: str) -> list[int]:
        """Return the ports that were seen open one by one, ascending."""
        seen = [key[1] for key in self._named if key[0] == protocol]
        return sorted(port for port in seen if self.state(protocol, port) is State.OPEN)

    def endpoint(self, protocol: str, port: int) -> "Endpoint":
        """Return the endpoint of a port, spoken to without a name."""
        key = (protocol, port)
        found = self._endpoints.get(key)
        if found is None:
            found = self._endpoints[key] = Endpoint(self, protocol, port)
        return found

    def is_clear(self, protocol: str) -> bool:
        """Return whether every port that was asked for is decided."""
        clear = self._clear.get(protocol)
        if clear is None:
            clear = self._clear[protocol] = self._look_for_doubt(protocol)
        return clear

    def _look_for_doubt(self, protocol: str) -> bool:
        looking = [layer for layer in self.layers if protocol in layer.protocols]
        if not any(key[0] == protocol for key in self.wrapped) and all(
            layer.is_clear(protocol) for layer in looking
        ):
            return True
        if any(layer.blank == protocol for layer in looking):
            return False
        for port in {edge for layer in looking for edge in layer.edges(protocol)}:
            state = self.state(protocol, port)
            if state in (State.INCONCLUSIVE, State.TCPWRAPPED):
                return False
            if state is State.OPEN and (protocol, port) not in self._named:
                return False
        return True

    def tls_ports(self, *, at_once: bool) -> list[int]:
        """Return the ports that speak TLS, ascending; `at_once` leaves those behind STARTTLS out.

        A handshake that was tried and never finished counts while the port may be open.
        """
        found = {port for port, names in self.tls.items() if _met(h.fact for h in names.values())}
        found |= {key[1] for key, fact in self.services.items() if is_tls_service(_name(fact))}
        found |= {port for (port, tls), names in self.web.items() if tls and _met(_all(names))}
        for key, scripts in self.scripts.items():
            ciphers = scripts.get(_CIPHERS)
            if ciphers is not None and isinstance(ciphers.tables, dict):
                found.add(key[1])
        if at_once:
            found -= {
                key[1]
                for key, fact in self.services.items()
                if not is_tls_service(_name(fact)) and key[1] not in self.tls
            }
        return sorted(port for port in found if self.state("tcp", port) not in GONE)

    def web_ports(self, *, tls: bool) -> list[int]:
        """Return the ports that speak HTTP, over TLS or in the clear, ascending."""
        found = {
            port
            for (port, secured), names in self.web.items()
            if secured is tls and _met(_all(names))
        }
        found |= {
            key[1]
            for key, fact in self.services.items()
            if is_http_service(_name(fact)) and is_tls_service(_name(fact)) is tls
        }
        if not tls:
            found -= set(self.tls_ports(at_once=True))
        return sorted(port for port in found if self.state("tcp", port) not in GONE)


def _name(fact: PortFact) -> str:
    return (fact.service or "").lower()


def _all(names: dict[str | None, dict[str, HTTPFact]]) -> Iterator[HTTPFact]:
    return (fact for paths in names.values() for fact in paths.values())


def _met(facts: Iterable[TLSFact | HTTPFact]) -> bool:
    """Return whether one exchange was answered, or tried without any end."""
    return any(fact.outcome in ("answered", "timed-out", "failed") for fact in facts)


def _moment(fact: Fact) -> datetime:
    return fact.ended_at or fact.started_at or _NEVER


def _add_host(view: HostView, fact: Fact) -> None:
    scripts = fact.parameters.get("scripts")
    if isinstance(scripts, list | tuple):
        view.script_runs.update(name for name in scripts if isinstance(name, str))
    host = host_told(fact)
    for port in host.ports if host is not None else ():
        key = (port.protocol, port.port)
        for script in port.scripts:
            view.scripts.setdefault(key, {}).setdefault(script.id, script)
            view.script_runs.add(script.id)
        if port.method == "probed" and port.service and port.state == "open":
            view.services.setdefault(key, port)


def _better(new: str, old: str) -> bool:
    return new == "answered" and old != "answered"


def _add_exchanges(view: HostView, fact: Fact) -> None:
    at = fact.ended_at or fact.started_at
    for handshake in fact.tls:
        names = view.tls.setdefault(handshake.port, {})
        known = names.get(handshake.name)
        if known is None or _better(handshake.outcome, known.fact.outcome):
            names[handshake.name] = Handshake(handshake, at)
    for page in fact.http:
        paths = view.web.setdefault((page.port, page.tls), {}).setdefault(page.name, {})
        seen = paths.get(page.path)
        if seen is None or _better(page.outcome, seen.outcome):
            paths[page.path] = page


def view_host(
    facts: Sequence[Fact], context: HostContext | None = None, vantage: str | None = None
) -> HostView:
    """Return the merged view of facts that all speak of one address from one vantage.

    Facts without a moment count as older than those with one, and among themselves the later in
    the list as the newer.
    """
    view = HostView(
        facts[0].address if facts else "",
        vantage or (facts[0].vantage if facts else "external"),
        context or NOTHING_DECLARED,
        facts[0].subject if facts else "host",
    )
    # Reversing a stable ascending sort puts the newest first, and of equals the last given.
    for fact in sorted(facts, key=_moment)[::-1]:
        view.add_layer(read_layer(fact))
        _add_host(view, fact)
        _add_exchanges(view, fact)
        view.talks.add(fact)
        view.dns += fact.dns
        view.told = {**fact.told, **view.told}
        view.products = {(one.protocol, one.port): one for one in fact.products} | view.products
    view.asked = frozenset().union(*(layer.protocols for layer in view.layers))
    view.tried = bool(view.dns) or any(layer.tried for layer in view.layers)
    view.answered = any(layer.answered for layer in view.layers) or any(
        lookup.outcome in ("answered", "no-such-name", "no-record") for lookup in view.dns
    )
    _find_wrapped(view)
    for key, found in view.talks.identified():
        view.wrapped.discard(key)
        view.services.setdefault(key, found)
    _find_blocked(view)
    return view


def _find_wrapped(view: HostView) -> None:
    """Note the ports that accept and close, unless one of our own exchanges was answered there."""
    for key, fact in list(view.services.items()):
        if _name(fact) not in TCPWRAPPED:
            continue
        del view.services[key]
        talked: list[str] = [shake.fact.outcome for shake in view.tls.get(key[1], {}).values()]
        for tls in (True, False):
            talked += [page.outcome for page in _all(view.web.get((key[1], tls), {}))]
        if key[0] != "tcp" or "answered" not in talked:
            view.wrapped.add(key)


def _find_blocked(view: HostView) -> None:
    """Distrust a run that filtered what another run saw open: perhaps we are blocked.

    One such port is enough where nothing answered in the run. A run in which something did is
    distrusted only where it silenced every port that was open before and that it tried again.
    """
    if len(view.layers) < 2:
        return
    opened: list[list[PortKey]] = [
        [key for key, state in layer.explicit.items() if state is State.OPEN]
        for layer in view.layers
    ]
    for position, layer in enumerate(view.layers):
        others = opened[position + 1 :] if layer.answered else opened
        now = {layer.state(key) for keys in others for key in keys}
        layer.blocked = State.FILTERED in now and not now & ANSWERS


class Endpoint(NamedTuple):
    """What a check is judged for: a port (under a name, where it was spoken to by one), or a host.

    `port` None is the host as a whole; `tls` says which of a port's exchanges are meant.
    """

    view: HostView
    protocol: str
    port: int | None = None
    name: str | None = None
    tls: bool | None = None

    def state(self) -> State:
        """Return what is known of the endpoint's port.

        Raises:
            ValueError: the endpoint is a host as a whole.
        """
        if self.port is None:
            raise ValueError("a host as a whole has no port state")
        return self.view.state(self.protocol, self.port)

    def service(self) -> PortFact | None:
        """Return what was seen in an exchange with the port, or None."""
        return None if self.port is None else self.view.services.get((self.protocol, self.port))

    def script(self, name: str) -> ScriptOutput | None:
        """Return the output of a script on the port, or None."""
        if self.port is None:
            return None
        return self.view.scripts.get((self.protocol, self.port), {}).get(name)

    def handshake(self) -> Handshake | None:
        """Return the TLS handshake with the port under the endpoint's name, or None."""
        names = self.view.tls.get(self.port or 0, {})
        found = names.get(self.name)
        return found if found or self.name else next(iter(names.values()), None)

    def page(self, path: str = "/") -> HTTPFact | None:
        """Return the exchange for one path, under the endpoint's name, or None."""
        return self.pages().get(path)

    def pages(self) -> dict[str, HTTPFact]:
        """Return the exchanges by path, under the endpoint's name."""
        for tls in (True, False) if self.tls is None else (self.tls,):
            names = self.view.web.get((self.port or 0, tls), {})
            found = names.get(self.name)
            if found is None and self.name is None:
                found = next(iter(names.values()), None)
            if found:
                return found
        return {}

    def ports(self) -> list["Endpoint"]:
        """Return the endpoints of the open ports of this host and protocol."""
        view, protocol = self.view, self.protocol
        return [view.endpoint(protocol, port) for port in view.open_ports(protocol)]
