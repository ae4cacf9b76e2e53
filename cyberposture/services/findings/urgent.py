"""Announces what cannot wait: to the emergency contacts until somebody acknowledges, then higher.

Each step is written once to the outbox, in one transaction with its event; delivery is not done
here. What is urgent says the check itself.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from cyberposture.errors import Conflict
from cyberposture.model.checks import Check
from cyberposture.model.findings import Life, replay
from cyberposture.model.institutions import Institution
from cyberposture.model.people import find_mail_address
from cyberposture.services.findings.acts import URGENT
from cyberposture.services.permission.letters import on_paper, render_paper
from cyberposture.services.register import Change, Register
from cyberposture.store import authorisations, finding_changes, institutions, outbox, people
from cyberposture.store import findings as store
from cyberposture.store.findings import FindingEvent, FindingRecord
from cyberposture.store.outbox import Channel, MessageRecord

WITHIN = timedelta(hours=1)
"""How soon after it became known the first notice has to be written. Source: our own default."""
REPEAT = timedelta(hours=4)
"""After how long without an acknowledgement it is said again. Source: our own default."""
ESCALATE = timedelta(hours=24)
"""After how long without an acknowledgement the regulator is told. Source: our own default."""
PREFIX = URGENT


@dataclass(frozen=True)
class Urgent:
    """A standing, urgent finding that nobody acknowledged, and how far its announcement went."""

    finding: FindingRecord
    check: Check
    institution: Institution
    life: Life
    known_at: datetime
    """When the register learnt of its present stretch."""
    stretch: int
    announced_at: datetime | None
    reached_nobody: bool
    """It was announced, and there was no contact to announce it to."""
    has_escalated: bool

    def is_for_regulator(self, now: datetime) -> bool:
        """Return whether the regulator has to be told and was not."""
        if self.announced_at is None or self.has_escalated:
            return False
        return self.reached_nobody or now - self.announced_at >= ESCALATE


@dataclass(frozen=True)
class Announced:
    """One step that was written: of which finding, which one, and to whom."""

    finding: str
    step: str
    recipients: tuple[str, ...]


@dataclass(frozen=True)
class _Recipient:
    channel: Channel
    address: str
    person: str | None = None


def list_unacknowledged(register: Register, connection: Connection) -> list[Urgent]:
    """Return the urgent findings that stand and of which nobody took note, by first sight.

    What is disputed, accepted or a false positive was taken note of.
    """
    now = register.clock()
    found: list[Urgent] = []
    for check in register.content.checks.checks:
        if not check.urgent:
            continue
        for one in store.list_findings(connection, states=["open"], check=check.id):
            events = store.list_events(connection, finding_id=one.id)
            life = replay(event.happened() for event in events)
            if life is not None and life.acknowledged_at is None:
                owner = institutions.get_institution_by_id(
                    connection, one.key.institution_id, as_of=now
                ).institution
                found.append(_as_urgent(one, check, owner, life, events))
    return sorted(found, key=lambda one: (one.finding.first_seen, one.finding.code))


def _as_urgent(
    finding: FindingRecord,
    check: Check,
    institution: Institution,
    life: Life,
    events: list[FindingEvent],
) -> Urgent:
    begins = max(i for i, e in enumerate(events) if e.kind in ("opened", "reopened"))
    told = [event for event in events[begins:] if event.kind == "announced"]
    return Urgent(
        finding=finding,
        check=check,
        institution=institution,
        life=life,
        known_at=events[begins].act.at,
        stretch=len(life.stretches),
        announced_at=told[0].act.at if told else None,
        reached_nobody=bool(told) and not any((event.details or {}).get("to") for event in told),
        has_escalated=any((event.details or {}).get("step") == "regulator" for event in told),
    )


def announce_urgent(register: Register, reports: Path, telephone: str | None) -> list[Announced]:
    """Write every step that is due now, each once, and return them.

    A step that was missed while nothing ran is not made up for: the one that is due now says more.
    """
    with register.reading() as connection:
        waiting = list_unacknowledged(register, connection)
        queued = outbox.list_messages(connection, state="queued", prefix=PREFIX)
    _withdraw(register, waiting, queued)
    done: list[Announced] = []
    for urgent in waiting:
        for step in _steps_due(urgent, register.clock()):
            with contextlib.suppress(Conflict):
                done.append(_announce(register, reports, telephone, urgent, step))
    return done


def _withdraw(register: Register, waiting: list[Urgent], queued: list[MessageRecord]) -> None:
    """Withdraw what is queued about findings that were mended or taken note of since."""
    present = tuple(f"{PREFIX}{one.finding.code}-{one.stretch}-" for one in waiting)
    past = [message.id for message in queued if not message.code.startswith(present)]
    if past:
        with register.change("notices-withdrawn", "urgent") as change:
            gone = outbox.withdraw_messages(change.connection, past, "mended, or taken note of")
            change.tell(messages=gone)


def _steps_due(urgent: Urgent, now: datetime) -> Iterator[str]:
    since = now - (urgent.announced_at or now)
    yield str(since // REPEAT + 1)
    if urgent.is_for_regulator(now):
        yield "regulator"


def _announce(
    register: Register, reports: Path, telephone: str | None, urgent: Urgent, step: str
) -> Announced:
    """Write one step.

    Raises:
        Conflict: it was written before, or there is nobody to write to.
    """
    finding = urgent.finding
    with register.change("finding-announced", finding.code) as change:
        change.institution_id = finding.key.institution_id
        contacts = _contacts(change, urgent)
        recipients = _regulators(change, urgent) if step == "regulator" else contacts
        values = _values(urgent, step, change.now) | {
            "telephone": telephone or "",
            "contacts": [one.address for one in contacts],
        }
        body = render_paper(reports, "urgent", "ur", values, body=register.body).text
        told = [one.address for one in recipients if _queue(change, urgent, step, one, body)]
        if not told and (recipients or urgent.announced_at is not None):
            raise Conflict(step, f"step {step} of {finding.code} was written before")
        finding_changes.record_note(
            change.connection, finding.id, "announced", change.by,
            details={"step": step, "to": told},
        )  # fmt: skip
        change.tell(step=step, to=told)
    return Announced(finding.code, step, tuple(told))


def _queue(change: Change, urgent: Urgent, step: str, to: _Recipient, body: str) -> bool:
    who = sha256(f"{to.channel} {to.address}".encode()).hexdigest()[:12]
    person = None if to.person is None else people.get_person(change.connection, to.person).id
    return outbox.queue_message(
        change.connection,
        change.by,
        code=f"{PREFIX}{urgent.finding.code}-{urgent.stretch}-{step}-{who}",
        channel=to.channel,
        recipient=to.address,
        subject=f"Urgent: {urgent.check.title} ({urgent.finding.code})",
        body=body,
        language="ur",
        institution_id=urgent.finding.key.institution_id,
        person_id=person,
    )


def _contacts(change: Change, urgent: Urgent) -> list[_Recipient]:
    """Return the emergency contacts of the letters in force and of the institution, each once."""
    named: list[str] = []
    for record in authorisations.list_authorisations(
        change.connection, institution_id=urgent.finding.key.institution_id
    ):
        if record.withdrawn_at is None and record.valid_from <= change.now < record.valid_until:
            named += record.terms["emergency_contacts"]
    named += urgent.institution.contacts
    return list(dict.fromkeys(_recipient(text) for text in named))


def _recipient(text: str) -> _Recipient:
    """Return how to reach a contact as people wrote it: by the mail address in it, or by a call."""
    mail = find_mail_address(text)
    return _Recipient("telephone", text) if mail is None else _Recipient("mail", mail)


def _regulators(change: Change, urgent: Urgent) -> list[_Recipient]:
    """Return the regulators of its sectors, of itself or its parent; else those of no sector."""
    held = people.list_memberships(change.connection, as_of=change.now, role="sector-regulator")
    own = {urgent.institution.code, urgent.institution.parent}
    near = [
        one
        for one in held
        if one.membership.institution in own - {None}
        or one.membership.sector in urgent.institution.sectors
    ]
    central = [
        one for one in held if one.membership.institution is None and one.membership.sector is None
    ]
    return [
        _Recipient("inbox", one.membership.person, one.membership.person) for one in near or central
    ]


def _values(urgent: Urgent, step: str, now: datetime) -> dict[str, Any]:
    finding, key = urgent.finding, urgent.finding.key
    return {
        "to_regulator": step == "regulator",
        "institution": urgent.institution.name,
        "written_at": on_paper(now),
        "step": step,
        "finding": finding.code,
        "says": finding.says,
        "title": urgent.check.title,
        "where": finding.address + ("" if key.port is None else f", {key.protocol} {key.port}"),
        "first_seen": on_paper(finding.first_seen),
        "last_seen": on_paper(finding.last_seen),
        "announced_at": on_paper(urgent.announced_at or now),
        "why": urgent.check.why,
        "remedy": urgent.check.remedy,
        "repeat_hours": REPEAT // timedelta(hours=1),
        "escalate_hours": ESCALATE // timedelta(hours=1),
    }


def list_notices(register: Register, institution: str | None = None) -> list[MessageRecord]:
    """Return the urgent notices that were written, oldest first.

    Raises:
        NotFound: the institution is not in the register.
    """
    with register.reading() as connection:
        institution_id = institutions.get_owner_id(connection, institution)
        return outbox.list_messages(connection, institution_id=institution_id, prefix=PREFIX)
