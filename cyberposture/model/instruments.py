"""Laws, rules and circulars beside the policy: whether and from when each is in force.

What is known of an instrument has a status: V read in the text itself; S a secondary source was
read; U unverified, and never applied or stated as fact.
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from cyberposture.model.foundation import Code, Model, Sentence

Known = Literal["V", "S", "U"]
Legal = Literal["in-force", "draft", "bill", "unknown"]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]


class Instrument(Model):
    """One instrument, with what is known of it and where that was read."""

    id: Code
    short: Line
    """What the sources of controls call it, such as NCSP."""
    edition: Line
    title: Line
    issuer: Line
    legal: Legal
    in_force_from: date | None = None
    day: Literal["exact", "known-by"] = "exact"
    """`known-by`: it was in force by that day; the true day is earlier or the same."""
    in_force_until: date | None = None
    """The first day on which it is in force no more."""
    sectors: tuple[Code, ...] = ()
    """Those that it binds; empty: any."""
    who: Sentence
    """Whom it binds, in words."""
    known: Known
    source: Sentence
    """Where what is known of it was read."""
    read_on: date
    note: Sentence | None = None

    @model_validator(mode="after")
    def _coherent(self) -> "Instrument":
        if (self.legal == "in-force") != (self.in_force_from is not None):
            raise ValueError("in_force_from: given where legal is in-force, and only there")
        if self.legal == "in-force" and self.known == "U":
            raise ValueError("legal: what is unverified (U) is not in force for us")
        if self.in_force_until is not None and (
            self.in_force_from is None or self.in_force_until <= self.in_force_from
        ):
            raise ValueError("in_force_until: later than in_force_from")
        return self

    def why_not(self, on: date) -> str | None:
        """Return why it is not in force on that day, in a few words, or None where it is."""
        if self.in_force_from is None:
            words = {"draft": "it is a draft", "bill": "it is a bill"}
            return words.get(self.legal, "whether it is in force is not known")
        if on < self.in_force_from:
            return f"in force only from {self.in_force_from.isoformat()}"
        if self.in_force_until is not None and on >= self.in_force_until:
            return f"in force only until {self.in_force_until.isoformat()}"
        return None

    def binds(self, sector: str) -> bool:
        """Return whether it speaks to this sector."""
        return not self.sectors or sector in self.sectors


class Reference(Model):
    """A number that an instrument sets, with its place there and how sure we are of it."""

    value: Annotated[int, Field(ge=0, le=100_000, strict=True)]
    instrument: Code
    section: Line | None = None
    known: Known
    source: Sentence
    read_on: date
    note: Sentence | None = None

    def why_not(self, instrument: Instrument, on: date) -> str | None:
        """Return why the number is not applied on that day, or None where it is."""
        if self.known == "U":
            return "unverified"
        reason = instrument.why_not(on)
        return None if reason is None else f"{instrument.title}: {reason}"
