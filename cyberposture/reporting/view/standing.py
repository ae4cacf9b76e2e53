"""The first screen: where the institution stands, in figures and in sentences to read aloud."""

from dataclasses import dataclass

from cyberposture.reporting.charts import Strip, Trend, strip_of, trend_of
from cyberposture.reporting.inputs import HeldAuthorisation
from cyberposture.reporting.plain import Text, given, percent
from cyberposture.reporting.view.frame import (
    Band,
    Difference,
    band_at,
    band_of,
    difference,
    shown,
)
from cyberposture.reporting.view.holds import Holds, holds_of, places_against_the_claims
from cyberposture.reporting.view.material import Material


@dataclass(frozen=True, slots=True)
class LastTime:
    """The score before this one."""

    title: Text
    verified: str | None
    change: Difference | None
    trend: Trend | None


@dataclass(frozen=True, slots=True)
class Standing:
    """Band and figures, the sentences beside them, and what holds the band down."""

    band: Band
    place: Text | None
    """Which of how many bands it is, from the lowest."""
    verified: str | None
    declared: str | None
    claims_verified: str | None
    not_borne_out: Text | None
    last: LastTime | None
    stands: Text | None
    """How much of what was declared stands."""
    confidence: Text | None
    observed: tuple[Text, ...]
    coverage: Text | None
    but_for_gates: Band | None
    """The band if every gate were open, where that is another one."""
    strip: Strip | None
    lead: tuple[Text, ...]
    holds: Holds


def standing_of(m: Material) -> Standing:
    """Return the first screen of one institution."""
    whole, parameters = m.inputs.score.result.institution, m.parameters
    free = m.whole.band_but_for_gates
    return Standing(
        band=band_of(m.words, parameters, whole.band),
        place=_place(m),
        verified=shown(whole.verified),
        declared=shown(whole.declared),
        claims_verified=shown(whole.claims_verified),
        not_borne_out=_not_borne_out(m),
        last=_last(m),
        stands=_stands(m),
        confidence=_confidence(m),
        observed=tuple(_observed(m)),
        coverage=_coverage(m),
        but_for_gates=band_of(m.words, parameters, free) if free != whole.band else None,
        strip=strip_of(m.words, parameters, whole, m.closed_gates),
        lead=tuple(_lead(m)),
        holds=holds_of(m),
    )


def _place(m: Material) -> Text | None:
    band = m.inputs.score.result.institution.band
    if band is None:
        return None
    names = [name for name, _ in m.parameters.bands]
    return m.words.say("figures.place", place=names.index(band) + 1, n=len(names))


def _stands(m: Material) -> Text | None:
    whole = m.inputs.score.result.institution
    if whole.claims_verified is None or not whole.declared:
        return None
    return m.words.say("figures.stands", points=shown(whole.claims_verified))


def _not_borne_out(m: Material) -> Text | None:
    whole = m.inputs.score.result.institution
    gap = difference(whole.declared, whole.claims_verified)
    if gap is None or not whole.declared:
        return None
    return m.words.say(f"not-borne-out.{gap.direction}", points=gap.text.lstrip("+\u2212"))


def _last(m: Material) -> LastTime | None:
    previous = m.inputs.previous
    if previous is None:
        return None
    before, now = previous.result.institution.verified, m.inputs.score.result.institution.verified
    return LastTime(
        title=given(previous.title or m.day(previous.as_of)),
        verified=shown(before),
        change=difference(now, before),
        trend=trend_of([points for points in (before, now) if points is not None]),
    )


def _confidence(m: Material) -> Text | None:
    whole = m.inputs.score.result.institution
    if whole.confidence is None:
        return None
    word = m.words.say(f"confidence.{whole.confidence}")
    return m.words.say("confidence.sentence", word=word, examined=percent(whole.examined))


def _observed(m: Material) -> list[Text]:
    known, seen = m.inputs.addresses, m.inputs.score.result.institution.observation_coverage
    found = []
    if seen is not None:
        found.append(m.words.say("observed.conclusive", share=percent(seen)))
    if known.total:
        found.append(m.words.say("observed.authorised", authorised=known.authorised, n=known.total))
    return found or [m.words.say("observed.nothing-known")]


def _coverage(m: Material) -> Text | None:
    coverage = m.inputs.score.result.institution.coverage
    if coverage is None:
        return None
    return m.words.say("coverage.sentence", share=percent(coverage))


def _lead(m: Material) -> list[Text]:
    """Return the sentences for a board: what is claimed, what was found, and what decides."""
    whole = m.inputs.score.result.institution
    who = m.words.say(f"who.{m.inputs.institution.tier}")
    if whole.coverage is None:
        return [m.words.say("lead.nothing-applies", who=who)]
    said = []
    if not any(c.level is not None or c.not_applicable == "claimed" for c in m.claims.values()):
        said.append(m.words.say("lead.unanswered", who=who))
    if whole.band is None:
        said.append(_too_little(m, who))
    else:
        said.append(_on_paper(m, who))
    said += _gates(m)
    said += _network(m)
    return said


def _too_little(m: Material, who: Text) -> Text:
    whole = m.inputs.score.result.institution
    return m.words.say(
        "lead.no-band",
        who=who,
        coverage=percent(whole.coverage),
        floor=percent(m.parameters.coverage_floor),
    )


def _on_paper(m: Material, who: Text) -> Text:
    """Return what is claimed beside what was verified, and where the network disagrees."""
    whole, words = m.inputs.score.result.institution, m.words
    paper = band_of(words, m.parameters, band_at(m.parameters, whole.declared)).name
    band = band_of(words, m.parameters, whole.band).name
    if places_against_the_claims(m) and paper != band:
        return words.say("lead.network-disagrees", who=who, paper=paper, band=band)
    key = "lead.as-on-paper" if paper == band else "lead.other-than-on-paper"
    return words.say(key, who=who, paper=paper, band=band)


def _gates(m: Material) -> list[Text]:
    """Return what holds the band down: gates, contradictions, low confidence."""
    whole, words, free = m.inputs.score.result.institution, m.words, m.whole.band_but_for_gates
    said = []
    closed = len(m.closed_gates)
    if closed and whole.band is not None:
        band = band_of(words, m.parameters, whole.band).name
        key = "lead.gates-hold" if free != whole.band else "lead.gates-would-hold"
        limit = band_of(words, m.parameters, m.parameters.gate_band).name
        said.append(words.say(key, n=closed, band=band, limit=limit))
    elif closed:
        said.append(words.say("lead.gates-closed", n=closed))
    shut = sum(bool(m.failing(control)) for control in m.closed_gates)
    if shut:
        said.append(words.say("lead.gates-shut", n=shut))
    if whole.contradictions:
        said.append(words.say("lead.contradictions", n=len(whole.contradictions)))
    if whole.gates_unknown and not m.inputs.score.document.observation_overdue:
        said.append(words.say("lead.gates-unknown", n=len(whole.gates_unknown)))
    if any(reason.rule == "lowered-by-confidence" for reason in m.whole.reasons):
        said.append(words.say("lead.low-confidence"))
    return said


def _network(m: Material) -> list[Text]:
    """Return why the network says nothing, or what it says beyond contradictions."""
    standing = _standing_authorisations(m)
    if not m.was_looked_at:
        return [m.words.say(f"lead.network.{_why_unseen(m, standing)}")]
    said = []
    fresh = sum(f.is_fresh and f.closed_at is None for f in m.inputs.findings)
    if fresh:
        said.append(m.words.say("lead.network.fresh", n=fresh))
    elif not any(m.failing(control) for control in m.asked):
        said.append(m.words.say("lead.network.agrees"))
    if m.inputs.authorisations and not standing:
        said.append(m.words.say("lead.network.no-longer"))
    return said


def _standing_authorisations(m: Material) -> list[HeldAuthorisation]:
    as_of = m.inputs.score.as_of
    return [
        a
        for a in m.inputs.authorisations
        if a.granted_by and a.withdrawn_at is None and a.valid_until > as_of
    ]


def _why_unseen(m: Material, standing: list[HeldAuthorisation]) -> str:
    """Return why the network gave no verdict at all: the first reason that is true."""
    granted = [a for a in m.inputs.authorisations if a.granted_by]
    if not m.inputs.authorisations:
        return "none"
    if not granted:
        return "not-granted"
    if not standing:
        return "withdrawn" if any(a.withdrawn_at for a in granted) else "expired"
    if m.inputs.scans:
        return "inconclusive"
    return "refused" if m.inputs.refusals else "not-yet"
