"""Says in the reader's language what the services say in English.

A refusal is worded where it arises, in English, as the command line shows it. The words under
`fault` hold the same sentences with their facts in braces: by its English a sentence is known
again, its key is its code, and another language says it with the same facts. A fact that is a word
of ours (a state, a role, what is missing), a day or a list is said in that language too; every
other one is a name or a code, and keeps its own direction. What nobody knows stays as it is.
"""

import re
from datetime import date, datetime
from functools import cached_property
from html import escape
from typing import Final

from cyberposture.clock import find_zone
from cyberposture.reporting.plain import Text
from cyberposture.reporting.words import Words
from cyberposture.services.schedule.month import NATION_ZONE

GROUP: Final = "fault."
_LED: Final = re.compile(r"[\w.:/-]+: ")
"""What may stand before a sentence: the reason code of a refusal, or the place of a fault."""
_SAID: Final = "said"
"""The fact that is a sentence itself."""
_NAMED: Final[dict[str, tuple[str, ...]]] = {
    "state": ("state",), "role": ("role",), "names": ("role", "fact"),
    "severity": ("net.severity",), "worker": ("worker",),
    **dict.fromkeys(("stand", "then", "kinds", "part", "thing", "audience", "needs"), ("fact",)),
}  # fmt: skip
"""Facts that are words of ours, and the groups of words in which they are looked for."""
_ITEM: Final = re.compile(r"[^\s,]+")
_CHOICE: Final = re.compile(r"'[^']*'(?:(?:, | or )'[^']*')+")
_LIST: Final = re.compile(r"(?P<list>[^\s,]+(?:, [^\s,]+)*)(?: and (?P<n>\d+) more)?")
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d\S*(?:Z|[+-]\d\d:\d\d)")
_COMMAND: Final = "cyberposture "
"""With it begins an advice that is a command, which is the same in every language."""


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
        if text.startswith(_COMMAND) and self.code_of(text) is None:
            return _apart(text)
        said = self._sentence(text)
        if said is None:
            said = self._listed(text, "\n", "\n") or self._listed(text, ". ", "۔ ")
        return text if said is None else said

    def _sentence(self, text: str) -> Text | None:
        led = _LED.match(text)
        found = None if led is None else self.code_of(text[led.end() :])
        found = found or self.code_of(text)
        if found is None:
            return None
        key, facts = found
        return self._words.say(key, **{name: self._fact(name, facts[name]) for name in facts})

    def _listed(self, text: str, between: str, joined: str) -> Text | None:
        parts = text.split(between)
        said = [self._sentence(part) for part in parts]
        known = [one for one in said if one is not None]
        if len(parts) == 1 or len(known) < len(parts):
            return None
        return Text(joined.join(known), joined.join(one.__html__() for one in known))

    def _fact(self, name: str, value: str) -> str:
        """Return a fact as this language says it."""
        if name == _SAID:
            return self._sentence(value) or _apart(value)
        if _CHOICE.fullmatch(value):
            value = ", ".join(re.findall(r"'([^']*)'", value))
        if len(value) > 2 and value[0] == value[-1] == "'":
            value = value[1:-1]
        if (word := self._word(name, value)) is not None or value.isdecimal():
            return value if word is None else word
        if _DAY.fullmatch(value) or _MOMENT.fullmatch(value):
            return self._time(value)
        several = _LIST.fullmatch(value)
        if several is not None and value != several["list"].partition(",")[0]:
            return self._list(name, several["list"], several["n"])
        return Text(value, f"<bdi>{escape(value)}</bdi>") if _is_text(value) else _apart(value)

    def _word(self, name: str, value: str) -> Text | None:
        for group in _NAMED.get(name, ()):
            key = f"{group}.{value.replace(' ', '-')}"
            if key in self._words.keys:
                return self._words.say(key)
        return None

    def _time(self, value: str) -> str:
        zone = find_zone(NATION_ZONE)
        try:
            if _DAY.fullmatch(value):
                return self._words.day(date.fromisoformat(value), zone)
            return self._words.minute(datetime.fromisoformat(value), zone)
        except ValueError:
            return _apart(value)

    def _list(self, name: str, items: str, more: str | None) -> Text:
        shown = [self._word(name, one) or _apart(one) for one in _ITEM.findall(items)]
        comma = self._words.say("frame.comma")
        html = comma.__html__().join(one.__html__() for one in shown)
        said = Text(comma.join(shown), html)
        return said if more is None else self._words.say("fact.more", list=said, n=more)


def _is_text(value: str) -> bool:
    """Return whether a fact was written in the reader's own script, such as a title."""
    return any(ord(sign) > 0x590 for sign in value)


def _apart(text: str) -> Text:
    """Return a name, a code or a command, which keeps its own direction."""
    return Text(text, f'<bdi dir="ltr">{escape(text)}</bdi>')
