"""How a value stands in one cell: as text, as a number, as a list with one item a line.

Each form writes a plain value and reads it again without loss; what it cannot read is a ValueError
that says what is expected.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Cell = str | int | None
Plain = Any

_NEXT_LINE = "  "
"""An item that has line breaks of its own goes on behind two blanks."""
_PROOF = re.compile(r"(?P<days>[0-9]{1,6}) *\| *(?P<what>.*)\Z", re.DOTALL)
_USE = re.compile(r"(?P<code>\S+) +(?P<direction>\S+)\Z")
_TOKEN = re.compile(r"\s*(?P<sign>[()])|\s*(?P<word>[^\s()]+)|\s+\Z")


@dataclass(frozen=True)
class Form:
    """One way to stand in a cell; None is an empty cell, and both ways keep it so."""

    write: Callable[[Plain], Cell]
    read: Callable[[str], Plain]
    is_number: bool = False


def _whole(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise ValueError(f"a whole number is expected, not {text[:40]!r}")
    return int(text)


def _to_lines(items: list[str]) -> str:
    return "\n".join(item.replace("\n", f"\n{_NEXT_LINE}") for item in items)


def _from_lines(text: str) -> list[str]:
    items: list[str] = []
    for line in text.split("\n"):
        if line.startswith(_NEXT_LINE) and items:
            items[-1] += f"\n{line.removeprefix(_NEXT_LINE)}"
        elif line.strip():
            items.append(line.strip())
    return [item.rstrip() for item in items]


def _to_proofs(proofs: list[dict[str, Any]]) -> str:
    return _to_lines([f"{proof['max_age_days']} | {proof['what']}" for proof in proofs])


def _from_proofs(text: str) -> list[dict[str, Any]]:
    found = []
    for number, item in enumerate(_from_lines(text), start=1):
        parts = _PROOF.match(item)
        if parts is None:
            raise ValueError(f"item {number}: days, a bar and what it is are expected, such as "
                             "90 | The minutes of the meeting")  # fmt: skip
        found.append({"what": parts["what"], "max_age_days": int(parts["days"])})
    return found


def _to_uses(uses: list[dict[str, str]]) -> str:
    return "\n".join(f"{use['code']} {use['direction']}" for use in uses)


def _from_uses(text: str) -> list[dict[str, str]]:
    found = []
    for number, item in enumerate(_from_lines(text), start=1):
        parts = _USE.match(item)
        if parts is None:
            raise ValueError(f"item {number}: a code and a direction are expected, such as "
                             "O-CLEAR C")  # fmt: skip
        found.append(parts.groupdict())
    return found


def _to_condition(condition: dict[str, Any]) -> str:
    """Return a condition in words: `sector gas`, `feature ot and (sector gas or sector water)`."""
    for kind, joint in (("any_of", " or "), ("all_of", " and ")):
        parts = condition.get(kind)
        if parts is not None:
            said = [_to_condition(part) for part in parts]
            nested = [isinstance(p.get("any_of") or p.get("all_of"), list) for p in parts]
            shown = [f"({w})" if n else w for w, n in zip(said, nested, strict=True)]
            # A group of one is no other than its part, but it is written so in the file.
            return joint.join(shown) if len(shown) > 1 else f"{kind[:3]} {shown[0]}"
    kind = "feature" if condition.get("feature") else "sector"
    return f"{kind} {condition[kind]}"


class _Words:
    """The words of a condition, taken one after the other."""

    def __init__(self, text: str) -> None:
        found = (match["sign"] or match["word"] for match in _TOKEN.finditer(text))
        self.rest = [word for word in found if word]
        self.depth = 0

    def take(self) -> str:
        """Return the next word, or an empty text at the end."""
        return self.rest.pop(0) if self.rest else ""

    def next_is(self, *words: str) -> bool:
        """Return whether one of these words comes next."""
        return bool(self.rest) and self.rest[0] in words


def _from_condition(text: str) -> dict[str, Any]:
    words = _Words(text)
    condition = _group(words)
    if words.rest:
        raise ValueError(f"{words.rest[0][:40]!r} is not expected here; {_HOW}")
    return condition


_DEEPEST = 30
_HOW = (
    "write feature CODE or sector CODE, joined by or, or by and; where both are needed, put "
    "parentheses: feature ot and (sector gas or sector water)"
)


def _group(words: _Words) -> dict[str, Any]:
    parts = [_part(words)]
    joint = words.rest[0] if words.next_is("or", "and") else ""
    while joint and words.next_is(joint):
        words.take()
        parts.append(_part(words))
    if not joint:
        return parts[0]
    return {"any_of" if joint == "or" else "all_of": parts}


def _part(words: _Words) -> dict[str, Any]:
    words.depth += 1
    if words.depth > _DEEPEST:
        raise ValueError("the condition is nested too deep; use fewer words")
    part = _one_part(words)
    words.depth -= 1
    return part


def _one_part(words: _Words) -> dict[str, Any]:
    word = words.take()
    if word in ("feature", "sector"):
        code = words.take()
        if not code or code in "()":
            raise ValueError(f"behind {word} its code is expected; {_HOW}")
        return {word: code}
    if word in ("any", "all"):
        return {f"{word}_of": [_part(words)]}
    if word != "(":
        raise ValueError(f"{word[:40]!r} is not expected here; {_HOW}")
    inner = _group(words)
    if words.take() != ")":
        raise ValueError(f"a parenthesis is not closed; {_HOW}")
    return inner


TEXT = Form(write=lambda value: value, read=lambda text: text)
NUMBER = Form(write=lambda value: value, read=_whole, is_number=True)
LINES = Form(write=_to_lines, read=_from_lines)
PROOFS = Form(write=_to_proofs, read=_from_proofs)
USES = Form(write=_to_uses, read=_from_uses)
CONDITION = Form(write=_to_condition, read=_from_condition)
