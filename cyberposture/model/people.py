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


class Person(Model):
    """Somebody who acts, with the key by which their signatures are known."""

    code: Code
    name: str
    public_key: PublicKey
    invited_at: Moment
    disabled_at: Moment | None = None


class Membership(Model):
    """A role that a person holds, for one institution or (None) for the centre."""

    person: Code
    role: Role
    institution: Code | None = None
    valid_from: Moment
    valid_until: Moment | None = None
