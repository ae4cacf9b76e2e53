"""Two editions side by side: what a comparison needs of each, and what it found.

Ours and those of others take the same shape here, so that one comparison serves both. What is
found is fact or the author's own declaration; what merely looks alike is a proposal, and nothing
follows from a proposal.
"""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from cyberposture.model.controls import (
    Clause,
    EvidenceMode,
    ObservationUse,
    Retired,
    Supersession,
    Tier,
)
from cyberposture.model.foundation import Model, Sha256

AnyId = Annotated[str, StringConstraints(min_length=1, max_length=100)]
ChangeKind = Literal[
    "unchanged", "reworded", "stronger", "weaker", "split", "merged", "removed", "new"
]
KINDS: tuple[ChangeKind, ...] = (
    "unchanged",
    "reworded",
    "stronger",
    "weaker",
    "split",
    "merged",
    "removed",
    "new",
)


class Comparable(Model):
    """One control of either side; `texts` are by the name of the part, in reading order.

    What a foreign catalogue does not have stays None or empty and is then equal on both sides.
    """

    id: AnyId
    title: str
    texts: dict[str, str]
    path: tuple[str, ...] = ()
    """Where it stands: the titles of its groups, outermost first."""
    version: int | None = None
    weight: int | None = None
    tier: Tier | None = None
    gate: Tier | None = None
    evidence_mode: EvidenceMode | None = None
    evidence_age_days: int | None = None
    applies_when: str | None = None
    observations: tuple[ObservationUse, ...] = ()
    supersedes: tuple[Supersession, ...] = ()


class Book(Model):
    """One edition, ready to be set beside another."""

    name: str
    version: str
    digest: Sha256 | None = None
    frame: dict[str, str] = Field(default_factory=dict)
    """What stands beside the controls (scale, clocks, domains, …), each number under its own name;
    empty: others wrote it.
    """
    entries: tuple[Comparable, ...]
    clauses: tuple[Clause, ...] = ()
    retired: tuple[Retired, ...] = ()

    @model_validator(mode="after")
    def _once(self) -> "Book":
        if len({entry.id for entry in self.entries}) != len(self.entries):
            raise ValueError("an edition holds each id once")
        return self


class RuleChange(Model):
    """One rule of a control that is not what it was, in words, and which way it went."""

    what: str
    old: str
    new: str
    way: Literal["stronger", "weaker"]


class WordChange(Model):
    """A run of words that stayed, went or came."""

    change: Literal["same", "gone", "came"]
    words: str


class Wording(Model):
    """One text of a control, word by word."""

    text: str
    """The name of the part: `statement`, `levels 2`."""
    words: tuple[WordChange, ...]


class Link(Model):
    """What became of one old control in one new control."""

    old: AnyId
    new: AnyId
    kind: ChangeKind


class Change(Model):
    """What became of some controls: every id of both sides stands in exactly one change."""

    kind: ChangeKind
    old: tuple[AnyId, ...]
    new: tuple[AnyId, ...]
    declared: bool
    """Whether the author said so (`supersedes`, `retired.yaml`); else it was found."""
    why: str
    links: tuple[Link, ...] = ()
    rules: tuple[RuleChange, ...] = ()
    wording: tuple[Wording, ...] = ()


class Proposal(Model):
    """What the author may want to declare because the texts look alike. It decides nothing."""

    kind: Literal["reworded", "split", "merged"]
    old: tuple[AnyId, ...]
    new: tuple[AnyId, ...]
    alike_pct: Annotated[int, Field(ge=0, le=100)]
    """How much of the words, weighted by how rare they are, the two sides share."""
    why: str


class FrameChange(Model):
    """A number or word that holds for all controls and is not what it was; None: not there."""

    what: str
    old: str | None
    new: str | None


class ClauseChange(Model):
    """What became of one clause of the policy."""

    id: str
    kind: Literal["unchanged", "reworded", "level", "removed", "new"]
    old_level: str | None
    new_level: str | None
    wording: tuple[Wording, ...] = ()


class Comparison(Model):
    """What differs between two editions, and what does not.

    All is compared but crossings to other frameworks, and the reasons for weights and rules.
    """

    old: str
    new: str
    changes: tuple[Change, ...]
    proposals: tuple[Proposal, ...]
    frame: tuple[FrameChange, ...]
    clauses: tuple[ClauseChange, ...]

    def of_kind(self, kind: ChangeKind) -> tuple[Change, ...]:
        """Return the changes of one kind."""
        return tuple(change for change in self.changes if change.kind == kind)

    def counts(self) -> dict[str, int]:
        """Return how many changes there are of each kind, all kinds named."""
        return {kind: len(self.of_kind(kind)) for kind in KINDS}
