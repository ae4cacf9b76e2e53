"""What many depend on at once: services, suppliers, hosting, networks, routes, software.

It counts who depends on what, and how concentrated that is. What institutions say of themselves and
what was seen of them are never mixed unseen: each dependency tells how it is known.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from cyberposture.scoring.points import FULL, rounded_ratio, rounded_share

Kind = Literal["service", "supplier", "hosting", "network", "route", "software"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Known = Literal["declared", "observed"]
CARRIED: tuple[Kind, ...] = ("service", "supplier", "hosting", "network")
"""What can be acted on by speaking to somebody: the kinds that have a provider."""
SEVERAL = 2
"""From so many institutions on a thing is shared."""


@dataclass(frozen=True, slots=True)
class Dependency:
    """One institution depends on one thing, as it declared or as was seen."""

    institution: str
    kind: Kind
    name: str
    known: Known
    fails: bool = False
    """A check fails on what it carries for this institution."""
    through: str = ""
    """The shared service whose provider depends on it; empty: the institution itself does."""


@dataclass(frozen=True, slots=True)
class Member:
    """What counts of an institution here."""

    institution: str
    sector: str
    is_critical: bool
    """It is of the highest tier."""
    is_held: bool
    """A gate is closed at it."""


@dataclass(frozen=True, slots=True)
class SharedService:
    """A service that one institution runs for others, by code."""

    name: str
    provider: str
    users: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Carrier:
    """One thing, and who depends on it; institutions by code, in order."""

    kind: Kind
    name: str
    """As most of those who name it spell it."""
    institutions: tuple[str, ...]
    declared: tuple[str, ...]
    observed: tuple[str, ...]
    indirect: tuple[str, ...]
    """Those that depend on it through a shared service alone."""
    through: tuple[str, ...]
    """These services."""
    critical: tuple[str, ...]
    held: tuple[str, ...]
    failing: tuple[str, ...]
    sectors: tuple[tuple[str, int], ...]
    """Each sector that depends on it, with how many of its institutions do, the most first."""
    share: int
    """In basis points of all institutions."""


@dataclass(frozen=True, slots=True)
class Concentration:
    """How the dependence on one kind of thing is spread over its providers."""

    kind: Kind
    carriers: int
    links: int
    """How many pairs of an institution and a provider there are."""
    index: int
    """Herfindahl's index in basis points: 10 000 where all depend on one.

    Source: O. C. Herfindahl, Concentration in the Steel Industry, Columbia University, 1950.
    """
    alike: int
    """Tenths: over so many providers alike in size the same dependence would be spread."""
    largest: int
    """The share of links of the largest, in basis points."""


def second_hop(
    services: Iterable[SharedService], dependencies: Iterable[Dependency]
) -> Iterator[Dependency]:
    """Yield what users of shared services depend on through the provider: one step, and no more."""
    own: dict[str, list[Dependency]] = defaultdict(list)
    for one in dependencies:
        if one.kind in CARRIED and not one.through:
            own[one.institution].append(one)
    for service in services:
        for user in service.users:
            for one in own[service.provider]:
                if user != service.provider:
                    yield replace(one, institution=user, fails=False, through=service.name)


def find_carriers(
    members: Iterable[Member], dependencies: Iterable[Dependency]
) -> tuple[Carrier, ...]:
    """Return everything that at least one of the members depends on, the widest first.

    Names that differ in case, blanks or full stops alone are one name.
    """
    known = {one.institution: one for one in members}
    found: dict[tuple[Kind, str], list[Dependency]] = defaultdict(list)
    for one in dependencies:
        if one.institution in known and (key := _key(one.name)):
            found[one.kind, key].append(one)
    carriers = [_carrier(kind, links, known) for (kind, _), links in found.items()]
    return tuple(sorted(carriers, key=_widest))


def _key(name: str) -> str:
    return " ".join(name.casefold().replace(",", " ").replace(".", " ").split()) or name.strip()


def _widest(one: Carrier) -> tuple[int, int, int, str]:
    return -len(one.institutions), -len(one.sectors), KINDS.index(one.kind), one.name


def _carrier(kind: Kind, links: Sequence[Dependency], known: Mapping[str, Member]) -> Carrier:
    def those(chosen: Iterable[Dependency]) -> tuple[str, ...]:
        return tuple(sorted({one.institution for one in chosen}))

    spellings = Counter(" ".join(one.name.split()) for one in links)
    everybody = those(links)
    direct = set(those(one for one in links if not one.through))
    sectors = Counter(known[code].sector for code in everybody)
    return Carrier(
        kind=kind,
        name=min(spellings, key=lambda name: (-spellings[name], name)),
        institutions=everybody,
        declared=those(one for one in links if one.known == "declared" and not one.through),
        observed=those(one for one in links if one.known == "observed" and not one.through),
        indirect=tuple(code for code in everybody if code not in direct),
        through=tuple(sorted({one.through for one in links if one.through})),
        critical=tuple(code for code in everybody if known[code].is_critical),
        held=tuple(code for code in everybody if known[code].is_held),
        failing=those(one for one in links if one.fails),
        sectors=tuple(sorted(sectors.items(), key=lambda pair: (-pair[1], pair[0]))),
        share=rounded_share(len(everybody), len(known)) or 0,
    )


def concentrations(carriers: Iterable[Carrier]) -> tuple[Concentration, ...]:
    """Return how concentrated each kind is that anybody depends on, in the order of the kinds.

    Providers of a single institution count as well: without them everything would look narrow.
    """
    sizes: dict[Kind, list[int]] = defaultdict(list)
    for one in carriers:
        sizes[one.kind].append(len(one.institutions))
    return tuple(_concentration(kind, sizes[kind]) for kind in KINDS if kind in sizes)


def _concentration(kind: Kind, sizes: Sequence[int]) -> Concentration:
    links, squares = sum(sizes), sum(size * size for size in sizes)
    return Concentration(
        kind=kind,
        carriers=len(sizes),
        links=links,
        index=rounded_ratio(FULL * squares, links * links) or 0,
        alike=rounded_ratio(10 * links * links, squares) or 0,
        largest=rounded_share(max(sizes), links) or 0,
    )


def shared_by(carriers: Iterable[Carrier], least: int = SEVERAL) -> tuple[Carrier, ...]:
    """Return those on which at least so many institutions depend, in the order given."""
    return tuple(one for one in carriers if len(one.institutions) >= max(least, SEVERAL))


def to_act_on(carriers: Iterable[Carrier]) -> Carrier | None:
    """Return the provider where acting reaches most, or None where there is none.

    Where checks fail on what it carries comes first, by how many it fails; then how many critical
    institutions depend on it, how many in all, in how many sectors.
    """

    def reach(one: Carrier) -> tuple[int, int, int, int, int, str]:
        failing, critical = -len(one.failing), -len(one.critical)
        everybody, sectors = -len(one.institutions), -len(one.sectors)
        return failing, critical, everybody, sectors, KINDS.index(one.kind), one.name

    return min((one for one in carriers if one.kind in CARRIED), key=reach, default=None)
