"""Messages that wait to be delivered; nothing is sent from here, and none is queued twice."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from cyberposture.errors import NotFound
from cyberposture.store import tables as t
from cyberposture.store.acts import Act, read_act
from cyberposture.store.once import insert_once
from cyberposture.store.openings import opening

Channel = Literal["mail", "webhook", "telephone", "inbox"]
"""How a message goes out: `telephone` is read out by the duty desk, `inbox` waits for a person."""
MessageState = Literal["queued", "delivered", "failed", "withdrawn", "digested"]
"""`withdrawn`: what it says no longer needs saying; `digested`: it stands in another message."""
Outcome = Literal["accepted", "later", "refused"]
"""What came of one attempt; `refused` is for good."""


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
    digest: str | None
    """The code of the message in which it went out together with others."""
    act: Act


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """One attempt to hand a message over, and what the other side answered."""

    message_id: UUID
    number: int
    recipient: str
    outcome: Outcome
    answer: str
    at: datetime


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
    with opening(connection, "mail-queued"):
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


def find_message(connection: Connection, code: str) -> MessageRecord | None:
    """Return the message with this code, or None."""
    row = connection.execute(sa.select(t.outbox).where(t.outbox.c.code == code)).mappings().first()
    return None if row is None else _read(row)


def get_message(connection: Connection, code: str) -> MessageRecord:
    """Return the message with this code.

    Raises:
        NotFound: there is none.
    """
    found = find_message(connection, code)
    if found is None:
        raise NotFound("message", code)
    return found


def list_due_mail(
    connection: Connection, *, at: datetime, first: str, limit: int
) -> list[tuple[MessageRecord, str | None]]:
    """Return what is to be mailed now, oldest first, each with its person's address.

    What waits for a person who has no address is not among them. Codes that begin with `first`
    come before all others.
    """
    o, p = t.outbox, t.people
    to_person = sa.and_(
        o.c.person_id.is_not(None), p.c.mail.is_not(None), p.c.disabled_at.is_(None)
    )
    to_address = sa.and_(o.c.person_id.is_(None), o.c.channel == "mail")
    query = (
        sa.select(o, p.c.mail.label("person_mail"))
        .outerjoin(p, p.c.id == o.c.person_id)
        .where(o.c.state == "queued", o.c.next_attempt_at <= at)
        .where(o.c.channel.in_(["mail", "inbox"]), sa.or_(to_person, to_address))
        .order_by(~o.c.code.startswith(first, autoescape=True), o.c.at, o.c.code)
        .limit(limit)
    )
    return [(_read(row), row["person_mail"]) for row in connection.execute(query).mappings()]


def list_due_hooks(connection: Connection, *, at: datetime, limit: int) -> list[MessageRecord]:
    """Return what is to be told to programs now, oldest first."""
    o = t.outbox
    query = (
        sa.select(o)
        .where(o.c.state == "queued", o.c.next_attempt_at <= at, o.c.channel == "webhook")
        .order_by(o.c.at, o.c.code)
        .limit(limit)
    )
    return [_read(row) for row in connection.execute(query).mappings()]


def take_message(
    connection: Connection, message_id: UUID, *, at: datetime, again_at: datetime
) -> MessageRecord | None:
    """Take a message to hand it over, and return it; None where somebody else has it or it went.

    It counts as attempted, and comes up again at `again_at` unless what came of it is recorded:
    whoever dies in between has it sent once more rather than never.
    """
    o = t.outbox
    query = (
        sa.select(o)
        .where(o.c.id == message_id, o.c.state == "queued", o.c.next_attempt_at <= at)
        .with_for_update(skip_locked=True)
    )
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        return None
    _change(connection, message_id, attempts=row["attempts"] + 1, next_attempt_at=again_at)
    return _read({**row, "attempts": row["attempts"] + 1})


def record_delivery(
    connection: Connection,
    message: MessageRecord,
    *,
    recipient: str,
    outcome: Outcome,
    answer: str,
    at: datetime,
    again_at: datetime | None = None,
) -> None:
    """Record what came of an attempt; `again_at` is when a `later` is tried again (None: never).

    What was put into a digest goes the way of the digest.

    Raises:
        NotFound: there is no such message.
    """
    attempt = {
        "id": uuid4(),
        "institution_id": message.institution_id,
        "message_id": message.id,
        "number": message.attempts,
        "recipient": recipient,
        "outcome": outcome,
        "answer": answer,
        "at": at,
    }
    if outcome == "accepted":
        done = {"state": "delivered", "delivered_at": at, "problem": ""}
        _change(connection, message.id, **done)
        _change_members(connection, message.code, **done)
    elif outcome == "later" and again_at is not None:
        _change(connection, message.id, problem=answer, next_attempt_at=again_at)
    else:
        _change(connection, message.id, state="failed", problem=answer)
        _change_members(connection, message.code, state="failed", problem=answer)
    insert_once(connection, t.deliveries, attempt)


def record_told(
    connection: Connection, message: MessageRecord, *, how: str, person: str, at: datetime
) -> None:
    """Record that a person passed a message on, such as by telephone."""
    taken = replace(message, attempts=message.attempts + 1)
    _change(connection, message.id, attempts=taken.attempts)
    record_delivery(
        connection, taken, recipient=message.recipient, outcome="accepted",
        answer=f"{person}: {how}", at=at,
    )  # fmt: skip


def queue_again(connection: Connection, message: MessageRecord, *, at: datetime) -> None:
    """Have a message that failed, or waits for its next attempt, tried at `at`.

    What failed inside a digest is queued by itself again; a digest takes along what stands in it.
    """
    _change(connection, message.id, state="queued", next_attempt_at=at, digest=None)
    o = t.outbox
    inside = sa.and_(o.c.digest == message.code, o.c.state == "failed")
    connection.execute(sa.update(o).where(inside).values(state="digested"))


def find_last(connection: Connection, *, recipient: str, prefix: str) -> MessageRecord | None:
    """Return the newest message for a recipient whose code begins so, or None."""
    o = t.outbox
    query = (
        sa.select(o)
        .where(o.c.recipient == recipient, o.c.code.startswith(prefix, autoescape=True))
        .order_by(o.c.at.desc())
        .limit(1)
    )
    row = connection.execute(query).mappings().first()
    return None if row is None else _read(row)


def put_off(connection: Connection, ids: Collection[UUID], until: datetime) -> None:
    """Have messages wait, without counting that as an attempt."""
    o = t.outbox
    connection.execute(sa.update(o).where(o.c.id.in_(ids)).values(next_attempt_at=until))


def put_into_digest(connection: Connection, ids: Collection[UUID], digest: str) -> int:
    """Have messages that are queued go out in another one, by its code; return how many."""
    o = t.outbox
    mine = sa.and_(o.c.id.in_(ids), o.c.state == "queued")
    return connection.execute(
        sa.update(o).where(mine).values(state="digested", digest=digest)
    ).rowcount


def withdraw_messages(connection: Connection, ids: Collection[UUID], why: str) -> int:
    """Have messages that wait, or failed, never go out; return how many there were."""
    o = t.outbox
    mine = sa.and_(o.c.id.in_(ids), o.c.state.in_(["queued", "failed"]))
    values = {"state": "withdrawn", "problem": why}
    return connection.execute(sa.update(o).where(mine).values(**values)).rowcount


def withdraw_about(connection: Connection, prefix: str, why: str) -> int:
    """Withdraw every message that is queued and whose code begins so; return how many."""
    return withdraw_messages(
        connection,
        [one.id for one in list_messages(connection, state="queued", prefix=prefix)],
        why,
    )


def count_accepted(connection: Connection, since: datetime) -> dict[str, int]:
    """Return how many messages each recipient was handed after `since`."""
    d = t.deliveries
    query = (
        sa.select(d.c.recipient, sa.func.count())
        .where(d.c.outcome == "accepted", d.c.at > since)
        .group_by(d.c.recipient)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def find_stuck(
    connection: Connection, before: datetime
) -> dict[MessageState, tuple[int, datetime]]:
    """Return how many messages failed, or were tried and wait since `before`, and since when."""
    o = t.outbox
    is_waiting = sa.and_(o.c.state == "queued", o.c.attempts > 0, o.c.at < before)
    query = (
        sa.select(o.c.state, sa.func.count(), sa.func.min(o.c.at))
        .where(sa.or_(o.c.state == "failed", is_waiting))
        .group_by(o.c.state)
    )
    return {row[0]: (row[1], row[2]) for row in connection.execute(query)}


def list_deliveries(connection: Connection, message_ids: Collection[UUID]) -> list[DeliveryRecord]:
    """Return every attempt to hand these messages over, in order."""
    d = t.deliveries
    columns = (d.c[name] for name in DeliveryRecord.__slots__)
    query = sa.select(*columns).where(d.c.message_id.in_(message_ids)).order_by(d.c.at, d.c.number)
    return [DeliveryRecord(**row) for row in connection.execute(query).mappings()]


def list_messages(
    connection: Connection,
    *,
    institution_id: UUID | None = None,
    person_id: UUID | None = None,
    channel: Channel | None = None,
    state: MessageState | None = None,
    since: datetime | None = None,
    prefix: str | None = None,
) -> list[MessageRecord]:
    """Return messages in the order in which they were queued; `prefix` begins their codes."""
    o = t.outbox
    query = sa.select(o).order_by(o.c.at, o.c.code)
    if institution_id is not None:
        query = query.where(o.c.institution_id == institution_id)
    if person_id is not None:
        query = query.where(o.c.person_id == person_id)
    if channel is not None:
        query = query.where(o.c.channel == channel)
    if state is not None:
        query = query.where(o.c.state == state)
    if since is not None:
        query = query.where(o.c.at >= since)
    if prefix is not None:
        query = query.where(o.c.code.startswith(prefix, autoescape=True))
    return [_read(row) for row in connection.execute(query).mappings()]


def _change(connection: Connection, message_id: UUID, **values: object) -> None:
    done = connection.execute(
        sa.update(t.outbox).where(t.outbox.c.id == message_id).values(**values)
    )
    if done.rowcount == 0:
        raise NotFound("message", str(message_id))


def _change_members(connection: Connection, digest: str, **values: object) -> None:
    o = t.outbox
    mine = sa.and_(o.c.digest == digest, o.c.state == "digested")
    connection.execute(sa.update(o).where(mine).values(**values))


def _read(row: RowMapping | dict[Any, Any]) -> MessageRecord:
    names = (name for name in MessageRecord.__slots__ if name != "act")
    return MessageRecord(act=read_act(row), **{name: row[name] for name in names})
