"""Says in the reader's language what the services say in English.

A refusal is worded where it arises, in English, as the command line shows it. The words under
`fault` hold the same sentences with their facts in braces: by its English a sentence is known
again, its key is its code, and another language says it with the same facts. What nobody knows
stays as it is.
"""

import re
from functools import cached_property
from typing import Final

from cyberposture.reporting.words import Words

GROUP: Final = "fault."
_LED: Final = re.compile(r"[\w.:/-]+: ")
"""What may stand before a sentence: the reason code of a refusal, or the place of a fault."""


class Refusals:
    """The sentences of refusals in one language, found by their English."""

    def __init__(self, english: Words, words: Words) -> None:
        self._english, self._words = english, words

    @cached_property
    def _known(self) -> tuple[dict[str, str], list[tuple[re.Pattern[str], str]]]:
        """The codes of sentences without facts, and patterns of the others, the closest first."""
        whole: dict[str, str] = {}
        patterns: list[tuple[int, re.Pattern[str], str]] = []
        for key in sorted(one for one in self._english.keys if one.startswith(GROUP)):
            pieces = self._english.pieces(key)
            if all(name is None for _, name in pieces):
                whole["".join(literal for literal, _ in pieces)] = key
                continue
            shape = "".join(
                re.escape(literal) + (f"(?P<{name}>.+?)" if name else "")
                for literal, name in pieces
            )
            weight = sum(len(literal) for literal, _ in pieces)
            patterns.append((weight, re.compile(shape), key))
        closest = sorted(patterns, key=lambda one: -one[0])
        return whole, [(shape, key) for _, shape, key in closest]

    def code_of(self, text: str) -> tuple[str, dict[str, str]] | None:
        """Return the key of an English sentence and its facts; None: it is not known."""
        whole, patterns = self._known
        if text in whole:
            return whole[text], {}
        for shape, key in patterns:
            found = shape.fullmatch(text)
            if found is not None:
                return key, found.groupdict()
        return None

    def say(self, text: str) -> str:
        """Return what a service said as this language says it; unknown text stays as it is."""
        if self._words.language == self._english.language or not text:
            return text
        said = self._sentence(text)
        if said is None:
            said = self._listed(text, "\n", "\n") or self._listed(text, ". ", "۔ ")
        return text if said is None else said

    def _sentence(self, text: str) -> str | None:
        led = _LED.match(text)
        found = None if led is None else self.code_of(text[led.end() :])
        found = found or self.code_of(text)
        if found is None:
            return None
        key, facts = found
        if "state" in facts:
            facts["state"] = self._words.name("state", facts["state"])
        return str(self._words.say(key, **facts))

    def _listed(self, text: str, between: str, joined: str) -> str | None:
        parts = text.split(between)
        said = [self._sentence(part) for part in parts]
        known = [one for one in said if one is not None]
        return joined.join(known) if len(parts) > 1 and len(known) == len(parts) else None
