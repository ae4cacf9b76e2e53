"""What goes on in all assessments of a round at once: since when, what was asked, what was said."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from cyberposture.store import tables as t


@dataclass(frozen=True, slots=True)
class OpenMatter:
    """Something asked at a control that nobody has settled yet: where, since when, in which words.

    Its text is the newest question, or the first remark of a thread.
    """

    assessment_id: UUID
    control: str
    since: datetime
    text: str


def list_since(connection: Connection, round_id: UUID) -> dict[UUID, datetime]:
    """Return since when each assessment of a round is in its state, without a break."""
    e, a = t.assessment_events, t.assessments
    query = (
        sa.select(e.c.assessment_id, e.c.state, e.c.at)
        .join(a, a.c.id == e.c.assessment_id)
        .where(
            a.c.round_id == round_id,
            sa.or_(e.c.kind == "opened", e.c.kind.startswith("became ")),
        )
        .order_by(e.c.assessment_id, e.c.number)
    )
    newest: dict[UUID, tuple[str, datetime]] = {}
    for row in connection.execute(query):
        known = newest.get(row.assessment_id)
        if known is None or known[0] != row.state:
            newest[row.assessment_id] = (row.state, row.at)
    return {key: at for key, (_, at) in newest.items()}


def list_comment_ends(connection: Connection, round_id: UUID) -> dict[UUID, datetime]:
    """Return until when the newest shown result of each assessment of a round takes comments."""
    p, a = t.preliminary_results, t.assessments
    query = (
        sa.select(p.c.assessment_id, p.c.comments_until)
        .join(a, a.c.id == p.c.assessment_id)
        .where(a.c.round_id == round_id)
        .order_by(p.c.number)
    )
    return {row.assessment_id: row.comments_until for row in connection.execute(query)}


def count_comments(connection: Connection, round_id: UUID) -> dict[UUID, int]:
    """Return how often each institution commented on a result of a round, by assessment."""
    c, a = t.result_comments, t.assessments
    query = (
        sa.select(c.c.assessment_id, sa.func.count())
        .join(a, a.c.id == c.c.assessment_id)
        .where(a.c.round_id == round_id, c.c.kind == "comment")
        .group_by(c.c.assessment_id)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def list_said_enough(connection: Connection, round_id: UUID) -> frozenset[UUID]:
    """Return the assessments whose institution has nothing to add to the newest result."""
    c, p, a = t.result_comments, t.preliminary_results, t.assessments
    newest = (
        sa.select(p.c.assessment_id, sa.func.max(p.c.number).label("number"))
        .group_by(p.c.assessment_id)
        .subquery()
    )
    query = (
        sa.select(c.c.assessment_id)
        .join(a, a.c.id == c.c.assessment_id)
        .join(
            newest,
            sa.and_(newest.c.assessment_id == c.c.assessment_id, newest.c.number == c.c.result),
        )
        .where(a.c.round_id == round_id, c.c.kind == "no-more")
    )
    return frozenset(connection.execute(query).scalars())


def list_asked_back(connection: Connection, round_id: UUID) -> list[OpenMatter]:
    """Return the questions of reviewers that wait for an answer, one a control."""
    c, a = t.clarifications, t.assessments
    query = (
        sa.select(c.c.assessment_id, c.c.control, c.c.kind, c.c.reason, c.c.at)
        .join(a, a.c.id == c.c.assessment_id)
        .where(a.c.round_id == round_id)
        .order_by(c.c.assessment_id, c.c.control, c.c.number)
    )
    last = {(row.assessment_id, row.control): row for row in connection.execute(query)}
    return [
        OpenMatter(row.assessment_id, row.control, row.at, row.reason)
        for row in last.values()
        if row.kind == "asked"
    ]


def list_unsettled(connection: Connection, round_id: UUID) -> list[OpenMatter]:
    """Return the threads that institutions opened to their reviewers and nobody has settled."""
    r, a = t.remarks, t.assessments
    query = (
        sa.select(r.c.thread_id, r.c.assessment_id, r.c.control, r.c.kind, r.c.text, r.c.at)
        .join(a, a.c.id == r.c.assessment_id)
        .where(a.c.round_id == round_id, r.c.is_for_reviewer, r.c.kind != "reply")
        .order_by(r.c.thread_id, r.c.number)
    )
    threads: dict[UUID, list[OpenMatter]] = defaultdict(list)
    settled: dict[UUID, bool] = {}
    for row in connection.execute(query):
        matter = OpenMatter(row.assessment_id, row.control, row.at, row.text)
        threads[row.thread_id].append(matter)
        settled[row.thread_id] = row.kind == "resolved"
    return [matters[0] for key, matters in threads.items() if not settled[key]]
