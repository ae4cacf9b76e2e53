"""Whose network somebody may look at on a page that names no institution in its address."""

from cyberposture.services.people.reach import assigned_to, in_sectors
from cyberposture.web.access import ACCESS, Action
from cyberposture.web.surroundings import Visit


def institutions_open(visit: Visit, action: Action) -> frozenset[str] | None:
    """Return the institutions to which an action is open for this person; None: to all."""
    reach = ACCESS[action]
    held = [one for one in visit.person.memberships if one.role in reach]
    if any(reach[one.role] == "all" for one in held):
        return None
    own = {one.institution for one in held if reach[one.role] == "own" and one.institution}
    sectors = {one.sector for one in held if reach[one.role] == "sector" and one.sector}
    if sectors:
        own |= in_sectors(visit.register, sectors)
    if any(reach[one.role] == "assigned" for one in held):
        own |= assigned_to(visit.register, visit.person.person)
    return frozenset(own)
