"""What people say to each other at a control: threads that only grow."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from cyberposture.errors import NotFound
from cyberposture.store import tables as t
from cyberposture.store.acts import Act, read_act

RemarkKind = Literal["opened", "reply", "resolved", "reopened"]


@dataclass(frozen=True, slots=True)
class Remark:
    """One remark in a thread, counted from 1; `resolved` and `reopened` may say nothing."""

    number: int
    kind: RemarkKind
    text: str
    name: str
    """Of whoever wrote it; their code where they are in no register of people."""
    act: Act


@dataclass(frozen=True, slots=True)
class Thread:
    """What was said to one matter at one control, oldest remark first."""

    id: UUID
    assessment_id: UUID
    control: str
    is_for_reviewer: bool
    remarks: tuple[Remark, ...]

    @property
    def is_resolved(self) -> bool:
        """Whether the last word on the matter itself is that it is settled."""
        states = [one.kind for one in self.remarks if one.kind in ("resolved", "reopened")]
        return states[-1:] == ["resolved"]


def open_thread(
    connection: Connection,
    institution_id: UUID,
    assessment_id: UUID,
    act: Act,
    *,
    control: str,
    text: str,
    is_for_reviewer: bool,
) -> UUID:
    """Write the first remark of a thread and return the thread's key."""
    thread_id = uuid4()
    connection.execute(
        sa.insert(t.remarks),
        {
            "id": thread_id,
            "institution_id": institution_id,
            "assessment_id": assessment_id,
            "control": control,
            "thread_id": thread_id,
            "number": 1,
            "kind": "opened",
            "text": text,
            "is_for_reviewer": is_for_reviewer,
            **act.written(),
        },
    )
    return thread_id


def add_remark(
    connection: Connection, thread_id: UUID, kind: RemarkKind, text: str, act: Act
) -> int:
    """Write a remark at the end of a thread and return its number.

    Raises:
        NotFound: there is no such thread.
    """
    r = t.remarks
    first = connection.execute(sa.select(r).where(r.c.id == thread_id).with_for_update())
    row = first.mappings().one_or_none()
    if row is None or row["thread_id"] != thread_id:
        raise NotFound("thread", str(thread_id))
    last = sa.select(sa.func.max(r.c.number)).where(r.c.thread_id == thread_id)
    number = int(connection.execute(last).scalar_one()) + 1
    kept = {name: row[name] for name in ("institution_id", "assessment_id", "control")}
    connection.execute(
        sa.insert(r),
        {
            "id": uuid4(),
            **kept,
            "thread_id": thread_id,
            "number": number,
            "kind": kind,
            "text": text,
            "is_for_reviewer": row["is_for_reviewer"],
            **act.written(),
        },
    )
    return number


def get_thread(connection: Connection, thread_id: UUID) -> Thread:
    """Return a thread.

    Raises:
        NotFound: there is none.
    """
    found = _threads(connection, _REMARKS.where(t.remarks.c.thread_id == thread_id), {})
    if not found:
        raise NotFound("thread", str(thread_id))
    return found[0]


def list_threads(
    connection: Connection,
    assessment_id: UUID,
    *,
    controls: Collection[str] | None = None,
    for_reviewer_only: bool = False,
) -> list[Thread]:
    """Return the threads of an assessment, the oldest first."""
    values: dict[str, Any] = {"assessment_id": assessment_id}
    query = _OF_ASSESSMENT
    if controls is not None:
        query, values["controls"] = _OF_CONTROLS, list(controls)
    if for_reviewer_only:
        query = query.where(t.remarks.c.is_for_reviewer)
    return _threads(connection, query, values)


_REMARKS = (
    sa.select(t.remarks, t.people.c.name)
    .outerjoin(t.people, t.people.c.code == t.remarks.c.actor)
    .order_by(t.remarks.c.at, t.remarks.c.number)
)
# Every page of cards asks the second: it is built once, not each time.
_OF_ASSESSMENT = _REMARKS.where(t.remarks.c.assessment_id == sa.bindparam("assessment_id"))
_OF_CONTROLS = _OF_ASSESSMENT.where(
    t.remarks.c.control.in_(sa.bindparam("controls", expanding=True))
)


def _threads(connection: Connection, query: sa.Select[Any], values: dict[str, Any]) -> list[Thread]:
    found: dict[UUID, list[RowMapping]] = {}
    for row in connection.execute(query, values).mappings():
        found.setdefault(row["thread_id"], []).append(row)
    return [
        Thread(
            id=thread_id,
            assessment_id=rows[0]["assessment_id"],
            control=rows[0]["control"],
            is_for_reviewer=rows[0]["is_for_reviewer"],
            remarks=tuple(
                Remark(
                    row["number"],
                    row["kind"],
                    row["text"],
                    row["name"] or row["actor"],
                    read_act(row),
                )
                for row in rows
            ),
        )
        for thread_id, rows in found.items()
    ]
