"""Cuts a content file into its top-level parts, so that a change leaves all others as they are."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_KEY = re.compile(r"(?P<key>[A-Za-z_][A-Za-z0-9_]*):")
_ROW = re.compile(r"- ")
_EMPTY = re.compile(r"\[\]\s*\Z")


@dataclass(frozen=True)
class Block:
    """A key with its value, or a row: its own lines, and the comments and blanks above them."""

    key: str
    above: str
    lines: str


@dataclass(frozen=True)
class Pieces:
    """A file cut up: what stands first, the blocks, and what stands last."""

    head: str
    blocks: tuple[Block, ...]
    tail: str


def cut_mapping(text: str) -> Pieces:
    """Return a file that is a mapping, cut at its keys."""
    return _cut(text, _KEY)


def cut_rows(text: str) -> Pieces:
    """Return a file that is a list, cut at its rows; the empty list has none."""
    return _cut(_EMPTY.sub("", text), _ROW)


def with_values(text: str, laid: Mapping[str, str | None]) -> str:
    """Return a mapping's file with these keys in this order, each with its new lines.

    None leaves the lines that the key has, if it has any; an empty text takes the key out.
    """
    pieces = cut_mapping(text)
    present = {block.key: block for block in pieces.blocks}
    lines = [pieces.head]
    for key, new in laid.items():
        block = present.get(key, Block(key, "", ""))
        if new != "":
            lines += [block.above, block.lines if new is None else new]
    return "".join([*lines, pieces.tail])


def with_rows(text: str, rows: Sequence[tuple[int | None, str | None]]) -> str:
    """Return a list's file with these rows, each with its number in the file as it is, if any.

    A row's new lines follow; None leaves the lines that the row has.
    """
    pieces = cut_rows(text)
    lines = []
    for number, new in rows:
        block = Block("", "", "") if number is None else pieces.blocks[number]
        lines += [block.above, block.lines if new is None else new]
    return "".join([pieces.head, *(lines or ["[]\n"]), pieces.tail])


def _cut(text: str, begins: re.Pattern[str]) -> Pieces:
    head, above = "", ""
    blocks: list[Block] = []
    for line in text.splitlines(keepends=True):
        found = begins.match(line)
        if found:
            head, above = (above, "") if not blocks else (head, above)
            blocks.append(Block(found.groupdict().get("key") or "", above, line))
            above = ""
        elif line.startswith("#") or not line.strip() or not blocks:
            above += line
        else:
            last = blocks[-1]
            blocks[-1] = Block(last.key, last.above, last.lines + above + line)
            above = ""
    return Pieces(head, tuple(blocks), above) if blocks else Pieces(above, (), "")
