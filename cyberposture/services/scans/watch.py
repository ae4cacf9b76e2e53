"""Watches ourselves: are our eyes open, does the clock run, is the record kept, was told in time?

Looking changes nothing; `report_alarms` writes each alarm to the outbox once.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection

from cyberposture.clock import to_iso
from cyberposture.services.findings.urgent import ESCALATE, WITHIN, list_unacknowledged
from cyberposture.services.post.wording import word_notice
from cyberposture.services.register import Change, Register
from cyberposture.services.scans import views as scan_views
from cyberposture.store import audit, bundles, canaries, institutions, outbox, people, scans
from cyberposture.store import schedules as schedule_store
from cyberposture.store.canaries import CanaryRecord
from cyberposture.store.facts import JudgementRecord, list_conclusive, list_latest_judgements
from cyberposture.store.findings import list_findings
from cyberposture.store.heads import HeadsFile

DEAD_DAYS = 30
"""A check without a conclusive result for so long is taken for dead. Source: our own default."""
OVERDUE = timedelta(minutes=15)
"""A schedule row that is late by more says that no clock runs. Source: our own default."""
WAITS = timedelta(days=1)
"""A notice that was tried and is older than this says that mail is not getting out. Source: our own
default."""
NEEDED = ("urgent", "watch")
"""The kinds of schedule row without which nobody is told of anything."""
PREFIX = "alarm-"

AlarmKind = Literal[
    "canary-missed",
    "check-dead",
    "data-stale",
    "scan-stuck",
    "clock-stopped",
    "not-scheduled",
    "head-not-copied",
    "perhaps-blocked",
    "urgent-unannounced",
    "urgent-unheard",
    "dispute-late",
    "not-delivered",
]


@dataclass(frozen=True)
class Alarm:
    """Something about ourselves that somebody has to look at, since when, and what to do."""

    kind: AlarmKind
    subject: str
    says: str
    since: datetime
    advice: str

    @property
    def code(self) -> str:
        """What makes it the same alarm each time it is seen."""
        told = f"{self.kind} {self.subject} {to_iso(self.since)}"
        return f"{PREFIX}{self.kind}-{sha256(told.encode()).hexdigest()[:16]}"


@dataclass(frozen=True)
class _Ground:
    register: Register
    connection: Connection
    heads: HeadsFile
    now: datetime


def look_at_ourselves(register: Register, heads: HeadsFile) -> list[Alarm]:
    """Return every alarm there is now, by kind and subject.

    Raises:
        MissingService: the file of audit heads cannot be read.
        Corrupt: a line of it is no head.
    """
    looks: tuple[Callable[[_Ground], Iterator[Alarm]], ...] = (
        _canaries, _dead_checks, _stale_data, _clock, _heads, _blocked, _urgent, _disputes,
        _undelivered,
    )  # fmt: skip
    with register.reading() as connection:
        ground = _Ground(register, connection, heads, register.clock())
        found = [alarm for look in looks for alarm in look(ground)]
    found += _stuck_scans(register)
    return sorted(found, key=lambda alarm: (alarm.kind, alarm.subject))


def _canaries(ground: _Ground) -> Iterator[Alarm]:
    judged: dict[object, list[JudgementRecord]] = {}
    for canary in canaries.list_canaries(ground.connection):
        owner = canary.institution_id
        if owner not in judged:
            judged[owner] = list_latest_judgements(ground.connection, owner, as_of=ground.now)
        problem = _missed(canary, judged[owner], ground.now)
        if problem is not None:
            says, since = problem
            advice = f"look at {canary.address} yourself, then at the scanner and its rules"
            yield Alarm("canary-missed", canary.code, says, since, advice)


def _missed(
    canary: CanaryRecord, judged: list[JudgementRecord], now: datetime
) -> tuple[str, datetime] | None:
    """Return what is wrong with a canary and since when, or None where it was found in time."""
    cycle = timedelta(days=canary.cycle_days)
    rows = [
        record
        for record in judged
        if (record.judgement.check, record.judgement.address) == (canary.check, canary.address)
    ]
    newest = max((record.observed_at for record in rows), default=canary.act.at)
    about = f"{canary.check} at {canary.address}"
    if now - newest > cycle:
        return f"{about} was not looked at for {canary.cycle_days} days", newest
    told = {record.judgement.verdict for record in rows if record.observed_at == newest}
    if rows and canary.verdict not in told:
        words = ", ".join(sorted(told))
        return f"{about} must be {canary.verdict} and was judged {words}", newest
    return None


def _dead_checks(ground: _Ground) -> Iterator[Alarm]:
    """Yield the checks that decided nothing for long, although their vantage was looked from."""
    oldest = ground.now - timedelta(days=DEAD_DAYS)
    known = list_conclusive(ground.connection)
    first = _first_looks(ground.connection)
    for check in ground.register.content.checks.checks:
        sides = ("external", "internal") if check.vantage == "any" else (check.vantage,)
        began = min((first[side] for side in sides if side in first), default=None)
        if began is None or began > oldest:
            continue
        last = known.get(check.id, began)
        if last < oldest or check.id not in known:
            says = f"{check.id} gave no conclusive result for {DEAD_DAYS} days"
            advice = "look at what it was asked lately: cyberposture scan show"
            yield Alarm("check-dead", check.id, says, last, advice)


def _first_looks(connection: Connection) -> dict[str, datetime]:
    """Return when a scan from outside, and one from inside, ended first."""
    found: dict[str, datetime] = {}
    for scan in scans.list_scans(connection):
        if scan.ended_at is not None:
            side = "external" if scan.vantage == "external" else "internal"
            found[side] = min(scan.ended_at, found.get(side, scan.ended_at))
    return found


def _stale_data(ground: _Ground) -> Iterator[Alarm]:
    for kind, record in bundles.newest_bundles(ground.connection, as_of=ground.now).items():
        if record.bundle.valid_until <= ground.now:
            says = f"the newest table {kind} is of {record.bundle.as_of.date()}, too old to speak"
            yield Alarm("data-stale", kind, says, record.bundle.valid_until,
                        "cyberposture intel import FILE")  # fmt: skip


def _stuck_scans(register: Register) -> Iterator[Alarm]:
    for one in scan_views.list_scans(register):
        scan = one.record
        if scan.state != "running":
            continue
        if scan_views.find_lost(register, one.institution, scan.vantage) != scan.code:
            continue
        says = f"{scan.code} of {one.institution} runs, and nobody works on it"
        yield Alarm("scan-stuck", scan.code, says, scan.started_at or scan.act.at,
                    "is the clock, or a worker, running?")  # fmt: skip


def _clock(ground: _Ground) -> Iterator[Alarm]:
    rows = schedule_store.list_schedules(ground.connection, enabled_only=True)
    for row in rows:
        if row.next_run is not None and row.next_run + OVERDUE < ground.now:
            says = f"the schedule {row.code} should have run at {to_iso(row.next_run)}"
            yield Alarm("clock-stopped", row.code, says, row.next_run, "cyberposture clock")
    if not rows:
        return
    for kind in NEEDED:
        if not any(row.kind == kind for row in rows):
            began = min(row.act.at for row in rows)
            advice = f"cyberposture schedule add {kind} --kind {kind} --trigger interval --spec 300"
            yield Alarm("not-scheduled", kind, f"no schedule of kind {kind}", began, advice)


def _heads(ground: _Ground) -> Iterator[Alarm]:
    kept: dict[str, int] = {}
    last = ""
    for head in ground.heads.read():
        kept[head.chain] = max(head.seq, kept.get(head.chain, 0))
        last = max(last, head.at)
    for head in audit.list_heads(ground.connection):
        if kept.get(head.chain, 0) < head.seq:
            says = f"the chain {head.chain} has {head.seq} entries, {kept.get(head.chain, 0)} of "\
                   "them are in the file of heads"  # fmt: skip
            since = datetime.fromisoformat(last or head.at)
            yield Alarm("head-not-copied", head.chain, says, since, "cyberposture audit verify")


def _blocked(ground: _Ground) -> Iterator[Alarm]:
    seen: set[tuple[object, str]] = set()
    for scan in scans.list_scans(ground.connection):
        key = (scan.institution_id, scan.vantage)
        if scan.ended_at is None or scan.kind == "imported" or key in seen:
            continue
        seen.add(key)
        if (scan.summary or {}).get("perhaps_blocked"):
            owner = institutions.get_institution_by_id(
                ground.connection, scan.institution_id, as_of=ground.now
            )
            says = f"{scan.code}: so many open ports of {owner.institution.code} fell silent at "\
                   "once that we are perhaps blocked; nothing was closed"  # fmt: skip
            advice = "ask the institution whether it shut the scanner out"
            yield Alarm("perhaps-blocked", scan.code, says, scan.ended_at, advice)


def _urgent(ground: _Ground) -> Iterator[Alarm]:
    for one in list_unacknowledged(ground.register, ground.connection):
        code = one.finding.code
        advice = f"cyberposture finding show {code}"
        if one.announced_at is None and ground.now - one.known_at > WITHIN:
            says = f"{code} of {one.institution.code} is urgent, and nobody was told"
            yield Alarm("urgent-unannounced", code, says, one.known_at, advice)
        elif one.reached_nobody:
            says = f"{code} is urgent, and {one.institution.code} names no emergency contact"
            yield Alarm("urgent-unheard", code, says, one.known_at, advice)
        elif one.announced_at is not None and ground.now - one.announced_at > ESCALATE + WITHIN:
            told = (
                "the regulator was told" if one.has_escalated else "no regulator is there to tell"
            )
            says = f"{code} of {one.institution.code} is urgent and not acknowledged; {told}"
            yield Alarm("urgent-unheard", code, says, one.announced_at, advice)


def _disputes(ground: _Ground) -> Iterator[Alarm]:
    for one in list_findings(ground.connection, states=["disputed"]):
        if one.marked_until is not None and one.marked_until <= ground.now:
            says = f"the dispute about {one.code} was to be decided by now; its verdict is open"
            yield Alarm("dispute-late", one.code, says, one.marked_until,
                        f"cyberposture finding decide {one.code}")  # fmt: skip


def _undelivered(ground: _Ground) -> Iterator[Alarm]:
    stuck = outbox.find_stuck(ground.connection, ground.now - WAITS)
    for state, (count, since) in stuck.items():
        what = "failed for good" if state == "failed" else "were tried and wait for a day"
        advice = f"cyberposture notice list --state {state}; then notice retry or withdraw"
        yield Alarm("not-delivered", state, f"{count} notices {what}", since, advice)


def report_alarms(register: Register, heads: HeadsFile, reports: Path) -> list[Alarm]:
    """Write each alarm that nobody was told of to every administrator of the CERT; return those.

    Raises:
        MissingService: the file of audit heads cannot be read.
        Corrupt: a line of it is no head.
    """
    found = look_at_ourselves(register, heads)
    with register.reading() as connection:
        known = {one.code for one in outbox.list_messages(connection, prefix=PREFIX)}
        held = people.list_memberships(
            connection, as_of=register.clock(), role="cert-administrator"
        )
        queued = outbox.list_messages(connection, state="queued", prefix=PREFIX)
    present = tuple(f"{alarm.code}-" for alarm in found)
    past = [message.id for message in queued if not message.code.startswith(present)]
    if past:
        with register.change("notices-withdrawn", "alarms") as change:
            gone = outbox.withdraw_messages(change.connection, past, "the alarm is over")
            change.tell(messages=gone)
    receivers = sorted({one.membership.person for one in held})
    new = [alarm for alarm in found if any(f"{alarm.code}-{r}" not in known for r in receivers)]
    if new:
        with register.change("alarms-raised") as change:
            for alarm in new:
                for receiver in receivers:
                    _queue(change, reports, alarm, receiver)
            change.tell(alarms=[alarm.code for alarm in new], receivers=receivers)
    return new


def _queue(change: Change, reports: Path, alarm: Alarm, receiver: str) -> None:
    record = people.get_person(change.connection, receiver)
    values = {"kind": alarm.kind, "about": alarm.subject, "says": alarm.says,
              "since": f"{alarm.since:%Y-%m-%d %H:%M}", "advice": alarm.advice}  # fmt: skip
    wording = word_notice(reports, "alarm", record.person.language, values)
    outbox.queue_message(
        change.connection, change.by, code=f"{alarm.code}-{receiver}", channel="inbox",
        recipient=receiver, language=wording.language, subject=wording.subject, body=wording.body,
        person_id=record.id,
    )  # fmt: skip
