"""Compiles the conditions of checks to closures over an endpoint, with four-valued truth.

A condition is compiled once and then only evaluated: it parses nothing, and no content of a check
or of a fact can make it do anything else than these twelve words.
"""

from collections.abc import Callable, Mapping
from typing import Final

from cyberposture.errors import Fault, InvalidInput
from cyberposture.model.checks import Expression, FactIs
from cyberposture.scanning.judging.computed import COMPUTED
from cyberposture.scanning.judging.hostview import Endpoint
from cyberposture.scanning.judging.truth import (
    NEGATED,
    UNKNOWN,
    UNTESTED,
    Found,
    Truth,
    every,
    some,
    truth_of,
)
from cyberposture.scanning.judging.wording import plain, quote
from cyberposture.scanning.judging.words_exchange import (
    certificate,
    dns_record,
    header,
    tls_version,
)
from cyberposture.scanning.judging.words_host import (
    Condition,
    port_open,
    product,
    script_says,
    service,
)

Told = Mapping[str, frozenset[type]]
"""The kinds of value that a check's examples give to each told fact."""
_NONE_TOLD: Final[Told] = {}


def compile_expression(expression: Expression, where: str, told: Told = _NONE_TOLD) -> Condition:
    """Return the expression as closures.

    `told` are the facts that are told by procedures and tables, not computed, with the kinds of
    their values.

    Raises:
        InvalidInput: it names a fact that does not exist, or a value it never has.
    """
    if expression.all_of is not None:
        return _joined(_parts(expression, where, told), every)
    if expression.any_of is not None:
        return _joined(_parts(expression, where, told), some)
    if expression.none_of is not None:
        return _negated(_joined(_parts(expression, where, told), some))
    if expression.port_open is not None:
        return port_open(expression.port_open)
    if expression.service is not None:
        return service(frozenset(expression.service))
    if expression.script_says is not None:
        return script_says(expression.script_says)
    if expression.tls_version is not None:
        return tls_version(frozenset(expression.tls_version))
    if expression.certificate is not None:
        return certificate(expression.certificate)
    if expression.header is not None:
        return header(expression.header)
    if expression.dns_record is not None:
        return dns_record(expression.dns_record)
    if expression.product is not None:
        return product(expression.product)
    if expression.fact is not None:
        return _fact(expression.fact, where, told)
    raise InvalidInput(Fault(where, "an expression without a word"))


def _parts(expression: Expression, where: str, told: Told) -> tuple[Condition, ...]:
    return tuple(compile_expression(part, where, told) for part in expression.parts())


def _joined(parts: tuple[Condition, ...], join: Callable[..., Truth]) -> Condition:
    tests = tuple(part.test for part in parts)
    if len(parts) == 1:
        return parts[0]

    def test(endpoint: Endpoint) -> Truth:
        return join([one(endpoint) for one in tests])

    def tell(endpoint: Endpoint) -> str:
        truth = test(endpoint)
        told = [part.tell(endpoint) for part in parts if part.test(endpoint) is truth]
        return "; ".join(text for text in dict.fromkeys(told) if text)

    return Condition(test, tell)


def _negated(condition: Condition) -> Condition:
    inner = condition.test
    return Condition(lambda endpoint: NEGATED[inner(endpoint)], condition.tell)


def _fact(wanted: FactIs, where: str, told: Told) -> Condition:
    """Return the condition on a fact by name: as it was told, else as it is computed."""
    name = wanted.name
    computed = COMPUTED.get(name)
    if computed is None and name not in told:
        known = ", ".join(sorted(COMPUTED))
        what = f"no computed fact {name!r}, and no example tells it; there are: {known}"
        raise InvalidInput(Fault(where, what))
    expected, below = wanted.is_, wanted.below
    kind = int if below is not None else type(expected)
    if computed is None:
        fits = kind in told[name] or not told[name]
    elif below is not None:
        fits = computed.values is int
    elif isinstance(computed.values, frozenset):
        fits = expected in computed.values
    else:
        fits = type(expected) is computed.values
    if not fits:
        raise InvalidInput(Fault(where, f"{name} never has such a value"))
    function = computed.function if computed is not None else _unknown_to_tables

    def find(endpoint: Endpoint) -> Found:
        if name in endpoint.view.told:
            note = endpoint.view.told.get(f"{name}-note")
            found = _as_told(name, endpoint.view.told[name])
            return found._replace(note=plain(note)) if isinstance(note, str) else found
        return function(endpoint)

    def test(endpoint: Endpoint) -> Truth:
        value = find(endpoint).value
        if isinstance(value, Truth):
            return value
        if type(value) is not kind:
            return UNKNOWN  # True is no 1, and what nobody asked for is no answer.
        return truth_of(value == expected if below is None else int(value) < below)

    return Condition(test, lambda endpoint: find(endpoint).note)


def _unknown_to_tables(_endpoint: Endpoint) -> Found:
    return Found(UNTESTED, "nobody looked it up")


def _as_told(name: str, value: bool | int | str | None) -> Found:
    """Return what a procedure or a table told, in words; None was tried in vain."""
    words = name.replace("-", " ")
    if value is None:
        return Found(UNKNOWN, f"{words} could not be found out")
    if isinstance(value, bool):
        return Found(value, f"{words}: {'yes' if value else 'no'}")
    return Found(value, f"{words}: {value if isinstance(value, int) else quote(value)}")
