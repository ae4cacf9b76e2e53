"""The words of a report in one language, read from the YAML files beside its templates.

A sentence is a pattern with facts in braces; `**` stands around what is to be stressed. No sentence
stands in Python, so that another language is another file.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from html import escape
from pathlib import Path
from string import Formatter
from zoneinfo import ZoneInfo

from cyberposture.content.reading.documents import Document, read_file
from cyberposture.errors import Fault, InvalidInput
from cyberposture.reporting.plain import Text

FIRST_LANGUAGE = "en"
"""In which every word exists: what another language lacks is said in this one."""

SHORTEST = 16
"""A code of no more signs, such as IAM-10, is never broken over two lines."""
_LATIN = re.compile(
    r"([A-Za-z][\w./:-]*(?: (?:= |-{1,2})?[A-Za-z0-9][\w./:-]*)*(?<![.:/-]))", re.ASCII
)
"""One piece of Latin text within another script, such as a name or a command."""
_CODE = re.compile(
    r"(?=.*[A-Za-z(:/])[\x21-\x7e]+|[+\u2212-][\d.]+|\d{1,3}(?:[ \u00a0]\d{3})+"
    r"|[A-Z]+-\d+ \d[\d.]*"
)
"""What Urdu would turn around: codes, addresses, numbers with a sign or in groups."""
_KIND = {True: "whole", False: "code"}

Piece = tuple[str, str, str | None, bool]
"""Text as it is and escaped, the name of the fact that follows, whether both are stressed."""
Pattern = tuple[Piece, ...]


class Words:
    """Every sentence and name of one report in one language."""

    def __init__(
        self,
        language: str,
        patterns: Mapping[str, Pattern],
        first: Mapping[str, Pattern] | None = None,
    ) -> None:
        self.language = language
        self._patterns = patterns
        self._first = patterns if first is None else first
        self._days: dict[date, str] = {}
        self._said: dict[str, Text] = {}
        self.direction = "rtl" if "direction.rtl" in patterns else "ltr"

    @property
    def keys(self) -> frozenset[str]:
        """Return the key of every sentence; the forms of a plural count as sentences."""
        return frozenset(self._patterns)

    def pieces(self, key: str) -> list[tuple[str, str | None]]:
        """Return a sentence in its pieces: text, and the name of the fact that follows it."""
        return [(literal, name) for literal, _, name, _ in self._patterns[key]]

    def first(self, key: str) -> list[tuple[str, str | None]]:
        """Return the pieces of a sentence in English, by which what was kept is known again."""
        pattern = self._first.get(key, self._patterns[key])
        return [(literal, name) for literal, _, name, _ in pattern]

    def say(self, key: str, **facts: object) -> Text:
        """Return the sentence called `key`; a plural chooses its form by the fact `n`.

        Raises:
            InvalidInput: there is no such sentence, or it needs a fact that was not given.
        """
        if not facts and key in self._said:
            return self._said[key]
        pattern = self._patterns.get(key) or self._form(key, facts.get("n"))
        if pattern is None:
            raise InvalidInput(Fault(f"words.{self.language}.yaml", f"no sentence {key}"))
        plain, shown = [], []
        for literal, escaped, name, strong in pattern:
            plain.append(literal)
            html = escaped
            if name is not None:
                if name not in facts:
                    where = f"words.{self.language}.yaml"
                    raise InvalidInput(Fault(where, f"{key} asks for {{{name}}}, not given"))
                fact = facts[name]
                plain.append(str(fact))
                html = escaped + (fact.__html__() if isinstance(fact, Text) else self._shown(fact))
            shown.append(f"<b>{html}</b>" if strong and html else html)
        said = Text("".join(plain), "".join(shown))
        if not facts:
            self._said[key] = said
        return said

    def _shown(self, fact: object) -> str:
        """Return a fact as HTML; codes and addresses keep their own direction beside Urdu."""
        html = escape(str(fact))
        if self.direction == "ltr" or not _CODE.fullmatch(str(fact)):
            return html
        return f'<bdi class="{_KIND[len(html) <= SHORTEST]}" dir="ltr">{html}</bdi>'

    def apart(self, text: str) -> str:
        """Return a text in which each Latin piece keeps its own direction beside Urdu."""
        if self.direction == "ltr" or isinstance(text, Text):
            return text
        html = "".join(
            f'<bdi dir="ltr">{escape(piece)}</bdi>' if place % 2 else escape(piece)
            for place, piece in enumerate(_LATIN.split(text))
        )
        return Text(text, html)

    def _form(self, key: str, number: object) -> Pattern | None:
        if number == 0 and (none := self._patterns.get(f"{key}.zero")):
            return none
        return self._patterns.get(f"{key}.{'one' if number == 1 else 'other'}")

    def name(self, group: str, code: str) -> str:
        """Return what people call `code` in a group of names; unknown codes stay as they are."""
        key = f"{group}.{code}"
        return self.say(key) if key in self._patterns else code

    def codes(self, codes: Iterable[str]) -> Text:
        """Return codes one after the other, each in its own direction."""
        comma, every = self.say("frame.comma"), list(codes)
        html = comma.__html__().join(self._shown(code) for code in every)
        return Text(comma.join(every), html)

    def listed(self, items: list[Text] | list[str]) -> Text:
        """Return the items as one enumeration."""
        if not items:
            return Text("", "")
        said: Text = self.say("list.first", item=items[0])
        for place, item in enumerate(items[1:], start=2):
            key = "list.last" if place == len(items) else "list.next"
            said = self.say(key, before=said, item=item)
        return said

    def day(self, moment: datetime | date, zone: ZoneInfo) -> str:
        """Return the day of a moment in its zone, such as 19 November 2026."""
        local = moment.astimezone(zone).date() if isinstance(moment, datetime) else moment
        if local not in self._days:
            month = self.say(f"month.{local.month}")
            said = self.say("date.day", day=local.day, month=month, year=local.year)
            self._days[local] = said
        return self._days[local]

    def minute(self, moment: datetime, zone: ZoneInfo) -> str:
        """Return a moment in its zone to the minute, with the zone's own short name."""
        local = moment.astimezone(zone)
        day = self.day(moment, zone)
        time, zone_name = f"{local:%H:%M}", f"{local:%Z}"
        clock = Text(f"{time} {zone_name}", f"{time} {escape(zone_name)}")
        if self.direction == "rtl":
            clock = Text(clock, f'<bdi class="whole" dir="ltr">{clock.__html__()}</bdi>')
        return self.say("date.minute", day=day, time=time, zone=zone_name, clock=clock)


def load_words(folders: list[Path], language: str) -> Words:
    """Return the words in the files `words.LANGUAGE.yaml` of the folders; a later one wins.

    Only the first folder must have a file, in English: a report may do with the shared words, and
    what a language lacks is said in English. What looks say stands in `seen.LANGUAGE.yaml`.

    Raises:
        InvalidInput: a file is missing or wrong, each fault with file and line.
    """
    patterns: dict[str, Pattern] = {}
    first: dict[str, Pattern] = {}
    languages = dict.fromkeys((FIRST_LANGUAGE, language))
    for folder in folders:
        for tongue in languages:
            for name in ("words", "seen"):
                path = folder / f"{name}.{tongue}.yaml"
                is_needed = (folder, tongue, name) == (folders[0], FIRST_LANGUAGE, "words")
                if not is_needed and not path.exists():
                    continue
                found = _patterns_of(path)
                patterns |= found
                first |= found if tongue == FIRST_LANGUAGE else {}
    return Words(language, patterns, first)


def _patterns_of(path: Path) -> dict[str, Pattern]:
    document = read_file(path, f"{path.parent.parent.name}/{path.parent.name}/{path.name}")
    return {key: _compiled(text, where) for key, text, where in _flat(document, document.value, ())}


def _flat(
    document: Document, value: object, path: tuple[str, ...]
) -> Iterator[tuple[str, str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(document, inner, (*path, key))
    elif isinstance(value, str | int) and path:
        yield ".".join(path), str(value), document.where(path)
    else:
        raise InvalidInput(Fault(document.where(path), "a sentence, or a group of them"))


def _compiled(text: str, where: str) -> Pattern:
    pieces: list[Piece] = []
    strong = False
    for place, part in enumerate(text.split("**")):
        strong = place % 2 == 1
        try:
            parsed = list(Formatter().parse(part))
        except ValueError as error:
            raise InvalidInput(Fault(where, str(error))) from error
        for literal, name, form, conversion in parsed:
            if form or conversion or (name is not None and not name.isidentifier()):
                raise InvalidInput(Fault(where, "only {names} of facts may stand in braces"))
            pieces.append((literal, escape(literal), name, strong))
    if strong:
        raise InvalidInput(Fault(where, "** is opened and not closed"))
    return tuple(pieces)
