"""How sure a nation's figures are: how much is known, and how far claims were found too high."""

from cyberposture.reporting.plain import Text, decimal, percent
from cyberposture.reporting.view.groups import Nation
from cyberposture.scoring.statistics import median


def sureness_of(n: Nation) -> tuple[Text, ...]:
    """Return how much of the institutions was assessed and seen, and what reviewers found of it."""
    said = []
    wholes = [row.baseline.institution for row in n.everybody.assessed if row.baseline is not None]
    coverage = median([one.coverage for one in wholes if one.coverage is not None])
    seen = [o for one in wholes if (o := one.observation_coverage) is not None]
    if n.told.quartiles is not None and coverage is not None:
        said.append(n.words.say("sure.coverage", share=percent(coverage)))
        if len(seen) >= n.least_for_a_median:
            said.append(n.words.say("sure.observed", share=percent(median(seen))))
    sample = n.inputs.sample
    if sample is None or sample.gap is None or not sample.institutions:
        return (*said, n.words.say("sure.no-sample"))
    if n.lens.hides(sample.institutions, len(n.inputs.rows)):
        return tuple(said)
    gap = sample.gap
    facts = {
        "n": gap.examined, "claims": gap.claims, "institutions": sample.institutions,
        "gap": decimal(_tenths(gap.gap)),
    }  # fmt: skip
    if gap.low is None or gap.high is None:
        return (*said, n.words.say("sure.sample", **facts))
    ends = {"low": decimal(_tenths(gap.low)), "high": decimal(_tenths(gap.high))}
    return (*said, n.words.say("sure.sample-within", **facts, **ends))


def _tenths(points: int) -> int:
    """Return basis points as tenths, cut off towards 0."""
    return points // 10 if points >= 0 else -(-points // 10)
