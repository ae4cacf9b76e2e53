"""The stop switch: who stopped what and why, who may send again, and the codes of the notices.

Anyone may stop; how many people must agree before sending again is for the services to ask.
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
from cyberposture.store.once import insert_once
from cyberposture.store.paging import Page, Turn, read_page

StopScope = Literal["all", "institution", "cidr", "scan"]
StopSpeed = Literal["drain", "now"]


@dataclass(frozen=True, slots=True)
class StopRecord:
    """A stop; its act says who stopped, why and when. It holds until `resumed_at`."""

    id: UUID
    code: str
    scope: StopScope
    institution_id: UUID | None
    cidr: str | None
    scan_id: UUID | None
    speed: StopSpeed
    complaint: str
    resumed_at: datetime | None
    act: Act
    answer: str | None = None


@dataclass(frozen=True, slots=True)
class Resumption:
    """That a person, in a role, agrees to send again."""

    role: str
    act: Act


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """That a worker has stopped."""

    worker: str
    at: datetime


def insert_stop(
    connection: Connection,
    act: Act,
    *,
    scope: StopScope,
    institution_id: UUID | None = None,
    cidr: str | None = None,
    scan_id: UUID | None = None,
    speed: StopSpeed = "now",
    complaint: str = "",
) -> StopRecord:
    """Stop, and return the stop; it holds from the commit on."""
    record = StopRecord(
        uuid4(),
        new_code("s"),
        scope,
        institution_id,
        cidr,
        scan_id,
        speed,
        complaint,
        None,
        act,
    )
    values = {name: getattr(record, name) for name in _COLUMNS}
    connection.execute(sa.insert(t.stops), {**values, **act.written()})
    return record


def list_active_stops(connection: Connection) -> list[StopRecord]:
    """Return every stop that holds now, oldest first: one small query, asked before each chunk."""
    s = t.stops
    rows = connection.execute(sa.select(s).where(s.c.resumed_at.is_(None)).order_by(s.c.at))
    return [_read(row) for row in rows.mappings()]


def list_stops(connection: Connection, *, as_of: datetime | None = None) -> list[StopRecord]:
    """Return every stop there ever was, or those that held at `as_of`, oldest first."""
    s = t.stops
    query = sa.select(s).order_by(s.c.at, s.c.code)
    if as_of is not None:
        holds = sa.or_(s.c.resumed_at.is_(None), s.c.resumed_at > as_of)
        query = query.where(s.c.at <= as_of, holds)
    return [_read(row) for row in connection.execute(query).mappings()]


def get_stop(connection: Connection, code: str) -> StopRecord:
    """Return the stop with this code.

    Raises:
        NotFound: there is none.
    """
    query = sa.select(t.stops).where(t.stops.c.code == code)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("stop", code)
    return _read(row)


def record_answer(connection: Connection, code: str, act: Act) -> None:
    """Keep what was answered to the complaint of a stop: it is the reason of the act.

    Raises:
        NotFound: there is no such stop.
    """
    _change(connection, code, **act.ended("answered"))


def record_resumption(
    connection: Connection, code: str, act: Act, *, role: str
) -> list[Resumption]:
    """Record that a person agrees to send again; return all who do. The stop still holds.

    Raises:
        NotFound: there is no such stop.
        WrongState: sending was resumed already, or this person agreed already.
    """
    stop = _lock_held(connection, code)
    if any(given.act.actor == act.actor for given in list_resumptions(connection, stop.id)):
        raise WrongState(f"{act.actor} agreed already; another person is needed")
    connection.execute(
        sa.insert(t.stop_resumptions),
        {
            "id": uuid4(),
            "institution_id": stop.institution_id,
            "stop_id": stop.id,
            "role": role,
            **act.written(),
        },
    )
    return list_resumptions(connection, stop.id)


def lift_stop(connection: Connection, code: str, *, at: datetime) -> StopRecord:
    """End a stop to which two people agreed, and return it.

    Raises:
        NotFound: there is no such stop.
        WrongState: it was lifted already, or fewer than two people agreed.
    """
    stop = _lock_held(connection, code)
    if len(list_resumptions(connection, stop.id)) < 2:
        raise WrongState(f"two people must agree before the stop {code} ends")
    _change(connection, code, resumed_at=at)
    return get_stop(connection, code)


def list_resumptions(connection: Connection, stop_id: UUID) -> list[Resumption]:
    """Return who agreed to send again, in order."""
    r = t.stop_resumptions
    query = sa.select(r).where(r.c.stop_id == stop_id).order_by(r.c.at, r.c.actor)
    return [Resumption(row["role"], read_act(row)) for row in connection.execute(query).mappings()]


def page_stops(connection: Connection, turn: Turn) -> Page[StopRecord]:
    """Return a page of the stops that there ever were, the newest first."""
    s = t.stops
    found = read_page(connection, sa.select(s), (s.c.at, s.c.code), turn, is_newest_first=True)
    return Page(tuple(_read(row) for row in found.rows), found.before, found.after)


def resumptions_of(connection: Connection, stops: Collection[UUID]) -> dict[UUID, list[Resumption]]:
    """Return who agreed to send again after each of these stops, in order."""
    r = t.stop_resumptions
    query = sa.select(r).where(r.c.stop_id.in_(stops)).order_by(r.c.at, r.c.actor)
    found: dict[UUID, list[Resumption]] = {}
    for row in connection.execute(query).mappings():
        found.setdefault(row["stop_id"], []).append(Resumption(row["role"], read_act(row)))
    return found


def acknowledgements_of(
    connection: Connection, stops: Collection[UUID]
) -> dict[UUID, list[Acknowledgement]]:
    """Return which workers have stopped for each of these stops, in order."""
    a = t.stop_acknowledgements
    query = sa.select(a).where(a.c.stop_id.in_(stops)).order_by(a.c.at, a.c.worker)
    found: dict[UUID, list[Acknowledgement]] = {}
    for row in connection.execute(query).mappings():
        found.setdefault(row["stop_id"], []).append(Acknowledgement(row["worker"], row["at"]))
    return found


def record_acknowledgement(
    connection: Connection, stop: StopRecord, worker: str, *, at: datetime
) -> None:
    """Record that a worker has stopped; the first time counts."""
    insert_once(
        connection,
        t.stop_acknowledgements,
        {
            "stop_id": stop.id,
            "worker": worker,
            "institution_id": stop.institution_id,
            "at": at,
        },
    )


def list_acknowledgements(connection: Connection, stop_id: UUID) -> list[Acknowledgement]:
    """Return which workers have stopped, in order of time."""
    a = t.stop_acknowledgements
    query = sa.select(a.c.worker, a.c.at).where(a.c.stop_id == stop_id).order_by(a.c.at)
    return [Acknowledgement(row.worker, row.at) for row in connection.execute(query)]


def issue_stop_code(
    connection: Connection, institution_id: UUID, code_sha256: str, act: Act
) -> None:
    """Make a code the one with which an institution may be stopped; the one before ends.

    Only the digest is handed in and kept.
    """
    c = t.stop_codes
    change = sa.update(c).where(c.c.institution_id == institution_id, c.c.ended_at.is_(None))
    connection.execute(change.values(**act.ended("ended")))
    connection.execute(
        sa.insert(c),
        {
            "id": uuid4(),
            "institution_id": institution_id,
            "code_sha256": code_sha256,
            **act.written(),
        },
    )


def find_stop_code(connection: Connection, institution_id: UUID) -> str | None:
    """Return the digest of the code with which an institution may be stopped now, or None."""
    c = t.stop_codes
    query = sa.select(c.c.code_sha256).where(
        c.c.institution_id == institution_id, c.c.ended_at.is_(None)
    )
    found: str | None = connection.execute(query).scalar_one_or_none()
    return found


def find_institution_by_stop_code(connection: Connection, code_sha256: str) -> UUID | None:
    """Return the institution that a valid stop code belongs to, or None."""
    c = t.stop_codes
    query = sa.select(c.c.institution_id).where(
        c.c.code_sha256 == code_sha256, c.c.ended_at.is_(None)
    )
    found: UUID | None = connection.execute(query).scalar_one_or_none()
    return found


_COLUMNS = tuple(name for name in StopRecord.__slots__ if name not in ("act", "answer"))


def _lock_held(connection: Connection, code: str) -> StopRecord:
    query = sa.select(t.stops).where(t.stops.c.code == code).with_for_update()
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("stop", code)
    if row["resumed_at"] is not None:
        raise WrongState(f"the stop {code} was lifted already")
    return _read(row)


def _change(connection: Connection, code: str, **values: Any) -> None:
    done = connection.execute(sa.update(t.stops).where(t.stops.c.code == code).values(**values))
    if done.rowcount == 0:
        raise NotFound("stop", code)


def _read(row: RowMapping) -> StopRecord:
    columns = {name: row[name] for name in _COLUMNS}
    return StopRecord(act=read_act(row), answer=row["answered_why"], **columns)
