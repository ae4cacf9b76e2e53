"""What an institution's signatory allows, and who recorded it: terms, receipt, grant, withdrawal.

The terms are what two people sign, each with a key of their own. Nothing here is ever edited: a
change is a new authorisation, and a withdrawal stands beside the grant.
"""

from datetime import datetime
from typing import Annotated, Any

from pydantic import (
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    ValidationInfo,
    field_serializer,
    field_validator,
)

from cyberposture.clock import to_iso
from cyberposture.model.addresses import CIDRText
from cyberposture.model.foundation import Code, Model, Sentence, Sha256
from cyberposture.model.gate import (
    CIDREntry,
    GateAuthorisation,
    GateMoment,
    Load,
    NameEntry,
    scope_entry_kind,
)

Signature = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{128}$")]
"""An Ed25519 signature in hexadecimal."""


class Consent(Model):
    """The word of the third party whose addresses these are."""

    third_party: Sentence
    letter_sha256: Sha256
    """Of the signed consent sheet."""


class ConsentedCIDR(CIDREntry):
    """Addresses in scope; where they belong to a third party, with its consent."""

    consent: Consent | None = None


class ConsentedName(NameEntry):
    """A name in scope; where it is hosted by a third party, with its consent."""

    consent: Consent | None = None


TermsEntry = Annotated[
    Annotated[ConsentedCIDR, Tag("<cidr>")] | Annotated[ConsentedName, Tag("<name>")],
    Discriminator(scope_entry_kind),
]


Reference = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9./-]{0,63}$")]
"""The reference number that stands on a letter."""


class AuthorisationTerms(Model):
    """All that was allowed, by whom, and on which paper: the text that is signed."""

    id: Reference
    institution: Code
    letter_sha256: Sha256
    """Of the signed letter as it was received."""
    request_sha256: Sha256 | None = None
    """Of the letter's text as we wrote it, which the signed copy was matched to."""
    signatory: Sentence
    signatory_role: Sentence
    power_to_sign_checked: Sentence
    """How it was made sure that the signatory may sign for the institution."""
    received_by: Code
    requested_at: GateMoment
    valid_from: GateMoment
    valid_until: GateMoment
    scope: tuple[TermsEntry, ...] = Field(min_length=1)
    exclusions: tuple[CIDRText, ...] = ()
    techniques: tuple[Code, ...] | None
    """The techniques allowed; None: all that the load allows and that need no express mention."""
    load: Load
    emergency_contacts: tuple[Sentence, ...] = Field(min_length=1)

    @field_validator("valid_until")
    @classmethod
    def _ends_after_beginning(cls, until: datetime, info: ValidationInfo) -> datetime:
        if "valid_from" in info.data and until <= info.data["valid_from"]:
            raise ValueError("the validity ends before it begins")
        return until

    @field_serializer("requested_at", "valid_from", "valid_until", when_used="json")
    def _in_utc(self, moment: datetime) -> str:
        return to_iso(moment)

    def document(self) -> dict[str, Any]:
        """Return the terms as plain JSON values, moments in UTC: the same however they are kept."""
        return self.model_dump(mode="json")

    def for_gate(self, *, granted: bool, withdrawn_at: datetime | None) -> GateAuthorisation:
        """Return what the gate needs to know of these terms."""
        scope = [entry.model_dump(exclude={"consent"}) for entry in self.scope]
        return GateAuthorisation.model_validate(
            {
                "id": self.id,
                "granted": granted,
                "valid_from": self.valid_from,
                "valid_until": self.valid_until,
                "withdrawn_at": withdrawn_at,
                "load": self.load,
                "scope": scope,
                "exclusions": self.exclusions,
            }
        )


class Statement(Model):
    """Something that a person said about terms, at one moment."""

    terms_sha256: Sha256
    """Of the canonical JSON of the terms."""
    person: Code
    at: GateMoment

    @field_serializer("at", when_used="json")
    def _in_utc(self, moment: datetime) -> str:
        return to_iso(moment)


class Receipt(Statement):
    """The receiver's word that this is what the signed letter says."""

    signature: Signature


class Grant(Statement):
    """A second person's word that may be scanned under these terms."""

    signature: Signature


class Withdrawal(Statement):
    """The end of an authorisation. It holds without a signature: nobody is kept from stopping."""

    reason: Sentence
    withdrawn_by: Sentence
    """Who of the institution, or of whom, wanted it; `person` is who recorded it."""
    signature: Signature | None = None
