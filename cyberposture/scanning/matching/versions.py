"""Compares version numbers, and says so where two of them cannot be compared.

Numbers are compared from the left. What stands behind them (letters, builds, a distributor's own
count) is compared only where both have the same kind of it; everything else is unknown, never a
guess.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal

Order = Literal[-1, 0, 1]
"""The first is earlier, equal, or later."""

_SHAPE: Final = re.compile(r"v?(\d{1,18}(?:\.\d{1,18}){0,15})(.{0,100})", re.IGNORECASE | re.DOTALL)
_TAIL: Final = re.compile(r"[-._+~ ]?([a-z]{1,12})[-._]?(\d{0,9})")
_BEFORE: Final = frozenset({"alpha", "beta", "dev", "pre", "preview", "rc"})
"""Words by which makers say that a version comes before the one of the same number."""


@dataclass(frozen=True, slots=True)
class Version:
    """A version taken apart: its numbers as written, and what stands behind them."""

    numbers: tuple[int, ...]
    tail: str

    @property
    def word(self) -> tuple[str, int | None] | None:
        """The tail as one word and a count (`p1`, `rc2`, `f`), or None where it is no such thing.

        A single letter is a count of its own, as in 1.0.1f.
        """
        found = _TAIL.fullmatch(self.tail)
        if found is None:
            return None
        return found[1], int(found[2]) if found[2] else None


def read_version(text: str) -> Version | None:
    """Return the version that a text tells, or None where it does not begin with a number."""
    found = _SHAPE.fullmatch(text.strip())
    if found is None or not found[1].isascii():
        return None
    tail = found[2].strip().lower()
    # An epoch (1:2.3) hides the numbers behind it, and 5.5.5-10.3.27 is two versions in one.
    if re.match(r":|[-+~]\d+\.\d", tail):
        return None
    # `3.X - 4.X` is a range and `4.x` a family: neither is a version.
    if re.match(r"\.?x\b", tail) or re.search(r"\s[-–]\s|\bor\b|[*?]", tail):
        return None
    return Version(tuple(int(part) for part in found[1].split(".")), tail)


def compare(first: str, second: str) -> Order | None:
    """Return the order of two versions, or None where it cannot be told."""
    if first.strip().lower() == second.strip().lower():
        return 0 if read_version(first) is not None else None
    one, other = read_version(first), read_version(second)
    if one is None or other is None:
        return None
    shared = min(len(one.numbers), len(other.numbers))
    head, rest = one.numbers[:shared], other.numbers[:shared]
    if head != rest:
        return -1 if head < rest else 1
    longer, shorter = (one, other) if len(one.numbers) > shared else (other, one)
    if any(longer.numbers[shared:]):
        # Behind 7.4p1 nobody knows where 7.4.1 stands; behind 7.4 it does.
        if shorter.tail:
            return None
        return 1 if longer is one else -1
    return _compare_tails(one, other)


def _compare_tails(one: Version, other: Version) -> Order | None:
    if one.tail == other.tail:
        return 0
    if not one.tail or not other.tail:
        tailed = one if one.tail else other
        word = tailed.word
        if word is None or word[0] not in _BEFORE:
            return None
        return -1 if tailed is one else 1
    first, second = one.word, other.word
    if first is None or second is None:
        return None
    if first[0] == second[0] and first[1] is not None and second[1] is not None:
        return _sign(first[1] - second[1])
    letters = len(first[0]) == len(second[0]) == 1 and first[1] is None and second[1] is None
    return _sign(ord(first[0]) - ord(second[0])) if letters else None


def _sign(difference: int) -> Order:
    if difference == 0:
        return 0
    return -1 if difference < 0 else 1


def is_of_branch(version: str, branch: str) -> bool | None:
    """Return whether a version belongs to a branch such as 2.4 (2.4.57 does); None: unknown.

    An empty branch, or `*`, is every version.
    """
    if branch.strip() in ("", "*"):
        return True
    wanted, found = read_version(branch), read_version(version)
    if wanted is None or found is None or wanted.tail:
        return None
    length = min(len(wanted.numbers), len(found.numbers))
    if wanted.numbers[:length] != found.numbers[:length]:
        return False
    return True if length == len(wanted.numbers) else None


def is_branch(text: str) -> bool:
    """Return whether a text names a branch: numbers and points alone."""
    found = read_version(text)
    return found is not None and not found.tail
