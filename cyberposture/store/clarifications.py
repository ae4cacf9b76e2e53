"""Questions back on single controls: asked by a reviewer, replied to by the institution, kept."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection

from cyberposture.store import tables as t
from cyberposture.store.acts import Act, read_act

SaidKind = Literal["asked", "replied"]


@dataclass(frozen=True, slots=True)
class Said:
    """One thing said in the thread of a control; the act's reason is its text."""

    control: str
    number: int
    kind: SaidKind
    answer_revision: int
    act: Act


def record_said(
    connection: Connection,
    institution_id: UUID,
    assessment_id: UUID,
    control: str,
    act: Act,
    *,
    kind: SaidKind,
    answer_revision: int,
) -> Said:
    """Add to the thread of a control and return what was added; the act's reason is the text."""
    c = t.clarifications
    last = sa.select(sa.func.max(c.c.number)).where(
        c.c.assessment_id == assessment_id, c.c.control == control
    )
    number = (connection.execute(last).scalar_one() or 0) + 1
    connection.execute(
        sa.insert(c),
        {
            "id": uuid4(),
            "institution_id": institution_id,
            "assessment_id": assessment_id,
            "control": control,
            "number": number,
            "kind": kind,
            "answer_revision": answer_revision,
            **act.written(),
        },
    )
    return Said(control, number, kind, answer_revision, act)


def list_said(
    connection: Connection, assessment_id: UUID, *, control: str | None = None
) -> list[Said]:
    """Return all that was said, by control, oldest first."""
    c = t.clarifications
    query = sa.select(c).where(c.c.assessment_id == assessment_id)
    if control is not None:
        query = query.where(c.c.control == control)
    return [
        Said(row["control"], row["number"], row["kind"], row["answer_revision"], read_act(row))
        for row in connection.execute(query.order_by(c.c.control, c.c.number)).mappings()
    ]


def open_controls(said: Iterable[Said]) -> frozenset[str]:
    """Return the controls whose thread ends with a question: they wait for the institution."""
    last = {one.control: one.kind for one in said}
    return frozenset(control for control, kind in last.items() if kind == "asked")
