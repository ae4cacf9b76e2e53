"""Endpoints of the CERT's own programs, and the events that they are told of."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from cyberposture.errors import NotFound, WrongState
from cyberposture.store import tables as t
from cyberposture.store.acts import Act, read_act
from cyberposture.store.codes import new_code


@dataclass(frozen=True, slots=True)
class WebhookRecord:
    """An endpoint; the secret is a sealed file, and its events are told up to `told_until`."""

    id: UUID
    code: str
    url: str
    events: tuple[str, ...]
    secret_sha256: str
    told_until: datetime
    ended_at: datetime | None
    act: Act


@dataclass(frozen=True, slots=True)
class EventRow:
    """Something that happened, as the register keeps it: in plain values."""

    id: UUID
    institution_id: UUID | None
    at: datetime
    data: dict[str, Any]


def insert_webhook(
    connection: Connection, act: Act, *, url: str, events: Collection[str], secret_sha256: str
) -> WebhookRecord:
    """Register an endpoint that is told of what happens from now on, and return it."""
    w = t.webhooks
    code = new_code("w")
    connection.execute(
        sa.insert(w),
        {
            "id": uuid4(),
            "code": code,
            "url": url,
            "events": list(events),
            "secret_sha256": secret_sha256,
            "told_until": act.at,
            **act.written(),
        },
    )
    return get_webhook(connection, code)


def end_webhook(connection: Connection, code: str, act: Act) -> None:
    """Have an endpoint told of nothing any more; its row stays.

    Raises:
        NotFound: there is no such endpoint.
        WrongState: it was ended before.
    """
    record = get_webhook(connection, code)
    if record.ended_at is not None:
        raise WrongState(f"{code} was ended already")
    change = sa.update(t.webhooks).where(t.webhooks.c.id == record.id)
    connection.execute(change.values(**act.ended("ended")))


def record_told_until(connection: Connection, webhook_id: UUID, at: datetime) -> None:
    """Note up to when an endpoint's events were queued."""
    change = sa.update(t.webhooks).where(t.webhooks.c.id == webhook_id)
    connection.execute(change.values(told_until=at))


def get_webhook(connection: Connection, code: str) -> WebhookRecord:
    """Return the endpoint with this code.

    Raises:
        NotFound: there is none.
    """
    query = sa.select(t.webhooks).where(t.webhooks.c.code == code)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("webhook", code)
    return _read(row)


def list_webhooks(connection: Connection, *, active_only: bool = False) -> list[WebhookRecord]:
    """Return endpoints in the order in which they were registered."""
    query = sa.select(t.webhooks).order_by(t.webhooks.c.at, t.webhooks.c.code)
    if active_only:
        query = query.where(t.webhooks.c.ended_at.is_(None))
    return [_read(row) for row in connection.execute(query).mappings()]


def list_new_findings(
    connection: Connection, kind: str, since: datetime, until: datetime
) -> list[EventRow]:
    """Return the findings that were opened (or reopened, by `kind`), in the order of their time."""
    e, f = t.finding_events, t.findings
    query = (
        sa.select(e.c.id, e.c.institution_id, e.c.at, f.c.code, f.c.check_id, f.c.severity)
        .join(f, f.c.id == e.c.finding_id)
        .where(e.c.kind == kind, e.c.at > since, e.c.at <= until)
        .order_by(e.c.at, e.c.institution_id, f.c.code)
    )
    return [
        EventRow(
            row["id"], row["institution_id"], row["at"],
            {"finding": row["code"], "check": row["check_id"], "severity": row["severity"]},
        )
        for row in connection.execute(query).mappings()
    ]  # fmt: skip


def list_assessment_events(
    connection: Connection, kind: str, since: datetime, until: datetime
) -> list[EventRow]:
    """Return what happened in the lives of assessments, with their round, in time's order."""
    e, a, r = t.assessment_events, t.assessments, t.rounds
    query = (
        sa.select(e.c.id, e.c.institution_id, e.c.at, e.c.number, r.c.code)
        .join(a, a.c.id == e.c.assessment_id)
        .join(r, r.c.id == a.c.round_id)
        .where(e.c.kind == kind, e.c.at > since, e.c.at <= until)
        .order_by(e.c.at, e.c.id)
    )
    return [
        EventRow(
            row["id"], row["institution_id"], row["at"],
            {"round": row["code"], "number": row["number"]},
        )
        for row in connection.execute(query).mappings()
    ]  # fmt: skip


def list_round_scores(connection: Connection, since: datetime, until: datetime) -> list[EventRow]:
    """Return the scores of rounds that were kept, without what they stand on, in time's order."""
    s, r = t.scores, t.rounds
    columns = (s.c.declared, s.c.verified, s.c.coverage, s.c.band, s.c.result_sha256)
    query = (
        sa.select(s.c.id, s.c.institution_id, s.c.at, r.c.code, s.c.corrects_id, *columns)
        .join(r, r.c.id == s.c.round_id)
        .where(s.c.kind == "round", s.c.at > since, s.c.at <= until)
        .order_by(s.c.at, s.c.id)
    )
    return [
        EventRow(
            row["id"],
            row["institution_id"],
            row["at"],
            {
                "round": row["code"],
                "is_correction": row["corrects_id"] is not None,
                **{column.name: row[column.name] for column in columns},
            },
        )
        for row in connection.execute(query).mappings()
    ]


def list_new_stops(connection: Connection, since: datetime, until: datetime) -> list[EventRow]:
    """Return the stops that were given, in the order of their time."""
    s = t.stops
    query = sa.select(s).where(s.c.at > since, s.c.at <= until).order_by(s.c.at, s.c.code)
    return [
        EventRow(
            row["id"], row["institution_id"], row["at"],
            {"stop": row["code"], "scope": row["scope"], "speed": row["speed"]},
        )
        for row in connection.execute(query).mappings()
    ]  # fmt: skip


def _read(row: RowMapping) -> WebhookRecord:
    names = (name for name in WebhookRecord.__slots__ if name not in ("act", "events"))
    values = {name: row[name] for name in names}
    return WebhookRecord(act=read_act(row), events=tuple(row["events"]), **values)
