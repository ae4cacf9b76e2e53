"""All that the register knows of by name or address, and to whom it belongs.

It is what must not stand in a text for those who may not see it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from cyberposture.store import tables as t

KnownKind = Literal["institution", "person", "host name", "address"]


@dataclass(frozen=True, slots=True)
class Known:
    """One name, code or address (or block of them); None: it belongs to no institution."""

    kind: KnownKind
    text: str
    institution_id: UUID | None


def list_known(connection: Connection) -> list[Known]:
    """Return everything, from the first day on: what was renamed or declared once counts too."""
    found = dict.fromkeys(
        (
            *_institutions(connection),
            *_people(connection),
            *_declared(connection),
            *_authorised(connection),
            *_seen(connection),
        )
    )
    return [one for one in found if one.text.strip()]


def _institutions(connection: Connection) -> Iterator[Known]:
    i, v = t.institutions.c, t.institution_versions.c
    for key, code in connection.execute(sa.select(i.id, i.code)):
        yield Known("institution", code, key)
    query = sa.select(v.institution_id, v.name, v.contacts).distinct()
    for key, name, contacts in connection.execute(query):
        yield Known("institution", name, key)
        yield from (Known("person", contact, key) for contact in contacts)


def _people(connection: Connection) -> Iterator[Known]:
    p, m = t.people.c, t.memberships.c
    query = (
        sa.select(p.code, p.name, p.mail, m.institution_id)
        .select_from(t.people.outerjoin(t.memberships, m.person_id == p.id))
        .distinct()
    )
    for code, name, mail, key in connection.execute(query):
        yield from (Known("person", text, key) for text in (code, name, mail) if text)


def _declared(connection: Connection) -> Iterator[Known]:
    a = t.assets.c
    for key, body in connection.execute(sa.select(a.institution_id, a.body)):
        for address in (*body.get("addresses", ()), *body.get("prefixes", ())):
            yield Known("address", address, key)
        for name in body.get("names", ()):
            yield Known("host name", name, key)


def _authorised(connection: Connection) -> Iterator[Known]:
    a = t.authorisations.c
    for key, terms in connection.execute(sa.select(a.institution_id, a.terms)):
        yield Known("person", terms["signatory"], key)
        yield from (Known("person", text, key) for text in terms["emergency_contacts"])
        for entry in terms["scope"]:
            kind: KnownKind = "address" if "cidr" in entry else "host name"
            yield Known(kind, entry.get("cidr") or entry["name"], key)


def _seen(connection: Connection) -> Iterator[Known]:
    f, c = t.facts.c, t.chunk_targets.c
    for key, address in connection.execute(sa.select(c.institution_id, c.address).distinct()):
        yield Known("address", address, key)
    query: sa.Select[Any] = sa.select(f.institution_id, f.address, f.name).distinct()
    for key, address, name in connection.execute(query):
        if address:
            yield Known("address", address, key)
        if name:
            yield Known("host name", name, key)
