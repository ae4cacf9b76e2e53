"""How far two reviewers agree who did not see each other's level."""

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

from cyberposture.model.foundation import Model
from cyberposture.scoring.points import FULL, rounded_share

LEVELS = (0, 1, 2, 3)


class Agreement(Model):
    """Of how many pairs, which share is alike, and the weighted kappa; both in basis points."""

    pairs: int
    alike: int | None
    """None: there is no pair."""
    kappa: int | None
    """From below 0 (less than chance) to 10 000; None: chance alone would bring full agreement."""


def measure_agreement(pairs: Sequence[tuple[int, int]]) -> Agreement:
    """Return how far the levels of first and second reviewers agree, pair by pair.

    Levels two apart count as twice the disagreement of neighbours (linear weights).

    Source: J. Cohen, Weighted Kappa: Nominal Scale Agreement With Provision for Scaled
    Disagreement or Partial Credit, Psychological Bulletin 70 (4), October 1968, pages 213 to 220.
    """
    count = len(pairs)
    firsts, seconds = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    seen = sum(abs(a - b) for a, b in pairs) * count
    by_chance = sum(abs(a - b) * firsts[a] * seconds[b] for a in LEVELS for b in LEVELS)
    kappa = None if by_chance == 0 else FULL - round(Fraction(FULL * seen, by_chance))
    return Agreement(
        pairs=count, alike=rounded_share(sum(a == b for a, b in pairs), count), kappa=kappa
    )
