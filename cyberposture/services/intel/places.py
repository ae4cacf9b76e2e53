"""Looks up the routes to an institution and where its hosts stand, in tables of others.

Nothing is sent. What no table of an age that still counts can tell is left out.
"""

from collections.abc import Iterable
from datetime import datetime
from ipaddress import ip_address, ip_network

from sqlalchemy import Connection

from cyberposture.model.institutions import Declaration
from cyberposture.model.intel import PrefixRow
from cyberposture.model.observations import Fact
from cyberposture.scanning.matching.routes import (
    Payload,
    Prefix,
    Validity,
    covering,
    first_address,
    last_address,
    read_prefix,
    validate,
)
from cyberposture.services.intel.versions import Shelf, name_of
from cyberposture.store import bundles
from cyberposture.store.bundles import BundleRecord

ROUTES = "data-routes"
LOCATION = "data-location"
MAX_ROUTES = 5_000
"""So many routes inside one block are judged; a block with more is left unknown."""
_WIDEST = {4: 8, 6: 16}
"""A route that is shorter than this carries no institution: it is a default route or a mistake."""
_WORST_FIRST: tuple[Validity, ...] = ("invalid", "not-found", "valid")


def look_up_routes(connection: Connection, declaration: Declaration, at: datetime) -> list[Fact]:
    """Return a fact for each block of an institution, and each block of others that carries it.

    The institution's own are those that it declared; for an address outside them the block by
    which it is announced counts, its provider's for instance.
    """
    shelf = Shelf(connection, at)
    rpki, origins = shelf.find("rpki"), shelf.find("origins")
    if rpki is None or origins is None:
        return []
    own = [read_prefix(text) for text in declaration.prefixes()]
    others = _carriers(connection, origins, declaration.addresses(), own)
    found = []
    for prefix in dict.fromkeys([*own, *others]):
        told = _told_of(connection, rpki, origins, prefix)
        parameters = {"tables": shelf.used(("rpki", "origins")), "is_declared": prefix in own}
        found.append(
            Fact(
                address=str(prefix),
                subject="prefix",
                technique=ROUTES,
                parameters=parameters,
                ended_at=at,
                scanner="tables",
                outcome="answered",
                told=told,
            )
        )
    return found


def _carriers(
    connection: Connection, origins: BundleRecord, addresses: Iterable[str], own: list[Prefix]
) -> list[Prefix]:
    found: list[Prefix] = []
    for text in addresses:
        address = ip_address(text)
        if any(block.version == address.version and address in block for block in [*own, *found]):
            continue
        rows = _longest(connection, origins, ip_network(text))
        found += [read_prefix(rows[0].prefix)] if rows else []
    return found


def _longest(connection: Connection, bundle: BundleRecord, prefix: Prefix) -> list[PrefixRow]:
    """Return the rows of the longest block in a table that holds a prefix."""
    wide = [
        one for one in covering(prefix) if read_prefix(one).prefixlen >= _WIDEST[prefix.version]
    ]
    rows = bundles.list_prefixes(connection, bundle.number, wide)
    longest = max((read_prefix(row.prefix).prefixlen for row in rows), default=-1)
    return [row for row in rows if read_prefix(row.prefix).prefixlen == longest]


def _told_of(
    connection: Connection, rpki: BundleRecord, origins: BundleRecord, prefix: Prefix
) -> dict[str, bool | int | str | None]:
    first, last = first_address(prefix), last_address(prefix)
    routes = bundles.list_within(
        connection, origins.number, first, last, prefix.prefixlen, limit=MAX_ROUTES + 1
    )
    source = f"by {name_of(rpki)} and {name_of(origins)}"
    if len(routes) > MAX_ROUTES:
        return {
            "announced": True,
            "route-origin": None,
            "route-origin-note": f"more than {MAX_ROUTES} routes lie in it, {source}",
        }
    if not any(row.prefix == str(prefix) for row in routes):
        routes += _longest(connection, origins, prefix)
    if not routes:
        return {"announced": False, "announced-note": f"nobody announces it, {source}"}
    judged = [(_validity(connection, rpki, row), row) for row in routes]
    validity, row = min(judged, key=lambda pair: _WORST_FIRST.index(pair[0]))
    said = {
        "valid": f"AS{row.asn} may announce {row.prefix}",
        "invalid": f"AS{row.asn} announces {row.prefix} against the records",
        "not-found": f"no record covers {row.prefix}, which AS{row.asn} announces",
    }[validity]
    same = sum(one == validity for one, _ in judged)
    more = f" (and {same - 1} routes more)" if same > 1 else ""
    return {
        "announced": True,
        "announced-note": f"announced, {source}",
        "network": row.asn,
        "route-origin": validity,
        "route-origin-note": f"{said}{more}, {source}",
    }


def _validity(connection: Connection, rpki: BundleRecord, route: PrefixRow) -> Validity:
    prefix = read_prefix(route.prefix)
    rows = bundles.list_prefixes(connection, rpki.number, covering(prefix))
    payloads = [
        Payload(read_prefix(row.prefix), row.max_length, row.asn)
        for row in rows
        if row.asn is not None and row.max_length is not None
    ]
    return validate(prefix, route.asn, payloads)


def look_up_places(connection: Connection, declaration: Declaration, at: datetime) -> list[Fact]:
    """Return, for each declared address, in which country and network a table has it.

    A private address that the table does not hold stands nowhere in the world, and is left out.
    """
    shelf = Shelf(connection, at)
    table = shelf.find("locations")
    if table is None:
        return []
    kept: dict[str, tuple[str, ...]] = {}
    for host in declaration.hosts():
        for address in host.addresses:
            kept[address] = tuple(dict.fromkeys([*kept.get(address, ()), *host.kept_in]))
    found = []
    for address, countries in kept.items():
        rows = _longest(connection, table, ip_network(address))
        if rows or ip_address(address).is_global:
            found.append(
                Fact(
                    address=address,
                    technique=LOCATION,
                    parameters={"tables": shelf.used(("locations",))},
                    ended_at=at,
                    scanner="tables",
                    outcome="answered",
                    told=_place_of(table, rows[0] if rows else None, countries),
                )
            )
    return found


def _place_of(
    table: BundleRecord, row: PrefixRow | None, countries: tuple[str, ...]
) -> dict[str, bool | int | str | None]:
    told: dict[str, bool | int | str | None] = {
        "place-declared": bool(countries),
        "country": row.country if row is not None else None,
        "network": row.asn if row is not None else None,
    }
    source = f"by {name_of(table)}"
    if not countries:
        return told | {"place-declared-note": "no country is declared for it"}
    wanted = f"declared: {', '.join(countries)}"
    if row is None:
        note = f"the table does not hold it; {wanted}, {source}"
        return told | {"kept-where-declared": None, "kept-where-declared-note": note}
    network = f", network AS{row.asn}" if row.asn is not None else ""
    return told | {
        "kept-where-declared": row.country in countries,
        "kept-where-declared-note": f"country {row.country}{network}; {wanted}, {source}",
    }
