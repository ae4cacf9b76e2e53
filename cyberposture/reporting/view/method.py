"""How the figures came about: the numbers of the scale as they were applied, in words."""

from dataclasses import dataclass

from cyberposture.model.scores import ScoreParameters
from cyberposture.reporting.plain import Text, percent
from cyberposture.reporting.view.frame import Band, band_of
from cyberposture.reporting.words import Words
from cyberposture.scoring.explain import people
from cyberposture.scoring.points import FULL


@dataclass(frozen=True, slots=True)
class BandRow:
    """A band and where it begins and ends."""

    band: Band
    start: str
    end: str


@dataclass(frozen=True, slots=True)
class Method:
    """The scale: levels, grades, bands and limits."""

    levels: tuple[tuple[str, str], ...]
    """What each answer level means, and its points of 100."""
    grades: tuple[tuple[str, str, str], ...]
    """Each grade, what it means, and the share of the points that it leaves."""
    bands: tuple[BandRow, ...]
    limits: tuple[Text, ...]
    glossary: tuple[tuple[str, str], ...]


GLOSSARY = (
    "declared",
    "verified",
    "claims-verified",
    "coverage",
    "confidence",
    "gate",
    "contradiction",
    "endpoint",
    "inconclusive",
    "fresh",
    "band",
)


def method_of(words: Words, parameters: ScoreParameters) -> Method:
    """Return the scale in words and figures."""
    factors = parameters.factors
    ends = [start for _, start in parameters.bands[1:]] + [FULL]
    return Method(
        levels=tuple(
            (words.say(f"level.{level}"), people(points))
            for level, points in enumerate(parameters.values)
        ),
        grades=tuple(
            (grade, words.say(f"grade.{grade}"), words.say("frame.percent", share=percent(factor)))
            for grade, factor in factors.model_dump().items()
        ),
        bands=tuple(
            BandRow(band_of(words, parameters, name), people(start), people(end))
            for (name, start), end in zip(parameters.bands, ends, strict=True)
        ),
        limits=(
            words.say("method.coverage", floor=percent(parameters.coverage_floor)),
            words.say(
                "method.gate",
                threshold=people(parameters.gate_threshold),
                band=words.name("band", parameters.gate_band),
            ),
            words.say(
                "method.confidence",
                medium=percent(parameters.confidence.medium),
                high=percent(parameters.confidence.high),
                band=words.name("band", parameters.low_confidence_band),
            ),
            words.say("method.observed", floor=percent(parameters.observed_floor)),
        ),
        glossary=tuple(
            (words.say(f"glossary.{term}.word"), words.say(f"glossary.{term}.means"))
            for term in GLOSSARY
        ),
    )
