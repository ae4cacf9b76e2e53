"""Who speaks for an institution about its results: its lead and its signatory, and nobody else."""

from uuid import UUID

from cyberposture.errors import Fault, InvalidInput, NotAuthorised
from cyberposture.model.people import Role
from cyberposture.services.people.roles import require_role
from cyberposture.services.register import Change
from cyberposture.store import people

SPEAKERS: frozenset[Role] = frozenset({"institution-lead", "signatory"})
LEADS: frozenset[Role] = frozenset({"institution-lead"})


def require_of(change: Change, institution_id: UUID, roles: frozenset[Role]) -> None:
    """Return if whoever acts holds one of the roles at this institution now.

    Raises:
        NotFound: there is no such person.
        NotAuthorised: they hold none of the roles, or hold it elsewhere.
    """
    actor = change.by.actor
    require_role(change.connection, actor, roles, change.now)
    held = people.list_memberships(change.connection, as_of=change.now, person=actor)
    if not any(one.membership.role in roles and one.institution_id == institution_id
               for one in held):  # fmt: skip
        raise NotAuthorised("other-institution", f"{actor} does not speak for this institution")


def require_reason(reason: str, where: str = "reason") -> str:
    """Return the reason without blanks around it.

    Raises:
        InvalidInput: there is none.
    """
    text = reason.strip()
    if not text:
        raise InvalidInput(Fault(where, "say why; it is kept and shown"))
    return text
