"""Watches ourselves: are our eyes open, does the clock run, is the record kept, was told in time?

Looking changes nothing; `report_alarms` writes each alarm to the outbox once.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection

from cyberposture.clock import to_iso
from cyberposture.reporting.plain import Text
from cyberposture.reporting.render import Renderer
from cyberposture.reporting.words import Words
from cyberposture.services.findings.urgent import ESCALATE, WITHIN, list_unacknowledged
from cyberposture.services.post.wording import FIRST_LANGUAGE, FOLDER, word_notice
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
_WORDS = {"kind": "row-kind", "verdict": "verdict", "told": "verdict"}
"""Facts of alarms that are words of ours, and the groups of words that name them."""

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


Facts = Mapping[str, str | int]


@dataclass(frozen=True)
class Alarm:
    """Something about ourselves that somebody has to look at, since when, and what to do."""

    kind: AlarmKind
    subject: str
    sentence: str
    """Which of the words of notices says it; often its kind."""
    facts: Facts
    """What sentence and advice ask for; `command` is the one that leads on."""
    since: datetime

    @property
    def code(self) -> str:
        """What makes it the same alarm each time it is seen."""
        told = f"{self.kind} {self.subject} {to_iso(self.since)}"
        return f"{PREFIX}{self.kind}-{sha256(told.encode()).hexdigest()[:16]}"


@dataclass(frozen=True)
class SaidAlarm:
    """An alarm as somebody reads it."""

    alarm: Alarm
    kind: Text
    says: Text
    advice: Text


def say_alarm(words: Words, alarm: Alarm) -> SaidAlarm:
    """Return an alarm in the words of notices.

    Raises:
        InvalidInput: the words have no sentence for it.
    """
    facts = {name: _in_words(words, name, fact) for name, fact in alarm.facts.items()}
    return SaidAlarm(
        alarm,
        words.say(f"alarm-kind.{alarm.kind}"),
        words.say(f"alarm.{alarm.sentence}", **facts),
        words.say(f"alarm-advice.{alarm.kind}", **facts),
    )


def _in_words(words: Words, name: str, fact: str | int) -> str | int:
    """Return a fact as people call it where it is a word of ours, else as it is."""
    group = _WORDS.get(name)
    if group is None:
        return fact
    return words.listed([words.name(group, one) for one in str(fact).split(", ")])


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
            yield problem


def _missed(canary: CanaryRecord, judged: list[JudgementRecord], now: datetime) -> Alarm | None:
    """Return what is wrong with a canary, or None where it was found in time."""
    cycle = timedelta(days=canary.cycle_days)
    rows = [
        record
        for record in judged
        if (record.judgement.check, record.judgement.address) == (canary.check, canary.address)
    ]
    newest = max((record.observed_at for record in rows), default=canary.act.at)
    facts: dict[str, str | int] = {"check": canary.check, "address": canary.address}
    if now - newest > cycle:
        facts["days"] = canary.cycle_days
        return Alarm("canary-missed", canary.code, "canary-unseen", facts, newest)
    told = {record.judgement.verdict for record in rows if record.observed_at == newest}
    if rows and canary.verdict not in told:
        facts |= {"verdict": canary.verdict, "told": ", ".join(sorted(told))}
        return Alarm("canary-missed", canary.code, "canary-other", facts, newest)
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
            facts: Facts = {
                "check": check.id,
                "days": DEAD_DAYS,
                "command": "cyberposture scan show",
            }
            yield Alarm("check-dead", check.id, "check-dead", facts, last)


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
            day = str(record.bundle.as_of.date())
            facts = {"table": kind, "day": day, "command": "cyberposture intel import FILE"}
            yield Alarm("data-stale", kind, "data-stale", facts, record.bundle.valid_until)


def _stuck_scans(register: Register) -> Iterator[Alarm]:
    for one in scan_views.list_scans(register):
        scan = one.record
        if scan.state != "running":
            continue
        if scan_views.find_lost(register, one.institution, scan.vantage) != scan.code:
            continue
        facts = {"scan": scan.code, "institution": one.institution}
        since = scan.started_at or scan.act.at
        yield Alarm("scan-stuck", scan.code, "scan-stuck", facts, since)


def _clock(ground: _Ground) -> Iterator[Alarm]:
    rows = schedule_store.list_schedules(ground.connection, enabled_only=True)
    for row in rows:
        if row.next_run is not None and row.next_run + OVERDUE < ground.now:
            facts = {"row": row.code, "time": to_iso(row.next_run), "command": "cyberposture clock"}
            yield Alarm("clock-stopped", row.code, "clock-stopped", facts, row.next_run)
    if not rows:
        return
    for kind in NEEDED:
        if not any(row.kind == kind for row in rows):
            began = min(row.act.at for row in rows)
            add = f"cyberposture schedule add {kind} --kind {kind} --trigger interval --spec 300"
            facts = {"kind": kind, "command": add}
            yield Alarm("not-scheduled", kind, "not-scheduled", facts, began)


def _heads(ground: _Ground) -> Iterator[Alarm]:
    kept: dict[str, int] = {}
    last = ""
    for head in ground.heads.read():
        kept[head.chain] = max(head.seq, kept.get(head.chain, 0))
        last = max(last, head.at)
    for head in audit.list_heads(ground.connection):
        if kept.get(head.chain, 0) < head.seq:
            facts: Facts = {
                "chain": head.chain, "entries": head.seq, "kept": kept.get(head.chain, 0),
                "command": "cyberposture audit verify",
            }  # fmt: skip
            since = datetime.fromisoformat(last or head.at)
            yield Alarm("head-not-copied", head.chain, "head-not-copied", facts, since)


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
            facts = {"scan": scan.code, "institution": owner.institution.code}
            yield Alarm("perhaps-blocked", scan.code, "perhaps-blocked", facts, scan.ended_at)


def _urgent(ground: _Ground) -> Iterator[Alarm]:
    for one in list_unacknowledged(ground.register, ground.connection):
        code = one.finding.code
        facts = {"finding": code, "institution": one.institution.code,
                 "command": f"cyberposture finding show {code}"}  # fmt: skip
        if one.announced_at is None and ground.now - one.known_at > WITHIN:
            yield Alarm("urgent-unannounced", code, "urgent-unannounced", facts, one.known_at)
        elif one.reached_nobody:
            yield Alarm("urgent-unheard", code, "urgent-nobody", facts, one.known_at)
        elif one.announced_at is not None and ground.now - one.announced_at > ESCALATE + WITHIN:
            sentence = "urgent-told" if one.has_escalated else "urgent-untold"
            yield Alarm("urgent-unheard", code, sentence, facts, one.announced_at)


def _disputes(ground: _Ground) -> Iterator[Alarm]:
    for one in list_findings(ground.connection, states=["disputed"]):
        if one.marked_until is not None and one.marked_until <= ground.now:
            facts = {"finding": one.code, "command": f"cyberposture finding decide {one.code}"}
            yield Alarm("dispute-late", one.code, "dispute-late", facts, one.marked_until)


def _undelivered(ground: _Ground) -> Iterator[Alarm]:
    stuck = outbox.find_stuck(ground.connection, ground.now - WAITS)
    for state, (count, since) in stuck.items():
        facts: Facts = {"count": count, "command": f"cyberposture notice list --state {state}"}
        yield Alarm("not-delivered", state, state, facts, since)


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
    renderer, language = Renderer(reports), record.person.language or FIRST_LANGUAGE
    said = say_alarm(renderer.page_words(FOLDER, language), alarm)
    values = {"kind": str(said.kind), "about": alarm.subject, "says": str(said.says),
              "since": f"{alarm.since:%Y-%m-%d %H:%M}", "advice": str(said.advice)}  # fmt: skip
    wording = word_notice(reports, "alarm", language, values)
    outbox.queue_message(
        change.connection, change.by, code=f"{alarm.code}-{receiver}", channel="inbox",
        recipient=receiver, language=wording.language, subject=wording.subject, body=wording.body,
        person_id=record.id,
    )  # fmt: skip
