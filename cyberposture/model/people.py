"""People who act in the register, each with a signing key of their own."""

from typing import Literal

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


class Person(Model):
    """Somebody who acts; `public_key` is an Ed25519 key, 32 bytes in hexadecimal."""

    code: Code
    name: str
    public_key: str
    invited_at: Moment
    disabled_at: Moment | None = None


class Membership(Model):
    """A role that a person holds, for one institution or (None) for the centre."""

    person: Code
    role: Role
    institution: Code | None = None
    valid_from: Moment
    valid_until: Moment | None = None
