"""Finds the two sides of a comparison: adopted, imported, a folder of ours, or a file of others."""

from pathlib import Path

from cyberposture.content.comparing.books import book_of, book_of_foreign
from cyberposture.content.loader import load_catalogue
from cyberposture.content.reading.files import read_bytes
from cyberposture.errors import NotFound
from cyberposture.exchange.foreign import read_foreign
from cyberposture.exchange.oscal.ours_in import is_own_export, read_own_catalogue
from cyberposture.exchange.oscal.read import MAX_BYTES, is_oscal, read_document
from cyberposture.model.comparison import Book
from cyberposture.services.catalogue.adoption import find_adopted
from cyberposture.services.catalogue.foreign import get_catalogue, get_file
from cyberposture.services.register import Register


def read_book(path: Path) -> Book:
    """Return the edition in a content folder, or in a file of ours or of others.

    Raises:
        InvalidInput: it is none, or has faults, each at its place.
    """
    if path.is_dir():
        controls = path / "controls" if (path / "controls").is_dir() else path
        return book_of(load_catalogue(controls))
    data = read_bytes(path, MAX_BYTES)
    return _find_own(path.name, data) or book_of_foreign(read_foreign(path.name, data))


def _find_own(name: str, data: bytes) -> Book | None:
    """Return the edition of ours that a file is an export of, or None."""
    if not is_oscal(data):
        return None
    document = read_document(name, data)
    return book_of(read_own_catalogue(document)) if is_own_export(document) else None


def find_book(register: Register, name: str) -> Book:
    """Return an adopted edition (version, or beginning of a digest) or an imported catalogue (id).

    Raises:
        NotFound: there is neither under that name.
        WrongState: several adopted editions may be meant.
    """
    try:
        found = find_adopted(register, name)
    except NotFound as unknown:
        try:
            foreign = get_catalogue(register, name)
        except NotFound:
            raise unknown from None
        return _find_own(name, get_file(register, name)) or book_of_foreign(foreign)
    return book_of(found.catalogue, found.edition.rules)
