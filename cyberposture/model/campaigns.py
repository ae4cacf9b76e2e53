"""How a round is run: its cohorts and waves, its terms, and how much of the claims is drawn."""

from collections.abc import Collection
from typing import Annotated, Literal

from pydantic import Field, model_validator

from cyberposture.model.controls import Tier
from cyberposture.model.foundation import Code, Model, Moment, Sentence, WholeNumber

Shown = Literal["scores", "gates", "contradictions", "overdue-findings", "answers", "evidence"]
ALWAYS_SHOWN: tuple[Shown, ...] = ("scores", "gates", "contradictions", "overdue-findings")
"""What a regulator sees of its sector in any case; the rest only where the terms say so."""


class Cohort(Model):
    """Institutions that are asked in one wave: all of these sectors and tiers; empty: any."""

    code: Code
    title: Sentence
    sectors: tuple[Code, ...] = ()
    tiers: tuple[Tier, ...] = ()
    begins: Moment
    due: Moment

    def holds(self, sectors: Collection[str], tier: str) -> bool:
        """Return whether an institution of these sectors and this tier belongs to the cohort."""
        of_sector = not self.sectors or bool(set(self.sectors) & set(sectors))
        return of_sector and (not self.tiers or tier in self.tiers)


class Terms(Model):
    """What an institution is told before it answers; `regulator_sees` comes on top of the rest."""

    regulator_sees: tuple[Literal["answers", "evidence"], ...] = ()
    text: str = Field(default="", max_length=5_000)


class RoundPlan(Model):
    """How a round is run; an institution belongs to the first cohort that holds it."""

    cohorts: Annotated[tuple[Cohort, ...], Field(min_length=1, max_length=100)]
    terms: Terms = Terms()
    drawn_share: Annotated[int, WholeNumber, Field(ge=0, le=10_000)] = 1_000
    """The share of claims, in basis points, that is reviewed by chance alone.

    Source: our own choice of a tenth; the policy sets no number.
    """

    @model_validator(mode="after")
    def _holds_together(self) -> "RoundPlan":
        codes = [one.code for one in self.cohorts]
        if len(set(codes)) != len(codes):
            raise ValueError("two cohorts have the same code")
        for one in self.cohorts:
            if one.due <= one.begins:
                raise ValueError(f"the cohort {one.code} is due before its wave begins")
        return self

    def cohort_of(self, sectors: Collection[str], tier: str) -> Cohort | None:
        """Return the first cohort that holds an institution, or None: it is not asked."""
        return next((one for one in self.cohorts if one.holds(sectors, tier)), None)
