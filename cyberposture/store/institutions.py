"""Institutions and what they were called, when: a change is a version from a date on."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection

from cyberposture.errors import NotFound, WrongState
from cyberposture.model.institutions import Institution
from cyberposture.store import tables as t
from cyberposture.store.acts import Act, read_act


@dataclass(frozen=True, slots=True)
class InstitutionRecord:
    """An institution as it stands from `valid_from` on."""

    id: UUID
    institution: Institution
    revision: int
    valid_from: datetime
    act: Act


def insert_institution(
    connection: Connection,
    institution: Institution,
    act: Act,
    *,
    valid_from: datetime | None = None,
) -> InstitutionRecord:
    """Register an institution and return it; it is known from `valid_from`, else from now.

    Raises:
        WrongState: the code is taken.
        NotFound: the parent is not in the register.
    """
    if find_institution_id(connection, institution.code) is not None:
        raise WrongState(f"there is an institution called {institution.code!r} already")
    institution_id = uuid4()
    connection.execute(
        sa.insert(t.institutions),
        {"id": institution_id, "code": institution.code, **act.written()},
    )
    return _record_version(
        connection, institution_id, institution, act, valid_from=valid_from or act.at
    )


def record_change(
    connection: Connection,
    institution: Institution,
    act: Act,
    *,
    valid_from: datetime | None = None,
) -> InstitutionRecord:
    """Record how the institution of this code stands from `valid_from` (else now) on; return it.

    Earlier versions stay as they are; a date in the past inserts a version there.

    Raises:
        NotFound: it or its parent is not in the register.
    """
    institution_id = get_institution_id(connection, institution.code)
    connection.execute(
        sa.select(t.institutions.c.id)
        .where(t.institutions.c.id == institution_id)
        .with_for_update()
    )
    return _record_version(
        connection, institution_id, institution, act, valid_from=valid_from or act.at
    )


def find_institution_id(connection: Connection, code: str) -> UUID | None:
    """Return the id of the institution with this code, or None."""
    found: UUID | None = connection.execute(_ID, {"code": code}).scalar_one_or_none()
    return found


def known_codes(connection: Connection) -> set[str]:
    """Return the codes of all institutions that ever were."""
    return set(connection.execute(sa.select(t.institutions.c.code)).scalars())


def get_institution_id(connection: Connection, code: str) -> UUID:
    """Return the id of the institution with this code.

    Raises:
        NotFound: there is none.
    """
    found = find_institution_id(connection, code)
    if found is None:
        raise NotFound("institution", code)
    return found


def get_owner_id(connection: Connection, code: str | None) -> UUID | None:
    """Return the id of the institution whose rows are meant; None for None: of no one, or of all.

    Raises:
        NotFound: there is no institution with this code.
    """
    return None if code is None else get_institution_id(connection, code)


def codes_by_id(connection: Connection) -> dict[UUID, str]:
    """Return the code of every institution that ever was, by id."""
    i = t.institutions.c
    return {row.id: row.code for row in connection.execute(sa.select(i.id, i.code))}


def find_institution(
    connection: Connection, code: str, *, as_of: datetime
) -> InstitutionRecord | None:
    """Return the institution as it stood at `as_of`, or None where it was not known then."""
    row = connection.execute(_BY_CODE, {"code": code, "as_of": as_of}).mappings().one_or_none()
    return None if row is None else read_institution(row)


def get_institution(connection: Connection, code: str, *, as_of: datetime) -> InstitutionRecord:
    """Return the institution as it stood at `as_of`.

    Raises:
        NotFound: it was not known then.
    """
    found = find_institution(connection, code, as_of=as_of)
    if found is None:
        raise NotFound("institution", code)
    return found


def get_institution_by_id(
    connection: Connection, institution_id: UUID, *, as_of: datetime
) -> InstitutionRecord:
    """Return the institution as it stood at `as_of`.

    Raises:
        NotFound: it was not known then.
    """
    values = {"id": institution_id, "as_of": as_of}
    row = connection.execute(_BY_ID, values).mappings().one_or_none()
    if row is None:
        raise NotFound("institution", str(institution_id))
    return read_institution(row)


def list_institutions(
    connection: Connection,
    *,
    as_of: datetime,
    sector: str | None = None,
    active_only: bool = False,
) -> list[InstitutionRecord]:
    """Return the institutions as they stood at `as_of`, by code.

    With `active_only`, without those whose own dates say that they did not exist then.
    """
    rows = connection.execute(_standing(as_of).order_by(t.institutions.c.code)).mappings()
    records = [read_institution(row) for row in rows]
    return [
        record
        for record in records
        if (sector is None or sector in record.institution.sectors)
        and (not active_only or is_active(record.institution, as_of))
    ]


def search_institutions(
    connection: Connection,
    *,
    as_of: datetime,
    words: str = "",
    sectors: Collection[str] | None = None,
    tier: str | None = None,
    is_closed: bool = False,
    limit: int,
    offset: int = 0,
) -> tuple[list[InstitutionRecord], int]:
    """Return a page of the institutions that fit, by name, and how many there are.

    `words` stand in the name or the code; of `sectors` one is theirs; `is_closed`: those that
    existed once, else those that exist at `as_of`.
    """
    all_of_them = _standing(as_of).subquery()
    c = all_of_them.c
    ended = sa.and_(c.active_until.is_not(None), c.active_until <= as_of)
    query = sa.select(all_of_them).where(ended if is_closed else sa.not_(ended))
    like = f"%{words.strip().lower().replace('%', '').replace('_', '')}%"
    if like != "%%":
        query = query.where(sa.or_(sa.func.lower(c.name).like(like), c.code.like(like)))
    if tier is not None:
        query = query.where(c.tier == tier)
    if sectors is not None:
        # Sectors are kept as a list of JSON in ASCII, each between quotes.
        texts = sa.type_coerce(c.sectors, sa.Text)
        query = query.where(sa.or_(sa.false(), *(texts.contains(f'"{one}"') for one in sectors)))
    # Counted beside the rows, so that versions are ranked once.
    query = query.add_columns(sa.func.count().over().label("total"))
    found = connection.execute(query.order_by(c.name, c.code).limit(limit).offset(offset))
    rows = found.mappings().all()
    return [read_institution(row) for row in rows], rows[0]["total"] if rows else 0


def list_versions(connection: Connection, institution_id: UUID) -> list[InstitutionRecord]:
    """Return every version of an institution in the order of its dates."""
    v = t.institution_versions
    query = (
        sa.select(v, t.institutions.c.code, _parents.c.code.label("parent"))
        .join(t.institutions, t.institutions.c.id == v.c.institution_id)
        .outerjoin(_parents, _parents.c.id == v.c.parent_id)
        .where(v.c.institution_id == institution_id)
        .order_by(v.c.valid_from, v.c.revision)
    )
    return [read_institution(row) for row in connection.execute(query).mappings()]


def is_active(institution: Institution, as_of: datetime) -> bool:
    """Return whether the institution existed at `as_of`, by its own dates."""
    began, ended = institution.active_from, institution.active_until
    return (began is None or began <= as_of) and (ended is None or as_of < ended)


_parents = t.institutions.alias("parents")


def _standing(as_of: datetime) -> sa.Select[tuple[object, ...]]:
    """Return the query for the version of each institution that counts at `as_of`."""
    v = t.institution_versions
    place = sa.func.row_number().over(
        partition_by=v.c.institution_id, order_by=(v.c.valid_from.desc(), v.c.revision.desc())
    )
    versions = sa.select(v, place.label("place")).where(v.c.valid_from <= as_of)
    ranked = versions.subquery()
    return (
        sa.select(ranked, t.institutions.c.code, _parents.c.code.label("parent"))
        .join(t.institutions, t.institutions.c.id == ranked.c.institution_id)
        .outerjoin(_parents, _parents.c.id == ranked.c.parent_id)
        .where(ranked.c.place == 1)
    )


def _standing_one(is_meant: sa.ColumnElement[bool]) -> sa.Select[tuple[object, ...]]:
    """Return the query for the version of one institution that counts at the moment `as_of`."""
    v = t.institution_versions
    return (
        sa.select(v, t.institutions.c.code, _parents.c.code.label("parent"))
        .join(t.institutions, t.institutions.c.id == v.c.institution_id)
        .outerjoin(_parents, _parents.c.id == v.c.parent_id)
        .where(is_meant, v.c.valid_from <= sa.bindparam("as_of"))
        .order_by(v.c.valid_from.desc(), v.c.revision.desc())
        .limit(1)
    )


# Every page about an institution runs one of these: they are built once, not each time.
_ID = sa.select(t.institutions.c.id).where(t.institutions.c.code == sa.bindparam("code"))
_BY_CODE = _standing_one(t.institutions.c.code == sa.bindparam("code"))
_BY_ID = _standing_one(t.institution_versions.c.institution_id == sa.bindparam("id"))


def _record_version(
    connection: Connection,
    institution_id: UUID,
    institution: Institution,
    act: Act,
    *,
    valid_from: datetime,
) -> InstitutionRecord:
    v = t.institution_versions
    newest = sa.select(sa.func.max(v.c.revision)).where(v.c.institution_id == institution_id)
    revision = (connection.execute(newest).scalar_one() or 0) + 1
    parent = institution.parent
    connection.execute(
        sa.insert(t.institution_versions),
        {
            "id": uuid4(),
            "institution_id": institution_id,
            "revision": revision,
            "valid_from": valid_from,
            "parent_id": None if parent is None else get_institution_id(connection, parent),
            "sectors": list(institution.sectors),
            "features": list(institution.features),
            "contacts": list(institution.contacts),
            **institution.model_dump(
                include={"name", "tier", "zone", "active_from", "active_until"}
            ),
            **act.written(),
        },
    )
    return InstitutionRecord(institution_id, institution, revision, valid_from, act)


def read_institution(row: Mapping[Any, Any]) -> InstitutionRecord:
    """Return the institution that a row of its versions holds."""
    institution = Institution(
        code=row["code"],
        name=row["name"],
        sectors=tuple(row["sectors"]),
        tier=row["tier"],
        features=tuple(row["features"]),
        zone=row["zone"],
        parent=row["parent"],
        contacts=tuple(row["contacts"]),
        active_from=row["active_from"],
        active_until=row["active_until"],
    )
    return InstitutionRecord(
        row["institution_id"],
        institution,
        row["revision"],
        row["valid_from"],
        read_act(row),
    )
