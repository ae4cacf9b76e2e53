"""Hands one message over: takes it, has it sent, and records what came of it.

It is taken in a transaction of its own before it is sent, and the answer is recorded after. Whoever
dies in between leaves it to be sent once more: at least once, under a Message-ID or event id that
stays the same, by which a second copy is known. What the other side puts off is tried again, ever
more rarely, until an end.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from cyberposture.services.post.mail import Answer
from cyberposture.services.register import Register
from cyberposture.store import outbox
from cyberposture.store.outbox import MessageRecord

FIRST_PAUSE: Final = timedelta(minutes=1)
LONGEST_PAUSE: Final = timedelta(hours=4)
GIVE_UP: Final = timedelta(days=5)
"""Source: RFC 5321, 4.5.4.1: at least four to five days, with pauses that grow."""
HELD: Final = timedelta(minutes=15)
"""So long a message that was taken is left to whoever took it; longer than any talk lasts."""


@dataclass(frozen=True)
class Passed:
    """What came of one pass, in messages; `problem` says why it ended before its time."""

    accepted: int = 0
    later: int = 0
    refused: int = 0
    problem: str = ""

    def after(self, answer: Answer | None) -> "Passed":
        """Return the counts with one more answer; None is a message that somebody else has."""
        if answer is None:
            return self
        counted = {answer.outcome: getattr(self, answer.outcome) + 1}
        return replace(self, **counted, problem=answer.said if answer.ends_talk else self.problem)


def pause_after(attempts: int) -> timedelta:
    """Return how long to wait after so many attempts that came to nothing."""
    return min(LONGEST_PAUSE, FIRST_PAUSE * (1 << min(max(attempts, 1) - 1, 10)))


def hand_over(
    register: Register, message: MessageRecord, to: str, send: Callable[[MessageRecord], Answer]
) -> Answer | None:
    """Have a message sent and return the answer; None where somebody else has it, or it went."""
    now = register.clock()
    with register.database.transaction() as connection:
        taken = outbox.take_message(connection, message.id, at=now, again_at=now + HELD)
    if taken is None:
        return None
    answer = send(taken)
    _record(register, taken, to, answer)
    return answer


def _record(register: Register, message: MessageRecord, to: str, answer: Answer) -> None:
    """Record an answer; what is settled stands in the audit log too."""
    now = register.clock()
    if answer.outcome == "later" and now - message.act.at < GIVE_UP:
        again_at = now + pause_after(message.attempts)
        with register.database.transaction() as connection:
            outbox.record_delivery(
                connection, message, recipient=to, outcome=answer.outcome, answer=answer.said,
                at=now, again_at=again_at,
            )  # fmt: skip
        return
    kind = "message-delivered" if answer.outcome == "accepted" else "message-failed"
    with register.change(kind, message.code) as change:
        change.institution_id = message.institution_id
        outbox.record_delivery(
            change.connection, message, recipient=to, outcome=answer.outcome, answer=answer.said,
            at=change.now,
        )  # fmt: skip
        change.tell(channel=message.channel, attempts=message.attempts, answer=answer.said)
