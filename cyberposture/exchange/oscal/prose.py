"""Turns parts and parameters of OSCAL into plain text; writes plain text as Markdown and back."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

Plain = dict[str, Any]
"""An object of a document that was read, as it stands there."""

_INSERT = re.compile(r"\{\{\s*(?:insert:\s*param,\s*)?([^\s{},]+)\s*\}\}")
_MARKS = re.compile(r"[\\`*_\[\]<>{}]")
_ESCAPED = re.compile(r"\\([\\`*_\[\]<>{}])")
_NESTING = 4
"""How deep choices of a parameter may name further parameters before they are left as they are."""


def escape(text: str) -> str:
    """Return plain text as Markdown in which nothing is markup."""
    return _MARKS.sub(r"\\\g<0>", text)


def unescape(text: str) -> str:
    """Return the plain text that `escape` was given."""
    return _ESCAPED.sub(r"\1", text)


def inserted(text: str) -> list[str]:
    """Return the ids of the parameters that a text has blanks for."""
    return _INSERT.findall(text) if "{{" in text else []


def fill(text: str, params: Mapping[str, Plain], depth: int = 0) -> str:
    """Return the text with its blanks filled: by values, else by choices or label in brackets.

    A blank for a parameter that is not there stays as it is.
    """
    if "{{" not in text or depth > _NESTING:
        return text
    return _INSERT.sub(lambda found: _filling(found, params, depth), text)


def _filling(found: re.Match[str], params: Mapping[str, Plain], depth: int) -> str:
    param = params.get(found[1])
    if param is None:
        return found[0]
    if param.get("values"):
        return ", ".join(fill(value, params, depth + 1) for value in param["values"])
    select = param.get("select", {})
    if select.get("choice"):
        many = "one or more of" if select.get("how-many") == "one-or-more" else "one of"
        return f"[{many}: {'; '.join(fill(c, params, depth + 1) for c in select['choice'])}]"
    return f"[{param.get('label') or found[1]}]"


def value_of(item: Plain, name: str) -> str:
    """Return the first value of the property `name`, or nothing."""
    return next((p["value"] for p in item.get("props", ()) if p["name"] == name), "")


def lines(part: Plain, params: Mapping[str, Plain]) -> Iterator[str]:
    """Yield the text of a part and of the parts in it, one line each, each behind its label."""
    text = fill(part.get("prose", ""), params).strip() or part.get("title", "")
    if text:
        label = value_of(part, "label")
        yield f"{label} {text}" if label else text
    for inner in part.get("parts", ()):
        yield from lines(inner, params)
