"""What is seen of an institution from outside, host by host, and what was not looked at.

Silence is never called good: an address without an answer is silent, one that nobody asked is not
tested.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.model.institutions import Asset, Declaration
from cyberposture.model.observations import Fact
from cyberposture.scanning.judging.hostview import HostView, view_host
from cyberposture.services.permission.ground import covers, gather
from cyberposture.services.register import Register
from cyberposture.services.scans.asking import WHY
from cyberposture.services.schedule.due import EXTERNAL
from cyberposture.store import declarations, due, fact_pages, finding_pages, institutions
from cyberposture.store.due import DueTarget

HOSTS: Final = 25
"""Hosts on one page."""
MOST_PORTS: Final = 40
MOST_BANNER: Final = 120
AddressState = Literal["answers", "silent", "stale", "not-tested"]


@dataclass(frozen=True)
class Service:
    """One open port, and what answers there: the service's own words, which may be anything."""

    protocol: str
    port: int
    service: str
    says: str


@dataclass(frozen=True)
class SeenAddress:
    """One address as we last saw it."""

    address: str
    state: AddressState
    looked_at: datetime | None
    services: tuple[Service, ...]
    more: int
    """Open ports that are not listed."""
    findings: int
    next_at: datetime | None
    is_asked_for: bool
    is_allowed: bool
    """Whether a letter in force names it at all."""


@dataclass(frozen=True)
class SeenHost:
    """One declared host."""

    id: str
    title: str
    names: tuple[str, ...]
    third_party: str | None
    addresses: tuple[SeenAddress, ...]


@dataclass(frozen=True)
class Counts:
    """Of all declared addresses, how many were looked at when."""

    declared: int
    fresh: int
    stale: int
    """Looked at, and too long ago to count."""
    never: int
    not_allowed: int
    """No letter in force names them."""


@dataclass(frozen=True)
class Seen:
    """What is seen of an institution: a page of its hosts, and numbers over all of them."""

    counts: Counts
    last_look: datetime | None
    fresh_days: int
    hosts: tuple[SeenHost, ...]
    others: dict[str, int]
    """How many things of other kinds are declared, by kind."""
    number: int
    pages: int


@dataclass(frozen=True)
class _Ground:
    facts: dict[str, list[Fact]]
    places: dict[str, DueTarget]
    findings: dict[str, int]
    allowed: frozenset[str]
    oldest: datetime


def look(register: Register, institution: str, number: int = 1) -> Seen:
    """Return a page of what is seen of an institution.

    Raises:
        NotFound: the institution is not in the register.
    """
    now = register.clock()
    with register.reading() as connection:
        record = institutions.get_institution(connection, institution, as_of=now)
        declared = declarations.get_declaration(connection, record.id, as_of=now)
        clocks = register.content.catalogue.clocks(record.institution.sectors, now.date())
        oldest = now - timedelta(days=clocks.observation_age_days)
        known = due.list_targets(connection, institution_id=record.id)
        places = {one.target: one for one in known if one.vantage == EXTERNAL}
        looked = fact_pages.last_looks(connection, record.id, EXTERNAL)
        allowed = _allowed(connection, record.id, declared.addresses(), now)
        hosts = declared.hosts()
        pages = max(1, -(-len(hosts) // HOSTS))
        number = min(max(1, number), pages)
        shown = hosts[(number - 1) * HOSTS : number * HOSTS]
        own = [address for host in shown for address in host.addresses]
        ground = _Ground(
            facts=fact_pages.latest_by_address(connection, record.id, own, vantage=EXTERNAL),
            places=places,
            findings=finding_pages.count_by_address(connection, record.id, own),
            allowed=allowed,
            oldest=oldest,
        )
    return Seen(
        counts=_count(declared.addresses(), looked, allowed, oldest),
        last_look=max(looked.values(), default=None),
        fresh_days=clocks.observation_age_days,
        hosts=tuple(_host(host, ground) for host in shown),
        others=_others(declared),
        number=number,
        pages=pages,
    )


def _allowed(
    connection: Connection, owner: UUID, addresses: Sequence[str], now: datetime
) -> frozenset[str]:
    letters = [
        one
        for one in gather(connection, owner, now).counting()
        if one.granted and one.valid_from <= now < one.valid_until
        and (one.withdrawn_at is None or one.withdrawn_at > now)
    ]  # fmt: skip
    return frozenset(a for a in addresses if any(covers(letter, a) for letter in letters))


def _count(
    addresses: Collection[str],
    looked: dict[str, datetime],
    allowed: Collection[str],
    oldest: datetime,
) -> Counts:
    known = [looked[one] for one in addresses if one in looked]
    fresh = sum(at >= oldest for at in known)
    return Counts(
        declared=len(addresses),
        fresh=fresh,
        stale=len(known) - fresh,
        never=len(addresses) - len(known),
        not_allowed=sum(one not in allowed for one in addresses),
    )


def _others(declared: Declaration) -> dict[str, int]:
    found: dict[str, int] = {}
    for asset in declared.assets:
        if asset.kind != "host":
            found[asset.kind] = found.get(asset.kind, 0) + 1
    return found


def _host(host: Asset, ground: _Ground) -> SeenHost:
    return SeenHost(
        id=host.id,
        title=host.title,
        names=host.names,
        third_party=host.third_party,
        addresses=tuple(_address(one, ground) for one in host.addresses),
    )


def _address(address: str, ground: _Ground) -> SeenAddress:
    facts = ground.facts.get(address, [])
    looked = max((one.ended_at for one in facts if one.ended_at is not None), default=None)
    view = view_host(facts) if facts else None
    services = tuple(_services(view)) if view is not None else ()
    place = ground.places.get(address)
    return SeenAddress(
        address=address,
        state=_state(view, looked, ground.oldest),
        looked_at=looked,
        services=services[:MOST_PORTS],
        more=max(0, len(services) - MOST_PORTS),
        findings=ground.findings.get(address, 0),
        next_at=None if place is None else place.due_at,
        is_asked_for=place is not None and place.why == WHY,
        is_allowed=address in ground.allowed,
    )


def _state(view: HostView | None, looked: datetime | None, oldest: datetime) -> AddressState:
    if view is None or looked is None or not view.tried:
        return "not-tested"
    if looked < oldest:
        return "stale"
    return "answers" if view.answered else "silent"


def _services(view: HostView) -> Iterable[Service]:
    for protocol in ("tcp", "udp"):
        for port in view.open_ports(protocol):
            found = view.services.get((protocol, port))
            told = () if found is None else (found.product, found.version, found.extra_info)
            says = " ".join(part for part in told if part)[:MOST_BANNER]
            name = "" if found is None else found.service or ""
            yield Service(protocol, port, name[:40], says)
