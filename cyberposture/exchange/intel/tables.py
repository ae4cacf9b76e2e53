"""Reads any of the tables, whatever its kind and form."""

from collections.abc import Iterator
from pathlib import Path

from cyberposture.errors import Fault, InvalidInput
from cyberposture.exchange.intel.kev import read_kev
from cyberposture.exchange.intel.nvd import read_nvd
from cyberposture.exchange.intel.opened import Opened, opened
from cyberposture.exchange.intel.prefixes import read_locations, read_origins, read_rpki
from cyberposture.exchange.intel.rows import Row, Told
from cyberposture.exchange.intel.support import read_support
from cyberposture.model.intel import BundleKind

_JSON_ONLY = frozenset({"kev", "nvd"})
_CSV_ONLY = frozenset({"origins", "locations"})


def read_rows(kind: BundleKind, source: Opened, told: Told, *, is_json: bool) -> Iterator[Row]:
    """Yield the rows of a table; `told` is filled in by the end.

    Raises:
        InvalidInput: with file and JSON path, or file and line.
    """
    if (kind in _JSON_ONLY and not is_json) or (kind in _CSV_ONLY and is_json):
        form = "JSON" if kind in _JSON_ONLY else "CSV"
        raise InvalidInput(Fault(source.name, f"a table of the kind {kind} comes as {form}"))
    match kind:
        case "kev":
            return read_kev(source, told)
        case "nvd":
            return read_nvd(source, told)
        case "support":
            return read_support(source, told, is_json=is_json)
        case "rpki":
            return read_rpki(source, told, is_json=is_json)
        case "origins":
            return read_origins(source)
        case "locations":
            return read_locations(source)


def looks_like_json(path: Path) -> bool:
    """Return whether a file, unpacked, begins as a JSON object or list.

    Raises:
        InvalidInput: it cannot be read.
    """
    with opened(path) as source:
        return source.read(4_096).lstrip()[:1] in (b"{", b"[")
