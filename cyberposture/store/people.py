"""People, every key they ever signed with, and the roles that they hold or held."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from cyberposture.errors import NotFound, WrongState
from cyberposture.model.people import Membership, Person, Role
from cyberposture.store import tables as t
from cyberposture.store.acts import Act
from cyberposture.store.institutions import get_institution_id


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """A person under the key of the register."""

    id: UUID
    person: Person


@dataclass(frozen=True, slots=True)
class MembershipRecord:
    """A role of a person under the key of the register; no institution is the centre."""

    id: UUID
    person_id: UUID
    institution_id: UUID | None
    membership: Membership


def insert_person(connection: Connection, person: Person, act: Act) -> PersonRecord:
    """Register a person with the key that they sign with from now on, if they have one.

    Raises:
        WrongState: the code is taken; codes of people are never used again.
    """
    if find_person(connection, person.code) is not None:
        raise WrongState(f"there is a person called {person.code!r} already")
    person_id = uuid4()
    values = person.model_dump(exclude={"disabled_at"})
    connection.execute(sa.insert(t.people), {"id": person_id, **values, **act.written()})
    if person.public_key:
        _record_key(connection, person_id, person.public_key, act)
    return PersonRecord(person_id, person)


def record_key(connection: Connection, code: str, public_key: str, act: Act) -> None:
    """Give a person a new signing key from now on; what they signed before stays checkable.

    Raises:
        NotFound: there is no such person.
    """
    person_id = get_person(connection, code).id
    change = sa.update(t.people).where(t.people.c.id == person_id)
    connection.execute(change.values(public_key=public_key))
    _record_key(connection, person_id, public_key, act)


def record_contact(
    connection: Connection, code: str, mail: str | None, language: str | None
) -> None:
    """Note where and in which language a person is written to from now on.

    Raises:
        NotFound: there is no such person.
    """
    person_id = get_person(connection, code).id
    change = sa.update(t.people).where(t.people.c.id == person_id)
    connection.execute(change.values(mail=mail, language=language))


def disable_person(connection: Connection, code: str, act: Act) -> None:
    """Record that a person acts no more from now on.

    Raises:
        NotFound: there is no such person.
        WrongState: they are disabled already.
    """
    record = get_person(connection, code)
    if record.person.disabled_at is not None:
        raise WrongState(f"{code} is disabled already")
    change = sa.update(t.people).where(t.people.c.id == record.id)
    connection.execute(change.values(**act.ended("disabled")))


def find_person(connection: Connection, code: str) -> PersonRecord | None:
    """Return the person with this code, disabled or not, or None."""
    row = connection.execute(_BY_CODE, {"code": code}).mappings().one_or_none()
    return None if row is None else read_person(row)


def get_person(connection: Connection, code: str) -> PersonRecord:
    """Return the person with this code, disabled or not.

    Raises:
        NotFound: there is none.
    """
    found = find_person(connection, code)
    if found is None:
        raise NotFound("person", code)
    return found


def get_person_by_id(connection: Connection, person_id: UUID) -> PersonRecord:
    """Return the person under this key of the register.

    Raises:
        NotFound: there is none.
    """
    query = sa.select(t.people).where(t.people.c.id == person_id)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("person", str(person_id))
    return read_person(row)


def list_people(
    connection: Connection, *, ids: Collection[UUID] | None = None
) -> list[PersonRecord]:
    """Return all people, or those with these keys, by code; the disabled ones included."""
    query = sa.select(t.people).order_by(t.people.c.code)
    if ids is not None:
        query = query.where(t.people.c.id.in_(ids))
    return [read_person(row) for row in connection.execute(query).mappings()]


def search_people(
    connection: Connection, words: str, *, limit: int, offset: int = 0
) -> tuple[list[PersonRecord], int]:
    """Return a page of the people whose name or code holds these words, and how many there are."""
    p = t.people
    like = f"%{words.strip().lower().replace('%', '').replace('_', '')}%"
    fits = sa.or_(sa.func.lower(p.c.name).like(like), p.c.code.like(like))
    total: int = connection.execute(sa.select(sa.func.count()).where(fits)).scalar_one()
    query = sa.select(p).where(fits).order_by(p.c.name, p.c.code).limit(limit).offset(offset)
    return [read_person(row) for row in connection.execute(query).mappings()], total


def find_key(connection: Connection, person_id: UUID, *, as_of: datetime) -> str | None:
    """Return the public key (hexadecimal) that a person signed with at `as_of`, or None."""
    k = t.person_keys
    query = (
        sa.select(k.c.public_key)
        .where(k.c.person_id == person_id, k.c.valid_from <= as_of)
        .order_by(k.c.valid_from.desc(), k.c.at.desc())
        .limit(1)
    )
    found: str | None = connection.execute(query).scalar_one_or_none()
    return found


def insert_membership(connection: Connection, membership: Membership, act: Act) -> MembershipRecord:
    """Give a person a role and return it.

    Raises:
        NotFound: the person or the institution is not in the register.
    """
    person_id = get_person(connection, membership.person).id
    code = membership.institution
    institution_id = None if code is None else get_institution_id(connection, code)
    membership_id = uuid4()
    connection.execute(
        sa.insert(t.memberships),
        {
            "id": membership_id,
            "person_id": person_id,
            "institution_id": institution_id,
            **membership.model_dump(include={"role", "sector", "valid_from", "valid_until"}),
            **act.written(),
        },
    )
    return MembershipRecord(membership_id, person_id, institution_id, membership)


def end_membership(
    connection: Connection,
    membership_id: UUID,
    act: Act,
    *,
    valid_until: datetime,
) -> None:
    """Record that a role ends at `valid_until`; the row stays.

    Raises:
        NotFound: there is no such membership.
    """
    change = sa.update(t.memberships).where(t.memberships.c.id == membership_id)
    done = connection.execute(change.values(valid_until=valid_until, **act.ended("ended")))
    if done.rowcount == 0:
        raise NotFound("membership", str(membership_id))


def list_memberships(
    connection: Connection,
    *,
    as_of: datetime | None = None,
    person: str | None = None,
    institution_id: UUID | None = None,
    role: Role | None = None,
    person_ids: Sequence[UUID] | None = None,
) -> list[MembershipRecord]:
    """Return the roles held at `as_of`, or ever where that is None, by person and start."""
    asked = {
        "as_of": as_of,
        "person": person,
        "institution_id": institution_id,
        "role": role,
        "person_ids": person_ids,
    }
    values = {name: value for name, value in asked.items() if value is not None}
    rows = connection.execute(_listed(*values), values).mappings()
    return [_read_membership(row) for row in rows]


def list_held(connection: Connection, person: str, *, as_of: datetime) -> list[MembershipRecord]:
    """Return the roles that a person may act with: their own, and those of whom they stand in for.

    The latter name whom the person acts for, and end with the earlier of both.
    """
    held = []
    for row in connection.execute(_HELD, {"person": person, "as_of": as_of}).mappings():
        read = _read_membership(row)
        if row["stands_in_until"] is not None:
            until = min(filter(None, (row["valid_until"], row["stands_in_until"])))
            changed = {"person": person, "acting_for": row["code"], "valid_until": until}
            read = replace(read, membership=read.membership.model_copy(update=changed))
        held.append(read)
    return held


def get_membership(connection: Connection, membership_id: UUID) -> MembershipRecord:
    """Return one role that somebody holds or held.

    Raises:
        NotFound: there is none.
    """
    query = _MEMBERSHIPS.where(t.memberships.c.id == membership_id)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("membership", str(membership_id))
    return _read_membership(row)


def change_ways(connection: Connection, person_id: UUID, mail: str | None, language: str) -> None:
    """Keep where and in which language a person is written to."""
    change = sa.update(t.people).where(t.people.c.id == person_id)
    connection.execute(change.values(mail=mail, language=language))


def _record_key(
    connection: Connection,
    person_id: UUID,
    public_key: str,
    act: Act,
) -> None:
    connection.execute(
        sa.insert(t.person_keys),
        {
            "id": uuid4(),
            "person_id": person_id,
            "public_key": public_key,
            "valid_from": act.at,
            **act.written(),
        },
    )


# Every request asks what its writer may do: these questions are built once, not each time.
_BY_CODE = sa.select(t.people).where(t.people.c.code == sa.bindparam("code"))
_MEMBERSHIPS = (
    sa.select(t.memberships, t.people.c.code, t.institutions.c.code.label("institution"))
    .join(t.people, t.people.c.id == t.memberships.c.person_id)
    .outerjoin(t.institutions, t.institutions.c.id == t.memberships.c.institution_id)
)
_RUNNING = sa.and_(
    t.memberships.c.valid_from <= sa.bindparam("as_of"),
    sa.or_(
        t.memberships.c.valid_until.is_(None), t.memberships.c.valid_until > sa.bindparam("as_of")
    ),
)


@cache
def _listed(*names: str) -> sa.Select[Any]:
    """Return the query for the list of roles, narrowed by what is named."""
    m = t.memberships
    conditions = {
        "as_of": _RUNNING,
        "person": t.people.c.code == sa.bindparam("person"),
        "institution_id": m.c.institution_id == sa.bindparam("institution_id"),
        "role": m.c.role == sa.bindparam("role"),
        "person_ids": m.c.person_id.in_(sa.bindparam("person_ids", expanding=True)),
    }
    query = _MEMBERSHIPS.where(*(conditions[name] for name in names))
    return query.order_by(t.people.c.code, m.c.valid_from, m.c.role)


def _held() -> sa.Select[Any]:
    """Return the query for a person's own roles, and after them those that they stand in for."""
    s, others = t.substitutions, t.people.alias("others")
    nobody = sa.cast(sa.null(), s.c.valid_until.type)
    own = _MEMBERSHIPS.add_columns(nobody.label("stands_in_until"), sa.literal(0).label("place"))
    lent = _MEMBERSHIPS.add_columns(s.c.valid_until, sa.literal(1))
    lent = (
        lent.join(s, s.c.membership_id == t.memberships.c.id)
        .join(others, others.c.id == s.c.substitute_id)
        .where(others.c.code == sa.bindparam("person"), s.c.ended_at.is_(None))
        .where(s.c.valid_from <= sa.bindparam("as_of"), s.c.valid_until > sa.bindparam("as_of"))
        .where(t.people.c.disabled_at.is_(None))
    )
    mine = own.where(t.people.c.code == sa.bindparam("person"), _RUNNING)
    both = sa.union_all(mine, lent.where(_RUNNING)).subquery()
    c = both.c
    return sa.select(both).order_by(c.place, c.code, c.valid_from, c.role)


_HELD = _held()


def read_person(row: RowMapping) -> PersonRecord:
    """Return the person that a row of the table holds."""
    names = ("code", "name", "public_key", "invited_at", "disabled_at", "mail", "language")
    return PersonRecord(row["id"], Person(**{name: row[name] for name in names}))


def _read_membership(row: RowMapping) -> MembershipRecord:
    membership = Membership(
        person=row["code"],
        role=row["role"],
        institution=row["institution"],
        sector=row["sector"],
        valid_from=row["valid_from"],
        valid_until=row["valid_until"],
    )
    return MembershipRecord(row["id"], row["person_id"], row["institution_id"], membership)
