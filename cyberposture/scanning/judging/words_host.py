"""The words that speak of a port: whether it is open, and what stands and answers there.

Each function returns a compiled condition. A port that is closed or filtered has no service, no
product and no output; one that gave no clear answer leaves all of them unknown.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cyberposture.model.checks import ProductIs, ScriptSays
from cyberposture.scanning.judging.hostview import Endpoint
from cyberposture.scanning.judging.truth import (
    FALSE,
    TRUE,
    UNKNOWN,
    UNTESTED,
    Truth,
    some,
    truth_of,
)
from cyberposture.scanning.judging.wording import listed, plain, quote
from cyberposture.scanning.reading.states import State

Test = Callable[[Endpoint], Truth]
Tell = Callable[[Endpoint], str]

OPENNESS: Final = {
    State.OPEN: TRUE,
    State.CLOSED: FALSE,
    State.FILTERED: FALSE,
    State.TCPWRAPPED: UNKNOWN,
    State.INCONCLUSIVE: UNKNOWN,
    State.NOT_TESTED: UNTESTED,
}
_STATE_WORDS: Final = {
    State.OPEN: "the port is open",
    State.CLOSED: "the port is closed",
    State.FILTERED: "the port is filtered",
    State.TCPWRAPPED: "the port accepts a connection and closes it at once",
    State.INCONCLUSIVE: "the port gave no clear answer",
    State.NOT_TESTED: "the port was not looked at",
}


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled expression: what it says of an endpoint, and what it saw there, in safe words."""

    test: Test
    tell: Tell


def port_open(ports: tuple[int, ...] | str) -> Condition:
    """Return the condition that the endpoint (or one of the listed ports) is open."""
    wanted = None if isinstance(ports, str) else frozenset(ports)

    def test(endpoint: Endpoint) -> Truth:
        if endpoint.port is not None:
            if wanted is not None and endpoint.port not in wanted:
                return FALSE
            return OPENNESS[endpoint.state()]
        view, protocol = endpoint.view, endpoint.protocol
        if wanted is not None:
            return some(OPENNESS[view.state(protocol, port)] for port in sorted(wanted))
        return some((truth_of(bool(view.open_ports(protocol))), _residue(endpoint)))

    def tell(endpoint: Endpoint) -> str:
        if endpoint.port is None:
            return listed([str(p) for p in endpoint.view.open_ports(endpoint.protocol)])
        return f"{_STATE_WORDS[endpoint.state()]}{_identity(endpoint)}"

    return Condition(test, tell)


def _identity(endpoint: Endpoint) -> str:
    """Return what stands at the port, as far as it was identified: `, ssh “OpenSSH 9.2”`."""
    found = endpoint.service()
    if found is None or endpoint.state() is not State.OPEN:
        return ""
    product = " ".join(part for part in (found.product, found.version) if part)
    name = plain(found.service or "")[:40]
    return f", {name} {quote(product)}" if product else f", {name}"


def _residue(endpoint: Endpoint) -> Truth:
    """Return FALSE where no undecided port of the host could change the answer."""
    view, protocol = endpoint.view, endpoint.protocol
    if protocol not in view.asked:
        return UNTESTED
    return FALSE if view.is_clear(protocol) else UNKNOWN


def at_open_port(test_open: Test, tell_open: Tell) -> Condition:
    """Return a condition that asks `test_open` only of open ports; of a host, of each of them."""

    def test(endpoint: Endpoint) -> Truth:
        if endpoint.port is None:
            return some([*(test_open(port) for port in endpoint.ports()), _residue(endpoint)])
        state = endpoint.state()
        return test_open(endpoint) if state is State.OPEN else OPENNESS[state]

    def tell(endpoint: Endpoint) -> str:
        if endpoint.port is None:
            truth = test(endpoint)
            told = [tell_open(port) for port in endpoint.ports() if test_open(port) is truth]
            return "; ".join(dict.fromkeys(told))
        state = endpoint.state()
        return tell_open(endpoint) if state is State.OPEN else _STATE_WORDS[state]

    return Condition(test, tell)


def service(names: frozenset[str]) -> Condition:
    """Return the condition that one of these services was found in an exchange."""

    def test(endpoint: Endpoint) -> Truth:
        found = endpoint.service()
        if found is None:
            return UNKNOWN
        return truth_of((found.service or "").lower() in names)

    def tell(endpoint: Endpoint) -> str:
        if endpoint.service() is None:
            return "the port is open, the service was not identified"
        return f"found{_identity(endpoint)}".replace(",", "", 1)

    return at_open_port(test, tell)


def script_says(wanted: ScriptSays) -> Condition:
    """Return the condition that the output of a script contains, or lacks, a text."""
    needle = (wanted.contains or wanted.absent or "").lower()
    is_there = wanted.contains is not None

    def test(endpoint: Endpoint) -> Truth:
        script = endpoint.script(wanted.script)
        if script is None:
            return silence(endpoint, wanted.script)
        return truth_of((needle in script.output.lower()) is is_there)

    def tell(endpoint: Endpoint) -> str:
        script = endpoint.script(wanted.script)
        if script is None:
            return f"{wanted.script} gave nothing"
        return f"{wanted.script} says {quote(script.output)}"

    return at_open_port(test, tell)


def silence(endpoint: Endpoint, script: str) -> Truth:
    """Return what it means that a script gave nothing: a try in vain, or that nobody ran it."""
    return UNKNOWN if script in endpoint.view.script_runs else UNTESTED


_NUMBERS: Final = re.compile(r"\s*[vV]?(\d{1,9}(?:\.\d{1,9}){0,5})")


def _numbers(version: str) -> tuple[int, ...] | None:
    found = _NUMBERS.match(version)
    if found is None:
        return None
    parts = [int(part) for part in found.group(1).split(".")]
    while parts and not parts[-1]:
        parts.pop()
    return tuple(parts)


def product(wanted: ProductIs) -> Condition:
    """Return the condition that a product, or an older version of it, was found.

    An older version is never certain: a banner tells nothing of what was mended since.
    """
    name = wanted.name.lower()
    bound = _numbers(wanted.below) if wanted.below is not None else None

    def test(endpoint: Endpoint) -> Truth:
        found = endpoint.service()
        if found is None or not found.product:
            return UNKNOWN
        if name not in found.product.lower():
            return FALSE
        if bound is None:
            return TRUE
        version = _numbers(found.version or "")
        # An old version in a banner is a question to the institution, never a failure by itself.
        return UNKNOWN if version is None or version < bound else FALSE

    def tell(endpoint: Endpoint) -> str:
        found = endpoint.service()
        if found is None or not found.product:
            return "the product was not identified"
        older = f", older than {wanted.below} by its banner" if test(endpoint) is UNKNOWN else ""
        return f"{quote(f'{found.product} {found.version or str()}')}{older}"

    return at_open_port(test, tell)
