"""Lays plain values out as YAML in the look of our content files: folded texts, 100 columns.

What is written reads back as the same value; nothing here knows what a control is.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cyberposture.content.reading.documents import read_text
from cyberposture.errors import InvalidInput

WIDTH = 100
_FOLDABLE = re.compile(r"(?<=\S) (?=\S)")
_NUMBER_LIKE = re.compile(r"[-+.]*[0-9]\S*\Z")


@dataclass(frozen=True)
class Quoted:
    """A text that stands in quotes, also where it could do without."""

    text: str


@dataclass(frozen=True)
class Folded:
    """A text that is folded below its key, also where it would fit beside it."""

    text: str


@dataclass(frozen=True)
class Flow:
    """A mapping that stands on one line in braces."""

    fields: Mapping[str, Any]


def laid_out(fields: Mapping[str, Any]) -> str:
    """Return a mapping as the text of a file, with a line break at its end."""
    return "\n".join(_mapping(fields, 0)) + "\n"


def rows_laid_out(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return a list of mappings as the text of a file, with a line break at its end."""
    return "\n".join(_list(rows, 0) if rows else ["[]"]) + "\n"


def _mapping(fields: Mapping[str, Any], indent: int) -> list[str]:
    lines: list[str] = []
    for key, value in fields.items():
        name = _plain(key, is_key=True) or _quoted(key)
        lines += _entry(f"{' ' * indent}{name}:", value, indent)
    return lines


def _list(items: Sequence[Any], indent: int) -> list[str]:
    """Return the items, each behind its dash; of a mapping, the first field stands beside it."""
    lines: list[str] = []
    for item in items:
        if isinstance(item, Mapping) and item:
            inner = _mapping(item, indent + 2)
            lines += [f"{' ' * indent}- {inner[0].lstrip()}", *inner[1:]]
        else:
            lines += _entry(f"{' ' * indent}-", item, indent)
    return lines


def _entry(before: str, value: Any, indent: int) -> list[str]:
    """Return a key or dash with its value beside it or below it."""
    if isinstance(value, Flow):
        inside = ", ".join(f"{key}: {_beside(one, True)}" for key, one in value.fields.items())
        return [f"{before} {{{inside}}}"]
    if isinstance(value, Mapping) and value:
        return [before, *_mapping(value, indent + 2)]
    if isinstance(value, list | tuple) and value:
        return [before, *_list(value, indent + 2)]
    if isinstance(value, str | Folded):
        text = value.text if isinstance(value, Folded) else value
        plain = _plain(text)
        one_line = f"{before} {_quoted(text) if plain is None else plain}"
        if len(one_line) <= WIDTH and not isinstance(value, Folded):
            return [one_line]
        if _is_prose(text):
            return [f"{before} >-", *_folded(text, indent + 2)]
    return [f"{before} {_beside(value, False)}"]


def _beside(value: Any, in_flow: bool) -> str:
    """Return a value as it stands on one line."""
    if isinstance(value, Quoted | Folded):
        return _quoted(value.text)
    if isinstance(value, str):
        return _plain(value, in_flow=in_flow) or _quoted(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_beside(item, True) for item in value)}]"
    return "{}" if isinstance(value, Mapping) else str(value)


def _is_prose(text: str) -> bool:
    """Return whether the text can be folded: one line, no blank at its ends, no odd sign."""
    return bool(text) and text == text.strip() and text.isprintable()


def _folded(text: str, indent: int) -> list[str]:
    """Return the text on lines of at most 100 columns, but for words that are longer."""
    room = WIDTH - indent
    lines, line = [], ""
    for word in _FOLDABLE.split(text):
        if line and len(line) + 1 + len(word) > room:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return [f"{' ' * indent}{line}" for line in (*lines, line)]


def _plain(text: str, *, in_flow: bool = False, is_key: bool = False) -> str | None:
    """Return the text if it can do without quotes, else None: the reader itself is asked."""
    if not _is_prose(text) or _NUMBER_LIKE.match(text):
        return None
    sample = f"{text}: x" if is_key else f"k: {{k: {text}}}" if in_flow else f"k: {text}"
    wanted = {text: "x"} if is_key else {"k": {"k": text}} if in_flow else {"k": text}
    try:
        return text if read_text("", sample + "\n").value == wanted else None
    except InvalidInput:
        return None


def _quoted(text: str) -> str:
    """Return the text in double quotes, odd signs written as numbers."""
    escapes = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}
    return '"' + "".join(
        escapes.get(sign) or (sign if sign.isprintable() else f"\\U{ord(sign):08x}")
        for sign in text
    ) + '"'  # fmt: skip
