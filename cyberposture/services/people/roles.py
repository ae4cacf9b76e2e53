"""Who may do what: the one question whether a person holds a role now, asked before any change."""

from datetime import datetime

from sqlalchemy import Connection

from cyberposture.errors import NotAuthorised, NotFound
from cyberposture.model.people import Person, Role
from cyberposture.services.register import Change
from cyberposture.store import people

CERT: frozenset[Role] = frozenset({"cert-analyst", "cert-administrator"})
"""The central CERT, which keeps catalogue, register and indicators."""
ADMINISTRATORS: frozenset[Role] = frozenset({"cert-administrator"})
"""Who runs rounds, gives reviews to people and releases results."""
REVIEWERS: frozenset[Role] = frozenset({"reviewer"})


def require_role(
    connection: Connection, code: str, roles: frozenset[Role], now: datetime
) -> Person:
    """Return the person, who must hold one of the roles now.

    Raises:
        NotFound: there is no such person.
        NotAuthorised: the person holds none of the roles, or acts no more.
    """
    record = people.get_person(connection, code)
    held = people.list_held(connection, code, as_of=now)
    if record.person.disabled_at is not None:
        raise NotAuthorised("disabled-person", f"{code} acts no more")
    if not any(one.membership.role in roles for one in held):
        raise NotAuthorised("wrong-role", f"{code} is none of: {', '.join(sorted(roles))}")
    return record.person


def require_cert(change: Change) -> None:
    """Return if whoever acts in this change is of the CERT.

    Raises:
        NotFound: whoever acts is not in the register.
        NotAuthorised: they are not of the CERT, or act no more.
    """
    try:
        require_role(change.connection, change.by.actor, CERT, change.now)
    except NotFound as error:
        raise NotFound("person", error.name, advice="say who acts: --by PERSON") from error


def administrators(connection: Connection, now: datetime) -> set[str]:
    """Return the CERT's administrators who act now."""
    held = people.list_memberships(connection, as_of=now, role="cert-administrator")
    return {
        one.membership.person
        for one in held
        if people.get_person(connection, one.membership.person).person.disabled_at is None
    }
