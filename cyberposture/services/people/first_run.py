"""The first way in: a link for an administrator while nobody has an account."""

from dataclasses import dataclass

from cyberposture.services.people.signing_in import make_link
from cyberposture.services.register import Register
from cyberposture.store import accounts, people


@dataclass(frozen=True)
class FirstLink:
    """For whom a link is, and its secret part."""

    person: str
    token: str


def make_first_link(register: Register) -> FirstLink | None:
    """Return a link for the administrator who was invited first, where nobody can come in yet.

    Links that this person had before open nothing any more.
    """
    with register.reading() as connection:
        if accounts.has_account(connection):
            return None
        held = people.list_memberships(
            connection, as_of=register.clock(), role="cert-administrator"
        )
        known = {record.id: record.person for record in people.list_people(connection)}
    active = [known[one.person_id] for one in held if known[one.person_id].disabled_at is None]
    if not active:
        return None
    first = min(active, key=lambda person: (person.invited_at, person.code))
    return FirstLink(first.code, make_link(register, first.code, reason="nobody can come in yet"))
