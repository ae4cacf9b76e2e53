"""One DNS question to one pinned server, and its answer as a fact: every way to fail kept apart."""

import time
from dataclasses import dataclass, field
from typing import Final

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.txtbase
import dns.rrset

from cyberposture.model.examples import LookupOutcome
from cyberposture.model.observations import DNSFact
from cyberposture.scanning.sending.talk import MustStop, never

QUERY_S: Final = 2.0
"""How long one try may take; shorter than the seconds in which a stop must take hold."""
TRIES: Final = 2
PAYLOAD_BYTES: Final = 1232
"""Answers that pass without fragments. Source: DNS Flag Day 2020."""
MOST_RECORDS: Final = 64
MOST_CHARACTERS: Final = 4096
"""Longer data is cut, so that a hostile zone fills nobody's register."""
_MOST_LABELS_BYTES: Final = 253

Where = tuple[str, int]
"""Address and port of the server that is asked, and no other."""


@dataclass(frozen=True)
class Answer:
    """One exchange: the fact, and the message for who looks closer (None without one)."""

    fact: DNSFact
    message: dns.message.Message | None = None


def _text(rdata: dns.rdata.Rdata) -> str:
    if isinstance(rdata, dns.rdtypes.txtbase.TXTBase):
        text = b"".join(rdata.strings).decode("utf-8", "backslashreplace")
    else:
        text = rdata.to_text()
    return text[:MOST_CHARACTERS]


def _outcome(
    message: dns.message.Message, found: dns.rrset.RRset | None, chained: bool
) -> tuple[LookupOutcome, str]:
    match message.rcode():
        case dns.rcode.NOERROR if found is not None:
            return "answered", ""
        case dns.rcode.NOERROR if chained and not message.authority:
            return "failed", "the answer ends in the middle of its aliases"
        case dns.rcode.NOERROR:
            return "no-record", ""
        case dns.rcode.NXDOMAIN:
            return "no-such-name", ""
        case dns.rcode.REFUSED:
            return "refused", ""
        case other:
            return "failed", dns.rcode.to_text(other)


def _read(
    name: str, kind: str, message: dns.message.Message, server: str | None, dnssec: bool
) -> DNSFact:
    """Return the fact that an answer tells; what cannot be read has failed."""
    try:
        chain = (
            message.resolve_chaining() if isinstance(message, dns.message.QueryMessage) else None
        )
    except dns.exception.DNSException as error:
        detail = f"an answer that cannot be read: {type(error).__name__}"
        return DNSFact(name=name, kind=kind, outcome="failed", server=server, detail=detail)
    found = chain.answer if chain is not None else None
    cnames = chain.cnames if chain is not None else []
    outcome, detail = _outcome(message, found, bool(cnames))
    records = sorted(_text(rdata) for rdata in found or ())
    if len(records) > MOST_RECORDS:
        detail = f"{len(records)} records, of which {MOST_RECORDS} are kept"
    signed = any(rrset.rdtype == dns.rdatatype.RRSIG for rrset in message.answer)
    return DNSFact(
        name=name,
        kind=kind,
        outcome=outcome,
        records=tuple(records[:MOST_RECORDS]),
        server=server,
        authentic=bool(message.flags & dns.flags.AD) if dnssec else None,
        authoritative=bool(message.flags & dns.flags.AA) if server else None,
        recursion=bool(message.flags & dns.flags.RA) if server else None,
        signed=signed if dnssec else None,
        alias=chain.canonical_name.to_text(omit_final_dot=True).lower()
        if chain is not None and cnames
        else None,
        detail=detail,
    )


def _question(
    name: str, kind: str, dnssec: bool, unchecked: bool, recurse: bool
) -> dns.message.Message:
    query = dns.message.make_query(
        dns.name.from_text(name), kind, use_edns=0, payload=PAYLOAD_BYTES, want_dnssec=dnssec
    )
    query.flags = dns.flags.RD if recurse else dns.flags.Flag(0)
    if dnssec:
        query.flags |= dns.flags.AD
    if unchecked:
        query.flags |= dns.flags.CD
    return query


def ask(
    name: str,
    kind: str,
    where: Where,
    *,
    dnssec: bool = False,
    unchecked: bool = False,
    direct: bool = False,
    recurse: bool = True,
    must_stop: MustStop = never,
) -> Answer:
    """Ask one server one question, over UDP and, where the answer is cut, over TCP.

    With `dnssec` signatures are asked for, with `unchecked` the resolver's own check of them is
    switched off; `direct` says that a name server is asked itself, without `recurse` only for what
    it knows by itself. Never raises for what the other side does.
    """
    server = where[0] if direct else None

    def in_vain(outcome: LookupOutcome, detail: str) -> Answer:
        said = {"outcome": outcome, "detail": detail, "server": server, "unchecked": unchecked}
        return Answer(DNSFact.model_validate({"name": name, "kind": kind, **said}))

    try:
        query = _question(name, kind, dnssec, unchecked, recurse)
    except (dns.exception.DNSException, ValueError, UnicodeError) as error:
        return in_vain("failed", f"no name that can be asked for: {type(error).__name__}")
    outcome: LookupOutcome = "timed-out"
    detail = f"no answer within {QUERY_S:g} s, {TRIES} times"
    for number in range(TRIES):
        if number and must_stop():
            break
        try:
            message, _ = dns.query.udp_with_fallback(query, where[0], QUERY_S, where[1])
        except (dns.exception.Timeout, TimeoutError):
            continue
        except (dns.exception.DNSException, OSError, EOFError, ValueError) as error:
            outcome, detail = "failed", type(error).__name__
            continue
        fact = _read(name, kind, message, server, dnssec)
        return Answer(fact.model_copy(update={"unchecked": unchecked}), message)
    return in_vain(outcome, detail)


@dataclass
class Asker:
    """Asks the resolver about one name and what it leads to: each thing once, and not for ever."""

    where: Where
    must_stop: MustStop
    most_questions: int = 150
    most_s: float = 60.0
    answers: dict[tuple[str, str, bool], Answer] = field(default_factory=dict)
    was_stopped: bool = False
    _began: float = field(default_factory=time.monotonic)

    def find(self, name: str, kind: str) -> DNSFact:
        """Return one lookup."""
        return self.ask(name, kind).fact

    def ask(self, name: str, kind: str, *, dnssec: bool = False, unchecked: bool = False) -> Answer:
        """Return one lookup with its message; what goes beyond the bounds has failed."""
        name = name.rstrip(".").lower()
        key = (name, kind, unchecked)
        known = self.answers.get(key)
        if known is not None and (known.fact.authentic is not None or not dnssec):
            return known
        why = self._why_not(name)
        if why:
            fact = DNSFact(name=name[:_MOST_LABELS_BYTES], kind=kind, outcome="failed", detail=why)
            return self.answers.setdefault(key, Answer(fact))
        found = ask(
            *(name, kind, self.where),
            dnssec=dnssec,
            unchecked=unchecked,
            must_stop=self.must_stop,
        )
        self.answers[key] = found
        return found

    def _why_not(self, name: str) -> str:
        if self.was_stopped or self.must_stop():
            self.was_stopped = True
            return "stopped"
        if len(name) > _MOST_LABELS_BYTES:
            return "a name that is too long"
        if len(self.answers) >= self.most_questions:
            return f"more than {self.most_questions} lookups for one name"
        if time.monotonic() - self._began > self.most_s:
            return f"more than {self.most_s:g} s of lookups for one name"
        return ""

    def facts(self) -> tuple[DNSFact, ...]:
        """Return every lookup made, in the order in which it was made."""
        return tuple(answer.fact for answer in self.answers.values())
