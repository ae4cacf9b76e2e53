"""The catalogue: what is expected of an institution, and from which policy clause it follows."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from cyberposture.model.foundation import (
    BasisPoints,
    Code,
    ControlId,
    DomainId,
    Model,
    ObservationCode,
    Sentence,
    WholeNumber,
)
from cyberposture.model.indicators import Indicator
from cyberposture.model.instruments import Instrument
from cyberposture.model.parameters import (
    Clocks,
    Effective,
    Parameter,
    SectorRules,
    clocks_of,
    effective,
)

Tier = Literal["A", "G", "X"]
EvidenceMode = Literal["Q", "Q+N", "N"]
Direction = Literal["C", "R", "S"]
Derivation = Literal["D", "Dg", "Dc", "I"]
ClauseLevel = Literal["Q", "Q+N", "Nat", "Ctx"]


class Condition(Model):
    """When a control applies: a feature, a sector, or a nest of `any_of` and `all_of`."""

    any_of: tuple["Condition", ...] | None = None
    all_of: tuple["Condition", ...] | None = None
    feature: Code | None = None
    sector: Code | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "Condition":
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("a condition holds exactly one of any_of, all_of, feature, sector")
        if self.any_of == () or self.all_of == ():
            raise ValueError("an empty list of conditions says nothing")
        return self

    def holds(self, features: frozenset[str], sectors: frozenset[str]) -> bool:
        """Return whether an institution with these features and sectors meets the condition."""
        if self.any_of is not None:
            return any(part.holds(features, sectors) for part in self.any_of)
        if self.all_of is not None:
            return all(part.holds(features, sectors) for part in self.all_of)
        if self.feature is not None:
            return self.feature in features
        return self.sector in sectors


class Source(Model):
    """The clause that a control follows from.

    Derivation D: the clause asks for this kind of measure; Dg: it does so of government only;
    Dc: of CII operators only; I: our elaboration of the clause.
    """

    instrument: str
    edition: str
    clause: str
    derivation: Derivation


class ObservationUse(Model):
    """One observation code that speaks to a control.

    Direction C decides the observable part; R can only contradict; S supports.
    """

    code: ObservationCode
    direction: Direction


class Supersession(Model):
    """What this control makes of an earlier one: `version` is the last one that it replaces.

    `new` under the same id says that what was answered before says nothing about it. What is gone
    without an heir stands in `retired.yaml` instead, and what did not change needs no word. Rows
    stay when the next edition comes: they are how an answer of years ago finds its heir.
    """

    id: ControlId
    version: int = Field(ge=1)
    change: Literal["reworded", "stronger", "weaker", "split", "merged", "new"]
    why: Sentence


class Proof(Model):
    """Something that would convince a reviewer, and how old it may be when it is looked at."""

    what: Sentence
    max_age_days: Annotated[int, Field(ge=1, le=1830, strict=True)]


class Crossing(Model):
    """A control beside one of a neighbouring framework, and how far the two ask the same.

    `equal`: both ask the same; `subset`: what we ask is a part of what they ask; `superset`: we
    ask that and more; `intersects`: each asks something that the other does not.
    """

    framework: Code
    id: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    relation: Literal["equal", "subset", "superset", "intersects"]
    why: Sentence


class Levels(Model):
    """What each answer level means for one control, in its own words."""

    absent: Sentence = Field(alias="0")
    part: Sentence = Field(alias="1")
    whole: Sentence = Field(alias="2")
    reviewed: Sentence = Field(alias="3")


class Control(Model):
    """One expectation: the content of one file of the catalogue."""

    id: ControlId
    version: int = Field(ge=1)
    proposed: bool = False
    """Not from the policy: it is in no profile and never asked, but stands for discussion."""
    gap: Sentence | None = None
    """What the policy leaves open, where a control is proposed."""
    title: Annotated[str, StringConstraints(min_length=8, max_length=90)]
    statement: Annotated[str, StringConstraints(min_length=20, max_length=300)]
    evidence_mode: EvidenceMode
    weight: Annotated[Literal[1, 3, 5], WholeNumber]
    weight_reason: Sentence | None = None
    tier: Tier
    gate: Tier | None = None
    """The lowest tier at which this control is a gate; None: it never is."""
    applies_when: Condition | None = None
    sources: tuple[Source, ...]
    observations: tuple[ObservationUse, ...] = ()
    intent: Sentence | None = None
    levels: Levels | None = None
    guidance: dict[Code, Sentence] = Field(default_factory=dict)
    evidence: tuple[Proof, ...] = ()
    review: tuple[Sentence, ...] = ()
    """Questions that a reviewer asks."""
    sector_notes: dict[Code, Sentence] = Field(default_factory=dict)
    maps_to: tuple[Crossing, ...] = ()
    supersedes: tuple[Supersession, ...] = ()

    @property
    def domain(self) -> str:
        """The id of the domain that the control belongs to."""
        return self.id[:3]

    @property
    def evidence_age_days(self) -> int | None:
        """How old evidence may be: the most that a proof allows; None: no proof is named."""
        return max((proof.max_age_days for proof in self.evidence), default=None)

    @model_validator(mode="after")
    def _coherent(self) -> "Control":
        if self.title.lower().startswith("ensure"):
            raise ValueError("title: state the good condition, never 'Ensure …'")
        if self.proposed != (self.gap is not None):
            raise ValueError("gap: given for proposed controls, and only for those")
        if not self.proposed and not self.sources:
            raise ValueError("sources: at least one clause, but for proposed controls")
        if not self.statement.endswith("."):
            raise ValueError("statement: one sentence that ends in a full stop")
        if (self.evidence_mode == "Q") != (not self.observations):
            raise ValueError("observations: given for Q+N and N controls, and only for those")
        if self.evidence_mode == "N" and any(o.direction == "R" for o in self.observations):
            raise ValueError("observations: a network-only control takes directions C or S")
        if len({o.code for o in self.observations}) != len(self.observations):
            raise ValueError("observations: each code once")
        if len({(c.framework, c.id) for c in self.maps_to}) != len(self.maps_to):
            raise ValueError("maps_to: each id of a framework once")
        if len({(s.id, s.version) for s in self.supersedes}) != len(self.supersedes):
            raise ValueError("supersedes: each version of a control once")
        return self


class Clause(Model):
    """One clause of the policy, in our own paraphrase."""

    id: str
    page: int = Field(ge=1)
    addressee: str
    text: Sentence
    demand: str
    level: ClauseLevel


class Domain(Model):
    """A group of controls; `factor_pct` multiplies its applicable weight (100 = unchanged)."""

    id: DomainId
    title: str
    factor_pct: int = Field(ge=1, le=1000)


class Named(Model):
    """A code with the words that people read: a sector or a feature."""

    id: Code
    title: str


class Chosen(Model):
    """A control that a profile picks out, and why."""

    id: ControlId
    why: Sentence


class Profile(Model):
    """A selection of controls: all of its tiers, or those that it picks out of them."""

    id: Code
    title: str
    note: Sentence
    tiers: tuple[Tier, ...] = Field(min_length=1)
    at_most: int | None = Field(default=None, ge=1)
    """How many controls it may hold; None: any number."""
    controls: tuple[Chosen, ...] | None = None
    """None: every control of the tiers."""

    @property
    def tier(self) -> Tier:
        """The tier of the institutions that it is for: the last that it takes in."""
        return self.tiers[-1]

    @model_validator(mode="after")
    def _coherent(self) -> "Profile":
        if self.tiers != ("A", "G", "X")[: len(self.tiers)]:
            raise ValueError("tiers: from A on, in the order A, G, X")
        chosen = [one.id for one in self.controls or ()]
        if len(set(chosen)) != len(chosen):
            raise ValueError("controls: each control once")
        if self.at_most is not None and len(chosen) > self.at_most:
            raise ValueError(f"controls: {len(chosen)}, but at most {self.at_most} are allowed")
        return self


class Scale(Model):
    """The numbers of the score; whole basis points (10 000 = full)."""

    values: tuple[BasisPoints, BasisPoints, BasisPoints, BasisPoints]
    factors: dict[Literal["E0", "E1", "E2", "E3"], Annotated[BasisPoints, Field(ge=1)]]
    contradicted_cap: BasisPoints
    share_cap: BasisPoints
    support_value: BasisPoints
    observed_floor: BasisPoints
    bands: tuple[tuple[str, BasisPoints], ...]
    gate_threshold: BasisPoints
    gate_band: str
    coverage_floor: BasisPoints
    confidence: dict[Literal["medium", "high"], BasisPoints]
    low_confidence_band: str


class Framework(Model):
    """The rules that hold a catalogue together: scale, domains, sectors and features."""

    id: str
    version: str
    title: str
    policy: str
    instrument: Code
    """The policy itself among the instruments: its clauses are those of this catalogue."""
    note: Sentence
    dated: date | None = None
    """The day on which the authors last changed this edition; exports bear it."""
    scale: Scale
    domains: tuple[Domain, ...]
    sectors: tuple[Named, ...]
    features: tuple[Named, ...]


class Neighbour(Model):
    """Another framework that controls are set beside.

    Status V: read in the text itself; S: a secondary source was read; U: unverified, and never
    stated as fact.
    """

    id: Code
    title: str
    edition: str
    issuer: str
    status: Literal["V", "S", "U"]
    ids: str
    """The pattern that every id of the framework matches."""
    size: int = Field(ge=1)
    """How many ids it has."""
    note: Sentence


class Term(Model):
    """An abbreviation or name that controls use, in plain words."""

    term: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Za-z0-9-]{1,19}$")]
    means: Sentence


class Retired(Model):
    """An id that must never come back."""

    id: ControlId
    on: str
    why: Sentence


class Catalogue(Model):
    """A whole edition of the catalogue, validated and ready for use."""

    framework: Framework
    clauses: tuple[Clause, ...]
    controls: tuple[Control, ...]
    retired: tuple[Retired, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    indicators: tuple[Indicator, ...] = ()
    glossary: tuple[Term, ...] = ()
    instruments: tuple[Instrument, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    sector_rules: tuple[SectorRules, ...] = ()
    profiles: tuple[Profile, ...] = ()
    proposed: tuple[Control, ...] = ()
    """Controls that are not from the policy; nobody is asked them."""

    def find(self, control_id: str) -> Control | None:
        """Return the control with this id, or None; what is only proposed is not found."""
        return next((c for c in self.controls if c.id == control_id), None)

    def find_profile(self, profile_id: str) -> Profile | None:
        """Return the profile with this id, or None."""
        return next((p for p in self.profiles if p.id == profile_id), None)

    def profile_of(self, tier: Tier) -> Profile:
        """Return the profile that holds everything that a tier is asked."""
        return next(p for p in self.profiles if p.controls is None and p.tier == tier)

    def selected(self, tier: Tier) -> tuple[Control, ...]:
        """Return the controls that an institution of this tier is asked, ordered by id.

        Tiers are cumulative: G holds A, X holds G and A.
        """
        included = {"A": "A", "G": "AG", "X": "AGX"}[tier]
        return tuple(c for c in self.controls if c.tier in included)

    def of_profile(self, profile: Profile) -> tuple[Control, ...]:
        """Return the controls of a profile, ordered by id."""
        whole = self.selected(profile.tier)
        if profile.controls is None:
            return whole
        chosen = {one.id for one in profile.controls}
        return tuple(control for control in whole if control.id in chosen)

    def factors(self, sectors: Sequence[str]) -> dict[str, int]:
        """Return by domain how much it counts, in per cent, for an institution of these sectors.

        The sector that is named first decides: it is what the institution is for.
        """
        usual = {domain.id: domain.factor_pct for domain in self.framework.domains}
        first = next((own for own in self.sector_rules if own.id in sectors[:1]), None)
        return usual | {f.domain: f.factor_pct for f in (first.domains if first else ())}

    def effective(self, sectors: Sequence[str], on: date) -> tuple[Effective, ...]:
        """Return every parameter as it applies in these sectors on that day."""
        instruments = {one.id: one for one in self.instruments}
        return tuple(
            effective(parameter, self.sector_rules, instruments, sectors, on)
            for parameter in self.parameters
        )

    def clocks(self, sectors: Sequence[str], on: date) -> Clocks:
        """Return the clocks of an institution of these sectors on that day."""
        return clocks_of({one.id: one for one in self.effective(sectors, on)})
