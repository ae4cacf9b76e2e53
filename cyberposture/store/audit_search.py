"""Looks things up in the audit log: the newest entries first, by whatever is known of them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from cyberposture.store import tables as t
from cyberposture.store.audit import AuditEntry, chain_name, read_entry


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is known of the entries that somebody looks for; None: it does not matter."""

    kind: str | None = None
    subject: str | None = None
    actor: str | None = None
    institution_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Before this moment."""
    kinds_but: tuple[str, ...] = ()
    """None of these kinds; where many entries of one kind would hide the others."""
    subjects_but: sa.Select[Any] | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry stands among all: its chain and its number there."""

    chain: str
    seq: int


ALL: Final = Wanted()


def search_entries(
    connection: Connection,
    wanted: Wanted = ALL,
    *,
    after: Place | None = None,
    limit: int | None = None,
) -> list[AuditEntry]:
    """Return the entries that fit, the newest first; with `after`, those that follow that one."""
    e = t.audit_entries
    query = sa.select(e).where(*_conditions(wanted)).limit(limit)
    if after is not None:
        of = sa.and_(e.c.chain == after.chain, e.c.seq == after.seq)
        at = connection.execute(sa.select(e.c.at).where(of)).scalar_one_or_none()
        if at is not None:
            older = sa.or_(
                e.c.chain < after.chain, sa.and_(e.c.chain == after.chain, e.c.seq < after.seq)
            )
            query = query.where(sa.or_(e.c.at < at, sa.and_(e.c.at == at, older)))
    query = query.order_by(e.c.at.desc(), e.c.chain.desc(), e.c.seq.desc())
    return [read_entry(row) for row in connection.execute(query).mappings()]


def list_kinds(connection: Connection) -> list[str]:
    """Return every kind of entry that the log holds, by name."""
    query = sa.select(t.audit_entries.c.kind).distinct().order_by(t.audit_entries.c.kind)
    return list(connection.execute(query).scalars())


def count_entries(connection: Connection, wanted: Wanted) -> int:
    """Return how many entries fit."""
    query = sa.select(sa.func.count()).select_from(t.audit_entries).where(*_conditions(wanted))
    return connection.execute(query).scalar_one()


def _conditions(wanted: Wanted) -> Collection[sa.ColumnElement[bool]]:
    e = t.audit_entries.c
    found: list[sa.ColumnElement[bool]] = []
    for column, value in ((e.kind, wanted.kind), (e.subject, wanted.subject),
                          (e.actor, wanted.actor)):  # fmt: skip
        if value is not None:
            found.append(column == value)
    if wanted.institution_id is not None:
        found.append(e.chain == chain_name(wanted.institution_id))
    if wanted.since is not None:
        found.append(e.at >= wanted.since)
    if wanted.until is not None:
        found.append(e.at < wanted.until)
    if wanted.kinds_but:
        found.append(e.kind.not_in(wanted.kinds_but))
    if wanted.subjects_but is not None:
        found.append(e.subject.not_in(wanted.subjects_but))
    return found
