"""Reads the state of every port from one fact, and tells what was seen from what stayed open.

It judges nothing. What one run alone cannot decide (whether `filtered` may be believed) is left to
`cyberposture.scanning.hostview`, which sees all facts of a host.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from enum import Enum
from functools import lru_cache
from typing import Final

from cyberposture.model.observations import ExtraPorts, Fact, HostFact, HTTPFact, Range, TLSFact

PortKey = tuple[str, int]
"""Protocol and port."""


class State(Enum):
    """What is known of one port."""

    OPEN = "open"
    CLOSED = "closed"
    FILTERED = "filtered"
    TCPWRAPPED = "tcpwrapped"
    """It accepts and then closes: neither an open service nor a closed port."""
    INCONCLUSIVE = "inconclusive"
    """It was asked for, and no usable answer came."""
    NOT_TESTED = "not-tested"


CONCLUSIVE: Final = frozenset({State.OPEN, State.CLOSED, State.FILTERED})
_WORDS: Final = {"open": State.OPEN, "closed": State.CLOSED, "filtered": State.FILTERED}
_BEYOND: Final = 65_536


def state_of_word(word: str) -> State:
    """Return what a state in nmap's words means; everything undecided is inconclusive."""
    return _WORDS.get(word, State.INCONCLUSIVE)


@lru_cache(maxsize=512)
def _joined(ranges: tuple[Range, ...]) -> tuple[Range, ...]:
    """Return the ranges ascending, without overlaps and without empty ones."""
    found: list[Range] = []
    for first, last in sorted(r for r in ranges if r[0] <= r[1]):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return tuple(found)


def _holds(ranges: tuple[Range, ...], port: int) -> bool:
    index = bisect_right(ranges, (port, _BEYOND)) - 1
    return index >= 0 and port <= ranges[index][1]


def _size(ranges: Iterable[Range]) -> int:
    return sum(last - first + 1 for first, last in ranges)


class Layer:
    """The port states of one fact.

    `explicit` are ports named one by one, `stretches` the ranges of each other state, `asked` what
    was asked for, and `rest` the state of an asked port of which nothing else tells.
    """

    __slots__ = ("answered", "asked", "blank", "blocked", "explicit", "rest", "stretches", "tried")

    def __init__(self) -> None:
        self.explicit: dict[PortKey, State] = {}
        self.stretches: dict[str, list[tuple[tuple[Range, ...], State]]] = {}
        self.asked: dict[str, tuple[Range, ...]] = {}
        self.rest: dict[str, State] = {}
        self.blank: str | None = None
        """The protocol of a failed try of which nobody knows the ports."""
        self.tried = False
        """Something was asked for, or the host could not be asked although it was wanted."""
        self.answered = False
        """The host answered on some port in this very run."""
        self.blocked = False
        """What was open elsewhere is filtered here and nothing answered: perhaps we are blocked."""

    def state(self, key: PortKey) -> State:
        """Return what this fact alone says of the port."""
        state = self.explicit.get(key)
        if state is not None:
            return state
        protocol, port = key
        for ranges, state in self.stretches.get(protocol, ()):
            if _holds(ranges, port):
                return state
        asked = self.asked.get(protocol)
        if asked is not None and _holds(asked, port):
            return self.rest.get(protocol, State.INCONCLUSIVE)
        return State.INCONCLUSIVE if self.blank == protocol else State.NOT_TESTED

    def looks_at(self, protocol: str) -> bool:
        """Return whether anything of this protocol was asked for."""
        return (
            protocol in self.asked
            or protocol in self.stretches
            or self.blank == protocol
            or any(key[0] == protocol for key in self.explicit)
        )

    def is_clear(self, protocol: str) -> bool:
        """Return whether this fact alone decides every port of the protocol that it asked for.

        `filtered` counts as decided only where the host answered in the same run.
        """
        states = {state for key, state in self.explicit.items() if key[0] == protocol}
        states.update(state for _, state in self.stretches.get(protocol, ()))
        if protocol in self.rest:
            states.add(self.rest[protocol])
        if self.blank == protocol or not states <= CONCLUSIVE:
            return False
        return self.answered or State.FILTERED not in states

    def edges(self, protocol: str) -> Iterator[int]:
        """Yield the ports at which the state may change, so that others need not be asked."""
        for key in self.explicit:
            if key[0] == protocol:
                yield from (key[1], key[1] + 1)
        for ranges, _ in self.stretches.get(protocol, ()):
            for first, last in ranges:
                yield from (first, last + 1)
        for first, last in self.asked.get(protocol, ()):
            yield from (first, last + 1)


def _spread(layer: Layer, protocol: str, extra: tuple[ExtraPorts, ...]) -> None:
    """Spread what nmap sums up: over its ranges, or over the rest where it is the only group."""
    told = sum(1 for key in layer.explicit if key[0] == protocol)
    vague: list[ExtraPorts] = []
    for group in extra:
        if group.protocol != protocol or not group.count:
            continue
        if group.ranges is None:
            vague.append(group)
            continue
        ranges = _joined(group.ranges)
        told += _size(ranges)
        layer.stretches.setdefault(protocol, []).append((ranges, state_of_word(group.state)))
    remaining = _size(layer.asked.get(protocol, ())) - told
    if remaining > 0:
        # One group that accounts for exactly the remaining ports names their state; several, or
        # a count that does not fit, leave open which port is in which state.
        alone = len(vague) == 1 and vague[0].count == remaining
        layer.rest[protocol] = state_of_word(vague[0].state) if alone else State.INCONCLUSIVE


def _failed(fact: Fact, host: HostFact | None) -> bool:
    if fact.outcome != "answered":
        return True
    return host is not None and (host.timed_out or host.state == "down")


def read_layer(fact: Fact) -> Layer:
    """Return the port states that the fact tells.

    A host that timed out or never answered decides nothing but the ports it showed open.
    """
    layer = Layer()
    if fact.outcome == "not-tested":
        return layer
    host = fact.host
    failed = _failed(fact, host)
    layer.asked = {p: _joined(tuple(ranges)) for p, ranges in (fact.tested or {}).items()}
    if host is not None:
        for port in host.ports:
            state = state_of_word(port.state)
            if not failed or state is State.OPEN:
                layer.explicit[(port.protocol, port.port)] = state
    _read_exchanges(layer, fact)
    if failed:
        layer.rest = dict.fromkeys(layer.asked, State.INCONCLUSIVE)
        if fact.tested is None:
            layer.blank = "udp" if fact.technique == "udp-ports" else "tcp"
    else:
        extra = host.extra if host is not None else ()
        for protocol in {*layer.asked, *(group.protocol for group in extra)}:
            _spread(layer, protocol, extra)
    layer.tried = failed or bool(layer.explicit or layer.stretches or layer.asked)
    layer.answered = _answered(layer)
    return layer


def _read_exchanges(layer: Layer, fact: Fact) -> None:
    """Note what our own probes met: an answer of any kind is an open port."""
    exchanges: list[TLSFact | HTTPFact] = [*fact.tls, *fact.http]
    for seen in exchanges:
        key = ("tcp", seen.port)
        if seen.outcome in ("answered", "no-tls", "no-http"):
            layer.explicit[key] = State.OPEN
        elif seen.outcome == "refused":
            layer.explicit.setdefault(key, State.CLOSED)
        else:
            layer.explicit.setdefault(key, State.INCONCLUSIVE)


def _answered(layer: Layer) -> bool:
    replies = (State.OPEN, State.CLOSED)
    if any(state in replies for state in layer.explicit.values()):
        return True
    if any(state in replies for rest in layer.stretches.values() for _, state in rest):
        return True
    return any(state in replies for state in layer.rest.values())
