"""Answers in one go who allowed us to contact an address: rule, letter, signatory, both people."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from cyberposture.errors import NotFound
from cyberposture.model.authorisations import AuthorisationTerms, ConsentedCIDR, TermsEntry
from cyberposture.scanning.permission.scope import IntervalSet, number_of, parse_address
from cyberposture.services.gate_log import KIND
from cyberposture.services.register import Register
from cyberposture.services.stop import Who, who
from cyberposture.store import authorisations, chunks, notices
from cyberposture.store.audit import AuditEntry, list_entries
from cyberposture.store.authorisations import AuthorisationRecord
from cyberposture.store.notices import NoticeRecord


@dataclass(frozen=True)
class Provenance:
    """One contact with everything that allowed it."""

    who: Who
    decision: AuditEntry
    """The gate's answer right before sending, with its whole question."""
    letter: AuthorisationRecord
    terms: AuthorisationTerms
    notices: tuple[NoticeRecord, ...]

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
    register: Register, address: str, at: datetime | None = None
) -> Provenance | None:
    """Return what allowed the newest contact with an address begun before `at`; None: no contact.

    Raises:
        InvalidInput: the text is no address in canonical spelling.
        NotFound: the log holds no decision for the contact, or the letter is in no register.
    """
    found = who(register, address, at)
    last = found.running[0] if found.running else found.last
    if last is None:
        return None
    code = (last.gate or {}).get("authorisation")
    with register.reading() as connection:
        number = chunks.get_chunk(connection, last.chunk_id).number
        decision = _decision(connection, last.scan, number, last.started_at)
        letter = authorisations.get_authorisation(connection, str(code))
        told = notices.list_notices(connection, authorisation_id=letter.id)
    terms = AuthorisationTerms.model_validate(letter.terms)
    return Provenance(found, decision, letter, terms, tuple(told))


def _decision(connection: Connection, scan: str, number: int, since: datetime) -> AuditEntry:
    """Return the entry of the decision that allowed a chunk, asked after it was taken."""
    found = [
        entry
        for entry in list_entries(connection, kind=KIND, subject=scan, since=since)
        if entry.data.get("chunk") == number and entry.data["answer"]["decision"] == "allow"
    ]
    if not found:
        raise NotFound("decision for the contact in", scan, advice="cyberposture audit replay")
    return found[0]


def document(one: Provenance) -> dict[str, Any]:
    """Return a provenance as plain values."""
    last = one.who.running[0] if one.who.running else one.who.last
    assert last is not None
    entry = one.entry
    consent = getattr(entry, "consent", None)
    return {
        "address": one.who.address,
        "running": bool(one.who.running),
        "began": last.started_at,
        "ended": last.ended_at,
        "scan": last.scan,
        "technique": last.plan["technique"],
        "ports": last.plan["ports"],
        "load": last.plan["load"],
        "institution": one.who.institution,
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
        "third_party": None if consent is None else consent.model_dump(mode="json"),
        "signatory": one.terms.signatory,
        "signatory_role": one.terms.signatory_role,
        "power_to_sign_checked": one.terms.power_to_sign_checked,
        "received_by": one.terms.received_by,
        "granted_by": [grant["person"] for grant in one.letter.grants],
        "withdrawn_at": one.letter.withdrawn_at,
        "told_at": min((n.sent_at for n in one.notices if n.sent_at is not None), default=None),
        "emergency_contacts": list(one.terms.emergency_contacts),
    }
