"""What institutions declare, from files: the institutions themselves, and their assets.

Assets come as YAML (everything) or CSV (hosts and their services, one host a line).
"""

from pathlib import Path

from cyberposture.content.reading.documents import Document, build, read_file
from cyberposture.errors import Fault, InvalidInput
from cyberposture.exchange.sheets import build_row, read_rows
from cyberposture.model.addresses import is_mapped, read_address
from cyberposture.model.foundation import Code, Model
from cyberposture.model.institutions import Asset, Institution

HOST_COLUMNS = ("id", "title", "addresses", "names", "zone", "services", "owner", "third_party")
INSTITUTION_COLUMNS = ("code", "name", "sectors", "tier", "features", "zone", "parent", "contacts")
_LISTS = frozenset({"addresses", "names", "services", "sectors", "features", "contacts"})


class _Written(Model):
    institution: Code | None = None
    assets: tuple[Asset, ...]


class _Institutions(Model):
    institutions: tuple[Institution, ...]


class AssetSheet(Model):
    """All assets of one file, each with its place, and whom the file says it is for."""

    institution: Code | None = None
    assets: tuple[Asset, ...]


def _service(text: str, where: str) -> dict[str, object]:
    protocol, _, port = text.partition("/")
    if protocol not in ("tcp", "udp") or not port.isascii() or not port.isdecimal():
        raise InvalidInput(Fault(where, f"column services: {text[:40]!r}; write tcp/443 or udp/53"))
    return {"protocol": protocol, "port": int(port)}


def _cells(cells: dict[str, str], where: str) -> dict[str, object]:
    value: dict[str, object] = dict(cells)
    for key in _LISTS & set(cells):
        items = [item.strip() for item in cells[key].split(";") if item.strip()]
        value[key] = [_service(item, where) for item in items] if key == "services" else items
    return value


def check_assets(assets: list[tuple[str, Asset]]) -> tuple[Asset, ...]:
    """Return the assets; refuse ids that stand twice, odd addresses, and links to nowhere.

    Raises:
        InvalidInput: each fault with the place of its asset.
    """
    faults: list[Fault] = []
    seen: dict[str, str] = {}
    zones = {asset.id for _, asset in assets if asset.kind == "zone"}
    for where, asset in assets:
        if asset.id in seen:
            faults.append(Fault(where, f"the asset {asset.id} stands in {seen[asset.id]} already"))
        seen.setdefault(asset.id, where)
        for address in asset.addresses:
            try:
                mapped = is_mapped(read_address(address))
            except ValueError as error:
                faults.append(Fault(where, f"{address[:60]!r}: {error}"))
                continue
            if mapped:
                faults.append(Fault(where, f"{address}: write the IPv4 address itself"))
        if asset.kind == "host" and not asset.addresses and not asset.names:
            faults.append(Fault(where, f"the host {asset.id} has neither address nor name"))
        if (asset.kind == "prefix") is not bool(asset.prefixes):
            faults.append(Fault(where, "prefixes: stand in an asset of the kind prefix, and there"))
        if asset.kind == "flow" and (asset.flow_from is None or asset.flow_to is None):
            faults.append(Fault(where, f"the flow {asset.id} needs flow_from and flow_to"))
        for zone in (asset.zone, asset.flow_from, asset.flow_to):
            if zone is not None and zones and zone not in zones:
                faults.append(Fault(where, f"no zone {zone} is declared"))
    if faults:
        raise InvalidInput(faults)
    return tuple(asset for _, asset in assets)


def _read_csv(path: Path) -> AssetSheet:
    found: list[tuple[str, Asset]] = []
    faults: list[Fault] = []
    for where, cells in read_rows(path, HOST_COLUMNS, ("id", "addresses")):
        try:
            value = {"kind": "host", **_cells(cells, where)}
            found.append((where, build_row(Asset, where, value)))
        except InvalidInput as error:
            faults.extend(error.faults)
    if faults:
        raise InvalidInput(faults)
    return AssetSheet(assets=check_assets(found))


def _placed(document: Document, assets: tuple[Asset, ...]) -> list[tuple[str, Asset]]:
    return [(document.where(("assets", n)), asset) for n, asset in enumerate(assets)]


def read_assets(path: Path) -> AssetSheet:
    """Return the assets in a `.yaml`, `.yml` or `.csv` file.

    Raises:
        InvalidInput: with every fault at its file and line.
    """
    match path.suffix.lower():
        case ".yaml" | ".yml":
            document = read_file(path, path.name)
            written = build(_Written, document)
            return AssetSheet(
                institution=written.institution,
                assets=check_assets(_placed(document, written.assets)),
            )
        case ".csv":
            return _read_csv(path)
        case other:
            raise InvalidInput(Fault(path.name, f"assets come as .yaml or .csv, not {other!r}"))


def read_institutions(path: Path) -> list[tuple[str, Institution]]:
    """Return the institutions in a `.yaml`, `.yml` or `.csv` file, each with its place.

    Raises:
        InvalidInput: with every fault at its file and line.
    """
    found: list[tuple[str, Institution]] = []
    faults: list[Fault] = []
    if path.suffix.lower() in (".yaml", ".yml"):
        document = read_file(path, path.name)
        written = build(_Institutions, document)
        places = [document.where(("institutions", n)) for n in range(len(written.institutions))]
        found = list(zip(places, written.institutions, strict=True))
    else:
        for where, cells in read_rows(path, INSTITUTION_COLUMNS, ("code", "name", "tier")):
            try:
                found.append((where, build_row(Institution, where, _cells(cells, where))))
            except InvalidInput as error:
                faults.extend(error.faults)
    seen: dict[str, str] = {}
    for where, institution in found:
        if institution.code in seen:
            faults.append(
                Fault(where, f"{institution.code} stands in {seen[institution.code]} already")
            )
        seen.setdefault(institution.code, where)
    if faults:
        raise InvalidInput(faults)
    return found
