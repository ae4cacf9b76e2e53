"""Whoever answers for the institution says that its answers are true, in one of three ways.

By a link that works once together with a second factor: the register is the witness of that, and
nobody else. By the person's own key: everybody can check it with the public key. On paper: the scan
is kept, and the paper itself stays with the institution. Each binds the digest of the answers.
"""

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import rfc8785
from sqlalchemy import Connection

from cyberposture.clock import to_iso
from cyberposture.errors import Fault, InvalidInput, NotAuthorised, NotFound
from cyberposture.exchange.file_kinds import SERVED, UnfitFile, kind_of, recognise, safe_name
from cyberposture.model.people import Membership, Person
from cyberposture.scanning.permission.signing import require_signature, sign
from cyberposture.services.assessments.answers_digest import (
    AnswersNow,
    Attested,
    answers_now,
    find_attested,
)
from cyberposture.services.assessments.assess import find_answerable, find_parts
from cyberposture.services.assessments.library import GivenOut
from cyberposture.services.assessments.pieces import NewFile, latest_day
from cyberposture.services.people import attempts, second_factors, signing_in
from cyberposture.services.register import Change, Register
from cyberposture.store import accounts, assessments, attestations, institutions, people
from cyberposture.store.assessments import AssessmentRecord
from cyberposture.store.attestations import AttestationLink, AttestationRecord, Method
from cyberposture.store.people import PersonRecord

LINK_LASTS = timedelta(days=3)
"""Ours: long enough for a journey, short enough to be about the same answers."""
COMPARED_DIGITS = 8
"""So many of the digest are typed in from a paper, so that an older one is noticed."""
_OTHER_DIGEST = "the digest that was read is not that of the answers as they stand"
SCANS = ("pdf", "png", "jpeg")


@dataclass(frozen=True)
class ToSign:
    """What lies before somebody who is about to sign."""

    digest: str
    answers: int
    ends_at: datetime


@dataclass(frozen=True)
class OnPaper:
    """What was signed by hand: who, when, and the first digits of the digest on the paper."""

    name: str
    signed_on: date
    digits: str


def read_attested(register: Register, institution: str, round_code: str) -> Attested | None:
    """Return the newest attestation with what became of it, or None.

    Raises:
        NotFound: institution, round or assessment is not there.
    """
    with register.reading() as connection:
        _, assessment = find_parts(connection, institution, round_code)
        return find_attested(connection, assessment)


def read_digest(register: Register, institution: str, round_code: str) -> str:
    """Return the digest of the answers as they stand.

    Raises:
        NotFound: institution, round or assessment is not there.
    """
    with register.reading() as connection:
        _, assessment = find_parts(connection, institution, round_code)
        return answers_now(connection, assessment).digest


def list_signatories(register: Register, institution: str) -> list[Person]:
    """Return who signs for an institution now, by name.

    Raises:
        NotFound: the institution is not in the register.
    """
    with register.reading() as connection:
        owner = institutions.get_institution_id(connection, institution)
        held = people.list_memberships(
            connection, as_of=register.clock(), institution_id=owner, role="signatory"
        )
        found = {one.person_id: people.get_person_by_id(connection, one.person_id) for one in held}
    active = [one.person for one in found.values() if one.person.disabled_at is None]
    return sorted(active, key=lambda one: (one.name.casefold(), one.code))


def make_link(
    register: Register, institution: str, round_code: str, person: str, *, reason: str = ""
) -> str:
    """Return the secret part of a link by which a signatory signs what stands there now, once.

    Raises:
        NotFound: institution, round, assessment or person is not there.
        NotAuthorised: the person is no signatory of this institution.
        WrongState: the assessment takes no answers any more.
    """
    token = secrets.token_urlsafe(32)
    with register.change("attestation-link-made", person, reason=reason) as change:
        owner, assessment = _lock_answerable(change, institution, round_code)
        record = people.get_person(change.connection, person)
        _require_signatory(change, record, institution)
        now = answers_now(change.connection, assessment)
        ends_at = change.now + LINK_LASTS
        link = AttestationLink(owner, assessment.id, record.id, now.digest, ends_at, None)
        attestations.insert_link(change.connection, _digest(token), link, change.by)
        change.tell(round=round_code, digest=now.digest, ends_at=to_iso(ends_at))
    return token


def read_link(register: Register, institution: str, round_code: str, token: str) -> ToSign:
    """Return what a link lets the person sign who reads this.

    Raises:
        NotFound: there is no such link for them, or it was used, ran out, or the answers changed.
    """
    with register.reading() as connection:
        _, assessment = find_parts(connection, institution, round_code)
        person = people.find_person(connection, register.actor)
        link = _open_link(connection, assessment, person, token, register.clock())
        return ToSign(link.digest, len(answers_now(connection, assessment).revisions), link.ends_at)


def attest_by_link(
    register: Register, institution: str, round_code: str, token: str, *, code: str
) -> AttestationRecord:
    """Attest by a link and a code that the person's authenticator shows now; return it.

    Raises:
        NotFound: there is no such link for them, or it was used, ran out, or the answers changed.
        NotAuthorised: `not-signatory`, or `wrong-code`: it is not right, or the account rests.
        WrongState: the assessment takes no answers any more.
    """
    written = None
    with register.change("attestation-tried", register.actor) as change:
        _, assessment = _lock_answerable(change, institution, round_code)
        record = people.find_person(change.connection, register.actor)
        link = _open_link(change.connection, assessment, record, token, change.now, lock=True)
        assert record is not None
        held = _require_signatory(change, record, institution)
        if _shows_factor(register, change, record, code):
            attestations.end_links(change.connection, assessment.id, link.person_id, change.now)
            told = {"link": _digest(token), "acting_for": held.acting_for}
            written = _write(change, assessment, "second-factor", record, told)
    # The attempt is on record; only now may it be refused.
    if written is None:
        raise NotAuthorised("wrong-code", "this is not the code that is shown now")
    return written


def attest_by_key(
    register: Register, institution: str, round_code: str, private_key: str, *, digits: str
) -> AttestationRecord:
    """Attest by the signature of the acting person's own key; return it.

    `digits` are the first of the digest that the person read.

    Raises:
        InvalidInput: these are not the digits of the answers as they stand.
        NotFound: institution, round, assessment or person is not there.
        NotAuthorised: the person is no signatory of this institution, or the key is not theirs.
        WrongState: the assessment takes no answers any more.
    """
    with register.change("attested", register.actor) as change:
        _, assessment = _lock_answerable(change, institution, round_code)
        record = people.get_person(change.connection, register.actor)
        held = _require_signatory(change, record, institution)
        if not _fits(digits, answers_now(change.connection, assessment)):
            raise InvalidInput(Fault("digits", _OTHER_DIGEST))
        told = {"acting_for": held.acting_for}
        return _write(change, assessment, "key", record, told, private_key=private_key)


def attest_on_paper(
    register: Register,
    institution: str,
    round_code: str,
    paper: OnPaper,
    *,
    scan: NewFile,
    most_bytes: int,
) -> AttestationRecord:
    """Keep the scan of a signed paper, whose digest must be that of the answers as they stand.

    Raises:
        InvalidInput: a field is not as it should be, or the scan is no PDF and no picture.
        NotFound: institution, round or assessment is not there.
        WrongState: the assessment takes no answers any more.
    """
    with register.change("attested", institution) as change:
        owner, assessment = _lock_answerable(change, institution, round_code)
        now = answers_now(change.connection, assessment)
        kind = _checked_paper(paper, scan, now, change.now, most_bytes)
        sha256 = register.blobs.put(change.connection, owner, "attestation", scan.data, change.by)
        told = {"name": paper.name.strip(), "scan": sha256}
        return _write(change, assessment, "paper", None, told, paper=paper, scan=(sha256, kind))


def read_scan(register: Register, institution: str, round_code: str, sha256: str) -> GivenOut:
    """Return the scan of a signed paper by its digest; that it was read goes on record.

    Raises:
        NotFound: there is no such attestation, or it was not made on paper.
        Corrupt: what is kept does not have its digest.
    """
    with register.change("attestation-read", institution) as change:
        owner, assessment = find_parts(change.connection, institution, round_code)
        change.institution_id = owner
        known = attestations.list_attestations(change.connection, assessment.id)
        found = next((one for one in known if one.scan_sha256 == sha256), None)
        if found is None:
            raise NotFound("scan of an attestation", sha256)
        data = register.blobs.get(change.connection, owner, "attestation", sha256)
        change.tell(round=round_code, number=found.number)
    kind = kind_of(found.scan_media)
    name = safe_name(f"attestation {institution} {round_code} {found.number}", kind)
    return GivenOut(name, SERVED[kind].media_type, data)


def _lock_answerable(
    change: Change, institution: str, round_code: str
) -> tuple[UUID, AssessmentRecord]:
    """Return what `find_answerable` does; nobody answers while the change is open."""
    owner, assessment = find_answerable(change.connection, institution, round_code)
    change.institution_id = owner
    assessments.lock_assessment(change.connection, assessment.id)
    return owner, assessment


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _require_signatory(change: Change, record: PersonRecord, institution: str) -> Membership:
    """Return the role by which this person signs for the institution now."""
    signing_in.require_active(record)
    for held in people.list_held(change.connection, record.person.code, as_of=change.now):
        if held.membership.role == "signatory" and held.membership.institution == institution:
            return held.membership
    raise NotAuthorised("not-signatory", f"{record.person.code} does not sign for {institution}")


def _open_link(
    connection: Connection,
    assessment: AssessmentRecord,
    person: PersonRecord | None,
    token: str,
    now: datetime,
    *,
    lock: bool = False,
) -> AttestationLink:
    link = attestations.find_link(connection, _digest(token), lock=lock)
    is_theirs = (
        link is not None
        and person is not None
        and (link.person_id, link.assessment_id) == (person.id, assessment.id)
    )
    if link is None or not is_theirs or link.used_at is not None or now >= link.ends_at:
        raise NotFound("link", "…", advice="it works once, for three days: ask for a new one")
    if link.digest != answers_now(connection, assessment).digest:
        raise NotFound(
            "link to these answers", "…", advice="answers changed since it was made: begin anew"
        )
    return link


def _shows_factor(register: Register, change: Change, record: PersonRecord, code: str) -> bool:
    """Return whether the code is one of the person's authenticator; failures count as anywhere."""
    account = accounts.find_account(change.connection, record.id, lock=True)
    if account is None or account.confirmed_at is None:
        change.tell(outcome="unknown")
        return False
    if attempts.is_barred(change, record, account):
        return False
    if second_factors.shows_code(register, change, record.id, code) != "signed-in":
        attempts.note_failure(change, record, account)
        return False
    accounts.record_success(change.connection, record.id)
    return True


def _fits(digits: str, now: AnswersNow) -> bool:
    typed = "".join(digits.split()).lower()
    return len(typed) >= COMPARED_DIGITS and now.digest.startswith(typed)


def _checked_paper(
    paper: OnPaper, scan: NewFile, now: AnswersNow, at: datetime, most_bytes: int
) -> str:
    faults = []
    if not 1 <= len(paper.name.strip()) <= 200:
        faults.append(Fault("name", "who signed, in 1 to 200 characters"))
    if not at.date() - timedelta(days=366) <= paper.signed_on <= latest_day(at):
        faults.append(Fault("signed_on", "the day of the signature, at most a year ago"))
    if not _fits(paper.digits, now):
        faults.append(Fault("digits", _OTHER_DIGEST))
    if len(scan.data) > most_bytes:
        raise UnfitFile("too-large", "scan")
    if faults:
        raise InvalidInput(faults)
    kind = recognise(scan.data, "scan")
    if kind not in SCANS:
        raise UnfitFile("unknown-kind", "scan")
    return kind


def _write(
    change: Change,
    assessment: AssessmentRecord,
    method: Method,
    person: PersonRecord | None,
    told: dict[str, Any],
    *,
    private_key: str | None = None,
    paper: OnPaper | None = None,
    scan: tuple[str, str] | None = None,
) -> AttestationRecord:
    """Keep an attestation of the answers as they stand, with the statement that it is under."""
    now = answers_now(change.connection, assessment)
    number = attestations.next_number(change.connection, assessment.id)
    signatory = "" if person is None else person.person.code
    statement: dict[str, Any] = {
        "what": "cyberposture attestation 1",
        "institution": assessment.institution,
        "round": assessment.round,
        "digest": now.digest,
        "method": method,
        "signatory": signatory,
        "at": to_iso(change.now),
        **told,
    }
    signature = ""
    if private_key is not None and person is not None:
        signature = sign(private_key, rfc8785.dumps(statement))
        require_signature(person.person.public_key, signature, rfc8785.dumps(statement))
    name = paper.name.strip() if paper is not None else ""
    record = AttestationRecord(
        institution_id=assessment.institution_id,
        assessment_id=assessment.id,
        number=number,
        digest=now.digest,
        revisions=now.revisions,
        method=method,
        signatory=signatory,
        signatory_name=name if person is None else person.person.name,
        signed_on=change.now.date() if paper is None else paper.signed_on,
        statement=statement,
        signature=signature,
        act=change.by,
    )
    if scan is not None:
        record = replace(record, scan_sha256=scan[0], scan_media=scan[1])
    attestations.insert_attestation(change.connection, record)
    change.tell(number=number, statement=statement, signature=signature)
    return record
