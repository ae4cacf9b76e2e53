"""What the CERT did lately that people of an institution want to know, read from its own rows."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from cyberposture.model.checks import Severity
from cyberposture.model.life import AssessmentState
from cyberposture.store import tables as t


@dataclass(frozen=True, slots=True)
class Step:
    """An event in the life of an assessment, and the state that the assessment has today."""

    institution_id: UUID
    institution: str
    assessment_id: UUID
    round: str
    title: str
    state: AssessmentState
    number: int
    kind: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    """What was said to a request for more time; `until` where it was granted."""

    institution_id: UUID
    institution: str
    round: str
    title: str
    state: AssessmentState
    number: int
    until: datetime | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer of the CERT to a question, and who had asked."""

    institution_id: UUID
    institution: str
    code: str
    number: int
    asked_by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Ended:
    """A scan of ours that came to an end; `is_whole`: to its own, and nobody stopped it."""

    institution_id: UUID
    institution: str
    code: str
    is_whole: bool
    is_announced: bool
    """The institution was to notice it by itself."""
    began: datetime
    at: datetime


def list_ended(connection: Connection, since: datetime) -> list[Ended]:
    """Return the scans that we ran and that ended after `since`, in time's order.

    What failed, and what others saw or people wrote down, is not among them.
    """
    s, i = t.scans, t.institutions
    query = (
        sa.select(
            s.c.institution_id,
            i.c.code.label("institution"),
            s.c.code,
            s.c.state,
            s.c.plan,
            sa.func.coalesce(s.c.started_at, s.c.at).label("began"),
            s.c.ended_at,
        )
        .join(i, i.c.id == s.c.institution_id)
        .where(s.c.kind.in_(("scheduled", "manual")), s.c.state.in_(("done", "ended")))
        .where(s.c.ended_at > since)
        .order_by(s.c.ended_at, s.c.code)
    )
    return [
        Ended(
            row.institution_id,
            row.institution,
            row.code,
            row.state == "done",
            bool(row.plan.get("announced")),
            row.began,
            row.ended_at,
        )
        for row in connection.execute(query)
    ]


def list_opened(
    connection: Connection,
    since: datetime,
    severities: Collection[Severity],
    resting: Collection[str],
) -> list[tuple[UUID, datetime]]:
    """Return institution and moment of each finding that opened from `since` on and still stands.

    They are of these severities, and in none of the states in `resting`.
    """
    f = t.findings
    query = sa.select(f.c.institution_id, f.c.opened_at).where(
        f.c.opened_at >= since, f.c.severity.in_(severities), f.c.state.not_in(resting)
    )
    return [(row.institution_id, row.opened_at) for row in connection.execute(query)]


def list_steps(connection: Connection, kinds: Collection[str], since: datetime) -> list[Step]:
    """Return the events of these kinds after `since`, in time's order."""
    e, a, r, i = t.assessment_events, t.assessments, t.rounds, t.institutions
    query = (
        sa.select(*_common(e), e.c.assessment_id, e.c.number, e.c.kind)
        .join(a, a.c.id == e.c.assessment_id)
        .join(r, r.c.id == a.c.round_id)
        .join(i, i.c.id == e.c.institution_id)
        .where(e.c.kind.in_(kinds), e.c.at > since)
        .order_by(e.c.at, e.c.number)
    )
    return [Step(**row) for row in connection.execute(query).mappings()]


def list_decisions(connection: Connection, since: datetime) -> list[Decision]:
    """Return what was said to requests for more time after `since`, in time's order."""
    d, e, a, r, i = (
        t.extension_decisions, t.extensions, t.assessments, t.rounds, t.institutions,
    )  # fmt: skip
    query = (
        sa.select(*_common(d), e.c.number, d.c.until)
        .join(e, e.c.id == d.c.extension_id)
        .join(a, a.c.id == e.c.assessment_id)
        .join(r, r.c.id == a.c.round_id)
        .join(i, i.c.id == d.c.institution_id)
        .where(d.c.at > since)
        .order_by(d.c.at, e.c.number)
    )
    return [Decision(**row) for row in connection.execute(query).mappings()]


def _common(table: sa.Table) -> tuple[sa.ColumnElement[Any], ...]:
    a, r = t.assessments, t.rounds
    return (
        table.c.institution_id, table.c.at, t.institutions.c.code.label("institution"),
        r.c.code.label("round"), r.c.title, a.c.state,
    )  # fmt: skip


def list_answered(connection: Connection, since: datetime) -> list[Answered]:
    """Return the CERT's answers to questions after `since`, in time's order."""
    g, q, i = t.question_answers, t.questions, t.institutions
    query = (
        sa.select(
            g.c.institution_id, g.c.number, g.c.at, q.c.code, q.c.actor.label("asked_by"),
            i.c.code.label("institution"),
        )
        .join(q, q.c.id == g.c.question_id)
        .join(i, i.c.id == g.c.institution_id)
        .where(g.c.at > since)
        .order_by(g.c.at, q.c.code)
    )  # fmt: skip
    return [Answered(**row) for row in connection.execute(query).mappings()]


def states_of(
    connection: Connection, institution_ids: Collection[UUID]
) -> dict[tuple[str, str], AssessmentState]:
    """Return the states of the assessments of these institutions, by institution and round."""
    a, r, i = t.assessments, t.rounds, t.institutions
    query = (
        sa.select(i.c.code.label("institution"), r.c.code.label("round"), a.c.state)
        .join(r, r.c.id == a.c.round_id)
        .join(i, i.c.id == a.c.institution_id)
        .where(a.c.institution_id.in_(institution_ids))
    )
    return {(row.institution, row.round): row.state for row in connection.execute(query)}
