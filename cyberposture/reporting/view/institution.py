"""One institution's report: every part of it, for one audience."""

from dataclasses import dataclass

from cyberposture.model.reports import Audience, ReportDefinition
from cyberposture.reporting.derivation import say_reasons
from cyberposture.reporting.inputs import InstitutionInputs
from cyberposture.reporting.plain import LONG, Text, clean
from cyberposture.reporting.view.changes import Changes, changes_of
from cyberposture.reporting.view.contradictions import ContradictionRow, contradictions_of
from cyberposture.reporting.view.controls import ControlGroup, groups_of, linked_controls
from cyberposture.reporting.view.domains import Domains, domains_of
from cyberposture.reporting.view.figures import FigureWhy, ShareRow, figures_of, shares_of
from cyberposture.reporting.view.frame import Frame
from cyberposture.reporting.view.lens import lens_for
from cyberposture.reporting.view.material import Material
from cyberposture.reporting.view.method import Method, method_of
from cyberposture.reporting.view.network import Network, network_of
from cyberposture.reporting.view.own_rounds import OwnRounds, own_rounds_of
from cyberposture.reporting.view.standing import Standing, standing_of
from cyberposture.reporting.view.steps import PlanEnd, StepRow, plan_end_of, steps_of
from cyberposture.reporting.view.traces import CheckSaw, Traces
from cyberposture.reporting.words import Words


@dataclass(frozen=True, slots=True)
class InstitutionView:
    """All that the template of an institution's report may see."""

    audience: Audience
    words: Words
    frame: Frame
    repair_clock: Text | None
    standing: Standing
    contradictions: tuple[ContradictionRow, ...]
    changes: Changes | None
    rounds: OwnRounds | None
    steps: tuple[StepRow, ...]
    plan_end: PlanEnd | None
    domains: Domains
    network: Network
    saw: tuple[CheckSaw, ...]
    groups: tuple[ControlGroup, ...]
    figures: tuple[FigureWhy, ...]
    shares: tuple[ShareRow, ...]
    why: tuple[Text, ...]
    """How the whole came about."""
    command: str
    """The first words of every command line about this institution; empty where it is not named."""
    score_digest: str
    method: Method


def institution_view(
    definition: ReportDefinition, audience: Audience, words: Words, inputs: InstitutionInputs
) -> InstitutionView:
    """Return the view of one institution for one audience; nothing else of it is left in there.

    Raises:
        WrongUsage: the report is not made for this audience.
    """
    m = Material(inputs, lens_for(definition, audience), words)
    traces = Traces(m)
    linked = linked_controls(m, inputs.contradictions)
    return InstitutionView(
        audience=audience,
        words=words,
        frame=_frame(m),
        repair_clock=_repair_clock(m),
        standing=standing_of(m),
        contradictions=contradictions_of(m),
        changes=changes_of(m),
        rounds=own_rounds_of(m),
        steps=steps_of(m),
        plan_end=plan_end_of(m),
        figures=figures_of(m),
        shares=shares_of(m),
        domains=domains_of(m),
        network=network_of(m),
        saw=tuple(traces.by_check.values()),
        groups=groups_of(m, traces, linked),
        why=say_reasons(words, m.whole.reasons),
        command=m.command,
        score_digest=m.digest,
        method=method_of(words, m.parameters),
    )


def _frame(m: Material) -> Frame:
    inputs, words = m.inputs, m.words
    institution = inputs.institution
    titles = {s.id: s.title for s in inputs.content.catalogue.framework.sectors}
    sectors = [titles.get(sector, sector) for sector in institution.sectors]
    subtitle = [words.listed(sectors)] if m.is_named else []
    baseline = {control.id for control in inputs.content.catalogue.selected("A")}
    asked = institution.tier if baseline <= m.asked.keys() else "start"
    subtitle += [words.say(f"tier.{asked}"), m.score_kind]
    period = inputs.round_code if inputs.kind == "round" else words.say("score-kind.live-short")
    title = words.say("window-title.institution", name=m.name, period=clean(period or ""))
    return m.frame("institution", title, tuple(subtitle))


def _repair_clock(m: Material) -> Text | None:
    clock = m.inputs.repair_clock
    if clock is None:
        return None
    reason = m.lens.show("own-words", clock.reason, LONG)
    if reason is None:
        return m.words.say("repair-clock", n=clock.days)
    return m.words.say("repair-clock-because", n=clock.days, reason=reason)
