"""Consultations on drafts: opened, closed, concluded; the groups invited and the events held."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from cyberposture.errors import NotFound, WrongState
from cyberposture.model.consultations import Consultation, ConsultationState, Event, Group
from cyberposture.store import tables as t
from cyberposture.store.acts import Act, read_act
from cyberposture.store.reference_numbers import next_reference


@dataclass(frozen=True, slots=True)
class ConsultationRecord:
    """A consultation as it stands; its act opened it.

    `closed` and `concluded` are the acts that ended it, `adoption` the number of the adoption that
    came of it.
    """

    id: UUID
    consultation: Consultation
    act: Act
    closed: Act | None
    concluded: Act | None
    adoption: int | None

    def state_at(self, now: datetime) -> ConsultationState:
        """Return its state; without any act it is closed when its last day is over."""
        if self.concluded is not None:
            return "abandoned" if self.adoption is None else "adopted"
        return "closed" if self.closed is not None or now >= self.consultation.closes else "open"


@dataclass(frozen=True, slots=True)
class GroupRecord:
    """A group that was invited."""

    id: UUID
    group: Group
    invited_at: datetime


@dataclass(frozen=True, slots=True)
class EventRecord:
    """An event under its reference number."""

    id: UUID
    code: str
    event: Event
    act: Act


def insert_consultation(connection: Connection, new: Consultation, act: Act) -> ConsultationRecord:
    """Open a consultation and return it.

    Raises:
        WrongState: the code is taken.
    """
    if find_consultation(connection, new.code) is not None:
        raise WrongState(f"there is a consultation called {new.code!r} already")
    row = {"id": uuid4(), **new.model_dump(), **act.written()}
    connection.execute(sa.insert(t.consultations), row)
    return get_consultation(connection, new.code)


def find_consultation(connection: Connection, code: str) -> ConsultationRecord | None:
    """Return the consultation with this code, or None."""
    row = connection.execute(_named(code)).mappings().one_or_none()
    return None if row is None else _read(row)


def get_consultation(connection: Connection, code: str) -> ConsultationRecord:
    """Return the consultation with this code.

    Raises:
        NotFound: there is none.
    """
    found = find_consultation(connection, code)
    if found is None:
        raise NotFound("consultation", code, advice="see: cyberposture consultation list")
    return found


def lock_consultation(connection: Connection, code: str) -> ConsultationRecord:
    """Return the consultation, and let nobody else change or comment on it meanwhile.

    Raises:
        NotFound: there is none.
    """
    connection.execute(_named(code).with_for_update())
    return get_consultation(connection, code)


def list_consultations(connection: Connection) -> list[ConsultationRecord]:
    """Return all consultations, oldest first."""
    query = sa.select(t.consultations).order_by(t.consultations.c.opens, t.consultations.c.code)
    return [_read(row) for row in connection.execute(query).mappings()]


def close_consultation(connection: Connection, consultation_id: UUID, act: Act) -> None:
    """Record that no more comments are taken."""
    _change(connection, consultation_id, **act.ended("closed"))


def conclude_consultation(
    connection: Connection, consultation_id: UUID, act: Act, *, adoption: int | None
) -> None:
    """Record how a consultation ended: in this adoption, or (None) in none."""
    _change(connection, consultation_id, adoption=adoption, **act.ended("concluded"))


def insert_group(
    connection: Connection, consultation_id: UUID, group: Group, act: Act
) -> GroupRecord:
    """Record that a group was invited and return it.

    Raises:
        WrongState: it was invited before.
    """
    if any(one.group.name == group.name for one in list_groups(connection, consultation_id)):
        raise WrongState(f"the group {group.name!r} is invited already")
    record = GroupRecord(uuid4(), group, act.at)
    connection.execute(
        sa.insert(t.consultation_groups),
        {
            "id": record.id,
            "consultation_id": consultation_id,
            "invited_at": act.at,
            **group.model_dump(),
            **act.written(),
        },
    )
    return record


def list_groups(connection: Connection, consultation_id: UUID) -> list[GroupRecord]:
    """Return the groups that were invited, in that order."""
    g = t.consultation_groups
    query = (
        sa.select(g)
        .where(g.c.consultation_id == consultation_id)
        .order_by(g.c.invited_at, g.c.name)
    )
    return [
        GroupRecord(
            row["id"],
            Group(**{name: row[name] for name in Group.model_fields}),
            row["invited_at"],
        )
        for row in connection.execute(query).mappings()
    ]


def insert_event(
    connection: Connection, consultation_id: UUID, event: Event, act: Act
) -> EventRecord:
    """Record an event under a fresh reference number and return it."""
    record = EventRecord(uuid4(), next_reference(connection, "E", act.at.year), event, act)
    connection.execute(
        sa.insert(t.consultation_events),
        {
            "id": record.id,
            "consultation_id": consultation_id,
            "code": record.code,
            **event.model_dump(),
            **act.written(),
        },
    )
    return record


def list_events(connection: Connection, consultation_id: UUID) -> list[EventRecord]:
    """Return the events of a consultation by day."""
    e = t.consultation_events
    query = sa.select(e).where(e.c.consultation_id == consultation_id)
    return [
        EventRecord(
            row["id"],
            row["code"],
            Event(**{name: row[name] for name in Event.model_fields}),
            read_act(row),
        )
        for row in connection.execute(query.order_by(e.c.held_on, e.c.code)).mappings()
    ]


def _named(code: str) -> sa.Select[tuple[Any, ...]]:
    return sa.select(t.consultations).where(t.consultations.c.code == code)


def _change(connection: Connection, consultation_id: UUID, **values: Any) -> None:
    change = sa.update(t.consultations).where(t.consultations.c.id == consultation_id)
    connection.execute(change.values(**values))


def _read(row: RowMapping) -> ConsultationRecord:
    columns = {name: row[name] for name in Consultation.model_fields}
    return ConsultationRecord(
        id=row["id"],
        consultation=Consultation(**columns),
        act=read_act(row),
        closed=_ended(row, "closed"),
        concluded=_ended(row, "concluded"),
        adoption=row["adoption"],
    )


def _ended(row: RowMapping, how: str) -> Act | None:
    if row[f"{how}_at"] is None:
        return None
    return Act(row[f"{how}_by"], row[f"{how}_why"], row[f"{how}_at"])
