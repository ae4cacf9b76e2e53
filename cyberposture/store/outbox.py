"""Messages that wait to be delivered; nothing is sent from here, and none is queued twice."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from cyberposture.errors import NotFound
from cyberposture.store import tables as t
from cyberposture.store.acts import Act, read_act
from cyberposture.store.once import insert_once

Channel = Literal["mail", "webhook", "telephone", "inbox"]
"""How a message goes out: `telephone` is read out by the duty desk, `inbox` waits for a person."""
MessageState = Literal["queued", "delivered", "failed"]


@dataclass(frozen=True, slots=True)
class MessageRecord:
    """A message and how its delivery went; `code` says what it is about, and is unique."""

    id: UUID
    code: str
    institution_id: UUID | None
    person_id: UUID | None
    channel: Channel
    recipient: str
    subject: str
    body: str
    language: str
    state: MessageState
    attempts: int
    next_attempt_at: datetime
    delivered_at: datetime | None
    problem: str
    act: Act


def queue_message(
    connection: Connection,
    act: Act,
    *,
    code: str,
    channel: Channel,
    recipient: str,
    subject: str,
    body: str,
    language: str,
    institution_id: UUID | None = None,
    person_id: UUID | None = None,
) -> bool:
    """Queue a message unless one with this code was queued before; return whether it was new."""
    return insert_once(
        connection,
        t.outbox,
        {
            "id": uuid4(),
            "code": code,
            "institution_id": institution_id,
            "person_id": person_id,
            "channel": channel,
            "recipient": recipient,
            "subject": subject,
            "body": body,
            "language": language,
            "state": "queued",
            "attempts": 0,
            "next_attempt_at": act.at,
            "problem": "",
            **act.written(),
        },
    )


def has_message(connection: Connection, code: str) -> bool:
    """Return whether a message with this code was ever queued."""
    query = sa.select(t.outbox.c.id).where(t.outbox.c.code == code)
    return connection.execute(query).first() is not None


def take_messages(
    connection: Connection, *, at: datetime, retry_at: datetime, limit: int
) -> list[MessageRecord]:
    """Take messages that are due, oldest first, and return them.

    Each counts as attempted, and comes up again at `retry_at` unless its delivery is recorded.
    """
    o = t.outbox
    query = (
        sa.select(o)
        .where(o.c.state == "queued", o.c.next_attempt_at <= at)
        .order_by(o.c.next_attempt_at, o.c.code)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = [_read(row) for row in connection.execute(query).mappings()]
    if taken:
        connection.execute(
            sa.update(o)
            .where(o.c.id.in_([message.id for message in taken]))
            .values(attempts=o.c.attempts + 1, next_attempt_at=retry_at)
        )
    return taken


def record_delivery(connection: Connection, message_id: UUID, *, at: datetime) -> None:
    """Record that a message was delivered.

    Raises:
        NotFound: there is no such message.
    """
    _change(connection, message_id, state="delivered", delivered_at=at, problem="")


def record_problem(
    connection: Connection, message_id: UUID, problem: str, *, retry_at: datetime | None
) -> None:
    """Record why a message was not delivered, and when to try again (None: never).

    Raises:
        NotFound: there is no such message.
    """
    if retry_at is None:
        _change(connection, message_id, state="failed", problem=problem)
    else:
        _change(connection, message_id, problem=problem, next_attempt_at=retry_at)


def list_messages(
    connection: Connection,
    *,
    institution_id: UUID | None = None,
    person_id: UUID | None = None,
    state: MessageState | None = None,
    since: datetime | None = None,
) -> list[MessageRecord]:
    """Return messages in the order in which they were queued."""
    o = t.outbox
    query = sa.select(o).order_by(o.c.at, o.c.code)
    if institution_id is not None:
        query = query.where(o.c.institution_id == institution_id)
    if person_id is not None:
        query = query.where(o.c.person_id == person_id)
    if state is not None:
        query = query.where(o.c.state == state)
    if since is not None:
        query = query.where(o.c.at >= since)
    return [_read(row) for row in connection.execute(query).mappings()]


def _change(connection: Connection, message_id: UUID, **values: object) -> None:
    done = connection.execute(
        sa.update(t.outbox).where(t.outbox.c.id == message_id).values(**values)
    )
    if done.rowcount == 0:
        raise NotFound("message", str(message_id))


def _read(row: RowMapping) -> MessageRecord:
    names = (name for name in MessageRecord.__slots__ if name != "act")
    return MessageRecord(act=read_act(row), **{name: row[name] for name in names})
