"""Which controls look like others that they may have come from: proposals for the author.

Likeness is the weight of the words that two statements share, rare words weighing more. It knows
nothing of meaning, and nothing follows from it.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cyberposture.model.comparison import Comparable, Proposal

if TYPE_CHECKING:
    import numpy as np

MOST = 2_000
"""Controls on one side that have no counterpart; beyond that the two are different works."""
LONGEST = 400
"""Words of a statement that are looked at."""
PART_OF = 0.5
"""The least share of a part's words that stand in the whole that it may belong to."""
ADDS = 0.08
"""The least share of the whole's words that each part must bring by itself."""
SAME = 0.6
"""The least share of all words that two must have in common to be called the same."""

_WORD = re.compile(r"[^\W_]+")


def propose(
    old: Sequence[Comparable],
    new: Sequence[Comparable],
    *,
    kept: frozenset[str],
    rest: Sequence[Comparable] = (),
) -> tuple[Proposal, ...]:
    """Return what may have been split, merged or given another id, for the author to declare.

    `old` and `new` are the controls without a counterpart, and those (named in `kept`) that kept
    their id and changed their words; no other is compared. `rest` are controls by which it is
    known how rare a word is. The work is bounded by `MOST` and `LONGEST`.
    """
    if not old or not new or max(len(old), len(new)) > MOST:
        return ()
    found = _Likeness(old, new, rest)
    splits = list(_splits(found, kept))
    taken = {i for one in splits for i in (*one.old, *one.new)}
    merges = list(_merges(found, kept, taken))
    taken |= {i for one in merges for i in (*one.old, *one.new)}
    return (*splits, *merges, *_renamed(found, kept, taken))


@dataclass(frozen=True)
class _Side:
    ids: list[str]
    words: list[frozenset[str]]
    weights: list[float]

    def place(self, identity: str) -> int:
        return self.ids.index(identity)


class _Likeness:
    """The shared weight of every old statement and every new one."""

    def __init__(
        self, old: Sequence[Comparable], new: Sequence[Comparable], rest: Sequence[Comparable]
    ) -> None:
        texts = [[_words(entry) for entry in side] for side in (old, new)]
        frequency = Counter(
            word for words in (*texts[0], *texts[1], *map(_words, rest)) for word in words
        )
        total = len(old) + len(new) + len(rest)
        self.rarity = {word: math.log(1 + total / count) for word, count in frequency.items()}
        self.old, self.new = (
            _Side([entry.id for entry in side], words, [self.weigh(each) for each in words])
            for side, words in zip((old, new), texts, strict=True)
        )
        self.shared = _shared(self.old.words, self.new.words, self.rarity)

    def weigh(self, words: frozenset[str]) -> float:
        """Return the weight of some words; a statement without any weighs next to nothing."""
        return sum(self.rarity[word] for word in words) or 1e-9

    def alike(self) -> "np.ndarray":
        """Return how much of both stands in both, for every old and new."""
        import numpy as np

        alike: np.ndarray = 2 * self.shared / np.add.outer(self.old.weights, self.new.weights)
        return alike

    def covered(self, whole: frozenset[str], parts: Sequence[frozenset[str]]) -> float:
        """Return how much of the whole its parts hold together."""
        return self.weigh(whole & frozenset().union(*parts)) / self.weigh(whole)


def _words(entry: Comparable) -> frozenset[str]:
    text = entry.texts.get("statement") or entry.title
    return frozenset(_WORD.findall(text.casefold())[:LONGEST])


def _shared(
    old: Sequence[frozenset[str]], new: Sequence[frozenset[str]], rarity: Mapping[str, float]
) -> "np.ndarray":
    import numpy as np

    common = sorted(frozenset().union(*old) & frozenset().union(*new))
    column = {word: place for place, word in enumerate(common)}

    def table(side: Sequence[frozenset[str]]) -> "np.ndarray":
        rows = np.zeros((len(side), len(common)), dtype=np.float32)
        for row, words in zip(rows, side, strict=True):
            row[[column[word] for word in words if word in column]] = 1
        return rows

    weights = np.array([rarity[word] for word in common], dtype=np.float32)
    shared: np.ndarray = (table(old) * weights) @ table(new).T
    return shared


def _needed(
    found: _Likeness, whole: frozenset[str], parts: Mapping[int, frozenset[str]]
) -> list[int]:
    """Return the parts that bring something of the whole which no better part brought before."""
    chosen: list[int] = []
    covered: frozenset[str] = frozenset()
    while len(chosen) < len(parts):
        gains = {
            place: found.weigh(whole & words - covered) / found.weigh(whole)
            for place, words in parts.items()
            if place not in chosen
        }
        best = max(gains, key=lambda place: gains[place])
        if gains[best] < ADDS:
            break
        chosen.append(best)
        covered |= parts[best]
    return sorted(chosen)


def _splits(found: _Likeness, kept: frozenset[str]) -> Iterator[Proposal]:
    """Yield old controls whose words stand in several new ones, each of which brings some."""
    origin = found.shared / [found.new.weights]
    homes: dict[int, list[int]] = {}
    for j, identity in enumerate(found.new.ids):
        i = int(origin[:, j].argmax())
        if identity not in kept and origin[i, j] >= PART_OF:
            homes.setdefault(i, []).append(j)
    for i, parts in sorted(homes.items()):
        identity = found.old.ids[i]
        members = [found.new.place(identity), *parts] if identity in kept else parts
        words = {j: found.new.words[j] for j in members}
        members = _needed(found, found.old.words[i], words)
        if len(members) > 1:
            share = found.covered(found.old.words[i], [words[j] for j in members])
            yield _proposal("split", [identity], [found.new.ids[j] for j in members], share)


def _merges(found: _Likeness, kept: frozenset[str], taken: set[str]) -> Iterator[Proposal]:
    """Yield new controls that hold the words of several old ones, or of one more than before."""
    share_in = found.shared.T / [found.old.weights]
    homes: dict[int, list[int]] = {}
    for i, identity in enumerate(found.old.ids):
        j = int(share_in[:, i].argmax())
        is_free = identity not in kept and identity not in taken and found.new.ids[j] not in taken
        if is_free and share_in[j, i] >= PART_OF:
            homes.setdefault(j, []).append(i)
    for j, parts in sorted(homes.items()):
        identity = found.new.ids[j]
        is_kept = identity in kept
        members = [found.old.place(identity), *parts] if is_kept else parts
        if not is_kept:
            # What lives on inside one that kept its id needs to bring nothing of its own.
            words = {i: found.old.words[i] for i in parts}
            members = _needed(found, found.new.words[j], words)
        if len(members) > 1:
            share = min(share_in[j, i] for i in members)
            yield _proposal("merged", [found.old.ids[i] for i in members], [identity], share)


def _renamed(found: _Likeness, kept: frozenset[str], taken: set[str]) -> Iterator[Proposal]:
    """Yield pairs of which each is what the other is most like."""
    alike = found.alike()
    for side, axis in ((found.old, 0), (found.new, 1)):
        busy = [place for place, identity in enumerate(side.ids) if identity in taken | kept]
        alike[(slice(None),) * axis + (busy,)] = 0
    for i, j in enumerate(alike.argmax(axis=1)):
        if alike[i, j] >= SAME and alike[:, j].argmax() == i:
            yield _proposal("reworded", [found.old.ids[i]], [found.new.ids[j]], alike[i, j])


def _proposal(kind: str, old: list[str], new: list[str], share: float) -> Proposal:
    says = {
        "split": "the words of the old one stand in the new ones, some in each",
        "merged": "the words of the old ones stand in the new one",
        "reworded": "the two say much the same under different ids",
    }
    return Proposal.model_validate(
        {"kind": kind, "old": old, "new": new, "alike_pct": int(share * 100), "why": says[kind]}
    )
