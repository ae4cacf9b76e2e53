"""More time that institutions asked for, and what the CERT said to it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from cyberposture.errors import NotFound, WrongState
from cyberposture.store import tables as t
from cyberposture.store.acts import Act, read_act
from cyberposture.store.assessments import lock_assessment

ExtensionOutcome = Literal["granted", "refused"]


@dataclass(frozen=True, slots=True)
class ExtensionDecision:
    """What the CERT said; `until` where it was granted. The reason is that of the act."""

    outcome: ExtensionOutcome
    until: datetime | None
    act: Act


@dataclass(frozen=True, slots=True)
class ExtensionRecord:
    """That more time was asked for; the reason is that of the act."""

    id: UUID
    assessment_id: UUID
    institution_id: UUID
    institution: str
    round: str
    number: int
    wished: datetime
    act: Act
    decision: ExtensionDecision | None


def insert_extension(
    connection: Connection, assessment_id: UUID, wished: datetime, act: Act
) -> int:
    """Write that more time is asked for and return the number of the request.

    Raises:
        NotFound: there is no such assessment.
        WrongState: an earlier request still waits.
    """
    assessment = lock_assessment(connection, assessment_id)
    known = list_extensions(connection, assessment_id=assessment_id)
    if any(one.decision is None for one in known):
        raise WrongState(
            "you asked for more time already, and the CERT has not answered yet",
            advice="wait for its answer, or ring the CERT",
        )
    number = len(known) + 1
    connection.execute(
        sa.insert(t.extensions),
        {
            "id": uuid4(),
            "institution_id": assessment["institution_id"],
            "assessment_id": assessment_id,
            "number": number,
            "wished": wished,
            **act.written(),
        },
    )
    return number


def record_extension_decision(
    connection: Connection,
    assessment_id: UUID,
    number: int,
    outcome: ExtensionOutcome,
    act: Act,
    *,
    until: datetime | None = None,
) -> None:
    """Write what the CERT says to a request.

    Raises:
        NotFound: there is no such assessment or request.
        WrongState: something was said to it already.
    """
    lock_assessment(connection, assessment_id)
    known = list_extensions(connection, assessment_id=assessment_id)
    found = next((one for one in known if one.number == number), None)
    if found is None:
        raise NotFound("request for more time", str(number))
    if found.decision is not None:
        raise WrongState(f"this request was {found.decision.outcome} already")
    connection.execute(
        sa.insert(t.extension_decisions),
        {
            "id": uuid4(),
            "institution_id": found.institution_id,
            "extension_id": found.id,
            "outcome": outcome,
            "until": until,
            **act.written(),
        },
    )


def list_extensions(
    connection: Connection, *, assessment_id: UUID | None = None, waiting_only: bool = False
) -> list[ExtensionRecord]:
    """Return what was asked for, the oldest first."""
    e, d = t.extensions, t.extension_decisions
    query = _extensions().order_by(e.c.at, e.c.number)
    if assessment_id is not None:
        query = query.where(e.c.assessment_id == assessment_id)
    if waiting_only:
        query = query.where(d.c.outcome.is_(None))
    return [_read(row) for row in connection.execute(query).mappings()]


def _extensions() -> sa.Select[tuple[Any, ...]]:
    e, d, a = t.extensions, t.extension_decisions, t.assessments
    return (
        sa.select(
            e,
            t.institutions.c.code.label("institution"),
            t.rounds.c.code.label("round"),
            d.c.outcome,
            d.c.until,
            *(d.c[name].label(f"decided_{name}") for name in ("actor", "reason", "at")),
        )
        .join(a, a.c.id == e.c.assessment_id)
        .join(t.institutions, t.institutions.c.id == e.c.institution_id)
        .join(t.rounds, t.rounds.c.id == a.c.round_id)
        .outerjoin(d, d.c.extension_id == e.c.id)
    )


def _read(row: RowMapping) -> ExtensionRecord:
    decision = None
    if row["outcome"] is not None:
        act = Act(*(row[f"decided_{name}"] for name in ("actor", "reason", "at")))
        decision = ExtensionDecision(row["outcome"], row["until"], act)
    names = ("id", "assessment_id", "institution_id", "institution", "round", "number", "wished")
    return ExtensionRecord(**{n: row[n] for n in names}, act=read_act(row), decision=decision)
