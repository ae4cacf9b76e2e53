"""The key with which a person signs: made when it is needed, handed out once, kept by nobody else.

The register keeps the public half only. Whoever loses the private half makes a new key; what was
signed with the old one stays checkable by the keys that were in force.
"""

from cyberposture.errors import WrongState
from cyberposture.scanning.permission.signing import generate_key_pair
from cyberposture.services.people.signing_in import require_active
from cyberposture.services.register import Register
from cyberposture.store import people


def has_signing_key(register: Register, code: str) -> bool:
    """Return whether a person made a signing key.

    Raises:
        NotFound: there is no such person.
    """
    with register.reading() as connection:
        return bool(people.get_person(connection, code).person.public_key)


def make_signing_key(register: Register, code: str, *, reason: str = "") -> str:
    """Make a person's signing key and return its private half, this one time.

    Raises:
        NotFound: there is no such person.
        NotAuthorised: they act no more.
        WrongState: they have a key, and no reason was given for another one.
    """
    pair = generate_key_pair()
    with register.change("signing-key-made", code, reason=reason) as change:
        record = people.get_person(change.connection, code)
        require_active(record)
        if record.person.public_key and not reason.strip():
            raise WrongState(
                f"{code} has a signing key already",
                advice="say why a new one is needed, such as: the old one was lost",
            )
        people.record_key(change.connection, code, pair.public_key, change.by)
        change.tell(public_key=pair.public_key)
    return pair.private_key
