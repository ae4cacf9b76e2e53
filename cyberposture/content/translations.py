"""The texts of a catalogue in one language, and how each stands beside its English.

A translation whose English has changed since is kept, called outdated, and never shown as current.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cyberposture.content.digests import digest
from cyberposture.model.checks import Check
from cyberposture.model.controls import Catalogue, Control
from cyberposture.model.translations import (
    CheckTranslation,
    ClausesTranslation,
    ControlTranslation,
    FrameworkTranslation,
    IndicatorsTranslation,
    State,
    Translation,
)


@dataclass(frozen=True)
class Translations:
    """The texts in one language, by the id of the control or check that they render."""

    language: str
    controls: Mapping[str, ControlTranslation] = field(default_factory=dict)
    checks: Mapping[str, CheckTranslation] = field(default_factory=dict)
    framework: FrameworkTranslation | None = None
    clauses: ClausesTranslation | None = None
    indicators: IndicatorsTranslation | None = None

    def state(self, item: Control | Check) -> State:
        """Return how the item's texts stand in this language."""
        found: Translation | None
        if isinstance(item, Control):
            found = self.controls.get(item.id)
        else:
            found = self.checks.get(item.id)
        if found is None:
            return "missing"
        return found.status if found.source == self.source_of(item) else "outdated"

    def tells(self, item: Control | Check) -> bool:
        """Tell whether this language says what the English says today, reviewed or as a draft."""
        return self.state(item) in ("draft", "reviewed")

    def title_of(self, item: Control | Check) -> str:
        """Return what an item is called in this language, in English where that is not told."""
        if not self.tells(item):
            return item.title
        found = self.controls if isinstance(item, Control) else self.checks
        return found[item.id].title

    def source_of(self, item: Control | Check) -> str:
        """Return the digest over the English texts that this language has, or would have."""
        found = self.checks.get(item.id) if isinstance(item, Check) else None
        return source_digest(item, says=found is not None and found.says is not None)

    def names(self, catalogue: Catalogue) -> dict[str, dict[str, str]]:
        """Return what domains, sectors, features and profiles are called, by kind and id.

        Kind `notes` is what is said of each profile. What has no name in this language, or one
        whose English has changed, is named in English.
        """
        named = framework_names(catalogue, notes=True)
        own = self.framework
        if own is not None and own.source == digest(
            framework_names(catalogue, notes=own.notes is not None)
        ):
            told = own.model_dump(include=set(named), exclude_none=True)
            named = {kind: names | told.get(kind, {}) for kind, names in named.items()}
        return named

    def count(self, items: Iterable[Control | Check]) -> Counter[State]:
        """Return how many of the items stand in each state."""
        return Counter(self.state(item) for item in items)


def framework_names(catalogue: Catalogue, *, notes: bool = False) -> dict[str, dict[str, str]]:
    """Return the English names of domains, sectors, features and profiles, by kind and id.

    With `notes` what is said of each profile is among them.
    """
    framework = catalogue.framework
    named = {
        "domains": {one.id: one.title for one in framework.domains},
        "sectors": {one.id: one.title for one in framework.sectors},
        "features": {one.id: one.title for one in framework.features},
        "profiles": {one.id: one.title for one in catalogue.profiles},
    }
    if notes:
        named["notes"] = {one.id: one.note for one in catalogue.profiles}
    return named


def clause_texts(catalogue: Catalogue) -> dict[str, Any]:
    """Return the English texts of the policy: what it is called, what is not its, its clauses."""
    return {
        "policy": catalogue.framework.policy,
        "note": catalogue.framework.note,
        "clauses": {one.id: one.text for one in catalogue.clauses},
    }


def indicator_texts(catalogue: Catalogue) -> dict[str, Any]:
    """Return the English texts of the national indicators, by id."""
    return {
        one.id: {
            "title": one.title,
            "figures": {f.id: {"title": f.title, "counted": f.counted} for f in one.figures},
        }
        for one in catalogue.indicators
    }


def source_digest(item: Control | Check, *, says: bool = False) -> str:
    """Return the SHA-256 over the English texts that a translation of the item renders.

    With `says` a check's sentences are among them.
    """
    if isinstance(item, Check):
        texts: dict[str, Any] = {"title": item.title, "why": item.why, "remedy": item.remedy}
        if says:
            texts["says"] = item.says.model_dump(by_alias=True)
        return digest(texts)
    levels = None if item.levels is None else item.levels.model_dump(by_alias=True)
    return digest(
        {
            "title": item.title,
            "statement": item.statement,
            "levels": levels,
            "evidence": [proof.what for proof in item.evidence],
        }
    )


def in_language(translations: Iterable[Translations], language: str) -> Translations:
    """Return the texts in one language, which are none where nothing was translated into it."""
    return next((one for one in translations if one.language == language), Translations(language))
