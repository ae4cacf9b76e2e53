"""Endpoints of the CERT's own programs: registered with a secret, told of events, ended.

What happened is read from the register's own rows, and queued once for each endpoint: an event that
was kept is told, whatever dies in between. A body holds codes and counts, never the text of an
answer, an address or a person.
"""

import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.clock import to_iso
from cyberposture.errors import Fault, InvalidInput, WrongState
from cyberposture.model.people import Role
from cyberposture.services.people.roles import require_role
from cyberposture.services.post.hook_talk import HookRoute, check_url, tell
from cyberposture.services.post.mail import Answer
from cyberposture.services.register import Change, Register
from cyberposture.store import institutions, outbox
from cyberposture.store import webhooks as store
from cyberposture.store.webhooks import EventRow, WebhookRecord

Event = Literal[
    "finding-opened", "finding-reopened", "answers-submitted", "scans-stopped", "score-finalised"
]
KEEPERS: frozenset[Role] = frozenset({"cert-administrator"})
"""Who registers and ends endpoints."""
OVERLAP: Final = timedelta(hours=1)
"""So far back is looked again each time: what took long to be committed is not passed over."""
MOST_IN_ONE = 100
"""Findings of one look that one message holds at most."""
SECRET_KIND = "webhook-secret"
PREFIX = "hook-"


@dataclass(frozen=True)
class Registered:
    """A new endpoint, and its secret, which is shown this once."""

    record: WebhookRecord
    secret: str


def add_webhook(
    register: Register, url: str, events: tuple[Event, ...], person: str, *, reason: str = ""
) -> Registered:
    """Register an endpoint, which is told of what happens from now on, and return its secret.

    Raises:
        InvalidInput: the address is not https (or http to this machine), or no event is named.
        NotFound: there is no such person.
        NotAuthorised: the person is no administrator of the CERT.
    """
    check_url(url)
    if not events:
        raise InvalidInput(Fault("events", "name at least one"))
    secret = secrets.token_urlsafe(32)
    with register.change("webhook-added", reason=reason) as change:
        require_role(change.connection, person, KEEPERS, change.now)
        kept = register.blobs.put(change.connection, None, SECRET_KIND, secret.encode(), change.by)
        record = store.insert_webhook(
            change.connection, change.by, url=url, events=sorted(set(events)), secret_sha256=kept
        )
        change.subject = record.code
        change.tell(url=url, events=list(record.events), person=person)
    return Registered(record, secret)


def end_webhook(register: Register, code: str, person: str, *, reason: str = "") -> int:
    """Have an endpoint told of nothing any more; return how many queued messages that withdrew.

    Raises:
        NotFound: there is no such endpoint or person.
        NotAuthorised: the person is no administrator of the CERT.
        WrongState: it was ended before.
    """
    with register.change("webhook-ended", code, reason=reason) as change:
        require_role(change.connection, person, KEEPERS, change.now)
        store.end_webhook(change.connection, code, change.by)
        gone = outbox.withdraw_about(
            change.connection, f"{PREFIX}{code}-", "the endpoint was ended"
        )
        change.tell(person=person, withdrawn=gone)
    return gone


def list_webhooks(register: Register) -> list[WebhookRecord]:
    """Return every endpoint, the ended ones included, in the order of registration."""
    with register.reading() as connection:
        return store.list_webhooks(connection)


def try_webhook(register: Register, route: HookRoute, code: str) -> Answer:
    """Send an endpoint an event of the kind `test` now, and return what it answered.

    Raises:
        NotFound: there is no such endpoint.
        WrongState: it was ended.
    """
    with register.reading() as connection:
        record = store.get_webhook(connection, code)
    if record.ended_at is not None:
        raise WrongState(f"{code} was ended")
    body = _body(f"test-{secrets.token_hex(8)}", "test", register.clock(), None, {})
    return tell_webhook(register, route, record, body)


def tell_webhook(register: Register, route: HookRoute, record: WebhookRecord, body: str) -> Answer:
    """Send a body to an endpoint, signed with its secret, and return what came of it."""
    with register.reading() as connection:
        secret = register.blobs.get(connection, None, SECRET_KIND, record.secret_sha256)
    return tell(route, record.url, secret, body, timestamp=int(register.clock().timestamp()))


@dataclass(frozen=True)
class _Happened:
    """One event as it is told: what makes it the same one again, and what it says."""

    key: str
    at: datetime
    institution_id: UUID | None
    data: dict[str, Any]


_Reader = Callable[[Connection, datetime, datetime], Iterator[_Happened]]


def queue_events(register: Register) -> int:
    """Queue what happened since the last time for every endpoint; return how many messages."""
    now = register.clock()
    with register.reading() as connection:
        endpoints = store.list_webhooks(connection, active_only=True)
        found = {one.id: list(_untold(connection, one, now)) for one in endpoints}
    return sum(_queue(register, one, found[one.id], now) for one in endpoints if found[one.id])


def _untold(
    connection: Connection, endpoint: WebhookRecord, now: datetime
) -> Iterator[tuple[str, _Happened]]:
    since = max(endpoint.told_until - OVERLAP, endpoint.act.at)
    prefix = f"{PREFIX}{endpoint.code}-"
    known = {one.code for one in outbox.list_messages(connection, prefix=prefix, since=since)}
    for event in endpoint.events:
        for happened in _READERS[event](connection, since, now):
            if _code(endpoint, event, happened) not in known:
                yield event, happened


def _code(endpoint: WebhookRecord, event: str, happened: _Happened) -> str:
    return f"{PREFIX}{endpoint.code}-{event}-{happened.key}"


def _queue(
    register: Register,
    endpoint: WebhookRecord,
    found: list[tuple[str, _Happened]],
    now: datetime,
) -> int:
    with register.change("webhook-queued", endpoint.code) as change:
        queued = sum(_queue_one(change, endpoint, event, one) for event, one in found)
        store.record_told_until(change.connection, endpoint.id, now)
        change.tell(messages=queued)
    return queued


def _queue_one(change: Change, endpoint: WebhookRecord, event: str, one: _Happened) -> bool:
    owner = None
    if one.institution_id is not None:
        owner = institutions.get_institution_by_id(
            change.connection, one.institution_id, as_of=change.now
        ).institution.code
    return outbox.queue_message(
        change.connection,
        change.by,
        code=_code(endpoint, event, one),
        channel="webhook",
        recipient=endpoint.code,
        subject=event,
        body=_body(f"{event}-{one.key}", event, one.at, owner, one.data),
        language="",
        institution_id=one.institution_id,
    )


def _body(
    event_id: str, event: str, at: datetime, institution: str | None, data: dict[str, Any]
) -> str:
    """Return what is sent; the id is the same however often the event is sent."""
    told = {"id": event_id, "event": event, "at": to_iso(at), "institution": institution,
            "data": data}  # fmt: skip
    return json.dumps(told, sort_keys=True, separators=(",", ":"))


def _findings(kind: str) -> _Reader:
    def read(connection: Connection, since: datetime, until: datetime) -> Iterator[_Happened]:
        rows = store.list_new_findings(connection, kind, since, until)
        for (at, owner), group in groupby(rows, lambda row: (row.at, row.institution_id)):
            # What one look found is told together: a first look may find hundreds.
            rows_of_one = list(group)
            for start in range(0, len(rows_of_one), MOST_IN_ONE):
                part = rows_of_one[start : start + MOST_IN_ONE]
                told = {"findings": [row.data for row in part]}
                yield _Happened(str(part[0].id), at, owner, told)

    return read


def _single(
    read_rows: Callable[[Connection, datetime, datetime], list[EventRow]],
) -> _Reader:
    def read(connection: Connection, since: datetime, until: datetime) -> Iterator[_Happened]:
        for row in read_rows(connection, since, until):
            yield _Happened(str(row.id), row.at, row.institution_id, row.data)

    return read


def _submissions(connection: Connection, since: datetime, until: datetime) -> list[EventRow]:
    return store.list_assessment_events(connection, "became submitted", since, until)


_READERS: Final[dict[str, _Reader]] = {
    "finding-opened": _findings("opened"),
    "finding-reopened": _findings("reopened"),
    "answers-submitted": _single(_submissions),
    "scans-stopped": _single(store.list_new_stops),
    "score-finalised": _single(store.list_round_scores),
}
