"""The nation's first page: a verdict, sentences, figures, and three decisions asked for."""

from collections import Counter
from dataclasses import dataclass

from cyberposture.reporting.fixed import corrections_of
from cyberposture.reporting.inputs import InstitutionRow
from cyberposture.reporting.plain import Text, given, percent
from cyberposture.reporting.view.failing import exposure_of
from cyberposture.reporting.view.frame import difference, shown
from cyberposture.reporting.view.groups import Nation, closed_gates, is_held_down
from cyberposture.reporting.view.holds import first_sentence
from cyberposture.reporting.view.nation_indicators import blocking_of
from cyberposture.reporting.view.systemic import found_in, name_of
from cyberposture.reporting.view.verdict import Verdict, half_in, verdict_of
from cyberposture.scoring.explain import people
from cyberposture.scoring.statistics import median
from cyberposture.scoring.systemic import CARRIED, Carrier


@dataclass(frozen=True, slots=True)
class Figure:
    """One key figure with what it says."""

    value: Text | str
    label: Text
    why: str = ""
    """The id of its explanation."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Something that is asked for, with how many it reaches and where that is known from."""

    asks: Text
    owner: Text
    """The role that decides; the policy names none, so that these are words of ours."""
    source: Text


@dataclass(frozen=True, slots=True)
class GateCount:
    """One gate: how many it holds down, and how many it alone keeps from a higher band."""

    control: str
    closed_at: int
    alone_at: int


@dataclass(frozen=True, slots=True)
class Front:
    """The first page."""

    funnel: Text
    verdict: Verdict | None
    """None: too few are assessed to say anything of them together."""
    lead: tuple[Text, ...]
    figures: tuple[Figure, ...]
    decisions: tuple[Decision, ...]


def front_of(n: Nation) -> Front:
    """Return the first page of a nation's report."""
    return Front(
        funnel=_funnel(n),
        verdict=_verdict(n),
        lead=tuple(_lead(n)),
        figures=tuple(_figures(n)),
        decisions=(_repair(n), _shared(n), _indicator(n)),
    )


def invented_of(n: Nation) -> Text | None:
    """Return that all of it is invented, where all that was looked at stands in a laboratory."""
    return n.words.say("invented.sentence") if n.inputs.is_invented else None


def fixed_of(n: Nation) -> tuple[Text, ...]:
    """Return since when the public is told the same, and how many results changed since."""
    fixed = n.inputs.fixed
    if fixed is None or not n.is_guarded:
        return ()
    said = n.words.say("fixed.sentence", at=n.words.minute(fixed.at, n.zone))
    return (said, corrections_of(n.words, fixed))


def _funnel(n: Nation) -> Text:
    asked, answered = len(n.inputs.rows), len(n.answered)
    if not asked:
        return n.words.say("funnel.nobody-asked")
    if n.is_guarded and n.told.answered is None:
        return n.words.say("funnel.guarded", n=asked)
    told = len(n.everybody.assessed) if not n.is_guarded else n.told.scored
    return n.words.say(
        "funnel.sentence",
        asked=asked,
        n=asked,
        answered=answered,
        share=percent(10_000 * answered // asked),
        assessed=n.words.say("count.hidden") if told is None else told,
    )


def _verdict(n: Nation) -> Verdict | None:
    found = n.describe(n.inputs.rows).quartiles
    if not n.may_be_described or found is None:
        return None
    size = n.told.scored if n.is_guarded else len(n.everybody.assessed)
    return verdict_of(n, found, "all", size)


def _lead(n: Nation) -> list[Text]:
    if not n.answered and not n.is_guarded:
        return [n.words.say("lead.nobody-answered")]
    found = n.describe(n.inputs.rows).quartiles
    if not n.may_be_described or found is None:
        return [n.words.say("lead.too-few")]
    middle = people(found.median)
    said = [n.words.say("lead.median", median=middle), *_bands(n), _trend(n), _lowest(n)]
    provided = (one for one in found_in(n).shared if one.kind in CARRIED)
    largest = next(provided, None)
    if largest is not None:
        carried = len(largest.institutions)
        of_all = n.count(carried, len(n.inputs.rows))
        said.append(n.words.say(f"lead.shared-{largest.kind}", n=carried, institutions=of_all))
    said.append(_gravest(n))
    return [sentence for sentence in said if sentence]


def _bands(n: Nation) -> list[Text]:
    """Return in which band, or lower, half of them stand, and how many gates hold down."""
    band = half_in(n)
    said = [] if band is None else [n.words.say("lead.bands", band=band.name)]
    held = 0
    for row in () if n.is_guarded else n.everybody.assessed:
        held += row.baseline is not None and is_held_down(n.inputs.parameters, row.baseline)
    return [*said, n.words.say("lead.held", n=held)] if held else said


def _gravest(n: Nation) -> Text:
    """Return the critical failure at most institutions; never said where groups are small."""
    row = next(iter(exposure_of(n)), None)
    if n.is_guarded or row is None or row.severity != "critical":
        return Text("", "")
    at = next(len(f.institutions) for f in n.inputs.failures if f.check == row.check)
    return n.words.say("lead.gravest", n=at, what=row.title)


def _trend(n: Nation) -> Text:
    moved = n.trend
    change = None if moved is None else difference(moved.panel_after, moved.panel_before)
    if moved is None or change is None:
        return Text("", "")
    return n.words.say(
        f"lead.trend-{change.direction}",
        n=moved.panel,
        before=shown(moved.panel_before),
        after=shown(moved.panel_after),
        round=given(n.inputs.previous_title or ""),
    )


def _lowest(n: Nation) -> Text:
    """Return which two sectors hold most of the lowest band; never said where cells are small."""
    if n.is_guarded or len(n.sectors) < 3:
        return Text("", "")
    name = n.inputs.parameters.bands[0][0]
    counts = [(group.label, sum(_is_in(row, name) for row in group.rows)) for group in n.sectors]
    total = sum(number for _, number in counts)
    first, second = sorted(counts, key=lambda pair: -pair[1])[:2]
    if not second[1] or 2 * (first[1] + second[1]) < total:
        return Text("", "")
    part = first[1] + second[1]
    return n.words.say(
        "lead.lowest-all" if part == total else "lead.lowest",
        sectors=n.words.listed([first[0], second[0]]),
        part=part,
        n=total,
        band=n.words.name("band", name),
    )


def _is_in(row: InstitutionRow, band: str) -> bool:
    return row.baseline is not None and row.baseline.institution.band == band


def gate_counts(n: Nation) -> tuple[GateCount, ...]:
    """Return every gate that is closed anywhere, the one that lifts most institutions first.

    Of those that lift alike, the one whose control weighs more.
    """
    closed: Counter[str] = Counter()
    alone: Counter[str] = Counter()
    for row in n.answered:
        gates = closed_gates(row)
        closed.update(gates)
        held = row.result is not None and is_held_down(n.inputs.parameters, row.result)
        if len(gates) == 1 and held:
            alone.update(gates)
    counts = [GateCount(control, closed[control], alone[control]) for control in closed]
    catalogue = n.inputs.content.catalogue
    weight = {one.id: one.weight for one in catalogue.controls}
    return tuple(
        sorted(
            counts,
            key=lambda g: (-g.alone_at, -g.closed_at, -weight.get(g.control, 0), g.control),
        )
    )


def told_gates(n: Nation) -> tuple[GateCount, ...]:
    """Return the gates whose number may be told, the widest first where small groups are guarded.

    Several such numbers of one gate (where it alone is closed, how many are held down at all) could
    be solved for a few; so the public is told where a gate is closed, and no more of it.
    """
    found = gate_counts(n)
    if not n.is_guarded:
        return found
    told = (gate for gate in found if not n.lens.hides(gate.closed_at, len(n.answered)))
    return tuple(sorted(told, key=lambda gate: (-gate.closed_at, gate.control)))


def _figures(n: Nation) -> list[Figure]:
    words, found = n.words, n.describe(n.inputs.rows).quartiles
    figures = []
    gaps = [
        (whole.declared or 0) - (whole.claims_verified or 0)
        for row in n.everybody.assessed
        if row.baseline is not None and (whole := row.baseline.institution).declared is not None
    ]
    gap = median(gaps)
    if found is not None and len(gaps) >= n.least_for_a_median and gap is not None and gap >= 0:
        figures.append(Figure(people(gap), words.say("figure.gap"), "gap"))
    figures += _gate_figures(n)
    if not n.is_guarded:
        against = sum(row.contradictions for row in n.inputs.rows)
        figures.append(Figure(str(against), words.say("figure.contradicted", n=against), "claims"))
    critical = {
        code for f in n.inputs.failures if _is_critical(n, f.check) for code in f.institutions
    }
    # Nor may the plural tell that it is one.
    hides = n.lens.hides(len(critical), len(n.inputs.rows))
    label = words.say("figure.critical", n=n.lens.smallest_group if hides else len(critical))
    figures.append(Figure(n.count(len(critical), len(n.inputs.rows)), label, "critical"))
    return figures


def _gate_figures(n: Nation) -> list[Figure]:
    most = max(told_gates(n), key=lambda gate: gate.closed_at, default=None)
    if n.is_guarded:
        if most is None:
            return []
        label = n.words.say("figure.widest-gate", gate=_kept(most.control), n=most.closed_at)
        return [Figure(str(most.closed_at), label, "gates")]
    missing = sum(bool(closed_gates(row)) for row in n.answered)
    label = n.words.say("figure.no-gate")
    if most is not None:
        gate = _kept(most.control)
        label = n.words.say("figure.gates", gate=gate, at=str(most.closed_at), n=missing)
    return [Figure(str(missing), label, "gates")]


def _kept(control: str) -> Text:
    """Return the code of a control, which is never broken over two lines."""
    return Text(control, f'<bdi class="whole" dir="ltr">{control}</bdi>')


def _is_critical(n: Nation, check_id: str) -> bool:
    check = n.inputs.content.checks.find(check_id)
    return check is not None and check.severity == "critical"


def _repair(n: Nation) -> Decision:
    """Return the repair that lifts most institutions over a gate."""
    best = next(iter(told_gates(n)), None)
    if best is None:
        key, owner = ("repair-untold", "gates") if gate_counts(n) else ("no-gate", "aim")
        said = n.words.say(f"decide.{key}"), n.words.say(f"owner.{owner}")
        return Decision(*said, n.words.say("source.scores"))
    control = n.inputs.content.catalogue.find(best.control)
    # A check sees one side of most controls; where no question is asked, it sees the whole.
    remedy = None if control is None or control.levels is None else control.levels.whole
    if remedy is None:
        remedy = widest_remedy(n, best.control)
    key, number = "decide.repair-many", best.closed_at
    if n.is_guarded:
        key = "decide.repair-closed"
    elif best.alone_at:
        key, number = "decide.repair", best.alone_at
    asks = n.words.say(
        key,
        title=control.title if control else best.control,
        control=best.control,
        alone=best.alone_at,
        closed=best.closed_at,
        n=number,
        how=first_sentence(remedy) if remedy else "",
    )
    owner = n.words.say("owner.gate", n=best.closed_at)
    return Decision(asks, owner, n.words.say("source.scores"))


def widest_remedy(n: Nation, control_id: str) -> str | None:
    """Return the remedy of the check that fails at most institutions and speaks to this control."""
    control = n.inputs.content.catalogue.find(control_id)
    codes = {use.code for use in control.observations} if control else set()
    for failure in sorted(n.inputs.failures, key=lambda f: (-len(f.institutions), f.check)):
        check = n.inputs.content.checks.find(failure.check)
        if check is not None and check.observation in codes:
            return check.remedy
    return None


def _shared(n: Nation) -> Decision:
    """Return the shared service or supplier where acting reaches most."""
    best = found_in(n).best
    if best is None:
        said = n.words.say("decide.no-shared"), n.words.say("owner.declared")
        return Decision(*said, n.words.say("source.declarations"))
    asked, everybody = len(n.inputs.rows), len(best.institutions)
    asks = n.words.say(
        _told_of(n, best),
        name=name_of(n, best),
        n=everybody,
        institutions=n.count(everybody, asked),
        failing="" if n.is_guarded else str(len(best.failing)),
    )
    if not n.is_guarded:
        reach = n.words.say(
            "decide.reach", n=len(best.critical), held=len(best.held), sectors=len(best.sectors)
        )
        asks = Text(f"{asks} {reach}", f"{asks.__html__()} {reach.__html__()}")
    known = "seen" if best.observed else "declarations"
    return Decision(asks, _owner_of(n, best), n.words.say(f"source.{known}"))


def _owner_of(n: Nation, one: Carrier) -> Text:
    """Return who decides about something that several depend on: more where more sectors do."""
    if n.is_guarded:
        return n.words.say("owner.several")
    if len(one.sectors) > 1:
        return n.words.say("owner.sectors", n=len(one.sectors))
    titles = {s.id: s.title for s in n.inputs.content.catalogue.framework.sectors}
    return n.words.say("owner.sector", sector=titles.get(one.sectors[0][0], one.sectors[0][0]))


def _told_of(n: Nation, one: Carrier) -> str:
    """Return the key of what is asked about something that many depend on."""
    if n.is_guarded:
        return "decide.shared-untold"
    return f"decide.{one.kind}" if one.failing else f"decide.{one.kind}-sound"


def _indicator(n: Nation) -> Decision:
    """Return the national indicator that blocks; where none was entered, that they be entered."""
    entered = sum(one.dated is not None for one in n.inputs.indicators)
    if not entered:
        national = sum(clause.level == "Nat" for clause in n.inputs.content.catalogue.clauses)
        asks = n.words.say("decide.no-indicator", n=national)
        return Decision(asks, n.words.say("owner.kept"), n.words.say("source.clauses"))
    worst = blocking_of(n)
    if worst is None:
        missing = len(n.inputs.indicators) - entered
        asks = n.words.say("decide.indicators-whole", n=entered, missing=missing)
        return Decision(asks, n.words.say("owner.kept"), n.words.say("source.indicators"))
    asks = n.words.say(
        "decide.indicator", code=worst.code, title=worst.title, figures=worst.figures
    )
    return Decision(asks, n.words.say("owner.state"), worst.known_from)
