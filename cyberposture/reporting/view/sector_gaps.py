"""What holds a sector down most, control by control, and where its claims are contradicted."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import get_args

from cyberposture.model.checks import Severity
from cyberposture.model.controls import Control
from cyberposture.model.scores import ControlScore
from cyberposture.reporting.charts import Matrix, matrix_of
from cyberposture.reporting.plain import Text, percent
from cyberposture.reporting.sector_inputs import OpenContradiction
from cyberposture.reporting.view.frame import shown
from cyberposture.reporting.view.groups import Nation
from cyberposture.reporting.view.holds import first_sentence
from cyberposture.reporting.view.nation_front import widest_remedy
from cyberposture.scoring.points import FULL
from cyberposture.scoring.statistics import median

LISTED = 12
CLAIMED = 8_000
"""From here on an answer claims the whole scope: what the network can contradict."""


@dataclass(frozen=True, slots=True)
class ControlGap:
    """One control: at how many it stands no higher than where a gate would hold."""

    control: str
    title: str
    is_gate: bool
    at: str
    asked: str
    verified: str | None
    """The medians of what is verified and declared."""
    declared: str | None
    next: str
    """What it is to have it in the whole scope; where only the network decides, what to repair."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """How many claims the network contradicts, and where."""

    says: tuple[Text, ...]
    matrix: Matrix | None


def control_gaps(n: Nation) -> tuple[ControlGap, ...]:
    """Return the controls of the baseline that hold most institutions down, the widest first."""
    scores: dict[str, list[ControlScore]] = {}
    for row in n.answered:
        for one in row.baseline.controls if row.baseline is not None else ():
            if one.applicable:
                scores.setdefault(one.id, []).append(one)
    threshold = n.inputs.parameters.gate_threshold
    found = []
    for control in n.inputs.content.catalogue.controls:
        own = scores.get(control.id, [])
        low = sum((one.verified or 0) <= threshold for one in own if one.assessed)
        if low:
            found.append((low, control.weight, control, own))
    found.sort(key=lambda one: (-one[0], -one[1], one[2].id))
    return tuple(
        ControlGap(
            control=control.id,
            title=control.title,
            is_gate=control.gate is not None,
            at=str(low),
            asked=str(len(own)),
            verified=shown(median([p for one in own if (p := one.verified) is not None])),
            declared=shown(median([p for one in own if (p := one.declared) is not None])),
            next=_next(n, control),
        )
        for low, _, control, own in found[:LISTED]
    )


def _next(n: Nation, control: Control) -> str:
    """Return what to have in place; where no question is asked, what the network must show."""
    if control.levels is not None:
        return first_sentence(control.levels.whole)
    remedy = widest_remedy(n, control.id)
    if remedy is None:
        codes = {use.code for use in control.observations}
        checks = (one for one in n.inputs.content.checks.checks if one.observation in codes)
        remedy = next((check.remedy for check in checks), None)
    return n.words.say("sector.next-look") if remedy is None else first_sentence(remedy)


def claims_the_whole(one: ControlScore) -> bool:
    """Return whether an answer claims the whole scope: what the network can contradict."""
    return (one.declared or 0) >= CLAIMED


def contradictions_of(n: Nation, held: Iterable[OpenContradiction]) -> Disagreement:
    """Return how many claims for the whole scope are contradicted, and in which domains."""
    held = list(held)
    claims = sum(
        claims_the_whole(one)
        for row in n.answered
        if row.result is not None
        for one in row.result.controls
    )
    at = len({one.institution for one in held})
    contradicted = len({(one.institution, one.control) for one in held})
    if not held:
        return Disagreement((n.words.say("contradictions.none"),), None)
    says = [n.words.say("contradictions.sentence", n=contradicted, institutions=at)]
    if claims:
        rate = percent(FULL * min(contradicted, claims) // claims)
        says.append(n.words.say("sector.rate", n=claims, share=rate))
    if len(held) > contradicted:
        says.append(n.words.say("sector.several-checks", n=len(held)))
    return Disagreement(tuple(says), _matrix(n, held))


def _matrix(n: Nation, held: list[OpenContradiction]) -> Matrix | None:
    severities: tuple[Severity, ...] = get_args(Severity)
    count: Counter[tuple[str, str]] = Counter()
    for one in held:
        control = n.inputs.content.catalogue.find(one.control)
        check = n.inputs.content.checks.find(one.check)
        if control is not None:
            count[(control.domain, check.severity if check else severities[-1])] += 1
    rows = [
        (domain.id, domain.title, [count[(domain.id, severity)] for severity in severities])
        for domain in n.inputs.content.catalogue.framework.domains
    ]
    heads = [n.words.say(f"severity.{severity}") for severity in severities]
    return matrix_of(heads, rows, str(n.words.say("sector.matrix-description", n=len(held))))
