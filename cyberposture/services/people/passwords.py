"""Passwords and the other secrets of the door: how they are made, hashed and compared."""

import hashlib
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from cyberposture.errors import Fault, InvalidInput
from cyberposture.model.people import Person

SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 128
RECOVERY_CODES = 10
_HASHER = PasswordHasher()
NOBODY = _HASHER.hash(secrets.token_urlsafe())
"""Compared with where there is no account, so that its lack does not show in the time it takes."""


def digest_of(token: str) -> str:
    """Return what is kept of a secret that only its owner holds."""
    return hashlib.sha256(token.encode()).hexdigest()


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password."""
    return _HASHER.hash(password)


def matches(stored: str, password: str) -> bool:
    """Return whether this is the password; no password opens an account that has none."""
    try:
        return _HASHER.verify(stored or NOBODY, password[:LONGEST_PASSWORD]) and bool(stored)
    except (VerificationError, InvalidHashError):
        return False


def require_good(password: str, person: Person, *, field: str = "password") -> None:
    """Return if a password is not easily guessed.

    Raises:
        InvalidInput: it is too short, too long, or the person's own name.
    """
    own = {person.code.lower(), person.name.lower()}
    if len(password) < SHORTEST_PASSWORD:
        problem = f"at least {SHORTEST_PASSWORD} characters; three or four words do well"
    elif len(password) > LONGEST_PASSWORD:
        problem = f"at most {LONGEST_PASSWORD} characters"
    elif password.lower() in own or len(set(password)) < 4:
        problem = "this is easily guessed; three or four words that belong to no saying do well"
    else:
        return
    raise InvalidInput(Fault(field, problem))


def make_recovery_codes() -> tuple[str, ...]:
    """Return new codes as people read them."""
    codes = (secrets.token_hex(5) for _ in range(RECOVERY_CODES))
    return tuple(f"{code[:5]}-{code[5:]}" for code in codes)


def digest_of_code(code: str) -> str:
    """Return what is kept of a recovery code, however it was typed."""
    return digest_of(code.strip().replace("-", "").replace(" ", "").lower())
