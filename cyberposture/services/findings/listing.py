"""Findings page by page, each with its clocks; what is late is chosen in the database."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.content.translations import Translations, in_language
from cyberposture.errors import NotFound
from cyberposture.model.checks import Check
from cyberposture.model.findings import STANDING, FindingState, Life, counts_since, replay
from cyberposture.model.parameters import Clocks
from cyberposture.services.findings.standing import repair_days
from cyberposture.services.register import Register
from cyberposture.store import finding_pages as pages
from cyberposture.store import findings as store
from cyberposture.store import institutions
from cyberposture.store.facts import FactRecord, list_facts
from cyberposture.store.finding_pages import Filter, Late, Lateness, Look
from cyberposture.store.findings import FindingEvent, FindingRecord
from cyberposture.store.paging import FIRST, Page, Turn

Waiting = Literal["", "decision", "second-person", "acknowledgement", "confirmation"]
"""What somebody has to do about a finding: decide a dispute or a proposal, take note of an urgent
one, say whether a potential one is so; or nothing."""
MOST_LOOKS: Final = 5
MOST_FACTS: Final = 12
FOREVER: Final = 36_500
"""Days; longer than any clock."""


@dataclass(frozen=True)
class Asked:
    """Which findings somebody wants to see."""

    institution: str | None = None
    among: Collection[str] | None = None
    """The institutions whose findings this person may see; None: all."""
    state: FindingState | None = None
    is_urgent: bool = False
    is_late: bool = False
    address: str | None = None
    check: str | None = None
    is_standing: bool = False
    """Only those that the network still shows, whatever people say of them."""


@dataclass(frozen=True)
class FindingLine:
    """One finding in a list."""

    institution: str
    finding: FindingRecord
    check: Check | None
    """None: it is of a check that is no more."""
    counts_from: datetime | None
    """When it enters the score unless it is gone; None: it is closed, or its check is no more."""
    is_late: bool
    waits_for: Waiting
    acknowledged_at: datetime | None


@dataclass(frozen=True)
class FindingList:
    """A page of findings, and how many there are of that kind."""

    page: Page[FindingLine]
    count: int


@dataclass(frozen=True)
class WholeFinding:
    """One finding with its events, oldest first, its evidence, and its institution's clock."""

    line: FindingLine
    looks: tuple[Look, ...]
    """The newest looks at its endpoint, the newest first."""
    facts: tuple[FactRecord, ...]
    """What the newest of them stands on."""
    life: Life
    events: tuple[FindingEvent, ...]
    zone: str
    name: str
    """The institution's name."""
    repair_days: int | None


@dataclass(frozen=True)
class _Ground:
    """What clocks there are, by institution."""

    codes: dict[UUID, str]
    clocks: dict[UUID, Clocks]
    checks: dict[str, Check]


def page_findings(register: Register, asked: Asked, turn: Turn = FIRST) -> FindingList:
    """Return a page of findings by first sight.

    Raises:
        NotFound: the institution is not in the register.
    """
    now = register.clock()
    with register.reading() as connection:
        ground = _ground(register, connection, now)
        wanted = _filter(connection, ground, asked, now)
        found = pages.page_findings(connection, wanted, turn)
        events = pages.events_of(connection, [one.id for one in found.rows])
        count = pages.count_findings(connection, wanted)
    lines = tuple(_line(ground, one, events[one.id], now) for one in found.rows)
    return FindingList(Page(lines, found.before, found.after), count)


def count_findings(register: Register, asked: Asked) -> int:
    """Return how many findings there are of a kind.

    Raises:
        NotFound: the institution is not in the register.
    """
    now = register.clock()
    with register.reading() as connection:
        ground = _ground(register, connection, now)
        return pages.count_findings(connection, _filter(connection, ground, asked, now))


def get_finding(register: Register, code: str, *, institution: str | None = None) -> WholeFinding:
    """Return one finding; with `institution` only its own.

    Raises:
        NotFound: there is no such finding.
    """
    now = register.clock()
    with register.reading() as connection:
        owner = institutions.get_owner_id(connection, institution)
        finding = store.get_finding(connection, code, institution_id=owner)
        ground = _ground(register, connection, now)
        events = pages.events_of(connection, [finding.id])[finding.id]
        of = institutions.get_institution_by_id(
            connection, finding.key.institution_id, as_of=now
        ).institution
        looks = tuple(pages.looks_at(connection, finding, MOST_LOOKS))
        facts = tuple(list_facts(connection, ids=looks[0].facts[:MOST_FACTS])) if looks else ()
    line = _line(ground, finding, events, now)
    clocks = ground.clocks.get(finding.key.institution_id)
    days = None if line.check is None or clocks is None else repair_days(line.check, clocks, None)
    return WholeFinding(line, looks, facts, _life(events), tuple(events), of.zone, of.name, days)


def texts_of(register: Register, language: str) -> Translations:
    """Return what checks are called, why, and what mends them, in a language."""
    return in_language(register.content.translations, language)


def _life(events: Sequence[FindingEvent]) -> Life:
    life = replay(pages.happenings(events))
    assert life is not None, "a finding begins with an event"
    return life


def _ground(register: Register, connection: Connection, now: datetime) -> _Ground:
    found = institutions.list_institutions(connection, as_of=now)
    # Few sectors, many institutions: each combination is worked out once.
    known: dict[tuple[str, ...], Clocks] = {}
    for one in found:
        sectors = one.institution.sectors
        if sectors not in known:
            known[sectors] = register.content.catalogue.clocks(sectors, now.date())
    return _Ground(
        codes=institutions.codes_by_id(connection),
        clocks={one.id: known[one.institution.sectors] for one in found},
        checks={one.id: one for one in register.content.checks.checks},
    )


def _filter(connection: Connection, ground: _Ground, asked: Asked, now: datetime) -> Filter:
    owners: list[UUID] | None = None
    if asked.institution is not None:
        owners = [key for key, code in ground.codes.items() if code == asked.institution]
        if not owners:
            raise NotFound("institution", asked.institution)
    if asked.among is not None:
        seen = [key for key, code in ground.codes.items() if code in asked.among]
        owners = seen if owners is None else [one for one in owners if one in seen]
    checks = {one.id for one in ground.checks.values() if one.urgent} if asked.is_urgent else None
    if asked.check is not None:
        checks = {asked.check} if checks is None else checks & {asked.check}
    states: Collection[FindingState] | None = STANDING if asked.is_standing else None
    wanted = Filter(owners, (asked.state,) if asked.state else states, checks, asked.address)
    if not asked.is_late:
        return wanted
    return Filter(
        wanted.institutions, wanted.states, wanted.checks, wanted.address,
        _lateness(connection, ground, wanted, now),
    )  # fmt: skip


def _lateness(connection: Connection, ground: _Ground, wanted: Filter, now: datetime) -> Lateness:
    """Return what is late now: by its present stretch, or because it came back too soon."""
    groups: dict[str, list[UUID]] = {}
    clocks: dict[str, Clocks] = {}
    for owner, own in ground.clocks.items():
        name = own.model_dump_json()
        groups.setdefault(name, []).append(owner)
        clocks[name] = own
    usual = max(groups, key=lambda name: len(groups[name]), default=None)
    rules = [
        Late(None if name == usual else tuple(groups[name]), checks, now - timedelta(days=days))
        for name in groups
        for days, checks in _by_days(ground.checks.values(), clocks[name])
    ]
    others = tuple(one for name, owners in groups.items() if name != usual for one in owners)
    back = pages.list_reopened(connection, wanted)
    events = pages.events_of(connection, [one.id for one in back])
    single = tuple(one.id for one in back if _line(ground, one, events[one.id], now).is_late)
    return Lateness(tuple(rules), others, single)


def _by_days(checks: Iterable[Check], clocks: Clocks) -> list[tuple[int, tuple[str, ...]]]:
    found: dict[int, list[str]] = {}
    for check in checks:
        found.setdefault(repair_days(check, clocks, None), []).append(check.id)
    return [(days, tuple(ids)) for days, ids in found.items() if days < FOREVER]


def _line(
    ground: _Ground, finding: FindingRecord, events: Sequence[FindingEvent], now: datetime
) -> FindingLine:
    life, check = _life(events), ground.checks.get(finding.key.check)
    clocks = ground.clocks.get(finding.key.institution_id)
    counts = None
    if check is not None and clocks is not None and finding.state in STANDING:
        days = timedelta(days=repair_days(check, clocks, None))
        counts = counts_since(life.stretches, clocks.reopen_days) + days
    return FindingLine(
        institution=ground.codes[finding.key.institution_id],
        finding=finding,
        check=check,
        counts_from=counts,
        is_late=counts is not None and counts <= now,
        waits_for=_waits_for(life, finding, check),
        acknowledged_at=life.acknowledged_at,
    )


def _waits_for(life: Life, finding: FindingRecord, check: Check | None) -> Waiting:
    if life.state == "disputed":
        return "decision"
    if life.proposal is not None:
        return "second-person"
    is_open = life.state == "open"
    if is_open and check is not None and check.urgent and life.acknowledged_at is None:
        return "acknowledgement"
    return "confirmation" if is_open and finding.is_potential else ""
