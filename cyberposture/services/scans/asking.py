"""An institution asks to be looked at again after a repair: sooner, never past schedule or gate.

What is asked for is only due sooner. Its turn, its windows and the gate stay as they are.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from cyberposture.errors import Fault, InvalidInput, WrongState
from cyberposture.services.register import Register
from cyberposture.services.scanner import Scanner
from cyberposture.services.scans.turns import Opening, estimate, look_for_opening
from cyberposture.services.schedule.due import EXTERNAL, POSTURE
from cyberposture.store import due as store
from cyberposture.store import institutions
from cyberposture.store.audit_search import Wanted, search_entries

MOST_A_DAY: Final = 20
"""So many addresses may be asked for within 24 hours. Source: our own default."""
ASKED: Final = "look-asked-for"
"""The kind of the audit entry of each request."""
WHY: Final = "asked for by the institution"


@dataclass(frozen=True)
class Room:
    """Whether may be asked now: how many addresses more, and when may be looked at."""

    left: int
    opening: Opening


@dataclass(frozen=True)
class Asked:
    """What was asked for: the addresses that are due now."""

    addresses: tuple[str, ...]
    left: int


def room_of(register: Register, scanner: Scanner, institution: str) -> Room:
    """Return how much may still be asked for, and what keeps the institution from its turn.

    Raises:
        NotFound: the institution is not in the register.
    """
    now = register.clock()
    with register.reading() as connection:
        owner = institutions.get_institution_id(connection, institution)
        left = _left(connection, institution, now)
        opening = look_for_opening(connection, owner, now, estimate(register, scanner))
    return Room(left, opening)


def ask(
    register: Register, institution: str, addresses: Collection[str], *, reason: str = ""
) -> Asked:
    """Have declared addresses of an institution looked at as soon as its turn and windows allow.

    Raises:
        InvalidInput: none is named, or one of them is in no schedule.
        NotFound: the institution is not in the register.
        WrongState: so many were asked for within a day already.
    """
    wanted = tuple(dict.fromkeys(addresses))
    if not wanted:
        raise InvalidInput(Fault("addresses", "name one at least"))
    with register.change(ASKED, institution, reason=reason) as change:
        owner = institutions.get_institution_id(change.connection, institution)
        change.institution_id = owner
        left = _left(change.connection, institution, change.now)
        if len(wanted) > left:
            raise WrongState(
                f"{left} of {MOST_A_DAY} addresses a day are left to be asked for",
                advice="ask for the rest tomorrow; each is looked at by itself as well",
            )
        faults: list[Fault] = []
        for address in wanted:
            found = store.find_due(change.connection, owner, address, POSTURE, EXTERNAL)
            if found is None:
                faults.append(Fault("addresses", f"{address[:60]!r} is in no schedule"))
            elif found.due_at > change.now:
                sooner = replace(found, due_at=change.now, attempts=0, why=WHY)
                store.record_due(change.connection, sooner)
        if faults:
            raise InvalidInput(faults, advice="declare it, then it is looked at by itself")
        change.tell(addresses=list(wanted))
    return Asked(wanted, left - len(wanted))


def _left(connection: Connection, institution: str, now: datetime) -> int:
    lately = Wanted(kind=ASKED, subject=institution, since=now - timedelta(days=1))
    given = sum(len(entry.data["addresses"]) for entry in search_entries(connection, lately))
    return max(0, MOST_A_DAY - given)
