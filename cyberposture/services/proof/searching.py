"""Searches the record of everything that was done, and answers who touched an address."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cyberposture.errors import NotFound
from cyberposture.services.permission.stop import Who, who
from cyberposture.services.proof.provenance import Provenance, trace_contact
from cyberposture.services.register import Register
from cyberposture.store import contacts, institutions
from cyberposture.store.audit import AuditEntry
from cyberposture.store.audit_search import Place, Wanted, list_kinds, search_entries
from cyberposture.store.contacts import Contact

SIZE: Final = 50
MOST_CONTACTS: Final = 20


@dataclass(frozen=True)
class Line:
    """One entry, and whose it is; no institution: it stands in the system's chain."""

    entry: AuditEntry
    institution: str | None

    @property
    def place(self) -> Place:
        """Where it stands among all entries."""
        return Place(self.entry.chain, self.entry.seq)


@dataclass(frozen=True)
class Found:
    """A page of entries, the newest first, and whether older ones follow."""

    lines: tuple[Line, ...]
    has_more: bool
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class Touched:
    """All that is known of our contacts with an address."""

    who: Who
    traced: Provenance | None
    """What allowed the newest contact; None: there was none, or the log does not hold it."""
    is_traced: bool
    contacts: tuple[Contact, ...]
    """The newest ones, the newest first."""


def search(
    register: Register,
    *,
    institution: str | None = None,
    wanted: Wanted | None = None,
    after: Place | None = None,
) -> Found:
    """Return a page of entries that fit, the newest first.

    Raises:
        NotFound: the institution is not in the register.
    """
    asked = wanted or Wanted()
    with register.reading() as connection:
        owner = institutions.get_owner_id(connection, institution)
        within = Wanted(
            asked.kind, asked.subject, asked.actor, owner, asked.since, asked.until,
            asked.kinds_but,
        )  # fmt: skip
        found = search_entries(connection, within, after=after, limit=SIZE + 1)
        codes = institutions.codes_by_id(connection)
        kinds = tuple(list_kinds(connection))
    lines = tuple(
        Line(one, None if one.institution_id is None else codes.get(one.institution_id))
        for one in found[:SIZE]
    )
    return Found(lines, len(found) > SIZE, kinds)


def touched(register: Register, address: str, at: datetime | None = None) -> Touched:
    """Return who of us touched an address before `at`, and who allowed it.

    Raises:
        InvalidInput: the text is no address in canonical spelling.
    """
    asked = who(register, address, at)
    traced, is_traced = None, True
    try:
        traced = trace_contact(register, address, at)
    except NotFound:
        is_traced = False
    with register.reading() as connection:
        found = contacts.list_contacts(connection, address, until=asked.at, limit=MOST_CONTACTS)
    return Touched(asked, traced, is_traced, tuple(found))
