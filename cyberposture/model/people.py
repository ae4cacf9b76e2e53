"""People who act in the register, each with a signing key of their own."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, StringConstraints

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


PublicKey = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64})?$")]
"""An Ed25519 public key: 32 bytes in lower-case hexadecimal; empty where none was made yet."""


_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_PLAIN_MAIL = rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*"
_LONGEST_NAME, _LONGEST_MAIL = 64, 254


def is_mail_address(text: str) -> bool:
    """Return whether this is an address of the plain form that every mail server takes.

    No quotes, comments, brackets or signs of other alphabets: what programs read differently
    could send a notice to somebody else. Source: RFC 5321, 4.1.2 (Dot-string) and 4.5.3.1.
    """
    fits = len(text) <= _LONGEST_MAIL and text.find("@") <= _LONGEST_NAME
    return fits and re.fullmatch(_PLAIN_MAIL, text) is not None


def find_mail_address(text: str) -> str | None:
    """Return the first mail address in what people wrote, such as `Duty <duty@hill.example>`."""
    words = re.split(r"[\s<>()\[\]\"',;]+", text)
    tidy = (word.removeprefix("mailto:").strip(".:") for word in words)
    return next((word for word in tidy if is_mail_address(word)), None)


def _mail_address(text: str) -> str:
    if not is_mail_address(text):
        raise ValueError("a plain mail address is expected, such as a.khan@example.org")
    return text


MailAddress = Annotated[str, AfterValidator(_mail_address)]
"""An address of the plain form that every mail server takes. Source: RFC 5321, 4.1.2 and 4.5.3."""


Language = Literal["en", "ur"]
"""The languages in which people are written to."""


class Person(Model):
    """Somebody who acts, with the key by which their signatures are known."""

    code: Code
    name: str
    public_key: PublicKey = ""
    """Under the empty one nothing is signed: whoever needs a key makes it first."""
    invited_at: Moment
    disabled_at: Moment | None = None
    mail: MailAddress | None = None
    """Where notices go; without one they wait on the portal alone."""
    language: Language | None = None
    """In which this person is written to; None is English."""


class Membership(Model):
    """A role that a person holds, for one institution, for a sector, or (neither) at the centre."""

    person: Code
    role: Role
    institution: Code | None = None
    sector: Code | None = None
    valid_from: Moment
    valid_until: Moment | None = None
    acting_for: Code | None = None
    """Whose role it is, where this person stands in for somebody."""
