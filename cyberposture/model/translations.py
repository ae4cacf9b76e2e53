"""Texts of controls and checks in another language, each bound to the English that it renders."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from cyberposture.model.checks import Says
from cyberposture.model.controls import Levels
from cyberposture.model.foundation import Code, DomainId, Model, Sentence, Sha256
from cyberposture.model.indicators import IndicatorId

Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]
State = Literal["reviewed", "draft", "outdated", "missing"]


class Translation(Model):
    """What every translation says of itself.

    `source` is the digest of the English texts at the time of writing: where they have changed
    since, the translation is outdated and the English is shown, marked.
    """

    language: Language
    status: Literal["draft", "reviewed"]
    translator: Sentence
    reviewer: Sentence | None = None
    """Who read it against the English: a named person."""
    source: Sha256

    @model_validator(mode="after")
    def _reviewed_by_somebody(self) -> "Translation":
        if (self.status == "reviewed") != (self.reviewer is not None):
            raise ValueError("reviewer: named where the status is reviewed, and only there")
        return self


class ControlTranslation(Translation):
    """The texts of one control: the content of one file beside the control's own."""

    title: Annotated[str, StringConstraints(min_length=4, max_length=120)]
    statement: Annotated[str, StringConstraints(min_length=10, max_length=400)]
    levels: Levels | None = None
    evidence: tuple[Sentence, ...] = ()


class FrameworkTranslation(Translation):
    """The names that hold a catalogue together: the content of `framework.LANGUAGE.yaml`."""

    domains: dict[DomainId, Sentence]
    sectors: dict[Code, Sentence]
    features: dict[Code, Sentence]
    profiles: dict[Code, Sentence]
    notes: dict[Code, Sentence] | None = None
    """What is said of each profile. Where it is given, `source` is the digest over the English
    notes as well."""


class ClausesTranslation(Translation):
    """The policy and its clauses in our words: the content of `clauses.LANGUAGE.yaml`."""

    policy: Sentence
    """What the policy is called, where it is named whole."""
    note: Sentence
    """What of the catalogue is ours and not the policy's."""
    clauses: dict[str, Sentence]
    """By number of the clause."""


class FigureTexts(Model):
    """The texts of one figure of an indicator."""

    title: Sentence
    counted: str = Field(default="", max_length=60)
    """What a count counts."""


class IndicatorTexts(Model):
    """The texts of one national indicator."""

    title: Annotated[str, StringConstraints(min_length=8, max_length=120)]
    figures: dict[Code, FigureTexts]


class IndicatorsTranslation(Translation):
    """The national indicators: the content of `indicators.LANGUAGE.yaml`."""

    indicators: dict[IndicatorId, IndicatorTexts]


class CheckTranslation(Translation):
    """The texts of one check: the content of one file beside the check's own."""

    title: Annotated[str, StringConstraints(min_length=4, max_length=150)]
    why: Sentence
    remedy: Sentence
    says: Says | None = None
    """Where it is given, `source` is the digest over the English sentences as well."""
