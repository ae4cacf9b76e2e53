"""Findings as people list and read them: their clocks, what waits for whom, and every event."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.model.findings import STANDING, FindingState, Life
from cyberposture.services.findings.standing import counts_from, repair_days
from cyberposture.services.register import Register
from cyberposture.store import findings as store
from cyberposture.store import institutions
from cyberposture.store.findings import FindingEvent, FindingRecord


@dataclass(frozen=True)
class FindingHistory:
    """One finding with its events, oldest first."""

    finding: FindingRecord
    events: tuple[FindingEvent, ...]


@dataclass(frozen=True)
class FindingView:
    """One finding as it stands now, with its institution and its clocks."""

    institution: str
    finding: FindingRecord
    is_urgent: bool
    repair_by: datetime | None
    """When it enters the score unless it is gone; None: it is closed, or its check is no more."""
    waits_for: str
    """What somebody has to do about it: decide a dispute or a proposal, acknowledge; or ''."""
    acknowledged_at: datetime | None


@dataclass(frozen=True)
class ErrorRate:
    """How often a check was wrong, by the disputes about it that were decided."""

    check: str
    findings: int
    """How many findings it ever opened."""
    disputed: int
    upheld: int
    overturned: int
    lapsed: int
    """How many disputes were not decided in time."""

    @property
    def rate_bp(self) -> int | None:
        """Overturned of those decided, in basis points; None where none was decided."""
        decided = self.upheld + self.overturned
        return None if not decided else (20_000 * self.overturned + decided) // (2 * decided)


def list_findings(
    register: Register, institution: str | None = None, state: FindingState | None = None
) -> list[FindingRecord]:
    """Return findings by first sight.

    Raises:
        NotFound: the institution is not in the register.
    """
    with register.reading() as connection:
        institution_id = institutions.get_owner_id(connection, institution)
        states = None if state is None else (state,)
        return store.list_findings(connection, institution_id=institution_id, states=states)


def get_history(register: Register, code: str) -> FindingHistory:
    """Return one finding with its events.

    Raises:
        NotFound: there is no such finding.
    """
    with register.reading() as connection:
        finding = store.get_finding(connection, code)
        events = store.list_events(connection, finding_id=finding.id)
        return FindingHistory(finding, tuple(events))


def list_views(
    register: Register, institution: str | None = None, state: FindingState | None = None
) -> list[FindingView]:
    """Return findings by first sight, each with its clocks.

    Raises:
        NotFound: the institution is not in the register.
    """
    now = register.clock()
    with register.reading() as connection:
        wanted = institutions.get_owner_id(connection, institution)
        present = store.list_findings(connection, institution_id=wanted)
        owners = dict.fromkeys(one.key.institution_id for one in present)
        found = [view for owner in owners for view in _views_of(register, connection, owner, now)]
    kept = [one for one in found if state is None or one.finding.state == state]
    return sorted(kept, key=lambda one: (one.finding.first_seen, one.finding.code))


def _views_of(
    register: Register, connection: Connection, owner: UUID, now: datetime
) -> Iterator[FindingView]:
    record = institutions.get_institution_by_id(connection, owner, as_of=now)
    clocks = register.content.catalogue.clocks(record.institution.sectors, now.date())
    lives = store.lives_at(connection, owner, as_of=now)
    for one in store.findings_at(connection, owner, now):
        check = register.content.checks.find(one.key.check)
        due = None
        if check is not None and one.state in STANDING:
            due = counts_from(one, repair_days(check, clocks, None), clocks)
        is_urgent = check is not None and check.urgent
        yield FindingView(
            institution=record.institution.code,
            finding=one,
            is_urgent=is_urgent,
            repair_by=due,
            waits_for=_waits_for(lives[one.id], is_urgent),
            acknowledged_at=lives[one.id].acknowledged_at,
        )


def _waits_for(life: Life, is_urgent: bool) -> str:
    if life.state == "disputed" and life.marked_until is not None:
        return f"a decision until {life.marked_until.date()}"
    if life.proposal is not None:
        return "a second person"
    if is_urgent and life.state == "open" and life.acknowledged_at is None:
        return "acknowledgement"
    return ""


def get_view(register: Register, code: str) -> FindingView:
    """Return one finding with its clocks.

    Raises:
        NotFound: there is no such finding.
    """
    with register.reading() as connection:
        owner = _owner_of(connection, store.get_finding(connection, code), register.clock())
    return next(one for one in list_views(register, owner) if one.finding.code == code)


def _owner_of(connection: Connection, finding: FindingRecord, now: datetime) -> str:
    found = institutions.get_institution_by_id(connection, finding.key.institution_id, as_of=now)
    return found.institution.code


def error_rates(register: Register) -> list[ErrorRate]:
    """Return how often each check that ever opened a finding was wrong, by check."""
    with register.reading() as connection:
        check_of = {one.id: one.key.check for one in store.list_findings(connection)}
        opened = Counter(check_of.values())
        counts: dict[str, Counter[str]] = {check: Counter() for check in opened}
        for event in store.list_events(connection):
            kind = "disputed" if event.state == "disputed" and event.kind == "marked" else None
            if kind or event.kind in ("upheld", "overturned", "lapsed"):
                counts[check_of[event.finding_id]][kind or event.kind] += 1
    return [
        ErrorRate(
            check, opened[check], told["disputed"], told["upheld"], told["overturned"],
            told["lapsed"],
        )
        for check, told in sorted(counts.items())
    ]  # fmt: skip
