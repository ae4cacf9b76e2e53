"""Looks the products that were seen up in tables of flaws and of support; nothing is sent.

What comes out is a fact beside the one that saw the product, with the tables that were asked. A
table past its age is not asked at all.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.model.intel import BundleKind, Flaw, Used
from cyberposture.model.observations import Fact, Looked, PortFact, ProductFact
from cyberposture.scanning.matching.applicability import concerns
from cyberposture.scanning.matching.cpe import CPE, find_cpe, keys_of
from cyberposture.scanning.matching.truth import FALSE, TRUE, Answer
from cyberposture.scanning.matching.versions import is_of_branch
from cyberposture.scanning.reading.server_headers import claimed_by
from cyberposture.store import bundles
from cyberposture.store.bundles import BundleRecord
from cyberposture.store.confirmations import ConfirmationRecord, list_confirmations

TECHNIQUE = "data-versions"
KNOWN_EXPLOITED = "known-exploited"
"""The told fact by which the schedule looks at a host sooner."""
CONFIRMED_FOR_DAYS = 365
"""How long an institution's word on a version holds. Source: our own default."""
MAX_NAMED = 20
"""So many flaws are named in a fact; how many there are in all stands in its note."""
Key = tuple[str, str]


class Shelf:
    """The newest table of each kind at one moment, and why some cannot be asked."""

    def __init__(self, connection: Connection, at: datetime) -> None:
        self.connection = connection
        self.at = at
        self._newest = bundles.newest_bundles(connection, as_of=at)

    def find(self, kind: BundleKind) -> BundleRecord | None:
        """Return the table of a kind that may be asked, or None."""
        record = self._newest.get(kind)
        return None if record is None or record.bundle.valid_until < self.at else record

    def why_not(self, kinds: Iterable[BundleKind]) -> str:
        """Return in words why not all of the kinds can be asked, or nothing where they can."""
        reasons = []
        for kind in kinds:
            record = self._newest.get(kind)
            if record is None:
                reasons.append(f"no table of the kind {kind} was imported")
            elif record.bundle.valid_until < self.at:
                days = (self.at - record.bundle.as_of).days
                reasons.append(f"the table {name_of(record)} is {days} days old")
        return "; ".join(reasons)

    def used(self, kinds: Iterable[BundleKind]) -> list[dict[str, object]]:
        """Return which tables of the kinds are asked, as facts keep it."""
        found = (self.find(kind) for kind in kinds)
        return [
            Used(
                kind=record.bundle.kind,
                sha256=record.bundle.sha256,
                as_of=record.bundle.as_of,
                valid_until=record.bundle.valid_until,
            ).model_dump(mode="json")
            for record in found
            if record is not None
        ]


def name_of(record: BundleRecord) -> str:
    """Return a table's kind, date and the beginning of its digest."""
    bundle = record.bundle
    return f"{bundle.kind} {bundle.as_of:%Y-%m-%d} ({bundle.sha256[:12]})"


def look_up_products(
    connection: Connection,
    institution_id: UUID,
    facts: Sequence[Fact],
    at: datetime,
) -> list[Fact]:
    """Return a fact for each address and vantage at which a product was seen, looked up at `at`.

    Its moment is that at which the product was seen. Without any table there is none.
    """
    shelf = Shelf(connection, at)
    tables = _Tables(shelf)
    if not tables.exist:
        return []
    confirmed = _by_address(list_confirmations(connection, institution_id, as_of=at), at)
    seen: dict[tuple[str, str], dict[tuple[str, int], tuple[Fact, PortFact]]] = {}
    for fact in sorted(facts, key=_moment):
        for port in _naming_products(fact):
            places = seen.setdefault((fact.address, fact.vantage), {})
            places[port.protocol, port.port] = (fact, port)
        for page in fact.http:
            claimed = claimed_by(page)
            if claimed is not None:
                # What a server writes of itself is no match for a detection, older or newer.
                places = seen.setdefault((fact.address, fact.vantage), {})
                places.setdefault((claimed.protocol, claimed.port), (fact, claimed))
    return [
        _fact(tables, place, at, ports, confirmed.get(place[0], {}))
        for place, ports in seen.items()
    ]


def _fact(
    tables: "_Tables",
    place: tuple[str, str],
    at: datetime,
    ports: Mapping[tuple[str, int], tuple[Fact, PortFact]],
    confirmed: Mapping[tuple[str, int], ConfirmationRecord],
) -> Fact:
    products = tuple(
        tables.look_up(port, confirmed.get(key)) for key, (_, port) in sorted(ports.items())
    )
    return Fact(
        address=place[0],
        technique=TECHNIQUE,
        vantage=place[1],
        parameters={"tables": tables.used(), "looked_up_at": at.isoformat()},
        ended_at=max((fact.ended_at for fact, _ in ports.values() if fact.ended_at), default=None),
        scanner="tables",
        outcome="answered",
        products=products,
        told={KNOWN_EXPLOITED: any(one.exploited.answer == "yes" for one in products)},
    )


def _moment(fact: Fact) -> tuple[bool, str]:
    moment = fact.ended_at or fact.started_at
    return (moment is not None, "" if moment is None else moment.isoformat())


def _naming_products(fact: Fact) -> Iterator[PortFact]:
    if fact.host is None or fact.outcome == "error":
        return
    for port in fact.host.ports:
        is_seen = port.state == "open" and port.method == "probed"
        if is_seen and port.product and port.protocol in ("tcp", "udp"):
            yield port


def seen_at(port: PortFact) -> str:
    """Return product and version as a service told them."""
    return " ".join(part for part in (port.product, port.version) if part)[:200]


def _by_address(
    records: Iterable[ConfirmationRecord], at: datetime
) -> dict[str, dict[tuple[str, int], ConfirmationRecord]]:
    """Return what holds of each port of each address; of several the newest."""
    oldest = (at - timedelta(days=CONFIRMED_FOR_DAYS)).date()
    found: dict[str, dict[tuple[str, int], ConfirmationRecord]] = {}
    for record in records:
        one = record.confirmed
        if one.confirmed_on >= oldest:
            found.setdefault(one.address, {})[one.protocol, one.port] = record
    return found


class _Tables:
    """The tables about products, and what was found in them before."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._nvd, self._kev = shelf.find("nvd"), shelf.find("kev")
        self._support = shelf.find("support")
        self.exist = bool(bundles.newest_bundles(shelf.connection, as_of=shelf.at).keys() & _KINDS)
        self._flaws: dict[tuple[Key, ...], list[Flaw]] = {}

    def used(self) -> list[dict[str, object]]:
        """Return which tables are asked."""
        return self._shelf.used(("nvd", "kev", "support"))

    def look_up(self, port: PortFact, confirmation: ConfirmationRecord | None) -> ProductFact:
        """Return what the tables say of the product at a port."""
        seen = seen_at(port)
        if confirmation is not None and confirmation.confirmed.seen != seen:
            confirmation = None
        cpe = product_of(port)
        word = confirmation.confirmed if confirmation is not None else None
        if cpe is not None and word is not None:
            cpe = _with_version(cpe, word.version)
        concerned = self._flaws_of(cpe, frozenset(word.mended) if word is not None else frozenset())
        version = cpe.version if cpe is not None and isinstance(cpe.version, str) else None
        return ProductFact.model_validate(
            {
                "protocol": port.protocol,
                "port": port.port,
                "seen": seen,
                "cpe": next((text for text in port.cpe if text.startswith("cpe:/a")), None),
                "version": version,
                "confirmation": confirmation.code if confirmation is not None else None,
                "flawed": self._flawed(cpe, concerned),
                "exploited": self._exploited(cpe, concerned),
                "unsupported": self._unsupported(cpe, version),
            }
        )

    def _flaws_of(self, cpe: CPE | None, mended: frozenset[str]) -> dict[str, Answer]:
        """Return the flaws that concern a product, or may, the newest first."""
        if cpe is None or self._nvd is None:
            return {}
        keys = keys_of(cpe)
        if keys not in self._flaws:
            connection = self._shelf.connection
            self._flaws[keys] = bundles.list_flaws(connection, self._nvd.number, keys)
        answers = {
            flaw.cve: concerns(cpe, flaw.configurations)
            for flaw in self._flaws[keys]
            if flaw.cve not in mended and flaw.status != "Rejected"
        }
        newest = sorted(answers, key=_by_number, reverse=True)
        return {cve: answers[cve] for cve in newest if answers[cve] is not FALSE}

    def _flawed(self, cpe: CPE | None, concerned: Mapping[str, Answer]) -> Looked:
        if self._nvd is None:
            return Looked(answer="not-looked-up", note=self._shelf.why_not(["nvd"]))
        return _told(cpe, concerned, f"by {name_of(self._nvd)}")

    def _exploited(self, cpe: CPE | None, concerned: Mapping[str, Answer]) -> Looked:
        if self._nvd is None or self._kev is None:
            return Looked(answer="not-looked-up", note=self._shelf.why_not(["nvd", "kev"]))
        known = bundles.list_exploited(self._shelf.connection, self._kev.number, concerned)
        used = {cve: answer for cve, answer in concerned.items() if cve in known}
        return _told(cpe, used, f"by {name_of(self._kev)} and {name_of(self._nvd)}")

    def _unsupported(self, cpe: CPE | None, version: str | None) -> Looked:
        if self._support is None:
            return Looked(answer="not-looked-up", note=self._shelf.why_not(["support"]))
        source = f"by {name_of(self._support)}"
        if cpe is None:
            return Looked(answer="unclear", note="the product has no name that tables know")
        rows = bundles.list_support_ends(self._shelf.connection, self._support.number, keys_of(cpe))
        if not rows:
            return Looked(answer="unclear", note=f"no date of the product is known {source}")
        fits = [(row, is_of_branch(version or "", row.branch)) for row in rows]
        # The narrowest branch speaks: 2.4.1 outweighs 2.4, and 2.4 the product as a whole.
        own = max((row for row, fit in fits if fit), key=lambda row: len(row.branch), default=None)
        if own is None:
            doubt = any(fit is None for _, fit in fits)
            what = "the version cannot be placed" if doubt else "no date of its branch is known"
            return Looked(answer="unclear", note=f"{what} {source}")
        is_over = own.ends_on <= self._shelf.at.date()
        words = "ended" if is_over else "ends"
        note = f"support {words} on {own.ends_on.isoformat()} ({own.source[:80]}), {source}"
        return Looked(answer="yes" if is_over else "no", note=note)


_KINDS: frozenset[BundleKind] = frozenset({"nvd", "kev", "support"})


def _told(cpe: CPE | None, concerned: Mapping[str, Answer], source: str) -> Looked:
    if cpe is None:
        return Looked(answer="unclear", note="the product has no name that tables know")
    sure = [cve for cve, answer in concerned.items() if answer is TRUE]
    if sure:
        more = f" and {len(sure) - 3} more" if len(sure) > 3 else ""
        note = f"{', '.join(sure[:3])}{more}, {source}"
        return Looked(answer="yes", note=note, flaws=tuple(sure[:MAX_NAMED]))
    if concerned:
        first = next(iter(concerned))
        others = f" or one of {len(concerned) - 1} others" if len(concerned) > 1 else ""
        note = f"whether {first}{others} concerns it cannot be told, {source}"
        return Looked(answer="unclear", note=note, flaws=tuple(concerned)[:MAX_NAMED])
    return Looked(answer="no", note=f"no entry concerns it, {source}")


def _by_number(cve: str) -> tuple[int, int]:
    _, year, number = cve.split("-")
    return int(year), int(number)


def product_of(port: PortFact) -> CPE | None:
    """Return the name of the program at a port, or None where nmap gives none.

    nmap names the operating system beside it; that one is not what answers.
    """
    names = (find_cpe(text) for text in port.cpe)
    return next((name for name in names if name is not None and name.part == "a"), None)


def _with_version(cpe: CPE, version: str) -> CPE:
    return replace(cpe, version=version.lower(), update=None)
