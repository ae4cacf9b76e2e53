"""Written consents of institutions to stand in public reports under their names."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from cyberposture.errors import WrongState
from cyberposture.store import tables as t
from cyberposture.store.acts import Act, read_act


@dataclass(frozen=True, slots=True)
class PublicationConsent:
    """A consent: who signed which paper, and whether it was withdrawn since."""

    id: UUID
    institution_id: UUID
    institution: str
    signatory: str
    reference: str
    """Under which the signed paper is found."""
    paper_sha256: str | None
    """Of the paper, where it is kept here."""
    withdrawn_at: datetime | None
    withdrawn_by: str | None
    withdrawn_why: str | None
    act: Act


def insert_consent(
    connection: Connection,
    institution_id: UUID,
    act: Act,
    *,
    signatory: str,
    reference: str,
    paper_sha256: str | None,
) -> None:
    """Keep a consent, which counts from now on.

    Raises:
        WrongState: one that counts is on record already.
    """
    if consenting(connection, [institution_id]):
        raise WrongState("its consent is on record already")
    connection.execute(
        sa.insert(t.publication_consents),
        {
            "id": uuid4(),
            "institution_id": institution_id,
            "signatory": signatory,
            "reference": reference,
            "paper_sha256": paper_sha256,
            **act.written(),
        },
    )


def withdraw_consent(connection: Connection, institution_id: UUID, act: Act) -> None:
    """Record that a consent counts no more.

    Raises:
        WrongState: none counts.
    """
    p = t.publication_consents
    standing = (p.c.institution_id == institution_id) & p.c.withdrawn_at.is_(None)
    done = connection.execute(sa.update(p).where(standing).values(act.ended("withdrawn")))
    if done.rowcount == 0:
        raise WrongState("no consent to be named in public is on record")


def list_consents(
    connection: Connection, *, institution_id: UUID | None = None
) -> list[PublicationConsent]:
    """Return every consent ever given, the oldest first."""
    p, i = t.publication_consents, t.institutions
    query = (
        sa.select(p, i.c.code.label("institution"))
        .join(i, i.c.id == p.c.institution_id)
        .order_by(p.c.at, i.c.code)
    )
    if institution_id is not None:
        query = query.where(p.c.institution_id == institution_id)
    return [_read(row) for row in connection.execute(query).mappings()]


def consenting(connection: Connection, among: Sequence[UUID] | None = None) -> set[UUID]:
    """Return the institutions (of these, or all) that may be named in public now."""
    p = t.publication_consents
    query = sa.select(p.c.institution_id).where(p.c.withdrawn_at.is_(None))
    if among is not None:
        query = query.where(p.c.institution_id.in_(among))
    return set(connection.scalars(query))


def _read(row: RowMapping) -> PublicationConsent:
    names = [name for name in PublicationConsent.__slots__ if name != "act"]
    return PublicationConsent(**{name: row[name] for name in names}, act=read_act(row))
