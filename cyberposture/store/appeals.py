"""Appeals against final scores, and how they were decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from cyberposture.errors import NotFound, WrongState
from cyberposture.store import tables as t
from cyberposture.store.acts import Act, read_act
from cyberposture.store.codes import new_code

Outcome = Literal["granted", "rejected"]


@dataclass(frozen=True, slots=True)
class AppealRecord:
    """An appeal: against which score, about which controls, and what was decided, if it was."""

    id: UUID
    code: str
    institution_id: UUID
    assessment_id: UUID
    score_id: UUID
    controls: tuple[str, ...]
    act: Act
    """Its reason are the grounds."""
    outcome: Outcome | None
    decided_by: str | None
    decided_at: datetime | None
    decided_why: str | None
    correction_id: UUID | None


def insert_appeal(
    connection: Connection,
    institution_id: UUID,
    assessment_id: UUID,
    score_id: UUID,
    act: Act,
    *,
    controls: Sequence[str],
) -> AppealRecord:
    """Keep an appeal and return it, with a fresh code; the act's reason are its grounds."""
    code = new_code("ap")
    connection.execute(
        sa.insert(t.appeals),
        {
            "id": uuid4(),
            "code": code,
            "institution_id": institution_id,
            "assessment_id": assessment_id,
            "score_id": score_id,
            "controls": list(controls),
            **act.written(),
        },
    )
    return get_appeal(connection, code)


def record_decision(
    connection: Connection,
    code: str,
    outcome: Outcome,
    act: Act,
    *,
    correction_id: UUID | None = None,
) -> AppealRecord:
    """Record how an appeal was decided and return it; the act's reason says why.

    Raises:
        NotFound: there is no such appeal.
        WrongState: it was decided already.
    """
    p = t.appeals
    get_appeal(connection, code)
    values: dict[str, Any] = {**act.ended("decided"), "outcome": outcome}
    change = sa.update(p).where(p.c.code == code, p.c.outcome.is_(None))
    done = connection.execute(change.values(**values, correction_id=correction_id))
    if done.rowcount == 0:
        raise WrongState(f"the appeal {code} was decided already")
    return get_appeal(connection, code)


def get_appeal(connection: Connection, code: str) -> AppealRecord:
    """Return the appeal with this code.

    Raises:
        NotFound: there is none.
    """
    row = connection.execute(sa.select(t.appeals).where(t.appeals.c.code == code)).mappings()
    found = row.one_or_none()
    if found is None:
        raise NotFound("appeal", code)
    return _read(found)


def list_appeals(
    connection: Connection, *, assessment_id: UUID | None = None, open_only: bool = False
) -> list[AppealRecord]:
    """Return appeals, the oldest first."""
    p = t.appeals
    query = sa.select(p).order_by(p.c.at, p.c.code)
    if assessment_id is not None:
        query = query.where(p.c.assessment_id == assessment_id)
    if open_only:
        query = query.where(p.c.outcome.is_(None))
    return [_read(row) for row in connection.execute(query).mappings()]


def _read(row: RowMapping) -> AppealRecord:
    values = {name: row[name] for name in AppealRecord.__slots__ if name not in ("act", "controls")}
    return AppealRecord(act=read_act(row), controls=tuple(row["controls"]), **values)
