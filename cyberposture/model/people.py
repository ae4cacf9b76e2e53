"""People who act in the register, each with a signing key of their own."""

from typing import Annotated, Literal

from pydantic import StringConstraints

from cyberposture.model.foundation import Code, Model, Moment

Role = Literal[
    "cert-administrator",
    "cert-analyst",
    "reviewer",
    "sector-regulator",
    "auditor",
    "authorising-officer",
    "signatory",
    "institution-lead",
    "helper",
    "contributor",
    "observer",
    "national-observer",
]


PublicKey = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""An Ed25519 public key: 32 bytes in lower-case hexadecimal."""


MailAddress = Annotated[
    str, StringConstraints(pattern=r"^[^@\s<>\"',;:]{1,64}@[A-Za-z0-9.-]{1,253}$", max_length=254)
]
"""An address of the plain form that every mail server takes. Source: RFC 5321, 4.1.2 and 4.5.3."""


class Person(Model):
    """Somebody who acts, with the key by which their signatures are known."""

    code: Code
    name: str
    public_key: PublicKey
    invited_at: Moment
    disabled_at: Moment | None = None
    mail: MailAddress | None = None
    """Where notices go; without one they wait on the portal alone."""
    language: Literal["en", "ur"] | None = None
    """In which this person is written to; None is English."""


class Membership(Model):
    """A role that a person holds, for one institution, for a sector, or (neither) at the centre."""

    person: Code
    role: Role
    institution: Code | None = None
    sector: Code | None = None
    valid_from: Moment
    valid_until: Moment | None = None
