"""The nation's indicators: what is measured of clauses that no institution can answer.

They stand beside the score and are never mixed in.
"""

import re
from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from cyberposture.model.foundation import Code, Model, Sentence

Unit = Literal["count", "share", "yes-no", "state"]
IndicatorId = Annotated[str, StringConstraints(pattern=r"^NAT-[0-9]{2}$")]

FULL_SHARE = 100
_COUNT = re.compile(r"(0|[1-9][0-9]{0,14})\Z")
_SHARE = re.compile(r"(0|[1-9][0-9]{0,2})(\.[0-9])?\Z")


class Figure(Model):
    """One thing that an indicator tells: a count, a share in per cent, yes or no, or a state."""

    id: Code
    title: Sentence
    unit: Unit
    counted: str = Field(default="", max_length=60)
    """What a count counts, such as `audits done`."""
    whole: int | None = Field(default=None, ge=1, strict=True)
    """Of how many a count is, where that is fixed."""
    states: tuple[Code, ...] = ()
    """The states that are allowed, the best first."""

    @model_validator(mode="after")
    def _coherent(self) -> "Figure":
        if (self.unit == "state") != (len(set(self.states)) >= 2):
            raise ValueError("states: at least two different ones for the unit state, else none")
        if len(set(self.states)) != len(self.states):
            raise ValueError("states: each once")
        if (self.unit == "count") != bool(self.counted):
            raise ValueError("counted: given for the unit count, and only for it")
        if self.whole is not None and self.unit != "count":
            raise ValueError("whole: only for the unit count")
        return self

    def allowed(self) -> str:
        """Return in words what a value of this figure may be."""
        match self.unit:
            case "count":
                most = "" if self.whole is None else f", at most {self.whole}"
                return f"a whole number of {self.counted}{most}"
            case "share":
                return "per cent from 0 to 100, with at most one decimal"
            case "yes-no":
                return "yes or no"
            case "state":
                return f"one of: {', '.join(self.states)}"

    def fits(self, value: str) -> bool:
        """Return whether the text is a value of this figure."""
        match self.unit:
            case "count":
                within = bool(_COUNT.match(value))
                return within and (self.whole is None or int(value) <= self.whole)
            case "share":
                return bool(_SHARE.match(value)) and float(value) <= FULL_SHARE
            case "yes-no":
                return value in ("yes", "no")
            case "state":
                return value in self.states

    def shown(self, value: str) -> str:
        """Return a value that fits together with what it counts."""
        match self.unit:
            case "count":
                whole = "" if self.whole is None else f" of {self.whole}"
                return f"{int(value):,}".replace(",", " ") + f"{whole} {self.counted}"
            case "share":
                return f"{value} %"
            case _:
                return value

    def reached(self, value: str) -> float | None:
        """Return how much of the whole is reached, from 0 to 1; None for a count of no whole."""
        match self.unit:
            case "count":
                return None if self.whole is None else int(value) / self.whole
            case "share":
                return float(value) / FULL_SHARE
            case "yes-no":
                return 1.0 if value == "yes" else 0.0
            case "state":
                return 1 - self.states.index(value) / (len(self.states) - 1)


class Indicator(Model):
    """One national indicator: the content of one row of `indicators.yaml`."""

    id: IndicatorId
    title: Annotated[str, StringConstraints(min_length=8, max_length=120)]
    measures: Sentence
    figures: tuple[Figure, ...] = Field(min_length=1)
    clauses: tuple[str, ...] = Field(min_length=1)
    known_from: Sentence
    """Where the figures may come from."""
    every_months: Annotated[int, Field(ge=1, le=60, strict=True)]
    """How often they are asked for."""

    @model_validator(mode="after")
    def _each_once(self) -> "Indicator":
        if len({figure.id for figure in self.figures}) != len(self.figures):
            raise ValueError("figures: each id once")
        if len(set(self.clauses)) != len(self.clauses):
            raise ValueError("clauses: each once")
        return self

    def is_due(self, dated: date, today: date) -> bool:
        """Return whether a value of that day is older than it should be."""
        months = 12 * (today.year - dated.year) + today.month - dated.month
        return months - (today.day < dated.day) >= self.every_months

    def read(self, given: tuple[str, ...]) -> dict[str, str]:
        """Return the value of each figure that was given, by id, in the order of the figures.

        With one figure a value stands alone; with several each is written `figure=value`.

        Raises:
            ValueError: nothing is given, a figure is unknown or given twice, or a value does not
                fit its unit; with what is allowed.
        """
        found: dict[str, str] = {}
        known = {figure.id: figure for figure in self.figures}
        names = ", ".join(known)
        for text in given:
            name, sign, value = (part.strip() for part in text.partition("="))
            if not sign and len(known) == 1:
                name, value = next(iter(known)), text.strip()
            if name not in known or not (sign or len(known) == 1):
                raise ValueError(f"{text[:60]!r}: write FIGURE=VALUE; the figures are: {names}")
            if name in found:
                raise ValueError(f"{name} is given twice")
            if not known[name].fits(value):
                raise ValueError(f"{name}: {value[:60]!r} is not {known[name].allowed()}")
            found[name] = value
        if not found:
            raise ValueError(f"no value is given; the figures are: {names}")
        return {name: found[name] for name in known if name in found}

    def kept(self, text: str) -> dict[str, str]:
        """Return the values that `written` made text of; what no longer fits is left out."""
        pairs = (part.partition("=") for part in text.split("; "))
        values = {name: value for name, _, value in pairs}
        return {f.id: values[f.id] for f in self.figures if f.fits(values.get(f.id, ""))}


def written(values: dict[str, str]) -> str:
    """Return the values as the register keeps them, such as `firms=12; audits=40`."""
    return "; ".join(f"{name}={value}" for name, value in values.items())


class Unmeasured(Model):
    """A clause that only the nation can meet and that no indicator measures, with the reason."""

    clause: str
    why: Sentence
