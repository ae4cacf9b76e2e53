"""Who may do what: the one table of roles and actions, and the one question that every route asks.

What is not in the table is denied. A route names its action; where it names an institution as well,
a role that is held for another institution does not count.
"""

from collections.abc import Iterable
from typing import Final, Literal, get_args

from cyberposture.model.people import Membership, Role

Action = Literal["see-home", "see-answers", "answer", "see-people", "invite-people"]
Reach = Literal["own", "all"]
"""Only the institution that the role is held for, or every institution."""

_INSTITUTION: Final = ("institution-lead", "helper", "contributor")

ACCESS: Final[dict[Action, dict[Role, Reach]]] = {
    "see-home": dict.fromkeys(get_args(Role), "own"),
    "see-answers": {
        **dict.fromkeys((*_INSTITUTION, "signatory", "observer"), "own"),
        "reviewer": "all",
    },
    "answer": dict.fromkeys(_INSTITUTION, "own"),
    "see-people": {"cert-administrator": "all", "institution-lead": "own"},
    "invite-people": {"cert-administrator": "all", "institution-lead": "own"},
}


def may(memberships: Iterable[Membership], action: Action, institution: str | None = None) -> bool:
    """Return whether one of the roles held now allows the action (for this institution)."""
    reach = ACCESS[action]
    for one in memberships:
        allowed = reach.get(one.role)
        if allowed == "all" or (allowed == "own" and institution in (None, one.institution)):
            return True
    return False
