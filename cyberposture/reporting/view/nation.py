"""A nation's report: two pages for a minister, and annexes, for one audience."""

from dataclasses import dataclass

from cyberposture.model.reports import Audience, ReportDefinition
from cyberposture.reporting.inputs import NationInputs
from cyberposture.reporting.plain import Text, given
from cyberposture.reporting.view.claimed import Claimed, claimed_of
from cyberposture.reporting.view.failing import ExposureRow, exposure_of
from cyberposture.reporting.view.frame import Frame, frame_of
from cyberposture.reporting.view.groups import Nation
from cyberposture.reporting.view.lens import lens_for
from cyberposture.reporting.view.method import Method, method_of
from cyberposture.reporting.view.nation_annexes import (
    Bands,
    Clauses,
    GateRow,
    Heat,
    NamedRow,
    Spread,
    bands_of,
    clauses_of,
    gates_of,
    heat_of,
    named_of,
    spread_of,
)
from cyberposture.reporting.view.nation_front import Front, fixed_of, front_of, invented_of
from cyberposture.reporting.view.nation_indicators import Indicators, indicators_of
from cyberposture.reporting.view.nation_reasons import reasons_of_nation
from cyberposture.reporting.view.reasons import Reason, led
from cyberposture.reporting.view.systemic import Systemic, systemic_of
from cyberposture.reporting.view.trend import Moved, since_last
from cyberposture.reporting.words import Words

LONG = 500
"""A table of more institutions is mostly links, and a megabyte of them."""


@dataclass(frozen=True, slots=True)
class NationView:
    """All that the template of a nation's report may see."""

    audience: Audience
    words: Words
    frame: Frame
    front: Front
    baseline: Text
    """On which controls the figures over all rest."""
    invented: Text | None
    """That all of it is invented, where all that was looked at stands in a laboratory."""
    bands: Bands
    heat: Heat
    spread: Spread
    moved: Moved | None
    gates: tuple[GateRow, ...]
    contradictions: Text
    exposure: tuple[ExposureRow, ...]
    has_before: bool
    """Of some failure it is known at how many it was in the last round."""
    systemic: Systemic
    named: tuple[NamedRow, ...]
    is_long: bool
    """So many are named that in their rows gates are codes alone; what each is stands above."""
    indicators: Indicators
    clauses: Clauses
    claims: Claimed
    reasons: tuple[Reason, ...]
    is_guarded: bool
    """Small groups are not told of."""
    smallest_group: int
    score_digest: str
    method: Method


def nation_view(
    definition: ReportDefinition, audience: Audience, words: Words, inputs: NationInputs
) -> NationView:
    """Return the view of a nation for one audience; what it may not see is not in there.

    Raises:
        WrongUsage: the report is not made for this audience.
    """
    n = Nation(inputs, lens_for(definition, audience), words)
    moved, exposure, named = since_last(n), exposure_of(n), named_of(n)
    return NationView(
        audience=audience,
        words=words,
        frame=_frame(n),
        front=front_of(n),
        baseline=words.say("baseline.sentence", n=len(inputs.content.catalogue.selected("A"))),
        invented=invented_of(n),
        bands=bands_of(n),
        heat=heat_of(n),
        spread=spread_of(n),
        moved=moved,
        gates=gates_of(n),
        contradictions=_contradictions(n),
        exposure=exposure,
        has_before=any(row.before is not None for row in exposure),
        systemic=systemic_of(n),
        named=named,
        is_long=len(named) > LONG,
        indicators=indicators_of(n),
        clauses=clauses_of(n),
        claims=claimed_of(n),
        reasons=tuple(reasons_of_nation(n, has_panel=moved is not None)),
        is_guarded=n.is_guarded,
        smallest_group=n.lens.smallest_group,
        score_digest="",
        method=method_of(words, inputs.parameters),
    )


def _frame(n: Nation) -> Frame:
    inputs = n.inputs
    title = given(inputs.round_title or inputs.round_code)
    return frame_of(
        n.words,
        n.lens,
        inputs.content,
        inputs.audit_head,
        kind="nation",
        title=n.words.say("window-title.nation", round=title),
        headline=n.words.say("headline.nation", round=title),
        subtitle=(led(front_of(n).funnel, "all"), *fixed_of(n)),
        as_of=inputs.as_of,
        zone=n.zone,
    )


def _contradictions(n: Nation) -> Text:
    at = sum(row.contradictions > 0 for row in n.inputs.rows)
    total = sum(row.contradictions for row in n.inputs.rows)
    if not total:
        return n.words.say("contradictions.none")
    if at < n.lens.smallest_group:
        return n.words.say("contradictions.few", institutions=n.count(at))
    return n.words.say("contradictions.sentence", n=total, institutions=n.count(at))
