"""Keeps one address from being flooded: what is over its daily share goes into one mail."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Final
from uuid import uuid4

from cyberposture.model.operating_body import UNNAMED, OperatingBody
from cyberposture.services.post.mail import MailRoute, one_line
from cyberposture.services.post.wording import Whole, Wording, word_notice
from cyberposture.services.register import Register
from cyberposture.store import outbox, people
from cyberposture.store.outbox import MessageRecord

DAY: Final = timedelta(days=1)
EVERY: Final = timedelta(hours=1)
"""One address gets a digest no more often, so that the urgent waits an hour at most."""
PREFIX: Final = "digest-"
LONGEST: Final = 200_000
"""Signs of text in one digest; what is beyond keeps its subject alone."""


@dataclass(frozen=True)
class Desk:
    """What mail needs around it: server, the notices' texts, the portal's address, and by whom."""

    route: MailRoute
    reports: Path
    portal: str
    body: OperatingBody = UNNAMED


@dataclass(frozen=True)
class Addressed:
    """A message and the address that it goes to today."""

    message: MessageRecord
    to: str


def within_share(register: Register, desk: Desk, due: list[Addressed]) -> list[Addressed]:
    """Return what goes out singly, and a digest for each address that has more than its share.

    A share is so many mails in 24 hours. What is in no mail of this hour waits for the next digest.
    """
    now = register.clock()
    with register.reading() as connection:
        accepted = outbox.count_accepted(connection, now - DAY)
    going: list[Addressed] = []
    for to, group in groupby(sorted(due, key=lambda one: one.to), key=lambda one: one.to):
        # Sorting leaves those of one address in their order: the urgent first, then the oldest.
        mine = list(group)
        room = max(0, desk.route.per_day - accepted.get(to, 0))
        going += [one for one in mine if _is_digest(one)]
        single = [one for one in mine if not _is_digest(one)]
        going += single[:room]
        if single[room:]:
            going += _gather(register, desk, single[room:], now)
    return going


def _is_digest(one: Addressed) -> bool:
    return one.message.code.startswith(PREFIX)


def _gather(
    register: Register, desk: Desk, held: list[Addressed], now: datetime
) -> Iterator[Addressed]:
    """Put messages into one that goes in their place, and yield it; or have them wait."""
    ids = [one.message.id for one in held]
    to, first = held[0].to, held[0].message
    with register.reading() as connection:
        last = outbox.find_last(connection, recipient=to, prefix=PREFIX)
    if last is not None and now - last.act.at < EVERY:
        with register.database.transaction() as connection:
            outbox.put_off(connection, ids, last.act.at + EVERY)
        return
    wording = _word(desk, _language_of(register, first), [one.message for one in held])
    owners = {one.message.institution_id for one in held}
    code = f"{PREFIX}{uuid4()}"
    with register.change("digest-made", code) as change:
        change.institution_id = owners.pop() if len(owners) == 1 else None
        change.tell(messages=outbox.put_into_digest(change.connection, ids, code))
        outbox.queue_message(
            change.connection, change.by, code=code, channel="mail", recipient=to,
            subject=wording.subject, body=wording.body, language=wording.language,
            institution_id=change.institution_id, person_id=first.person_id,
        )  # fmt: skip
        made = outbox.get_message(change.connection, code)
    yield Addressed(made, to)


def _word(desk: Desk, language: str, messages: list[MessageRecord]) -> Wording:
    parts, size = [], 0
    for message in messages:
        size += len(message.body)
        body = message.body if size <= LONGEST else ""
        parts.append({"subject": Whole(one_line(message.subject)), "body": Whole(body.strip())})
    values = {"count": len(messages), "parts": parts}
    return word_notice(desk.reports, "digest", language, values, desk.body)


def _language_of(register: Register, message: MessageRecord) -> str:
    """Return the language of whom a message is for: the person's own, else the message's."""
    if message.person_id is None:
        return message.language
    with register.reading() as connection:
        person = people.get_person_by_id(connection, message.person_id).person
    return person.language or "en"
