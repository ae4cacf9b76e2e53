"""Makes text from outside harmless, and carries text together with the HTML that shows it.

Whoever wrote a text (an institution, a banner on the network) may want it to break out of its cell:
it loses every sign that steers a line of text, what is too long is cut, and it is isolated.
"""

import re
import unicodedata
from html import escape

SHORT, LONG = 160, 600
"""How many characters of a name or a line, and of a paragraph, are shown."""
MARKS_IN_A_ROW = 3
"""More combining marks than these pile up over the lines above."""

_JOINERS = "\u200c\u200d"
"""Invisible, but Urdu needs them to spell."""
_SHAPELESS = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Text(str):
    """Text for people, with the HTML in which templates show it."""

    __slots__ = ("_html",)
    _html: str

    def __new__(cls, text: str, html: str) -> "Text":
        """Return the text; `html` is trusted and must have been escaped."""
        made = super().__new__(cls, text)
        made._html = html
        return made

    def __html__(self) -> str:
        """Return the HTML; templates ask for it instead of escaping the text."""
        return self._html


def given(text: str, limit: int = SHORT) -> Text:
    """Return text from outside: cleaned, cut to `limit` characters, and isolated in its cell."""
    shown = clean(text, limit)
    return Text(shown, f'<bdi dir="auto">{escape(shown)}</bdi>')


def clean(text: str, limit: int = SHORT) -> str:
    """Return at most `limit` characters of `text` on one line, without signs that steer text.

    White space becomes one blank; controls, bidirectional marks and what has no shape become �.
    """
    shown = " ".join(text[: 4 * limit].split())
    shown = _CONTROL.sub("\ufffd", shown) if shown.isascii() else "".join(_harmless(shown))
    if len(shown) > limit or len(text) > 4 * limit:
        shown = shown[: limit - 1].rstrip() + "…"
    return shown


def _harmless(text: str) -> list[str]:
    marks, kept = 0, []
    for sign in text:
        kind = unicodedata.category(sign)
        marks = marks + 1 if kind[0] == "M" else 0
        if marks <= MARKS_IN_A_ROW:
            kept.append("\ufffd" if kind in _SHAPELESS and sign not in _JOINERS else sign)
    return kept


def tenths(points: int | None) -> int | None:
    """Return basis points as the tenths that people are shown: cut off, never rounded."""
    return None if points is None else points // 10


def decimal(number: int) -> str:
    """Return tenths as a plain decimal number, such as -4.5."""
    sign = "\u2212" if number < 0 else ""
    return f"{sign}{abs(number) // 10}.{abs(number) % 10}"


def percent(points: int | None) -> str | None:
    """Return basis points as whole per cent, cut off, so that 100 means all."""
    return None if points is None else str(points // 100)
