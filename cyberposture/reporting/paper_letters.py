"""Text from right to left within a drawing, for a printer that sets each letter by itself.

The printer takes the letters of a drawing's text one by one from the left, so that they neither
join nor stand in their order. Here each becomes the shape that it has at its place in the word
(Unicode, Arabic Presentation Forms), and all are put in the order in which the eye meets them.
"""

import re
import unicodedata
from functools import cache

_FORMS = range(0xFB50, 0xFEFD)
_LAM = "\u0644"
_ARABIC = re.compile(r"[\u0600-\u06ff]")
_SIGNS = "A-Za-z0-9\u0660-\u0669\u06f0-\u06f9"
_LEFT_TO_RIGHT = re.compile(rf"([{_SIGNS}]+(?:[ .,:/%_+\u2212\u2013-]*[{_SIGNS}]+)*%?)")
"""Codes, names and numbers, which keep their own order, in digits of whatever script."""
_LIKE = {"\u06c2": "\u06c1", "\u06c3": "\u0629"}
"""Letters that have no forms of their own, and those that look like them but for a mark."""
_MIRRORED = str.maketrans("()[]<>", ")(][><")


def as_seen(text: str) -> str:
    """Return a text as its letters are seen from the left; one without Arabic letters stays.

    Marks above and below letters fall out: set by themselves, they would stand beside them.
    """
    if not _ARABIC.search(text):
        return text
    pieces = _LEFT_TO_RIGHT.split(text)
    return "".join(
        piece if place % 2 else _joined(piece)[::-1].translate(_MIRRORED)
        for place, piece in reversed(list(enumerate(pieces)))
    )


def _joined(text: str) -> str:
    """Return the letters in their order, each in the shape that it has there."""
    letters = [_LIKE.get(sign, sign) for sign in text if unicodedata.category(sign) != "Mn"]
    shapes = _shapes()
    found, place = [], 0
    while place < len(letters):
        letter = letters[place]
        pair = letter + letters[place + 1] if place + 1 < len(letters) else ""
        unit = pair if letter == _LAM and pair in shapes else letter
        after = letters[place + len(unit)] if place + len(unit) < len(letters) else ""
        before = letters[place - 1] if place else ""
        own = shapes.get(unit, {})
        from_before = "final" in own and "initial" in shapes.get(before, {})
        to_after = "initial" in own and "final" in shapes.get(after, {})
        kind = ("isolated", "initial", "final", "medial")[to_after + 2 * from_before]
        found.append(own.get(kind, unit))
        place += len(unit)
    return "".join(one for one in found if unicodedata.category(one[0]) != "Cf")


@cache
def _shapes() -> dict[str, dict[str, str]]:
    """Return the shapes of each letter, and of lam with an alef, by kind of place."""
    found: dict[str, dict[str, str]] = {}
    for code in _FORMS:
        kind, *letters = unicodedata.decomposition(chr(code)).split() or [""]
        unit = "".join(chr(int(letter, 16)) for letter in letters)
        is_pair = len(unit) == 2 and unit[0] == _LAM and unit[1] in "\u0622\u0623\u0625\u0627"
        if kind in ("<isolated>", "<initial>", "<final>", "<medial>") and (
            len(unit) == 1 or is_pair
        ):
            found.setdefault(unit, {}).setdefault(kind.strip("<>"), chr(code))
    return found
