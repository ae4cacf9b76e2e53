"""Contradictions: a claim on one side, what the network shows on the other, and what became of it.

They never edit the answer.
"""

from collections.abc import Collection
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

ContradictionState = Literal["open", "disputed", "explained", "corrected", "upheld"]
CLOSED: tuple[ContradictionState, ...] = ("explained", "corrected", "upheld")


@dataclass(frozen=True, slots=True)
class ContradictionRecord:
    """A contradiction as it stands, with the institution's comment that is printed beside it."""

    id: UUID
    code: str
    institution_id: UUID
    assessment_id: UUID
    control: str
    check: str
    finding_id: UUID | None
    answer_revision: int
    level: int
    state: ContradictionState
    opened_at: datetime
    closed_at: datetime | None
    comment: str
    commented_at: datetime | None


@dataclass(frozen=True, slots=True)
class ContradictionEvent:
    """Something that happened to a contradiction, and the state after it."""

    number: int
    kind: str
    state: ContradictionState
    act: Act


def insert_contradiction(
    connection: Connection,
    institution_id: UUID,
    assessment_id: UUID,
    act: Act,
    *,
    control: str,
    check: str,
    finding_id: UUID | None,
    answer_revision: int,
    level: int,
) -> ContradictionRecord:
    """Open a contradiction between a claim and a check and return it, with a fresh code.

    Raises:
        WrongState: it is in the register already; it may be reopened.
    """
    if find_contradiction(connection, assessment_id, control, check) is not None:
        raise WrongState(f"{control} and {check} are in contradiction already")
    code = new_code("c")
    contradiction_id = uuid4()
    connection.execute(
        sa.insert(t.contradictions),
        {
            "id": contradiction_id,
            "code": code,
            "institution_id": institution_id,
            "assessment_id": assessment_id,
            "control": control,
            "check_id": check,
            "finding_id": finding_id,
            "answer_revision": answer_revision,
            "level": level,
            "state": "open",
            "opened_at": act.at,
            "comment": "",
        },
    )
    _record_event(connection, code, "opened", act)
    return get_contradiction(connection, code)


def record_comment(connection: Connection, code: str, comment: str, act: Act) -> None:
    """Keep the institution's comment; earlier ones stay in the events.

    Raises:
        NotFound: there is no such contradiction.
    """
    _lock(connection, code)
    _change(connection, code, comment=comment, commented_at=act.at)
    _record_event(connection, code, "commented", Act(act.actor, comment, act.at))


def record_remark(connection: Connection, code: str, remark: str, act: Act) -> None:
    """Keep what the CERT says to a contradiction, among its events.

    Raises:
        NotFound: there is no such contradiction.
    """
    _record_event(connection, code, "remarked", Act(act.actor, remark, act.at))


def record_state(
    connection: Connection, code: str, state: ContradictionState, act: Act
) -> ContradictionRecord:
    """Move a contradiction to another state and return it; the act says why.

    Raises:
        NotFound: there is no such contradiction.
        WrongState: it is in that state already.
    """
    present = _lock(connection, code)
    if present["state"] == state:
        raise WrongState(f"the contradiction {code} is {state} already")
    _change(connection, code, state=state, closed_at=act.at if state in CLOSED else None)
    _record_event(connection, code, f"became {state}", act)
    return get_contradiction(connection, code)


def find_contradiction(
    connection: Connection, assessment_id: UUID, control: str, check: str
) -> ContradictionRecord | None:
    """Return the contradiction between this claim and this check, whatever its state, or None."""
    c = t.contradictions
    query = sa.select(c).where(
        c.c.assessment_id == assessment_id, c.c.control == control, c.c.check_id == check
    )
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else read(row)


def get_contradiction(
    connection: Connection, code: str, *, institution_id: UUID | None = None
) -> ContradictionRecord:
    """Return the contradiction with this code; with `institution_id`, only if it is theirs.

    Raises:
        NotFound: there is none.
    """
    query = sa.select(t.contradictions).where(t.contradictions.c.code == code)
    if institution_id is not None:
        query = query.where(t.contradictions.c.institution_id == institution_id)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("contradiction", code)
    return read(row)


def list_contradictions(
    connection: Connection,
    *,
    institution_id: UUID | None = None,
    assessment_id: UUID | None = None,
    states: Collection[ContradictionState] | None = None,
) -> list[ContradictionRecord]:
    """Return contradictions in the order in which they opened."""
    c = t.contradictions
    query = sa.select(c).order_by(c.c.opened_at, c.c.control, c.c.check_id)
    if institution_id is not None:
        query = query.where(c.c.institution_id == institution_id)
    if assessment_id is not None:
        query = query.where(c.c.assessment_id == assessment_id)
    if states is not None:
        query = query.where(c.c.state.in_(states))
    return [read(row) for row in connection.execute(query).mappings()]


def list_events(connection: Connection, contradiction_id: UUID) -> list[ContradictionEvent]:
    """Return the events of a contradiction, oldest first."""
    e = t.contradiction_events
    query = sa.select(e).where(e.c.contradiction_id == contradiction_id).order_by(e.c.number)
    return [
        ContradictionEvent(row["number"], row["kind"], row["state"], read_act(row))
        for row in connection.execute(query).mappings()
    ]


_COLUMNS = tuple(name for name in ContradictionRecord.__slots__ if name != "check")


def _lock(connection: Connection, code: str) -> RowMapping:
    query = sa.select(t.contradictions).where(t.contradictions.c.code == code).with_for_update()
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("contradiction", code)
    return row


def _change(connection: Connection, code: str, **values: Any) -> None:
    change = sa.update(t.contradictions).where(t.contradictions.c.code == code)
    connection.execute(change.values(**values))


def _record_event(connection: Connection, code: str, kind: str, act: Act) -> None:
    present = _lock(connection, code)
    e = t.contradiction_events
    last = sa.select(sa.func.max(e.c.number)).where(e.c.contradiction_id == present["id"])
    connection.execute(
        sa.insert(e),
        {
            "id": uuid4(),
            "institution_id": present["institution_id"],
            "contradiction_id": present["id"],
            "number": (connection.execute(last).scalar_one() or 0) + 1,
            "kind": kind,
            "state": present["state"],
            **act.written(),
        },
    )


def read(row: RowMapping) -> ContradictionRecord:
    """Return the contradiction that a row of the table holds."""
    return ContradictionRecord(check=row["check_id"], **{name: row[name] for name in _COLUMNS})
