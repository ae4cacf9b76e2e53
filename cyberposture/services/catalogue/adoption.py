"""A new edition is adopted: after a look at what it changes, by an act of its own.

What was adopted before keeps its bytes, and rounds that were opened under it keep it.
"""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from cyberposture.content.bundle import ContentFolders
from cyberposture.content.comparing.books import book_of
from cyberposture.content.comparing.differences import compare
from cyberposture.content.comparing.succession import faults_of_draft
from cyberposture.content.editions import Edition, documents, identify
from cyberposture.content.loader import Content, load_content, locate
from cyberposture.errors import Fault, InvalidInput, NotFound, WrongState
from cyberposture.model.comparison import Comparison
from cyberposture.model.controls import Catalogue
from cyberposture.scanning.judging.examples import try_examples
from cyberposture.services.catalogue.pinned import Pinned, checks_under, restored
from cyberposture.services.people.roles import require_cert
from cyberposture.services.register import Change, Register
from cyberposture.store import editions as store
from cyberposture.store.editions import ADOPTED, Adoption


@dataclass(frozen=True)
class Draft:
    """Content that may be adopted; `controls` is the folder that faults are located in."""

    content: Content
    edition: Edition
    controls: Path | None = None


def read_draft(folders: ContentFolders) -> Draft:
    """Return the content of these folders as a draft.

    Raises:
        InvalidInput: it has faults, each with file and line, or a check whose examples fail.
    """
    content = load_content(folders)
    failing = try_examples(content.checks)
    if failing:
        raise InvalidInput(failing)
    edition = identify(content.catalogue, content.checks, content.translations)
    return Draft(content, edition, folders.controls)


def record(change: Change, draft: Draft) -> Adoption:
    """Keep a draft's bytes and that it is in force from now on, in an open change."""
    content = draft.content
    found = documents(content.catalogue, content.checks, content.translations)
    adoption = store.record_adoption(
        change.connection,
        {kind: found[kind] for kind in ADOPTED},
        change.by,
        name=draft.edition.catalogue,
        version=draft.edition.version,
    )
    change.tell(
        number=adoption.number,
        version=adoption.version,
        catalogue=adoption.catalogue,
        checks=adoption.checks,
        texts=adoption.texts,
    )
    return adoption


def adopt(register: Register, draft: Draft, *, reason: str) -> Adoption:
    """Put a draft in force and return its adoption; the log keeps what it changes, in numbers.

    Raises:
        NotAuthorised: whoever acts is not of the CERT.
        InvalidInput: it may not follow what was adopted before, with each fault at its place.
        WrongState: it is in force already.
    """
    with register.change("edition-adopted", draft.edition.catalogue, reason=reason) as change:
        require_cert(change)
        faults = find_faults(register, change.connection, draft)
        if faults:
            raise InvalidInput(faults)
        last = store.find_adoption(change.connection)
        if last is not None:
            if _digests(last) == (draft.edition.rules, draft.edition.checks, draft.edition.texts):
                raise WrongState(f"{last.name} {last.version} is in force already, as it stands")
            before = restored(register, change.connection, last)
            found = compare_with(before, draft)
            change.tell(instead_of=last.number, changes=found.counts())
        return record(change, draft)


def find_faults(register: Register, connection: Connection, draft: Draft) -> list[Fault]:
    """Return everything for which the draft must not follow what was adopted before.

    Raises:
        Corrupt: the bytes kept of an edition are damaged.
    """

    def place(name: str, path: tuple[str | int, ...]) -> str:
        return name if draft.controls is None else locate(draft.controls, name, path)

    known: dict[str, Catalogue] = {}
    for adoption in store.list_adoptions(connection):
        # What was adopted once more stands last.
        known.pop(adoption.catalogue, None)
        known[adoption.catalogue] = restored(register, connection, adoption).catalogue
    return faults_of_draft(known, draft.content.catalogue, draft.edition.rules, place)


def compare_with(before: Pinned, draft: Draft) -> Comparison:
    """Return what the draft changes of an edition."""
    return compare(
        book_of(before.catalogue, before.edition.rules),
        book_of(draft.content.catalogue, draft.edition.rules),
    )


def list_adoptions(register: Register) -> list[Adoption]:
    """Return every adoption, oldest first; the last is in force."""
    with register.reading() as connection:
        return store.list_adoptions(connection)


def find_adopted(register: Register, name: str) -> Pinned:
    """Return the adopted edition that is meant by a name, version or beginning of a digest.

    `NCSP-2021 1.0` and `1.0` mean the last adoption of that version; six letters of a digest do.

    Raises:
        NotFound: none is meant.
        WrongState: several are.
    """
    with register.reading() as connection:
        return restored(register, connection, find_meant(connection, name))


def get_adopted_content(register: Register, name: str) -> Content:
    """Return what was adopted together under a name: rules, checks, texts and translations.

    Its reports are the present ones: they are no part of an edition.

    Raises: as `find_adopted`, and
        Corrupt: the bytes kept of it are damaged.
    """
    with register.reading() as connection:
        adoption = find_meant(connection, name)
        found = restored(register, connection, adoption)
        checks = checks_under(register, connection, adoption.checks)
    return Content(found.catalogue, checks, register.content.reports, found.translations)


def find_meant(connection: Connection, name: str) -> Adoption:
    """Return the adoption that is meant by a name, as `find_adopted` reads it.

    Raises: as `find_adopted`.
    """
    found: dict[str, Adoption] = {}
    for one in store.list_adoptions(connection):
        is_named = name in (one.version, f"{one.name} {one.version}")
        if is_named or (len(name) >= 6 and one.catalogue.startswith(name)):
            found[one.catalogue] = one
    if not found:
        raise NotFound(
            "adopted edition, folder or file",
            name,
            advice="see: cyberposture catalogue editions",
        )
    if len(found) > 1:
        digests = ", ".join(digest[:12] for digest in found)
        raise WrongState(f"{name} may be any of these: {digests}", advice="name the digest")
    (adoption,) = found.values()
    return adoption


def _digests(adoption: Adoption) -> tuple[str, str, str]:
    return (adoption.catalogue, adoption.checks, adoption.texts)
