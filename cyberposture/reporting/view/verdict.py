"""The verdict on many: where their median stands on the scale, their bands, and how sure it is.

A group has no band of its own, and no mean is taken: it is said in which band, or lower, at least
half of its institutions stand. Gates hold bands down, so that it is not read off the median.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Final, get_args

from cyberposture.model.scores import Confidence
from cyberposture.reporting.charts import Strip, scale_of
from cyberposture.reporting.plain import Text, percent
from cyberposture.reporting.view.frame import Band, band_of
from cyberposture.reporting.view.groups import Nation
from cyberposture.scoring.explain import people
from cyberposture.scoring.statistics import Quartiles, median

TENTH: Final = 10
"""Basis points to a tenth of a point, in which figures are told."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The median on the scale, with what belongs beside it."""

    band: Band | None
    """In which at least half of them stand, or lower; None: not told."""
    place: Text
    """Which of the bands that is, in words."""
    median: str
    of: Text
    """Of how many it is the median."""
    why: str
    """The id of its explanation."""
    strip: Strip
    facts: tuple[tuple[Text, Text, str], ...]
    """What is said of them, and how sure it is: a word, its value, the id of its explanation."""


def half_in(n: Nation) -> Band | None:
    """Return the lowest band in which, or lower, at least half of those assessed stand.

    Where small groups are guarded, it is told if one told number alone says so of all who were
    asked: whoever reads that number knows it.
    """
    names = [name for name, _ in n.inputs.parameters.bands]
    if n.is_guarded:
        asked = n.told.asked
        if asked is None:
            return None
        found = next(
            (c.band for c in n.told.bands if c.band in names and 2 * (c.count or 0) > asked), None
        )
        return None if found is None else band_of(n.words, n.inputs.parameters, found)
    bands = sorted(
        names.index(row.baseline.institution.band)
        for row in n.everybody.assessed
        if row.baseline is not None and row.baseline.institution.band is not None
    )
    if not bands:
        return None
    return band_of(n.words, n.inputs.parameters, names[bands[(len(bands) - 1) // 2]])


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
    band = half_in(n) if why == "all" else None
    names = [n.words.name("band", name) for name, _ in parameters.bands]
    place = Text("", "")
    if band is not None:
        place = words.say("verdict.place", place=names.index(band.name) + 1, n=len(names))
    return Verdict(
        band=band,
        place=place,
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
