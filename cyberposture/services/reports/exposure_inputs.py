"""Fills the inputs of the exposure report from the findings' events and the looks at addresses."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.model.checks import Check, Checks
from cyberposture.model.controls import Catalogue
from cyberposture.model.findings import ASIDE, STANDING, Happened, Life, counts_since, replay
from cyberposture.model.parameters import Clocks
from cyberposture.reporting import exposure_inputs as given
from cyberposture.scanning.techniques import WITHOUT_SENDING
from cyberposture.services.catalogue.pinned import checks_under, get_pinned
from cyberposture.services.findings.standing import repair_days
from cyberposture.services.register import Register
from cyberposture.services.reports.dependencies import family_of
from cyberposture.services.reports.inputs import content_of, head_of
from cyberposture.store import authorisations, exposure, findings, institutions
from cyberposture.store.editions import list_adoptions
from cyberposture.store.findings import FindingRecord
from cyberposture.store.institutions import InstitutionRecord

WEEKS: Final = 26
LEAST: Final = 8
"""So many weeks are shown even where nothing was found in the first of them."""
WEEK: Final = timedelta(days=7)
EXPLOITED: Final = "O-KEV"
"""The observation that attackers use a flaw."""
VERSIONS: Final = "data-versions"


@dataclass(frozen=True)
class _Ground:
    """What clocks there are: each combination of sectors is worked out once."""

    codes: dict[UUID, str]
    clocks: dict[UUID, Clocks]
    checks: dict[str, Check]

    def due(self, finding: FindingRecord, life: Life) -> datetime | None:
        """Return when the repair clock of a finding's present stretch ends."""
        check = self.checks.get(finding.key.check)
        clocks = self.clocks.get(finding.key.institution_id)
        if check is None or clocks is None:
            return None
        days = timedelta(days=repair_days(check, clocks, None))
        return counts_since(life.stretches, clocks.reopen_days) + days


def gather_exposure(
    register: Register, connection: Connection, institution: str | None
) -> given.ExposureInputs:
    """Return all that stands on the network now, how it came about, and what was not looked at.

    Raises:
        NotFound: the institution is not in the register.
    """
    now = register.clock()
    if institution is None:
        records = institutions.list_institutions(connection, as_of=now, active_only=True)
    else:
        records = [institutions.get_institution(connection, institution, as_of=now)]
    content = register.content
    ground = _ground(content.catalogue, content.checks, records, now.date())
    ends = [now - WEEK * back for back in range(WEEKS - 1, -1, -1)]
    grounds = [*_grounds_then(register, connection, records, ends[:-1]), ground]
    owner = None if institution is None else records[0].id
    events: dict[UUID, list[Happened]] = defaultdict(list)
    for event in findings.list_events(connection, institution_id=owner, until=now):
        events[event.finding_id].append(event.happened())
    known = [
        one
        for one in findings.list_findings(connection, institution_id=owner)
        if one.key.institution_id in ground.codes and one.id in events
    ]
    zones = [one.institution.zone for one in records]
    ages = [clocks.observation_age_days for clocks in ground.clocks.values()]
    return given.ExposureInputs(
        content=content_of(register),
        as_of=now,
        zone=max(set(zones), key=zones.count) if zones else "UTC",
        audit_head=head_of(connection, owner),
        institution=institution,
        names=tuple((one.institution.code, one.institution.name) for one in records),
        findings=tuple(_standing(ground, known, events, now)),
        weeks=_weeks(grounds, known, events, ends),
        looks=_looks(connection, ground, records, now),
        software=_software(connection, ground, owner, now),
        age_days=max(ages, default=0),
        authorised=len(
            authorisations.institutions_authorised(connection, now=now) & ground.codes.keys()
        ),
    )


def _ground(
    catalogue: Catalogue, checks: Checks, records: Sequence[InstitutionRecord], on: date
) -> _Ground:
    known: dict[tuple[str, ...], Clocks] = {}
    for one in records:
        sectors = one.institution.sectors
        if sectors not in known:
            known[sectors] = catalogue.clocks(sectors, on)
    return _Ground(
        codes={one.id: one.institution.code for one in records},
        clocks={one.id: known[one.institution.sectors] for one in records},
        checks={one.id: one for one in checks.checks},
    )


def _grounds_then(
    register: Register,
    connection: Connection,
    records: Sequence[InstitutionRecord],
    ends: Sequence[datetime],
) -> list[_Ground]:
    """Return the ground of the edition in force at each of these moments, for today's sectors.

    Before the first adoption there is the first edition.
    """
    adoptions = list_adoptions(connection)
    present = {one.id: one for one in register.content.checks.checks}
    found = []
    for end in ends:
        until = [one for one in adoptions if one.act.at <= end] or adoptions[:1]
        rules = until[-1].catalogue if until else None
        catalogue = get_pinned(register, connection, rules).catalogue
        digest = until[-1].checks if until else register.edition.checks
        then = _ground(catalogue, checks_under(register, connection, digest), records, end.date())
        # What the network is judged by is used at once, also before an edition with it is adopted.
        found.append(replace(then, checks={**present, **then.checks}))
    return found


def _sort(life: Life, due: datetime | None, at: datetime) -> given.Sort:
    if life.state in ASIDE:
        return "aside"
    return "late" if due is not None and due <= at else "open"


def _standing(
    ground: _Ground,
    known: Iterable[FindingRecord],
    events: dict[UUID, list[Happened]],
    now: datetime,
) -> Iterable[given.StandingFinding]:
    for one in known:
        life = replay(events[one.id])
        if life is None or life.state not in STANDING:
            continue
        check, due = ground.checks.get(one.key.check), ground.due(one, life)
        yield given.StandingFinding(
            institution=ground.codes[one.key.institution_id],
            code=one.code,
            check=one.key.check,
            address=one.address,
            protocol=one.key.protocol or "",
            port=one.key.port,
            severity=one.severity,
            state=life.state,
            sort=_sort(life, due, now),
            first_seen=one.first_seen,
            opened_at=life.opened_at,
            last_seen=one.last_seen,
            due=due,
            is_potential=one.is_potential,
            is_exploited=check is not None and check.observation == EXPLOITED,
        )


def _weeks(
    grounds: Sequence[_Ground],
    known: Iterable[FindingRecord],
    events: dict[UUID, list[Happened]],
    ends: Sequence[datetime],
) -> tuple[given.Week, ...]:
    """Return the weeks that end at these moments, from the findings' own events.

    What was late then was late by the clocks of its own week, the ground in the same place.
    """
    stood = [dict.fromkeys(("late", "open", "aside"), 0) for _ in ends]
    moved = [dict.fromkeys(("new", "back", "fixed"), 0) for _ in ends]
    for one in known:
        for place, life in _lives(events[one.id], ends):
            stood[place][_sort(life, grounds[place].due(one, life), ends[place])] += 1
        whole = replay(events[one.id])
        for number, stretch in enumerate(whole.stretches if whole is not None else ()):
            _count(moved, ends, stretch.began, "back" if number else "new")
            if stretch.ended is not None:
                _count(moved, ends, stretch.ended, "fixed")
    first = next((i for i in range(WEEKS) if any(stood[i].values()) or any(moved[i].values())), 0)
    return tuple(
        given.Week(ends[i], **stood[i], **moved[i])
        for i in range(min(first, WEEKS - LEAST), WEEKS)
        if known
    )


def _lives(events: Sequence[Happened], ends: Sequence[datetime]) -> Iterable[tuple[int, Life]]:
    """Yield a finding's life at the end of each week in which it stood then."""
    life: Life | None = None
    done = 0
    for place, end in enumerate(ends):
        upto = sum(event.at <= end for event in events)
        if upto != done:
            life, done = replay(events[:upto]), upto
        if life is not None and life.state in STANDING:
            yield place, life


def _count(moved: list[dict[str, int]], ends: Sequence[datetime], at: datetime, what: str) -> None:
    for place, end in enumerate(ends):
        if end - WEEK < at <= end:
            moved[place][what] += 1


def _looks(
    connection: Connection, ground: _Ground, records: Iterable[InstitutionRecord], now: datetime
) -> tuple[given.LookedAt, ...]:
    owners = None if len(ground.codes) != 1 else list(ground.codes)
    known = exposure.known_addresses(connection, as_of=now, owners=owners)
    looked = exposure.list_looks(connection, as_of=now, without=WITHOUT_SENDING, owners=owners)
    found = []
    for one in records:
        oldest = now - timedelta(days=ground.clocks[one.id].observation_age_days)
        own = [looked.get((one.id, address)) for address in known.get(one.id, ())]
        tried = [look for look in own if look is not None]
        fresh = [look for look in tried if look.tried >= oldest]
        answered = sum(look.answered is not None and look.answered >= oldest for look in fresh)
        found.append(
            given.LookedAt(
                institution=one.institution.code,
                known=len(own),
                answered=answered,
                silent=len(fresh) - answered,
                stale=len(tried) - len(fresh),
                never=len(own) - len(tried),
                last=max((look.tried for look in tried), default=None),
            )
        )
    return tuple(found)


def _software(
    connection: Connection, ground: _Ground, owner: UUID | None, now: datetime
) -> tuple[given.Software, ...]:
    oldest = now - timedelta(
        days=max((clocks.observation_age_days for clocks in ground.clocks.values()), default=0)
    )
    owners = None if owner is None else [owner]
    at: dict[str, set[str]] = defaultdict(set)
    count: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for institution_id, fact in exposure.latest_products(
        connection, VERSIONS, since=oldest, owners=owners
    ):
        if institution_id not in ground.codes:
            continue
        for product in fact.products:
            name = family_of(product)
            if not name:
                continue
            at[name].add(ground.codes[institution_id])
            told = (product.exploited, product.flawed, product.unsupported)
            for place, yes in enumerate((True, *(one.answer == "yes" for one in told))):
                count[name][place] += yes
    return tuple(given.Software(name, tuple(sorted(at[name])), *count[name]) for name in sorted(at))
