"""Scan runs: what was planned under which authorisations, and how it went; see also `chunks`."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from cyberposture.errors import NotFound, WrongState
from cyberposture.store import tables as t
from cyberposture.store.acts import Act, read_act
from cyberposture.store.codes import new_code
from cyberposture.store.paging import Page, Turn, read_page

ScanKind = Literal["scheduled", "manual", "imported", "canary", "recorded", "tables"]
"""`recorded`: no scan at all, but what people did by an agreed procedure and wrote down; `tables`:
what tables of others say."""
ScanState = Literal["planned", "running", "done", "ended", "failed"]
"""`ended`: stopped before its end; what was committed counts."""

_NEXT: dict[ScanState, tuple[ScanState, ...]] = {
    "planned": ("running", "ended", "failed"),
    "running": ("done", "ended", "failed"),
}


@dataclass(frozen=True, slots=True)
class ScanRecord:
    """One run; `authorisations` are reference numbers, `plan` and `summary` documents."""

    id: UUID
    code: str
    institution_id: UUID
    kind: ScanKind
    state: ScanState
    vantage: str
    authorisations: tuple[str, ...]
    plan: dict[str, Any]
    checks_digest: str
    scanner: str
    summary: dict[str, Any] | None
    started_at: datetime | None
    ended_at: datetime | None
    act: Act


def insert_scan(
    connection: Connection,
    institution_id: UUID,
    act: Act,
    *,
    kind: ScanKind,
    vantage: str,
    authorisations: Sequence[str],
    plan: dict[str, Any],
    checks_digest: str,
    scanner: str,
) -> ScanRecord:
    """Plan a run and return it, with a fresh code."""
    code = new_code("scan")
    connection.execute(
        sa.insert(t.scans),
        {
            "id": uuid4(),
            "code": code,
            "institution_id": institution_id,
            "kind": kind,
            "state": "planned",
            "vantage": vantage,
            "authorisations": list(authorisations),
            "plan": plan,
            "checks_digest": checks_digest,
            "scanner": scanner,
            **act.written(),
        },
    )
    return get_scan(connection, code)


def record_state(
    connection: Connection,
    scan_id: UUID,
    state: ScanState,
    *,
    at: datetime,
    summary: dict[str, Any] | None = None,
) -> None:
    """Move a run on: planned → running → done, ended or failed; nothing leads back.

    Raises:
        NotFound: there is no such run.
        WrongState: its state does not lead there.
    """
    s = t.scans
    query = sa.select(s.c.state, s.c.code).where(s.c.id == scan_id).with_for_update()
    present = connection.execute(query).one_or_none()
    if present is None:
        raise NotFound("scan", str(scan_id))
    if state not in _NEXT.get(present.state, ()):
        raise WrongState(f"the scan {present.code} is {present.state}; it cannot become {state}")
    values: dict[str, Any] = {"state": state}
    values["started_at" if state == "running" else "ended_at"] = at
    if summary is not None:
        values["summary"] = summary
    connection.execute(sa.update(s).where(s.c.id == scan_id).values(**values))


def get_scan(
    connection: Connection, code: str, *, institution_id: UUID | None = None
) -> ScanRecord:
    """Return the run with this code; with `institution_id`, only if it is that institution's.

    Raises:
        NotFound: there is none.
    """
    query = sa.select(t.scans).where(t.scans.c.code == code)
    if institution_id is not None:
        query = query.where(t.scans.c.institution_id == institution_id)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("scan", code)
    return _read(row)


def get_scan_by_id(connection: Connection, scan_id: UUID) -> ScanRecord:
    """Return a run.

    Raises:
        NotFound: there is none.
    """
    row = connection.execute(sa.select(t.scans).where(t.scans.c.id == scan_id)).mappings().first()
    if row is None:
        raise NotFound("scan", str(scan_id))
    return _read(row)


def lock_scan(connection: Connection, scan_id: UUID) -> ScanRecord:
    """Return a run that nobody else can change until the transaction ends.

    Raises:
        NotFound: there is none.
    """
    query = sa.select(t.scans).where(t.scans.c.id == scan_id).with_for_update()
    row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFound("scan", str(scan_id))
    return _read(row)


def list_scans(
    connection: Connection,
    *,
    institution_id: UUID | None = None,
    state: ScanState | None = None,
    limit: int | None = None,
) -> list[ScanRecord]:
    """Return runs, the newest first."""
    s = t.scans
    query = sa.select(s).order_by(s.c.at.desc(), s.c.code).limit(limit)
    if institution_id is not None:
        query = query.where(s.c.institution_id == institution_id)
    if state is not None:
        query = query.where(s.c.state == state)
    return [_read(row) for row in connection.execute(query).mappings()]


def page_scans(
    connection: Connection,
    turn: Turn,
    *,
    institution_id: UUID | None = None,
    state: ScanState | None = None,
) -> Page[ScanRecord]:
    """Return a page of runs, the newest first."""
    s = t.scans
    query = sa.select(s)
    if institution_id is not None:
        query = query.where(s.c.institution_id == institution_id)
    if state is not None:
        query = query.where(s.c.state == state)
    found = read_page(connection, query, (s.c.at, s.c.code), turn, is_newest_first=True)
    return Page(tuple(_read(row) for row in found.rows), found.before, found.after)


def find_before(connection: Connection, scan: ScanRecord) -> str | None:
    """Return the code of the newest run of the same institution and vantage before this one."""
    s = t.scans.c
    query = (
        sa.select(s.code)
        .where(s.institution_id == scan.institution_id, s.at < scan.act.at)
        .where(s.vantage == scan.vantage, s.kind.not_in(("recorded", "tables")))
        .order_by(s.at.desc())
        .limit(1)
    )
    found: str | None = connection.execute(query).scalar_one_or_none()
    return found


def list_running(
    connection: Connection, *, institutions: Collection[UUID] | None = None
) -> list[ScanRecord]:
    """Return the runs that are under way, the newest first, of all institutions or of some."""
    s = t.scans
    query = sa.select(s).where(s.c.state == "running").order_by(s.c.at.desc(), s.c.code)
    if institutions is not None:
        query = query.where(s.c.institution_id.in_(institutions))
    return [_read(row) for row in connection.execute(query).mappings()]


def codes_of(connection: Connection, ids: Collection[UUID]) -> dict[UUID, str]:
    """Return the codes of these runs, by id."""
    s = t.scans.c
    query = sa.select(s.id, s.code).where(s.id.in_(ids))
    return {row.id: row.code for row in connection.execute(query)}


_COLUMNS = tuple(name for name in ScanRecord.__slots__ if name not in ("act", "authorisations"))


def _read(row: RowMapping) -> ScanRecord:
    columns = {name: row[name] for name in _COLUMNS}
    return ScanRecord(act=read_act(row), authorisations=tuple(row["authorisations"]), **columns)
