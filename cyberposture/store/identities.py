"""By whom else people are known: an issuer of single sign-on, and what it calls them."""

from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection

from cyberposture.errors import WrongState
from cyberposture.store import tables as t
from cyberposture.store.acts import Act


def insert_identity(
    connection: Connection, person_id: UUID, issuer: str, subject: str, act: Act
) -> None:
    """Keep that an issuer knows this person under a name; to say it again changes nothing.

    Raises:
        WrongState: it is the name of somebody else.
    """
    known = find_person_id(connection, issuer, subject)
    if known == person_id:
        return
    if known is not None:
        raise WrongState("somebody else is known by this sign-on already")
    values = {"id": uuid4(), "person_id": person_id, "issuer": issuer, "subject": subject}
    connection.execute(sa.insert(t.identities), {**values, **act.written()})


def find_person_id(connection: Connection, issuer: str, subject: str) -> UUID | None:
    """Return whom an issuer means by a name, or None."""
    i = t.identities
    query = sa.select(i.c.person_id).where(i.c.issuer == issuer, i.c.subject == subject)
    found: UUID | None = connection.execute(query).scalar_one_or_none()
    return found


def list_issuers(connection: Connection, person_id: UUID) -> list[str]:
    """Return who else knows a person."""
    i = t.identities
    query = sa.select(i.c.issuer).where(i.c.person_id == person_id).order_by(i.c.issuer)
    return list(connection.execute(query).scalars())
