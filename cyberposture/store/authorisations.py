"""Written scan authorisations: terms, receipt, grants and withdrawal as they were signed.

Documents are kept as they come and never edited. Whether they are enough is for the gate.
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID, uuid4

import rfc8785
import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from cyberposture.errors import NotFound, WrongState
from cyberposture.store import tables as t
from cyberposture.store.acts import Act, read_act
from cyberposture.store.paging import Page, Turn, read_page

LetterState = Literal[
    "awaits-grant", "awaits-notice", "not-begun", "in-force", "ends-soon", "expired", "withdrawn"
]
"""How far an authorisation is, as its rows tell it; whether signatures hold is for the services."""


@dataclass(frozen=True, slots=True)
class AuthorisationRecord:
    """An authorisation with everything that was ever said about it, as documents.

    `code` is the reference number on the letter; `terms_sha256` is over RFC 8785 JSON.
    """

    id: UUID
    code: str
    institution_id: UUID
    terms: dict[str, Any]
    terms_sha256: str
    receipt: dict[str, Any]
    letter_sha256: str
    valid_from: datetime
    valid_until: datetime
    grants: tuple[dict[str, Any], ...]
    withdrawal: dict[str, Any] | None
    withdrawn_at: datetime | None
    act: Act


def insert_authorisation(
    connection: Connection,
    institution_id: UUID,
    act: Act,
    *,
    code: str,
    terms: dict[str, Any],
    receipt: dict[str, Any],
    letter_sha256: str,
    valid_from: datetime,
    valid_until: datetime,
) -> AuthorisationRecord:
    """Record the terms of a signed letter with the receiver's signed word, and return them.

    Raises:
        WrongState: the reference number is taken.
    """
    if find_authorisation(connection, code) is not None:
        raise WrongState(f"there is an authorisation {code} already")
    digest = hashlib.sha256(rfc8785.dumps(terms)).hexdigest()
    connection.execute(
        sa.insert(t.authorisations),
        {
            "id": uuid4(),
            "code": code,
            "institution_id": institution_id,
            "terms": terms,
            "terms_sha256": digest,
            "receipt": receipt,
            "letter_sha256": letter_sha256,
            "valid_from": valid_from,
            "valid_until": valid_until,
            **act.written(),
        },
    )
    return get_authorisation(connection, code)


def record_grant(
    connection: Connection, code: str, document: dict[str, Any], act: Act
) -> AuthorisationRecord:
    """Append a person's signed grant and return the authorisation with it.

    Raises:
        NotFound: there is no such authorisation.
        WrongState: it is withdrawn, or this person granted it already.
    """
    row = _lock(connection, code)
    if find_withdrawal_moment(connection, row["id"]) is not None:
        raise WrongState(f"the authorisation {code} is withdrawn")
    g = t.grants
    present = sa.select(g.c.actor).where(g.c.authorisation_id == row["id"])
    granted_by = list(connection.execute(present).scalars())
    if act.actor in granted_by:
        raise WrongState(f"{act.actor} granted {code} already")
    connection.execute(
        sa.insert(g),
        {
            "id": uuid4(),
            "institution_id": row["institution_id"],
            "authorisation_id": row["id"],
            "number": len(granted_by) + 1,
            "document": document,
            **act.written(),
        },
    )
    return get_authorisation(connection, code)


def record_withdrawal(
    connection: Connection,
    code: str,
    document: dict[str, Any],
    act: Act,
    *,
    withdrawn_at: datetime,
) -> AuthorisationRecord:
    """End an authorisation from `withdrawn_at` on and return it.

    Raises:
        NotFound: there is no such authorisation.
        WrongState: it is withdrawn already.
    """
    row = _lock(connection, code)
    if find_withdrawal_moment(connection, row["id"]) is not None:
        raise WrongState(f"the authorisation {code} is withdrawn already")
    connection.execute(
        sa.insert(t.withdrawals),
        {
            "id": uuid4(),
            "institution_id": row["institution_id"],
            "authorisation_id": row["id"],
            "document": document,
            "withdrawn_at": withdrawn_at,
            **act.written(),
        },
    )
    return get_authorisation(connection, code)


def find_withdrawal_moment(connection: Connection, authorisation_id: UUID) -> datetime | None:
    """Return from when an authorisation is withdrawn, or None."""
    w = t.withdrawals
    query = sa.select(w.c.withdrawn_at).where(w.c.authorisation_id == authorisation_id)
    found: datetime | None = connection.execute(query).scalar_one_or_none()
    return found


def find_authorisation(connection: Connection, code: str) -> AuthorisationRecord | None:
    """Return the authorisation with this reference number, or None."""
    found = _load(connection, sa.select(t.authorisations).where(t.authorisations.c.code == code))
    return found[0] if found else None


def get_authorisation(connection: Connection, code: str) -> AuthorisationRecord:
    """Return the authorisation with this reference number.

    Raises:
        NotFound: there is none.
    """
    found = find_authorisation(connection, code)
    if found is None:
        raise NotFound("authorisation", code)
    return found


def list_authorisations(
    connection: Connection, *, institution_id: UUID | None = None, is_locking: bool = False
) -> list[AuthorisationRecord]:
    """Return the authorisations of an institution, or of all, as they came in; ended ones too.

    With `is_locking`, nobody else grants or ends one of them before the transaction ends.
    """
    a = t.authorisations
    query = sa.select(a).order_by(a.c.at, a.c.code)
    if is_locking:
        query = query.with_for_update()
    if institution_id is not None:
        query = query.where(a.c.institution_id == institution_id)
    return _load(connection, query)


def page_authorisations(
    connection: Connection,
    turn: Turn,
    *,
    now: datetime,
    soon: datetime,
    institutions: Collection[UUID] | None = None,
    state: LetterState | None = None,
) -> Page[AuthorisationRecord]:
    """Return a page of authorisations, the newest first; with `state`, those that stand so now.

    What is in force and ends before `soon` ends soon.
    """
    a = t.authorisations
    query = sa.select(a)
    if institutions is not None:
        query = query.where(a.c.institution_id.in_(institutions))
    if state is not None:
        query = query.where(_states(now, soon) == state)
    found = read_page(connection, query, (a.c.at, a.c.code), turn, is_newest_first=True)
    return Page(tuple(_loaded(connection, found.rows)), found.before, found.after)


def codes_taken() -> sa.Select[tuple[str]]:
    """Return the query for every reference number that stands on an authorisation."""
    return sa.select(t.authorisations.c.code)


def count_states(
    connection: Connection,
    *,
    now: datetime,
    soon: datetime,
    institutions: Collection[UUID] | None = None,
) -> dict[LetterState, int]:
    """Return how many authorisations stand how; every state is among them."""
    stands = _states(now, soon).label("state")
    query = sa.select(stands, sa.func.count().label("n")).group_by(stands)
    if institutions is not None:
        query = query.where(t.authorisations.c.institution_id.in_(institutions))
    found = {row.state: row.n for row in connection.execute(query)}
    return {state: found.get(state, 0) for state in get_args(LetterState)}


def institutions_authorised(connection: Connection, *, now: datetime) -> set[UUID]:
    """Return the institutions of which an authorisation is in force."""
    in_force = _states(now, now) == "in-force"
    query = sa.select(t.authorisations.c.institution_id).where(in_force).distinct()
    return set(connection.scalars(query))


def _states(now: datetime, soon: datetime) -> sa.ColumnElement[Any]:
    a, g, w, n = t.authorisations.c, t.grants.c, t.withdrawals.c, t.notices.c
    return sa.case(
        (sa.exists().where(w.authorisation_id == a.id), "withdrawn"),
        (a.valid_until <= now, "expired"),
        (~sa.exists().where(g.authorisation_id == a.id), "awaits-grant"),
        (~sa.exists().where(n.authorisation_id == a.id, n.sent_at.is_not(None)), "awaits-notice"),
        (a.valid_from > now, "not-begun"),
        (a.valid_until <= soon, "ends-soon"),
        else_="in-force",
    )


def _lock(connection: Connection, code: str) -> RowMapping:
    query = sa.select(t.authorisations).where(t.authorisations.c.code == code).with_for_update()
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("authorisation", code)
    return row


def _load(connection: Connection, query: sa.Select[Any]) -> list[AuthorisationRecord]:
    return _loaded(connection, connection.execute(query).mappings().all())


def _loaded(connection: Connection, rows: Sequence[RowMapping]) -> list[AuthorisationRecord]:
    ids = [row["id"] for row in rows]
    grants: dict[UUID, list[dict[str, Any]]] = {}
    for grant in _about(connection, t.grants, ids, t.grants.c.number):
        grants.setdefault(grant["authorisation_id"], []).append(grant["document"])
    withdrawals = {row["authorisation_id"]: row for row in _about(connection, t.withdrawals, ids)}
    return [_read(row, grants.get(row["id"], []), withdrawals.get(row["id"])) for row in rows]


def _about(
    connection: Connection, table: sa.Table, ids: Sequence[UUID], *order: sa.Column[Any]
) -> list[RowMapping]:
    found: list[RowMapping] = []
    for start in range(0, len(ids), 500):
        some = ids[start : start + 500]
        query = sa.select(table).where(table.c.authorisation_id.in_(some)).order_by(*order)
        found += connection.execute(query).mappings()
    return found


def _read(
    row: RowMapping, grants: list[dict[str, Any]], withdrawal: RowMapping | None
) -> AuthorisationRecord:
    return AuthorisationRecord(
        id=row["id"],
        code=row["code"],
        institution_id=row["institution_id"],
        terms=row["terms"],
        terms_sha256=row["terms_sha256"],
        receipt=row["receipt"],
        letter_sha256=row["letter_sha256"],
        valid_from=row["valid_from"],
        valid_until=row["valid_until"],
        grants=tuple(grants),
        withdrawal=None if withdrawal is None else withdrawal["document"],
        withdrawn_at=None if withdrawal is None else withdrawal["withdrawn_at"],
        act=read_act(row),
    )
