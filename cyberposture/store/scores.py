"""Scores as they were computed: the whole document, the result, and under which rules.

A score is never changed; a correction is a new score that names the old one.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID, uuid4

import rfc8785
import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from cyberposture.errors import NotFound, WrongState
from cyberposture.store import tables as t
from cyberposture.store.acts import Act, read_act

ScoreKind = Literal["round", "live"]


@dataclass(frozen=True, slots=True)
class ScoreSummary:
    """A score without its documents: what lists and trends need; points are basis points."""

    id: UUID
    institution_id: UUID
    round_id: UUID | None
    kind: ScoreKind
    as_of: datetime
    declared: int | None
    verified: int | None
    coverage: int | None
    band: str | None
    corrects_id: UUID | None
    act: Act


@dataclass(frozen=True, slots=True)
class ScoreRecord:
    """A score with all that it stands on; both digests are over RFC 8785 JSON."""

    summary: ScoreSummary
    scoring: int
    document: dict[str, Any]
    result: dict[str, Any]
    document_sha256: str
    result_sha256: str
    catalogue_digest: str
    checks_digest: str
    texts_digest: str
    told: str
    """Who was told of a correction."""


@dataclass(frozen=True, slots=True)
class CompactScore:
    """The compact row that was kept with a round score, in the scoring room's own format."""

    institution_id: UUID
    round_id: UUID
    compact: bytes


def insert_score(
    connection: Connection,
    institution_id: UUID,
    act: Act,
    *,
    round_id: UUID | None,
    as_of: datetime,
    document: dict[str, Any],
    result: dict[str, Any],
    catalogue_digest: str,
    checks_digest: str,
    texts_digest: str,
    compact: bytes | None = None,
    corrects_id: UUID | None = None,
    told: str = "",
) -> ScoreRecord:
    """Keep a score and return it: that of a round, or (no round) the live one.

    Raises:
        NotFound: the score that it corrects is not in the register.
        WrongState: that score is another institution's or round's, or was corrected already.
    """
    if corrects_id is not None:
        _require_correctable(connection, corrects_id, institution_id, round_id)
    score_id = uuid4()
    connection.execute(
        sa.insert(t.scores),
        {
            "id": score_id,
            "institution_id": institution_id,
            "round_id": round_id,
            "kind": "live" if round_id is None else "round",
            "scoring": document["scoring"],
            "as_of": as_of,
            "document": document,
            "result": result,
            "document_sha256": hashlib.sha256(rfc8785.dumps(document)).hexdigest(),
            "result_sha256": hashlib.sha256(rfc8785.dumps(result)).hexdigest(),
            "catalogue_digest": catalogue_digest,
            "checks_digest": checks_digest,
            "texts_digest": texts_digest,
            **{name: result["institution"][name] for name in _LISTED},
            "compact": compact,
            "corrects_id": corrects_id,
            "told": told,
            **act.written(),
        },
    )
    return get_score(connection, score_id)


def get_score(
    connection: Connection, score_id: UUID, *, institution_id: UUID | None = None
) -> ScoreRecord:
    """Return a score with its documents; with `institution_id`, only if it is that institution's.

    Raises:
        NotFound: there is none.
    """
    query = sa.select(t.scores).where(t.scores.c.id == score_id)
    if institution_id is not None:
        query = query.where(t.scores.c.institution_id == institution_id)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("score", str(score_id))
    names = ScoreRecord.__slots__[1:]
    return ScoreRecord(_read(row), **{name: row[name] for name in names})


def find_score(
    connection: Connection,
    institution_id: UUID,
    *,
    round_id: UUID | None = None,
    as_of: datetime | None = None,
) -> ScoreRecord | None:
    """Return the score of a round, or (no round) the newest live one, at `as_of`; or None.

    A corrected score is passed over.
    """
    found = _standing(round_id, institution_id, as_of).limit(1)
    row = connection.execute(found).mappings().one_or_none()
    return None if row is None else get_score(connection, row["id"])


def list_scores(
    connection: Connection,
    *,
    institution_id: UUID | None = None,
    round_id: UUID | None = None,
    kind: ScoreKind | None = None,
) -> list[ScoreSummary]:
    """Return every score, corrected ones too, in the order in which they were computed."""
    s = t.scores
    query = sa.select(*_SUMMARY).order_by(s.c.at, s.c.as_of, s.c.id)
    if institution_id is not None:
        query = query.where(s.c.institution_id == institution_id)
    if round_id is not None:
        query = query.where(s.c.round_id == round_id)
    if kind is not None:
        query = query.where(s.c.kind == kind)
    return [_read(row) for row in connection.execute(query).mappings()]


def list_round_scores(connection: Connection, round_id: UUID) -> list[ScoreSummary]:
    """Return the score that stands for each institution in a round, corrected ones passed over."""
    query = _standing(round_id, None, None)
    standing: dict[UUID, ScoreSummary] = {}
    for row in connection.execute(query).mappings():
        standing.setdefault(row["institution_id"], _read(row))
    return list(standing.values())


def list_digests(connection: Connection, score_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return the digests of the documents of these scores."""
    s = t.scores.c
    query = sa.select(s.id, s.document_sha256).where(s.id.in_(score_ids))
    return {row.id: row.document_sha256 for row in connection.execute(query)}


def list_as_of(connection: Connection, score_ids: Sequence[UUID]) -> list[datetime]:
    """Return as of when these scores are, in no particular order."""
    s = t.scores.c
    return list(connection.scalars(sa.select(s.as_of).where(s.id.in_(score_ids))))


def list_compact_scores(connection: Connection, round_ids: Sequence[UUID]) -> list[CompactScore]:
    """Return the compact rows of all standing scores of these rounds, in no particular order."""
    s, later = t.scores, t.scores.alias("later")
    query = (
        sa.select(s.c.institution_id, s.c.round_id, s.c.compact)
        .where(s.c.round_id.in_(round_ids), s.c.compact.is_not(None))
        .where(~sa.exists().where(later.c.corrects_id == s.c.id))
        .order_by(s.c.as_of, s.c.at)
    )
    newest = {(row.round_id, row.institution_id): row for row in connection.execute(query)}
    return [CompactScore(*row) for row in newest.values()]


_LISTED = ("declared", "verified", "coverage", "band")
_SUMMARY = [
    t.scores.c[name] for name in (*ScoreSummary.__slots__, "actor", "reason", "at") if name != "act"
]


def _standing(
    round_id: UUID | None,
    institution_id: UUID | None,
    as_of: datetime | None,
) -> sa.Select[Any]:
    """Return the query for scores that no later one corrects, the newest first."""
    s, later = t.scores, t.scores.alias("later")
    corrected = sa.exists().where(later.c.corrects_id == s.c.id)
    if as_of is not None:
        corrected = corrected.where(later.c.at <= as_of)
    query = sa.select(*_SUMMARY).where(~corrected)
    if round_id is None:
        query = query.where(s.c.kind == "live")
    else:
        query = query.where(s.c.round_id == round_id)
    if institution_id is not None:
        query = query.where(s.c.institution_id == institution_id)
    if as_of is not None:
        query = query.where(s.c.as_of <= as_of, s.c.at <= as_of)
    return query.order_by(s.c.as_of.desc(), s.c.at.desc())


def _require_correctable(
    connection: Connection, score_id: UUID, institution_id: UUID, round_id: UUID | None
) -> None:
    s = t.scores
    query = sa.select(s.c.institution_id, s.c.round_id).where(s.c.id == score_id)
    present = connection.execute(query.with_for_update()).one_or_none()
    if present is None:
        raise NotFound("score", str(score_id))
    if tuple(present) != (institution_id, round_id):
        raise WrongState("a correction is of the same institution and round")
    done = sa.select(s.c.id).where(s.c.corrects_id == score_id)
    if connection.execute(done).first() is not None:
        raise WrongState("that score was corrected already; correct the correction")


def _read(row: RowMapping) -> ScoreSummary:
    names = (name for name in ScoreSummary.__slots__ if name != "act")
    return ScoreSummary(act=read_act(row), **{name: row[name] for name in names})
