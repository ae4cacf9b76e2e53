"""Tables of others, as imported: which there are, and finding in them; none is ever overwritten.

Every question is answered by an index, and none reads a table as a whole.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping, Table

from cyberposture.errors import NotFound
from cyberposture.model.intel import (
    Bundle,
    BundleKind,
    Configuration,
    Exploited,
    Flaw,
    PrefixRow,
    SupportEnd,
)
from cyberposture.store import tables as t
from cyberposture.store.acts import Act, read_act

AT_ONCE = 5_000
"""Rows that are written with one statement."""
_ASKED = 500
"""Values that one question holds; SQLite allows 999 in old versions."""
PATTERN = ("*", "*")
"""Vendor and product of an entry whose product is a pattern."""


@dataclass(frozen=True, slots=True)
class BundleRecord:
    """A bundle under its number in the register, and who imported it when."""

    id: UUID
    number: int
    bundle: Bundle
    act: Act


def insert_bundle(connection: Connection, bundle: Bundle, act: Act) -> BundleRecord:
    """Enter a bundle, whose rows follow in the same transaction, and return it."""
    b = t.bundles
    last = connection.execute(sa.select(sa.func.max(b.c.number))).scalar_one()
    record = BundleRecord(uuid4(), (last or 0) + 1, bundle, act)
    connection.execute(
        sa.insert(b),
        {
            "id": record.id,
            "number": record.number,
            "kind": bundle.kind,
            "sha256": bundle.sha256,
            "as_of": bundle.as_of,
            "name": bundle.name,
            "rows": bundle.rows,
            "details": {
                "size_bytes": bundle.size_bytes,
                "max_age_days": bundle.max_age_days,
                **bundle.details,
            },
            **act.written(),
        },
    )
    return record


def insert_rows(connection: Connection, table: Table, rows: Iterable[dict[str, Any]]) -> int:
    """Write rows of a bundle, some thousands at a time, and return how many."""
    count, waiting = 0, iter(rows)
    while some := list(islice(waiting, AT_ONCE)):
        connection.execute(sa.insert(table), some)
        count += len(some)
    return count


def find_bundle(connection: Connection, kind: BundleKind, sha256: str) -> BundleRecord | None:
    """Return the bundle that was made from this very file, or None."""
    b = t.bundles
    query = sa.select(b).where(b.c.kind == kind, b.c.sha256 == sha256)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else _read(row)


def get_bundle(connection: Connection, digest: str) -> BundleRecord:
    """Return the bundle whose digest is this, or begins so.

    Raises:
        NotFound: there is none, or there are several.
    """
    b = t.bundles
    query = sa.select(b).where(b.c.sha256.startswith(digest, autoescape=True)).limit(2)
    found = connection.execute(query).mappings().all()
    if len(found) != 1 or not digest:
        raise NotFound("table" if not found else "single table", digest)
    return _read(found[0])


def list_bundles(
    connection: Connection, *, kind: BundleKind | None = None, as_of: datetime | None = None
) -> list[BundleRecord]:
    """Return bundles (imported by `as_of`) by kind, the one with the newest date first."""
    b = t.bundles
    query = sa.select(b).order_by(b.c.kind, b.c.as_of.desc(), b.c.number.desc())
    if kind is not None:
        query = query.where(b.c.kind == kind)
    if as_of is not None:
        query = query.where(b.c.at <= as_of)
    return [_read(row) for row in connection.execute(query).mappings()]


def newest_bundles(connection: Connection, *, as_of: datetime) -> dict[BundleKind, BundleRecord]:
    """Return, of each kind, the bundle with the newest date that was there at `as_of`."""
    found: dict[BundleKind, BundleRecord] = {}
    for record in list_bundles(connection, as_of=as_of):
        found.setdefault(record.bundle.kind, record)
    return found


def list_flaws(
    connection: Connection, bundle: int, keys: Collection[tuple[str, str]]
) -> list[Flaw]:
    """Return the flaws that name one of these vendors and products, or a pattern, by number."""
    f, p = t.flaws, t.flaw_products
    # One question a name: joined by OR, SQLite would read the whole table.
    named = sa.union(
        *(
            sa.select(p.c.cve).where(
                p.c.bundle == bundle, p.c.vendor == vendor, p.c.product == product
            )
            for vendor, product in sorted({*keys, PATTERN})
        )
    )
    query = sa.select(f).where(f.c.bundle == bundle, f.c.cve.in_(named)).order_by(f.c.cve)
    return [
        Flaw(
            cve=row["cve"],
            status=row["status"],
            configurations=tuple(
                Configuration.model_validate(one) for one in json.loads(row["configurations"])
            ),
        )
        for row in connection.execute(query).mappings()
    ]


def list_exploited(
    connection: Connection, bundle: int, cves: Collection[str]
) -> dict[str, Exploited]:
    """Return what the list of exploited flaws says of these flaws, by number."""
    e = t.exploited_flaws
    found: dict[str, Exploited] = {}
    for some in _portions(sorted(cves)):
        query = sa.select(e).where(e.c.bundle == bundle, e.c.cve.in_(some))
        for row in connection.execute(query).mappings():
            plain = {name: row[name] for name in row if name != "bundle"}
            found[row["cve"]] = Exploited.model_validate(plain)
    return found


def list_support_ends(
    connection: Connection, bundle: int, keys: Collection[tuple[str, str]]
) -> list[SupportEnd]:
    """Return the ends of support of these vendors and products, by branch."""
    s = t.support_ends
    found: list[SupportEnd] = []
    for vendor, product in sorted(set(keys)):
        query = (
            sa.select(s)
            .where(s.c.bundle == bundle, s.c.vendor == vendor, s.c.product == product)
            .order_by(s.c.branch)
        )
        found += [
            SupportEnd.model_validate({name: row[name] for name in row if name != "bundle"})
            for row in connection.execute(query).mappings()
        ]
    return found


def list_prefixes(connection: Connection, bundle: int, prefixes: Sequence[str]) -> list[PrefixRow]:
    """Return the rows of exactly these prefixes."""
    p = t.table_prefixes
    found: list[PrefixRow] = []
    for some in _portions(prefixes):
        query = sa.select(p).where(p.c.bundle == bundle, p.c.prefix.in_(some))
        found += [_read_prefix(row) for row in connection.execute(query).mappings()]
    return found


def list_within(
    connection: Connection, bundle: int, first: str, last: str, length: int, *, limit: int
) -> list[PrefixRow]:
    """Return the rows whose prefix begins from `first` to `last` and is as long or longer."""
    p = t.table_prefixes
    query = (
        sa.select(p)
        .where(p.c.bundle == bundle, p.c.first.between(first, last), p.c.length >= length)
        .order_by(p.c.first, p.c.length, p.c.asn)
        .limit(limit)
    )
    return [_read_prefix(row) for row in connection.execute(query).mappings()]


def _portions(values: Sequence[str]) -> Iterator[Sequence[str]]:
    return (values[start : start + _ASKED] for start in range(0, len(values), _ASKED))


def _read_prefix(row: RowMapping) -> PrefixRow:
    return PrefixRow(
        prefix=row["prefix"],
        asn=int(row["asn"]) if row["asn"] else None,
        max_length=row["max_length"],
        country=row["country"],
    )


def _read(row: RowMapping) -> BundleRecord:
    details = dict(row["details"])
    bundle = Bundle(
        kind=row["kind"],
        sha256=row["sha256"],
        as_of=row["as_of"],
        name=row["name"],
        rows=row["rows"],
        size_bytes=details.pop("size_bytes"),
        max_age_days=details.pop("max_age_days"),
        details=details,
    )
    return BundleRecord(row["id"], row["number"], bundle, read_act(row))
