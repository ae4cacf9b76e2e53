"""What the report on a consultation is made from: plain records that nobody has shortened yet.

Mail addresses are in none of them. Texts come from anybody: none can be trusted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from cyberposture.model.consultations import ConsultationState, GroupKind, Outcome
from cyberposture.reporting.inputs import AuditHead, ContentInputs

About = Literal["draft", "clause", "control"]


@dataclass(frozen=True, slots=True)
class InvitedGroup:
    """A group that was invited by name."""

    name: str
    kind: GroupKind
    invited_at: datetime
    note: str = ""


@dataclass(frozen=True, slots=True)
class HeldEvent:
    """A round table, or another meeting at which comments were made."""

    code: str
    title: str
    held_on: date
    place: str
    host: str
    attendance: int


@dataclass(frozen=True, slots=True)
class Disposed:
    """What came of a comment: the standing disposition, and when there was a first one."""

    outcome: Outcome
    reason: str
    changed: tuple[str, ...]
    at: datetime
    first_at: datetime


@dataclass(frozen=True, slots=True)
class GivenComment:
    """A comment as it stands."""

    code: str
    about: About
    subject: str
    """The id of the control or clause; empty for the draft as a whole."""
    author: str
    text: str
    received_at: datetime
    affiliation: str = ""
    group: str | None = None
    event: str | None = None
    on_behalf: bool = False
    late_reason: str = ""
    revision: int = 1
    is_public: bool = True
    hidden_why: str | None = None
    """The reason of moderation; None: it is not hidden."""
    disposed: Disposed | None = None

    @property
    def is_shown(self) -> bool:
        """Whether everybody may read it."""
        return self.is_public and self.hidden_why is None


@dataclass(frozen=True, slots=True)
class AdoptedEdition:
    """The edition that came of a consultation."""

    name: str
    version: str
    rules: str
    texts: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ConsultationInputs:
    """Everything that the report on a consultation is made from."""

    content: ContentInputs
    """Under the edition that was consulted on."""
    code: str
    title: str
    state: ConsultationState
    opens: datetime
    closes: datetime
    zone: str
    """The IANA zone in which dates are printed."""
    as_of: datetime
    audit_head: AuditHead
    short_why: str = ""
    """Why the draft was open for less time than is usual."""
    closed_at: datetime | None = None
    closed_why: str = ""
    concluded_at: datetime | None = None
    concluded_why: str = ""
    adopted: AdoptedEdition | None = None
    groups: tuple[InvitedGroup, ...] = ()
    events: tuple[HeldEvent, ...] = ()
    comments: tuple[GivenComment, ...] = ()
    controls: Mapping[str, str] = field(default_factory=dict)
    """The title of each control of the draft, by id, in its order."""
    clauses: Mapping[str, str] = field(default_factory=dict)
    """The text of each clause, by id, in the policy's order."""
