"""Second factors: the codes of authenticators, the signatures of security keys, recovery codes."""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import pyotp
from sqlalchemy import Connection
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import PublicKeyCredentialDescriptor

from cyberposture.errors import Fault, InvalidInput
from cyberposture.model.people import Person
from cyberposture.services.people.passwords import digest_of_code
from cyberposture.services.register import Change, Register
from cyberposture.store import accounts, factors
from cyberposture.store.factors import FactorRecord

STEP_S = 30
_SECRET = "second-factor"
NAME = "cyberposture"


@dataclass(frozen=True)
class Place:
    """Where the portal is, as browsers name it: security keys sign for no other place."""

    origin: str
    """Such as `https://posture.example`."""

    @property
    def host(self) -> str:
        """The host alone."""
        return self.origin.partition("://")[2].rpartition(":")[0] or self.origin.partition("://")[2]


@dataclass(frozen=True)
class Enrolment:
    """A begun authenticator: the seed to put into it, as text and as its usual link."""

    person: str
    seed: str
    uri: str


def add_authenticator(register: Register, change: Change, person_id: UUID, name: str) -> UUID:
    """Keep a new seed; it opens nothing until one of its codes was shown. Return its key."""
    seed = pyotp.random_base32().encode()
    sha256 = register.blobs.put(change.connection, None, _SECRET, seed, change.by)
    return factors.insert_factor(
        change.connection, person_id, change.by, kind="authenticator", name=name,
        secret_sha256=sha256,
    )  # fmt: skip


def enrolment_of(
    register: Register, connection: Connection, person: Person, factor: FactorRecord
) -> Enrolment:
    """Return what an authenticator has to be told."""
    seed = _seed_of(register, connection, factor)
    uri = pyotp.TOTP(seed).provisioning_uri(name=person.code, issuer_name=NAME)
    return Enrolment(person.code, seed, uri)


def _seed_of(register: Register, connection: Connection, factor: FactorRecord) -> str:
    assert factor.secret_sha256 is not None  # an authenticator has one
    return register.blobs.get(connection, None, _SECRET, factor.secret_sha256).decode()


def step_of(
    register: Register, connection: Connection, factor: FactorRecord, code: str, now: datetime
) -> int | None:
    """Return the time step whose code this is: now or one step before or after, never used yet."""
    authenticator = pyotp.TOTP(_seed_of(register, connection, factor))
    present = int(now.timestamp()) // STEP_S
    given = "".join(code.split()).encode()
    for step in (present, present - 1, present + 1):
        shown = authenticator.generate_otp(step).encode()
        if step > factor.count and hmac.compare_digest(shown, given):
            return step
    return None


def shows_code(register: Register, change: Change, person_id: UUID, code: str) -> str | None:
    """Use up the code of one of a person's authenticators, or a recovery code.

    Return how the factor was shown (`signed-in`, `recovered`), or None where it is neither.
    """
    connection, now = change.connection, change.now
    for factor in factors.list_factors(connection, person_id):
        if factor.kind != "authenticator":
            continue
        step = step_of(register, connection, factor, code, now)
        if step is not None:
            factors.record_use(connection, factor.id, step, now)
            return "signed-in"
    if accounts.use_recovery_code(connection, person_id, digest_of_code(code), now):
        return "recovered"
    return None


def has_key(connection: Connection, person_id: UUID) -> bool:
    """Return whether a person has a security key that opens the door."""
    return any(one.kind == "key" for one in factors.list_factors(connection, person_id))


def challenge_of(token: str) -> bytes:
    """Return what a security key has to sign, which follows from the secret of the step."""
    return hmac.digest(token.encode(), b"security key", "sha256")


def options_for_new_key(
    connection: Connection, person_id: UUID, person: Person, place: Place, token: str
) -> str:
    """Return the JSON by which a browser asks for a new security key."""
    held = factors.list_factors(connection, person_id)
    known = [
        PublicKeyCredentialDescriptor(id=base64url_to_bytes(one.credential))
        for one in held
        if one.credential is not None
    ]
    return options_to_json(
        generate_registration_options(
            rp_id=place.host, rp_name=NAME, user_name=person.code, user_id=person_id.bytes,
            user_display_name=person.name, challenge=challenge_of(token), exclude_credentials=known,
        )
    )  # fmt: skip


def options_for_key(connection: Connection, person_id: UUID, place: Place, token: str) -> str:
    """Return the JSON by which a browser asks for one of a person's security keys."""
    known = [
        PublicKeyCredentialDescriptor(id=base64url_to_bytes(one.credential))
        for one in factors.list_factors(connection, person_id)
        if one.credential is not None
    ]
    return options_to_json(
        generate_authentication_options(
            rp_id=place.host, challenge=challenge_of(token), allow_credentials=known
        )
    )


def add_key(change: Change, person_id: UUID, name: str, place: Place, *, token: str,
            response: str) -> None:  # fmt: skip
    """Keep the security key that answered; it opens the door from now on.

    Raises:
        InvalidInput: what came is not the answer of a key to what was asked, here.
        WrongState: the key is known already.
    """
    try:
        made = verify_registration_response(
            credential=response, expected_challenge=challenge_of(token),
            expected_rp_id=place.host, expected_origin=place.origin,
        )  # fmt: skip
    except WebAuthnException as error:
        raise InvalidInput(Fault("key", "the security key did not answer as asked")) from error
    factors.insert_factor(
        change.connection, person_id, change.by, kind="key", name=name,
        credential=bytes_to_base64url(made.credential_id),
        public_key=bytes_to_base64url(made.credential_public_key),
        count=made.sign_count, confirmed_at=change.now,
    )  # fmt: skip


def shows_key(
    change: Change, person_id: UUID, place: Place, *, token: str, response: str
) -> str | None:
    """Return `signed-in` where one of the person's keys signed what was asked, else None."""
    for factor in factors.list_factors(change.connection, person_id):
        if factor.kind != "key" or factor.credential is None or factor.public_key is None:
            continue
        try:
            shown = verify_authentication_response(
                credential=response, expected_challenge=challenge_of(token),
                expected_rp_id=place.host, expected_origin=place.origin,
                credential_public_key=base64url_to_bytes(factor.public_key),
                credential_current_sign_count=factor.count,
            )  # fmt: skip
        except WebAuthnException:
            continue
        if bytes_to_base64url(shown.credential_id) == factor.credential:
            count = shown.new_sign_count
            factors.record_use(change.connection, factor.id, count, change.now)
            return "signed-in"
    return None


def new_token() -> str:
    """Return the secret of a step that is half done."""
    return secrets.token_urlsafe(32)
