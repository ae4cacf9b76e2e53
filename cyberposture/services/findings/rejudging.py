"""Judges archived facts anew by the present checks, beside the old judgements, without a network.

Only the rule can have changed here: the facts are the same, and so is what was declared then. What
became of a finding that the rule no longer sees is for the next look to say: no rule closes one.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.clock import to_iso
from cyberposture.errors import WrongState, WrongUsage
from cyberposture.model.checks import Verdict
from cyberposture.model.findings import STANDING
from cyberposture.model.observations import Judgement
from cyberposture.services.findings.following import key_of
from cyberposture.services.findings.judging import Look, look_at
from cyberposture.services.register import Change, Register
from cyberposture.store import finding_changes, findings, institutions, scans
from cyberposture.store.facts import (
    JudgementRecord,
    NewJudgement,
    insert_judgements,
    list_judgements,
    list_latest_facts,
    list_latest_judgements,
)
from cyberposture.store.scans import ScanRecord

Cause = Literal["rule", "network", "both"]
Place = tuple[str, str, str | None, int | None, str]
"""Check, address, protocol, port and sub-key of one endpoint."""
UNJUDGED = "The present rule does not judge this endpoint."


@dataclass(frozen=True)
class Difference:
    """One endpoint on which two judgements differ, and why."""

    place: Place
    before: Verdict | None
    after: Verdict | None
    versions: tuple[int | None, int | None]
    says: str
    cause: Cause


@dataclass(frozen=True)
class Rejudged:
    """What came of judging one scan anew."""

    scan: str
    institution: str
    judged_at: datetime
    checks: tuple[str, str]
    """The digests of the checks before and now."""
    judgements: int
    differences: tuple[Difference, ...]
    opened: int
    """Findings that only the present rule sees; their clock begins now."""
    unseen: tuple[str, ...]
    """Standing findings that the present rule does not see; the next look may close them."""


def place_of(row: Judgement) -> Place:
    """Return the endpoint and the check of a judgement."""
    return (row.check, row.address, row.protocol, row.port, row.subkey)


def newest_of(records: Iterable[JudgementRecord]) -> dict[Place, JudgementRecord]:
    """Return of each endpoint the newest judgement over one scan."""
    ordered = sorted(records, key=lambda record: record.judged_at)
    return {place_of(record.judgement): record for record in ordered}


def rejudge(
    register: Register, *, scan: str | None = None, institution: str | None = None
) -> list[Rejudged]:
    """Judge one scan, or all whose facts still speak for an institution, oldest first.

    Raises:
        WrongUsage: not exactly one of the two is given.
        NotFound: there is no such scan or institution.
        WrongState: the scan is under way, or none of the institution's has anything to judge.
    """
    if (scan is None) == (institution is None):
        raise WrongUsage("say what is judged anew: one of --scan, --institution")
    with register.reading() as connection:
        if scan is not None:
            chosen = [scans.get_scan(connection, scan)]
        else:
            owner = institutions.get_institution_id(connection, str(institution))
            chosen = _still_speaking(connection, owner, register.clock())
    if not chosen:
        raise WrongState(f"no scan of {institution} has anything to judge")
    return [_rejudge(register, record.code) for record in chosen]


def _still_speaking(connection: Connection, owner: UUID, now: datetime) -> list[ScanRecord]:
    """Return the scans that hold the newest facts about anything, oldest first."""
    wanted = {record.scan_id for record in list_latest_facts(connection, owner, as_of=now)}
    found = scans.list_scans(connection, institution_id=owner)
    return [r for r in reversed(found) if r.id in wanted and r.state not in ("planned", "running")]


def _rejudge(register: Register, code: str) -> Rejudged:
    with register.change("scan-rejudged", code) as change:
        scan = scans.get_scan(change.connection, code)
        change.institution_id = scan.institution_id
        if scan.state in ("planned", "running"):
            raise WrongState(f"the scan {code} is {scan.state}; it is judged when it ends")
        before = newest_of(list_judgements(change.connection, scan_id=scan.id))
        judged_at = max((one.judged_at for one in before.values()), default=change.now)
        look = look_at(register, change.connection, scan, judged_at)
        rows = [*look.rows, *_gone(register, scan, look, before)]
        insert_judgements(
            change.connection,
            scan.institution_id,
            scan.id,
            rows,
            checks_digest=register.edition.checks,
            judged_at=change.now,
        )
        failed = {p for p, one in before.items() if one.judgement.verdict == "fail"}
        done = Rejudged(
            scan=code,
            institution=_name_of(change, scan),
            judged_at=change.now,
            checks=(_digest_of(before, scan), register.edition.checks),
            judgements=len(rows),
            differences=tuple(differences(before, rows)),
            opened=_open_what_is_new(register, change, scan, look, failed),
            unseen=_unseen(change.connection, scan, look),
        )
        change.tell(
            checks=list(done.checks), judgements=done.judgements,
            differences=len(done.differences), opened=done.opened,
        )  # fmt: skip
    return done


def _name_of(change: Change, scan: ScanRecord) -> str:
    found = institutions.get_institution_by_id(
        change.connection, scan.institution_id, as_of=change.now
    )
    return found.institution.code


def _digest_of(before: Mapping[Place, JudgementRecord], scan: ScanRecord) -> str:
    newest = max(before.values(), key=lambda one: one.judged_at, default=None)
    return scan.checks_digest if newest is None else newest.checks_digest


def _gone(
    register: Register, scan: ScanRecord, look: Look, before: Mapping[Place, JudgementRecord]
) -> list[NewJudgement]:
    """Return a word on each endpoint that was judged and is not any more; else the old one stood.

    Where the check itself is gone nothing asks for its rows.
    """
    now = {place_of(row.judgement) for row in look.rows}
    found: list[NewJudgement] = []
    for place, record in before.items():
        check = register.content.checks.find(place[0])
        if place not in now and check is not None:
            changed = {"verdict": "not-applicable", "version": check.version, "says": UNJUDGED}
            row = record.judgement.model_copy(update=changed)
            found.append(NewJudgement(row, scan.vantage, record.observed_at, record.facts))
    return found


def differences(
    before: Mapping[Place, JudgementRecord], rows: Sequence[NewJudgement]
) -> list[Difference]:
    """Return the endpoints whose verdict is another now, by place; over the same facts: the rule.

    Facts that reached the scan after it was judged are the network's part.
    """
    now = {place_of(row.judgement): row for row in rows}
    found: list[Difference] = []
    for place in sorted({*before, *now}, key=str):
        old, new = before.get(place), now.get(place)
        was = None if old is None else old.judgement
        told = None if new is None else new.judgement
        if (was and was.verdict) == (told and told.verdict):
            continue
        same = old is None or new is None or set(old.facts) == set(new.facts)
        found.append(
            Difference(
                place=place,
                before=was.verdict if was else None,
                after=told.verdict if told else None,
                versions=(was.version if was else None, told.version if told else None),
                says=told.says if told else "The check is no longer asked.",
                cause="rule" if same else "both",
            )
        )
    return found


def _open_what_is_new(
    register: Register,
    change: Change,
    scan: ScanRecord,
    look: Look,
    failed_before: Collection[Place],
) -> int:
    """Open a finding for each failure that only the present rule sees; return how many.

    Nobody was told of it before, so that its clock begins now and not when it was seen.
    """
    opened = 0
    speaking = _speaking_of(change.connection, scan, change.now)
    failing = {
        place_of(row.judgement): row.judgement
        for row in look.rows
        if (row.judgement.verdict == "fail" or row.judgement.is_potential)
        and place_of(row.judgement) not in failed_before
    }
    latest = list_latest_judgements(change.connection, scan.institution_id, as_of=change.now)
    for record in latest:
        row = failing.get(place_of(record.judgement))
        if (record.scan_id, record.judged_at) != (scan.id, change.now) or row is None:
            continue
        check = register.content.checks.find(row.check)
        if check is None:
            continue
        if row.address not in speaking:
            # A newer look at the address has taken the place of these facts, whatever it found.
            continue
        key = key_of(scan.institution_id, scan.vantage, look.declaration, row)
        present = findings.find_finding(change.connection, key)
        said = {"rejudged": scan.code, "seen": to_iso(record.observed_at)}
        if present is None:
            finding_changes.insert_finding(
                change.connection, key, change.by, address=row.address, severity=check.severity,
                says=row.says, seen_at=record.observed_at, opened_at=change.now, details=said,
                is_potential=row.is_potential,
            )  # fmt: skip
        elif present.state == "closed":
            finding_changes.reopen_finding(
                change.connection, present.id, change.by, seen_at=change.now, details=said
            )
        else:
            continue
        opened += 1
    return opened


def _speaking_of(connection: Connection, scan: ScanRecord, now: datetime) -> set[str]:
    """Return the addresses of which no newer scan from the same vantage has looked at anything."""
    newest: dict[str, tuple[datetime, UUID]] = {}
    for record in list_latest_facts(connection, scan.institution_id, as_of=now):
        if record.fact.vantage == scan.vantage:
            seen = (record.observed_at, record.scan_id)
            newest[record.fact.address] = max(seen, newest.get(record.fact.address, seen))
    return {address for address, (_, scan_id) in newest.items() if scan_id == scan.id}


def _unseen(connection: Connection, scan: ScanRecord, look: Look) -> tuple[str, ...]:
    """Return the codes of standing findings at these addresses that no rule sees in these facts."""
    failing = {
        key_of(scan.institution_id, scan.vantage, look.declaration, row.judgement)
        for row in look.rows
        if row.judgement.verdict == "fail" or row.judgement.is_potential
    }
    seen_at = {row.judgement.address: row.observed_at for row in look.rows}
    standing = findings.list_findings(
        connection, institution_id=scan.institution_id, states=STANDING
    )
    return tuple(
        one.code
        for one in standing
        if one.key.vantage == scan.vantage
        and one.key not in failing
        and seen_at.get(one.address) == one.last_seen
    )
