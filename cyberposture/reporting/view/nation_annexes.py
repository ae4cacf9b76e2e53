"""The nation's second page and annexes: bands, domains, gates, exposure, institutions, clauses."""

from collections import Counter
from dataclasses import dataclass, replace

from cyberposture.reporting.charts import Bar, Distribution, bar_of, distribution_of, place_of
from cyberposture.reporting.inputs import InstitutionRow
from cyberposture.reporting.plain import Text, given, percent
from cyberposture.reporting.view.frame import Band, Difference, band_at, band_of, difference, shown
from cyberposture.reporting.view.groups import (
    Group,
    Nation,
    closed_gates,
    verified_of,
    was_asked_less,
)
from cyberposture.reporting.view.nation_front import gate_counts, told_gates
from cyberposture.reporting.view.nation_reasons import group_ids
from cyberposture.reporting.view.sureness import sureness_of
from cyberposture.reporting.view.verdict import TENTH
from cyberposture.scoring.explain import people
from cyberposture.scoring.statistics import NO_BAND, median


@dataclass(frozen=True, slots=True)
class Bands:
    """How many institutions stand in each band: bars, and the table of the same numbers."""

    legend: tuple[Band, ...]
    bars: tuple[Bar, ...]
    rows: tuple[tuple[str, tuple[str, ...], str], ...]
    """Label, the number in each band of the legend, and all of them."""
    description: str


@dataclass(frozen=True, slots=True)
class HeatCell:
    """The median of one domain in one group; place 0 is not known, or not told."""

    place: int
    value: str


@dataclass(frozen=True, slots=True)
class Heat:
    """Domains by groups."""

    groups: tuple[tuple[str, str], ...]
    """Each with the id of its explanation."""
    rows: tuple[tuple[str, str, tuple[HeatCell, ...]], ...]
    """Domain, its title, and a cell for each group."""
    lowest: Text | None


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One group in figures."""

    label: str
    asked: str
    answered: str
    assessed: str
    quartiles: tuple[str, str, str] | None
    """Lower quartile, median, upper quartile; those that may not be told are a dash."""
    has_quartiles: bool = False
    why: str = ""
    """The id of its explanation."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How all institutions are spread over the scale."""

    sure: tuple[Text, ...]
    """How much of them is known, and how far claims were found to reach too high."""
    chart: Distribution | None
    has_box: bool
    """The quartiles are told: its box is wider than the median."""
    profiles: tuple[GroupRow, ...]
    """Each on the controls of its own profile."""
    sectors: tuple[GroupRow, ...]


@dataclass(frozen=True, slots=True)
class GateRow:
    """One gate."""

    control: str
    title: str
    closed_at: Text
    alone_at: Text | None
    """None in all rows where no gate holds anybody down by itself, or where it is not told."""


@dataclass(frozen=True, slots=True)
class NamedRow:
    """One institution by name."""

    name: Text
    code: str
    sector: str
    tier: str
    band: Band | None
    """None: it has not answered."""
    verified: str | None
    """This and what follows up to `gap` is None where not enough is known for a band."""
    declared: str | None
    claims: str | None
    """What is verified of what is declared; `gap` is what is left of it."""
    gap: str | None
    coverage: str | None
    change: Difference | None
    gates: tuple[str, ...]
    contradictions: int


@dataclass(frozen=True, slots=True)
class ClauseRow:
    """One clause of the policy, how many controls follow from it, and what measures it."""

    id: str
    text: str
    level: str
    controls: int
    indicators: tuple[str, ...]
    """The national indicators that measure it."""


@dataclass(frozen=True, slots=True)
class Clauses:
    """How the catalogue covers the policy."""

    summary: tuple[Text, ...]
    rows: tuple[ClauseRow, ...]


def bands_of(n: Nation) -> Bands:
    """Return the bands by sector; where cells may not be told, those of all together."""
    names = [name for name, _ in n.inputs.parameters.bands]
    legend = [band_of(n.words, n.inputs.parameters, name) for name in names]
    groups = (n.everybody,) if n.is_guarded else n.sectors
    other = n.words.say("bands.not-told" if n.is_guarded else "band.none")
    bars, rows = [], []
    for group in groups:
        told = n.describe(group.rows)
        cells = {cell.band: cell.count for cell in told.bands}
        if not any(cells.values()):
            continue
        known = sum(number for number in cells.values() if number)
        # In public those without an answer are among what is not told.
        total = (told.asked if n.is_guarded else told.answered) or known
        shown_cells = [
            (b.place, b.name, cells[name] or 0) for b, name in zip(legend, names, strict=True)
        ]
        shown_cells.append((0, other, total - sum(c for _, _, c in shown_cells)))
        bars.append(
            bar_of(group.label, str(total), [(p, label, c, str(c)) for p, label, c in shown_cells])
        )
        numbers = [_told(n, cells.get(name)) for name in (*names, NO_BAND)]
        rows.append((group.label, tuple(numbers), str(total)))
    return Bands(
        legend=(*legend, Band(other, 0)),
        bars=tuple(bars),
        rows=tuple(rows),
        description=str(n.words.say("bands.description", n=len(bars))),
    )


def _told(n: Nation, number: int | None) -> str:
    return n.words.say("count.hidden") if number is None else str(number)


def heat_of(n: Nation) -> Heat:
    """Return the median of each domain in each sector, on the baseline."""
    groups = n.sectors if n.may_be_described else ()
    rows = []
    lowest: tuple[int, list[tuple[str, str]]] | None = None
    for domain in n.inputs.content.catalogue.framework.domains:
        cells = []
        for group in groups:
            scores = _domain_scores(group, domain.id)
            middle = median(scores)
            if middle is None or len(scores) < n.least_for_a_median:
                cells.append(HeatCell(0, "–"))
                continue
            told = middle // 100
            cells.append(HeatCell(_place(n, middle), str(told)))
            if lowest is None or told < lowest[0]:
                lowest = (told, [])
            if told == lowest[0]:
                lowest[1].append((domain.title, group.label))
        rows.append((domain.id, domain.title, tuple(cells)))
    said = None
    if lowest is not None:
        points, where = lowest
        said = n.words.say("heat.lowest-of", points=points, n=len(where))
        if len({title for title, _ in where}) == 1:
            labels = n.words.listed([label for _, label in where])
            said = n.words.say("heat.lowest", domain=where[0][0], sector=labels, points=points)
    ids = group_ids(n, "sector")
    heads = tuple((group.label, ids[group.label]) for group in groups)
    return Heat(heads, tuple(rows), said)


def _place(n: Nation, points: int) -> int:
    names = [name for name, _ in n.inputs.parameters.bands]
    return place_of(names.index(band_at(n.inputs.parameters, points) or names[0]), len(names))


def _domain_scores(group: Group, domain: str) -> list[int]:
    return [
        score.verified
        for row in group.assessed
        if row.baseline is not None
        for score in row.baseline.domains
        if score.id == domain and score.verified is not None
    ]


def spread_of(n: Nation) -> Spread:
    """Return the distribution over all, by profile and by sector."""
    scores = [points for row in n.everybody.rows if (points := verified_of(row)) is not None]
    found = n.describe(n.inputs.rows).quartiles
    chart, has_box = None, False
    if n.may_be_described and found is not None:
        said = n.words.say("spread.description-median", median=people(found.median))
        # Where the quartiles may not be told, the box is as narrow as the median.
        lower, upper = found.lower, found.upper
        quartiles = (found.median, found.median, found.median)
        if lower is not None and upper is not None:
            quartiles, has_box = (lower, found.median, upper), True
            words = [people(points) for points in quartiles]
            said = n.words.say(
                "spread.description", lower=words[0], median=words[1], upper=words[2]
            )
        told = [] if n.is_guarded else scores
        # A mark stands no more exactly than its figure is told.
        lower, middle, upper = (points // TENTH * TENTH for points in quartiles)
        chart = distribution_of(n.inputs.parameters, told, (lower, middle, upper), said)
    return Spread(
        sure=sureness_of(n),
        chart=chart,
        has_box=has_box,
        profiles=tuple(_linked(n, _profile_row(n, group), "profile") for group in n.profiles),
        sectors=tuple(_linked(n, _group_row(n, group), "sector") for group in n.sectors),
    )


def _linked(n: Nation, row: GroupRow, kind: str) -> GroupRow:
    """Return a row with the id of its explanation."""
    return replace(row, why=group_ids(n, kind)[row.label])


def _group_row(n: Nation, group: Group) -> GroupRow:
    """Return a group's figures; in public, who answered is told of all together alone.

    Columns that add up to a number which is told would give away what is left out of them.
    """
    answered = sum(row.result is not None for row in group.rows)
    found = n.places_of(group.rows)
    return GroupRow(
        label=group.label,
        asked=str(len(group.rows)),
        answered="–" if n.is_guarded else str(answered),
        assessed="–" if n.is_guarded else str(len(group.assessed)),
        quartiles=None
        if found is None
        else (_place_told(found.lower), people(found.median), _place_told(found.upper)),
        has_quartiles=found is not None and found.lower is not None,
    )


def _place_told(points: int | None) -> str:
    return "–" if points is None else people(points)


def _profile_row(n: Nation, group: Group) -> GroupRow:
    """Return a profile's figures on its own controls, and not on the baseline."""
    own = [InstitutionRow(r.code, r.name, r.sector, r.tier, r.result, r.result) for r in group.rows]
    return _group_row(n, Group(group.label, tuple(own)))


def gates_of(n: Nation) -> tuple[GateRow, ...]:
    """Return the gates that are closed anywhere, the widest first."""
    # What may not be told is not told by its place in the list either.
    told = {gate.control for gate in told_gates(n)}
    found = sorted(
        gate_counts(n), key=lambda g: (-g.closed_at if g.control in told else 0, g.control)
    )
    rows = []
    has_alone = not n.is_guarded and any(gate.alone_at for gate in found)
    for gate in found:
        control = n.inputs.content.catalogue.find(gate.control)
        title = control.title if control else gate.control
        alone = n.count(gate.alone_at) if has_alone else None
        rows.append(GateRow(gate.control, title, n.count(gate.closed_at), alone))
    return tuple(rows)


def named_of(n: Nation) -> tuple[NamedRow, ...]:
    """Return every institution by sector and name; none where names may not be seen."""
    if not n.lens.shows("institutions"):
        return ()
    titles = {s.id: s.title for s in n.inputs.content.catalogue.framework.sectors}
    order = {sector: place for place, sector in enumerate(titles)}
    rows = sorted(n.inputs.rows, key=lambda r: (order.get(r.sector, len(order)), r.name, r.code))
    return tuple(_named(n, row, titles.get(row.sector, row.sector)) for row in rows)


def _named(n: Nation, row: InstitutionRow, sector: str) -> NamedRow:
    whole = row.result.institution if row.result else None
    base = row.baseline.institution if row.baseline else None
    earlier = row.previous_baseline.institution if row.previous_baseline else None
    known = whole if whole is not None and whole.band is not None else None
    gap = difference(known.declared, known.claims_verified) if known else None
    return NamedRow(
        name=given(row.name),
        code=row.code,
        sector=sector,
        tier=n.words.say("tier.start" if was_asked_less(row) else f"tier.{row.tier}"),
        band=None if whole is None else band_of(n.words, n.inputs.parameters, whole.band),
        verified=shown(known.verified) if known else None,
        declared=shown(known.declared) if known else None,
        claims=shown(known.claims_verified) if known else None,
        gap=gap.text.removeprefix("+") if gap else None,
        coverage=percent(whole.coverage) if whole else None,
        change=difference(base.verified, earlier.verified) if known and base and earlier else None,
        gates=closed_gates(row) if known else (),
        contradictions=row.contradictions,
    )


def clauses_of(n: Nation) -> Clauses:
    """Return how many controls follow from each clause of the policy."""
    catalogue = n.inputs.content.catalogue
    used: Counter[str] = Counter()
    for control in catalogue.controls:
        used.update({source.clause for source in control.sources})
    clauses = catalogue.clauses
    covered = sum(used[clause.id] > 0 for clause in clauses)
    levels = Counter(clause.level for clause in clauses)
    measured: dict[str, tuple[str, ...]] = {
        clause.id: tuple(i.id for i in catalogue.indicators if clause.id in i.clauses)
        for clause in clauses
    }
    return Clauses(
        summary=(
            n.words.say("clauses.summary", n=len(clauses), covered=covered),
            n.words.say("clauses.national", n=levels["Nat"]),
        ),
        rows=tuple(
            ClauseRow(
                c.id,
                c.text,
                n.words.name("clause-level", c.level.lower()),
                used[c.id],
                measured[c.id],
            )
            for c in clauses
        ),
    )
