"""Sets two texts side by side word by word, for people to see what was changed."""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Literal

from cyberposture.model.comparison import Comparable, WordChange, Wording

_PIECE = re.compile(r"\s*\S+")
LONGEST = 1_500
"""Words of a text that are compared one by one; the time grows with their square."""


def word_changes(old: str, new: str) -> tuple[WordChange, ...]:
    """Return the runs of words that stayed, went and came, in reading order.

    A change of white space alone is none. Of texts too long for that, the whole went and came.
    """
    pieces = [_PIECE.findall(text) for text in (old, new)]
    return tuple(_runs(*pieces))


def differing_texts(old: Comparable, new: Comparable) -> tuple[str, ...]:
    """Return the names of the texts that say something else, new ones last."""
    names = [*old.texts, *(name for name in new.texts if name not in old.texts)]
    return tuple(
        name for name in names if old.texts.get(name, "").split() != new.texts.get(name, "").split()
    )


def wording_of(
    old: Comparable, new: Comparable, names: tuple[str, ...], which: str = ""
) -> tuple[Wording, ...]:
    """Return these texts word by word; `which` stands behind the name of each."""
    return tuple(
        Wording(
            text=name + which,
            words=word_changes(old.texts.get(name, ""), new.texts.get(name, "")),
        )
        for name in names
    )


def _runs(old: list[str], new: list[str]) -> Iterator[WordChange]:
    def run(change: Literal["same", "gone", "came"], pieces: list[str]) -> Iterator[WordChange]:
        text = "".join(pieces).strip()
        if text:
            yield WordChange(change=change, words=text)

    if max(len(old), len(new)) > LONGEST:
        yield from run("gone", old)
        yield from run("came", new)
        return
    words = [[piece.strip() for piece in side] for side in (old, new)]
    blocks = SequenceMatcher(None, words[0], words[1], autojunk=False).get_opcodes()
    for tag, old_begin, old_end, new_begin, new_end in blocks:
        if tag == "equal":
            yield from run("same", new[new_begin:new_end])
        else:
            yield from run("gone", old[old_begin:old_end])
            yield from run("came", new[new_begin:new_end])
