"""Why the figures of the first screen are what they are: one explanation each, and the sum."""

from dataclasses import dataclass

from cyberposture.reporting.plain import Text, percent, tenths
from cyberposture.reporting.view.frame import shown
from cyberposture.reporting.view.material import Material
from cyberposture.scoring.explain import people


@dataclass(frozen=True, slots=True)
class FigureWhy:
    """One figure of the first screen and how it came about."""

    id: str
    word: Text
    value: Text | str
    means: Text


@dataclass(frozen=True, slots=True)
class ShareRow:
    """What one domain adds to the verified score."""

    id: str
    title: str
    verified: str
    weight: int
    adds: str


def figures_of(m: Material) -> tuple[FigureWhy, ...]:
    """Return the figures that are known, each with its explanation."""
    whole, words = m.inputs.score.result.institution, m.words
    confidence = whole.confidence and words.say(f"confidence.{whole.confidence}")
    found = (
        ("declared", shown(whole.declared)),
        ("claims", shown(whole.claims_verified)),
        ("coverage", _percent(m, whole.coverage)),
        ("confidence", _percent(m, whole.examined) if whole.confidence else None),
        ("observed", _percent(m, whole.observation_coverage)),
    )
    facts = {
        "floor": percent(m.parameters.coverage_floor),
        "declared": shown(whole.declared) or "\u2013",
        "word": confidence or "\u2013",
    }
    return tuple(
        FigureWhy(name, words.say(f"figures.{name}"), value, words.say(f"about.{name}", **facts))
        for name, value in found
        if value is not None
    )


def shares_of(m: Material) -> tuple[ShareRow, ...]:
    """Return each domain with its weight and its part of the whole; the parts add up as printed."""
    whole = tenths(m.inputs.score.result.institution.verified)
    known = [d for d in m.whole.domains if d.verified is not None and d.weight]
    total = sum(d.weight for d in known)
    if whole is None or not total:
        return ()
    exact = [(d.verified or 0) * d.weight for d in known]
    parts = [one // (10 * total) for one in exact]
    # What cutting off leaves goes to those that lost the most by it.
    lost = sorted(range(len(known)), key=lambda n: -(exact[n] % (10 * total)))
    for n in lost[: max(0, whole - sum(parts))]:
        parts[n] += 1
    titles = {d.id: d.title for d in m.inputs.content.catalogue.framework.domains}
    return tuple(
        ShareRow(d.id, titles.get(d.id, d.id), people(d.verified), d.weight, people(part * 10))
        for d, part in zip(known, parts, strict=True)
    )


def _percent(m: Material, share: int | None) -> Text | None:
    return None if share is None else m.words.say("figures.percent", share=percent(share))
