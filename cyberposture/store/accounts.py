"""Accounts at the portal: password, second factor, recovery codes, and the links that open them."""

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
    """What is kept to know a person by; the seed of the second factor is a sealed file."""

    person_id: UUID
    password: str
    secret_sha256: str
    confirmed_at: datetime | None
    last_step: int
    """The last time step whose code was used; none is taken twice."""
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


def set_account(
    connection: Connection, person_id: UUID, password: str, secret_sha256: str, act: Act
) -> None:
    """Begin an account anew: it opens nothing until the second factor was shown once."""
    a = t.accounts
    connection.execute(sa.delete(a).where(a.c.person_id == person_id))
    values = {"person_id": person_id, "password": password, "secret_sha256": secret_sha256}
    counts = {"last_step": 0, "failures": 0}
    connection.execute(sa.insert(a), {**values, **counts, **act.written()})


def confirm_account(connection: Connection, person_id: UUID, step: int, at: datetime) -> None:
    """Let an account open the portal from now on."""
    _change(connection, person_id, confirmed_at=at, last_step=step)


def record_success(connection: Connection, person_id: UUID, step: int | None) -> None:
    """Forget failed attempts; `step` is the time step of the code that was used, if one was."""
    used = {} if step is None else {"last_step": step}
    _change(connection, person_id, failures=0, locked_until=None, **used)


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
