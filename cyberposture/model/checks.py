"""Checks: what to look for in facts and how to judge it. A check never names a control."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from cyberposture.model.foundation import CheckId, Code, Model, ObservationCode, Port, Sentence

Verdict = Literal["pass", "fail", "not-applicable", "inconclusive", "not-tested"]
Severity = Literal["critical", "high", "medium", "low"]
RollUp = Literal["worst", "share"]
Protocol = Literal["tcp", "udp"]


class Expression(Model):
    """A condition over the facts of one endpoint. Exactly one word is given.

    What needs more than these words becomes a new fact, computed and tested in Python.
    """

    all_of: tuple["Expression", ...] | None = None
    any_of: tuple["Expression", ...] | None = None
    none_of: tuple["Expression", ...] | None = None
    port_open: tuple[Port, ...] | Literal["any"] | None = None
    """The endpoint is open (and, with a list, is one of these ports)."""
    service: tuple[str, ...] | None = None
    """The service found at the endpoint is one of these names (nmap's spelling)."""
    script_says: dict[str, str] | None = None
    """`script` (a vetted NSE script) and one of `contains` or `absent`: text in its output."""
    tls_version: (
        tuple[Literal["SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"], ...] | None
    ) = None
    """The endpoint accepts at least one of these protocol versions."""
    certificate: (
        Literal[
            "expired", "not-yet-valid", "expires-soon", "name-mismatch", "untrusted", "weak-key"
        ]
        | None
    ) = None
    header: dict[str, str] | None = None
    """`name` and one of `absent: "true"`, `contains`, `below` (a number in the header's value)."""
    dns_record: dict[str, str] | None = None
    product: dict[str, str] | None = None
    """`name` and optionally `below` (a version): the product found at the endpoint."""
    fact: dict[str, Any] | None = None
    """`name` of a computed fact and `is`: the value that makes this true."""

    @model_validator(mode="after")
    def _exactly_one(self) -> "Expression":
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            words = ", ".join(type(self).model_fields)
            raise ValueError(f"exactly one word of: {words}")
        return self


class Endpoints(Model):
    """Which endpoints of a host a check judges.

    `ports` are judged whatever stands there (closed is an answer too); `services` adds each open
    port where one of these services was found. With neither, the host as a whole is judged.
    """

    protocol: Protocol = "tcp"
    ports: tuple[Port, ...] = ()
    services: tuple[str, ...] = ()


class Says(Model):
    """One sentence for each verdict, for people; `{address}`, `{port}`, `{detail}` are filled in."""

    passed: Sentence = Field(alias="pass")
    fail: Sentence
    inconclusive: Sentence


class Example(Model):
    """A case of the check's own test: facts (as a small host) and the verdict they must give."""

    name: str
    facts: dict[str, Any]
    verdict: Verdict


class CheckSource(Model):
    """Where a rule or threshold of the check comes from."""

    title: str
    section: str = ""
    date: str = ""


class Check(Model):
    """One rule of judgement: the content of one file of a scanner pack."""

    id: CheckId
    version: int = Field(ge=1)
    title: Annotated[str, StringConstraints(min_length=8, max_length=110)]
    observation: ObservationCode
    severity: Severity
    repair_days: int | None = Field(default=None, ge=0)
    """Overrides the framework's repair clock for this severity (0: counts at once)."""
    vantage: Literal["any", "external", "internal"] = "any"
    technique: Code
    endpoints: Endpoints = Endpoints()
    rollup: RollUp
    rollup_reason: Sentence | None = None
    applies_when: Expression | None = None
    """Where this is false the endpoint is not applicable."""
    fails_when: Expression
    says: Says
    why: Sentence
    remedy: Sentence
    sources: tuple[CheckSource, ...] = Field(min_length=1)
    examples: tuple[Example, ...] = Field(min_length=3)

    @model_validator(mode="after")
    def _coherent(self) -> "Check":
        if self.title.lower().startswith("ensure"):
            raise ValueError("title: state the good condition, never 'Ensure …'")
        if self.rollup == "worst" and self.rollup_reason is None:
            raise ValueError("rollup_reason: 'worst' must be justified")
        seen = {example.verdict for example in self.examples}
        missing = {"pass", "fail", "inconclusive"} - seen
        if missing:
            raise ValueError(f"examples: none gives {', '.join(sorted(missing))}")
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


class Checks(Model):
    """All packs, their checks and the vocabulary, validated together."""

    packs: tuple[Pack, ...]
    checks: tuple[Check, ...]
    observations: tuple[Observation, ...]

    def find(self, check_id: str) -> Check | None:
        """Return the check with this id, or None."""
        return next((c for c in self.checks if c.id == check_id), None)
