"""Records the signed copy of a letter of ours: its terms are those that the letter asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import ip_address, ip_network
from typing import Any

from cyberposture.content.reading.documents import Document
from cyberposture.errors import Fault, InvalidInput, WrongState
from cyberposture.exchange.sheets import build_row
from cyberposture.model.foundation import Model, Sentence
from cyberposture.scanning.techniques import TECHNIQUES
from cyberposture.services.permission.authorise import (
    MAX_LETTER_BYTES,
    Papers,
    TermsFile,
    record_terms,
)
from cyberposture.services.permission.requests import Requested
from cyberposture.services.register import Register
from cyberposture.store.authorisations import AuthorisationRecord


class Said(Model):
    """What the signed copy says beyond our text, and how it was made sure."""

    signatory: Sentence
    signatory_role: Sentence
    power_to_sign_checked: Sentence
    emergency_contacts: tuple[Sentence, ...]


@dataclass(frozen=True)
class SignedCopy:
    """The signed letter, and the consent sheet of each third party that signed one."""

    letter: bytes
    sheets: Mapping[str, bytes]


def record_signed(
    register: Register,
    requested: Requested,
    said: Mapping[str, Any],
    copy: SignedCopy,
    private_key: str,
) -> AuthorisationRecord:
    """Record a signed copy under the terms of our letter; whoever acts is the receiver.

    Nothing is allowed by that: a second person must grant it.

    Raises:
        InvalidInput: something that the copy says is missing, or a file is empty or too large; a
            third party did not consent.
        NotAuthorised: whoever acts holds no such role, or the key is not theirs.
        WrongState: the reference number is taken, or it is not on record what the letter asked.
    """
    if requested.asked is None:
        raise WrongState(
            f"it is not on record what the letter {requested.reference} asked for",
            advice="write it anew, or: cyberposture authorise add",
        )
    told = build_row(Said, "arguments", said)
    if not told.emergency_contacts:
        raise InvalidInput(Fault("arguments", "emergency_contacts: at least one is needed"))
    files = {"letter": copy.letter, **copy.sheets}
    for name, data in files.items():
        if not data or len(data) > MAX_LETTER_BYTES:
            raise InvalidInput(Fault("arguments", f"{name}: is empty, or too large"))
    given = _terms(requested, requested.asked, told, copy.sheets)
    document = Document("form", given)
    return record_terms(
        register, document, Papers(copy.letter, tuple(copy.sheets.values())), register.actor,
        private_key, written=build_row(TermsFile, "form", given),
    )  # fmt: skip


def _terms(
    requested: Requested, asked: Mapping[str, Any], told: Said, sheets: Mapping[str, bytes]
) -> dict[str, Any]:
    hosted: Mapping[str, Sequence[str]] = asked["hosted"]
    parties = {a: party for party, addresses in hosted.items() for a in addresses}
    return {
        **told.model_dump(mode="json"),
        "id": requested.reference,
        "institution": requested.institution,
        "valid_from": asked["valid_from"],
        "valid_until": asked["valid_until"],
        "scope": [_with_consent(entry, parties, sheets) for entry in asked["scope"]],
        "exclusions": asked["exclusions"],
        "techniques": _techniques(asked["opt_in"], asked["load"]),
        "load": asked["load"],
        "request_sha256": requested.sha256,
    }


def _techniques(opt_in: Sequence[str], load: int) -> list[str] | None:
    """Return what is allowed: all that the load allows, and what the letter names expressly."""
    if not opt_in:
        return None
    usual = [one.code for one in TECHNIQUES.values() if not one.opt_in and one.load <= load]
    return [*usual, *opt_in]


def _with_consent(
    entry: dict[str, Any], parties: Mapping[str, str], sheets: Mapping[str, bytes]
) -> dict[str, Any]:
    cidr = entry.get("cidr")
    if cidr is None:
        return entry
    network = ip_network(cidr)
    for address, party in parties.items():
        one = ip_address(address)
        if party in sheets and one.version == network.version and one in network:
            consent = {"third_party": party, "letter_sha256": sha256(sheets[party]).hexdigest()}
            return {**entry, "consent": consent}
    return entry
