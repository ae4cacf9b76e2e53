"""The edition that a round was opened under, which stays its own whatever is adopted later."""

from dataclasses import dataclass

from sqlalchemy import Connection

from cyberposture.content.editions import Edition, restore, restore_checks, restore_translations
from cyberposture.content.translations import Translations
from cyberposture.errors import NotFound, WrongState
from cyberposture.model.checks import Checks
from cyberposture.model.controls import Catalogue
from cyberposture.services.register import Register
from cyberposture.store.editions import Adoption, find_adoption, get_edition_content

ADOPT = "cyberposture catalogue adopt --dry-run shows what it would change, and without it adopts"


@dataclass(frozen=True)
class Pinned:
    """A catalogue with the digests that scores are kept under."""

    catalogue: Catalogue
    edition: Edition
    translations: tuple[Translations, ...] = ()
    """Its texts in other languages."""


def get_present(register: Register) -> Pinned:
    """Return the catalogue that this process was started with."""
    content = register.content
    return Pinned(content.catalogue, register.edition, content.translations)


def get_pinned(register: Register, connection: Connection, rules: str | None) -> Pinned:
    """Return the catalogue whose rules have this digest, with its latest texts; None: the present.

    Its checks are those of the present content: what is seen is judged by them alone. What was
    judged and kept before is told with its own: see `checks_under`.

    Raises:
        NotFound: no such edition was ever adopted.
        Corrupt: the bytes kept of it are damaged.
    """
    if rules is None or rules == register.edition.rules:
        return get_present(register)
    adoption = find_adoption(connection, rules)
    if adoption is None:
        raise NotFound("adopted edition", rules[:12])
    return restored(register, connection, adoption)


def restored(register: Register, connection: Connection, adoption: Adoption) -> Pinned:
    """Return the catalogue of an adoption, rebuilt from the bytes kept of it.

    Raises:
        Corrupt: these bytes are damaged.
    """
    key = (adoption.catalogue, adoption.texts)
    if key not in register.restored:
        texts = get_edition_content(connection, "texts", adoption.texts)
        catalogue = _restored_catalogue(connection, adoption)
        register.restored[key] = (catalogue, restore_translations(texts))
    edition = Edition(
        catalogue=adoption.name,
        version=adoption.version,
        rules=adoption.catalogue,
        checks=register.edition.checks,
        texts=adoption.texts,
    )
    catalogue, translations = register.restored[key]
    return Pinned(catalogue, edition, translations)


def find_catalogue(connection: Connection, rules: str) -> Catalogue | None:
    """Return the adopted catalogue whose rules have this digest, with its latest texts, or None.

    Raises:
        Corrupt: the bytes kept of it are damaged.
    """
    adoption = find_adoption(connection, rules)
    return None if adoption is None else _restored_catalogue(connection, adoption)


def checks_under(register: Register, connection: Connection, digest: str) -> Checks:
    """Return the checks with this digest, with their latest texts.

    Checks that were in use and never adopted are kept nowhere: the present ones stand for them.

    Raises:
        Corrupt: the bytes kept of them are damaged.
    """
    if digest == register.edition.checks:
        return register.content.checks
    if digest not in register.restored_checks:
        adoption = find_adoption(connection, checks=digest)
        if adoption is None:
            return register.content.checks
        register.restored_checks[digest] = restore_checks(
            get_edition_content(connection, "checks", adoption.checks),
            get_edition_content(connection, "texts", adoption.texts),
        )
    return register.restored_checks[digest]


def _restored_catalogue(connection: Connection, adoption: Adoption) -> Catalogue:
    return restore(
        get_edition_content(connection, "catalogue", adoption.catalogue),
        get_edition_content(connection, "texts", adoption.texts),
    )


def require_in_force(register: Register, connection: Connection) -> None:
    """Return if the rules of this process are those that were adopted last.

    Raises:
        WrongState: they were never adopted, or others were adopted since.
    """
    last = find_adoption(connection)
    if last is None or last.catalogue != register.edition.rules:
        edition = register.edition
        raise WrongState(
            f"{edition.catalogue} {edition.version} as it stands here is not the edition in force",
            advice=ADOPT,
        )
