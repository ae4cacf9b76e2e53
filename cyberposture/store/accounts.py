"""Accounts at the portal: passwords, recovery codes, and the links that open them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection

from cyberposture.store import tables as t
from cyberposture.store.acts import Act


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """What is kept to know a person by, beside their second factors."""

    person_id: UUID
    password: str
    """The hash; empty where single sign-on is the only way in."""
    confirmed_at: datetime | None
    failures: int
    locked_until: datetime | None


@dataclass(frozen=True, slots=True)
class LinkRecord:
    """A link that lets one person set their password once."""

    person_id: UUID
    ends_at: datetime
    used_at: datetime | None


def insert_link(
    connection: Connection, person_id: UUID, token_sha256: str, ends_at: datetime, act: Act
) -> None:
    """Keep the digest of a new link; links that the person had before are used up."""
    links = t.sign_in_links
    end_links(connection, person_id, act.at)
    values = {"token_sha256": token_sha256, "person_id": person_id, "ends_at": ends_at}
    connection.execute(sa.insert(links), {**values, **act.written()})


def end_links(connection: Connection, person_id: UUID, at: datetime) -> None:
    """Let no link of a person open anything any more."""
    links = t.sign_in_links
    mine = sa.and_(links.c.person_id == person_id, links.c.used_at.is_(None))
    connection.execute(sa.update(links).where(mine).values(used_at=at))


def find_link(connection: Connection, token_sha256: str) -> LinkRecord | None:
    """Return the link with this digest, used up or not."""
    links = t.sign_in_links
    columns = (links.c[name] for name in LinkRecord.__slots__)
    query = sa.select(*columns).where(links.c.token_sha256 == token_sha256)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else LinkRecord(**row)


def has_open_link(connection: Connection, person_id: UUID, at: datetime) -> bool:
    """Return whether a link of this person opens something at that moment."""
    links = t.sign_in_links
    query = sa.select(links.c.person_id).where(
        links.c.person_id == person_id, links.c.used_at.is_(None), links.c.ends_at > at
    )
    return connection.execute(query).first() is not None


def find_account(
    connection: Connection, person_id: UUID, *, lock: bool = False
) -> AccountRecord | None:
    """Return a person's account, confirmed or not.

    With `lock` nobody else changes it before the transaction ends, so that attempts count.
    """
    a = t.accounts
    columns = (a.c[name] for name in AccountRecord.__slots__)
    query = sa.select(*columns).where(a.c.person_id == person_id)
    if lock:
        query = query.with_for_update()
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else AccountRecord(**row)


def has_account(connection: Connection) -> bool:
    """Return whether anybody has an account that opens the portal."""
    a = t.accounts
    query = sa.select(a.c.person_id).where(a.c.confirmed_at.is_not(None)).limit(1)
    return connection.execute(query).first() is not None


def set_account(connection: Connection, person_id: UUID, password: str, act: Act) -> None:
    """Begin an account anew: it opens nothing until the second factor was shown once."""
    a = t.accounts
    connection.execute(sa.delete(a).where(a.c.person_id == person_id))
    values = {"person_id": person_id, "password": password, "failures": 0}
    connection.execute(sa.insert(a), {**values, **act.written()})


def set_password(connection: Connection, person_id: UUID, password: str) -> None:
    """Keep the hash of another password."""
    _change(connection, person_id, password=password)


def confirm_account(connection: Connection, person_id: UUID, at: datetime) -> None:
    """Let an account open the portal from now on."""
    _change(connection, person_id, confirmed_at=at)


def record_success(connection: Connection, person_id: UUID) -> None:
    """Forget failed attempts."""
    _change(connection, person_id, failures=0, locked_until=None)


def record_failure(
    connection: Connection, person_id: UUID, failures: int, locked_until: datetime | None
) -> None:
    """Note one more failed attempt, and until when none is taken."""
    _change(connection, person_id, failures=failures, locked_until=locked_until)


def _change(connection: Connection, person_id: UUID, **values: object) -> None:
    a = t.accounts
    connection.execute(sa.update(a).where(a.c.person_id == person_id).values(**values))


def set_recovery_codes(
    connection: Connection, person_id: UUID, digests: Sequence[str], act: Act
) -> None:
    """Keep new recovery codes in place of all that the person had."""
    r = t.recovery_codes
    connection.execute(sa.delete(r).where(r.c.person_id == person_id))
    rows = [{"id": uuid4(), "person_id": person_id, "code_sha256": d} for d in digests]
    connection.execute(sa.insert(r), [{**row, **act.written()} for row in rows])


def use_recovery_code(
    connection: Connection, person_id: UUID, code_sha256: str, at: datetime
) -> bool:
    """Use up a recovery code; return whether the person had it and had not used it."""
    r = t.recovery_codes
    mine = sa.and_(
        r.c.person_id == person_id, r.c.code_sha256 == code_sha256, r.c.used_at.is_(None)
    )
    return connection.execute(sa.update(r).where(mine).values(used_at=at)).rowcount == 1


def count_recovery_codes(connection: Connection, person_id: UUID) -> int:
    """Return how many recovery codes a person has left."""
    r = t.recovery_codes
    query = sa.select(sa.func.count()).where(r.c.person_id == person_id, r.c.used_at.is_(None))
    found: int = connection.execute(query).scalar_one()
    return found


def who_came_in(connection: Connection, person_ids: Sequence[UUID]) -> set[UUID]:
    """Return which of these people have an account that opens the door."""
    a = t.accounts
    mine = sa.and_(a.c.person_id.in_(person_ids), a.c.confirmed_at.is_not(None))
    return set(connection.execute(sa.select(a.c.person_id).where(mine)).scalars())
