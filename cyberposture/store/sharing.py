"""Services that one institution runs for others: what it answers for them, and who uses them."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection

from cyberposture.errors import NotFound, WrongState
from cyberposture.model.assessments import Grade, Level, OwnGrade
from cyberposture.store import tables as t
from cyberposture.store.acts import Act


@dataclass(frozen=True, slots=True)
class ServiceRecord:
    """One service that an institution runs for others."""

    id: UUID
    code: str
    title: str
    provider_id: UUID
    provider: str
    at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class ServiceAnswer:
    """What a provider says of one control for its service, in one revision."""

    service_id: UUID
    control: str
    revision: int
    level: Level
    grade: OwnGrade
    duty: str
    expires: date
    reviewed_level: Level | None
    reviewed_grade: Grade | None
    actor: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class UseRecord:
    """That an institution uses a service, from when until when."""

    id: UUID
    service_id: UUID
    institution: str
    valid_from: datetime
    valid_until: datetime | None
    ended_at: datetime | None


def insert_service(
    connection: Connection, provider_id: UUID, code: str, title: str, act: Act
) -> UUID:
    """Keep a new service and return its key.

    Raises:
        WrongState: the code is taken.
    """
    s = t.shared_services
    if connection.execute(sa.select(s.c.id).where(s.c.code == code)).first() is not None:
        raise WrongState(f"there is a service called {code!r} already")
    service_id = uuid4()
    values = {"id": service_id, "provider_id": provider_id, "code": code, "title": title}
    connection.execute(sa.insert(s), {**values, **act.written()})
    return service_id


def close_service(connection: Connection, service_id: UUID, act: Act) -> None:
    """Record that a service is run no longer."""
    s = t.shared_services
    connection.execute(sa.update(s).where(s.c.id == service_id).values(**act.ended("closed")))


def list_services(
    connection: Connection, *, provider_id: UUID | None = None, code: str | None = None
) -> list[ServiceRecord]:
    """Return the services by code, the closed ones included."""
    s = t.shared_services
    query = (
        sa.select(s, t.institutions.c.code.label("provider"))
        .join(t.institutions, t.institutions.c.id == s.c.provider_id)
        .order_by(s.c.code)
    )
    if provider_id is not None:
        query = query.where(s.c.provider_id == provider_id)
    if code is not None:
        query = query.where(s.c.code == code)
    names = ServiceRecord.__slots__
    rows = connection.execute(query).mappings()
    return [ServiceRecord(**{name: row[name] for name in names}) for row in rows]


def get_service(connection: Connection, code: str) -> ServiceRecord:
    """Return the service with this code.

    Raises:
        NotFound: there is none.
    """
    found = list_services(connection, code=code)
    if not found:
        raise NotFound("service", code)
    return found[0]


def insert_answer(
    connection: Connection, service_id: UUID, act: Act, *, control: str, level: Level,
    grade: OwnGrade, duty: str, expires: date,
    reviewed: tuple[Level, Grade] | None = None,
) -> int:  # fmt: skip
    """Keep a revision of what is said of a control for a service, and return its number."""
    a = t.service_answers
    newest = sa.select(sa.func.max(a.c.revision)).where(
        a.c.service_id == service_id, a.c.control == control
    )
    revision: int = (connection.execute(newest).scalar_one() or 0) + 1
    seen = (None, None) if reviewed is None else reviewed
    values = {"id": uuid4(), "service_id": service_id, "control": control, "revision": revision,
              "level": level, "grade": grade, "duty": duty, "expires": expires,
              "reviewed_level": seen[0], "reviewed_grade": seen[1]}  # fmt: skip
    connection.execute(sa.insert(a), {**values, **act.written()})
    return revision


def list_answers(
    connection: Connection, service_ids: list[UUID], *, as_of: datetime
) -> list[ServiceAnswer]:
    """Return what counted at a moment: of each service and control the newest revision by then."""
    a = t.service_answers
    place = sa.func.row_number().over(
        partition_by=(a.c.service_id, a.c.control), order_by=a.c.revision.desc()
    )
    kept = (
        sa.select(a, place.label("place"))
        .where(a.c.service_id.in_(service_ids), a.c.at <= as_of)
        .subquery()
    )
    query = sa.select(kept).where(kept.c.place == 1).order_by(kept.c.control, kept.c.service_id)
    names = ServiceAnswer.__slots__
    rows = connection.execute(query).mappings()
    return [ServiceAnswer(**{name: row[name] for name in names}) for row in rows]


def insert_use(
    connection: Connection, institution_id: UUID, service_id: UUID, act: Act, *,
    valid_from: datetime, valid_until: datetime | None,
) -> UUID:  # fmt: skip
    """Keep that an institution uses a service and return the key of it."""
    use_id = uuid4()
    values = {"id": use_id, "institution_id": institution_id, "service_id": service_id,
              "valid_from": valid_from, "valid_until": valid_until}  # fmt: skip
    connection.execute(sa.insert(t.service_uses), {**values, **act.written()})
    return use_id


def end_use(connection: Connection, institution_id: UUID, service_id: UUID, act: Act) -> None:
    """Record that an institution uses a service no longer.

    Raises:
        NotFound: it does not use it.
    """
    u = t.service_uses
    mine = sa.and_(
        u.c.institution_id == institution_id,
        u.c.service_id == service_id,
        u.c.ended_at.is_(None),
    )
    if connection.execute(sa.update(u).where(mine).values(**act.ended("ended"))).rowcount == 0:
        raise NotFound("use of a service", str(service_id))


def list_uses(
    connection: Connection, *, as_of: datetime, institution_id: UUID | None = None,
    service_id: UUID | None = None,
) -> list[UseRecord]:  # fmt: skip
    """Return who used which service at a moment, by institution."""
    asked = {"as_of": as_of, "institution_id": institution_id, "service_id": service_id}
    values = {name: value for name, value in asked.items() if value is not None}
    names = UseRecord.__slots__
    rows = connection.execute(_uses(*values), values).mappings()
    return [UseRecord(**{name: row[name] for name in names}) for row in rows]


@cache
def _uses(_: str, *names: str) -> sa.Select[Any]:
    """Return the query for uses at the moment `as_of`, narrowed by these columns; built once."""
    u = t.service_uses
    as_of = sa.bindparam("as_of", type_=u.c.valid_from.type)
    return (
        sa.select(u, t.institutions.c.code.label("institution"))
        .join(t.institutions, t.institutions.c.id == u.c.institution_id)
        .where(u.c.valid_from <= as_of)
        .where(sa.or_(u.c.valid_until.is_(None), u.c.valid_until > as_of))
        .where(sa.or_(u.c.ended_at.is_(None), u.c.ended_at > as_of))
        .where(*(u.c[name] == sa.bindparam(name) for name in names))
        .order_by(t.institutions.c.code, u.c.service_id)
    )
