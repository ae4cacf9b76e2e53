"""Hands over what is queued, outside any request: mail to its server, events to programs."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from cyberposture.errors import MissingService, NotFound
from cyberposture.model.people import is_mail_address
from cyberposture.services.post import hooks
from cyberposture.services.post.digests import Addressed, Desk, within_share
from cyberposture.services.post.handing import Passed, hand_over
from cyberposture.services.post.hook_talk import HookRoute
from cyberposture.services.post.mail import Answer, Letter, MailSession, one_line
from cyberposture.services.post.wording import Whole, word_notice
from cyberposture.services.register import Register
from cyberposture.store import outbox, webhooks
from cyberposture.store.outbox import MessageRecord

LONGEST_PASS: Final = timedelta(minutes=5)
"""After so long no further message is begun; the next pass goes on."""
MOST_AT_ONCE: Final = 500
FIRST: Final = "urgent-"
"""Codes that begin so go before all others."""
_ENOUGH_SILENT: Final = 3
"""After so many failures at one endpoint, what else waits for it waits for the next pass."""


def deliver_mail(register: Register, desk: Desk) -> Passed:
    """Mail what is due, and return what came of it.

    A mail server that does not serve ends the pass: the first message counts as tried, so that it
    has an end, and the rest waits.
    """
    now = register.clock()
    with register.reading() as connection:
        found = outbox.list_due_mail(connection, at=now, first=FIRST, limit=MOST_AT_ONCE)
    due = [Addressed(message, mail or message.recipient) for message, mail in found]
    going = within_share(register, desk, due)
    going.sort(key=lambda one: not one.message.code.startswith(FIRST))
    passed = Passed()
    if not going:
        return passed
    try:
        with MailSession(desk.route) as session:
            for one in going:
                answer = hand_over(register, one.message, one.to, _mailer(desk, session, one.to))
                passed = passed.after(answer)
                if passed.problem or register.clock() - now > LONGEST_PASS:
                    break
    except MissingService as error:
        silent = Answer("later", str(error), ends_talk=True)
        passed = passed.after(hand_over(register, going[0].message, going[0].to, lambda _: silent))
    return passed


def _mailer(desk: Desk, session: MailSession, to: str) -> Callable[[MessageRecord], Answer]:
    """Return what sends a message to one address by an open session."""

    def send(message: MessageRecord) -> Answer:
        if not is_mail_address(to):
            return Answer("refused", "this is no mail address")
        values = {
            "subject": Whole(one_line(message.subject)),
            "body": Whole(message.body.strip()),
            "code": message.code,
            "portal": Whole(desk.portal),
        }
        wording = word_notice(desk.reports, "mail", message.language, values, desk.body)
        text = {"subject": wording.subject, "body": wording.body, "language": wording.language}
        return session.send(Letter(id=str(message.id), recipient=to, at=message.act.at, **text))

    return send


def deliver_hooks(register: Register, route: HookRoute) -> Passed:
    """Queue what happened for every endpoint, tell what is due, and return what came of it.

    An endpoint that does not answer keeps none of the others waiting.
    """
    hooks.queue_events(register)
    now = register.clock()
    with register.reading() as connection:
        endpoints = {one.code: one for one in webhooks.list_webhooks(connection)}
        due = outbox.list_due_hooks(connection, at=now, limit=MOST_AT_ONCE)
    passed = Passed()
    silent = dict.fromkeys(endpoints, 0)
    for message in due:
        endpoint = endpoints.get(message.recipient)
        if endpoint is None:
            raise NotFound("webhook", message.recipient)
        if silent[endpoint.code] >= _ENOUGH_SILENT:
            continue

        def send(taken: MessageRecord, to: webhooks.WebhookRecord = endpoint) -> Answer:
            return hooks.tell_webhook(register, route, to, taken.body)

        answer = hand_over(register, message, endpoint.url, send)
        silent[endpoint.code] += answer is not None and answer.outcome != "accepted"
        passed = passed.after(answer)
        if register.clock() - now > LONGEST_PASS:
            break
    return passed
