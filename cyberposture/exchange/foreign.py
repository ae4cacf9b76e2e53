"""Reads a catalogue that others wrote, whatever its format, into the shape that we compare."""

from pathlib import Path

from cyberposture.errors import Fault, InvalidInput
from cyberposture.exchange.libraries.read import read_library
from cyberposture.exchange.oscal.read import OSCALDocument, is_oscal, read_document
from cyberposture.exchange.oscal.resolve import resolve
from cyberposture.exchange.oscal.sources import Find, Wanted, wanted_by
from cyberposture.exchange.oscal.view import view_catalogue, view_selection
from cyberposture.model.foreign import ForeignCatalogue


def nothing_at_hand(wanted: Wanted) -> OSCALDocument | None:
    """Return None: there is nothing but the file itself."""
    return None


def read_foreign(
    name: str, data: bytes, *, find: Find = nothing_at_hand, schemas: Path | None = None
) -> ForeignCatalogue:
    """Return the catalogue in a file: an OSCAL catalogue or profile, or a library in YAML.

    `find` looks for what a profile imports; where one of its own imports is not at hand, only the
    ids that it selects are known, and a remark says so. With `schemas`, a folder of the official
    JSON schemas, the file is checked against them too.

    Raises:
        InvalidInput: the file is of no such format or is faulty, with the place of each fault.
    """
    if not is_oscal(data):
        found = read_library(name, data).catalogue
        if found is None:
            raise InvalidInput(Fault(name, "a library of mappings holds no catalogue"))
        return found
    catalogue, _ = read_oscal(read_document(name, data, schemas=schemas), find)
    return catalogue


def read_oscal(
    document: OSCALDocument, find: Find
) -> tuple[ForeignCatalogue, OSCALDocument | None]:
    """Return the catalogue that a document is or stands for, and what a profile resolved to.

    Raises:
        InvalidInput: it is neither catalogue nor profile, or cannot be resolved with what is found.
    """
    if document.kind == "catalog":
        return view_catalogue(document), None
    if document.kind != "profile":
        raise InvalidInput(Fault(document.where(), "a mapping holds no catalogue"))
    missing = [
        number
        for number, directive in enumerate(document.body["imports"])
        if find(wanted_by(document, directive["href"])) is None
    ]
    if missing:
        return view_selection(document, missing), None
    found = resolve(document, find)
    view = view_catalogue(found.catalogue, profile=document, remarks=found.remarks)
    return view, found.catalogue
