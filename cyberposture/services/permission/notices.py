"""Tells an institution before its first scan, and records that it was told.

An authorisation counts at the gate only from the moment at which its notice went out, or at which
the institution waived it in writing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cyberposture.content.reading.files import read_bytes
from cyberposture.errors import Fault, InvalidInput, NotAuthorised, WrongState
from cyberposture.exchange.sheets import build_row
from cyberposture.model.authorisations import AuthorisationTerms
from cyberposture.model.foundation import Model, Sentence
from cyberposture.services.people.roles import CERT, require_role
from cyberposture.services.permission import stop_codes
from cyberposture.services.permission.ground import is_granted
from cyberposture.services.permission.letters import Letter, on_paper, render_paper, scope_values
from cyberposture.services.register import Change, Register
from cyberposture.store import authorisations, calendar, institutions, people
from cyberposture.store import notices as store
from cyberposture.store.audit import find_head
from cyberposture.store.authorisations import AuthorisationRecord
from cyberposture.store.notices import NoticeRecord

KIND = "notice"
MAX_WAIVER_BYTES = 25_000_000


@dataclass(frozen=True)
class Sender:
    """From where is scanned and whom to ring about it: what a notice must be able to say."""

    addresses: tuple[str, ...] = ()
    telephone: str | None = None


class _Said(Model):
    """How a notice went out, or who confirmed it."""

    said: Sentence


def write_notice(
    register: Register, reports: Path, sender: Sender, reference: str, *, language: str = "en"
) -> Letter:
    """Write the notice of an authorisation as things stand now, keep it, and return its text.

    Raises:
        NotFound: there is no such authorisation, or no notice in this language.
        WrongState: nobody granted it, it is withdrawn, or it is not set from where is scanned and
            which telephone is answered.
    """
    if not sender.addresses or sender.telephone is None:
        raise WrongState(
            "a notice names the addresses of the scanner and the duty telephone; they are not set",
            advice="cyberposture settings tells of CYBERPOSTURE_SCANNER_ADDRESSES and "
            "CYBERPOSTURE_DUTY_TELEPHONE",
        )
    with register.change("notice-written", reference) as change:
        record, terms = _in_force(change, reference)
        assert change.institution_id is not None
        values = _values(register, change, terms, sender)
        letter = render_paper(reports, "notice", language, values, body=register.body)
        kept = register.blobs.put(
            change.connection, change.institution_id, KIND, letter.text.encode(), change.by
        )
        notice = store.insert_notice(
            change.connection,
            change.institution_id,
            record.id,
            change.by,
            kind="scans",
            language=language,
            text_sha256=kept,
        )
        change.tell(notice=notice.code, text_sha256=kept, language=language)
    return letter


def _values(
    register: Register, change: Change, terms: AuthorisationTerms, sender: Sender
) -> dict[str, Any]:
    """Return all that a notice tells, as plain values; the wording is the paper's own."""
    assert change.institution_id is not None
    owner = institutions.get_institution_by_id(
        change.connection, change.institution_id, as_of=change.now
    ).institution
    head = find_head(change.connection, change.institution_id)
    code = stop_codes.current(register, change, change.institution_id)
    return {
        "institution": owner.name,
        "reference": terms.id,
        "written_at": on_paper(change.now),
        "valid_from": on_paper(terms.valid_from),
        "valid_until": on_paper(terms.valid_until),
        "windows": _windows(change),
        "load": terms.load,
        "scope": scope_values(terms.scope),
        "exclusions": terms.exclusions,
        "addresses": sender.addresses,
        "telephone": sender.telephone,
        "stop_code": stop_codes.spelled(code),
        "head": f"{head.seq}, {head.digest}," if head is not None else "",
    }


def _in_force(change: Change, reference: str) -> tuple[AuthorisationRecord, AuthorisationTerms]:
    record = authorisations.get_authorisation(change.connection, reference)
    change.institution_id = record.institution_id
    known = {r.person.code: r.person for r in people.list_people(change.connection)}
    if record.withdrawn_at is not None or not is_granted(record, known):
        raise WrongState(
            f"{reference} allows nothing: it is withdrawn, or a second person did not grant it",
            advice=f"cyberposture authorise show {reference}",
        )
    return record, AuthorisationTerms.model_validate(record.terms)


def _windows(change: Change) -> list[dict[str, Any]]:
    """Return the weekly windows of the institution as plain values; none at all means always."""
    assert change.institution_id is not None
    found = calendar.list_windows(change.connection, change.institution_id, as_of=change.now)
    return [
        {
            "weekdays": window.weekdays,
            "start": window.start,
            "length": f"{window.length_s // 3600}:{window.length_s % 3600 // 60:02}",
            "zone": window.zone,
        }
        for window in found
    ]


def _newest(
    change: Change, reference: str, person: str
) -> tuple[AuthorisationRecord, NoticeRecord]:
    require_role(change.connection, person, CERT, change.now)
    record = authorisations.get_authorisation(change.connection, reference)
    change.institution_id = record.institution_id
    found = store.list_notices(change.connection, authorisation_id=record.id)
    return record, store.newest(found, reference)


def record_sent(register: Register, reference: str, person: str, how: str) -> NoticeRecord:
    """Record that the newest notice of an authorisation went out; from now on it may be used.

    Raises:
        InvalidInput: it is not said how.
        NotFound: there is no such authorisation or person, or no notice of it was written.
        NotAuthorised: the person is not of the CERT.
        WrongState: the notice went out before.
    """
    build_row(_Said, "--how", {"said": how})
    with register.change("notice-sent", reference, reason=how) as change:
        _, notice = _newest(change, reference, person)
        store.record_sent(change.connection, notice, change.by)
        change.tell(notice=notice.code, text_sha256=notice.text_sha256, how=how, person=person)
    return notice


def record_acknowledged(register: Register, reference: str, person: str, who: str) -> NoticeRecord:
    """Record who of the institution confirmed the newest notice of an authorisation.

    Raises:
        InvalidInput: it is not said who.
        NotFound: there is no such authorisation or person, or no notice of it was written.
        NotAuthorised: the person is not of the CERT.
        WrongState: the notice did not go out yet, or was confirmed before.
    """
    build_row(_Said, "--acknowledged", {"said": who})
    with register.change("notice-acknowledged", reference, reason=who) as change:
        _, notice = _newest(change, reference, person)
        store.record_acknowledged(change.connection, notice, change.by)
        change.tell(notice=notice.code, who=who, person=person)
    return notice


def waive(register: Register, reference: str, letter: Path, person: str) -> NoticeRecord:
    """Record that the institution wants no notice, with the letter in which it says so.

    Raises:
        InvalidInput: the letter cannot be read, or is empty.
        NotFound: there is no such authorisation or person.
        NotAuthorised: the person is not of the CERT.
        WrongState: the authorisation allows nothing.
    """
    data = read_bytes(letter, MAX_WAIVER_BYTES)
    if not data:
        raise InvalidInput(Fault(letter.name, "is empty"))
    with register.change("notice-waived", reference) as change:
        require_role(change.connection, person, CERT, change.now)
        record, _ = _in_force(change, reference)
        assert change.institution_id is not None
        sha256 = register.blobs.put(
            change.connection, change.institution_id, "letter", data, change.by
        )
        notice = store.insert_notice(
            change.connection,
            change.institution_id,
            record.id,
            change.by,
            kind="waiver",
            language="",
            text_sha256=sha256,
        )
        store.record_sent(change.connection, notice, change.by)
        change.tell(notice=notice.code, letter_sha256=sha256, person=person)
    return notice


def list_notices(register: Register, reference: str) -> list[NoticeRecord]:
    """Return the notices of an authorisation, oldest first.

    Raises:
        NotFound: there is no such authorisation.
    """
    with register.reading() as connection:
        record = authorisations.get_authorisation(connection, reference)
        return store.list_notices(connection, authorisation_id=record.id)


def read_notice(register: Register, reference: str) -> str:
    """Return the text of the newest notice of an authorisation as it was written.

    Raises:
        NotFound: there is no such authorisation, or no notice of it was written.
    """
    with register.reading() as connection:
        record = authorisations.get_authorisation(connection, reference)
        found = store.list_notices(connection, authorisation_id=record.id)
        notice = store.newest(found, reference)
        return register.blobs.get(
            connection, record.institution_id, KIND, notice.text_sha256
        ).decode()


def not_told(waiting: Sequence[str]) -> NotAuthorised:
    """Return the refusal of a scan of which the institution was not told yet."""
    return NotAuthorised(
        "notice-not-sent",
        f"the institution was not told yet of checks under {', '.join(waiting)}; nothing was sent",
        advice=f"cyberposture authorise notice {waiting[0]} --out FILE, send it, and record that "
        f"with: cyberposture authorise notice {waiting[0]} --sent HOW --by PERSON",
    )
