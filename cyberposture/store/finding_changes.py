"""Writes what happens to findings, each change with its event.

When a finding opens, closes or comes back is for the services to decide; here it is recorded.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Literal
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from cyberposture.clock import to_iso
from cyberposture.errors import NotFound, WrongState
from cyberposture.model.checks import Severity
from cyberposture.model.findings import BEFORE, MARKED_FROM, FindingEventKind, FindingState
from cyberposture.store import tables as t
from cyberposture.store.acts import Act
from cyberposture.store.codes import new_code
from cyberposture.store.findings import (
    FindingKey,
    FindingRecord,
    find_finding,
    key_columns,
    read_finding,
)

Mark = Literal["false-positive", "accepted", "disputed"]


def insert_finding(
    connection: Connection,
    key: FindingKey,
    act: Act,
    *,
    address: str,
    severity: Severity,
    says: str,
    seen_at: datetime,
    is_potential: bool = False,
    opened_at: datetime | None = None,
    details: dict[str, Any] | None = None,
) -> FindingRecord:
    """Open a finding that was never seen before and return it, with a fresh code.

    `opened_at` is when its clock begins, where that is later than the sight: what an old look
    turns out to show was told to nobody before.

    Raises:
        WrongState: this finding is in the register; it may be reopened.
    """
    if find_finding(connection, key) is not None:
        raise WrongState(f"the finding of {key.check} at {key.subject} is in the register already")
    finding_id = uuid4()
    connection.execute(
        sa.insert(t.findings),
        {
            "id": finding_id,
            "code": new_code("f"),
            **key_columns(key),
            "address": address,
            "severity": severity,
            "state": "open",
            "says": says,
            "is_potential": is_potential,
            "first_seen": seen_at,
            "last_seen": seen_at,
            "opened_at": opened_at or seen_at,
        },
    )
    said = {"opened_at": to_iso(opened_at or seen_at), **(details or {})}
    _record_event(connection, finding_id, "opened", act, said)
    return read_finding(_lock(connection, finding_id))


def record_sight(
    connection: Connection,
    finding_id: UUID,
    *,
    seen_at: datetime,
    address: str | None = None,
    says: str | None = None,
) -> None:
    """Note that a finding was seen again; this is no event. An older sight changes nothing."""
    f = t.findings
    values: dict[str, Any] = {"last_seen": seen_at}
    values |= {} if address is None else {"address": address}
    values |= {} if says is None else {"says": says}
    connection.execute(
        sa.update(f).where(f.c.id == finding_id, f.c.last_seen < seen_at).values(**values)
    )


def close_finding(
    connection: Connection,
    finding_id: UUID,
    act: Act,
    *,
    closed_at: datetime,
    details: dict[str, Any] | None = None,
) -> FindingRecord:
    """Close a finding that a conclusive newer fact no longer shows, and return it.

    Raises:
        NotFound: there is no such finding.
        WrongState: it is closed already.
    """
    changes = {"state": "closed", "closed_at": closed_at, "marked_until": None}
    said = {"closed_at": to_iso(closed_at), **(details or {})}
    return _move(connection, finding_id, "closed", act, changes=changes, details=said)


def reopen_finding(
    connection: Connection,
    finding_id: UUID,
    act: Act,
    *,
    seen_at: datetime,
    details: dict[str, Any] | None = None,
) -> FindingRecord:
    """Open a closed finding again and return it; its present stretch begins now.

    Raises:
        NotFound: there is no such finding.
        WrongState: it is not closed.
    """
    changes = {"state": "open", "closed_at": None, "opened_at": seen_at, "last_seen": seen_at}
    said = {"seen_at": to_iso(seen_at), **(details or {})}
    return _move(connection, finding_id, "reopened", act, changes=changes, details=said)


def mark_finding(
    connection: Connection,
    finding_id: UUID,
    state: Mark,
    act: Act,
    *,
    until: datetime,
    details: dict[str, Any] | None = None,
) -> FindingRecord:
    """Set a finding aside until a moment, and return it; the act says why.

    `details` hold what the mark needs: evidence, the second person, a signature.

    Raises:
        NotFound: there is no such finding.
        WrongState: it is closed, or set aside in a way that does not lead there.
    """
    changes = {"state": state, "marked_until": until}
    said = {"until": to_iso(until), **(details or {})}
    return _move(
        connection, finding_id, "marked", act, changes=changes, details=said,
        expected=MARKED_FROM[state],
    )  # fmt: skip


def overturn_finding(
    connection: Connection,
    finding_id: UUID,
    act: Act,
    *,
    until: datetime,
    details: dict[str, Any] | None = None,
) -> FindingRecord:
    """Record that a disputed finding was none: a false positive until a moment; return it.

    Raises:
        NotFound: there is no such finding.
        WrongState: it is not disputed.
    """
    changes = {"state": "false-positive", "marked_until": until}
    said = {"until": to_iso(until), **(details or {})}
    return _move(connection, finding_id, "overturned", act, changes=changes, details=said)


def unmark_finding(
    connection: Connection,
    finding_id: UUID,
    act: Act,
    kind: Literal["returned", "upheld"] = "returned",
    *,
    details: dict[str, Any] | None = None,
) -> FindingRecord:
    """Open a finding that was set aside, because its time ran out or it was decided; return it.

    Raises:
        NotFound: there is no such finding.
        WrongState: it is not set aside.
    """
    changes = {"state": "open", "marked_until": None}
    return _move(connection, finding_id, kind, act, changes=changes, details=details)


def record_severity(
    connection: Connection,
    finding_id: UUID,
    kind: Literal["worsened", "eased", "confirmed"],
    act: Act,
    *,
    severity: Severity,
    is_potential: bool,
    details: dict[str, Any] | None = None,
) -> FindingRecord:
    """Record that a standing finding weighs more or less than before, and return it.

    Raises:
        NotFound: there is no such finding.
        WrongState: it is closed.
    """
    changes = {"severity": severity, "is_potential": is_potential}
    return _move(connection, finding_id, kind, act, changes=changes, details=details)


def record_note(
    connection: Connection,
    finding_id: UUID,
    kind: Literal["announced", "acknowledged", "noted", "proposed", "refused", "lapsed"],
    act: Act,
    *,
    details: dict[str, Any] | None = None,
) -> None:
    """Add an event that leaves the state as it is.

    Raises:
        NotFound: there is no such finding.
        WrongState: in its state this cannot happen.
    """
    _require(_lock(connection, finding_id), BEFORE[kind])
    _record_event(connection, finding_id, kind, act, details)


def _move(
    connection: Connection,
    finding_id: UUID,
    kind: FindingEventKind,
    act: Act,
    *,
    changes: dict[str, Any],
    details: dict[str, Any] | None,
    expected: Collection[FindingState] | None = None,
) -> FindingRecord:
    """Change a finding to which this may happen in its state, and write the event."""
    _require(_lock(connection, finding_id), BEFORE[kind] if expected is None else expected)
    connection.execute(sa.update(t.findings).where(t.findings.c.id == finding_id).values(**changes))
    _record_event(connection, finding_id, kind, act, details)
    return read_finding(_lock(connection, finding_id))


def _require(present: RowMapping, expected: Collection[FindingState]) -> None:
    if present["state"] not in expected:
        raise WrongState(f"the finding {present['code']} is {present['state']}")


def _record_event(
    connection: Connection,
    finding_id: UUID,
    kind: FindingEventKind,
    act: Act,
    details: dict[str, Any] | None,
) -> None:
    finding = _lock(connection, finding_id)
    e = t.finding_events
    last = sa.select(sa.func.max(e.c.number)).where(e.c.finding_id == finding_id)
    connection.execute(
        sa.insert(e),
        {
            "id": uuid4(),
            "institution_id": finding["institution_id"],
            "finding_id": finding_id,
            "number": (connection.execute(last).scalar_one() or 0) + 1,
            "kind": kind,
            "state": finding["state"],
            "details": details,
            **act.written(),
        },
    )


def _lock(connection: Connection, finding_id: UUID) -> RowMapping:
    query = sa.select(t.findings).where(t.findings.c.id == finding_id).with_for_update()
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("finding", str(finding_id))
    return row
