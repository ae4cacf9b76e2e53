"""Imports of answers as acts of their own: what each wrote, and whether it was undone."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from cyberposture.errors import NotFound
from cyberposture.store import tables as t
from cyberposture.store.acts import Act, read_act
from cyberposture.store.codes import new_code


@dataclass(frozen=True, slots=True)
class ImportRecord:
    """One import; `revisions` holds, by control, the revision before it (0: none) and its own."""

    id: UUID
    institution_id: UUID
    assessment_id: UUID
    code: str
    kind: str
    file_name: str
    revisions: dict[str, tuple[int, int]]
    act: Act
    undone_at: datetime | None = None
    undone_by: str | None = None
    undoing: dict[str, Any] | None = None


def insert_import(
    connection: Connection,
    institution_id: UUID,
    assessment_id: UUID,
    act: Act,
    *,
    kind: str,
    file_name: str,
) -> ImportRecord:
    """Begin an import and return it, with a fresh code; what it wrote is told at its end."""
    record = ImportRecord(
        uuid4(), institution_id, assessment_id, new_code("i"), kind, file_name, {}, act
    )
    names = ("id", "institution_id", "assessment_id", "code", "kind", "file_name", "revisions")
    values = {name: getattr(record, name) for name in names}
    connection.execute(sa.insert(t.answer_imports), {**values, **act.written()})
    return record


def record_written(
    connection: Connection, import_id: UUID, revisions: dict[str, tuple[int, int]]
) -> None:
    """Keep what an import wrote."""
    i = t.answer_imports
    change = sa.update(i).where(i.c.id == import_id)
    connection.execute(change.values(revisions={c: list(two) for c, two in revisions.items()}))


def record_undone(
    connection: Connection, import_id: UUID, undoing: dict[str, Any], act: Act
) -> None:
    """Keep that an import was undone, and what became of each of its answers."""
    i = t.answer_imports
    change = sa.update(i).where(i.c.id == import_id)
    connection.execute(change.values(undoing=undoing, **act.ended("undone")))


def get_import(
    connection: Connection, assessment_id: UUID, code: str, *, lock: bool = False
) -> ImportRecord:
    """Return the import of an assessment with this code.

    Raises:
        NotFound: there is none.
    """
    i = t.answer_imports
    query = sa.select(i).where(i.c.assessment_id == assessment_id, i.c.code == code)
    if lock:
        query = query.with_for_update()
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("import", code)
    return _read(row)


def list_imports(connection: Connection, assessment_id: UUID) -> list[ImportRecord]:
    """Return the imports of an assessment, newest first."""
    i = t.answer_imports
    query = sa.select(i).where(i.c.assessment_id == assessment_id).order_by(i.c.at.desc(), i.c.code)
    return [_read(row) for row in connection.execute(query).mappings()]


def _read(row: RowMapping) -> ImportRecord:
    return ImportRecord(
        id=row["id"],
        institution_id=row["institution_id"],
        assessment_id=row["assessment_id"],
        code=row["code"],
        kind=row["kind"],
        file_name=row["file_name"],
        revisions={c: (two[0], two[1]) for c, two in row["revisions"].items()},
        act=read_act(row),
        undone_at=row["undone_at"],
        undone_by=row["undone_by"],
        undoing=row["undoing"],
    )
