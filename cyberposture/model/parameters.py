"""The numbers that people are held to: our defaults, what sectors set instead, and which applies.

The policy sets none of them. A number of an instrument applies only while the instrument is in
force; one that is unverified is kept and shown, and never applied.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from cyberposture.model.foundation import Code, ControlId, DomainId, Model, Sentence, WholeNumber
from cyberposture.model.instruments import Instrument, Known, Line, Reference

Unit = Literal["days", "working-days", "hours"]
Severity = Literal["critical", "high", "medium", "low"]
SEVERITIES: tuple[Severity, ...] = ("critical", "high", "medium", "low")
REPAIR: Mapping[Severity, str] = {severity: f"repair-days-{severity}" for severity in SEVERITIES}
NEEDED = frozenset(
    {
        *REPAIR.values(),
        "evidence-age-days",
        "observation-age-days",
        "observation-grace-days",
        "reopen-days",
    }
)
"""The parameters that the engine itself reads; every catalogue has them."""


class Parameter(Model):
    """One number, with the default that is ours and the instruments that set it for everybody."""

    id: Code
    title: Line
    unit: Unit
    default: Annotated[int, Field(ge=0, le=100_000, strict=True)]
    ours: Literal[True]
    """The default is this project's, not the policy's; it is shown with that word."""
    stricter: Literal["lower", "higher"]
    why: Sentence
    controls: tuple[ControlId, ...] = ()
    """The controls whose "set time" this is."""
    references: tuple[Reference, ...] = ()

    def strictest(self, values: Iterable[int]) -> int:
        """Return the strictest of the values, of which there is at least one."""
        return min(values) if self.stricter == "lower" else max(values)

    def is_weaker(self, value: int, than: int) -> bool:
        """Return whether a value asks less than the other."""
        return value != than and self.strictest((value, than)) == than


class SetValue(Reference):
    """A number that an instrument sets for the institutions of one sector."""

    parameter: Code


class Factor(Model):
    """How much a domain counts in a sector, in per cent of its usual weight."""

    domain: DomainId
    factor_pct: Annotated[int, WholeNumber, Field(ge=50, le=200)]
    why: Sentence


class SectorRules(Model):
    """What is different in one sector: what matters more, and the numbers that it sets."""

    id: Code
    special: Sentence
    """What is special about it, in two sentences."""
    own_rules: Sentence | None
    """What we know of rules of its own, and what we do not know; None: we read of none."""
    domains: tuple[Factor, ...] = ()
    """Our defaults; a domain that is not named counts as usual."""
    parameters: tuple[SetValue, ...] = ()


class Held(Model):
    """A number that is known but not applied, and why."""

    reference: Reference
    sector: Code | None
    """The sector that it is set for; None: for everybody."""
    why: str


class Effective(Model):
    """A parameter as it applies to an institution of certain sectors on a certain day."""

    id: Code
    title: str
    unit: Unit
    value: int
    default: int
    set_by: Reference | None
    """Where the value comes from; None: it is our default."""
    sector: Code | None
    """The sector that sets it; None: our default, or set for everybody."""
    controls: tuple[ControlId, ...]
    held: tuple[Held, ...]

    @property
    def is_ours(self) -> bool:
        """Whether the value is our default."""
        return self.set_by is None

    @property
    def known(self) -> Known | None:
        """How sure we are of the number; None: it is our default."""
        return None if self.set_by is None else self.set_by.known


class Clocks(Model):
    """How long things may take or stay valid, in days."""

    repair_days: dict[Severity, int]
    """From the first sight of a failure until it enters the score."""
    evidence_age_days: int
    """Where a control does not say how old its evidence may be."""
    evidence_limit_days: int | None
    """What an instrument allows at most, whatever a control says; None: none sets it."""
    observation_age_days: int
    observation_grace_days: int
    """From asking for an authorisation until unknown gates hold."""
    reopen_days: int

    def evidence_days(self, own: int | None) -> int:
        """Return how old evidence may be, where a control itself allows `own` days."""
        days = self.evidence_age_days if own is None else own
        return days if self.evidence_limit_days is None else min(days, self.evidence_limit_days)

    def days_to_repair(self, severity: Severity, own: int | None) -> int:
        """Return how many days a failure may last; a check's `own` clock can only be shorter."""
        days = self.repair_days[severity]
        return days if own is None else min(days, own)


def effective(
    parameter: Parameter,
    rules: Iterable[SectorRules],
    instruments: Mapping[str, Instrument],
    sectors: Sequence[str],
    on: date,
) -> Effective:
    """Return the parameter as it applies in these sectors on that day.

    Of several numbers in force the strictest applies, also where an institution belongs to several
    sectors; where none is, our default does, even where it is the stricter one.
    """
    known: list[tuple[Reference, str | None]] = [
        (one, None)
        for one in parameter.references
        if any(instruments[one.instrument].binds(sector) for sector in sectors)
        or not instruments[one.instrument].sectors
    ]
    known += [
        (one, own.id)
        for own in rules
        for one in own.parameters
        if own.id in sectors and one.parameter == parameter.id
    ]
    reasons = [one.why_not(instruments[one.instrument], on) for one, _ in known]
    applied = [pair for pair, why in zip(known, reasons, strict=True) if why is None]
    value = parameter.strictest([one.value for one, _ in applied] or [parameter.default])
    chosen = next(((one, sector) for one, sector in applied if one.value == value), (None, None))
    return Effective(
        id=parameter.id,
        title=parameter.title,
        unit=parameter.unit,
        value=value,
        default=parameter.default,
        set_by=chosen[0],
        sector=chosen[1],
        controls=parameter.controls,
        held=tuple(
            Held(reference=one, sector=sector, why=why)
            for (one, sector), why in zip(known, reasons, strict=True)
            if why is not None
        ),
    )


def clocks_of(parameters: Mapping[str, Effective]) -> Clocks:
    """Return the clocks of the score, taken from parameters as they apply."""
    evidence = parameters["evidence-age-days"]
    return Clocks(
        repair_days={severity: parameters[REPAIR[severity]].value for severity in SEVERITIES},
        evidence_age_days=evidence.value,
        evidence_limit_days=None if evidence.is_ours else evidence.value,
        observation_age_days=parameters["observation-age-days"].value,
        observation_grace_days=parameters["observation-grace-days"].value,
        reopen_days=parameters["reopen-days"].value,
    )
