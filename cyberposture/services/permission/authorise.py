"""The life of an authorisation: requested, recorded, granted by a second person, ended."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from pydantic import Field, ValidationError
from sqlalchemy import Connection

from cyberposture.content.reading.documents import Document, build, faults_of, read_file
from cyberposture.content.reading.files import read_bytes
from cyberposture.errors import Fault, InvalidInput, WrongState
from cyberposture.exchange.sheets import build_row
from cyberposture.model.authorisations import (
    AuthorisationTerms,
    Grant,
    Receipt,
    TermsEntry,
    Withdrawal,
)
from cyberposture.model.foundation import Code, Model, Moment, Sentence
from cyberposture.model.people import Role
from cyberposture.scanning.permission.signing import (
    require_signature,
    require_two_people,
    require_withdrawal,
    sign_grant,
    sign_receipt,
    sign_withdrawal,
    signed_text,
    terms_digest,
)
from cyberposture.scanning.techniques import TECHNIQUES
from cyberposture.services.people.roles import CERT, require_role
from cyberposture.services.permission.consents import find_missing
from cyberposture.services.permission.ground import is_granted
from cyberposture.services.permission.requests import REQUESTED
from cyberposture.services.permission.scopes import require_own_scope
from cyberposture.services.register import Register
from cyberposture.store import authorisations as store
from cyberposture.store import declarations, institutions, notices, people
from cyberposture.store.audit import list_entries
from cyberposture.store.authorisations import AuthorisationRecord
from cyberposture.store.notices import NoticeRecord

MAX_LETTER_BYTES = 25_000_000
GRANTERS: frozenset[Role] = frozenset({"authorising-officer"})


class TermsFile(Model):
    """What a file with the terms of a signed letter holds; the rest is known otherwise."""

    id: str
    institution: Code
    signatory: Sentence
    signatory_role: Sentence
    power_to_sign_checked: Sentence
    valid_from: Moment
    valid_until: Moment
    scope: tuple[TermsEntry, ...] = Field(min_length=1)
    exclusions: tuple[str, ...] = ()
    techniques: tuple[Code, ...] | None = None
    load: int
    emergency_contacts: tuple[Sentence, ...] = Field(min_length=1)
    request_sha256: str | None = None


@dataclass(frozen=True)
class Standing:
    """An authorisation as it stands: its record, and whether two people's signatures hold."""

    record: AuthorisationRecord
    terms: AuthorisationTerms
    is_granted: bool
    notices: tuple[NoticeRecord, ...] = ()

    @property
    def is_told(self) -> bool:
        """Whether its notice went out, or was waived."""
        return any(notice.sent_at is not None for notice in self.notices)


class _Ending(Model):
    """What is said when an authorisation ends."""

    person: Code
    withdrawn_by: Sentence
    reason: Sentence


def _read_letter(path: Path) -> bytes:
    data = read_bytes(path, MAX_LETTER_BYTES)
    if not data:
        raise InvalidInput(Fault(path.name, "is empty"))
    return data


def _terms(
    document: Document, written: TermsFile, letter_sha256: str, receiver: str, now: datetime
) -> AuthorisationTerms:
    """Return the terms that are signed: what the file says, and what is known otherwise."""
    try:
        terms = AuthorisationTerms.model_validate(
            {
                **written.model_dump(),
                "letter_sha256": letter_sha256,
                "received_by": receiver,
                "requested_at": now,
            }
        )
    except ValidationError as error:
        raise InvalidInput(faults_of(document, error)) from error
    unknown = [code for code in terms.techniques or () if code not in TECHNIQUES]
    if unknown:
        where = document.where(("techniques",))
        raise InvalidInput(Fault(where, f"unknown technique {', '.join(unknown)}"))
    return terms


def _require_our_letter(
    connection: Connection, document: Document, terms: AuthorisationTerms, institution_id: UUID
) -> None:
    """Return if the letter that was signed is one that we wrote; terms may name none of ours.

    Raises:
        InvalidInput: no letter of this digest is on record under this reference number.
    """
    if terms.request_sha256 is None:
        return
    written = list_entries(
        connection, institution_id=institution_id, kind=REQUESTED, subject=terms.id
    )
    if terms.request_sha256 not in {entry.data["letter_sha256"] for entry in written}:
        raise InvalidInput(
            Fault(
                document.where(("request_sha256",)),
                f"no letter of this digest was written for {terms.institution} under {terms.id}",
            ),
            advice="compare the letter with its copy, or leave the field out if we wrote none",
        )


def _require_consents(
    connection: Connection,
    document: Document,
    terms: AuthorisationTerms,
    institution_id: UUID,
    now: datetime,
) -> None:
    """Return if each third party in the scope consented to what it runs.

    Raises:
        InvalidInput: one did not; each fault at its entry of the scope.
    """
    declared = declarations.get_declaration(connection, institution_id, as_of=now)
    faults = [
        Fault(
            document.where(("scope", place)),
            f"{address} belongs to {party}, whose consent this entry does not carry",
        )
        for place, address, party in find_missing(terms, declared)
    ]
    if faults:
        raise InvalidInput(
            faults, advice="have the sheet of the letter signed by them, or exclude the address"
        )


def add(
    register: Register, file: Path, letter: Path, receiver: str, private_key: str
) -> AuthorisationRecord:
    """Record the terms of a signed letter, with the letter and the receiver's signature.

    Nothing is allowed by that: a second person must grant it.

    Raises:
        InvalidInput: the terms or the letter cannot be used; each fault located.
        NotFound: institution or person is not in the register.
        NotAuthorised: the receiver holds no such role, or the key is not the receiver's.
        WrongState: the reference number is taken.
    """
    document = read_file(file, file.name)
    written = build(TermsFile, document)
    papers = Papers(_read_letter(letter))
    return record_terms(register, document, papers, receiver, private_key, written=written)


@dataclass(frozen=True)
class Papers:
    """The signed letter as it was received, and the sheets on which third parties consent."""

    letter: bytes
    sheets: tuple[bytes, ...] = ()


def record_terms(
    register: Register,
    document: Document,
    papers: Papers,
    receiver: str,
    private_key: str,
    *,
    written: TermsFile,
) -> AuthorisationRecord:
    """Record terms that were read from `document`, with the papers and the receiver's signature.

    Raises: as `add`.
    """
    with register.change("authorisation-received", written.id) as change:
        change.institution_id = institutions.get_institution_id(
            change.connection, written.institution
        )
        person = require_role(change.connection, receiver, CERT, change.now)
        sha256, *_ = (
            register.blobs.put(change.connection, change.institution_id, "letter", one, change.by)
            for one in (papers.letter, *papers.sheets)
        )
        terms = _terms(document, written, sha256, receiver, change.now)
        _require_our_letter(change.connection, document, terms, change.institution_id)
        _require_consents(change.connection, document, terms, change.institution_id, change.now)
        receipt = sign_receipt(private_key, terms, receiver, change.now)
        said = signed_text("receipt", terms, receiver, change.now)
        require_signature(person.public_key, receipt.signature, said)
        record = store.insert_authorisation(
            change.connection,
            change.institution_id,
            change.by,
            code=terms.id,
            terms=terms.document(),
            receipt=receipt.model_dump(mode="json"),
            letter_sha256=sha256,
            valid_from=terms.valid_from,
            valid_until=terms.valid_until,
        )
        change.tell(
            terms=terms.document(),
            terms_sha256=terms_digest(terms),
            letter_sha256=sha256,
            receiver=receiver,
        )
    return record


def grant(register: Register, code: str, granter: str, private_key: str) -> AuthorisationRecord:
    """Append a second person's signed grant; from now on the gate may allow.

    Raises:
        NotFound: authorisation or person is not in the register.
        NotAuthorised: the same person, a wrong role, a wrong key, or altered terms.
        WrongState: it was withdrawn or granted before, holds what another institution's letter
            in force holds too, or what a third party runs that did not consent.
    """
    with register.change("authorisation-granted", code) as change:
        record = store.get_authorisation(change.connection, code)
        change.institution_id = record.institution_id
        require_role(change.connection, granter, GRANTERS, change.now)
        terms = AuthorisationTerms.model_validate(record.terms)
        signed = sign_grant(private_key, terms, granter, change.now)
        known = {r.person.code: r.person for r in people.list_people(change.connection)}
        require_two_people(terms, Receipt.model_validate(record.receipt), signed, known)
        require_own_scope(change.connection, record, terms, known, change.now)
        declared = declarations.get_declaration(
            change.connection, record.institution_id, as_of=change.now
        )
        missing = find_missing(terms, declared)
        if missing:
            _, address, party = missing[0]
            raise WrongState(f"{address} is declared to belong to {party}, who did not consent")
        record = store.record_grant(
            change.connection, code, signed.model_dump(mode="json"), change.by
        )
        change.tell(granter=granter, terms_sha256=signed.terms_sha256)
    return record


def withdraw(
    register: Register,
    code: str,
    person: str,
    private_key: str | None,
    *,
    withdrawn_by: str,
    reason: str,
) -> AuthorisationRecord:
    """End an authorisation at once; running checks under it end with it.

    Without a key the withdrawal is unsigned, and holds as well: ending must never wait for a key.

    Raises:
        InvalidInput: it is not said who wanted it, or why.
        NotAuthorised: the key is not the person's.
        NotFound: the authorisation is not in the register.
        WrongState: it is withdrawn already.
    """
    given = {"person": person, "withdrawn_by": withdrawn_by, "reason": reason}
    build_row(_Ending, "arguments", given)
    with register.change("authorisation-withdrawn", code, reason=reason) as change:
        record = store.get_authorisation(change.connection, code)
        change.institution_id = record.institution_id
        terms = AuthorisationTerms.model_validate(record.terms)
        said = {"withdrawn_by": withdrawn_by, "reason": reason}
        if private_key is None:
            digest = terms_digest(terms)
            withdrawal = Withdrawal(terms_sha256=digest, person=person, at=change.now, **said)
        else:
            withdrawal = sign_withdrawal(private_key, terms, person, change.now, **said)
            known = {r.person.code: r.person for r in people.list_people(change.connection)}
            require_withdrawal(terms, withdrawal, known)
        record = store.record_withdrawal(
            change.connection,
            code,
            withdrawal.model_dump(mode="json"),
            change.by,
            withdrawn_at=change.now,
        )
        change.tell(person=person, withdrawn_by=withdrawn_by)
    return record


def list_standing(register: Register, institution: str | None = None) -> list[Standing]:
    """Return the authorisations of an institution, or of all, with whether their grants hold.

    Raises:
        NotFound: the institution is not in the register.
    """
    with register.reading() as connection:
        institution_id = institutions.get_owner_id(connection, institution)
        known = {r.person.code: r.person for r in people.list_people(connection)}
        told: dict[UUID, list[NoticeRecord]] = {}
        for notice in notices.list_notices(connection, institution_id=institution_id):
            told.setdefault(notice.authorisation_id, []).append(notice)
        return [
            Standing(
                record,
                AuthorisationTerms.model_validate(record.terms),
                is_granted(record, known),
                tuple(told.get(record.id, ())),
            )
            for record in store.list_authorisations(connection, institution_id=institution_id)
        ]


def granters(record: AuthorisationRecord) -> list[str]:
    """Return who granted an authorisation, by code, in order."""
    return [Grant.model_validate(document).person for document in record.grants]
