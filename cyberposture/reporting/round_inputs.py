"""What the report of a round is made from: how far everybody is, and who waits for whom.

Nothing is left out here; what an audience may see of it is decided in the view.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from cyberposture.model.life import AssessmentState
from cyberposture.reporting.inputs import AuditHead, ContentInputs
from cyberposture.scoring.agreement import Agreement
from cyberposture.scoring.sampling import Estimate

Wait = Literal[
    "begin", "answer", "reply", "comment", "invite", "more-time", "take-up", "finalise", "appeal",
    "review",
]  # fmt: skip
"""What has to be done next: by the institution, by the CERT, or by its reviewers."""
Asked = Literal["back", "thread", "centre"]
"""A reviewer's question to the institution; what it says to the reviewer; its question to us."""


@dataclass(frozen=True, slots=True)
class PlaceInRound:
    """One institution in the round, and what it waits for, or is waited for."""

    institution: str
    name: str
    cohort: str
    is_invited: bool
    is_begun: bool
    """Anything was answered."""
    state: AssessmentState | None
    """None: it has no assessment yet."""
    wait: Wait | None
    """None: everything is done."""
    since: datetime | None
    until: datetime | None
    """When the time for it ends, where there is a time for it."""
    answered: int
    reviewed: int
    controls: int


@dataclass(frozen=True, slots=True)
class CohortCount:
    """How many institutions of a cohort came how far, as `cyberposture round funnel` counts."""

    title: str
    """Empty: they are in no cohort."""
    begins: datetime | None
    due: datetime | None
    held: int
    invited: int
    started: int
    submitted: int
    reviewed: int


@dataclass(frozen=True, slots=True)
class RemindersAt:
    """The reminders of one mark, such as seven days ahead."""

    days: int
    institutions: int
    messages: int
    delivered: int
    failed: int


@dataclass(frozen=True, slots=True)
class MoreTime:
    """That an institution asked for more time, and what the CERT said."""

    institution: str
    asked_at: datetime
    wished: datetime
    why: str
    outcome: Literal["granted", "refused"] | None
    until: datetime | None
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class ReviewerLoad:
    """What one reviewer has in hand in this round, and what they have done."""

    name: str
    first: int
    second: int
    third: int
    oldest: datetime | None
    """Since when they have the review that is open longest."""
    done: int
    """Reviews whose result was shown."""
    judged: int
    """Claims that they spoke about."""
    pairs: int
    """Claims that another reviewer judged as well."""
    alike: int
    """Of these, how many with the same level."""


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """Something asked that waits for an answer."""

    kind: Asked
    institution: str
    control: str | None
    since: datetime
    text: str


@dataclass(frozen=True, slots=True)
class HeldAppeal:
    """An appeal, and what it changed; scores are verified ones in basis points."""

    institution: str
    controls: tuple[str, ...]
    """None named: against the whole."""
    at: datetime
    outcome: Literal["granted", "rejected"] | None
    decided_at: datetime | None
    before: int | None
    after: int | None
    """None: nothing was corrected."""
    band_before: str | None
    band_after: str | None


@dataclass(frozen=True, slots=True)
class ReviewSample:
    """What was drawn by chance, and what it says of all claims."""

    share: int | None
    """In basis points; None: the round is kept by hand."""
    drawn: int
    """At how many institutions something was drawn."""
    complete: int
    """At how many of them all that was drawn is reviewed."""
    gap: Estimate | None


@dataclass(frozen=True, slots=True)
class RoundInputs:
    """Everything about how one round is going."""

    content: ContentInputs
    as_of: datetime
    zone: str
    audit_head: AuditHead
    round_code: str
    title: str
    opens: datetime
    due: datetime
    closed_at: datetime | None
    places: tuple[PlaceInRound, ...]
    cohorts: tuple[CohortCount, ...]
    reminders: tuple[RemindersAt, ...]
    more_time: tuple[MoreTime, ...]
    reviewers: tuple[ReviewerLoad, ...]
    agreement: Agreement
    pairs: tuple[tuple[int, int], ...]
    """The levels of first and second reviewers, claim by claim."""
    sample: ReviewSample
    questions: tuple[OpenQuestion, ...]
    comments: int
    """How often institutions commented on their results."""
    commented: int
    """How many institutions did."""
    appeals: tuple[HeldAppeal, ...]
