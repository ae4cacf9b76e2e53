"""The verdict on many: where their median stands on the scale, in which band, and how sure it is.

A group has no band of its own, and no mean is taken: it is said in whose range its median lies.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Final, get_args

from cyberposture.model.scores import Confidence
from cyberposture.reporting.charts import Strip, scale_of
from cyberposture.reporting.plain import Text, percent
from cyberposture.reporting.view.frame import Band, band_at, band_of
from cyberposture.reporting.view.groups import Nation
from cyberposture.scoring.explain import people
from cyberposture.scoring.statistics import Quartiles, median

TENTH: Final = 10
"""Basis points to a tenth of a point, in which figures are told."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The median on the scale, with what belongs beside it."""

    band: Band
    """In whose range it lies."""
    place: Text
    """Which of the bands that is."""
    median: str
    of: Text
    """Of how many it is the median."""
    why: str
    """The id of its explanation."""
    strip: Strip
    facts: tuple[tuple[Text, Text, str], ...]
    """What is said of them, and how sure it is: a word, its value, the id of its explanation."""


def range_of(n: Nation, points: int) -> Band:
    """Return the band in whose range so many points lie."""
    return band_of(n.words, n.inputs.parameters, band_at(n.inputs.parameters, points))


def verdict_of(n: Nation, found: Quartiles, why: str, size: int | None) -> Verdict:
    """Return the verdict on a group with these quartiles; `size` is left out where it is not told.

    A mark stands no more exactly than its figure is told.
    """
    words, parameters = n.words, n.inputs.parameters
    middle = found.median // TENTH * TENTH
    ends, told = None, {"median": people(found.median)}
    key = "spread.description-median"
    if found.lower is not None and found.upper is not None:
        ends = (found.lower // TENTH * TENTH, found.upper // TENTH * TENTH)
        told |= {"lower": people(found.lower), "upper": people(found.upper)}
        key = "spread.description"
    band = range_of(n, middle)
    names = [name for name, _ in parameters.bands]
    place = names.index(band_at(parameters, middle) or names[0]) + 1
    return Verdict(
        band=band,
        place=words.say("verdict.place", place=place, n=len(names)),
        median=people(found.median),
        of=words.say("verdict.of") if size is None else words.say("verdict.of-many", n=size),
        why=why,
        strip=scale_of(words, parameters, middle, ends, str(words.say(key, **told))),
        facts=tuple(_facts(n)) if why == "all" else (),
    )


def _facts(n: Nation) -> list[tuple[Text, Text, str]]:
    """Return in which bands they stand, how much of them is known, and how sure that is."""
    say = n.words.say
    wholes = [row.baseline.institution for row in n.everybody.assessed if row.baseline is not None]
    facts: list[tuple[Text, Text, str]] = []
    if not n.is_guarded:
        count = Counter(one.band for one in wholes)
        known = [
            say("verdict.in-band", n=count[name], band=n.words.name("band", name))
            for name, _ in n.inputs.parameters.bands
            if count[name]
        ]
        facts.append((say("verdict.bands"), n.words.listed(known), "bands"))
    coverage = median([one.coverage for one in wholes if one.coverage is not None])
    if n.told.quartiles is not None and coverage is not None:
        share = say("verdict.share", share=percent(coverage))
        facts.append((say("verdict.coverage"), share, "coverage"))
    if n.is_guarded:
        return facts
    examined = median([one.examined for one in wholes if one.examined is not None])
    if examined is not None:
        share = say("verdict.share", share=percent(examined))
        facts.append((say("verdict.examined"), share, "coverage"))
    sure = Counter(one.confidence for one in wholes)
    levels: tuple[Confidence, ...] = get_args(Confidence)
    told = [say(f"verdict.sure-{level}", n=sure[level]) for level in levels if sure[level]]
    if told:
        facts.append((say("verdict.sure"), n.words.listed(told), "coverage"))
    return facts
