"""Consultations on a draft of the catalogue: who was asked, what was said, and what came of it."""

from datetime import date, timedelta
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from cyberposture.clock import find_zone
from cyberposture.model.foundation import Code, ControlId, Model, Moment, Sentence, Sha256
from cyberposture.model.gate import Zone

GroupKind = Literal[
    "institutions", "sector", "academia", "civil-society", "private", "public-body", "donor"
]
Outcome = Literal["accepted", "partly", "rejected"]
ConsultationState = Literal["open", "closed", "adopted", "abandoned"]
ModerationAction = Literal["hide", "restore"]
EventCode = Annotated[str, StringConstraints(pattern=r"^E-[0-9]{4}-[0-9]{4,}$")]

LEAST_DAYS = 30
"""How long a draft is open at least, unless a reason is given.

Source: the project's portal design, section on catalogue changes.
"""

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=160)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
MailAddress = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, max_length=254, pattern=r"^([^\s@<>\"]{1,64}@[^\s@<>\"]{3,190})?$"
    ),
]

CommentText = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000)
]


class Consultation(Model):
    """A draft edition that is open to comments until a day."""

    code: Code
    title: Name
    edition: str
    """The catalogue that the draft is of."""
    version: str
    rules: Sha256
    checks: Sha256
    texts: Sha256
    draft: Sha256
    """Under which the bytes of the draft are kept."""
    opens: Moment
    closes: Moment
    zone: Zone = "Asia/Karachi"
    """The IANA zone in which its days end."""

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> "Consultation":
        if self.closes <= self.opens:
            raise ValueError("closes before it opens")
        return self

    @property
    def last_day(self) -> date:
        """The last day on which comments are taken, in the consultation's own zone."""
        return (self.closes - timedelta(microseconds=1)).astimezone(find_zone(self.zone)).date()


class Group(Model):
    """Somebody who is invited by name."""

    name: Name
    kind: GroupKind
    note: Line = ""


class Event(Model):
    """A round table, or another meeting at which comments were made."""

    title: Name
    held_on: date
    place: Name
    host: Name
    attendance: Annotated[int, Field(ge=1, le=1_000_000)]


class Comment(Model):
    """What somebody says of a control, of a clause, or (neither) of the draft as a whole."""

    control: ControlId | None = None
    clause: Annotated[str, StringConstraints(min_length=1, max_length=40)] | None = None
    author: Name
    affiliation: Line = ""
    email: MailAddress = ""
    """For an answer; it is kept apart and stands in no report."""
    group: Name | None = None
    text: CommentText
    is_public: bool = True
    """The author does not object to its being published."""
    event: EventCode | None = None
    on_behalf: bool = False
    """Somebody else entered it for the author."""

    @model_validator(mode="after")
    def _coherent(self) -> "Comment":
        if self.control is not None and self.clause is not None:
            raise ValueError("a comment is on a control or on a clause, not on both")
        if self.event is not None and not self.on_behalf:
            raise ValueError("what was said at an event is entered on behalf of who said it")
        return self


class Amendment(Model):
    """What an author wants changed in a comment; None: it stays."""

    text: CommentText | None = None
    is_public: bool | None = None

    @model_validator(mode="after")
    def _something_changes(self) -> "Amendment":
        if self.text is None and self.is_public is None:
            raise ValueError("say what changes: the text, or whether it is published")
        return self


class Disposition(Model):
    """What came of a comment; `changed` names the controls that it changed in the draft."""

    outcome: Outcome
    reason: Sentence
    changed: tuple[ControlId, ...] = ()

    @model_validator(mode="after")
    def _only_what_was_taken_up_changes_something(self) -> "Disposition":
        if self.outcome == "rejected" and self.changed:
            raise ValueError("changed: what was rejected changed nothing")
        if len(set(self.changed)) != len(self.changed):
            raise ValueError("changed: each control once")
        return self
