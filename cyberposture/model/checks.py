"""Checks: what to look for in facts and how to judge it. A check never names a control."""

import re
from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from cyberposture.model.examples import ExampleFacts, Name
from cyberposture.model.foundation import CheckId, Code, Model, ObservationCode, Port, Sentence

Verdict = Literal["pass", "fail", "not-applicable", "inconclusive", "not-tested"]
Severity = Literal["critical", "high", "medium", "low"]
RollUp = Literal["worst", "share"]
Protocol = Literal["tcp", "udp"]
Subject = Literal["host", "name", "domain", "mail-domain", "prefix", "institution"]
"""What a fact speaks of and a check judges; a check judges only facts of its own subject."""
TLSVersion = Literal["SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"]
CertificateFlaw = Literal[
    "expired", "not-yet-valid", "expires-soon", "name-mismatch", "untrusted", "weak-key"
]
Word = Annotated[str, StringConstraints(min_length=1, max_length=200)]

PLACEHOLDERS = frozenset({"address", "port", "endpoint", "detail"})
"""What a sentence of a check may have filled in."""


def _one_of(model: Model, *names: str) -> None:
    given = [name for name in names if getattr(model, name) is not None]
    if len(given) != 1:
        raise ValueError(f"exactly one of: {', '.join(name.rstrip('_') for name in names)}")


class ScriptSays(Model):
    """Text that the output of one vetted NSE script contains, or lacks; letter case is ignored."""

    script: Name
    contains: Word | None = None
    absent: Word | None = None

    @model_validator(mode="after")
    def _coherent(self) -> "ScriptSays":
        _one_of(self, "contains", "absent")
        return self


class HeaderIs(Model):
    """A header of a page's answer: that it is missing, contains a text, or lacks it.

    A missing header lacks every text. Letter case is ignored.
    """

    name: Name
    absent: Literal[True] | None = None
    contains: Word | None = None
    lacks: Word | None = None

    @model_validator(mode="after")
    def _coherent(self) -> "HeaderIs":
        _one_of(self, "absent", "contains", "lacks")
        return self


class DNSRecordIs(Model):
    """What a completed lookup gave: no record, one that contains a text, or none that does.

    `under` is the label in front of the name that was asked for, such as `_dmarc`.
    """

    kind: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{1,10}$")]
    under: Annotated[str, StringConstraints(pattern=r"^_?[a-z0-9][a-z0-9._-]*$")] | None = None
    absent: Literal[True] | None = None
    contains: Word | None = None
    lacks: Word | None = None

    @model_validator(mode="after")
    def _coherent(self) -> "DNSRecordIs":
        _one_of(self, "absent", "contains", "lacks")
        return self


class ProductIs(Model):
    """The product found at the endpoint and, with `below`, an older version of it.

    A version read from a banner proves nothing (distributions mend without raising it), so with
    `below` a match is never true: it is unknown until the institution confirms it.
    """

    name: Word
    below: Annotated[str, StringConstraints(pattern=r"^\d+(\.\d+)*$")] | None = None


class FactIs(Model):
    """A fact by name, and the value, or the bound in its own unit, that makes this true.

    What a procedure or a table told (`Fact.told`) comes first, else the fact is computed.
    """

    name: Code
    is_: bool | int | str | None = Field(default=None, alias="is")
    below: int | None = None

    @model_validator(mode="after")
    def _coherent(self) -> "FactIs":
        _one_of(self, "is_", "below")
        return self


class Expression(Model):
    """A condition over the facts of one endpoint. Exactly one word is given.

    What needs more than these words becomes a new fact, computed and tested in Python.
    """

    all_of: tuple["Expression", ...] | None = Field(default=None, min_length=1)
    any_of: tuple["Expression", ...] | None = Field(default=None, min_length=1)
    none_of: tuple["Expression", ...] | None = Field(default=None, min_length=1)
    port_open: Annotated[tuple[Port, ...], Field(min_length=1)] | Literal["any"] | None = None
    """The endpoint is open (and, with a list, is one of these ports)."""
    service: tuple[Name, ...] | None = Field(default=None, min_length=1)
    """The service found at the endpoint has one of these names (nmap's spelling, `ssl/` in front
    where it speaks TLS)."""
    script_says: ScriptSays | None = None
    tls_version: tuple[TLSVersion, ...] | None = Field(default=None, min_length=1)
    """The endpoint accepts at least one of these protocol versions."""
    certificate: CertificateFlaw | None = None
    header: HeaderIs | None = None
    dns_record: DNSRecordIs | None = None
    product: ProductIs | None = None
    fact: FactIs | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "Expression":
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            words = ", ".join(type(self).model_fields)
            raise ValueError(f"exactly one word of: {words}")
        return self

    def parts(self) -> tuple["Expression", ...]:
        """Return the expressions directly inside this one, in the order given."""
        return self.all_of or self.any_of or self.none_of or ()


class Endpoints(Model):
    """Which endpoints of a host a check judges, or that it judges something else as a whole.

    `ports` are judged whatever stands there (closed is an answer too); `services` adds each open
    port where one of these services was found, `speaking` each port that speaks TLS, HTTP in the
    clear, HTTP over TLS, or either (`web`), or that names its product (`product`). With none of
    them the host as a whole is judged.
    """

    subject: Subject = "host"
    """What is judged. A name is that of a declared host, a domain a declared zone of the DNS, a
    mail domain a name behind the @, an institution all that is told of it and of no host."""
    protocol: Protocol = "tcp"
    ports: tuple[Port, ...] = ()
    services: tuple[Name, ...] = ()
    speaking: Literal["tls", "http", "https", "web", "product"] | None = None
    usual: tuple[Port, ...] = ()
    """Where such endpoints live: none is called absent before all of these were looked at."""
    look_at: tuple[Port, ...] = ()
    """Further ports that are worth a look; closed, they are not judged."""

    @model_validator(mode="after")
    def _coherent(self) -> "Endpoints":
        if self.speaking and (self.ports or self.services or self.protocol != "tcp"):
            raise ValueError("speaking: stands alone, for tcp")
        if len({*self.ports, *self.usual, *self.look_at}) != len(self.all_ports()):
            raise ValueError("a port stands once, in ports, usual or look_at")
        if self.subject != "host" and (self.all_ports() or self.services or self.speaking):
            raise ValueError(f"a {self.subject} has no ports: it is judged as a whole")
        return self

    def all_ports(self) -> tuple[int, ...]:
        """Return every port that has to be looked at for this."""
        return self.ports + self.usual + self.look_at


class Says(Model):
    """One sentence for each verdict, for people.

    `{endpoint}` (name, address and port, as far as there are), `{address}`, `{port}` and
    `{detail}` are filled in; `{detail}` is never empty.
    """

    passed: Sentence = Field(alias="pass")
    fail: Sentence
    inconclusive: Sentence
    potential: Sentence | None = None
    """For what waits for the institution's word; needed where `potential_when` is given."""

    @field_validator("*")
    @classmethod
    def _known_placeholders(cls, text: str | None) -> str | None:
        if text is None:
            return None
        unknown = set(re.findall(r"\{([^{}]*)\}", text)) - PLACEHOLDERS
        if unknown or re.search(r"[{}]", re.sub(r"\{[a-z]+\}", "", text)):
            allowed = ", ".join(f"{{{name}}}" for name in sorted(PLACEHOLDERS))
            raise ValueError(f"only {allowed} may stand in braces")
        return text


class Example(Model):
    """A case of the check's own test: facts (as a small host) and the verdict they must give."""

    name: str
    facts: ExampleFacts
    verdict: Verdict
    potential: bool = False
    """The verdict opens a finding that waits for confirmation."""
    port: Port | None = None
    """Which endpoint's verdict is meant; without it the worst of all verdicts is."""


class CheckSource(Model):
    """Where a rule or threshold of the check comes from."""

    title: Word
    section: str = ""
    date: str = ""


_BAD_BEGINNINGS = ("ensure", "check", "verify", "avoid", "make sure", "detect", "disable", "enable")


class Check(Model):
    """One rule of judgement: the content of one file of a scanner pack."""

    id: CheckId
    version: int = Field(ge=1)
    title: Annotated[str, StringConstraints(min_length=8, max_length=110)]
    observation: ObservationCode
    severity: Severity
    repair_days: int | None = Field(default=None, ge=0)
    """Overrides the framework's repair clock for this severity (0: counts at once)."""
    urgent: bool = False
    """A failure is announced to the emergency contacts within the hour, until acknowledged."""
    vantage: Literal["any", "external", "internal"] = "any"
    technique: Code
    endpoints: Endpoints = Endpoints()
    rollup: RollUp
    rollup_reason: Sentence | None = None
    applies_when: Expression | None = None
    """Where this is false the endpoint is not applicable."""
    fails_when: Expression
    potential_when: Expression | None = None
    """Where this is true and `fails_when` is not, the verdict is inconclusive and a finding opens
    that the institution is asked to confirm; such as an old version in a banner."""
    says: Says
    why: Sentence
    remedy: Sentence
    sources: tuple[CheckSource, ...] = Field(min_length=1)
    examples: tuple[Example, ...] = Field(min_length=3)

    @property
    def pack(self) -> str:
        """The id of the pack that the check belongs to."""
        return self.id.partition(".")[0]

    @field_validator("title")
    @classmethod
    def _states_the_good_condition(cls, title: str) -> str:
        if title.lower().startswith(_BAD_BEGINNINGS):
            raise ValueError(f"state the good condition, never {title.split(maxsplit=1)[0]!r} …")
        if re.search(r"\b(should|must|shall)\b", title, re.IGNORECASE):
            raise ValueError("state the good condition as it is, without should or must")
        if title.endswith(".") or not title[0].isupper():
            raise ValueError("begin with a capital and end without a full stop")
        return title

    @model_validator(mode="after")
    def _coherent(self) -> "Check":
        if self.rollup == "worst" and self.rollup_reason is None:
            raise ValueError("rollup_reason: 'worst' must be justified")
        if self.urgent and self.severity != "critical":
            raise ValueError("urgent: only what is critical wakes people at night")
        if (self.potential_when is None) is not (self.says.potential is None):
            raise ValueError("says.potential: stands beside potential_when, and only there")
        if (self.potential_when is None) is any(one.potential for one in self.examples):
            raise ValueError("examples: one is potential where potential_when is given, else none")
        seen = {example.verdict for example in self.examples}
        missing = {"pass", "fail", "inconclusive"} - seen
        if missing:
            raise ValueError(f"examples: none gives {', '.join(sorted(missing))}")
        if len({example.name for example in self.examples}) != len(self.examples):
            raise ValueError("examples: each name once")
        return self


class Observation(Model):
    """One word of the vocabulary that controls and checks share."""

    code: ObservationCode
    title: str
    vantage: str
    needs: str = ""


class Pack(Model):
    """A folder of checks on one subject."""

    id: Code
    title: str
    about: Sentence


class OfficialDomains(Model):
    """Under which domains the official names of a country stand, and which sectors that binds."""

    suffixes: tuple[
        Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)*$")], ...
    ] = Field(min_length=1)
    sectors: tuple[Code, ...] = Field(min_length=1)
    sources: tuple[CheckSource, ...] = Field(min_length=1)

    def binding(self, sectors: Iterable[str]) -> tuple[str, ...]:
        """Return the domains that an institution of these sectors must use; empty: any will do."""
        return self.suffixes if set(sectors) & set(self.sectors) else ()


class Checks(Model):
    """All packs, their checks and the vocabulary, validated together."""

    packs: tuple[Pack, ...]
    checks: tuple[Check, ...]
    observations: tuple[Observation, ...]
    official_domains: OfficialDomains | None = None
    """None: no list is kept."""

    def find(self, check_id: str) -> Check | None:
        """Return the check with this id, or None."""
        return next((c for c in self.checks if c.id == check_id), None)
