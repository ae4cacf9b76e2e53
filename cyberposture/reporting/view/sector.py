"""A sector's report, for its regulator: how it stands, what holds it down, who waits.

Where small groups may not be told of, it says of the sector what the nation's report says of it,
and nothing else: whoever has both learns no more than from one.
"""

from dataclasses import dataclass
from html import escape

from cyberposture.model.reports import Audience, ReportDefinition
from cyberposture.reporting.charts import ChartRow, DomainChart, row_of, ticks_of
from cyberposture.reporting.inputs import InstitutionRow
from cyberposture.reporting.plain import Text, clean, given
from cyberposture.reporting.sector_inputs import SectorInputs
from cyberposture.reporting.view.claimed import Claimed, claimed_of
from cyberposture.reporting.view.failing import ExposureRow, exposure_of
from cyberposture.reporting.view.frame import Frame, difference, frame_of, shown
from cyberposture.reporting.view.groups import Group, Nation, closed_gates, verified_of
from cyberposture.reporting.view.lens import lens_for
from cyberposture.reporting.view.method import Method, method_of
from cyberposture.reporting.view.nation_annexes import (
    Bands,
    GateRow,
    GroupRow,
    NamedRow,
    Spread,
    bands_of,
    gates_of,
    named_of,
    spread_of,
)
from cyberposture.reporting.view.nation_front import Figure, fixed_of, front_of, invented_of
from cyberposture.reporting.view.nation_reasons import (
    reason_of_group,
    reasons_of_sector,
)
from cyberposture.reporting.view.reasons import Reason, led
from cyberposture.reporting.view.sector_each import Each, each_of
from cyberposture.reporting.view.sector_gaps import (
    ControlGap,
    Disagreement,
    contradictions_of,
    control_gaps,
)
from cyberposture.reporting.view.trend import Moved, moved_of
from cyberposture.reporting.view.verdict import Verdict, verdict_of
from cyberposture.reporting.words import Words
from cyberposture.scoring.explain import people
from cyberposture.scoring.statistics import median, quantile

FEWEST = 10
"""A tenth of fewer institutions is none."""


@dataclass(frozen=True, slots=True)
class DomainRow:
    """One domain: the medians of what is declared and of what is verified of it."""

    id: str
    title: str
    claims: str | None
    declared: str | None
    gap: str | None


@dataclass(frozen=True, slots=True)
class Domains:
    """All domains, as a chart and as figures."""

    chart: DomainChart
    rows: tuple[DomainRow, ...]


@dataclass(frozen=True, slots=True)
class LowestRow:
    """One of those who stand lowest."""

    name: Text
    band: str
    verified: str
    gates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lowest:
    """Who stands in the lowest tenth, and at most where; names only for those who may read them."""

    says: Text
    chart: DomainChart | None
    rows: tuple[LowestRow, ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Who was asked and has not answered."""

    says: Text
    names: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class SectorView:
    """All that the template of a sector's report may see."""

    audience: Audience
    words: Words
    frame: Frame
    baseline: Text
    invented: Text | None
    verdict: Verdict | None
    lead: tuple[Text, ...]
    figures: tuple[Figure, ...]
    bands: Bands | None
    spread: Spread | None
    told: GroupRow | None
    """What is told where small groups are guarded; None: nothing, or all of it."""
    moved: Moved | None
    domains: Domains | None
    gates: tuple[GateRow, ...]
    gaps: tuple[ControlGap, ...]
    lowest: Lowest | None
    contradictions: Disagreement | None
    exposure: tuple[ExposureRow, ...]
    waiting: Waiting | None
    """None where everybody has answered."""
    named: tuple[NamedRow, ...]
    each: tuple[Each, ...]
    claims: Claimed | None
    reasons: tuple[Reason, ...]
    is_guarded: bool
    smallest_group: int
    score_digest: str
    method: Method


def sector_view(
    definition: ReportDefinition, audience: Audience, words: Words, inputs: SectorInputs
) -> SectorView:
    """Return the view of a sector for one audience; what it may not see is not in there.

    Raises:
        WrongUsage: the report is not made for this audience.
    """
    n = Nation(inputs.nation, lens_for(definition, audience), words)
    if n.is_guarded:
        return _guarded(n, inputs)
    front, moved, exposure = front_of(n), moved_of(n, inputs.past), exposure_of(n)
    return SectorView(
        audience=audience,
        words=words,
        frame=_frame(n, inputs, led(front.funnel, "all")),
        baseline=_baseline(n),
        invented=invented_of(n),
        verdict=front.verdict,
        lead=front.lead,
        figures=front.figures,
        bands=bands_of(n),
        spread=spread_of(n),
        told=None,
        moved=moved,
        domains=_domains(n, n.everybody),
        gates=gates_of(n),
        gaps=control_gaps(n),
        lowest=_lowest(n),
        contradictions=contradictions_of(n, inputs.contradictions),
        exposure=exposure,
        waiting=_waiting(n),
        named=named_of(n),
        each=each_of(n, exposure, inputs.contradictions),
        claims=claimed_of(n),
        reasons=tuple(reasons_of_sector(n, has_panel=moved is not None)),
        is_guarded=False,
        smallest_group=n.lens.smallest_group,
        score_digest="",
        method=method_of(words, inputs.nation.parameters),
    )


def _guarded(n: Nation, inputs: SectorInputs) -> SectorView:
    """Return what the nation's report tells of this sector; nothing, where it tells nothing."""
    title = _title(n, inputs)
    own = next((group for group in n.sectors if inputs.is_whole and group.label == title), None)
    row = None
    if own is not None:
        row = next((one for one in spread_of(n).sectors if one.label == title), None)
    places = None if own is None else n.places_of(own.rows)
    verdict, told = None, None
    lead = n.words.say("sector.not-told", n=n.lens.smallest_group)
    if row is not None and row.quartiles is not None and places is not None:
        verdict, told = verdict_of(n, places, row.why, None), row
        lead = n.words.say("lead.median", median=verdict.median)
    return SectorView(
        audience=n.lens.audience,
        words=n.words,
        frame=_frame(n, inputs, n.words.say("sector.guarded", n=n.lens.smallest_group)),
        baseline=_baseline(n),
        invented=invented_of(n),
        verdict=verdict,
        lead=(lead,),
        figures=(),
        bands=None,
        spread=None,
        told=told,
        moved=None,
        domains=_domains(n, own) if own is not None and told is not None else None,
        gates=(),
        gaps=(),
        lowest=None,
        contradictions=None,
        exposure=(),
        waiting=None,
        named=(),
        each=(),
        claims=None,
        reasons=(reason_of_group(n, own, told.why, "alone"),)
        if own is not None and told is not None
        else (),
        is_guarded=True,
        smallest_group=n.lens.smallest_group,
        score_digest="",
        method=method_of(n.words, inputs.nation.parameters),
    )


def _baseline(n: Nation) -> Text:
    asked = len(n.inputs.content.catalogue.selected("A"))
    return n.words.say("sector.guarded-baseline" if n.is_guarded else "baseline.sentence", n=asked)


def _title(n: Nation, inputs: SectorInputs) -> str:
    titles = {s.id: s.title for s in n.inputs.content.catalogue.framework.sectors}
    return titles.get(inputs.sector, inputs.sector)


def _frame(n: Nation, inputs: SectorInputs, subtitle: Text) -> Frame:
    facts = {
        "round": given(inputs.nation.round_title or inputs.nation.round_code),
        "sector": _title(n, inputs),
    }
    return frame_of(
        n.words,
        n.lens,
        n.inputs.content,
        n.inputs.audit_head,
        kind="sector",
        title=n.words.say("window-title.sector", **facts),
        headline=n.words.say("headline.sector", **facts),
        subtitle=(subtitle, *fixed_of(n)),
        as_of=n.inputs.as_of,
        zone=n.zone,
    )


def _domains(n: Nation, group: Group) -> Domains | None:
    """Return declared beside verified for each domain; guarded, verified alone, as the nation's."""
    rows, lines = [], []
    for domain in n.inputs.content.catalogue.framework.domains:
        baselines = [row.baseline for row in group.assessed if row.baseline is not None]
        found = [one for base in baselines for one in base.domains if one.id == domain.id]
        if n.is_guarded:
            known = [one.verified for one in found if one.verified is not None]
            claims = median(known) if len(known) >= n.least_for_a_median else None
            # A mark that stood more exactly than its figure would tell more than the nation's.
            claims = None if claims is None else claims // 100 * 100
            declared = None
        else:
            claims = median([p for one in found if (p := one.claims_verified) is not None])
            declared = median([p for one in found if (p := one.declared) is not None])
        gap = difference(declared, claims)
        figures = (shown(claims) or "–", shown(declared) or "–")
        if n.is_guarded and claims is not None:
            figures = (str(claims // 100), "–")
        rows.append(
            DomainRow(
                id=domain.id,
                title=domain.title,
                claims=None if claims is None else figures[0],
                declared=shown(declared),
                gap=gap.text if gap else None,
            )
        )
        lines.append(
            row_of(
                domain.id, domain.title, declared=declared, claims=claims, network=None, side="",
                figures=figures[:1] if n.is_guarded else figures,
            )
        )  # fmt: skip
    if all(row.claims is None for row in rows):
        return None
    # The public reads the nation's own measure; claims stand beside what is declared.
    heads = ("claims",) if n.is_guarded else ("of-claims", "declared")
    chart = DomainChart(
        ticks=ticks_of(n.inputs.parameters),
        rows=tuple(lines),
        heads=tuple(n.words.say(f"head.{head}") for head in heads),
        description=str(n.words.say("sector.domains-description", n=len(rows))),
    )
    return Domains(chart, tuple(rows))


def _lowest(n: Nation) -> Lowest | None:
    scored = sorted(
        (points, row.code, row)
        for row in n.everybody.assessed
        if (points := verified_of(row)) is not None
    )
    limit = quantile([points for points, _, _ in scored], 1, 10)
    if limit is None or len(scored) < FEWEST:
        return None
    low = [row for points, _, row in scored if points <= limit]
    says = n.words.say("sector.lowest", n=len(low), of=len(scored), limit=people(limit))
    if not n.lens.shows("institutions"):
        return Lowest(says, None, ())
    lines = [_line_of(row) for row in low]
    chart = DomainChart(
        ticks=ticks_of(n.inputs.parameters),
        rows=tuple(lines),
        heads=tuple(n.words.say(f"head.{head}") for head in ("of-claims", "declared")),
        description=str(says),
    )
    rows = tuple(
        LowestRow(
            name=given(row.name),
            band=n.words.name("band", row.baseline.institution.band or ""),
            verified=shown(row.baseline.institution.verified) or "–",
            gates=closed_gates(row),
        )
        for row in low
        if row.baseline is not None
    )
    return Lowest(says, chart, rows)


def _line_of(row: InstitutionRow) -> ChartRow:
    assert row.baseline is not None, "only who is assessed stands in the lowest tenth"
    whole = row.baseline.institution
    return row_of(
        "",
        _name_in_chart(row.name),
        declared=whole.declared,
        claims=whole.claims_verified,
        network=None,
        side="",
        figures=(shown(whole.claims_verified) or "–", shown(whole.declared) or "–"),
    )


def _name_in_chart(name: str) -> Text:
    """Return a name for a drawing, in which it is kept apart by other means than in a text."""
    shown = clean(name, 44)
    return Text(shown, f'<tspan class="given">{escape(shown)}</tspan>')


def _waiting(n: Nation) -> Waiting | None:
    missing = sorted((row for row in n.inputs.rows if row.result is None), key=lambda r: r.name)
    if not missing:
        return None
    names = [given(row.name) for row in missing] if n.lens.shows("institutions") else []
    says = n.words.say("sector.waiting", n=len(missing), asked=len(n.inputs.rows))
    return Waiting(says, tuple(names))
