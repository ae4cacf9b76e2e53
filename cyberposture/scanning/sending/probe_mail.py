"""Looks at a mail server as another mail server would, and never hands a message over.

Two questions: what it offers (greeting, EHLO, and the handshake of STARTTLS), and whether it takes
a recipient that is none of its own. The second stops after RCPT TO; DATA is never sent, so that
no message can come into being. Source: RFC 5321, RFC 3207.
"""

import re
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from cyberposture.model.observations import MailFact, TLSFact
from cyberposture.scanning.permission.gate import PermittedPlan
from cyberposture.scanning.sending.connect import lenient_context
from cyberposture.scanning.sending.probe_tls import judging_context, read_certificate
from cyberposture.scanning.sending.talk import (
    MOST_LINES,
    Garbled,
    MustStop,
    Talk,
    how_it_ended,
    never,
    talking,
)

OUR_NAME: Final = "posture-check.example.invalid"
STRANGER: Final = "nobody@relay-check.example.invalid"
"""A recipient who cannot exist. Source: RFC 2606, section 2: `.invalid` is never a domain."""

Relay = Literal["refused", "accepted", "deferred", "unclear"]
_REPLY: Final = re.compile(r"([2-5]\d\d)(?:([ -])(.*))?")
_ELSEWHERE: Final = re.compile(r"\b[45]\.1\.[128]\b|domain not found|unknown domain|does not exist")
"""Refusals for what the recipient or the sender is, which tell nothing of relaying."""


@dataclass(frozen=True)
class _Spot:
    address: str
    port: int
    name: str | None
    tls: bool
    """TLS is spoken from the first byte."""


@dataclass(frozen=True)
class _Reply:
    code: int
    lines: tuple[str, ...]

    def text(self) -> str:
        """Return the code and the words on one line."""
        return f"{self.code} {' '.join(self.lines)}"[:500]


def _read_reply(talk: Talk) -> _Reply:
    lines: list[str] = []
    while len(lines) < MOST_LINES:
        found = _REPLY.fullmatch(talk.read_line())
        if found is None:
            raise Garbled("the answer is no SMTP")
        lines.append((found[3] or "")[:500])
        if found[2] != "-":
            return _Reply(int(found[1]), tuple(lines))
    raise Garbled("an answer without an end")


def _ask(talk: Talk, line: str) -> _Reply:
    talk.send(f"{line}\r\n".encode("ascii"))
    return _read_reply(talk)


def _abilities(reply: _Reply) -> tuple[str, ...]:
    """Return the words after the server's name; a server that knows no EHLO has none."""
    if reply.code != 250:
        return ()
    return tuple(line.upper()[:100] for line in reply.lines[1:])


def _greeted(talk: Talk) -> tuple[_Reply, tuple[str, ...]]:
    greeting = _read_reply(talk)
    if greeting.code != 220:
        raise Garbled(f"it serves nobody: {greeting.text()}"[:200])
    answer = _ask(talk, f"EHLO {OUR_NAME}")
    if answer.code < 250:
        raise Garbled(f"no answer to that question: {answer.text()}"[:200])
    return greeting, _abilities(answer)


def _shaken(spot: _Spot, secured: ssl.SSLSocket, problem: str | None) -> TLSFact:
    cipher, der = secured.cipher(), secured.getpeercert(True)
    seen = read_certificate(der, spot.name, problem is None, problem) if der else None
    return TLSFact(
        address=spot.address,
        port=spot.port,
        name=spot.name,
        outcome="answered",
        version=secured.version(),
        cipher=cipher[0] if cipher else None,
        certificate=seen,
    )


def _failed_shake(spot: _Spot, error: Exception) -> TLSFact:
    outcome, detail = how_it_ended(error)
    kind = "no-tls" if outcome == "other" else outcome
    return TLSFact.model_validate(
        {"address": spot.address, "port": spot.port, "name": spot.name, "outcome": kind,
         "detail": detail}
    )  # fmt: skip


def _converse(spot: _Spot, context: ssl.SSLContext, problem: str | None) -> MailFact:
    """Have one talk.

    Raises:
        SSLCertVerificationError: the chain is not trusted; to be had once more, leniently.
        Garbled: what answers is no mail server.
        OSError: the network failed, or the time is over.
    """
    with talking(spot.address, spot.port) as talk:
        tls = None
        if spot.tls:
            tls = _shaken(spot, talk.secure(context, spot.name), problem)
        greeting, abilities = _greeted(talk)
        offered = "STARTTLS" in abilities
        if offered and not spot.tls:
            tls = _upgrade(talk, spot, context, problem)
        else:
            talk.send(b"QUIT\r\n")
    return MailFact(
        address=spot.address,
        port=spot.port,
        name=spot.name,
        asked="abilities",
        outcome="answered",
        greeting=greeting.text(),
        abilities=abilities,
        starttls=None if spot.tls else offered,
        tls=tls,
    )


def _upgrade(talk: Talk, spot: _Spot, context: ssl.SSLContext, problem: str | None) -> TLSFact:
    """Take the offer of STARTTLS; an offer that comes to nothing is a fact like any other."""
    try:
        if _ask(talk, "STARTTLS").code != 220:
            raise Garbled("it offers STARTTLS and then refuses it")
        return _shaken(spot, talk.secure(context, spot.name), problem)
    except ssl.SSLCertVerificationError:
        raise
    except (Garbled, OSError) as error:
        return _failed_shake(spot, error)


def _look(spot: _Spot, trust_store: Path | None) -> MailFact:
    try:
        return _converse(spot, judging_context(trust_store), None)
    except ssl.SSLCertVerificationError as error:
        return _converse(spot, lenient_context(), error.verify_message[:200])


def _judge(reply: _Reply) -> Relay:
    if reply.code in (250, 251):
        return "accepted"
    if 400 <= reply.code < 500:
        return "deferred"
    if _ELSEWHERE.search(reply.text().lower()):
        return "unclear"
    return "refused" if reply.code >= 500 else "unclear"


def _try_relay(spot: _Spot) -> MailFact:
    with talking(spot.address, spot.port) as talk:
        greeting, abilities = _greeted(talk)
        # The empty sender is that of error reports: nobody is written to in return.
        sender = _ask(talk, "MAIL FROM:<>")
        reply = _ask(talk, f"RCPT TO:<{STRANGER}>") if sender.code == 250 else sender
        relay: Relay = _judge(reply) if sender.code == 250 else "unclear"
        _ask(talk, "RSET")
        talk.send(b"QUIT\r\n")
    return MailFact(
        address=spot.address,
        port=spot.port,
        name=spot.name,
        asked="relay",
        outcome="answered",
        greeting=greeting.text(),
        abilities=abilities,
        relay=relay,
        reply=reply.text(),
    )


def _fact(spot: _Spot, relays: bool, trust_store: Path | None) -> MailFact:
    try:
        return _try_relay(spot) if relays else _look(spot, trust_store)
    except (Garbled, OSError) as error:
        outcome, detail = how_it_ended(error)
        return MailFact(
            address=spot.address,
            port=spot.port,
            name=spot.name,
            asked="relay" if relays else "abilities",
            outcome=outcome,
            detail=detail,
        )


def look_at_mail(
    permitted: PermittedPlan, trust_store: Path | None, must_stop: MustStop = never
) -> tuple[MailFact, ...]:
    """Return one fact for each address and port of the permitted plan.

    The plan's parameter `tls` (0 or 1) says whether TLS is spoken from the first byte.
    """
    plan = permitted.plan
    tls = bool(plan.parameters.get("tls", 0))
    spots: Iterable[_Spot] = (
        _Spot(address, port, plan.name, tls)
        for address in plan.targets
        for port in plan.ports or ()
    )
    facts: list[MailFact] = []
    for spot in spots:
        if must_stop():
            break
        facts.append(_fact(spot, plan.technique == "smtp-relay", trust_store))
    return tuple(facts)
