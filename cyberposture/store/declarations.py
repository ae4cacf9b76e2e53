"""What institutions declare of themselves: every revision, each asset kept as long as it held."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection

from cyberposture.errors import Fault, InvalidInput
from cyberposture.model.institutions import Asset, Declaration
from cyberposture.store import tables as t
from cyberposture.store.acts import Act, read_act
from cyberposture.store.institutions import get_institution_id


@dataclass(frozen=True, slots=True)
class DeclarationRecord:
    """One revision of a declaration and what it changed, as sorted asset ids."""

    institution_id: UUID
    revision: int
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeclarationRevision:
    """That a declaration was recorded, with the act that recorded it."""

    revision: int
    act: Act


@dataclass(frozen=True, slots=True)
class DeclarationChange:
    """A declaration with what it changed, as sorted asset ids."""

    revision: int
    act: Act
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]


def record_declaration(
    connection: Connection, declaration: Declaration, act: Act
) -> DeclarationRecord:
    """Replace what an institution declares and return the difference to what it declared before.

    Nothing is overwritten: an asset that changes or goes is ended by the new revision.

    Raises:
        NotFound: the institution is not in the register.
        InvalidInput: an asset id stands twice.
    """
    wanted = _by_id(declaration)
    institution_id = get_institution_id(connection, declaration.institution)
    lock = sa.select(t.institutions.c.id).where(t.institutions.c.id == institution_id)
    connection.execute(lock.with_for_update())
    revision = _last_revision(connection, institution_id) + 1
    a = t.assets
    query = sa.select(a.c.code, a.c.body).where(
        a.c.institution_id == institution_id, a.c.ended_revision.is_(None)
    )
    present = {row.code: Asset.model_validate(row.body) for row in connection.execute(query)}
    added = sorted(wanted.keys() - present.keys())
    removed = sorted(present.keys() - wanted.keys())
    changed = sorted(
        code for code in wanted.keys() & present.keys() if wanted[code] != present[code]
    )
    connection.execute(
        sa.insert(t.declarations),
        {
            "id": uuid4(),
            "institution_id": institution_id,
            "revision": revision,
            **act.written(),
        },
    )
    _end(connection, institution_id, [*removed, *changed], revision)
    _begin(connection, institution_id, [wanted[code] for code in (*added, *changed)], revision)
    return DeclarationRecord(institution_id, revision, tuple(added), tuple(changed), tuple(removed))


def get_declaration(
    connection: Connection,
    institution_id: UUID,
    *,
    revision: int | None = None,
    as_of: datetime | None = None,
) -> Declaration:
    """Return an institution's assets by id: the newest declaration, or that of `revision`.

    With `as_of`, the declaration that was known then, without the assets whose own dates say that
    they did not exist. An institution that never declared anything has no assets.
    """
    a = t.assets
    if revision is None:
        revision = _last_revision(connection, institution_id, as_of)
    query = (
        sa.select(a.c.body)
        .where(
            a.c.institution_id == institution_id,
            a.c.revision <= revision,
            sa.or_(a.c.ended_revision.is_(None), a.c.ended_revision > revision),
        )
        .order_by(a.c.code)
    )
    if as_of is not None:
        query = query.where(
            sa.or_(a.c.valid_from.is_(None), a.c.valid_from <= as_of),
            sa.or_(a.c.valid_until.is_(None), a.c.valid_until > as_of),
        )
    bodies = connection.execute(query).scalars()
    code = sa.select(t.institutions.c.code).where(t.institutions.c.id == institution_id)
    return Declaration(
        institution=connection.execute(code).scalar_one(),
        assets=tuple(Asset.model_validate(body) for body in bodies),
    )


def list_declarations(connection: Connection, institution_id: UUID) -> list[DeclarationRevision]:
    """Return every declaration of an institution, oldest first."""
    d = t.declarations
    query = sa.select(d).where(d.c.institution_id == institution_id).order_by(d.c.revision)
    rows = connection.execute(query).mappings()
    return [DeclarationRevision(row["revision"], read_act(row)) for row in rows]


def list_changes(connection: Connection, institution_id: UUID) -> list[DeclarationChange]:
    """Return every declaration of an institution with what it changed, the newest first."""
    a = t.assets
    query = sa.select(a.c.code, a.c.revision, a.c.ended_revision)
    rows = connection.execute(query.where(a.c.institution_id == institution_id)).all()
    begun: dict[int, set[str]] = {}
    ended: dict[int, set[str]] = {}
    for row in rows:
        begun.setdefault(row.revision, set()).add(row.code)
        if row.ended_revision is not None:
            ended.setdefault(row.ended_revision, set()).add(row.code)
    return [
        DeclarationChange(
            one.revision,
            one.act,
            added=tuple(sorted(begun.get(one.revision, set()) - ended.get(one.revision, set()))),
            changed=tuple(sorted(begun.get(one.revision, set()) & ended.get(one.revision, set()))),
            removed=tuple(sorted(ended.get(one.revision, set()) - begun.get(one.revision, set()))),
        )
        for one in reversed(list_declarations(connection, institution_id))
    ]


def _by_id(declaration: Declaration) -> dict[str, Asset]:
    wanted: dict[str, Asset] = {}
    faults = []
    for place, asset in enumerate(declaration.assets):
        if asset.id in wanted:
            faults.append(Fault(f"assets[{place}].id", f"{asset.id!r} stands twice"))
        wanted[asset.id] = asset
    if faults:
        raise InvalidInput(faults)
    return wanted


def _last_revision(
    connection: Connection, institution_id: UUID, as_of: datetime | None = None
) -> int:
    d = t.declarations
    query = sa.select(sa.func.max(d.c.revision)).where(d.c.institution_id == institution_id)
    if as_of is not None:
        query = query.where(d.c.at <= as_of)
    return connection.execute(query).scalar_one() or 0


def _end(connection: Connection, institution_id: UUID, codes: list[str], revision: int) -> None:
    a = t.assets
    change = sa.update(a).where(
        a.c.institution_id == institution_id,
        a.c.ended_revision.is_(None),
        a.c.code == sa.bindparam("ended_code"),
    )
    if codes:
        connection.execute(
            change.values(ended_revision=revision), [{"ended_code": code} for code in codes]
        )


def _begin(
    connection: Connection, institution_id: UUID, assets: list[Asset], revision: int
) -> None:
    rows = [
        {
            "id": uuid4(),
            "institution_id": institution_id,
            "code": asset.id,
            "kind": asset.kind,
            "body": asset.model_dump(mode="json", exclude_defaults=True),
            "valid_from": asset.valid_from,
            "valid_until": asset.valid_until,
            "revision": revision,
        }
        for asset in assets
    ]
    if rows:
        connection.execute(sa.insert(t.assets), rows)
