"""Answers in one go who allowed us to contact an address: rule, letter, signatory, both people."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from cyberposture.errors import NotFound
from cyberposture.model.authorisations import AuthorisationTerms, ConsentedCIDR, TermsEntry
from cyberposture.scanning.permission.scope import IntervalSet, number_of, parse_address
from cyberposture.services.permission.gate_log import KIND
from cyberposture.services.permission.stop import Who, who
from cyberposture.services.register import Register
from cyberposture.store import authorisations, chunks, institutions, notices, people
from cyberposture.store.audit import AuditEntry, list_entries
from cyberposture.store.authorisations import AuthorisationRecord
from cyberposture.store.contacts import Contact, list_contacts
from cyberposture.store.notices import NoticeRecord


@dataclass(frozen=True)
class Provenance:
    """One contact with everything that allowed it."""

    who: Who
    contact: Contact
    """The newest one that the gate allowed."""
    decision: AuditEntry
    """The gate's answer right before sending, with its whole question."""
    letter: AuthorisationRecord
    terms: AuthorisationTerms
    notices: tuple[NoticeRecord, ...]
    institution: str
    """Its name, as it was at the contact."""
    names: dict[str, str]
    """Of whoever received and granted the letter, by code."""

    @property
    def entry(self) -> TermsEntry | None:
        """The entry of the letter's scope that holds the address, or None where a name led there.

        With several, the first one.
        """
        number = number_of(parse_address(self.who.address))
        for entry in self.terms.scope:
            if isinstance(entry, ConsentedCIDR) and number in IntervalSet.of_cidrs([entry.cidr]):
                return entry
        return None


def trace_contact(
    register: Register, address: str, at: datetime | None = None, *, port: int | None = None
) -> Provenance | None:
    """Return what allowed the newest contact with an address begun before `at`; None: no contact.

    With `port`, the newest one that asked for this port, or for all.

    Raises:
        InvalidInput: the text is no address in canonical spelling.
        NotFound: the log holds no decision for the contact, or the letter is in no register.
    """
    asked = who(register, address, at)
    last = asked.running[0] if asked.running else asked.last
    if last is None:
        return None
    with register.reading() as connection:
        found = list_contacts(connection, address, until=asked.at, limit=200)
        for contact in found if port is None else [one for one in found if _asked(one, port)]:
            decision = _find_decision(connection, contact)
            if decision is not None:
                break
        else:
            if port is not None:
                return None
            raise NotFound(
                "decision for a contact in", last.scan, advice="cyberposture audit replay"
            )
        code = str(decision.data["answer"]["authorisation"])
        letter = authorisations.get_authorisation(connection, code)
        told = notices.list_notices(connection, authorisation_id=letter.id)
        owner = institutions.get_institution_by_id(
            connection, letter.institution_id, as_of=contact.started_at
        )
        signed = (letter.receipt["person"], *(grant["person"] for grant in letter.grants))
        names = {code: people.get_person(connection, code).person.name for code in signed}
    terms = AuthorisationTerms.model_validate(letter.terms)
    name = owner.institution.name
    return Provenance(asked, contact, decision, letter, terms, tuple(told), name, names)


def _asked(contact: Contact, port: int) -> bool:
    ports = contact.plan["ports"]
    return ports is None or port in ports


def _find_decision(connection: Connection, contact: Contact) -> AuditEntry | None:
    """Return the entry of the decision that allowed a contact, or None where nothing was sent."""
    number = chunks.get_chunk(connection, contact.chunk_id).number
    found = (
        entry
        for entry in list_entries(
            connection, kind=KIND, subject=contact.scan, since=contact.started_at
        )
        if entry.data.get("chunk") == number
        and entry.data["answer"]["decision"] == "allow"
        and (contact.ended_at is None or entry.act.at <= contact.ended_at)
    )
    return next(found, None)


def document(one: Provenance) -> dict[str, Any]:
    """Return a provenance as plain values."""
    last = one.contact
    entry = one.entry
    consent = getattr(entry, "consent", None)
    return {
        "address": one.who.address,
        "running": last.ended_at is None,
        "began": last.started_at,
        "ended": last.ended_at,
        "scan": last.scan,
        "technique": last.plan["technique"],
        "ports": last.plan["ports"],
        "load": last.plan["load"],
        "vantage": last.vantage,
        "institution": one.who.institution,
        "institution_name": one.institution,
        "rule": {
            "decision": one.decision.data["answer"]["decision"],
            "reason": one.decision.data["answer"]["reason"],
            "scope": None if entry is None else entry.model_dump(mode="json", exclude={"consent"}),
            "asked_at": one.decision.data["question"]["now"],
            "entry": {
                "chain": one.decision.chain,
                "seq": one.decision.seq,
                "digest": one.decision.digest,
            },
        },
        "authorisation": one.terms.id,
        "letter_sha256": one.terms.letter_sha256,
        "request_sha256": one.terms.request_sha256,
        "valid_from": one.terms.valid_from,
        "valid_until": one.terms.valid_until,
        "load_allowed": one.terms.load,
        "third_party": None if consent is None else consent.model_dump(mode="json"),
        "signatory": one.terms.signatory,
        "signatory_role": one.terms.signatory_role,
        "power_to_sign_checked": one.terms.power_to_sign_checked,
        "received_by": one.terms.received_by,
        "granted_by": [grant["person"] for grant in one.letter.grants],
        "names": one.names,
        "withdrawn_at": one.letter.withdrawn_at,
        "told_at": min((n.sent_at for n in one.notices if n.sent_at is not None), default=None),
        "emergency_contacts": list(one.terms.emergency_contacts),
    }
