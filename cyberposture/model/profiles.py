"""A profile as it concerns one kind of institution: what is asked, with which weight and when.

It is the whole view that printed lists, pages and workbooks are made from; nothing here is scored.
"""

from datetime import date
from typing import Literal

from cyberposture.model.controls import (
    Catalogue,
    Condition,
    Control,
    EvidenceMode,
    Profile,
    Tier,
)
from cyberposture.model.foundation import Code, ControlId, DomainId, Model
from cyberposture.model.parameters import Effective

State = Literal["asked", "depends", "left-out"]
"""`depends`: it is asked where a feature is there that nobody has said anything of yet."""


class ControlLine(Model):
    """One control as an institution of this kind meets it."""

    id: ControlId
    title: str
    statement: str
    weight: int
    tier: Tier
    evidence_mode: EvidenceMode
    is_gate: bool
    state: State
    condition: str | None
    """When it applies, in words; None: always."""
    why: str | None
    """Why the profile picks it out; None: it holds everything of its tiers."""


class DomainLines(Model):
    """A domain with its controls; one without any is left out."""

    id: DomainId
    title: str
    factor_pct: int
    why: str | None
    """Why it counts more or less in this sector; None: it counts as usual."""
    controls: tuple[ControlLine, ...]


class SectorNote(Model):
    """What people should know of the sector."""

    id: Code
    title: str
    special: str
    own_rules: str | None
    """None: we read of no rule of its own."""


class ProfileView(Model):
    """Everything about a profile for one kind of institution on one day."""

    catalogue: str
    version: str
    note: str
    """Whose numbers these are."""
    profile: Code
    title: str
    about: str
    tier: Tier
    sector: SectorNote | None
    features: tuple[Code, ...] | None
    """Those that the institution has; None: not said."""
    words: dict[Code, str]
    """When an institution has each of the features that conditions name."""
    on: date
    domains: tuple[DomainLines, ...]
    parameters: tuple[Effective, ...]

    def count(self, state: State) -> int:
        """Return how many controls stand so."""
        return sum(line.state == state for domain in self.domains for line in domain.controls)


def in_words(condition: Condition) -> str:
    """Return a condition as people would say it, with the codes of features and sectors."""
    if condition.feature is not None:
        return f"feature {condition.feature}"
    if condition.sector is not None:
        return f"sector {condition.sector}"
    joint = " or " if condition.any_of is not None else " and "
    parts = (condition.any_of or ()) + (condition.all_of or ())
    said = [in_words(part) for part in parts]
    return joint.join(
        f"({words})" if part.any_of or part.all_of else words
        for words, part in zip(said, parts, strict=True)
    )


def view_profile(
    catalogue: Catalogue,
    profile: Profile,
    *,
    sector: str | None,
    features: frozenset[str] | None,
    on: date,
) -> ProfileView:
    """Return the profile for institutions of this sector and with these features.

    Without `sector` or `features` nothing is known of them, and what hangs on them depends. The
    highest tier has the feature `cii` by itself, and no other tier has it.
    """
    framework = catalogue.framework
    sectors = () if sector is None else (sector,)
    rules = next((own for own in catalogue.sector_rules if own.id == sector), None)
    lines = _Lines(catalogue, profile, sector, features)
    reasons = {f.domain: f.why for f in (rules.domains if rules else ())}
    asked = catalogue.of_profile(profile)
    domains = (
        DomainLines(
            id=domain,
            title=next(d.title for d in framework.domains if d.id == domain),
            factor_pct=factor_pct,
            why=reasons.get(domain),
            controls=tuple(lines.line(control) for control in asked if control.domain == domain),
        )
        for domain, factor_pct in catalogue.factors(sectors).items()
    )
    return ProfileView(
        catalogue=framework.id,
        version=framework.version,
        note=framework.note,
        profile=profile.id,
        title=profile.title,
        about=profile.note,
        tier=profile.tier,
        sector=None if rules is None else SectorNote(
            id=rules.id,
            title=next(s.title for s in framework.sectors if s.id == rules.id),
            special=rules.special,
            own_rules=rules.own_rules,
        ),
        features=None if features is None else tuple(sorted(features)),
        words={one.id: one.title for one in framework.features},
        on=on,
        domains=tuple(domain for domain in domains if domain.controls),
        parameters=catalogue.effective(sectors, on),
    )  # fmt: skip


class _Lines:
    """Makes the lines of one profile for one kind of institution."""

    def __init__(
        self,
        catalogue: Catalogue,
        profile: Profile,
        sector: str | None,
        features: frozenset[str] | None,
    ) -> None:
        framework = catalogue.framework
        everything = frozenset(feature.id for feature in framework.features)
        own = frozenset({"cii"}) if profile.tier == "X" else frozenset()
        # What is surely there, and what may be there: between the two a condition is open.
        self._least = (features or frozenset()) | own
        self._most = ((everything - {"cii"}) if features is None else features) | own
        self._sectors = frozenset(() if sector is None else (sector,))
        any_sector = frozenset(one.id for one in framework.sectors)
        self._most_sectors = any_sector if sector is None else self._sectors
        self._profile = profile
        self._why = {one.id: one.why for one in profile.controls or ()}

    def _state(self, condition: Condition | None) -> State:
        if condition is None or condition.holds(self._least, self._sectors):
            return "asked"
        return "depends" if condition.holds(self._most, self._most_sectors) else "left-out"

    def line(self, control: Control) -> ControlLine:
        """Return one control as it stands there."""
        condition = control.applies_when
        return ControlLine(
            id=control.id,
            title=control.title,
            statement=control.statement,
            weight=control.weight,
            tier=control.tier,
            evidence_mode=control.evidence_mode,
            is_gate=control.gate in self._profile.tiers,
            state=self._state(condition),
            condition=None if condition is None else in_words(condition),
            why=self._why.get(control.id),
        )
