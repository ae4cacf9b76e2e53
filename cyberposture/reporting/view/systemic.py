"""What many institutions depend on at once: who is reached by one failure, and how concentrated.

What is declared is hollow, what was seen is filled. Where small groups may not be told of, there is
no map and no index: both could be solved for a single institution.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

from cyberposture.model.reports import Sight
from cyberposture.reporting.inputs import NationInputs
from cyberposture.reporting.plain import Text, decimal, percent
from cyberposture.reporting.view.groups import Nation, closed_gates
from cyberposture.scoring.systemic import (
    CARRIED,
    KINDS,
    SEVERAL,
    Carrier,
    Concentration,
    Kind,
    Member,
    concentrations,
    find_carriers,
    shared_by,
    to_act_on,
)

MAPPED = 12
"""So many rows stand in the map, the widest; the table holds more."""
LISTED = 40
RADIUS = 11
"""Of a disc that stands for a whole sector, in pixels; its area is the share."""
SEEN_BY: Mapping[Kind, Sight] = {"route": "addresses"}
"""What an audience must see to read a name of this kind; of any other kind, `suppliers`."""


@dataclass(frozen=True, slots=True)
class CarrierRow:
    """One thing on which several depend."""

    number: int
    name: Text
    kind: Text
    mark: str
    """`declared`, `claims` (it was seen) or `both`."""
    known: Text
    institutions: Text
    share: str | None
    critical: Text
    held: Text
    failing: Text
    sectors: Text
    through: Text | None


@dataclass(frozen=True, slots=True)
class ConcentrationRow:
    """How concentrated the dependence on one kind of thing is."""

    kind: Text
    carriers: str
    links: str
    index: str
    says: Text


@dataclass(frozen=True, slots=True)
class Spot:
    """How many of a sector depend on one thing; no count where nobody does."""

    sector: str
    count: str
    radius: str
    mark: str
    is_most: bool
    """At least half of the sector, and more than one institution."""


@dataclass(frozen=True, slots=True)
class SystemicMap:
    """Things by sectors."""

    sectors: tuple[str, ...]
    rows: tuple[tuple[int, Text, Text, tuple[Spot, ...]], ...]
    """Number, name, kind, and a spot for each sector."""
    description: Text


@dataclass(frozen=True, slots=True)
class Systemic:
    """The whole section."""

    lead: tuple[Text, ...]
    rows: tuple[CarrierRow, ...]
    more: int
    concentrations: tuple[ConcentrationRow, ...]
    map: SystemicMap | None


@dataclass(frozen=True, slots=True)
class Found:
    """What the dependencies come to, for all views of them."""

    everything: tuple[Carrier, ...]
    shared: tuple[Carrier, ...]
    """Those of which the audience may be told."""
    best: Carrier | None
    """Where acting reaches most."""


def found_in(n: Nation) -> Found:
    """Return what the institutions depend on, the widest first."""
    everything = find_carriers(_members(n.inputs), n.inputs.dependencies)
    shared = shared_by(everything, n.lens.smallest_group)
    if not n.is_guarded:
        return Found(everything, shared, to_act_on(shared))
    # What may not be told is not told by its place in the list, or by being chosen, either.
    asked = len(n.inputs.rows)
    told = sorted(shared, key=lambda one: (*_told_width(n, one, asked), KINDS.index(one.kind)))
    provided = (one for one in told if one.kind in CARRIED)
    return Found(everything, tuple(told), next(provided, None))


def _told_width(n: Nation, one: Carrier, asked: int) -> tuple[bool, int]:
    """Return what orders things by how many depend on them, as far as that is told."""
    width = len(one.institutions)
    hides = n.lens.hides(width, asked)
    return (not hides, 0 if hides else -width)


def _members(inputs: NationInputs) -> list[Member]:
    return [
        Member(row.code, row.sector, row.tier == "X", bool(closed_gates(row)))
        for row in inputs.rows
    ]


def name_of(n: Nation, one: Carrier) -> Text:
    """Return a thing by its name, or words in its place where it may not be named."""
    sight = SEEN_BY.get(one.kind, "suppliers")
    named = n.lens.show(sight, one.name)
    return named or n.words.say(f"unnamed-carrier.{one.kind}")


def systemic_of(n: Nation) -> Systemic:
    """Return the section on what many depend on."""
    found = found_in(n)
    rows = found.shared[:LISTED]
    return Systemic(
        lead=_lead(n, found),
        rows=tuple(_row(n, number, one) for number, one in enumerate(rows, start=1)),
        more=len(found.shared) - len(rows),
        concentrations=()
        if n.is_guarded
        else tuple(_concentration(n, one) for one in concentrations(found.everything)),
        map=None if n.is_guarded or not rows else _map(n, rows[:MAPPED]),
    )


def _lead(n: Nation, found: Found) -> tuple[Text, ...]:
    if not found.shared:
        return (n.words.say("systemic.none"),)
    widest = found.shared[0]
    said = [
        n.words.say(
            "systemic.widest",
            name=name_of(n, widest),
            kind=n.words.say(f"carrier.{widest.kind}"),
            institutions=_count(n, widest),
            n=len(widest.institutions),
        )
    ]
    if not n.is_guarded:
        wide = [one for one in found.shared if len(one.sectors) >= 2]
        said.append(n.words.say("systemic.single-points", n=len(wide)))
    return tuple(said)


def _count(n: Nation, one: Carrier) -> Text:
    return n.count(len(one.institutions), len(n.inputs.rows))


def _row(n: Nation, number: int, one: Carrier) -> CarrierRow:
    everybody = len(one.institutions)

    def of(part: tuple[str, ...]) -> Text:
        # Parts of two wholes that overlap give away those in both.
        if n.is_guarded:
            return n.words.say("count.hidden")
        return n.lens.count(n.words, len(part), everybody)

    hidden = n.words.say("count.hidden")
    mark = _mark(one.declared, one.observed)
    return CarrierRow(
        number=number,
        name=name_of(n, one),
        kind=n.words.say(f"carrier.{one.kind}"),
        mark=mark,
        known=n.words.say(f"known.{mark}"),
        institutions=_count(n, one),
        share=None if n.is_guarded else percent(one.share),
        critical=of(one.critical),
        held=of(one.held),
        failing=of(one.failing),
        sectors=hidden if n.is_guarded else n.words.say("count.exact", n=len(one.sectors)),
        through=_through(n, one),
    )


def _through(n: Nation, one: Carrier) -> Text | None:
    if not one.indirect or n.is_guarded:
        return None
    names = [n.lens.show("suppliers", name) for name in one.through]
    shown = [name for name in names if name]
    if not shown:
        return n.words.say("systemic.through-one", n=len(one.indirect))
    services = n.words.listed(shown)
    return n.words.say("systemic.through", n=len(one.indirect), services=services)


def _mark(declared: tuple[str, ...], observed: tuple[str, ...]) -> str:
    if declared and observed:
        return "both"
    return "claims" if observed else "declared"


def _concentration(n: Nation, one: Concentration) -> ConcentrationRow:
    alone = "single" if one.carriers == 1 else "several"
    return ConcentrationRow(
        kind=n.words.say(f"carrier.{one.kind}"),
        carriers=str(one.carriers),
        links=str(one.links),
        index=f"{one.index // 10_000}.{one.index % 10_000 // 100:02}",
        says=n.words.say(
            f"concentration.{alone}",
            n=one.carriers,
            alike=decimal(one.alike),
            largest=percent(one.largest),
        ),
    )


def _map(n: Nation, rows: tuple[Carrier, ...]) -> SystemicMap:
    titles = {s.id: s.title for s in n.inputs.content.catalogue.framework.sectors}
    sector_of = {row.code: row.sector for row in n.inputs.rows}
    sizes = Counter(sector_of.values())
    depending = {sector for one in rows for sector, _ in one.sectors}
    order = [s for s in titles if s in depending] + sorted(depending - titles.keys())
    told = tuple(
        (
            number,
            name_of(n, one),
            n.words.say(f"carrier.{one.kind}"),
            tuple(
                _spot(one, sector, titles.get(sector, sector), sizes[sector], sector_of)
                for sector in order
            ),
        )
        for number, one in enumerate(rows, start=1)
    )
    return SystemicMap(
        sectors=tuple(titles.get(sector, sector) for sector in order),
        rows=told,
        description=n.words.say("systemic.map-description", n=len(rows), sectors=len(order)),
    )


def _spot(one: Carrier, sector: str, title: str, size: int, sector_of: dict[str, str]) -> Spot:
    number = dict(one.sectors).get(sector, 0)

    def there(codes: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(code for code in codes if sector_of[code] == sector)

    return Spot(
        sector=title,
        count=str(number) if number else "",
        radius=f"{max(2.5, RADIUS * sqrt(number / size)):.1f}",
        mark=_mark(there(one.declared), there(one.observed)),
        is_most=number >= SEVERAL and 2 * number >= size,
    )
