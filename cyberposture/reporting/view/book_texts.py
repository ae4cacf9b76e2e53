"""Which texts of controls and checks are shown in the language of a book, and which in English.

A draft is marked as one. What is missing or was overtaken by its English is shown in English.
"""

from dataclasses import dataclass

from cyberposture.content.translations import Translations
from cyberposture.model.checks import Check
from cyberposture.model.controls import Control, Levels
from cyberposture.model.translations import State, Translation
from cyberposture.reporting.words import FIRST_LANGUAGE, Words

ORDER: tuple[State, ...] = ("reviewed", "draft", "outdated", "missing")


@dataclass(frozen=True, slots=True)
class Said:
    """A text with the language that it is in, for a page that may be in another."""

    text: str
    language: str
    direction: str
    is_draft: bool = False
    """A translation that no person has reviewed."""


@dataclass(frozen=True, slots=True)
class ControlTexts:
    """What is read of one control, each text in the language that there is."""

    state: State | None
    """How the translation stands; None: the book is in English."""
    title: Said
    statement: Said
    levels: tuple[Said, ...]
    evidence: tuple[Said, ...]


class Texts:
    """Chooses texts for one book."""

    def __init__(self, words: Words, translations: Translations | None) -> None:
        self._words = words
        self._translations = translations

    def english(self, text: str) -> Said:
        """Return a text of which there is no other than the English one."""
        return Said(text, FIRST_LANGUAGE, "ltr")

    def control(self, control: Control) -> ControlTexts:
        """Return the texts of a control."""
        own = ControlTexts(
            state=None if self._translations is None else self._translations.state(control),
            title=self.english(control.title),
            statement=self.english(control.statement),
            levels=tuple(map(self.english, _four(control.levels))),
            evidence=tuple(self.english(proof.what) for proof in control.evidence),
        )
        if self._translations is None or own.state not in ("reviewed", "draft"):
            return own
        found = self._translations.controls[control.id]
        title, statement = self._translated(found, found.title, found.statement)
        return ControlTexts(
            state=own.state,
            title=title,
            statement=statement,
            levels=self._translated(found, *_four(found.levels)),
            evidence=self._translated(found, *found.evidence),
        )

    def check(self, check: Check) -> Said:
        """Return the title of a check."""
        if self._translations is None:
            return self.english(check.title)
        if self._translations.state(check) not in ("reviewed", "draft"):
            return self.english(check.title)
        found = self._translations.checks[check.id]
        return self._translated(found, found.title)[0]

    def _translated(self, found: Translation, *texts: str) -> tuple[Said, ...]:
        words, is_draft = self._words, found.status == "draft"
        return tuple(Said(text, words.language, words.direction, is_draft) for text in texts)


def _four(levels: Levels | None) -> tuple[str, ...]:
    """Return the texts of the four levels, or nothing where a control has none."""
    if levels is None:
        return ()
    return (levels.absent, levels.part, levels.whole, levels.reviewed)
