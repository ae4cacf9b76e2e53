"""The canonical bytes of every content edition that was ever adopted, under their digest."""

import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from cyberposture.errors import Corrupt, NotFound
from cyberposture.store import tables as t
from cyberposture.store.acts import Act, read_act

EditionKind = Literal[
    "catalogue", "checks", "reports", "texts", "foreign", "resolved", "crosswalk", "draft"
]
"""`foreign`: a catalogue that others wrote, as it was imported; `resolved`: what a profile among
those stood for; `crosswalk`: a crosswalk that others wrote; `draft`: rules, checks and texts that
were consulted on, and not adopted by that.
"""

ADOPTED: tuple[EditionKind, ...] = ("catalogue", "checks", "texts")
"""What is adopted together."""


@dataclass(frozen=True, slots=True)
class EditionRecord:
    """An adopted edition without its content; its act adopted it."""

    kind: EditionKind
    digest: str
    name: str
    version: str
    act: Act


@dataclass(frozen=True, slots=True)
class Adoption:
    """The digests of the rules, checks and texts that were adopted together, counted from 1."""

    number: int
    catalogue: str
    checks: str
    texts: str
    name: str
    version: str
    act: Act


def record_adoption(
    connection: Connection,
    documents: Mapping[EditionKind, bytes],
    act: Act,
    *,
    name: str,
    version: str,
) -> Adoption:
    """Keep the bytes of rules, checks and texts and that they are in force from now on."""
    kept = {
        kind: adopt_edition(connection, kind, documents[kind], act, name=name, version=version)
        for kind in ADOPTED
    }
    last = connection.execute(sa.select(sa.func.max(t.adoptions.c.number))).scalar_one()
    adoption = Adoption(
        number=(last or 0) + 1,
        catalogue=kept["catalogue"].digest,
        checks=kept["checks"].digest,
        texts=kept["texts"].digest,
        name=kept["catalogue"].name,
        version=kept["catalogue"].version,
        act=act,
    )
    columns: dict[str, object] = {kind: record.digest for kind, record in kept.items()}
    row = columns | {"number": adoption.number} | act.written()
    connection.execute(sa.insert(t.adoptions), row)
    return adoption


def list_adoptions(connection: Connection) -> list[Adoption]:
    """Return every adoption, oldest first; the last is in force."""
    query = _adoptions().order_by(t.adoptions.c.number)
    return [_read_adoption(row) for row in connection.execute(query).mappings()]


def find_adoption(
    connection: Connection, catalogue: str | None = None, *, checks: str | None = None
) -> Adoption | None:
    """Return the last adoption (of the rules, or of the checks, with this digest), or None."""
    query = _adoptions().order_by(t.adoptions.c.number.desc()).limit(1)
    if catalogue is not None:
        query = query.where(t.adoptions.c.catalogue == catalogue)
    if checks is not None:
        query = query.where(t.adoptions.c.checks == checks)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else _read_adoption(row)


def adopt_edition(
    connection: Connection,
    kind: EditionKind,
    content: bytes,
    act: Act,
    *,
    name: str,
    version: str,
) -> EditionRecord:
    """Keep an edition's canonical bytes and return its record; one adopted before stays as it is.

    `digest` in the record is the SHA-256 of the bytes.
    """
    digest = hashlib.sha256(content).hexdigest()
    present = find_edition(connection, kind, digest)
    if present is not None:
        return present
    connection.execute(
        sa.insert(t.editions),
        {
            "kind": kind,
            "digest": digest,
            "name": name,
            "version": version,
            "content": zlib.compress(content),
            **act.written(),
        },
    )
    return EditionRecord(kind, digest, name, version, act)


def find_edition(connection: Connection, kind: EditionKind, digest: str) -> EditionRecord | None:
    """Return the adopted edition with this digest, or None."""
    query = _editions().where(t.editions.c.kind == kind, t.editions.c.digest == digest)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else _read(row)


def find_current_edition(
    connection: Connection, kind: EditionKind, *, as_of: datetime
) -> EditionRecord | None:
    """Return the edition of this kind that was adopted last at `as_of`, or None."""
    e = t.editions
    query = _editions().where(e.c.kind == kind, e.c.at <= as_of).order_by(e.c.at.desc()).limit(1)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else _read(row)


def get_edition_content(connection: Connection, kind: EditionKind, digest: str) -> bytes:
    """Return the canonical bytes of an adopted edition.

    Raises:
        NotFound: it was never adopted.
        Corrupt: the bytes kept do not have that digest.
    """
    e = t.editions
    query = sa.select(e.c.content).where(e.c.kind == kind, e.c.digest == digest)
    kept = connection.execute(query).scalar_one_or_none()
    if kept is None:
        raise NotFound(f"{kind} edition", digest)
    try:
        content = zlib.decompress(kept)
    except zlib.error as error:
        raise Corrupt(f"the {kind} edition {digest} cannot be unpacked") from error
    if hashlib.sha256(content).hexdigest() != digest:
        raise Corrupt(f"the {kind} edition {digest} is not what was adopted")
    return content


def list_editions(connection: Connection, kind: EditionKind | None = None) -> list[EditionRecord]:
    """Return the adopted editions, oldest first."""
    query = _editions().order_by(t.editions.c.at, t.editions.c.kind)
    if kind is not None:
        query = query.where(t.editions.c.kind == kind)
    return [_read(row) for row in connection.execute(query).mappings()]


def _adoptions() -> sa.Select[tuple[object, ...]]:
    a, e = t.adoptions, t.editions
    named = sa.and_(e.c.kind == "catalogue", e.c.digest == a.c.catalogue)
    return sa.select(a, e.c.name, e.c.version).join(e, named)


def _read_adoption(row: RowMapping) -> Adoption:
    return Adoption(
        number=row["number"],
        catalogue=row["catalogue"],
        checks=row["checks"],
        texts=row["texts"],
        name=row["name"],
        version=row["version"],
        act=read_act(row),
    )


def _editions() -> sa.Select[tuple[object, ...]]:
    return sa.select(*(column for column in t.editions.c if column.name != "content"))


def _read(row: RowMapping) -> EditionRecord:
    return EditionRecord(row["kind"], row["digest"], row["name"], row["version"], read_act(row))
