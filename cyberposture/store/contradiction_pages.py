"""Contradictions page by page, with the claims and the observations that they stand between."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from cyberposture.model.checks import Protocol
from cyberposture.store import tables as t
from cyberposture.store.contradictions import ContradictionRecord, ContradictionState, read
from cyberposture.store.paging import Page, Turn, read_page


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which contradictions are wanted; None: it does not matter."""

    institutions: Sequence[UUID] | None = None
    control: str | None = None
    state: ContradictionState | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """One revision of an answer, as far as it is a claim."""

    level: int | None
    reason: str
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Observed:
    """What the network showed at one endpoint, as it was last judged."""

    address: str
    protocol: Protocol | None
    port: int | None
    says: str
    observed_at: datetime


def page(connection: Connection, chosen: Chosen, turn: Turn) -> Page[ContradictionRecord]:
    """Return a page of contradictions, the newest first."""
    c = t.contradictions
    query = sa.select(c).where(*_conditions(chosen))
    found = read_page(connection, query, (c.c.opened_at, c.c.code), turn, is_newest_first=True)
    return Page(tuple(read(row) for row in found.rows), found.before, found.after)


def count(connection: Connection, chosen: Chosen) -> tuple[int, tuple[str, ...]]:
    """Return how many there are, and the controls that any of those institutions' are about."""
    c = t.contradictions
    number = sa.select(sa.func.count()).select_from(c).where(*_conditions(chosen))
    whose = _conditions(Chosen(chosen.institutions))
    about = sa.select(c.c.control).where(*whose).distinct().order_by(c.c.control)
    controls = tuple(connection.execute(about).scalars())
    return connection.execute(number).scalar_one(), controls


def claims_of(connection: Connection, records: Sequence[ContradictionRecord]) -> dict[UUID, Claim]:
    """Return the answer that each contradiction opened on, by the contradiction's id."""
    a = t.answers.c
    c = t.contradictions.c
    query = (
        sa.select(c.id, a.level, a.explanation, a.actor, a.at)
        .join_from(
            t.contradictions,
            t.answers,
            sa.and_(
                a.assessment_id == c.assessment_id,
                a.control == c.control,
                a.revision == c.answer_revision,
            ),
        )
        .where(c.id.in_([one.id for one in records]))
    )
    return {
        row.id: Claim(row.level, row.explanation, row.actor, row.at)
        for row in connection.execute(query)
    }


def observed_for(
    connection: Connection, records: Sequence[ContradictionRecord]
) -> dict[tuple[UUID, str], list[Observed]]:
    """Return where the checks of these contradictions fail, by institution and check."""
    j = t.judgements.c
    pairs = {(one.institution_id, one.check) for one in records}
    if not pairs:
        return {}
    place = sa.func.row_number().over(
        partition_by=(
            j.institution_id, j.check_id, j.address, j.protocol, j.port, j.subkey, j.vantage,
        ),
        order_by=(j.observed_at.desc(), j.judged_at.desc(), j.id),
    )  # fmt: skip
    wanted = sa.or_(*(sa.and_(j.institution_id == who, j.check_id == what) for who, what in pairs))
    ranked = sa.select(t.judgements, place.label("place")).where(wanted).subquery()
    query = (
        sa.select(ranked)
        .where(ranked.c.place == 1, ranked.c.verdict == "fail")
        .order_by(ranked.c.address, ranked.c.port)
    )
    found: dict[tuple[UUID, str], list[Observed]] = {}
    for row in connection.execute(query):
        seen = Observed(
            row.address, row.protocol or None, row.port or None, row.says, row.observed_at
        )
        found.setdefault((row.institution_id, row.check_id), []).append(seen)
    return found


def round_codes(connection: Connection, assessments: Collection[UUID]) -> dict[UUID, str]:
    """Return the code of the round of each of these assessments, by the assessment's id."""
    a, r = t.assessments.c, t.rounds.c
    query = (
        sa.select(a.id, r.code)
        .join_from(t.assessments, t.rounds, r.id == a.round_id)
        .where(a.id.in_(assessments))
    )
    return {row.id: row.code for row in connection.execute(query)}


def _conditions(chosen: Chosen) -> list[sa.ColumnElement[bool]]:
    c = t.contradictions.c
    found: list[sa.ColumnElement[bool]] = []
    if chosen.institutions is not None:
        found.append(c.institution_id.in_(chosen.institutions))
    if chosen.control is not None:
        found.append(c.control == chosen.control)
    if chosen.state is not None:
        found.append(c.state == chosen.state)
    return found
