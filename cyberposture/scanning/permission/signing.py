"""Ed25519 keys of people, and the rule that an authorisation needs two of them.

A signature speaks for one kind of statement by one person at one moment about one text of terms
or one stop, so that none can be used in the place of another. Keys are handed in; none is kept.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from cyberposture.clock import to_iso
from cyberposture.errors import NotAuthorised, WrongUsage
from cyberposture.model.authorisations import AuthorisationTerms, Grant, Receipt, Withdrawal
from cyberposture.model.people import Person

Kind = Literal["receipt", "grant", "withdrawal"]


class KeyPair(NamedTuple):
    """An Ed25519 key pair, each key 32 bytes in hexadecimal."""

    private_key: str
    public_key: str


def generate_key_pair() -> KeyPair:
    """Return a new key pair from the system's source of randomness."""
    private = Ed25519PrivateKey.generate()
    public = private.public_key()
    return KeyPair(private.private_bytes_raw().hex(), public.public_bytes_raw().hex())


def terms_digest(terms: AuthorisationTerms) -> str:
    """Return the SHA-256 of the terms' canonical JSON, in hexadecimal.

    Source: RFC 8785, JSON Canonicalization Scheme, June 2020.
    """
    return hashlib.sha256(rfc8785.dumps(terms.document())).hexdigest()


def signed_text(
    kind: Kind, terms: AuthorisationTerms, person: str, at: datetime, **said: str
) -> bytes:
    """Return the bytes that a person signs: canonical JSON of the statement with its terms.

    `said` is what else the statement holds: of a withdrawal, its `reason` and `withdrawn_by`.
    """
    return rfc8785.dumps(
        {
            "statement": kind,
            "terms": terms.document(),
            "person": person,
            "at": to_iso(at),
            **said,
        }
    )


def resumption_text(stop: str, scope: str, person: str, role: str, at: datetime) -> bytes:
    """Return the bytes that a person signs who agrees, in a role, that a stop may end.

    `scope` is what was stopped, such as `all` or `cidr 127.0.0.0/8`.
    """
    return rfc8785.dumps(
        {
            "statement": "resumption",
            "stop": stop,
            "scope": scope,
            "person": person,
            "role": role,
            "at": to_iso(at),
        }
    )


def record_text(record: dict[str, Any], role: str, person: str, at: datetime) -> bytes:
    """Return the bytes that a person signs who records or confirms what a procedure showed.

    `role` is `recorder` or `confirmer`; `record` is the whole record as plain values.
    """
    return rfc8785.dumps({"statement": role, "record": record, "person": person, "at": to_iso(at)})


def public_half(private_key: str) -> str:
    """Return the public key that belongs to a private one, in hexadecimal.

    Raises:
        WrongUsage: the key is not 32 bytes in hexadecimal.
    """
    return _private(private_key).public_key().public_bytes_raw().hex()


def sign(private_key: str, text: bytes) -> str:
    """Return the signature of `text` in hexadecimal.

    Raises:
        WrongUsage: the key is not 32 bytes in hexadecimal.
    """
    return _private(private_key).sign(text).hex()


def _private(private_key: str) -> Ed25519PrivateKey:
    try:
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(private_key))
    except ValueError as error:
        raise WrongUsage("a private key is 32 bytes in hexadecimal") from error


def require_signature(public_key: str, signature: str, text: bytes) -> None:
    """Return if `signature` is that of `text` under this key.

    Raises:
        NotAuthorised: `bad-signature`.
    """
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
        key.verify(bytes.fromhex(signature), text)
    except (InvalidSignature, ValueError) as error:
        raise NotAuthorised("bad-signature", "the signature is not of this text and key") from error


def sign_receipt(private_key: str, terms: AuthorisationTerms, person: str, at: datetime) -> Receipt:
    """Return the receiver's signed word on the terms."""
    signature = sign(private_key, signed_text("receipt", terms, person, at))
    return Receipt(terms_sha256=terms_digest(terms), person=person, at=at, signature=signature)


def sign_grant(private_key: str, terms: AuthorisationTerms, person: str, at: datetime) -> Grant:
    """Return the second person's signed grant of the terms."""
    signature = sign(private_key, signed_text("grant", terms, person, at))
    return Grant(terms_sha256=terms_digest(terms), person=person, at=at, signature=signature)


def require_two_people(
    terms: AuthorisationTerms, receipt: Receipt, grant: Grant, people: Mapping[str, Person]
) -> None:
    """Return if one person received these very terms and another granted them, both by their keys.

    `people` holds those who may act, by code.

    Raises:
        NotAuthorised: `other-terms`, `other-receiver`, `same-person`, `granted-before-receipt`,
            `unknown-person`, `disabled-person`, `bad-signature`.
    """
    digest = terms_digest(terms)
    if receipt.terms_sha256 != digest or grant.terms_sha256 != digest:
        raise NotAuthorised("other-terms", "the terms are not those that were signed")
    if receipt.person != terms.received_by:
        raise NotAuthorised("other-receiver", f"the terms name {terms.received_by} as receiver")
    receiver = _acting(people, receipt.person, receipt.at)
    granter = _acting(people, grant.person, grant.at)
    # Two codes that share a key are one person as well.
    if receiver.public_key == granter.public_key:
        raise NotAuthorised("same-person", "who received the letter cannot grant it")
    if grant.at < receipt.at:
        raise NotAuthorised("granted-before-receipt")
    received = signed_text("receipt", terms, receipt.person, receipt.at)
    require_signature(receiver.public_key, receipt.signature, received)
    granted = signed_text("grant", terms, grant.person, grant.at)
    require_signature(granter.public_key, grant.signature, granted)


def _acting(people: Mapping[str, Person], code: str, at: datetime) -> Person:
    person = people.get(code)
    if person is None or person.code != code:
        raise NotAuthorised("unknown-person", f"{code} has no key in the register")
    if at < person.invited_at or (person.disabled_at is not None and at >= person.disabled_at):
        raise NotAuthorised("disabled-person", f"{code} could not sign at {to_iso(at)}")
    return person


def sign_withdrawal(
    private_key: str,
    terms: AuthorisationTerms,
    person: str,
    at: datetime,
    *,
    withdrawn_by: str,
    reason: str,
) -> Withdrawal:
    """Return a signed withdrawal of the terms. An unsigned one holds as well."""
    said = {"reason": reason, "withdrawn_by": withdrawn_by}
    return Withdrawal(
        terms_sha256=terms_digest(terms),
        person=person,
        at=at,
        **said,
        signature=sign(private_key, signed_text("withdrawal", terms, person, at, **said)),
    )


def require_withdrawal(
    terms: AuthorisationTerms, withdrawal: Withdrawal, people: Mapping[str, Person]
) -> None:
    """Return if its recorder signed the withdrawal. An audit asks; the gate must not wait for it.

    Raises:
        NotAuthorised: `other-terms`, `unknown-person`, `disabled-person`, `bad-signature`.
    """
    if withdrawal.terms_sha256 != terms_digest(terms):
        raise NotAuthorised("other-terms", "the withdrawal is of other terms")
    recorder = _acting(people, withdrawal.person, withdrawal.at)
    if withdrawal.signature is None:
        raise NotAuthorised("bad-signature", "the withdrawal was recorded without a signature")
    text = signed_text(
        "withdrawal",
        terms,
        withdrawal.person,
        withdrawal.at,
        reason=withdrawal.reason,
        withdrawn_by=withdrawal.withdrawn_by,
    )
    require_signature(recorder.public_key, withdrawal.signature, text)
