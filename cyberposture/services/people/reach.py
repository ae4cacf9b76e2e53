"""How far a role reaches: the sectors of an institution, and what a reviewer was given."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from cyberposture.services.register import Register
from cyberposture.store.institutions import (
    find_institution,
    find_institution_id,
    list_institutions,
)
from cyberposture.store.review_assignments import list_assignments

NOBODY: Final = UUID(int=0)
"""No institution has this key: behind its fence, nobody's rows are there."""


def sectors_of(register: Register, institution: str) -> frozenset[str]:
    """Return the sectors that an institution stands in now; none where it is not known."""
    with register.reading() as connection:
        found = find_institution(connection, institution, as_of=register.clock())
    return frozenset() if found is None else frozenset(found.institution.sectors)


def in_sectors(register: Register, sectors: Collection[str]) -> frozenset[str]:
    """Return the institutions that stand in one of these sectors now."""
    with register.reading() as connection:
        found = list_institutions(connection, as_of=register.clock())
    wanted = frozenset(sectors)
    return frozenset(
        one.institution.code for one in found if wanted.intersection(one.institution.sectors)
    )


def assigned_to(register: Register, person: str) -> frozenset[str]:
    """Return the institutions whose assessments this person was given to review."""
    with register.reading() as connection:
        return frozenset(one.institution for one in list_assignments(connection, person=person))


def fence_of(register: Register, institution: str | None) -> UUID | None:
    """Return the fence behind which only the rows of this institution are there.

    SQLite has no such fence, and None is returned. Behind the fence of none, or of one that is
    not known, nobody's rows are there.
    """
    if register.database.dialect != "postgresql":
        return None
    if institution is None:
        return NOBODY
    with register.reading() as connection:
        return find_institution_id(connection, institution) or NOBODY
