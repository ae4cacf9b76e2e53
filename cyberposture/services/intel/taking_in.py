"""Takes in tables of others from files: each whole or not at all, dated, hashed, never overwritten.

A file is read to its end and checked before the register is touched, so that the register is held
only while rows are written.
"""

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Connection, Table

from cyberposture.errors import Fault, InvalidInput, WrongUsage
from cyberposture.exchange.intel.opened import opened
from cyberposture.exchange.intel.rows import Row, Told
from cyberposture.exchange.intel.tables import looks_like_json, read_rows
from cyberposture.model.intel import (
    KINDS,
    MAX_AGE_DAYS,
    Bundle,
    BundleKind,
    Exploited,
    Flaw,
    SupportEnd,
)
from cyberposture.scanning.matching.cpe import find_cpe
from cyberposture.scanning.matching.routes import first_address, read_prefix
from cyberposture.services.people.roles import require_cert
from cyberposture.services.register import Register
from cyberposture.store import bundles, tables
from cyberposture.store.bundles import BundleRecord

Progress = Callable[[int], None]
"""Called now and then with the number of rows that were read so far."""
EVERY = 2_000
_AHEAD = timedelta(hours=14)
"""Somewhere on earth it is tomorrow already, up to fourteen hours ahead of UTC."""


@dataclass(frozen=True)
class Imported:
    """A bundle, and whether this import made it; it may have been there already."""

    record: BundleRecord
    is_new: bool


def no_progress(_rows: int) -> None:
    """Show nothing."""


def import_table(
    register: Register,
    kind: str,
    paths: Sequence[Path],
    *,
    as_of: datetime | None = None,
    max_age_days: int | None = None,
    reason: str = "",
    progress: Progress = no_progress,
) -> Imported:
    """Keep a table that others made, from one file or from several that belong together.

    `as_of` is the table's date where its files do not tell it; `max_age_days` how old it may
    grow, where that is not what is usual for its kind.

    Raises:
        WrongUsage: there is no such kind, no file, or an age beyond any sense.
        InvalidInput: a file is not of this kind, is cut off or wrong, with the place; or its date
            is missing, to come, or told twice. Nothing was changed.
        NotFound: whoever acts is not in the register.
        NotAuthorised: whoever acts is not of the CERT.
    """
    known = _kind(kind)
    if not paths:
        raise WrongUsage("name a file")
    days = MAX_AGE_DAYS[known] if max_age_days is None else max_age_days
    if not 1 <= days <= 3_650:
        raise WrongUsage("the greatest age of a table is 1 to 3650 days")
    with tempfile.TemporaryFile("w+", encoding="utf-8") as spool:
        read = _Reading(known, spool, progress)
        for path in paths:
            read.take(path)
        bundle = read.bundle(as_of, days)
        with register.change("table-imported", f"{known} {bundle.sha256}", reason=reason) as change:
            require_cert(change)
            _require_past(bundle, change.now)
            present = bundles.find_bundle(change.connection, known, bundle.sha256)
            record = present or bundles.insert_bundle(change.connection, bundle, change.by)
            if present is None:
                _write(change.connection, known, record.number, spool)
            change.tell(
                kind=known,
                sha256=bundle.sha256,
                rows=bundle.rows,
                as_of=bundle.as_of.isoformat(),
                was_there=present is not None,
            )
    return Imported(record, present is None)


def _kind(kind: str) -> BundleKind:
    found = next((one for one in KINDS if one == kind), None)
    if found is None:
        raise WrongUsage(f"no kind of table {kind!r}; there are: {', '.join(KINDS)}")
    return found


def _require_past(bundle: Bundle, now: datetime) -> None:
    if bundle.as_of > now + _AHEAD:
        raise InvalidInput(Fault(bundle.name, f"its date {bundle.as_of:%Y-%m-%d} is still to come"))


class _Reading:
    """Files under way: their rows go to a spool, what they tell of themselves stays here."""

    def __init__(self, kind: BundleKind, spool: IO[str], progress: Progress) -> None:
        self.kind = kind
        self._spool = spool
        self._progress = progress
        self._seen: set[str] = set()
        self._told: list[Told] = []
        self._files: list[tuple[str, str, int]] = []
        self.rows = 0

    def take(self, path: Path) -> None:
        """Read one file to its end.

        Raises:
            InvalidInput: see `import_table`.
        """
        is_json = looks_like_json(path)
        told = Told(seen=self._seen)
        with opened(path) as source:
            for row in read_rows(self.kind, source, told, is_json=is_json):
                self._spool.write(json.dumps(_plain(row)) + "\n")
                self.rows += 1
                if self.rows % EVERY == 0:
                    self._progress(self.rows)
            digest, size = source.finish()
        if any(digest == other for _, other, _ in self._files):
            raise InvalidInput(Fault(path.name, "the same file twice"))
        self._files.append((path.name, digest, size))
        self._told.append(told)

    def bundle(self, as_of: datetime | None, max_age_days: int) -> Bundle:
        """Return the bundle that the files make together.

        Raises:
            InvalidInput: they have no date or two, or are a part of a whole.
        """
        name = self._files[0][0]
        dates = [told.as_of for told in self._told if told.as_of is not None]
        if dates and as_of is not None:
            raise InvalidInput(Fault(name, f"tells its own date, {dates[0].isoformat()}"))
        if as_of is None and len(dates) != len(self._told):
            raise InvalidInput(Fault(name, "tells no date; say it: --as-of"))
        if not self.rows:
            raise InvalidInput(Fault(name, "holds no row"))
        total = max((told.total or 0 for told in self._told), default=0)
        if len(self._files) == 1 and total > self.rows:
            what = f"one page of {total} rows; name all of its files in one import"
            raise InvalidInput(Fault(name, what))
        digests = sorted(digest for _, digest, _ in self._files)
        listing = "".join(f"{digest}\n" for digest in digests).encode()
        details: dict[str, str | int] = {}
        for told in self._told:
            details |= told.details
        if len(self._files) > 1:
            details["files"] = len(self._files)
        return Bundle(
            kind=self.kind,
            sha256=digests[0] if len(digests) == 1 else hashlib.sha256(listing).hexdigest(),
            as_of=as_of or min(dates),
            name=name,
            rows=self.rows,
            size_bytes=sum(size for _, _, size in self._files),
            max_age_days=max_age_days,
            details=details,
        )


def _plain(row: Row) -> dict[str, Any]:
    """Return a row as the columns of its table, but for the bundle's number."""
    if isinstance(row, Flaw):
        return {
            "cve": row.cve,
            "status": row.status,
            "configurations": json.dumps(
                [one.model_dump(exclude_defaults=True) for one in row.configurations],
                separators=(",", ":"),
            ),
            "products": sorted(_products(row)),
        }
    if isinstance(row, Exploited | SupportEnd):
        return row.model_dump(mode="json")
    prefix = read_prefix(row.prefix)
    return {
        "prefix": row.prefix,
        "first": first_address(prefix),
        "length": prefix.prefixlen,
        "asn": "" if row.asn is None else str(row.asn),
        "max_length": row.max_length,
        "country": row.country,
    }


def _products(flaw: Flaw) -> set[tuple[str, str]]:
    """Return the vendors and products that a flaw concerns, by which it is found."""
    found: set[tuple[str, str]] = set()
    for configuration in flaw.configurations:
        for node in configuration.nodes:
            for match in node.matches:
                cpe = find_cpe(match.criteria) if match.vulnerable else None
                if cpe is not None:
                    found.add(cpe.key() or bundles.PATTERN)
    return found


_TABLES: dict[BundleKind, Table] = {
    "kev": tables.exploited_flaws,
    "support": tables.support_ends,
    "rpki": tables.table_prefixes,
    "origins": tables.table_prefixes,
    "locations": tables.table_prefixes,
}


def _write(connection: Connection, kind: BundleKind, number: int, spool: IO[str]) -> None:
    if kind == "nvd":
        names = ("cve", "status", "configurations")
        flaws = ({name: row[name] for name in names} for row in _spooled(spool))
        bundles.insert_rows(connection, tables.flaws, _numbered(flaws, number))
        products = (
            {"cve": row["cve"], "vendor": vendor, "product": product}
            for row in _spooled(spool)
            for vendor, product in row["products"]
        )
        bundles.insert_rows(connection, tables.flaw_products, _numbered(products, number))
        return
    rows = (_dated(row) for row in _spooled(spool))
    bundles.insert_rows(connection, _TABLES[kind], _numbered(rows, number))


def _spooled(spool: IO[str]) -> Iterator[dict[str, Any]]:
    spool.seek(0)
    return (json.loads(line) for line in spool)


def _numbered(rows: Iterable[dict[str, Any]], number: int) -> Iterator[dict[str, Any]]:
    return ({"bundle": number, **row} for row in rows)


def _dated(row: dict[str, Any]) -> dict[str, Any]:
    for name in ("added_on", "due_on", "ends_on"):
        if name in row:
            row[name] = datetime.fromisoformat(row[name]).date()
    return row
