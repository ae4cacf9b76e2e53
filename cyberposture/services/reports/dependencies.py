"""Gathers on what institutions depend: what they declare, and what was seen or looked up."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address, ip_network
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.model.institutions import Declaration
from cyberposture.model.observations import Fact, ProductFact
from cyberposture.scanning.matching.versions import read_version
from cyberposture.scanning.techniques import LOOKED_UP
from cyberposture.scoring.systemic import Dependency, SharedService, second_hop
from cyberposture.store import declarations, sharing
from cyberposture.store.facts import list_latest_facts
from cyberposture.store.findings import FindingRecord

FAMILY = 2
"""So many numbers of a version name its family: what is mended together, as a rule."""


@dataclass(frozen=True, slots=True)
class _House:
    """One institution with what its dependencies are read from."""

    code: str
    declared: Declaration
    facts: tuple[Fact, ...]
    failing: frozenset[str]
    """The addresses at which a check fails now."""


def gather_dependencies(
    connection: Connection,
    names: Mapping[UUID, str],
    standing: Iterable[FindingRecord],
    at: datetime,
) -> tuple[Dependency, ...]:
    """Return on what these institutions (codes by key) depend, through shared services too.

    `standing` are the findings that are open.
    """
    services = _services(connection, set(names.values()), at)
    failing: dict[UUID, set[str]] = defaultdict(set)
    for finding in standing:
        failing[finding.key.institution_id].add(finding.address)
    providers = {one.provider_id: one.provider for one in sharing.list_services(connection)}
    found: list[Dependency] = []
    for institution_id, code in {**providers, **names}.items():
        facts = list_latest_facts(connection, institution_id, as_of=at, techniques=LOOKED_UP)
        house = _House(
            code,
            declarations.get_declaration(connection, institution_id, as_of=at),
            tuple(record.fact for record in facts),
            frozenset(failing[institution_id]),
        )
        found += dict.fromkeys([*_declared(house), *_observed(house)])
    for service in services:
        found += (Dependency(user, "service", service.name, "declared") for user in service.users)
    return (*found, *second_hop(services, found))


def _services(connection: Connection, codes: set[str], at: datetime) -> list[SharedService]:
    users: dict[UUID, list[str]] = defaultdict(list)
    for use in sharing.list_uses(connection, as_of=at):
        if use.institution in codes:
            users[use.service_id].append(use.institution)
    return [
        SharedService(one.title, one.provider, tuple(users[one.id]))
        for one in sharing.list_services(connection)
        if one.id in users and (one.closed_at is None or one.closed_at > at)
    ]


def _declared(house: _House) -> Iterator[Dependency]:
    """Yield who is said to host something, to run it, or to supply it."""
    failing: dict[str, bool] = {}
    for host in house.declared.hosts():
        if host.third_party:
            fails = not house.failing.isdisjoint(host.addresses)
            failing[host.third_party] = failing.get(host.third_party, False) or fails
    for name, fails in failing.items():
        yield Dependency(house.code, "hosting", name, "declared", fails)
    for asset in house.declared.assets:
        if asset.kind == "supplier":
            yield Dependency(house.code, "supplier", asset.title or asset.id, "declared")
        elif asset.kind != "host" and asset.third_party:
            yield Dependency(house.code, "supplier", asset.third_party, "declared")


def _observed(house: _House) -> Iterator[Dependency]:
    """Yield the networks, routes and software that were seen, or looked up in dated tables."""
    networks: dict[str, bool] = {}
    for fact in house.facts:
        number = fact.told.get("network")
        fails = _fails_at(house, fact.address)
        if isinstance(number, int):
            name = f"AS{number}"
            networks[name] = networks.get(name, False) or fails
        is_others = fact.subject == "prefix" and not fact.parameters.get("is_declared", True)
        if is_others and fact.told.get("announced"):
            yield Dependency(house.code, "route", fact.address, "observed", fails)
    for name, fails in networks.items():
        yield Dependency(house.code, "network", name, "observed", fails)
    yield from _software(house)


def _fails_at(house: _House, place: str) -> bool:
    """Return whether a check fails at an address, or anywhere in a prefix."""
    if "/" not in place:
        return place in house.failing
    block = ip_network(place)
    return any(ip_address(one) in block for one in house.failing if _is_address(one))


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _software(house: _House) -> Iterator[Dependency]:
    flawed: dict[str, bool] = {}
    confirmed: set[str] = set()
    for fact in house.facts:
        for product in fact.products:
            name = family_of(product)
            if not name:
                continue
            flawed[name] = flawed.get(name, False) or _is_flawed(product)
            if product.confirmation is not None:
                confirmed.add(name)
    for name, fails in flawed.items():
        yield Dependency(house.code, "software", name, "observed", fails)
        if name in confirmed:
            yield Dependency(house.code, "software", name, "declared", fails)


def _is_flawed(product: ProductFact) -> bool:
    looked = (product.exploited, product.flawed, product.unsupported)
    return any(one.answer == "yes" for one in looked)


def family_of(product: ProductFact) -> str:
    """Return product and version family, such as `nginx 1.18`; without a version the product."""
    version = product.version or ""
    name = product.seen.removesuffix(version).strip() if version else product.seen.strip()
    read = read_version(version) if version else None
    if read is None:
        return name
    return f"{name} {'.'.join(str(one) for one in read.numbers[:FAMILY])}".strip()
