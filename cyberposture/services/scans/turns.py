"""Chooses whose due targets are looked at now: a batch of one institution from one vantage each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.model.gate import Blackout, Window
from cyberposture.scanning.judging.coverage import ports_needed
from cyberposture.scanning.permission.windows import to_microseconds, to_moment
from cyberposture.scanning.techniques import expected_seconds, find_technique
from cyberposture.scanning.timing.openings import earliest_start_us, seconds_open
from cyberposture.scanning.timing.turns import Turn, ring, visit
from cyberposture.services.permission.ground import concerns, window_of
from cyberposture.services.register import Register
from cyberposture.services.scanner import Scanner
from cyberposture.services.schedule.due import Waiting
from cyberposture.store import authorisations, calendar, institutions, stops, turns
from cyberposture.store import due as store
from cyberposture.store.due import DueTarget
from cyberposture.store.turns import TurnRecord

BATCH = 16
"""Targets in a batch: what one run of a port scan may hold."""
VISITS_S = 120
"""Seconds for a host's visits and version detection beside the port scan; our own estimate."""
LOOKED_AT = 200
"""So many institutions are looked at in one go, to find some that may be scanned now."""
LOOK_AGAIN_S = 3600
"""What keeps an institution from its turn is looked at again after so long at the latest."""


@dataclass(frozen=True)
class Batch:
    """Targets of one institution whose turn it is, held until `held_until`."""

    institution: str
    institution_id: UUID
    targets: tuple[DueTarget, ...]
    held_until: datetime

    @property
    def addresses(self) -> tuple[str, ...]:
        """What is contacted."""
        return tuple(one.target for one in self.targets)


@dataclass(frozen=True)
class Opening:
    """For how long an institution may be scanned without a break; if not now, when and why."""

    seconds: int
    not_before: datetime | None = None
    why: str = ""


@dataclass(frozen=True)
class Estimate:
    """How long a batch takes: the port scan of all its hosts at once, then the visits."""

    ports_s: int
    parallel: int

    def seconds(self, hosts: int) -> int:
        """Return how long so many hosts of one batch take at the most."""
        return self.ports_s + -(-hosts * VISITS_S // self.parallel)

    @property
    def cost_s(self) -> int:
        """What one host costs its institution."""
        return max(1, self.seconds(BATCH) // BATCH)

    def hosts_within(self, seconds: int) -> int:
        """Return how many hosts fit into so many seconds, a batch at the most."""
        return max((n for n in range(BATCH + 1) if n and self.seconds(n) <= seconds), default=0)


def estimate(register: Register, scanner: Scanner) -> Estimate:
    """Return what a batch takes from this scanner with the present checks."""
    ports = len(ports_needed(register.content.checks.checks).get("tcp-ports", ())) or 1
    technique = find_technique("tcp-ports")
    ports_s = expected_seconds(technique, BATCH, min(ports, technique.max_ports), scanner.pace)
    return Estimate(ports_s, max(1, scanner.parallel_chunks))


def look_for_opening(
    connection: Connection, institution_id: UUID, now: datetime, needed: Estimate
) -> Opening:
    """Return whether calendar, stop or lack of a letter keeps an institution from its turn.

    It only spares vain attempts: the gate is asked about every address all the same.
    """
    again = now + timedelta(seconds=LOOK_AGAIN_S)
    active = stops.list_active_stops(connection)
    if any(concerns(stop, institution_id, None) for stop in active):
        return Opening(0, again, "stopped")
    letters = authorisations.list_authorisations(connection, institution_id=institution_id)
    if not any(
        one.grants and one.withdrawn_at is None and one.valid_from <= now < one.valid_until
        for one in letters
    ):
        return Opening(0, again, "no authorisation is in force")
    windows = [window_of(w) for w in calendar.list_windows(connection, institution_id, as_of=now)]
    blackouts = [
        Blackout.model_validate({"from": b.starts_at, "until": b.ends_at})
        for b in calendar.list_blackouts(connection, institution_id, as_of=now)
    ]
    return _in_calendar(windows, blackouts, now, needed)


def _in_calendar(
    windows: Sequence[Window], blackouts: Sequence[Blackout], now: datetime, needed: Estimate
) -> Opening:
    now_us, shortest = to_microseconds(now), needed.seconds(1)
    seconds = seconds_open(windows, blackouts, now_us, needed.seconds(BATCH))
    if seconds >= shortest:
        return Opening(seconds)
    start_us = earliest_start_us(windows, blackouts, now_us, shortest)
    if start_us is None:
        again = now + timedelta(seconds=LOOK_AGAIN_S)
        return Opening(0, again, "no window is long enough within 30 days")
    return Opening(0, to_moment(start_us), "outside its windows, or in a blackout")


def choose(register: Register, scanner: Scanner, most: int) -> list[Batch]:
    """Choose up to so many batches in the order of turns, and hold their targets; return them.

    Institutions that may not be scanned now are passed over until they may, an hour at the most.
    Where nothing is due, nothing is changed.
    """
    vantage = scanner.vantage
    with register.reading() as connection:
        if not _standing(connection, register.clock(), vantage, 1):
            return []
    needed = estimate(register, scanner)
    with register.change("turns-given", vantage) as change:
        chooser = _Chooser(change.connection, change.now, vantage, needed)
        batches = chooser.choose(most)
        change.tell(
            batches={one.institution: list(one.addresses) for one in batches},
            passed_over=chooser.passed_over,
        )
    return batches


def _standing(connection: Connection, now: datetime, vantage: str, limit: int) -> list[TurnRecord]:
    """Return institutions whose turn may come now, in the order in which it does."""
    standing = turns.list_standing(connection, vantage=vantage, at=now, limit=limit)
    by_id = {str(record.institution_id): record for record, _ in standing}
    order = ring(
        (Turn(str(one.institution_id), one.visit, one.credit_s), (0, to_microseconds(earliest), 0))
        for one, earliest in standing
    )
    return [by_id[turn.institution] for turn in order]


class _Chooser:
    """Gives turns at one moment, within one transaction."""

    def __init__(
        self, connection: Connection, now: datetime, vantage: str, needed: Estimate
    ) -> None:
        self.connection, self.now, self.vantage, self.needed = connection, now, vantage, needed
        self.passed_over: dict[str, str] = {}

    def choose(self, most: int) -> list[Batch]:
        batches: list[Batch] = []
        number = turns.last_visit(self.connection)
        for record in _standing(self.connection, self.now, self.vantage, LOOKED_AT):
            if len(batches) >= most:
                break
            number += 1
            batch = self._visit(record, number)
            if batch is not None:
                batches.append(batch)
        return batches

    def _visit(self, record: TurnRecord, number: int) -> Batch | None:
        owner = institutions.get_institution_by_id(
            self.connection, record.institution_id, as_of=self.now
        )
        code = owner.institution.code
        opening = look_for_opening(self.connection, record.institution_id, self.now, self.needed)
        hosts = self.needed.hosts_within(opening.seconds)
        if not hosts:
            assert opening.not_before is not None
            latest = self.now + timedelta(seconds=LOOK_AGAIN_S)
            passed = TurnRecord(
                record.institution_id, self.vantage, record.visit, record.credit_s,
                min(opening.not_before, latest), opening.why,
            )  # fmt: skip
            turns.record_turn(self.connection, passed)
            self.passed_over[code] = opening.why
            return None
        due = store.list_due(
            self.connection, record.institution_id, at=self.now, vantage=self.vantage, limit=BATCH
        )
        cost = self.needed.cost_s
        done = visit(
            Turn(code, record.visit, record.credit_s), [Waiting(one) for one in due],
            to_microseconds(self.now), cost_s=cost, quantum_s=cost * hosts, number=number,
        )  # fmt: skip
        served = tuple(one.due for one in done.served[:hosts])
        until = self.now + timedelta(seconds=LOOK_AGAIN_S + 2 * self.needed.seconds(hosts))
        store.hold_due(self.connection, served, until=until)
        turns.record_turn(
            self.connection,
            TurnRecord(record.institution_id, self.vantage, number, done.turn.credit_s),
        )
        return Batch(code, record.institution_id, served, until)
