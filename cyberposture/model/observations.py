"""Facts: what was seen on the network, never what it means."""

from typing import Any, Literal

from pydantic import Field

from cyberposture.model.checks import Protocol, Subject, Verdict
from cyberposture.model.examples import LookupOutcome, TalkOutcome
from cyberposture.model.foundation import CheckId, Code, Model, Moment, Sha256

PortState = Literal[
    "open", "closed", "filtered", "unfiltered", "open|filtered", "closed|filtered", "unknown"
]
Range = tuple[int, int]
"""First and last port of a stretch, both included."""


class ScriptOutput(Model):
    """What one NSE script reported: its text, and its tables as plain values."""

    id: str
    output: str = ""
    tables: Any = None


class PortFact(Model):
    """A port that nmap names explicitly."""

    protocol: str
    port: int = Field(ge=0, le=65535)
    state: str
    reason: str | None = None
    service: str | None = None
    """nmap's service name, with `ssl/` in front where it found a TLS tunnel."""
    product: str | None = None
    version: str | None = None
    extra_info: str | None = None
    method: str | None = None
    """`probed`: seen in an exchange; `table`: guessed from the port number, proves nothing."""
    cpe: tuple[str, ...] = ()
    scripts: tuple[ScriptOutput, ...] = ()


class ExtraPorts(Model):
    """The ports that nmap sums up: their state and, where it tells, which they are."""

    protocol: str = "tcp"
    state: str
    count: int = Field(ge=0)
    ranges: tuple[Range, ...] | None = None


class HostFact(Model):
    """One host as one nmap run reported it."""

    address: str
    state: str
    timed_out: bool = False
    ports: tuple[PortFact, ...] = ()
    extra: tuple[ExtraPorts, ...] = ()
    scripts: tuple[ScriptOutput, ...] = ()
    started_at: Moment | None = None
    ended_at: Moment | None = None


class Certificate(Model):
    """The leaf certificate of a TLS endpoint and how its chain was judged at the time."""

    subject: str
    issuer: str
    names: tuple[str, ...] = ()
    not_before: Moment
    not_after: Moment
    key_kind: str
    key_bits: int
    signature_hash: str | None = None
    sha256: Sha256
    trusted: bool | None = None
    """None: it could not be decided (no trust store)."""
    trust_problem: str | None = None
    matches_name: bool | None = None
    """None: it was not spoken to under a name."""


class TLSFact(Model):
    """One TLS endpoint, as our own probe saw it."""

    address: str
    port: int
    name: str | None = None
    outcome: Literal["answered", "refused", "timed-out", "no-tls", "failed"]
    detail: str = ""
    version: str | None = None
    cipher: str | None = None
    certificate: Certificate | None = None


class ContactFile(Model):
    """What a site's file for reports of flaws says. Source: RFC 9116, section 2.5."""

    contacts: tuple[str, ...] = ()
    expires: Moment | None = None
    """None: no such line, or one that is no date."""


class HTTPFact(Model):
    """One HTTP exchange, as our own probe saw it; of the body only marks are kept."""

    address: str
    port: int
    name: str | None = None
    tls: bool
    path: str = "/"
    outcome: Literal["answered", "refused", "timed-out", "no-http", "failed"]
    detail: str = ""
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    """Lower-case names with values, in the order received, bounded in number and length."""
    cookies: tuple[dict[str, Any], ...] = ()
    title: str | None = None
    marks: tuple[str, ...] = ()
    """What the probe recognised in the body: directory-listing, stack-trace, login-form …"""
    contact_file: ContactFile | None = None


class MailFact(Model):
    """One talk with a mail server, as our own probe had it; no message is ever handed over."""

    address: str
    port: int
    name: str | None = None
    asked: Literal["abilities", "relay"]
    outcome: TalkOutcome
    detail: str = ""
    greeting: str = ""
    abilities: tuple[str, ...] = ()
    """The words of its answer to EHLO, before any encryption, in capitals."""
    starttls: bool | None = None
    """Encryption is offered on request; None: not asked, or TLS is spoken from the first byte."""
    tls: TLSFact | None = None
    """The handshake on that offer, or from the first byte."""
    relay: Literal["refused", "accepted", "deferred", "unclear"] | None = None
    """What was said to a recipient elsewhere; None: nobody asked."""
    reply: str = ""
    """The server's own words to that."""


class ServiceFact(Model):
    """One short talk with any other service, as our own probe had it."""

    address: str
    protocol: Protocol = "tcp"
    port: int
    speaks: Code
    """The protocol that was tried: ssh, rdp, ntp …"""
    outcome: TalkOutcome
    detail: str = ""
    told: dict[Code, bool | int | str | None] = Field(default_factory=dict)
    """What was found out, by name; None: it was tried in vain."""


class Looked(Model):
    """What one table says of a product that was seen."""

    answer: Literal["yes", "no", "unclear", "not-looked-up"]
    note: str = ""
    """Why, for people; safe text."""
    flaws: tuple[str, ...] = ()
    """The flaws that it is about, by CVE number, the newest first; bounded in number."""


class ProductFact(Model):
    """A product that was seen at a port, looked up in tables of others; nothing was sent for it."""

    protocol: Protocol = "tcp"
    port: int
    seen: str
    """Product and version as the service told them: an attacker's text."""
    cpe: str | None = None
    version: str | None = None
    """The version that was looked up: what the institution confirmed, else what was told."""
    confirmation: str | None = None
    """The code of the institution's confirmation; None: only the service itself says so."""
    flawed: Looked
    exploited: Looked
    unsupported: Looked


class DNSFact(Model):
    """One lookup: absence is a fact only where the lookup was completed."""

    name: str
    kind: str
    """The record type asked for, such as TXT."""
    outcome: LookupOutcome
    records: tuple[str, ...] = ()
    """The data of each record as text; of a TXT record its strings joined."""
    server: str | None = None
    """The name server that was asked directly; None: the resolver."""
    authentic: bool | None = None
    """The resolver vouched for the signatures (the AD bit); None: it was not asked to."""
    unchecked: bool = False
    """The resolver was asked not to check signatures, so that a broken zone answers too."""
    authoritative: bool | None = None
    """A server asked directly said that the zone is its own."""
    recursion: bool | None = None
    """A server asked directly said that it asks others on behalf of whoever asks it."""
    signed: bool | None = None
    """The answer carried signatures, whoever has checked them."""
    alias: str | None = None
    """The name that the aliases lead to, where the name asked for is one."""
    size_bytes: int | None = None
    """Length of an answer over UDP, where amplification is measured."""
    asked_bytes: int | None = None
    """Length of the question."""
    detail: str = ""


class Fact(Model):
    """One observation: who looked at what, how, when, from where, and what came back."""

    address: str
    """The subject's key: an address; else a name (lower case, no trailing dot), a prefix (CIDR)
    or the institution's code."""
    subject: Subject = "host"
    """What the fact speaks of. The same name can be a domain and a mail domain."""
    name: str | None = None
    technique: Code
    vantage: str = "external"
    """`external`, or `internal:ZONE`."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    started_at: Moment | None = None
    ended_at: Moment | None = None
    scanner: str = ""
    outcome: Literal["answered", "timed-out", "no-answer", "not-tested", "error"]
    tested: dict[str, tuple[Range, ...]] | None = None
    """Ports asked for, by protocol; None where the source does not tell."""
    host: HostFact | None = None
    tls: tuple[TLSFact, ...] = ()
    http: tuple[HTTPFact, ...] = ()
    mail: tuple[MailFact, ...] = ()
    services: tuple[ServiceFact, ...] = ()
    dns: tuple[DNSFact, ...] = ()
    products: tuple[ProductFact, ...] = ()
    told: dict[Code, bool | int | str | None] = Field(default_factory=dict)
    """What a recorded procedure or a dated table says, by name; None: it was tried in vain."""
    artefact: Sha256 | None = None
    parser: int = 1


class Judgement(Model):
    """What one check says of one endpoint; `port` is None for the host as a whole."""

    check: CheckId
    version: int
    address: str
    protocol: Protocol | None = None
    port: int | None = None
    subkey: str = ""
    verdict: Verdict
    says: str
    is_potential: bool = False
    """It opens a finding that waits for the institution's confirmation."""
