"""Improvement plans: each action as revisions, and what became of the plan as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from cyberposture.errors import Conflict
from cyberposture.model.improvements import Action, Progress
from cyberposture.store import tables as t
from cyberposture.store.acts import Act, read_act
from cyberposture.store.codes import new_code

PlanEventKind = Literal["handed-in", "returned", "accepted"]


@dataclass(frozen=True, slots=True)
class ActionRecord:
    """One revision of an action, counted from 1."""

    assessment_id: UUID
    code: str
    revision: int
    action: Action
    progress: Progress
    act: Act
    """Its reason is the note beside the progress."""

    @property
    def due(self) -> date:
        """Return until when it is to be done."""
        return self.action.due


@dataclass(frozen=True, slots=True)
class PlanEvent:
    """Something that became of a plan, with the revision of each action that it was about."""

    number: int
    kind: PlanEventKind
    actions: dict[str, int]
    act: Act


def record_action(
    connection: Connection,
    institution_id: UUID,
    assessment_id: UUID,
    action: Action,
    act: Act,
    *,
    progress: Progress = "open",
    code: str | None = None,
    seen_revision: int = 0,
) -> ActionRecord:
    """Write an action as the next revision, or (no code) as a new one, and return it.

    Raises:
        Conflict: there is a newer revision than the writer saw; it is `current`.
    """
    code = code or new_code("i")
    present = list_actions(connection, assessment_id).get(code)
    last = 0 if present is None else present.revision
    if last != seen_revision:
        raise Conflict(present, "somebody else changed this action meanwhile")
    record = ActionRecord(assessment_id, code, last + 1, action, progress, act)
    connection.execute(
        sa.insert(t.plan_actions),
        {
            "id": uuid4(),
            "institution_id": institution_id,
            "assessment_id": assessment_id,
            "code": code,
            "revision": record.revision,
            "controls": list(action.controls),
            "findings": list(action.findings),
            **action.model_dump(exclude={"controls", "findings"}),
            "progress": progress,
            **act.written(),
        },
    )
    return record


def list_actions(connection: Connection, assessment_id: UUID) -> dict[str, ActionRecord]:
    """Return the newest revision of each action of a plan by code, what is due first first."""
    return list_all_actions(connection, assessment_id=assessment_id).get(assessment_id, {})


def list_all_actions(
    connection: Connection, *, assessment_id: UUID | None = None
) -> dict[UUID, dict[str, ActionRecord]]:
    """Return the newest revision of each action of every plan, by assessment and code."""
    p = t.plan_actions
    query = sa.select(p).order_by(p.c.revision)
    if assessment_id is not None:
        query = query.where(p.c.assessment_id == assessment_id)
    newest = {row["code"]: _read(row) for row in connection.execute(query).mappings()}
    found: dict[UUID, dict[str, ActionRecord]] = {}
    for one in sorted(newest.values(), key=lambda one: (one.due, one.code)):
        found.setdefault(one.assessment_id, {})[one.code] = one
    return found


def record_event(
    connection: Connection,
    institution_id: UUID,
    assessment_id: UUID,
    kind: PlanEventKind,
    act: Act,
    *,
    actions: Mapping[str, int],
) -> PlanEvent:
    """Record what became of a plan and return it; the act's reason says why."""
    number = len(list_events(connection, assessment_id)) + 1
    connection.execute(
        sa.insert(t.plan_events),
        {
            "id": uuid4(),
            "institution_id": institution_id,
            "assessment_id": assessment_id,
            "number": number,
            "kind": kind,
            "actions": dict(actions),
            **act.written(),
        },
    )
    return PlanEvent(number, kind, dict(actions), act)


def list_events(connection: Connection, assessment_id: UUID) -> list[PlanEvent]:
    """Return what became of a plan, oldest first."""
    e = t.plan_events
    query = sa.select(e).where(e.c.assessment_id == assessment_id).order_by(e.c.number)
    return [
        PlanEvent(row["number"], row["kind"], row["actions"], read_act(row))
        for row in connection.execute(query).mappings()
    ]


def list_newest_events(connection: Connection) -> dict[UUID, PlanEvent]:
    """Return what became last of every plan, by assessment."""
    e = t.plan_events
    rows = connection.execute(sa.select(e).order_by(e.c.number)).mappings()
    return {
        row["assessment_id"]: PlanEvent(row["number"], row["kind"], row["actions"], read_act(row))
        for row in rows
    }


def _read(row: RowMapping) -> ActionRecord:
    given: dict[str, Any] = {name: row[name] for name in Action.model_fields}
    given |= {"controls": tuple(row["controls"]), "findings": tuple(row["findings"])}
    return ActionRecord(
        row["assessment_id"],
        row["code"],
        row["revision"],
        Action(**given),
        row["progress"],
        read_act(row),
    )
