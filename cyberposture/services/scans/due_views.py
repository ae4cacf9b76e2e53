"""What is due, why, and when next, as people read it; nothing is changed or chosen here."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.scanning.permission.windows import to_microseconds
from cyberposture.scanning.timing.turns import is_aged, urgency
from cyberposture.services.register import Register
from cyberposture.services.scanner import Scanner
from cyberposture.services.scans.turns import estimate, look_for_opening
from cyberposture.services.schedule import due
from cyberposture.store import due as store
from cyberposture.store import institutions, turns
from cyberposture.store.due import DueTarget


@dataclass(frozen=True)
class DueView:
    """One target of the schedule."""

    institution: str
    target: str
    vantage: str
    priority: int
    """From 0, the most urgent, to 500."""
    interval: str
    due_at: datetime
    is_due: bool
    is_aged: bool
    """Whether it waited so long that it goes before all others of its institution."""
    is_held: bool
    """Whether somebody sees to it now."""
    looked_at: datetime | None
    why: str


@dataclass(frozen=True)
class InstitutionView:
    """How an institution stands in the schedule."""

    institution: str
    may_start: bool
    """Whether it may be scanned now, as far as calendar, stops and letters tell."""
    not_before: datetime | None
    keeps_from: str
    """What keeps it from its turn, if anything."""
    visits: dict[str, int]
    """By vantage, the number of the last turn that it got."""
    deadlines: tuple[due.Deadline, ...]
    targets: tuple[DueView, ...]


def _view(institution: str, row: DueTarget, now: datetime) -> DueView:
    now_us, due_us = to_microseconds(now), to_microseconds(row.due_at)
    return DueView(
        institution=institution,
        target=row.target,
        vantage=row.vantage,
        priority=row.priority,
        interval=due.every(row.priority),
        due_at=row.due_at,
        is_due=row.due_at <= now,
        is_aged=is_aged(row.priority, due_us, now_us),
        is_held=row.held_until is not None and row.held_until > now,
        looked_at=row.looked_at,
        why=row.why,
    )


def _codes(connection: Connection, now: datetime) -> dict[UUID, str]:
    found = institutions.list_institutions(connection, as_of=now)
    return {record.id: record.institution.code for record in found}


def list_due(register: Register, institution: str | None = None) -> list[DueView]:
    """Return what is due now: by institution, and there in the order in which it will be taken.

    Raises:
        NotFound: the institution is not in the register.
    """
    now = register.clock()
    with register.reading() as connection:
        wanted = institutions.get_owner_id(connection, institution)
        found = store.list_targets(connection, institution_id=wanted, due_by=now)
        codes = _codes(connection, now)
    views = [_view(codes.get(row.institution_id, ""), row, now) for row in found]
    order = {
        id(view): (view.institution, urgency(due.Waiting(row), to_microseconds(now)))
        for view, row in zip(views, found, strict=True)
    }
    return sorted(views, key=lambda view: order[id(view)])


def list_next(register: Register, institution: str | None, limit: int) -> list[DueView]:
    """Return the targets that are due next, the soonest first.

    Raises:
        NotFound: the institution is not in the register.
    """
    now = register.clock()
    with register.reading() as connection:
        wanted = institutions.get_owner_id(connection, institution)
        found = store.list_targets(connection, institution_id=wanted, limit=limit)
        codes = _codes(connection, now)
    return [_view(codes.get(row.institution_id, ""), row, now) for row in found]


def show_institution(
    register: Register, scanner: Scanner, institution: str, address: str | None = None
) -> InstitutionView:
    """Return how an institution stands in the schedule, with all its targets or with one.

    Raises:
        NotFound: the institution is not in the register.
    """
    now = register.clock()
    with register.reading() as connection:
        institution_id = institutions.get_institution_id(connection, institution)
        rows = store.list_targets(connection, institution_id=institution_id, target=address)
        places = turns.list_turns(connection, institution_id=institution_id)
        needed = estimate(register, scanner)
        opening = look_for_opening(connection, institution_id, now, needed)
        deadlines = tuple(due.list_deadlines(connection, now))
    return InstitutionView(
        institution=institution,
        may_start=opening.not_before is None,
        not_before=opening.not_before,
        keeps_from=opening.why,
        visits={one.vantage: one.visit for one in places},
        deadlines=deadlines,
        targets=tuple(_view(institution, row, now) for row in rows),
    )
