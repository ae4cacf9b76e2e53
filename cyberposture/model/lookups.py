"""What is about to be asked of the resolver about one name, and the question about it. No answers.

A lookup contacts the configured resolver and nobody else; still it shows interest in a name, so it
needs an authorisation too: `scanning.permission.lookups`.
"""

from typing import Literal

from pydantic import Field

from cyberposture.model.checks import Protocol, Subject
from cyberposture.model.foundation import Code, Model, Moment
from cyberposture.model.gate import GateAuthorisation, HostName, Load, Reason, Seconds
from cyberposture.model.institutions import Selector
from cyberposture.model.plans import JobId

LOOKUP_LOAD = 1


class LookupPlan(Model):
    """One chunk of lookups as it will be made: everything about one name, for one subject.

    It has no targets and no ports: no address of anybody is contacted but the resolver's.
    """

    job: JobId
    technique: Literal["dns-lookup"] = "dns-lookup"
    protocol: Protocol = "udp"
    targets: tuple[str, ...] = Field(default=(), max_length=0)
    ports: None = None
    load: Load = LOOKUP_LOAD
    subject: Subject
    name: HostName
    selectors: tuple[Selector, ...] = Field(default=(), max_length=32)
    """The DKIM selectors to look for, where the subject is a mail domain."""
    expected_s: Seconds = 60
    parameters: dict[Code, str] = Field(default_factory=dict, max_length=0)


class LookupQuestion(Model):
    """What the permission to look a name up is asked with: all that the decision stands on."""

    lookup: Literal[1] = 1
    now: Moment
    expected_s: Seconds
    name: HostName
    load: Load = LOOKUP_LOAD
    stop: bool
    authorisations: tuple[GateAuthorisation, ...]


class LookupAnswer(Model):
    """Whether the name may be looked up, why not, and which authorisation allows it."""

    decision: Literal["allow", "deny"]
    reason: Reason
    authorisation: str | None = None
