"""How far claims lie above what reviewers find: a sample drawn by chance, and what follows from it.

What is reviewed because it looks risky says nothing about the rest. Therefore a share is drawn by
chance alone, every claim of an assessment with the same known probability; what is reviewed in any
case (gates) stands in a part of its own, drawn with certainty. Numbers go out as basis points.
"""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import ceil, sqrt
from statistics import NormalDist
from typing import NamedTuple

from cyberposture.model.foundation import Model
from cyberposture.scoring.points import FULL, rounded_ratio

LEAST_DRAWN = 2
"""Fewer than two of a part tell nothing of its spread."""
SURENESS = 0.95
Found = Mapping[tuple[str, str], int]
"""The points that a reviewer found, by part and key of a unit."""


class Unit(Model):
    """One claim that could be drawn: its weight, the points claimed, and its part of the frame."""

    key: str
    """What names the claim, such as its control."""
    part: str
    is_certain: bool
    """Whether every claim of this part is reviewed in any case."""
    weight: int
    claimed: int


class Drawn(Unit):
    """A unit with its fate: how many of its part there are, how many were drawn, and whether it."""

    of: int
    take: int
    is_drawn: bool

    @property
    def probability(self) -> Fraction:
        """With which probability this claim was drawn."""
        return Fraction(self.take, self.of)


class Estimate(Model):
    """The mean gap between claimed and found, weighted, in basis points, and how sure it is."""

    claims: int
    """How many claims it speaks about."""
    examined: int
    """How many drawn ones it rests on."""
    gap: int
    error: int | None
    """The standard error; None: too few were drawn to tell."""
    low: int | None
    high: int | None


def draw(units: Sequence[Unit], seed: str, share: int) -> tuple[Drawn, ...]:
    """Return every unit with its fate, in the order given; the seed alone decides.

    Of each part that is not certain, `share` (basis points) is drawn, rounded up and at least two,
    without replacement: those whose digest with the seed comes first. A share of 0 draws none.
    """
    parts: defaultdict[str, list[Unit]] = defaultdict(list)
    for unit in units:
        parts[unit.part].append(unit)
    fate: dict[tuple[str, str], Drawn] = {}
    for part, members in parts.items():
        take = len(members) if members[0].is_certain else _size(len(members), share)
        order = sorted(members, key=lambda one: _place(seed, one))
        for place, one in enumerate(order):
            fate[(part, one.key)] = Drawn(
                **one.model_dump(), of=len(members), take=take, is_drawn=place < take
            )
    return tuple(fate[(one.part, one.key)] for one in units)


def _size(members: int, share: int) -> int:
    if share == 0:
        return 0
    return min(members, max(LEAST_DRAWN, ceil(Fraction(members * share, FULL))))


def _place(seed: str, unit: Unit) -> bytes:
    return hashlib.sha256("\x1f".join((seed, unit.part, unit.key)).encode()).digest()


class Expansion(NamedTuple):
    """What a sample says of its whole frame, as exact fractions of a basis point."""

    gap: Fraction
    variance: Fraction | None
    """None: one drawn claim stands for several, and tells nothing of their spread."""
    freedom: int


def expand(frame: Sequence[Drawn], found: Found) -> Expansion | None:
    """Return the mean of claimed less found points over a whole frame, by weight.

    `found` holds, by part and key, the points that a reviewer found of every unit that was drawn.
    None: some part, or the frame, has not a single drawn unit.

    The estimator divides by the weight of the frame, which is known, and so has no bias whatever
    the claims are. Source: D. G. Horvitz and D. J. Thompson, A Generalization of Sampling Without
    Replacement From a Finite Universe, Journal of the American Statistical Association 47 (260),
    December 1952; variance of a stratified sample: W. G. Cochran, Sampling Techniques, 3rd edition,
    1977, section 5.4.

    Raises:
        ValueError: what was found of a drawn unit is missing.
    """
    whole = sum(unit.weight for unit in frame)
    parts: defaultdict[str, list[Drawn]] = defaultdict(list)
    for unit in frame:
        parts[unit.part].append(unit)
    if whole == 0 or any(not any(one.is_drawn for one in part) for part in parts.values()):
        return None
    total, variance, freedom, is_known = Fraction(0), Fraction(0), 0, True
    for part in parts.values():
        values = [_gap(one, found) for one in part if one.is_drawn]
        total += Fraction(len(part), len(values)) * sum(values)
        spread = part_variance(values, len(part))
        is_known &= spread is not None
        variance += spread or 0
        freedom += 0 if len(values) == len(part) else len(values) - 1
    return Expansion(total / whole, variance / whole**2 if is_known else None, freedom)


def estimate_gap(frame: Sequence[Drawn], found: Found) -> Estimate | None:
    """Return how far claims lie above what was found, with how sure that is; None as `expand`.

    Raises:
        ValueError: what was found of a drawn unit is missing.
    """
    expanded = expand(frame, found)
    if expanded is None:
        return None
    gap, variance, freedom = expanded
    error = None if variance is None else sqrt(variance)
    reach = None if error is None else error * (quantile_of_t(freedom) if freedom else 0)
    return Estimate(
        claims=len(frame),
        examined=sum(one.is_drawn for one in frame),
        gap=_whole(gap),
        error=None if error is None else round(error),
        low=None if reach is None else round(float(gap) - reach),
        high=None if reach is None else round(float(gap) + reach),
    )


def _gap(unit: Drawn, found: Found) -> int:
    seen = found.get((unit.part, unit.key))
    if seen is None:
        raise ValueError(f"{unit.key} was drawn, and nothing is known of it")
    return unit.weight * (unit.claimed - seen)


def part_variance(values: Sequence[int], members: int) -> Fraction | None:
    """Return the estimated variance of a part's total; None where one value stands for several."""
    count = len(values)
    if count == members:
        return Fraction(0)
    if count < LEAST_DRAWN:
        return None
    mean = Fraction(sum(values), count)
    spread = sum(((value - mean) ** 2 for value in values), Fraction(0)) / (count - 1)
    return Fraction(members * (members - count), count) * spread


def quantile_of_t(freedom: int) -> float:
    """Return how many standard errors reach to either side at a sureness of 95 %.

    Source: M. Abramowitz and I. A. Stegun, Handbook of Mathematical Functions, 1964, formula
    26.7.5; exact for one and two degrees of freedom, where the series is too coarse.
    """
    if freedom < 1:
        raise ValueError("without degrees of freedom nothing can be said")
    upper = (1 + SURENESS) / 2
    if freedom == 1:
        return 12.7062
    if freedom == 2:
        a = 4 * upper * (1 - upper)
        return 2 * (upper - 0.5) * sqrt(2 / a)
    z, n = NormalDist().inv_cdf(upper), float(freedom)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / n**power for power, term in enumerate(terms, start=1))


def _whole(value: Fraction) -> int:
    """Return a fraction rounded half away from 0."""
    size = rounded_ratio(abs(value.numerator), value.denominator) or 0
    return size if value >= 0 else -size
