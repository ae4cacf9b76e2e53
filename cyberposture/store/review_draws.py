"""What was drawn by chance from the claims of an assessment, with the whole frame it came from."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from cyberposture.store import tables as t
from cyberposture.store.acts import Act, read_act


@dataclass(frozen=True, slots=True)
class DrawRecord:
    """One draw: the seed, the share (basis points), and each claim of the frame with its fate."""

    assessment_id: UUID
    number: int
    institution_id: UUID
    seed: str
    share: int
    frame: tuple[dict[str, Any], ...]
    act: Act


def insert_draw(
    connection: Connection,
    institution_id: UUID,
    assessment_id: UUID,
    act: Act,
    *,
    seed: str,
    share: int,
    frame: list[dict[str, Any]],
) -> DrawRecord:
    """Keep a draw and return it; earlier ones of the assessment stay."""
    last = find_draw(connection, assessment_id)
    number = 1 if last is None else last.number + 1
    connection.execute(
        sa.insert(t.review_draws),
        {
            "assessment_id": assessment_id,
            "number": number,
            "institution_id": institution_id,
            "seed": seed,
            "share": share,
            "frame": frame,
            **act.written(),
        },
    )
    return DrawRecord(assessment_id, number, institution_id, seed, share, tuple(frame), act)


def find_draw(connection: Connection, assessment_id: UUID) -> DrawRecord | None:
    """Return the newest draw of an assessment, or None: nothing was drawn yet."""
    d = t.review_draws
    query = sa.select(d).where(d.c.assessment_id == assessment_id)
    row = connection.execute(query.order_by(d.c.number.desc()).limit(1)).mappings().one_or_none()
    return None if row is None else _read(row)


def list_draws(connection: Connection, round_id: UUID) -> dict[UUID, DrawRecord]:
    """Return the newest draw of each assessment of a round, by assessment."""
    d, a = t.review_draws, t.assessments
    query = (
        sa.select(d)
        .join(a, a.c.id == d.c.assessment_id)
        .where(a.c.round_id == round_id)
        .order_by(d.c.number)
    )
    found = (_read(row) for row in connection.execute(query).mappings())
    return {one.assessment_id: one for one in found}


def _read(row: RowMapping) -> DrawRecord:
    return DrawRecord(
        row["assessment_id"],
        row["number"],
        row["institution_id"],
        row["seed"],
        row["share"],
        tuple(row["frame"]),
        read_act(row),
    )
