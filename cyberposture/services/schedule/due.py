"""When each declared address is looked at next: entered when it is declared, moved by each look.

It chooses nothing and sends nothing; see `turns`.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.model.checks import Check, Severity
from cyberposture.model.institutions import Declaration
from cyberposture.model.observations import Fact, Judgement
from cyberposture.scanning.permission.windows import to_microseconds, to_moment
from cyberposture.scanning.timing.intervals import (
    CALMEST,
    DAY_US,
    HOUR_US,
    OF_SEVERITY,
    calmest_within,
    interval_us,
    rank_of,
)
from cyberposture.scanning.timing.looks import (
    HELD_BACK_US,
    RETRIES_US,
    Look,
    Place,
    after_look,
    first_place,
    pulled_ahead,
)
from cyberposture.services.register import Register
from cyberposture.store import due as store
from cyberposture.store import institutions, rounds, schedules
from cyberposture.store.due import DueTarget
from cyberposture.store.scans import ScanRecord

POSTURE: Final = "posture"
"""What a host is looked at with: all stages of a scan, by whatever its letters allow."""
EXTERNAL: Final = "external"
MARGIN_US = 7 * DAY_US
"""So much earlier than its evidence grows too old is a target due at the latest: time for queues
and a weekly window. Source: our own default."""
ROUND_FRESH_DAYS = 30
"""So old may evidence be at the end of a round. Source: our own default."""
KNOWN_EXPLOITED: Final = "known-exploited"
"""The told fact that says of a host that a product of it is known to be exploited."""
_CONCLUSIVE = frozenset({"pass", "fail", "not-applicable"})


@dataclass(frozen=True)
class Deadline:
    """A date at which evidence must be fresh, and how old it may be then."""

    title: str
    at: datetime
    age: timedelta


@dataclass(frozen=True)
class Seen:
    """What one scan came to, as far as the schedule is concerned."""

    looked_at: Mapping[str, datetime]
    judgements: Sequence[Judgement]
    facts: Sequence[Fact]


@dataclass(frozen=True)
class Waiting:
    """A target of the due table as the rules of turns see it."""

    due: DueTarget

    @property
    def priority(self) -> int:
        """From 0, the most urgent."""
        return self.due.priority

    @property
    def due_us(self) -> int:
        """Since when it waits."""
        return to_microseconds(self.due.due_at)

    @property
    def rank(self) -> int:
        """Its place among those of one moment."""
        return self.due.rank


def key_of(target: str, technique: str, vantage: str) -> str:
    """Return what jitter and rank of a target are derived from."""
    return f"{target} {technique} {vantage}"


def place_of(due: DueTarget) -> Place:
    """Return where a target stands, for the rules of timing."""
    looked = None if due.looked_at is None else to_microseconds(due.looked_at)
    return Place(due.priority, to_microseconds(due.due_at), due.cycle, due.attempts, looked)


def _moved(due: DueTarget, place: Place, why: str) -> DueTarget:
    return replace(
        due,
        priority=place.priority,
        due_at=to_moment(place.due_us),
        cycle=place.cycle,
        attempts=place.attempts,
        looked_at=None if place.looked_us is None else to_moment(place.looked_us),
        held_until=None,
        why=why,
    )


def vantages_in_use(connection: Connection) -> tuple[str, ...]:
    """Return the vantages from which targets are looked at: external, and what schedules name."""
    named = (
        str(row.arguments.get("vantage") or EXTERNAL)
        for row in schedules.list_schedules(connection, enabled_only=True)
        if row.kind == "due"
    )
    return tuple(dict.fromkeys([EXTERNAL, *named]))


def _targets(declaration: Declaration, vantage: str) -> tuple[str, ...]:
    """Return what is looked at from a vantage: from inside only what is declared to lie inside."""
    if vantage == EXTERNAL:
        return declaration.addresses()
    hosts = (host for host in declaration.hosts() if host.zone is not None)
    return tuple(dict.fromkeys(address for host in hosts for address in host.addresses))


def enter_declared(
    connection: Connection,
    institution_id: UUID,
    declaration: Declaration,
    now: datetime,
    vantages: Collection[str],
) -> tuple[int, int]:
    """Bring the due table in line with what is declared; return how many entered and how many left.

    What is declared still keeps its place. Who is no longer active is handed in as declaring
    nothing.
    """
    entered = left = 0
    for vantage in vantages:
        targets = _targets(declaration, vantage)
        left += store.remove_due(connection, institution_id, keep=targets, vantage=vantage)
        known = store.list_targets(connection, institution_id=institution_id)
        present = {one.target for one in known if one.vantage == vantage}
        for target in targets:
            if target not in present:
                new = _first(institution_id, target, vantage, now)
                entered += store.insert_due(connection, new)
    return entered, left


def _first(institution_id: UUID, target: str, vantage: str, now: datetime) -> DueTarget:
    key = key_of(target, POSTURE, vantage)
    place = first_place(key, to_microseconds(now))
    empty = DueTarget(institution_id, target, POSTURE, vantage, 0, now, rank_of(key))
    return _moved(empty, place, "new: nobody has looked at it yet")


def record_looks(
    register: Register, connection: Connection, scan: ScanRecord, seen: Seen, now: datetime
) -> None:
    """Move every target of a scan that was judged; what nothing was sent to waits for a while.

    Targets that are in no schedule stay out of it, and a look that is older than the last one that
    counted moves nothing.
    """
    checks = {check.id: check for check in register.content.checks.checks}
    calmest = _calmest(register, connection, scan.institution_id, now)
    planned = [str(target) for target in scan.plan.get("targets", ())]
    planned += [str(one["target"]) for one in scan.plan.get("refused", ())]
    for target in dict.fromkeys([*planned, *seen.looked_at]):
        due = store.find_due(connection, scan.institution_id, target, POSTURE, scan.vantage)
        looked_at = seen.looked_at.get(target)
        if due is None:
            continue
        if looked_at is None:
            hold_back(connection, due, now, "the scan did not come to it")
        elif due.looked_at is None or looked_at > due.looked_at:
            look, worst = _look(target, looked_at, seen, checks)
            key = key_of(target, POSTURE, scan.vantage)
            place = after_look(place_of(due), look, key, calmest)
            store.record_due(connection, _moved(due, place, _reason(look, worst, place)))


def hold_back(connection: Connection, due: DueTarget, now: datetime, why: str) -> None:
    """Have a target wait for a while, because nothing was sent to it; that is no look."""
    later = to_moment(to_microseconds(now) + HELD_BACK_US)
    moved = replace(due, due_at=max(due.due_at, later), held_until=None, why=why)
    store.record_due(connection, moved)


def _calmest(
    register: Register, connection: Connection, institution_id: UUID, now: datetime
) -> int:
    """Return the calmest priority at which evidence never grows too old to count."""
    record = institutions.get_institution_by_id(connection, institution_id, as_of=now)
    clocks = register.content.catalogue.clocks(record.institution.sectors, now.date())
    return calmest_within(max(0, clocks.observation_age_days * DAY_US - MARGIN_US))


def _look(
    target: str, looked_at: datetime, seen: Seen, checks: Mapping[str, Check]
) -> tuple[Look, Severity | None]:
    own = [row for row in seen.judgements if row.address == target]
    facts = [fact for fact in seen.facts if fact.address == target]
    failed = [checks[row.check].severity for row in own if row.verdict == "fail"]
    worst = min(failed, key=lambda severity: OF_SEVERITY[severity], default=None)
    answered = any(fact.outcome == "answered" for fact in facts)
    look = Look(
        ended_us=to_microseconds(looked_at),
        is_conclusive=answered and any(row.verdict in _CONCLUSIVE for row in own),
        demanded=None if worst is None else OF_SEVERITY[worst],
        is_known_exploited=any(_is_exploited(fact) for fact in facts),
    )
    return look, worst


def _is_exploited(fact: Fact) -> bool:
    """Return whether a fact says of a product that it is known to be exploited."""
    listed = any(product.exploited.answer == "yes" for product in fact.products)
    return listed or fact.told.get(KNOWN_EXPLOITED) is True


def _reason(look: Look, worst: Severity | None, place: Place) -> str:
    if place.attempts:
        return f"the last look was inconclusive; try {place.attempts} of {len(RETRIES_US)}"
    if look.is_known_exploited:
        return "a product of it is known to be exploited"
    if worst is not None:
        return f"a check of severity {worst} failed"
    return "the last look was clean" if look.is_conclusive else "the last looks were inconclusive"


def list_deadlines(connection: Connection, now: datetime) -> list[Deadline]:
    """Return the dates to come at which evidence must be fresh, the soonest first.

    Every open round has one; a report's schedule has one where its arguments say `fresh_days`.
    """
    found = [
        Deadline(f"round {one.round.code}", one.round.due, timedelta(days=ROUND_FRESH_DAYS))
        for one in rounds.list_rounds(connection)
        if one.closed_at is None
    ]
    for row in schedules.list_schedules(connection, enabled_only=True):
        days = row.arguments.get("fresh_days")
        if row.kind == "report" and isinstance(days, int) and days > 0 and row.next_run:
            found.append(Deadline(f"report {row.code}", row.next_run, timedelta(days=days)))
    return sorted((one for one in found if one.at > now), key=lambda one: (one.at, one.title))


def pull_ahead(
    connection: Connection, deadlines: Iterable[Deadline], now: datetime, vantage: str
) -> int:
    """Pull targets ahead whose evidence would be too old at a deadline; return how many moved.

    It is done when the time begins in which a look still counts at that date, not before: until
    then a target may come to it by itself.
    """
    moved = 0
    for deadline in deadlines:
        opens = deadline.at - deadline.age
        if opens > now + timedelta(days=1):
            continue
        stale = store.list_stale(connection, vantage=vantage, looked_before=opens, due_after=opens)
        date_us, age_us = to_microseconds(deadline.at), deadline.age // timedelta(microseconds=1)
        for due in stale:
            place, key = place_of(due), key_of(due.target, due.technique, vantage)
            pulled = pulled_ahead(place, key, date_us, age_us, to_microseconds(now))
            if pulled != place:
                why = f"pulled ahead, to be fresh for the {deadline.title}"
                moved_to = to_moment(pulled.due_us)
                store.record_due(connection, replace(due, due_at=moved_to, why=why))
                moved += 1
    return moved


def every(priority: int) -> str:
    """Return in words how often a target of this priority is looked at."""
    length = interval_us(min(priority, CALMEST))
    if length < DAY_US or length % DAY_US:
        return f"every {length // HOUR_US} hours"
    return "every day" if length == DAY_US else f"every {length // DAY_US} days"
