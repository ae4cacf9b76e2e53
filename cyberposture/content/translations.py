"""The texts of a catalogue in one language, and how each stands beside its English.

A translation whose English has changed since is kept, called outdated, and never shown as current.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from cyberposture.content.digests import digest
from cyberposture.model.checks import Check
from cyberposture.model.controls import Control
from cyberposture.model.translations import (
    CheckTranslation,
    ControlTranslation,
    State,
    Translation,
)


@dataclass(frozen=True)
class Translations:
    """The texts in one language, by the id of the control or check that they render."""

    language: str
    controls: Mapping[str, ControlTranslation] = field(default_factory=dict)
    checks: Mapping[str, CheckTranslation] = field(default_factory=dict)

    def state(self, item: Control | Check) -> State:
        """Return how the item's texts stand in this language."""
        found: Translation | None
        if isinstance(item, Control):
            found = self.controls.get(item.id)
        else:
            found = self.checks.get(item.id)
        if found is None:
            return "missing"
        return found.status if found.source == source_digest(item) else "outdated"

    def count(self, items: Iterable[Control | Check]) -> Counter[State]:
        """Return how many of the items stand in each state."""
        return Counter(self.state(item) for item in items)


def source_digest(item: Control | Check) -> str:
    """Return the SHA-256 over the English texts that a translation of the item renders."""
    if isinstance(item, Check):
        return digest({"title": item.title, "why": item.why, "remedy": item.remedy})
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
