"""Compiles the conditions of checks to closures over an endpoint, with four-valued truth.

A condition is compiled once and then only evaluated: it parses nothing, and no content of a check
or of a fact can make it do anything else than these twelve words.
"""

from collections.abc import Callable

from cyberposture.errors import Fault, InvalidInput
from cyberposture.model.checks import Expression, FactIs
from cyberposture.scanning.judging.computed import COMPUTED
from cyberposture.scanning.judging.hostview import Endpoint
from cyberposture.scanning.judging.truth import NEGATED, Truth, every, some, truth_of
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


def compile_expression(expression: Expression, where: str) -> Condition:
    """Return the expression as closures.

    Raises:
        InvalidInput: it names a computed fact that does not exist, or a value it never has.
    """
    if expression.all_of is not None:
        return _joined(_parts(expression, where), every)
    if expression.any_of is not None:
        return _joined(_parts(expression, where), some)
    if expression.none_of is not None:
        return _negated(_joined(_parts(expression, where), some))
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
        return _fact(expression.fact, where)
    raise InvalidInput(Fault(where, "an expression without a word"))


def _parts(expression: Expression, where: str) -> tuple[Condition, ...]:
    return tuple(compile_expression(part, where) for part in expression.parts())


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


def _fact(wanted: FactIs, where: str) -> Condition:
    computed = COMPUTED.get(wanted.name)
    if computed is None:
        known = ", ".join(sorted(COMPUTED))
        raise InvalidInput(Fault(where, f"no computed fact {wanted.name!r}; there are: {known}"))
    function, expected, below = computed.function, wanted.is_, wanted.below
    if below is not None:
        fits = computed.values is int
    elif isinstance(computed.values, frozenset):
        fits = expected in computed.values
    else:
        fits = type(expected) is computed.values
    if not fits:
        raise InvalidInput(Fault(where, f"{wanted.name} never has such a value"))

    def test(endpoint: Endpoint) -> Truth:
        value = function(endpoint).value
        if isinstance(value, Truth):
            return value
        if below is not None:
            return truth_of(isinstance(value, int) and value < below)
        return truth_of(value == expected)

    return Condition(test, lambda endpoint: function(endpoint).note)
