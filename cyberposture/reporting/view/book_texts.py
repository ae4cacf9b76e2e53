"""Which texts of controls and checks are shown in the language of a book, and which in English.

A draft is marked as one. What is missing or was overtaken by its English is shown in English.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from cyberposture.model.checks import Check
from cyberposture.model.controls import Control, Domain, Levels, Named
from cyberposture.model.translations import State, Translation
from cyberposture.reporting.book_inputs import BookInputs
from cyberposture.reporting.told import english, named_in
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

    def __init__(self, words: Words, inputs: BookInputs) -> None:
        self._words = words
        self._translations = inputs.translations
        own = inputs.catalogue
        told = own if inputs.translations is None else named_in(own, inputs.translations)
        self.domains = self._names(own.framework.domains, told.framework.domains)
        self.sectors = self._names(own.framework.sectors, told.framework.sectors)
        self.features = self._names(own.framework.features, told.framework.features)
        self.profiles = {
            one.id: (self.either(said.title, one.title), self.either(said.note, one.note))
            for one, said in zip(own.profiles, told.profiles, strict=True)
        }
        """Title and note."""
        self.clauses = {
            one.id: self.either(said.text, one.text)
            for one, said in zip(own.clauses, told.clauses, strict=True)
        }
        self.policy = self.either(told.framework.policy, own.framework.policy)
        self.note = self.either(told.framework.note, own.framework.note)

    def _names(
        self, own: Iterable[Domain | Named], told: Iterable[Domain | Named]
    ) -> dict[str, Said]:
        pairs = zip(own, told, strict=True)
        return {one.id: self.either(said.title, one.title) for one, said in pairs}

    def either(self, told: str, own: str) -> Said:
        """Return a text as it is told in the language of the book, or else its English."""
        if told == own:
            return self.english(own)
        return Said(told, self._words.language, self._words.direction)

    def inline(self, said: Said) -> str:
        """Return a text for the middle of a sentence, marked where it is not in its language."""
        return said.text if said.language == self._words.language else english(said.text)

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
        if not self._translations.tells(check):
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
