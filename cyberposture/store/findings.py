"""Findings: what is wrong at an endpoint, from its first sight to its repair, with every event.

Here they are read; `finding_changes` writes them.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from cyberposture.errors import NotFound
from cyberposture.model.checks import Protocol, Severity
from cyberposture.model.findings import (
    FindingEventKind,
    FindingState,
    Happened,
    Life,
    Stretch,
    replay,
)
from cyberposture.store import tables as t
from cyberposture.store.acts import Act, read_act


@dataclass(frozen=True, slots=True)
class FindingKey:
    """What makes two sights the same finding; no protocol and port is the host as a whole.

    `subject` is the asset's id, or the address where no asset is declared.
    """

    institution_id: UUID
    subject: str
    check: str
    vantage: str
    protocol: Protocol | None = None
    port: int | None = None
    subkey: str = ""


@dataclass(frozen=True, slots=True)
class FindingRecord:
    """A finding as it stands.

    `opened_at` begins its present stretch; it differs from `first_seen` once it came back. A
    potential finding waits for confirmation. A mark holds until `marked_until`.
    """

    id: UUID
    code: str
    key: FindingKey
    address: str
    severity: Severity
    state: FindingState
    says: str
    is_potential: bool
    first_seen: datetime
    last_seen: datetime
    opened_at: datetime
    closed_at: datetime | None
    marked_until: datetime | None
    stretches: tuple[Stretch, ...] = ()
    """Every time that the network showed it; only where it was read with its events."""


@dataclass(frozen=True, slots=True)
class FindingEvent:
    """Something that happened to a finding, and the state after it."""

    finding_id: UUID
    number: int
    kind: FindingEventKind
    state: FindingState
    details: dict[str, Any] | None
    act: Act

    def happened(self) -> Happened:
        """Return the event as it bears on the state."""
        return Happened(self.kind, self.state, self.details or {}, self.act.at)


def find_finding(connection: Connection, key: FindingKey) -> FindingRecord | None:
    """Return the finding with this key, whatever its state, or None."""
    conditions = [t.findings.c[name] == value for name, value in key_columns(key).items()]
    row = connection.execute(sa.select(t.findings).where(*conditions)).mappings().one_or_none()
    return None if row is None else read_finding(row)


def get_finding(
    connection: Connection, code: str, *, institution_id: UUID | None = None
) -> FindingRecord:
    """Return the finding with this code; with `institution_id`, only if it is that institution's.

    Raises:
        NotFound: there is none.
    """
    query = sa.select(t.findings).where(t.findings.c.code == code)
    if institution_id is not None:
        query = query.where(t.findings.c.institution_id == institution_id)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("finding", code)
    return read_finding(row)


def list_findings(
    connection: Connection,
    *,
    institution_id: UUID | None = None,
    states: Collection[FindingState] | None = None,
    check: str | None = None,
    address: str | None = None,
    marked_before: datetime | None = None,
) -> list[FindingRecord]:
    """Return findings by first sight; with `marked_before`, those whose mark runs out before it."""
    f = t.findings
    query = sa.select(f).order_by(f.c.first_seen, f.c.code)
    if institution_id is not None:
        query = query.where(f.c.institution_id == institution_id)
    if states is not None:
        query = query.where(f.c.state.in_(states))
    if check is not None:
        query = query.where(f.c.check_id == check)
    if address is not None:
        query = query.where(f.c.address == address)
    if marked_before is not None:
        query = query.where(f.c.marked_until < marked_before)
    return [read_finding(row) for row in connection.execute(query).mappings()]


def lives_at(connection: Connection, institution_id: UUID, *, as_of: datetime) -> dict[UUID, Life]:
    """Return what the events until `as_of` leave of each finding of an institution, by its id."""
    return _lives(list_events(connection, institution_id=institution_id, until=as_of))


def _lives(events: Iterable[FindingEvent]) -> dict[UUID, Life]:
    found: dict[UUID, list[Happened]] = {}
    for event in events:
        found.setdefault(event.finding_id, []).append(event.happened())
    lives = {finding_id: replay(events) for finding_id, events in found.items()}
    return {finding_id: life for finding_id, life in lives.items() if life is not None}


def life_of(connection: Connection, finding_id: UUID) -> Life:
    """Return what the events of one finding leave of it.

    Raises:
        NotFound: there is no such finding.
    """
    life = replay(event.happened() for event in list_events(connection, finding_id=finding_id))
    if life is None:
        raise NotFound("finding", str(finding_id))
    return life


def list_states(
    connection: Connection, institution_id: UUID, *, as_of: datetime
) -> dict[UUID, FindingState]:
    """Return the state that each finding of an institution had at `as_of`, by its id."""
    lives = lives_at(connection, institution_id, as_of=as_of)
    return {finding_id: life.state for finding_id, life in lives.items()}


def findings_at(
    connection: Connection, institution_id: UUID, as_of: datetime
) -> list[FindingRecord]:
    """Return the findings that were known at `as_of`, by first sight, as they stood then."""
    then = lives_at(connection, institution_id, as_of=as_of)
    return [
        _as_lived(one, then[one.id])
        for one in list_findings(connection, institution_id=institution_id)
        if one.id in then
    ]


def findings_of_checks(
    connection: Connection, institution_id: UUID, as_of: datetime, checks: Collection[str]
) -> list[FindingRecord]:
    """Return what `findings_at` does, of these checks alone."""
    values = {"institution_id": institution_id, "checks": sorted(checks)}
    known = [read_finding(row) for row in connection.execute(_OF_CHECKS, values).mappings()]
    if not known:
        return []
    rows = connection.execute(_EVENTS_OF_CHECKS, values | {"as_of": as_of}).mappings()
    then = _lives(_read_event(row) for row in rows)
    return [_as_lived(one, then[one.id]) for one in known if one.id in then]


# The cards of every page of questions ask these two: they are built once, not each time.
_IS_OF_CHECKS = sa.and_(
    t.findings.c.institution_id == sa.bindparam("institution_id"),
    t.findings.c.check_id.in_(sa.bindparam("checks", expanding=True)),
)
_OF_CHECKS = (
    sa.select(t.findings).where(_IS_OF_CHECKS).order_by(t.findings.c.first_seen, t.findings.c.code)
)
_EVENTS_OF_CHECKS = (
    sa.select(t.finding_events)
    .join(t.findings, t.findings.c.id == t.finding_events.c.finding_id)
    .where(_IS_OF_CHECKS, t.finding_events.c.at <= sa.bindparam("as_of"))
    .order_by(t.finding_events.c.at, t.finding_events.c.finding_id, t.finding_events.c.number)
)


def _as_lived(finding: FindingRecord, life: Life) -> FindingRecord:
    return replace(
        finding,
        state=life.state,
        opened_at=life.opened_at,
        closed_at=life.closed_at,
        marked_until=life.marked_until,
        stretches=life.stretches,
    )


def list_events(
    connection: Connection,
    *,
    finding_id: UUID | None = None,
    institution_id: UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[FindingEvent]:
    """Return events of one finding or one institution, oldest first; until and with `until`."""
    e = t.finding_events
    query = sa.select(e).order_by(e.c.at, e.c.finding_id, e.c.number)
    if until is not None:
        query = query.where(e.c.at <= until)
    if finding_id is not None:
        query = query.where(e.c.finding_id == finding_id)
    if institution_id is not None:
        query = query.where(e.c.institution_id == institution_id)
    if since is not None:
        query = query.where(e.c.at >= since)
    return [_read_event(row) for row in connection.execute(query).mappings()]


def _read_event(row: RowMapping) -> FindingEvent:
    names = ("finding_id", "number", "kind", "state", "details")
    return FindingEvent(**{name: row[name] for name in names}, act=read_act(row))


def key_columns(key: FindingKey) -> dict[str, Any]:
    """Return the columns that hold a key; '' and 0 stand for the host as a whole."""
    return {
        "institution_id": key.institution_id,
        "subject": key.subject,
        "check_id": key.check,
        "vantage": key.vantage,
        "protocol": key.protocol or "",
        "port": key.port or 0,
        "subkey": key.subkey,
    }


def read_finding(row: RowMapping) -> FindingRecord:
    """Return the finding that a row of the table holds."""
    key = FindingKey(
        row["institution_id"],
        row["subject"],
        row["check_id"],
        row["vantage"],
        row["protocol"] or None,
        row["port"] or None,
        row["subkey"],
    )
    same = FindingRecord.__slots__[3:-1]
    columns = {name: row[name] for name in same}
    return FindingRecord(id=row["id"], code=row["code"], key=key, **columns)
