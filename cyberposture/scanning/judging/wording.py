"""Makes text that came from the network safe to print, and fills it into a check's sentences.

Banners, headers and names are an attacker's text: they are stripped of control and direction
characters, shortened and quoted. Escaping for HTML or a spreadsheet stays the printer's task.
"""

import re
import unicodedata
from collections.abc import Callable
from typing import Final

from cyberposture.model.checks import PLACEHOLDERS

MAX_QUOTE: Final = 80
MAX_SAYS: Final = 500
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_SCAN: Final = 2_000
_PARTS: Final = re.compile(r"\{(" + "|".join(sorted(PLACEHOLDERS)) + r")\}")


def plain(text: str) -> str:
    """Return text on one line without control, format and unassigned characters."""
    kept = "".join(
        " " if char.isspace() or unicodedata.category(char) in _HIDDEN else char
        for char in text[:_SCAN]
    )
    return " ".join(kept.split())


def shorten(text: str, limit: int) -> str:
    """Return text of at most `limit` characters, with an ellipsis where something was cut."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def quote(text: str, limit: int = MAX_QUOTE) -> str:
    """Return foreign text safe, short and in quotation marks that it cannot close."""
    inner = plain(text).translate({ord("“"): "'", ord("”"): "'", ord('"'): "'"})
    return f"“{shorten(inner, limit)}”"


def listed(items: list[str], limit: int = 5) -> str:
    """Return items joined by commas, the first `limit` of them and how many more there are."""
    shown = ", ".join(items[:limit])
    return shown if len(items) <= limit else f"{shown} and {len(items) - limit} more"


def describe_endpoint(address: str, protocol: str, port: int | None, name: str | None) -> str:
    """Return an endpoint in words: `www.example.pk (192.0.2.7), TCP port 443`."""
    place = f"{shorten(plain(name), 253)} ({address})" if name else address
    return place if port is None else f"{place}, {protocol.upper()} port {port}"


Sentence = Callable[[dict[str, str]], str]


def compile_sentence(template: str) -> Sentence:
    """Return a function that fills a template's placeholders in; its result is bounded in length.

    What is filled in is never read as a template again.
    """
    pieces = _PARTS.split(template)
    # Splitting on one group gives text and placeholder names in turn.
    texts, names = pieces[::2], pieces[1::2]

    def fill(values: dict[str, str]) -> str:
        said = texts[0]
        for name, text in zip(names, texts[1:], strict=True):
            said += values[name] + text
        return said if len(said) <= MAX_SAYS else shorten(said, MAX_SAYS)

    return fill
