"""Catalogues and crosswalks that others wrote: kept as they came, shown in one plain shape.

A profile is kept with the catalogue that it stood for on the day of its import. Nothing is fetched.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from cyberposture.content.reading.files import read_bytes
from cyberposture.content.translations import Translations
from cyberposture.errors import Fault, InvalidInput, NotFound, WrongState, WrongUsage
from cyberposture.exchange.foreign import read_foreign, read_oscal
from cyberposture.exchange.libraries.read import read_library
from cyberposture.exchange.oscal.mapping_in import read_crosswalks
from cyberposture.exchange.oscal.ours_in import (
    is_own_export,
    read_own_catalogue,
    read_own_translations,
)
from cyberposture.exchange.oscal.read import MAX_BYTES, OSCALDocument, is_oscal, read_document
from cyberposture.exchange.oscal.sources import Wanted
from cyberposture.exchange.oscal.view import view_catalogue
from cyberposture.model.controls import Catalogue
from cyberposture.model.foreign import ForeignCatalogue, ForeignCrosswalk
from cyberposture.services.register import Register
from cyberposture.store import editions
from cyberposture.store.editions import EditionKind, EditionRecord

_KINDS: tuple[EditionKind, ...] = ("foreign", "crosswalk")
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")


@dataclass(frozen=True)
class Imported:
    """What an import brought: under which name, the catalogue or else the crosswalks in it, and
    what a profile drew on.
    """

    id: str
    catalogue: ForeignCatalogue | None
    is_new: bool
    """Whether these very bytes were not in the register before."""
    drawn_on: tuple[str, ...] = ()
    crosswalks: tuple[ForeignCrosswalk, ...] = ()
    own: Catalogue | None = None
    """The catalogue of ours that the file is an export of, if it is one."""
    translations: tuple[Translations, ...] = ()
    """Its texts in other languages."""


def import_catalogue(
    register: Register,
    file: Path,
    *,
    given_id: str | None = None,
    kind: str | None = None,
    sources: Sequence[str] = (),
    schemas: Path | None = None,
    reason: str = "",
) -> Imported:
    """Keep the file under an id (`given_id`, else one made of its name) and return what it is.

    What a profile imports is looked for among `sources` (files, or ids of imported catalogues),
    then beside the file, then among all imported catalogues. `kind` is `oscal` or `library` where
    the caller says which it is; `schemas` is a folder of OSCAL's official JSON schemas.

    Raises:
        InvalidInput: the file, or a source, is not what it should be; nothing was kept.
        WrongUsage: the id is no name in kebab-case.
        WrongState: the id is that of our own catalogue, or the bytes stand under another id.
    """
    data = read_bytes(file, MAX_BYTES)
    if kind is not None and (kind == "oscal") != is_oscal(data):
        raise InvalidInput(Fault(file.name, f"this is no file of the format {kind}"))
    name = _name_for(register, file, given_id)
    if not is_oscal(data):
        library = read_library(file.name, data, lambda urn: _ids_of(register, urn))
        parcel = _Parcel(name, data, library.catalogue, version=library.version)
        is_new = _keep(register, parcel, reason)
        return Imported(name, library.catalogue, is_new, crosswalks=library.crosswalks)
    document = read_document(file.name, data, schemas=schemas)
    if document.kind == "mapping-collection":
        crosswalks = read_crosswalks(document)
        parcel = _Parcel(name, data, version=document.body["metadata"]["version"])
        return Imported(name, None, _keep(register, parcel, reason), crosswalks=crosswalks)
    finder = _Finder(register, file, sources)
    catalogue, resolved = read_oscal(document, finder.find)
    is_ours = is_own_export(document)
    own = read_own_catalogue(document) if is_ours else None
    translations = read_own_translations(document) if is_ours else ()
    parcel = _Parcel(name, data, catalogue, resolved, tuple(finder.drawn_on))
    is_new = _keep(register, parcel, reason)
    return Imported(name, catalogue, is_new, parcel.drawn_on, own=own, translations=translations)


def list_imported(register: Register) -> list[EditionRecord]:
    """Return every imported edition of a catalogue or crosswalk, oldest first."""
    with register.reading() as connection:
        return [r for r in editions.list_editions(connection) if r.kind in _KINDS]


def get_catalogue(register: Register, name: str) -> ForeignCatalogue:
    """Return the catalogue imported last under an id; `id@version` names one of its editions.

    Raises:
        NotFound: nothing was imported under that name.
        Corrupt: what is kept cannot be trusted.
    """
    with register.reading() as connection:
        record = _find(connection, name, ("foreign",))
        data = editions.get_edition_content(connection, "foreign", record.digest)
        resolved = _find_resolved(connection, record)
    if resolved is None:
        return read_foreign(name, data)
    catalogue = read_document(name, resolved)
    return view_catalogue(catalogue, profile=read_document(name, data))


def get_crosswalks(register: Register, name: str) -> tuple[ForeignCrosswalk, ...]:
    """Return the crosswalks imported last under an id, or under `id@version`.

    A library may hold them beside a catalogue; one without any has none.

    Raises:
        NotFound: nothing was imported under that name, or an OSCAL catalogue or profile.
        Corrupt: what is kept cannot be trusted.
    """
    with register.reading() as connection:
        record = _find(connection, name, _KINDS)
        data = editions.get_edition_content(connection, record.kind, record.digest)
    if not is_oscal(data):
        return read_library(name, data, lambda urn: _ids_of(register, urn)).crosswalks
    if record.kind != "crosswalk":
        raise NotFound("imported crosswalk", name, advice="see: cyberposture catalogue imported")
    return read_crosswalks(read_document(name, data))


def get_file(register: Register, name: str) -> bytes:
    """Return the very bytes that were imported under an id, or under `id@version`.

    Raises:
        NotFound: nothing was imported under that name.
        Corrupt: what is kept cannot be trusted.
    """
    with register.reading() as connection:
        record = _find(connection, name, _KINDS)
        return editions.get_edition_content(connection, record.kind, record.digest)


def get_resolved(register: Register, name: str) -> bytes:
    """Return the catalogue that an imported profile stood for, as an OSCAL document.

    Raises:
        NotFound: nothing was imported under that name, or it is no profile that was resolved.
        Corrupt: what is kept cannot be trusted.
    """
    with register.reading() as connection:
        found = _find_resolved(connection, _find(connection, name, ("foreign",)))
    if found is None:
        raise NotFound("resolved profile", name, advice="import it again with --source")
    return found


def _name_for(register: Register, file: Path, given: str | None) -> str:
    stem = file.name.removesuffix(file.suffix).lower()
    name = given or re.sub(r"[^a-z0-9]+", "-", stem).strip("-")[:64].strip("-")
    if not _ID.match(name) or len(name) > 64:
        raise WrongUsage(
            f"{name!r} is no id", advice="an id is in kebab-case, such as ism: --as ID"
        )
    if name == register.content.catalogue.framework.id.lower():
        raise WrongState(f"{name} is our own catalogue", advice="choose another id: --as ID")
    return name


@dataclass(frozen=True)
class _Parcel:
    """What is to be kept: the file's bytes, what they are, and what a profile stood for."""

    name: str
    data: bytes
    catalogue: ForeignCatalogue | None = None
    """None: it is a crosswalk."""
    resolved: OSCALDocument | None = None
    drawn_on: tuple[str, ...] = ()
    version: str = ""

    @property
    def digest(self) -> str:
        """The SHA-256 digest of the file."""
        return hashlib.sha256(self.data).hexdigest()

    def told(self) -> dict[str, Any]:
        """Return what the audit entry says of it."""
        found = self.catalogue
        if found is None:
            return {"digest": self.digest, "format": "crosswalk", "version": self.version}
        return {
            "digest": self.digest,
            "format": found.format,
            "title": found.title,
            "version": found.version,
            "controls": len(found.controls),
            "remarks": len(found.remarks),
            "drawn_on": list(self.drawn_on),
        }


def _keep(register: Register, parcel: _Parcel, reason: str) -> bool:
    """Keep what is new of the parcel under one audit entry; return whether the file is new."""
    kind: EditionKind = "crosswalk" if parcel.catalogue is None else "foreign"
    resolved = parcel.resolved
    with register.reading() as connection:
        present = editions.find_edition(connection, kind, parcel.digest)
        known = resolved and editions.find_edition(connection, "resolved", resolved.digest)
    if present is not None and present.name != parcel.name:
        raise WrongState(f"this very file is in the register as {present.name}")
    if present is not None and (resolved is None or known is not None):
        return False
    version = parcel.version if parcel.catalogue is None else parcel.catalogue.version
    with register.change("catalogue-imported", parcel.name, reason=reason) as change:
        connection, by = change.connection, change.by
        editions.adopt_edition(connection, kind, parcel.data, by, name=parcel.name, version=version)
        if resolved is not None:
            # Its version is the digest of the profile, because one profile may be resolved anew.
            editions.adopt_edition(
                connection, "resolved", resolved.data, by, name=parcel.name, version=parcel.digest
            )
        change.tell(**parcel.told())
    return present is None


def _find(connection: Connection, name: str, kinds: Sequence[EditionKind]) -> EditionRecord:
    identity, _, version = name.partition("@")
    found = [
        record
        for record in editions.list_editions(connection)
        if record.kind in kinds and record.name == identity and version in ("", record.version)
    ]
    if not found:
        raise NotFound(
            "imported crosswalk" if kinds == ("crosswalk",) else "imported catalogue",
            name,
            advice="see: cyberposture catalogue imported",
        )
    return found[-1]


def _ids_of(register: Register, urn: str) -> Mapping[str, str]:
    """Return the ids of a framework's nodes by urn, from the newest library that holds it."""
    with register.reading() as connection:
        for record in reversed(editions.list_editions(connection, "foreign")):
            data = editions.get_edition_content(connection, "foreign", record.digest)
            if not is_oscal(data) and urn.encode() in data.lower():
                ids = read_library(record.name, data).ids
                if urn in ids:
                    return ids[urn]
    return {}


def _find_resolved(connection: Connection, profile: EditionRecord) -> bytes | None:
    """Return the bytes of the catalogue that a profile was resolved into last, or None."""
    found = [
        record
        for record in editions.list_editions(connection, "resolved")
        if record.version == profile.digest
    ]
    if not found:
        return None
    return editions.get_edition_content(connection, "resolved", found[-1].digest)


class _Finder:
    """Looks for what a profile imports: among the given sources, beside it, in the register."""

    def __init__(self, register: Register, file: Path, sources: Sequence[str]) -> None:
        self.drawn_on: list[str] = []
        self._register = register
        self._folder = file.parent
        self._given = [self._read_source(source) for source in sources]
        self._imported: list[OSCALDocument] | None = None
        self._seen: dict[Wanted, OSCALDocument | None] = {}

    def find(self, wanted: Wanted) -> OSCALDocument | None:
        """Return the document that is meant, or None."""
        if wanted not in self._seen:
            found = self._look(wanted)
            self._seen[wanted] = found
            if found is not None:
                version = found.body["metadata"]["version"]
                self.drawn_on.append(f"{found.name} {version} ({found.digest})")
        return self._seen[wanted]

    def _look(self, wanted: Wanted) -> OSCALDocument | None:
        if wanted.carried is not None:
            return read_document(f"inside {wanted.href}", wanted.carried)
        for document in self._given:
            if wanted.means(document):
                return document
        for name in wanted.file_names():
            path = self._folder / name
            if path.is_file():
                return read_document(name, read_bytes(path, MAX_BYTES))
        found = max(filter(wanted.means, self._documents()), key=wanted.closeness, default=None)
        # One given source stands for one unknown import, whatever either is called.
        if found is None and len(self._given) == 1 and self._given[0] not in self._seen.values():
            return self._given[0]
        return found

    def _read_source(self, source: str) -> OSCALDocument:
        path = Path(source)
        if path.is_file():
            return read_document(path.name, read_bytes(path, MAX_BYTES))
        return read_document(source, get_file(self._register, source))

    def _documents(self) -> list[OSCALDocument]:
        """Return every imported OSCAL document, newest first, read when first asked for."""
        if self._imported is None:
            self._imported = []
            with self._register.reading() as connection:
                for record in reversed(editions.list_editions(connection, "foreign")):
                    data = editions.get_edition_content(connection, "foreign", record.digest)
                    if is_oscal(data):
                        self._imported.append(read_document(record.name, data))
        return self._imported
