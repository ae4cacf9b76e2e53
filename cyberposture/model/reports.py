"""A report's definition: for whom it is and what may be seen in it."""

from typing import Literal

from pydantic import Field, model_validator

from cyberposture.model.foundation import Code, Model

Audience = Literal["board", "sector", "cert", "public"]
Subject = Literal[
    "institution", "crosswalk", "sector", "nation", "exposure", "letter", "round", "consultation"
]
"""What a report is about: each has one view (`services/reports/subjects.py`)."""
Sight = Literal["addresses", "people", "own-words", "institutions", "suppliers", "published"]
"""What may be seen beyond scores, controls and counts: network addresses; names of persons; what
an institution wrote (reasons, comments, titles of its evidence); names of institutions; names of
what several of them depend on (suppliers, hosting, networks, software); what its author gave to be
published, under the author's name."""

SMALLEST_PUBLIC_GROUP = 5
"""The public sees no group of institutions that is smaller.

Source: the project's scoring rules, section on sector and nation.
"""


class Redaction(Model):
    """What one audience may see, and the smallest group of which it is told anything."""

    sees: tuple[Sight, ...] = ()
    smallest_group: int = Field(default=1, ge=1, strict=True)


class ReportDefinition(Model):
    """The content of one `report.yaml`."""

    id: Code
    title: str
    subject: Subject
    audiences: dict[Audience, str] = Field(min_length=1)
    """Each audience that may receive it, with its TLP marking."""
    redaction: dict[Audience, Redaction]
    template: str
    builds_on: Code | None = None
    """Another report, whose words and templates it has where it has none of its own."""
    languages: tuple[Literal["en", "ur"], ...] = ("en",)

    @model_validator(mode="after")
    def _every_audience_has_its_limits(self) -> "ReportDefinition":
        if set(self.redaction) != set(self.audiences):
            raise ValueError("redaction: one for each audience, and for no other")
        public = self.redaction.get("public")
        if public is not None:
            if set(public.sees) - {"published"}:
                raise ValueError(
                    "redaction: the public sees scores, controls, counts and what was given to be "
                    "published"
                )
            if public.smallest_group < SMALLEST_PUBLIC_GROUP:
                raise ValueError(
                    f"redaction: the public sees no group under {SMALLEST_PUBLIC_GROUP}"
                )
        return self
