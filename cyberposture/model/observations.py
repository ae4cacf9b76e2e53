"""Facts: what was seen on the network, never what it means."""

from typing import Any, Literal

from pydantic import Field

from cyberposture.model.checks import Protocol, Verdict
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


class DNSFact(Model):
    """One lookup: absence is a fact only where the lookup was completed."""

    name: str
    kind: str
    """The record type asked for, such as TXT."""
    outcome: Literal["answered", "no-such-name", "no-record", "refused", "failed", "timed-out"]
    records: tuple[str, ...] = ()


class Fact(Model):
    """One observation: who looked at what, how, when, from where, and what came back."""

    address: str
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
    dns: tuple[DNSFact, ...] = ()
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
