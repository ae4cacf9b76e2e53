"""What people declare by hand: rows of a form, and lines that they paste; each fault has its place.

A row says what kind of thing it is, what it is (addresses and names, or blocks of addresses), what
goes with it (ports of a host, DKIM keys of a mail domain), a title, and who runs it for them.
What a row cannot say of an asset that is declared already stays as it was.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import rfc8785

from cyberposture.errors import Fault, InvalidInput
from cyberposture.exchange.declarations import check_assets
from cyberposture.exchange.sheets import build_row
from cyberposture.model.addresses import read_address
from cyberposture.model.institutions import Asset

KINDS = ("host", "domain", "mail-domain", "prefix", "supplier", "zone")
"""What a row can be; flows between zones come in files."""
MOST_LINES = 500
_PARTS = re.compile(r"[\s;,]+")
_SLUG = re.compile(r"[^a-z0-9]+")
_SERVICE = re.compile(r"(tcp|udp)/([0-9]{1,5})")


@dataclass(frozen=True)
class TypedRow:
    """One row as it was typed; `id` is empty where the asset is new."""

    where: str
    id: str
    kind: str
    what: str = ""
    details: str = ""
    title: str = ""
    third_party: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing was typed."""
        return not (self.id or self.what or self.details or self.title or self.third_party)


def row_of(asset: Asset, where: str = "") -> TypedRow:
    """Return an asset as a row shows it."""
    match asset.kind:
        case "host":
            what = (*asset.addresses, *asset.names)
            details = tuple(f"{one.protocol}/{one.port}" for one in asset.services)
        case "prefix":
            what, details = asset.prefixes, ()
        case _:
            what, details = asset.names, asset.selectors
    return TypedRow(
        where=where or asset.id,
        id=asset.id,
        kind=asset.kind,
        what=" ".join(what),
        details=" ".join(details),
        title=asset.title,
        third_party=asset.third_party or "",
    )


def read_lines(text: str) -> list[TypedRow]:
    """Return the rows that pasted lines are: `KIND WHAT…`, with a title behind a bar.

    The kind may be left out before an address, before a block of addresses, and before `@` and a
    mail domain.

    Raises:
        InvalidInput: a line begins with no kind and none can be told, or there are too many lines.
    """
    rows, faults = [], []
    lines = text.splitlines()
    if len(lines) > MOST_LINES:
        raise InvalidInput(Fault(f"line {MOST_LINES + 1}", f"at most {MOST_LINES} lines at once"))
    for number, line in enumerate(lines, start=1):
        said, _, title = line.partition("|")
        parts = [part for part in _PARTS.split(said) if part]
        if not parts:
            continue
        kind = parts.pop(0).lower() if parts[0].lower() in KINDS else _kind_of(parts[0])
        if kind is None:
            said = f"begin with what it is: {', '.join(KINDS[:4])}"
            faults.append(Fault(f"line {number}", said))
            continue
        parts = [part for part in (one.removeprefix("@") for one in parts) if part]
        if not parts and not title.strip():
            faults.append(Fault(f"line {number}", f"says {kind}, and not which"))
            continue
        details = [part for part in parts if _SERVICE.fullmatch(part.lower())]
        if kind == "mail-domain":
            details = parts[1:]
        what = [part for part in parts if part not in details]
        rows.append(
            TypedRow(f"line {number}", "", kind, " ".join(what), " ".join(details), title.strip())
        )
    if faults:
        raise InvalidInput(faults)
    return rows


def _kind_of(first: str) -> str | None:
    """Return what a line is about that names no kind, or None."""
    if first.startswith("@"):
        return "mail-domain"
    if re.fullmatch(r"[0-9a-fA-F.:]+/[0-9]{1,3}", first):
        return "prefix"
    return "host" if _is_address(first) else None


def _is_address(text: str) -> bool:
    try:
        read_address(text)
    except ValueError:
        return False
    return True


def assets_of(rows: Iterable[TypedRow], present: Sequence[Asset]) -> tuple[Asset, ...]:
    """Return the assets that rows declare, each new one under an id of its own.

    Raises:
        InvalidInput: each fault with the row or line in which it stands.
    """
    known = {asset.id: asset for asset in present}
    taken = set(known)
    placed: list[tuple[str, Asset]] = []
    faults: list[Fault] = []
    for row in rows:
        if row.is_empty:
            continue
        try:
            value = _value(row, known.get(row.id), taken)
            asset = build_row(Asset, row.where, value)
        except InvalidInput as error:
            faults += [Fault(row.where, _plain(fault.what)) for fault in error.faults]
            continue
        if not any(_is_same(asset, other) for _, other in placed):
            taken.add(asset.id)
            placed.append((row.where, asset))
    if faults:
        raise InvalidInput(faults)
    return check_assets(placed)


def _value(row: TypedRow, known: Asset | None, taken: set[str]) -> dict[str, Any]:
    parts = [part for part in _PARTS.split(row.what) if part]
    details = [part for part in _PARTS.split(row.details.lower()) if part]
    value: dict[str, Any] = {}
    if known is not None and known.kind == row.kind:
        value = known.model_dump()
    value |= {"kind": row.kind, "title": row.title, "third_party": row.third_party or None}
    value["id"] = row.id or _new_id(row.kind, parts[0] if parts else row.title, taken)
    match row.kind:
        case "host":
            addresses = [part for part in parts if _is_address(part)]
            value |= {
                "addresses": addresses,
                "names": [part for part in parts if part not in addresses],
                "services": [_service(part, row.where) for part in details],
            }
        case "prefix":
            value["prefixes"] = parts
        case "domain" | "mail-domain":
            value |= {"names": parts, "selectors": details if row.kind == "mail-domain" else []}
            if not parts:
                raise InvalidInput(Fault(row.where, "names no domain"))
    return value


def _service(text: str, where: str) -> dict[str, object]:
    found = _SERVICE.fullmatch(text)
    if found is None:
        raise InvalidInput(Fault(where, f"{text[:40]!r}: write ports as tcp/443 or udp/53"))
    return {"protocol": found[1], "port": int(found[2])}


def _new_id(kind: str, said: str, taken: set[str]) -> str:
    slug = _SLUG.sub("-", said.lower()).strip("-")[:45].strip("-")
    first = f"{kind}-{slug}" if slug else kind
    number, found = 1, first
    while found in taken:
        number += 1
        found = f"{first}-{number}"
    return found


def _plain(what: str) -> str:
    """Return a fault without the words of a sheet, which has columns."""
    return re.sub(r"^column [a-z_.0-9]+: ", "", what)


def _is_same(one: Asset, other: Asset) -> bool:
    """Return whether two rows declare the same thing under different ids."""
    names = ("kind", "addresses", "names", "prefixes")
    said = [getattr(one, name) for name in names]
    return any(said[1:]) and said == [getattr(other, name) for name in names]


@dataclass(frozen=True)
class AssetChange:
    """One asset before and after: None before is new, None after is gone."""

    id: str
    before: TypedRow | None
    after: TypedRow | None


def changes_between(before: Sequence[Asset], after: Sequence[Asset]) -> list[AssetChange]:
    """Return what differs, by the id of the asset."""
    old: Mapping[str, Asset] = {asset.id: asset for asset in before}
    new: Mapping[str, Asset] = {asset.id: asset for asset in after}
    return [
        AssetChange(
            one,
            row_of(old[one]) if one in old else None,
            row_of(new[one]) if one in new else None,
        )
        for one in sorted(old.keys() | new.keys())
        if old.get(one) != new.get(one)
    ]


def digest_of(assets: Sequence[Asset]) -> str:
    """Return the SHA-256 by which assets are known again that somebody looked at."""
    said = [asset.model_dump(mode="json") for asset in sorted(assets, key=lambda one: one.id)]
    return hashlib.sha256(rfc8785.dumps(said)).hexdigest()
