"""Follows findings from scan to scan: they open, close and come back, and never by silence."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.model.checks import Check
from cyberposture.model.institutions import Declaration
from cyberposture.model.observations import Judgement
from cyberposture.scanning.hostview import HostView
from cyberposture.scanning.states import State
from cyberposture.store import finding_changes as changes
from cyberposture.store import findings as store
from cyberposture.store.acts import Act
from cyberposture.store.findings import FindingKey, FindingRecord

VANISHED_PCT = 30
"""When more of an institution's open ports than this fall silent at once, we are perhaps blocked.

Source: our own default; nothing is closed then.
"""
_SETTLED = frozenset({State.CLOSED, State.FILTERED})


@dataclass(frozen=True)
class Seen:
    """What one scan says of one institution: its judgements and the hosts behind them."""

    institution_id: UUID
    vantage: str
    observed_at: datetime
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
    """Return the id of the asset that declares the address, or the address itself."""
    return next((h.id for h in declaration.hosts() if address in h.addresses), address)


def _key(seen: Seen, declaration: Declaration, row: Judgement) -> FindingKey:
    return FindingKey(
        institution_id=seen.institution_id,
        subject=subject_of(declaration, row.address),
        check=row.check,
        vantage=seen.vantage,
        protocol=row.protocol,
        port=row.port,
        subkey=row.subkey,
    )


def _open_or_see(
    connection: Connection,
    key: FindingKey,
    sight: tuple[Judgement, datetime],
    check: Check,
    act: Act,
) -> str:
    row, seen_at = sight
    present = store.find_finding(connection, key)
    if present is None:
        changes.insert_finding(
            connection,
            key,
            act,
            address=row.address,
            severity=check.severity,
            says=row.says,
            seen_at=seen_at,
        )
        return "opened"
    if present.state == "closed":
        changes.reopen_finding(connection, present.id, act, seen_at=seen_at)
        return "reopened"
    changes.record_sight(
        connection, present.id, seen_at=seen_at, address=row.address, says=row.says
    )
    return "seen-again"


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
    return view.state(key.protocol, key.port) in _SETTLED


def follow(
    connection: Connection,
    seen: Seen,
    declaration: Declaration,
    checks: Mapping[str, Check],
    act: Act,
) -> Followed:
    """Open, see again, close and reopen findings as the scan says; return how many of each."""
    done: Counter[str] = Counter()
    by_place: dict[tuple[str, str], list[Judgement]] = {}
    for row in seen.judgements:
        by_place.setdefault((row.check, row.address), []).append(row)
        if row.verdict == "fail":
            key = _key(seen, declaration, row)
            sight = (row, seen.observed_at)
            done[_open_or_see(connection, key, sight, checks[row.check], act)] += 1
    standing = store.list_findings(
        connection, institution_id=seen.institution_id, states=store.STANDING
    )
    for finding in standing:
        if not seen.may_close or finding.key.vantage != seen.vantage:
            continue
        view = seen.views.get(finding.address)
        rows = by_place.get((finding.key.check, finding.address), [])
        if view is not None and _is_over(finding, rows, view):
            changes.close_finding(connection, finding.id, act, closed_at=seen.observed_at)
            done["closed"] += 1
    return Followed(done["opened"], done["seen-again"], done["closed"], done["reopened"])


def fell_silent(
    before: Mapping[str, Iterable[tuple[str, int]]], views: Mapping[str, HostView]
) -> bool:
    """Return whether so many formerly open ports fell silent at once that we are perhaps blocked.

    `before` are the ports that were open in the scan before, by address. A port that is closed
    now has answered, so that a repair is no silence.
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
            silent += state not in (State.OPEN, State.CLOSED)
    return asked > 0 and silent * 100 > VANISHED_PCT * asked
