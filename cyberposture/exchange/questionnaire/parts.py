"""Looks at the parts of a workbook's file before anything is read: what it must not carry.

Macros, links to other files, embedded objects and connections are refused with the part's name.
Cells that somebody merged are found with their addresses, for a merged row cannot be read safely.
"""

import io
import re
from collections.abc import Mapping
from xml.etree import ElementTree
from zipfile import ZipFile

from cyberposture.errors import Fault, InvalidInput
from cyberposture.exchange.workbook.opened import require_bounded

_REFUSED = {
    "vbaproject": "macros",
    "xl/macrosheets/": "macros",
    "xl/dialogsheets/": "macros",
    "xl/externallinks/": "a link to another file",
    "xl/connections": "a connection to a source of data",
    "xl/querytables/": "a connection to a source of data",
    "xl/embeddings/": "an embedded object",
    "xl/activex/": "an embedded object",
    "xl/ctrlprops/": "an embedded object",
}
_MACRO_TYPE = re.compile(rb"macroEnabled", re.IGNORECASE)
_MERGED = re.compile(
    rb"<(?:\w+:)?mergeCell\b[^>]*\bref=[\"']([A-Z]{1,3}[0-9]+(?::[A-Z]{1,3}[0-9]+)?)"
)
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
MOST_MERGED = 1_000


def require_plain(name: str, data: bytes) -> None:
    """Return if the file is a workbook of bounded size that carries nothing but cells.

    Raises:
        InvalidInput: it is none, or carries something else; the fault names the part.
    """
    if not name.lower().endswith(".xlsx"):
        raise InvalidInput(Fault(name, "only .xlsx is read; save it as one"))
    require_bounded(name, data)
    faults = []
    with ZipFile(io.BytesIO(data)) as archive:
        for part in archive.namelist():
            what = next((said for sign, said in _REFUSED.items() if sign in part.lower()), None)
            if what is not None:
                faults.append(Fault(f"{name}: {part[:100]}", f"{what}; take it out and save again"))
        types = "[Content_Types].xml"
        if types in archive.namelist() and _MACRO_TYPE.search(archive.read(types)):
            faults.append(Fault(f"{name}: {types}", "macros; save the workbook as .xlsx"))
    if faults:
        raise InvalidInput(faults)


def find_merged(data: bytes) -> Mapping[str, list[str]]:
    """Return the merged ranges of each sheet by its name, of a file that `require_plain` let pass.

    Raises:
        InvalidInput: there are too many of them.
    """
    found: dict[str, list[str]] = {}
    with ZipFile(io.BytesIO(data)) as archive:
        present = set(archive.namelist())
        for sheet, part in _sheet_parts(archive).items():
            if part not in present:
                continue
            ranges = [one.decode("ascii") for one in _MERGED.findall(archive.read(part))]
            if len(ranges) > MOST_MERGED:
                raise InvalidInput(Fault(sheet, f"more than {MOST_MERGED} merged ranges"))
            if ranges:
                found[sheet] = ranges
    return found


def rows_of(merged: str) -> range:
    """Return the numbers of the rows that a merged range covers."""
    first, _, last = merged.partition(":")
    numbers = [int(re.sub(r"\D", "", one)) for one in (first, last or first)]
    return range(min(numbers), max(numbers) + 1)


def _sheet_parts(archive: ZipFile) -> dict[str, str]:
    """Return the part of the file that each sheet stands in, by the sheet's name."""
    try:
        book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
        links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    except (KeyError, ElementTree.ParseError):
        return {}
    targets = {link.get("Id"): link.get("Target", "") for link in links}
    return {
        sheet.get("name", ""): _path(targets.get(sheet.get(_LINK), ""))
        for sheet in book.iter(f"{_MAIN}sheet")
    }


def _path(target: str) -> str:
    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"
