"""The code on a notice with which anybody may stop the checks of one institution.

The register keeps its digest for comparing, and the code itself as an encrypted file, so that it
stands on each notice of that institution until it is renewed.
"""

import hashlib
import secrets
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.errors import NotFound
from cyberposture.services.register import Change, Register
from cyberposture.store import stops

KIND = "stop-code"
_LETTERS = "23456789abcdefghjkmnpqrstvwxyz"
"""Digits and letters that are not mistaken for one another on the telephone."""
_LENGTH = 12
"""58 bits of chance: not guessed, and short enough to be read out."""
_GROUP = 4


def bare(code: str) -> str:
    """Return a code as it is compared: letter case, spaces and hyphens count for nothing."""
    return "".join(letter for letter in code.lower() if letter.isalnum())


def spelled(code: str) -> str:
    """Return a code as it is printed, in groups."""
    return "-".join(code[start : start + _GROUP] for start in range(0, len(code), _GROUP))


def current(register: Register, change: Change, institution_id: UUID) -> str:
    """Return the code that stands on an institution's notices; one is made where there is none."""
    digest = stops.find_stop_code(change.connection, institution_id)
    if digest is None:
        return renew(register, change, institution_id)
    return register.blobs.get(change.connection, institution_id, KIND, digest).decode()


def renew(register: Register, change: Change, institution_id: UUID) -> str:
    """Make a new code for an institution and return it; the one before stops nothing any more."""
    code = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
    digest = register.blobs.put(change.connection, institution_id, KIND, code.encode(), change.by)
    stops.issue_stop_code(change.connection, institution_id, digest, change.by)
    return code


def find_owner(connection: Connection, code: str) -> UUID:
    """Return the institution whose checks a code stops.

    Raises:
        NotFound: it is nobody's, or was renewed; the code itself is not repeated.
    """
    digest = hashlib.sha256(bare(code).encode()).hexdigest()
    found = stops.find_institution_by_stop_code(connection, digest)
    if found is None:
        raise NotFound(
            "stop code",
            "as given",
            advice="cyberposture scan stop --address ADDRESS needs no code; or ring the duty desk",
        )
    return found
