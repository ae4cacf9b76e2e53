"""Reads the state of every port from one fact, and tells what was seen from what stayed open.

It judges nothing. What one run alone cannot decide (whether `filtered` may be believed) is left to
`cyberposture.scanning.judging.hostview`, which sees all facts of a host.
"""

from collections.abc import Hashable, Iterator
from enum import IntEnum
from functools import lru_cache
from typing import Final

from cyberposture.model.observations import (
    ExtraPorts,
    Fact,
    HostFact,
    HTTPFact,
    MailFact,
    Range,
    ServiceFact,
    TLSFact,
)
from cyberposture.scanning.ports import PortKey, Ranges, count_ports, holds_port, join_ranges


class State(IntEnum):
    """What is known of one port; the numbers only make it quick to look up."""

    OPEN = 1
    CLOSED = 2
    FILTERED = 3
    TCPWRAPPED = 4
    """It accepts and then closes: neither an open service nor a closed port."""
    INCONCLUSIVE = 5
    """It was asked for, and no usable answer came."""
    NOT_TESTED = 6


CONCLUSIVE: Final = frozenset({State.OPEN, State.CLOSED, State.FILTERED})
GONE: Final = frozenset({State.CLOSED, State.FILTERED})
ANSWERS: Final = frozenset({State.OPEN, State.CLOSED})
"""States in which something came back from the host itself."""
_WORDS: Final = {"open": State.OPEN, "closed": State.CLOSED, "filtered": State.FILTERED}


def state_of_word(word: str) -> State:
    """Return what a state in nmap's words means; everything undecided is inconclusive."""
    return _WORDS.get(word, State.INCONCLUSIVE)


@lru_cache(maxsize=512)
def _joined(ranges: tuple[Range, ...]) -> Ranges:
    """Return the ranges ascending, without overlaps and without empty ones; hosts share them."""
    return join_ranges(stretch for stretch in ranges if stretch[0] <= stretch[1])


class Layer:
    """The port states of one fact.

    `explicit` are ports named one by one, `stretches` the ranges of each other state, `asked` what
    was asked for, and `rest` the state of an asked port of which nothing else tells.
    """

    __slots__ = (
        "answered",
        "asked",
        "blank",
        "blocked",
        "explicit",
        "protocols",
        "rest",
        "stretches",
        "tried",
    )

    def __init__(self) -> None:
        self.explicit: dict[PortKey, State] = {}
        self.stretches: dict[str, list[tuple[tuple[Range, ...], State]]] = {}
        self.asked: dict[str, tuple[Range, ...]] = {}
        self.rest: dict[str, State] = {}
        self.blank: str | None = None
        """The protocol of a try that left ports undecided of which nobody knows the numbers."""
        self.protocols: frozenset[str] = frozenset()
        """The protocols of which anything was asked for."""
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
            if holds_port(ranges, port):
                return state
        asked = self.asked.get(protocol)
        if asked is not None and holds_port(asked, port):
            return self.rest.get(protocol, State.INCONCLUSIVE)
        return State.INCONCLUSIVE if self.blank == protocol else State.NOT_TESTED

    def likeness(self) -> Hashable:
        """Return a key that is equal for facts that tell the same of every port."""
        return (
            tuple(sorted(self.explicit.items())),
            tuple(sorted(self.asked.items())),
            tuple((protocol, *spread) for protocol, spread in self.stretches.items()),
            tuple(sorted(self.rest.items())),
            (self.blank, self.answered, self.blocked, self.tried),
        )

    def is_clear(self, protocol: str) -> bool:
        """Return whether this fact alone decides every port of the protocol that it asked for.

        `filtered` counts as decided only where the host answered in the same run, and a sum of
        open ports never does: nobody knows what stands there.
        """
        named = {state for key, state in self.explicit.items() if key[0] == protocol}
        summed = {state for _, state in self.stretches.get(protocol, ())}
        if protocol in self.rest:
            summed.add(self.rest[protocol])
        if self.blank == protocol or not named <= CONCLUSIVE or not summed <= GONE:
            return False
        return self.answered or State.FILTERED not in named | summed

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
        told += count_ports(ranges)
        layer.stretches.setdefault(protocol, []).append((ranges, state_of_word(group.state)))
    remaining = count_ports(layer.asked.get(protocol, ())) - told
    if remaining > 0:
        # One group that accounts for exactly the remaining ports names their state; several, or
        # a count that does not fit, leave open which port is in which state.
        alone = len(vague) == 1 and vague[0].count == remaining
        layer.rest[protocol] = state_of_word(vague[0].state) if alone else State.INCONCLUSIVE


def host_told(fact: Fact) -> HostFact | None:
    """Return what the fact tells of its host: nothing where the run ended in an error."""
    return None if fact.outcome == "error" else fact.host


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
    host = host_told(fact)
    failed = _failed(fact, host)
    extra = host.extra if host is not None and not failed else ()
    layer.asked = {p: _joined(tuple(ranges)) for p, ranges in (fact.tested or {}).items()}
    if host is not None:
        for port in host.ports:
            state = state_of_word(port.state)
            if not failed or state is State.OPEN:
                layer.explicit[(port.protocol, port.port)] = state
    _read_exchanges(layer, fact)
    if failed:
        layer.rest = dict.fromkeys(layer.asked, State.INCONCLUSIVE)
    else:
        for protocol in {*layer.asked, *(group.protocol for group in extra)}:
            _spread(layer, protocol, extra)
    unplaced = any(group.count and group.ranges is None for group in extra)
    if fact.tested is None and (failed or unplaced):
        layer.blank = "udp" if fact.technique == "udp-ports" else "tcp"
    asked = {key[0] for key in layer.explicit} | {*layer.stretches} | {*layer.asked}
    layer.protocols = frozenset(asked | ({layer.blank} if layer.blank else set()))
    layer.tried = failed or bool(layer.protocols)
    layer.answered = _answered(layer, extra)
    return layer


def _read_exchanges(layer: Layer, fact: Fact) -> None:
    """Note what our own probes met: an answer of any kind is an open port."""
    exchanges: list[TLSFact | HTTPFact | MailFact | ServiceFact] = [*fact.tls, *fact.http]
    exchanges += [*fact.mail, *fact.services]
    for seen in exchanges:
        key = (seen.protocol if isinstance(seen, ServiceFact) else "tcp", seen.port)
        if seen.outcome in ("answered", "no-tls", "no-http", "other"):
            layer.explicit[key] = State.OPEN
        elif seen.outcome == "refused":
            layer.explicit.setdefault(key, State.CLOSED)
        else:
            layer.explicit.setdefault(key, State.INCONCLUSIVE)


def _answered(layer: Layer, extra: tuple[ExtraPorts, ...]) -> bool:
    """Return whether a port answered, be it one of those that are only summed up."""
    if any(state in ANSWERS for state in layer.explicit.values()):
        return True
    return any(group.count and state_of_word(group.state) in ANSWERS for group in extra)
