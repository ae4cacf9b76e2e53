"""Reminds of what is due: the lead, and whoever has open work, 30, 7 and 1 days ahead.

A due date ends at midnight where the institution is. Each reminder is written once, to the outbox
and to the life of the assessment; where more time was granted, the new date has reminders again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from cyberposture.clock import find_zone
from cyberposture.model.deadlines import last_day_of
from cyberposture.model.life import states_before
from cyberposture.services.assessments.asked import Asked, is_said, open_asked, takes_answer
from cyberposture.services.assessments.delegating import ANSWERS, Division
from cyberposture.services.post.wording import Whole, Wording, word_notice
from cyberposture.services.register import Change, Register
from cyberposture.store import assessments, delegations, institutions, outbox, people, rounds
from cyberposture.store import reminders as store
from cyberposture.store.people import PersonRecord

DAYS: Final = (30, 7, 1)
"""Source: our own default."""


@dataclass(frozen=True)
class Due:
    """An assessment that is to be reminded of now."""

    institution: str
    round: str
    days: int
    """The mark that was passed."""
    left: int
    last_day: date


@dataclass(frozen=True)
class Reminder:
    """One reminder as it went to one person; without a message it waits on the portal."""

    institution: str
    last_day: date
    days: int
    written_at: datetime
    person: str
    state: str
    delivered_at: datetime | None
    problem: str


def list_due(register: Register) -> list[Due]:
    """Return the assessments whose nearest mark was passed and not reminded of, by round."""
    with register.reading() as connection:
        return list(_due(connection, register.clock()))


def _due(connection: Connection, now: datetime) -> Iterator[Due]:
    zones = {
        record.id: record.institution.zone
        for record in institutions.list_institutions(connection, as_of=now)
    }
    for campaign in rounds.list_rounds(connection):
        if campaign.closed_at is not None:
            continue
        done = {
            (one.assessment_id, one.days, one.last_day)
            for one in store.list_reminders(connection, campaign.id)
        }
        for one in assessments.list_assessments(connection, round_id=campaign.id):
            if one.state not in states_before("hand in") or one.institution_id not in zones:
                continue
            zone = zones[one.institution_id]
            last_day = last_day_of(one.due_at or campaign.round.due, zone)
            left = (last_day - now.astimezone(find_zone(zone)).date()).days
            days = min((mark for mark in DAYS if left <= mark), default=None)
            if days is not None and left >= 0 and (one.id, days, last_day) not in done:
                yield Due(one.institution, one.round, days, left, last_day)


def remind(register: Register, reports: Path, portal: str) -> list[str]:
    """Write every reminder that is due, each once, and return the codes of its messages.

    Raises:
        NotFound: the notices hold no reminder.
    """
    texts = _Texts(reports, portal)
    written: list[str] = []
    for due in list_due(register):
        with register.change("reminded", f"{due.institution}/{due.round}") as change:
            asked = open_asked(register, change.connection, due.institution, due.round)
            change.institution_id = asked.institution_id
            messages = [
                _queue(change, due, asked, record, texts.word(due, asked, record, is_lead=is_lead))
                for record, is_lead in _receivers(change, asked)
            ]
            details = {"days": due.days, "last_day": due.last_day.isoformat(),
                       "messages": messages}  # fmt: skip
            assessments.record_event(
                change.connection, asked.assessment.id, store.REMINDED, change.by, details=details
            )
            change.tell(**details)
            written += messages
    return written


def _open_controls(asked: Asked) -> list[str]:
    """Return the controls that nobody of the institution has answered yet."""
    return [
        one.id
        for one in asked.controls
        if takes_answer(one) and not is_said(asked.given.get(one.id))
    ]


def _receivers(change: Change, asked: Asked) -> list[tuple[PersonRecord, bool]]:
    """Return the leads, and the others in whose hands something is that is open still."""
    held = people.list_memberships(
        change.connection, as_of=change.now, institution_id=asked.institution_id
    )
    leads = {one.membership.person for one in held if one.membership.role == "institution-lead"}
    answering = {one.membership.person for one in held if one.membership.role in ANSWERS}
    left = _open_controls(asked)
    division = Division(tuple(delegations.list_delegations(change.connection, asked.assessment.id)))
    busy = {
        person
        for person in answering - leads
        if any(division.has(person, control) for control in left)
    }
    found = [people.get_person(change.connection, code) for code in sorted(leads | busy)]
    return [(one, one.person.code in leads) for one in found if one.person.disabled_at is None]


def _queue(change: Change, due: Due, asked: Asked, to: PersonRecord, wording: Wording) -> str:
    person = to.person.code
    code = f"reminder-{due.round}-{due.institution}-{due.last_day:%Y%m%d}-{due.days}-{person}"
    outbox.queue_message(
        change.connection, change.by, code=code, channel="inbox", recipient=person,
        subject=wording.subject, body=wording.body, language=wording.language,
        institution_id=asked.institution_id, person_id=to.id,
    )  # fmt: skip
    return code


@dataclass(frozen=True)
class _Texts:
    """Where the words of reminders are, and to where they lead."""

    reports: Path
    portal: str

    def word(self, due: Due, asked: Asked, to: PersonRecord, *, is_lead: bool) -> Wording:
        controls = [one for one in asked.controls if takes_answer(one)]
        values = {
            "days": due.left,
            "institution": asked.institution.name,
            "round": asked.campaign.round.title,
            "last_day": due.last_day.isoformat(),
            "zone": asked.institution.zone,
            "answered": len(controls) - len(_open_controls(asked)),
            "controls": len(controls),
            "is_lead": is_lead,
            "link": Whole(self.portal),
        }
        return word_notice(self.reports, "reminder", to.person.language, values)


def list_reminders(register: Register, round_code: str) -> list[Reminder]:
    """Return what was written for a round, to whom, and how its delivery stands, oldest first.

    Raises:
        NotFound: there is no such round.
    """
    with register.reading() as connection:
        campaign = rounds.get_round(connection, round_code)
        names = institutions.codes_by_id(connection)
        known = {one.code: one for one in store.list_reminder_messages(connection, round_code)}
        return [
            Reminder(
                institution=names[record.institution_id],
                last_day=record.last_day,
                days=record.days,
                written_at=record.at,
                person=known[code].person,
                state=known[code].state,
                delivered_at=known[code].delivered_at,
                problem=known[code].problem,
            )
            for record in store.list_reminders(connection, campaign.id)
            for code in record.messages
        ]
