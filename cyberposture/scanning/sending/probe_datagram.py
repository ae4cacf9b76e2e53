"""Asks services that speak in datagrams one small question each, of a closed list.

UDP has no connection: silence proves nothing, and only what came back counts. Every question is
one that a client of the service asks; none is repeated, and few bytes are taken in.
"""

import secrets
import socket
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from cyberposture.clock import Clock
from cyberposture.model.observations import ServiceFact
from cyberposture.scanning.permission.gate import PermittedPlan
from cyberposture.scanning.sending.connect import Deadline
from cyberposture.scanning.sending.talk import Garbled, MustStop, how_it_ended, never
from cyberposture.scanning.techniques import DATAGRAMS

Told = dict[str, bool | int | str | None]
ANSWER_SECONDS: Final = 1.5
"""How long an answer is waited for."""
_LARGEST: Final = 2_048


class Post:
    """One socket that hears nobody but the address and port that were asked for."""

    def __init__(self, connection: socket.socket, clock: Clock) -> None:
        self._connection = connection
        self.clock = clock

    def ask(self, question: bytes) -> bytes:
        """Return the first answer to a question.

        Raises:
            TimeoutError: none came.
            OSError: the port is closed, or the network failed.
        """
        self._connection.settimeout(Deadline(ANSWER_SECONDS).remaining_s())
        self._connection.send(question)
        return self._connection.recv(_LARGEST)


@contextmanager
def _posting(address: str, port: int, clock: Clock) -> Iterator[Post]:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as connection:
        # A connected socket takes datagrams of this one peer only, and hears that a port is closed.
        connection.connect((address, port))
        yield Post(connection, clock)


_EPOCH: Final = 2_208_988_800
"""Seconds from 1900 to 1970. Source: RFC 5905, section 6, figure 4."""


def _stamp(seconds: float) -> bytes:
    whole = seconds + _EPOCH
    return struct.pack(">II", int(whole) & 0xFFFFFFFF, int(whole % 1 * 2**32))


def _seconds(stamp: bytes) -> float:
    whole, part = struct.unpack(">II", stamp)
    return float(whole - _EPOCH + part / 2**32)


def _ask_time(post: Post) -> Told:
    """Ask for the time as any client does. Source: RFC 5905, sections 7.3 and 8."""
    mark = secrets.token_bytes(8)
    sent = post.clock().timestamp()
    answer = post.ask(b"\x23" + bytes(39) + mark)
    received = post.clock().timestamp()
    if len(answer) < 48 or answer[0] & 7 != 4 or answer[24:32] != mark:
        raise Garbled("the answer is no NTP")
    offset_s = (_seconds(answer[32:40]) - sent + _seconds(answer[40:48]) - received) / 2
    leap, stratum = answer[0] >> 6, answer[1]
    return {
        "stratum": stratum,
        "synchronised": leap != 3 and 1 <= stratum <= 15,
        "offset-ms": max(-(10**12), min(10**12, round(offset_s * 1000))),
    }


_CONTROL: Final = b"\x16\x02\x00\x01" + bytes(8)
"""Mode 6, read variables. Source: RFC 9327, section 2."""
_MONITOR: Final = b"\x17\x00\x03\x2a" + bytes(4)
"""Mode 7, the list of recent clients, which servers answered at length until 2013."""


def _answers_mode(post: Post, question: bytes) -> bool:
    """Return whether a server answers a question of another mode with content."""
    try:
        answer = post.ask(question)
    except TimeoutError:
        return False
    if len(answer) < 8 or answer[0] & 7 != question[0] & 7:
        return False
    if question is _CONTROL:
        return bool(answer[1] & 0x80) and not answer[1] & 0x40
    return bool(answer[0] & 0x80) and answer[4] >> 4 == 0 and len(answer) > 8


def _speak_ntp(post: Post) -> Told:
    """Ask for the time, then whether strangers may ask for more, then for the time once more.

    Silence on the questions in between counts as a refusal only because the server still answers
    after them.
    """
    told = _ask_time(post)
    control, monitor = _answers_mode(post, _CONTROL), _answers_mode(post, _MONITOR)
    try:
        _ask_time(post)
        still_there = True
    except (Garbled, OSError):
        still_there = False
    told["control-mode"] = control if control or still_there else None
    told["monitor-list"] = monitor if monitor or still_there else None
    return told


def _speak_ipmi(post: Post) -> Told:
    """Ask whether management hardware is there. Source: IPMI 2.0, section 13.2.3 (presence)."""
    answer = post.ask(bytes.fromhex("0600ff06000011be80000000"))
    if len(answer) < 12 or answer[0] != 6 or answer[3] & 0x1F != 6:
        raise Garbled("the answer is no RMCP")
    return {"reachable": True}


def _speak_gtp(post: Post) -> Told:
    """Ask for an echo, as nodes of a mobile core do. Source: 3GPP TS 29.060, section 7.2.1."""
    answer = post.ask(bytes.fromhex("320100040000000000000000"))
    if len(answer) < 8 or answer[0] >> 5 not in (1, 2) or answer[1] not in (2, 3):
        raise Garbled("the answer is no GTP")
    return {"reachable": True}


SPEAKERS: Final[Mapping[str, Callable[[Post], Told]]] = {
    "ntp": _speak_ntp,
    "ipmi": _speak_ipmi,
    "gtp": _speak_gtp,
}
"""Every protocol that is known here."""


def _fact(address: str, port: int, speaks: str, clock: Clock) -> ServiceFact:
    known = {"address": address, "protocol": "udp", "port": port, "speaks": speaks}
    try:
        with _posting(address, port, clock) as post:
            told = SPEAKERS[speaks](post)
    except (Garbled, OSError) as error:
        outcome, detail = how_it_ended(error)
        return ServiceFact.model_validate({**known, "outcome": outcome, "detail": detail})
    return ServiceFact.model_validate({**known, "outcome": "answered", "told": told})


def look_at_datagrams(
    permitted: PermittedPlan,
    clock: Clock,
    must_stop: MustStop = never,
    meant_port: Callable[[int], int] = int,
) -> tuple[ServiceFact, ...]:
    """Return one fact for each address and port of the permitted plan.

    What is asked at a port stands in a closed list; `meant_port` tells which port of that list a
    really contacted one stands for. A port that is not on it is not asked.
    """
    plan = permitted.plan
    facts: list[ServiceFact] = []
    for address in plan.targets:
        for port in plan.ports or ():
            if must_stop():
                return tuple(facts)
            speaks = DATAGRAMS.get(meant_port(port))
            if speaks is not None:
                facts.append(_fact(address, port, speaks, clock))
    return tuple(facts)
