"""A report's definition: for whom it is and what may be seen in it."""

from typing import Literal

from pydantic import Field

from cyberposture.model.foundation import Code, Model

Audience = Literal["board", "sector", "cert", "public"]


class ReportDefinition(Model):
    """The content of one `report.yaml`."""

    id: Code
    title: str
    subject: Literal["institution", "sector", "nation"]
    audiences: dict[Audience, str] = Field(min_length=1)
    """Each audience that may receive it, with its TLP marking."""
    template: str
    languages: tuple[Literal["en", "ur"], ...] = ("en",)
