"""The elements of a neighbouring framework, one by one and in its own order.

The pattern of a framework's ids may describe them exactly, as `A\\.6\\.[1-8]` does; then it is also
the list of them, in the order in which it is written. Of a pattern that lets more pass than the
framework has, nothing is guessed.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import product
from typing import Final

from cyberposture.model.controls import Neighbour

MOST: Final = 5_000
"""No framework has so many elements; what describes more is not spelled out."""
_REPEATED: Final = re.compile(r"\{(\d{1,2})(?:,(\d{1,2}))?\}|\?")
_RANGE: Final = re.compile(r"\\?(.)(?:-\\?(.))?", re.DOTALL)
_NUMBER: Final = re.compile(r"(\d+)")
_BEYOND: Final = frozenset("*+?{.^$")
"""What a list of ids has no use for, and what may describe ids without end."""


class _NoList(Exception):
    """The pattern describes too much, or what is not understood here."""


def elements_of(neighbour: Neighbour) -> tuple[str, ...] | None:
    """Return every id of a framework in its order; None where its pattern is no list of them."""
    try:
        found = tuple(dict.fromkeys(_Pattern(neighbour.ids).spell()))
    except _NoList:
        return None
    return found if len(found) == neighbour.size else None


def group_of(element: str) -> str:
    """Return the part of an id that it shares with its group: `A.5` of `A.5.1`, `GV.OC` of
    `GV.OC-01`; empty where ids are not grouped.
    """
    return element[: max(element.rfind("."), element.rfind("-"), 0)]


def in_order(elements: Iterable[str]) -> tuple[str, ...]:
    """Return ids as people count them, A.5.9 before A.5.10."""
    return tuple(
        sorted(
            elements,
            key=lambda one: [
                (0, int(part), "") if part.isdecimal() else (1, 0, part)
                for part in _NUMBER.split(one)
                if part
            ],
        )
    )


class _Pattern:
    """Spells out a pattern of letters, `|`, `( )`, `[ ]`, `{m,n}` and `?`."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def spell(self) -> list[str]:
        """Return every text that it matches.

        Raises:
            _NoList: it describes too much, or has what is not understood here.
        """
        found = self._choices()
        if self._at < len(self._text):
            raise _NoList
        return found

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _choices(self) -> list[str]:
        found = self._row()
        while self._peek() == "|":
            self._at += 1
            found += self._row()
        return found

    def _row(self) -> list[str]:
        parts: list[list[str]] = []
        while self._peek() and self._peek() not in "|)":
            part = self._one()
            repeated = _REPEATED.match(self._text, self._at)
            if repeated:
                self._at = repeated.end()
                part = _times(part, repeated)
            parts.append(part)
        return _joined(parts)

    def _one(self) -> list[str]:
        sign = self._peek()
        self._at += 1
        if sign == "(":
            self._at += 2 * self._text.startswith("?:", self._at)
            found = self._choices()
            if self._peek() != ")":
                raise _NoList
            self._at += 1
            return found
        if sign == "[":
            end = self._text.find("]", self._at)
            if end < 0:
                raise _NoList
            inside, self._at = self._text[self._at : end], end + 1
            return list(_of_class(inside))
        if sign == "\\":
            sign = self._peek()
            self._at += 1
            if not sign or sign.isalnum():
                raise _NoList
            return [sign]
        if sign in _BEYOND:
            raise _NoList
        return [sign]


def _of_class(inside: str) -> Iterator[str]:
    if not inside or inside[0] == "^":
        raise _NoList
    for found in _RANGE.finditer(inside):
        first, last = found[1], found[2] or found[1]
        yield from map(chr, range(ord(first), min(ord(last), ord(first) + MOST) + 1))


def _times(part: list[str], repeated: re.Match[str]) -> list[str]:
    least, most = (int(repeated[1]), int(repeated[2] or repeated[1])) if repeated[1] else (0, 1)
    return [one for times in range(least, most + 1) for one in _joined([part] * times)]


def _joined(parts: list[list[str]]) -> list[str]:
    many = 1
    for part in parts:
        many *= len(part)
        if many > MOST:
            raise _NoList
    return ["".join(signs) for signs in product(*parts)]
