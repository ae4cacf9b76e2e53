"""Small hosts written down compactly: the facts of a check's own examples.

They are compiled to the facts that a scan gives in `cyberposture.scanning.judging.examples`.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from cyberposture.model.foundation import Code, Model, Port

LookupOutcome = Literal["answered", "no-such-name", "no-record", "refused", "failed", "timed-out"]
"""How a lookup ended; the first three are completed lookups."""

TalkOutcome = Literal["answered", "refused", "timed-out", "other", "failed"]
"""How a short talk ended; `other`: something answered that does not speak the protocol."""

TableAnswer = Literal["yes", "no", "unclear", "not-looked-up"]
"""What a table says of a product."""

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9+./_-]*$", max_length=64)]
"""A short technical name: of a service, a script, a header."""

PortText = Annotated[
    str, StringConstraints(pattern=r"^([1-9]\d{0,4})(/udp)?$"), Field(examples=["23", "161/udp"])
]
"""A port in an example: TCP unless it says otherwise."""


class ExampleService(Model):
    """What version detection found at a port of an example."""

    name: Name
    product: str | None = None
    version: str | None = None
    extra: str | None = None
    guessed: bool = False
    """Only nmap's table said so: nothing was exchanged."""


class ExampleCertificate(Model):
    """A certificate in an example; dates count from the moment of the example."""

    days_left: int = 90
    begins_in_days: int = -30
    names: tuple[str, ...] = ("www.example.pk",)
    issuer: str = "CN=Example Authority"
    trusted: bool | None = True
    problem: str | None = None
    matches_name: bool | None = True
    key_kind: str = "RSA"
    key_bits: int = 2048
    signature_hash: str | None = "sha256"


class ExampleTLS(Model):
    """One handshake of an example."""

    port: Port = 443
    name: str | None = None
    outcome: Literal["answered", "refused", "timed-out", "no-tls", "failed"] = "answered"
    version: str | None = "TLSv1.3"
    certificate: ExampleCertificate | None = None


class ExampleContactFile(Model):
    """The file for reports of flaws in an example; None: it names no end of validity."""

    contacts: tuple[str, ...] = ("mailto:desk@example.pk",)
    expires_in_days: int | None = 180


class ExampleHTTP(Model):
    """One HTTP exchange of an example."""

    port: Port = 443
    name: str | None = None
    tls: bool = True
    path: str = "/"
    outcome: Literal["answered", "refused", "timed-out", "no-http", "failed"] = "answered"
    status: int | None = 200
    headers: dict[str, str] = Field(default_factory=dict)
    cookies: tuple[dict[str, str | bool | None], ...] = ()
    marks: tuple[str, ...] = ()
    contact_file: ExampleContactFile | None = None


class ExampleMail(Model):
    """One talk of an example with a mail server."""

    port: Port = 25
    asked: Literal["abilities", "relay"] = "abilities"
    outcome: TalkOutcome = "answered"
    abilities: tuple[str, ...] = ()
    tls: ExampleTLS | None = None
    at_once: bool = False
    """TLS is spoken from the first byte."""
    relay: Literal["refused", "accepted", "deferred", "unclear"] | None = None
    reply: str = ""


class ExampleTalk(Model):
    """One short talk of an example with any other service, and what it told."""

    port: PortText
    speaks: Code
    outcome: TalkOutcome = "answered"
    told: dict[Code, bool | int | str | None] = Field(default_factory=dict)


class ExampleDNS(Model):
    """One lookup of an example; `name` is what stands in front of the example's own name."""

    under: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_][a-z0-9._-]*$")] | None = None
    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_][a-z0-9._-]*$")] | None = None
    """Another name altogether, such as that of a name server; not together with `under`."""
    kind: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{1,10}$")] = "TXT"
    outcome: LookupOutcome = "answered"
    records: tuple[str, ...] = ()
    server: str | None = None
    """The name server that was asked itself; without it the resolver was."""
    authentic: bool | None = None
    authoritative: bool | None = None
    unchecked: bool = False
    size_bytes: int | None = None
    asked_bytes: int | None = None


class ExampleProduct(Model):
    """What the tables of an example say of the product at a port."""

    port: Port
    confirmed: bool = False
    flawed: TableAnswer = "not-looked-up"
    exploited: TableAnswer = "not-looked-up"
    unsupported: TableAnswer = "not-looked-up"
    note: str = ""


class ExampleFlow(Model):
    """A permitted flow of an example; without ports every port is permitted."""

    origin: Code
    target: Code
    ports: tuple[PortText, ...] | None = None


class ExampleContext(Model):
    """What the institution of an example has declared."""

    declared: bool | None = None
    services: tuple[PortText, ...] | None = None
    zone: Code | None = None
    flows: tuple[ExampleFlow, ...] | None = None
    selectors: tuple[str, ...] | None = None
    """The DKIM selectors that a mail domain declared."""
    official: tuple[str, ...] | None = None
    """The official domains of the country; None where no list is at hand."""
    addresses: tuple[str, ...] | None = None
    """The addresses that stand in the register, for what compares names with it."""


class ExampleFacts(Model):
    """The facts of one small host, written down compactly."""

    vantage: (
        Annotated[str, StringConstraints(pattern=r"^(external|internal:[a-z0-9-]+)$")] | None
    ) = None
    """By default the check's own; `external` where any will do."""
    outcome: Literal["answered", "timed-out", "no-answer", "not-tested", "error"] = "answered"
    ports: dict[PortText, str] = Field(default_factory=dict)
    """The state of each port, in nmap's words."""
    rest: str | None = None
    """The state of all other ports; without it they were not asked for."""
    services: dict[PortText, Name | ExampleService] = Field(default_factory=dict)
    """What was found at a port; such a port is open without being named in `ports`."""
    scripts: dict[PortText, dict[Name, Any]] = Field(default_factory=dict)
    """The output of NSE scripts: a text, or tables."""
    tls: tuple[ExampleTLS, ...] = ()
    http: tuple[ExampleHTTP, ...] = ()
    mail: tuple[ExampleMail, ...] = ()
    talks: tuple[ExampleTalk, ...] = ()
    subject: Name | None = None
    """The name of what is judged, where that is no host; there is one by default."""
    dns: tuple[ExampleDNS, ...] = ()
    products: tuple[ExampleProduct, ...] = ()
    told: dict[Code, bool | int | str | None] = Field(default_factory=dict)
    """What a procedure or a table tells, by name; null: it was tried in vain."""
    context: ExampleContext = ExampleContext()
