"""Which reminders of a round were written: each is an event in the life of an assessment."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from cyberposture.store import tables as t
from cyberposture.store.outbox import MessageState

REMINDED = "reminded"


@dataclass(frozen=True, slots=True)
class ReminderRecord:
    """One reminder of one assessment, and the codes of its messages."""

    assessment_id: UUID
    institution_id: UUID
    days: int
    """The mark, in days ahead, that it was written at."""
    last_day: date
    messages: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class ReminderMessage:
    """How a message of a reminder stands, and whom it is for."""

    code: str
    person: str
    state: MessageState
    delivered_at: datetime | None
    problem: str


def list_reminders(connection: Connection, round_id: UUID) -> list[ReminderRecord]:
    """Return every reminder of a round, in the order in which they were written."""
    e, a = t.assessment_events, t.assessments
    query = (
        sa.select(e.c.assessment_id, e.c.institution_id, e.c.details, e.c.at)
        .join(a, a.c.id == e.c.assessment_id)
        .where(a.c.round_id == round_id, e.c.kind == REMINDED)
        .order_by(e.c.at, e.c.id)
    )
    return [
        ReminderRecord(
            assessment_id=row.assessment_id,
            institution_id=row.institution_id,
            days=row.details["days"],
            last_day=date.fromisoformat(row.details["last_day"]),
            messages=tuple(row.details["messages"]),
            at=row.at,
        )
        for row in connection.execute(query)
    ]


def list_reminder_messages(connection: Connection, round_code: str) -> list[ReminderMessage]:
    """Return how the messages stand whose code names this round; others may begin alike."""
    o, p = t.outbox, t.people
    query = (
        sa.select(o.c.code, p.c.code.label("person"), o.c.state, o.c.delivered_at, o.c.problem)
        .join(p, p.c.id == o.c.person_id)
        .where(o.c.code.startswith(f"reminder-{round_code}-", autoescape=True))
    )
    return [ReminderMessage(**row) for row in connection.execute(query).mappings()]
