"""One institution's results in the order of another framework, beside which our controls stand.

No figure is made for the framework or a part of it: a control that asks half of what an element
asks says nothing of the other half, so that no mean over edges would mean anything.
"""

from collections import defaultdict
from dataclasses import dataclass, replace

from cyberposture.content.comparing.elements import group_of
from cyberposture.model.controls import Crossing
from cyberposture.model.reports import Audience, ReportDefinition
from cyberposture.reporting.crosswalk_inputs import CrosswalkInputs
from cyberposture.reporting.derivation import say_reasons
from cyberposture.reporting.plain import Text, given
from cyberposture.reporting.view.controls import ControlGroup, groups_of, mark_of
from cyberposture.reporting.view.figures import FigureWhy, ShareRow, figures_of, shares_of
from cyberposture.reporting.view.frame import Frame, shown
from cyberposture.reporting.view.lens import lens_for
from cyberposture.reporting.view.material import Material
from cyberposture.reporting.view.method import Method, method_of
from cyberposture.reporting.view.reasons import Reason, Reasons, source_of
from cyberposture.reporting.view.standing import Standing, standing_of
from cyberposture.reporting.view.traces import Traces
from cyberposture.reporting.words import Words

RELATIONS = ("equal", "subset", "superset", "intersects")


@dataclass(frozen=True, slots=True)
class EdgeRow:
    """One control of ours beside an element, and how it stands."""

    relation: str
    control: str
    title: str
    is_linked: bool
    """Whether its derivation stands in this report: it is asked of this institution."""
    declared: str | None
    verified: str | None
    grade: str | None
    mark: str
    """As that of its card; `unasked` where it is not asked of this institution."""
    mark_word: Text


@dataclass(frozen=True, slots=True)
class ElementRow:
    """One element of the framework with all controls beside it; none: `says` tells so."""

    id: str
    edges: tuple[EdgeRow, ...]
    says: Text | None


@dataclass(frozen=True, slots=True)
class ElementGroup:
    """Elements that share the beginning of their ids."""

    anchor: str
    title: str
    label: str
    """Of its table, for whoever hears it."""
    elements: tuple[ElementRow, ...]


@dataclass(frozen=True, slots=True)
class Tally:
    """How many elements, and why-anchor of the figure."""

    label: Text
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class CrosswalkView:
    """All that the template may see."""

    audience: Audience
    words: Words
    frame: Frame
    lead: tuple[Text, ...]
    tallies: tuple[Tally, ...]
    relations: tuple[tuple[str, Text], ...]
    """What each kind of edge means."""
    elements: tuple[ElementGroup, ...]
    beside_nothing: tuple[tuple[str, str], ...]
    """The controls that are asked and stand beside no element: id and title."""
    reasons: tuple[Reason, ...]
    standing: Standing
    groups: tuple[ControlGroup, ...]
    figures: tuple[FigureWhy, ...]
    shares: tuple[ShareRow, ...]
    why: tuple[Text, ...]
    code: str
    """Of the institution; empty where it is not named."""
    command: str
    score_digest: str
    method: Method


def crosswalk_view(
    definition: ReportDefinition, audience: Audience, words: Words, inputs: CrosswalkInputs
) -> CrosswalkView:
    """Return the view of one institution in another framework's order, for one audience.

    Raises:
        WrongUsage: the report is not made for this audience.
    """
    # What each check saw is in the institution's own report, so that nothing may link there.
    m = Material(replace(inputs.about, verdicts={}), lens_for(definition, audience), words)
    edges = _edges(m, inputs)
    groups = _element_groups(m, inputs, edges)
    beside = {control for found in edges.values() for control, _ in found}
    return CrosswalkView(
        audience=audience,
        words=words,
        frame=_frame(m, inputs),
        lead=tuple(_lead(m, inputs)),
        tallies=_tallies(m, groups, inputs),
        relations=tuple((words.say(f"edge.{r}.word"), words.say(f"edge.{r}.means"))
                        for r in RELATIONS),
        elements=groups,
        beside_nothing=tuple((c, m.title(c)) for c in m.asked if c not in beside),
        reasons=_reasons(m),
        standing=standing_of(m),
        groups=groups_of(m, Traces(m), frozenset()),
        figures=figures_of(m),
        shares=shares_of(m),
        why=say_reasons(words, m.whole.reasons),
        code=inputs.about.institution.code if m.is_named else "",
        command=m.command,
        score_digest=m.digest,
        method=method_of(words, m.parameters),
    )  # fmt: skip


def name_of(inputs: CrosswalkInputs) -> Text:
    """Return the framework's name with its edition."""
    return given(f"{inputs.framework.title} {inputs.framework.edition}")


def _frame(m: Material, inputs: CrosswalkInputs) -> Frame:
    name = name_of(inputs)
    title = m.words.say("window-title.crosswalk", name=m.name, framework=name)
    subtitle = (m.words.say("crosswalk.subtitle", framework=name), m.score_kind)
    return m.frame("crosswalk", title, subtitle)


def _edges(m: Material, inputs: CrosswalkInputs) -> dict[str, list[tuple[str, Crossing]]]:
    """Return the controls beside each element, in the catalogue's order."""
    found: defaultdict[str, list[tuple[str, Crossing]]] = defaultdict(list)
    for control in m.inputs.content.catalogue.controls:
        for edge in control.maps_to:
            if edge.framework == inputs.framework.id:
                found[edge.id].append((control.id, edge))
    return dict(found)


def _element_groups(
    m: Material, inputs: CrosswalkInputs, edges: dict[str, list[tuple[str, Crossing]]]
) -> tuple[ElementGroup, ...]:
    by_group: dict[str, list[ElementRow]] = {}
    # An edge never falls out, even where the list of elements should lack its end.
    for element in dict.fromkeys((*inputs.elements, *edges)):
        rows = tuple(_edge(m, control, edge) for control, edge in edges.get(element, ()))
        says = None if rows else m.words.say("crosswalk.nothing")
        by_group.setdefault(group_of(element), []).append(ElementRow(element, rows, says))
    return tuple(
        _group(m, place, group or inputs.framework.title, rows)
        for place, (group, rows) in enumerate(by_group.items(), start=1)
    )


def _group(m: Material, place: int, title: str, rows: list[ElementRow]) -> ElementGroup:
    label = str(m.words.say("crosswalk.table", group=title))
    return ElementGroup(f"group-{place}", title, label, tuple(rows))


def _edge(m: Material, control: str, edge: Crossing) -> EdgeRow:
    asked, score = m.asked.get(control), m.scores.get(control)
    mark = "unasked" if asked is None else mark_of(m, control)
    counts = score is not None and score.applicable
    return EdgeRow(
        relation=m.words.say(f"edge.{edge.relation}.word"),
        control=control,
        title=m.title(control),
        is_linked=asked is not None,
        declared=shown(score.declared) if score is not None and counts else None,
        verified=shown(score.verified) if score is not None and counts else None,
        grade=score.grade if score is not None and counts else None,
        mark=mark,
        mark_word=_mark_word(m, control, mark),
    )


def _mark_word(m: Material, control: str, mark: str) -> Text:
    """Return how a control stands, in words beside its points."""
    if mark == "open":
        is_met = m.gates.get(control) == "open"
        is_known = m.scores[control].verified is not None
        key = "gate-met" if is_met else "open" if is_known else "not-assessed"
        return m.words.say(f"crosswalk.mark.{key}")
    return m.words.say(f"crosswalk.mark.{mark}")


def _lead(m: Material, inputs: CrosswalkInputs) -> list[Text]:
    name = name_of(inputs)
    said = [m.words.say("crosswalk.what", framework=name), m.words.say("crosswalk.no-total")]
    if inputs.framework.status != "V":
        key = f"crosswalk.status-{inputs.framework.status.lower()}"
        said.append(m.words.say(key, framework=name))
    if not inputs.is_whole:
        known = len(inputs.elements)
        said.append(m.words.say("crosswalk.not-whole", n=inputs.framework.size, known=known))
    return said


def _tallies(
    m: Material, groups: tuple[ElementGroup, ...], inputs: CrosswalkInputs
) -> tuple[Tally, ...]:
    elements = [element for group in groups for element in group.elements]
    answered = [e for e in elements if any(x.mark not in ("out", "unasked") for x in e.edges)]
    empty = sum(not element.edges for element in elements)
    if not inputs.is_whole:
        empty = inputs.framework.size - (len(elements) - empty)
    counts = {
        "asked": len(answered),
        "outside": sum(bool(e.edges) for e in elements) - len(answered),
        "nothing": empty,
    }
    rows = [("elements", sum(counts.values())), *counts.items()]
    return tuple(Tally(m.words.say(f"crosswalk.tally.{name}"), str(n), "elements")
                 for name, n in rows)  # fmt: skip


def _reasons(m: Material) -> tuple[Reason, ...]:
    about = m.inputs
    key = "crosswalk.source-round" if about.kind == "round" else "crosswalk.source-live"
    of = m.words.say(key, round=m.round_title)
    source = source_of(m.words, about.content, of, about.score.as_of, m.zone)
    told = Reasons(m.words, source)
    return tuple(told.of(one, f"reason.{one}.title") for one in ("elements", "points"))
