"""An assessment with its institution and its round, found by one question: pages begin with it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Table

from cyberposture.store import tables as t
from cyberposture.store.assessments import AssessmentRecord, get_assessment, read_assessment
from cyberposture.store.institutions import InstitutionRecord, get_institution, read_institution
from cyberposture.store.layouts import read_layouts
from cyberposture.store.rounds import RoundRecord, get_round, read_round

Opened = tuple[InstitutionRecord, RoundRecord, AssessmentRecord]


def get_opened(
    connection: Connection, institution: str, round_code: str, *, as_of: datetime
) -> Opened:
    """Return an institution as it stood at `as_of`, a round, and the assessment of both.

    Raises:
        NotFound: institution, round or assessment is not there.
    """
    values = {"institution": institution, "round": round_code, "as_of": as_of}
    row = connection.execute(_OPENED, values).mappings().one_or_none()
    if row is None:
        # Which of them is missing is asked only then.
        owner = get_institution(connection, institution, as_of=as_of)
        campaign = get_round(connection, round_code)
        return owner, campaign, get_assessment(connection, owner.id, campaign.id)
    version = _of(row, t.institution_versions) | {"code": institution, "parent": row["parent"]}
    named = {"institution": institution, "round": round_code}
    counted = {name: row[name] for name in ("answered", "reviewed")}
    opened = _of(row, t.assessments) | named | counted
    layouts = read_layouts(connection, {opened["layout"]})
    return (
        read_institution(version),
        read_round(_of(row, t.rounds)),
        read_assessment(opened, layouts),
    )


def _of(row: Mapping[Any, Any], table: Table) -> dict[str, Any]:
    """Return the columns of one table, under their own names."""
    return {name: row[label] for name, label in _LABELS[table]}


_LABELS = {
    table: [(column.name, f"{table.name}_{column.name}") for column in table.columns]
    for table in (t.institution_versions, t.rounds, t.assessments)
}


def _opened() -> sa.Select[Any]:
    i, v, r, a = t.institutions, t.institution_versions, t.rounds, t.assessments
    parents, counted = i.alias("parents"), t.answer_rows
    columns = [
        column.label(f"{table.name}_{column.name}") for table in _LABELS for column in table.columns
    ]
    return (
        sa.select(
            *columns,
            parents.c.code.label("parent"),
            sa.func.coalesce(counted.c.answered, 0).label("answered"),
            sa.func.coalesce(counted.c.reviewed, 0).label("reviewed"),
        )
        .select_from(i)
        .join(v, v.c.institution_id == i.c.id)
        .outerjoin(parents, parents.c.id == v.c.parent_id)
        .join(a, a.c.institution_id == i.c.id)
        .join(r, r.c.id == a.c.round_id)
        .outerjoin(counted, counted.c.assessment_id == a.c.id)
        .where(i.c.code == sa.bindparam("institution"), r.c.code == sa.bindparam("round"))
        .where(v.c.valid_from <= sa.bindparam("as_of"))
        .order_by(v.c.valid_from.desc(), v.c.revision.desc())
        .limit(1)
    )


_OPENED = _opened()
