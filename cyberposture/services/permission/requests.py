"""Letters of ours that an institution may sign: written from what it declares, kept, and recorded.

The signed copy of one can be recorded from what the letter said, so that nobody types it again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.errors import NotFound, WrongState
from cyberposture.exchange.sheets import build_row
from cyberposture.model.addresses import CIDRText
from cyberposture.model.authorisations import Reference
from cyberposture.model.foundation import Model
from cyberposture.scanning.techniques import find_technique
from cyberposture.services.permission.declared_scope import hosted_by, scope_of
from cyberposture.services.permission.letters import Letter, LetterFacts, asked_of, write_letter
from cyberposture.services.register import Register
from cyberposture.store import authorisations, declarations, institutions
from cyberposture.store.audit import AuditEntry
from cyberposture.store.audit_search import Wanted, search_entries

REQUESTED: Final = "authorisation-requested"
"""The kind of the audit entry that holds the digest of a letter of ours, and what it asks for."""
KIND: Final = "letter-text"
"""The kind of file that keeps the text of a letter of ours, by that digest."""


def request_letter(
    register: Register,
    reports: Path,
    institution: str,
    reference: str,
    *,
    load: int,
    days: int,
    exclusions: tuple[str, ...] = (),
    opt_in: tuple[str, ...] = (),
    special_allowed: bool = False,
    language: str = "en",
) -> Letter:
    """Return the letter that the institution may sign, made from what it declares.

    Raises:
        InvalidInput: the reference or an exclusion is not as it should be.
        WrongUsage: there is no such technique.
        NotFound: the institution is not in the register, or there is no such language.
        WrongState: it declared no address and no name.
    """
    for technique in opt_in:
        find_technique(technique)
    with register.change(REQUESTED, reference) as change:
        record = institutions.get_institution(change.connection, institution, as_of=change.now)
        change.institution_id = record.id
        declared = declarations.get_declaration(change.connection, record.id, as_of=change.now)
        request = _checked(reference, exclusions)
        scope = scope_of(declared, request.exclusions, special_allowed)
        if not scope:
            raise WrongState(f"{institution} declared no address or name that is not excluded")
        facts = LetterFacts(
            reference=request.reference,
            institution=record.institution.name,
            valid_from=change.now,
            valid_until=change.now + timedelta(days=days),
            scope=scope,
            exclusions=request.exclusions,
            load=load,
            opt_in=opt_in,
            contacts=record.institution.contacts,
            has_plant="ot" in record.institution.features,
            hosted=hosted_by(declared, request.exclusions),
        )
        letter = write_letter(reports, facts, language, body=register.body)
        register.blobs.put(change.connection, record.id, KIND, letter.text.encode(), change.by)
        change.tell(institution=institution, letter_sha256=letter.sha256, language=language)
        change.tell(asked=asked_of(facts))
    return letter


class _Request(Model):
    """What a letter is about, checked before anything is written."""

    reference: Reference
    exclusions: tuple[CIDRText, ...]


def _checked(reference: str, exclusions: tuple[str, ...]) -> _Request:
    return build_row(_Request, "arguments", {"reference": reference, "exclusions": exclusions})


@dataclass(frozen=True)
class Requested:
    """A letter of ours: what it asks for, and by whom and when it was written."""

    reference: str
    institution: str
    institution_id: UUID
    sha256: str
    language: str
    asked: Mapping[str, Any] | None
    """None: it was written before this was kept."""
    actor: str
    at: datetime


def _requested(entry: AuditEntry) -> Requested:
    assert entry.institution_id is not None
    told = entry.data
    return Requested(
        entry.subject, told["institution"], entry.institution_id, told["letter_sha256"],
        told["language"], told.get("asked"), entry.act.actor, entry.act.at,
    )  # fmt: skip


def list_unanswered(register: Register, institution: str | None = None) -> list[Requested]:
    """Return the letters whose signed copy has not come back, the newest of each reference.

    Raises:
        NotFound: the institution is not in the register.
    """
    with register.reading() as connection:
        owner = institutions.get_owner_id(connection, institution)
        taken = authorisations.codes_taken()
        wanted = Wanted(kind=REQUESTED, institution_id=owner, subjects_but=taken)
        found = search_entries(connection, wanted)
        newest = {entry.subject: _requested(entry) for entry in reversed(list(found))}
    return sorted(newest.values(), key=lambda one: one.at, reverse=True)


def list_letters(connection: Connection, reference: str) -> list[Requested]:
    """Return every letter of ours under a reference number, the newest first."""
    found = search_entries(connection, Wanted(kind=REQUESTED, subject=reference))
    return [_requested(entry) for entry in found]


def get_letter(register: Register, reference: str, sha256: str | None = None) -> Requested:
    """Return the newest letter of ours under a reference number, or the one of this digest.

    Raises:
        NotFound: there is none.
    """
    with register.reading() as connection:
        found = list_letters(connection, reference)
    for one in found:
        if sha256 in (None, one.sha256):
            return one
    raise NotFound("letter", reference)


def read_text(register: Register, letter: Requested) -> str:
    """Return the text of a letter as it was written.

    Raises:
        NotFound: it was written before texts were kept.
        Corrupt: the file does not open, or is not what was kept.
    """
    with register.reading() as connection:
        return register.blobs.get(connection, letter.institution_id, KIND, letter.sha256).decode()
