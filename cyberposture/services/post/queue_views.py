"""What waits to go out, what went and what failed; and what people do about it by hand."""

from dataclasses import dataclass
from datetime import datetime

from cyberposture.errors import WrongState
from cyberposture.exchange.sheets import build_row
from cyberposture.model.foundation import Model, Sentence
from cyberposture.services.people.roles import CERT, require_role
from cyberposture.services.register import Change, Register
from cyberposture.store import outbox
from cyberposture.store.outbox import Channel, DeliveryRecord, MessageRecord, MessageState

MOST_LISTED = 200


class _Said(Model):
    said: Sentence


@dataclass(frozen=True)
class Shown:
    """A message with every attempt to hand it over."""

    message: MessageRecord
    deliveries: tuple[DeliveryRecord, ...]


def list_notices(
    register: Register,
    *,
    channel: Channel | None = None,
    state: MessageState | None = None,
    since: datetime | None = None,
    limit: int = MOST_LISTED,
) -> list[MessageRecord]:
    """Return messages, the newest first, without those that hold only other messages."""
    with register.reading() as connection:
        found = outbox.list_messages(connection, channel=channel, state=state, since=since)
    return found[::-1][:limit]


def get_notice(register: Register, code: str) -> Shown:
    """Return one message.

    Raises:
        NotFound: there is none.
    """
    with register.reading() as connection:
        message = outbox.get_message(connection, code)
        return Shown(message, tuple(outbox.list_deliveries(connection, [message.id])))


def try_again(register: Register, code: str, *, reason: str = "") -> None:
    """Have a message that failed, or waits for its next attempt, tried at once.

    Raises:
        NotFound: there is no such message.
        WrongState: it went out, or was withdrawn.
    """
    with register.change("message-queued-again", code, reason=reason) as change:
        message = _open(change, code, ("failed", "queued"))
        outbox.queue_again(change.connection, message, at=change.now)


def withdraw(register: Register, code: str, *, reason: str) -> None:
    """Have a message that waits never go out; one that failed needs no more looking after.

    Raises:
        InvalidInput: there is no reason.
        NotFound: there is no such message.
        WrongState: it went out, or was withdrawn before.
    """
    build_row(_Said, "--reason", {"said": reason})
    with register.change("message-withdrawn", code, reason=reason) as change:
        message = _open(change, code, ("queued", "failed"))
        outbox.withdraw_messages(change.connection, [message.id], reason)


def record_told(register: Register, code: str, person: str, how: str) -> None:
    """Record that a person of the CERT passed a message on, such as by telephone.

    Raises:
        InvalidInput: it is not said how.
        NotFound: there is no such message or person.
        NotAuthorised: the person is not of the CERT.
        WrongState: it went out by itself, or was withdrawn.
    """
    build_row(_Said, "--how", {"said": how})
    with register.change("message-told", code, reason=how) as change:
        require_role(change.connection, person, CERT, change.now)
        message = _open(change, code, ("queued", "failed"))
        outbox.record_told(change.connection, message, how=how, person=person, at=change.now)
        change.tell(person=person, how=how)


def _open(change: Change, code: str, expected: tuple[MessageState, ...]) -> MessageRecord:
    message = outbox.get_message(change.connection, code)
    change.institution_id = message.institution_id
    if message.state not in expected:
        raise WrongState(f"the message {code} is {message.state}")
    return message
