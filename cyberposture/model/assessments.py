"""What an institution claims: answers, the evidence behind them, and a reviewer's own view."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from cyberposture.model.foundation import (
    Code,
    ControlId,
    Model,
    Moment,
    Sentence,
    Sha256,
    WholeNumber,
)

Level = Annotated[Literal[0, 1, 2, 3], WholeNumber]
OwnGrade = Literal["E0", "E1"]
Grade = Literal["E0", "E1", "E2", "E3"]
NotApplicable = Literal["claimed", "approved", "condition"]


class Evidence(Model):
    """A piece of evidence as it is kept: by digest, with how long it speaks."""

    title: str
    sha256: Sha256
    size_bytes: int = Field(ge=0)
    file_name: str
    dated: date
    expires: date | None = None


class Answer(Model):
    """One control's answer: a level, or a claim that it does not apply, or neither (unanswered)."""

    control: ControlId
    level: Level | None = None
    not_applicable: Sentence | None = None
    """The reason why it does not apply; a reviewer decides."""
    reason: str = Field(default="", max_length=5000)
    evidence: tuple[Evidence, ...] = ()

    @model_validator(mode="after")
    def _level_or_not(self) -> "Answer":
        if self.level is not None and self.not_applicable is not None:
            raise ValueError("a level and not_applicable exclude each other")
        return self


class Review(Model):
    """A reviewer's own level and grade beside the claim, or that a control does not apply."""

    control: ControlId
    level: Level | None = None
    grade: Grade | None = None
    approves_not_applicable: bool = False
    reason: Sentence

    @model_validator(mode="after")
    def _one_kind(self) -> "Review":
        judged = self.level is not None and self.grade is not None
        if judged == self.approves_not_applicable:
            raise ValueError("a review gives level and grade, or approves not-applicable")
        return self


class Round(Model):
    """A campaign: all institutions are asked under one pinned edition."""

    code: Code
    title: Sentence
    edition: Sha256
    opens: Moment
    due: Moment
    repair_days: int | None = Field(default=None, ge=0)
    """Overrides every repair clock in this round; the reason is kept beside it."""
    repair_days_reason: str = ""
