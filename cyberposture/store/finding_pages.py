"""Findings page by page: chosen in the database, so that long lists read as fast as short ones."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from cyberposture.model.checks import Verdict
from cyberposture.model.findings import STANDING, FindingState, Happened
from cyberposture.store import tables as t
from cyberposture.store.acts import read_act
from cyberposture.store.findings import FindingEvent, FindingRecord, read_finding
from cyberposture.store.paging import Page, Turn, read_page


@dataclass(frozen=True, slots=True)
class Late:
    """Which findings are late: of these institutions (None: of all others) and these checks, those
    whose present stretch began before a moment."""

    institutions: tuple[UUID, ...] | None
    checks: tuple[str, ...]
    before: datetime


@dataclass(frozen=True, slots=True)
class Lateness:
    """All that is late: by rule, and (what came back within the time for that) one by one."""

    rules: tuple[Late, ...] = ()
    elsewhere: tuple[UUID, ...] = ()
    """The institutions for which `rules` that name none do not hold."""
    single: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Filter:
    """Which findings are wanted; None: it does not matter."""

    institutions: Sequence[UUID] | None = None
    states: Collection[FindingState] | None = None
    checks: Collection[str] | None = None
    address: str | None = None
    late: Lateness | None = None


ANY: Final = Filter()


@dataclass(frozen=True, slots=True)
class Look:
    """One judgement of a finding's endpoint: by which scan, what it said, and on which facts."""

    scan: str
    kind: str
    verdict: Verdict
    says: str
    version: int
    observed_at: datetime
    judged_at: datetime
    facts: tuple[UUID, ...]


def page_findings(connection: Connection, wanted: Filter, turn: Turn) -> Page[FindingRecord]:
    """Return a page of findings by first sight."""
    f = t.findings
    query = sa.select(f).where(*_conditions(wanted))
    found = read_page(connection, query, (f.c.first_seen, f.c.code), turn)
    return Page(tuple(read_finding(row) for row in found.rows), found.before, found.after)


def count_findings(connection: Connection, wanted: Filter) -> int:
    """Return how many findings are wanted."""
    query = sa.select(sa.func.count()).select_from(t.findings).where(*_conditions(wanted))
    return connection.execute(query).scalar_one()


def count_by_address(
    connection: Connection, institution_id: UUID, addresses: Collection[str]
) -> dict[str, int]:
    """Return how many findings stand at each of these addresses where any does."""
    f = t.findings.c
    query = (
        sa.select(f.address, sa.func.count().label("n"))
        .where(f.institution_id == institution_id, f.address.in_(addresses))
        .where(f.state.in_(STANDING))
        .group_by(f.address)
    )
    return {row.address: row.n for row in connection.execute(query)}


def list_reopened(connection: Connection, wanted: Filter) -> list[FindingRecord]:
    """Return the findings that came back after they were gone, by first sight."""
    f = t.findings
    query = sa.select(f).where(*_conditions(wanted), f.c.opened_at > f.c.first_seen)
    rows = connection.execute(query.order_by(f.c.first_seen, f.c.code)).mappings()
    return [read_finding(row) for row in rows]


def events_of(connection: Connection, findings: Collection[UUID]) -> dict[UUID, list[FindingEvent]]:
    """Return the events of these findings, oldest first, by the finding's id."""
    e = t.finding_events
    names = ("finding_id", "number", "kind", "state", "details")
    found: dict[UUID, list[FindingEvent]] = {}
    ids = list(findings)
    for start in range(0, len(ids), 500):
        some = e.c.finding_id.in_(ids[start : start + 500])
        query = sa.select(e).where(some).order_by(e.c.at, e.c.finding_id, e.c.number)
        for row in connection.execute(query).mappings():
            event = FindingEvent(**{name: row[name] for name in names}, act=read_act(row))
            found.setdefault(event.finding_id, []).append(event)
    return found


def looks_at(connection: Connection, finding: FindingRecord, limit: int) -> list[Look]:
    """Return the newest judgements of a finding's endpoint, the newest first."""
    j, s = t.judgements.c, t.scans.c
    key = finding.key
    query = (
        sa.select(j.verdict, j.says, j.observed_at, j.judged_at, j.version, j.facts)
        .add_columns(s.code.label("scan"), s.kind.label("kind"))
        .join_from(t.judgements, t.scans, s.id == j.scan_id)
        .where(j.institution_id == key.institution_id, j.check_id == key.check)
        .where(j.address == finding.address, j.protocol == (key.protocol or ""))
        .where(j.port == (key.port or 0), j.subkey == key.subkey, j.vantage == key.vantage)
        .order_by(j.observed_at.desc(), j.judged_at.desc(), j.id)
        .limit(limit)
    )
    return [
        Look(
            row["scan"], row["kind"], row["verdict"], row["says"], row["version"],
            row["observed_at"], row["judged_at"], tuple(UUID(one) for one in row["facts"]),
        )
        for row in connection.execute(query).mappings()
    ]  # fmt: skip


def happenings(events: Collection[FindingEvent]) -> list[Happened]:
    """Return the events as they bear on the state."""
    return [event.happened() for event in events]


def _conditions(wanted: Filter) -> list[sa.ColumnElement[bool]]:
    f = t.findings.c
    found: list[sa.ColumnElement[bool]] = []
    if wanted.institutions is not None:
        found.append(f.institution_id.in_(wanted.institutions))
    if wanted.states is not None:
        found.append(f.state.in_(wanted.states))
    if wanted.checks is not None:
        found.append(f.check_id.in_(wanted.checks))
    if wanted.address is not None:
        found.append(f.address == wanted.address)
    if wanted.late is not None:
        found.append(f.state.in_(STANDING))
        found.append(_is_late(wanted.late))
    return found


def _is_late(late: Lateness) -> sa.ColumnElement[bool]:
    f = t.findings.c
    parts: list[sa.ColumnElement[bool]] = [f.id.in_(late.single)]
    for rule in late.rules:
        whose = (
            f.institution_id.not_in(late.elsewhere)
            if rule.institutions is None
            else f.institution_id.in_(rule.institutions)
        )
        parts.append(sa.and_(whose, f.check_id.in_(rule.checks), f.opened_at <= rule.before))
    return sa.or_(*parts)
