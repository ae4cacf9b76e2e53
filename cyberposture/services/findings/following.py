"""Follows findings from scan to scan: they open, close and come back, and never by silence."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.model.checks import Check
from cyberposture.model.findings import STANDING
from cyberposture.model.institutions import Declaration
from cyberposture.model.observations import Judgement
from cyberposture.scanning.judging.hostview import HostView
from cyberposture.scanning.ports import PortKey
from cyberposture.scanning.reading.states import GONE, State
from cyberposture.store import finding_changes as changes
from cyberposture.store import findings as store
from cyberposture.store.acts import Act
from cyberposture.store.findings import FindingKey, FindingRecord

VANISHED_PCT = 30
"""When more of an institution's open ports than this fall silent at once, we are perhaps blocked.

Source: our own default; nothing is closed then.
"""
_SILENCE = frozenset({State.FILTERED, State.INCONCLUSIVE})


@dataclass(frozen=True)
class Seen:
    """What one scan says of one institution: its judgements and the hosts behind them."""

    institution_id: UUID
    vantage: str
    looked_at: Mapping[str, datetime]
    """When each address was looked at."""
    judgements: Sequence[Judgement]
    views: Mapping[str, HostView]
    may_close: bool


@dataclass(frozen=True)
class Followed:
    """How many findings a scan opened, saw again, closed and brought back."""

    opened: int
    seen_again: int
    closed: int
    reopened: int


def subject_of(declaration: Declaration, address: str) -> str:
    """Return the id of the host that declares this one address, or the address itself.

    Each address of a host with several is a subject of its own: mended at one is not at all.
    """
    hosts = declaration.hosts()
    return next((h.id for h in hosts if h.addresses == (address,)), address)


def key_of(
    institution_id: UUID, vantage: str, declaration: Declaration, row: Judgement
) -> FindingKey:
    """Return what makes this failure the same finding whenever it is seen."""
    return FindingKey(
        institution_id=institution_id,
        subject=subject_of(declaration, row.address),
        check=row.check,
        vantage=vantage,
        protocol=row.protocol,
        port=row.port,
        subkey=row.subkey,
    )


Place = tuple[str, str, str | None, int | None, str]
"""Check, address, protocol, port and sub-key of one endpoint."""


def _place(row: Judgement) -> Place:
    return (row.check, row.address, row.protocol, row.port, row.subkey)


def _by_place(standing: Iterable[FindingRecord]) -> dict[Place, FindingRecord]:
    found: dict[Place, FindingRecord] = {}
    for one in standing:
        key = one.key
        found[(key.check, one.address, key.protocol, key.port, key.subkey)] = one
    return found


class _Sight(NamedTuple):
    """A failure as it was seen now."""

    key: FindingKey
    row: Judgement
    seen_at: datetime


def _open_or_see(
    connection: Connection, present: FindingRecord | None, sight: _Sight, check: Check, act: Act
) -> str:
    row, seen_at = sight.row, sight.seen_at
    if present is None:
        changes.insert_finding(
            connection,
            sight.key,
            act,
            address=row.address,
            severity=check.severity,
            says=row.says,
            seen_at=seen_at,
            is_potential=row.is_potential,
        )
        return "opened"
    if present.closed_at is not None:
        if seen_at <= present.closed_at:
            return "older"
        changes.reopen_finding(connection, present.id, act, seen_at=seen_at)
        _weigh_again(connection, present, row, act)
        return "reopened"
    changes.record_sight(
        connection, present.id, seen_at=seen_at, address=row.address, says=row.says
    )
    if seen_at >= present.last_seen:
        _weigh_again(connection, present, row, act)
    return "seen-again"


def _weigh_again(connection: Connection, present: FindingRecord, row: Judgement, act: Act) -> None:
    """Record that what was potential is confirmed now, or that a confirmation holds no longer."""
    if present.is_potential is row.is_potential:
        return
    changes.record_severity(
        connection,
        present.id,
        "eased" if row.is_potential else "confirmed",
        act,
        severity=present.severity,
        is_potential=row.is_potential,
    )


def _is_over(finding: FindingRecord, rows: Iterable[Judgement], view: HostView | None) -> bool:
    """Return whether a conclusive newer fact says that the finding is gone.

    Either its endpoint was judged again and did not fail, or there is no such endpoint any more
    because its port is known to be closed. Silence, time-outs and untested ports close nothing.
    """
    key = finding.key
    for row in rows:
        same = (row.protocol, row.port, row.subkey) == (key.protocol, key.port, key.subkey)
        if same:
            return row.verdict in ("pass", "not-applicable")
    if view is None or key.port is None or key.protocol is None:
        return False
    return view.state(key.protocol, key.port) in GONE


def follow(
    connection: Connection,
    seen: Seen,
    declaration: Declaration,
    checks: Mapping[str, Check],
    act: Act,
) -> Followed:
    """Open, see again, close and reopen findings as the scan says; return how many of each."""
    done: Counter[str] = Counter()
    standing = [
        finding
        for finding in store.list_findings(
            connection, institution_id=seen.institution_id, states=STANDING
        )
        if finding.key.vantage == seen.vantage
    ]
    sights = [
        _Sight(
            key_of(seen.institution_id, seen.vantage, declaration, row),
            row,
            seen.looked_at[row.address],
        )
        for row in seen.judgements
        if row.verdict == "fail" or row.is_potential
    ]
    keys = {sight.key for sight in sights}
    # A host that is declared under another name keeps what was found there before.
    renamed = _by_place(finding for finding in standing if finding.key not in keys)
    failing: set[UUID] = set()
    for sight in sights:
        row = sight.row
        present = store.find_finding(connection, sight.key) or renamed.get(_place(row))
        failing |= {present.id} if present is not None else set()
        done[_open_or_see(connection, present, sight, checks[row.check], act)] += 1
    if seen.may_close:
        others = [finding for finding in standing if finding.id not in failing]
        done["closed"] = _close(connection, seen, others, act)
    return Followed(done["opened"], done["seen-again"], done["closed"], done["reopened"])


def _close(connection: Connection, seen: Seen, findings: Iterable[FindingRecord], act: Act) -> int:
    """Close those of the findings that are over by what the scan saw; return how many."""
    rows: dict[tuple[str, str], list[Judgement]] = {}
    for row in seen.judgements:
        rows.setdefault((row.check, row.address), []).append(row)
    closed = 0
    for finding in findings:
        looked_at = seen.looked_at.get(finding.address)
        if looked_at is None or looked_at <= finding.last_seen:
            continue
        own = rows.get((finding.key.check, finding.address), [])
        if _is_over(finding, own, seen.views.get(finding.address)):
            changes.close_finding(connection, finding.id, act, closed_at=looked_at)
            closed += 1
    return closed


def fell_silent(before: Mapping[str, Iterable[PortKey]], views: Mapping[str, HostView]) -> bool:
    """Return whether so many formerly open ports fell silent at once that we are perhaps blocked.

    `before` are the ports that were open in the scan before, by address. A port that is closed
    now has answered, so that a repair is no silence; one that accepts and closes has as well.
    """
    asked = silent = 0
    for address, keys in before.items():
        view = views.get(address)
        if view is None:
            continue
        for protocol, port in keys:
            state = view.state(protocol, port)
            if state is State.NOT_TESTED:
                continue
            asked += 1
            silent += state in _SILENCE
    return asked > 0 and silent * 100 > VANISHED_PCT * asked
