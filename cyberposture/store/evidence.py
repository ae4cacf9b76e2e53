"""The list of an institution's evidence: titles, dates and digests; the files are in `blobs`."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from cyberposture.errors import NotFound, WrongState
from cyberposture.model.assessments import Evidence
from cyberposture.store import tables as t
from cyberposture.store.acts import Act, read_act
from cyberposture.store.codes import new_code

EvidenceKind = Literal["file", "link", "observation", "held"]


@dataclass(frozen=True, slots=True)
class EvidenceRecord:
    """One revision of a piece of evidence, counted from 1.

    `place` is the address of a link or where the institution holds it; `keeper` is who keeps it
    current. Without a digest it is a link.
    """

    institution_id: UUID
    code: str
    revision: int
    kind: EvidenceKind
    title: str
    dated: date
    act: Act
    expires: date | None = None
    sha256: str | None = None
    size_bytes: int | None = None
    file_name: str = ""
    place: str = ""
    keeper: str = ""
    withdrawn_at: datetime | None = None
    media: str | None = None
    """What the file turned out to be when it came, such as `pdf`; None where nobody looked."""
    seen_at: datetime | None = None
    """Of what the institution holds itself: when a reviewer saw it there."""
    seen_by: str | None = None

    @property
    def speaks_for_itself(self) -> bool:
        """Whether it raises a grade: a file does, what the institution holds once it was seen."""
        if self.withdrawn_at is not None or self.sha256 is None:
            return False
        return self.kind == "file" or (self.kind == "held" and self.seen_at is not None)

    def piece(self) -> Evidence | None:
        """Return it as an answer refers to it, or None where it has no digest."""
        if self.sha256 is None:
            return None
        return Evidence(
            title=self.title,
            sha256=self.sha256,
            size_bytes=self.size_bytes or 0,
            file_name=self.file_name,
            dated=self.dated,
            expires=self.expires,
        )


def insert_evidence(
    connection: Connection,
    institution_id: UUID,
    act: Act,
    *,
    kind: EvidenceKind,
    title: str,
    dated: date,
    expires: date | None = None,
    sha256: str | None = None,
    size_bytes: int | None = None,
    file_name: str = "",
    place: str = "",
    keeper: str = "",
    media: str | None = None,
) -> EvidenceRecord:
    """List a new piece of evidence and return its first revision, with a fresh code."""
    record = EvidenceRecord(
        institution_id,
        new_code("e"),
        1,
        kind,
        title,
        dated,
        act,
        expires,
        sha256,
        size_bytes,
        file_name,
        place,
        keeper,
        media=media,
    )
    return _write(connection, record)


def record_revision(
    connection: Connection, institution_id: UUID, code: str, act: Act, **changes: Any
) -> EvidenceRecord:
    """Write a new revision with some fields of `EvidenceRecord` changed, and return it.

    Raises:
        NotFound: the institution has no such evidence.
        WrongState: it was withdrawn.
    """
    present = get_evidence(connection, institution_id, code)
    if present.withdrawn_at is not None:
        raise WrongState(f"the evidence {code} was withdrawn")
    return _write(connection, replace(present, revision=present.revision + 1, act=act, **changes))


def withdraw_evidence(
    connection: Connection, institution_id: UUID, code: str, act: Act
) -> EvidenceRecord:
    """Write a last revision that says it is withdrawn, and return it; the file stays.

    Raises:
        NotFound: the institution has no such evidence.
        WrongState: it was withdrawn already.
    """
    return record_revision(connection, institution_id, code, act, withdrawn_at=act.at)


def get_evidence(
    connection: Connection, institution_id: UUID, code: str, *, revision: int | None = None
) -> EvidenceRecord:
    """Return the newest revision of a piece of evidence, or the one asked for.

    Raises:
        NotFound: the institution has no such evidence.
    """
    e = t.evidence
    query = sa.select(e).where(e.c.institution_id == institution_id, e.c.code == code)
    if revision is not None:
        query = query.where(e.c.revision == revision)
    row = connection.execute(query.order_by(e.c.revision.desc()).limit(1)).mappings().one_or_none()
    if row is None:
        raise NotFound("evidence", code)
    return _read(row)


def list_evidence(
    connection: Connection, institution_id: UUID, *, with_withdrawn: bool = False
) -> list[EvidenceRecord]:
    """Return the newest revision of each piece of an institution's evidence, newest date first."""
    query = _NEWEST if with_withdrawn else _STANDING
    rows = connection.execute(query, {"institution_id": institution_id}).mappings()
    return [_read(row) for row in rows]


def find_by_digest(
    connection: Connection, institution_id: UUID, sha256: str
) -> EvidenceRecord | None:
    """Return the piece that is listed under this digest and was not withdrawn, or None."""
    found = list_evidence(connection, institution_id)
    return next((one for one in found if one.sha256 == sha256), None)


def count_evidence(connection: Connection, institution_id: UUID) -> int:
    """Return how many pieces an institution ever listed, withdrawn ones too."""
    e = t.evidence
    query = sa.select(sa.func.count(sa.distinct(e.c.code))).where(
        e.c.institution_id == institution_id
    )
    return connection.execute(query).scalar_one()


def digests_of(
    connection: Connection, institution_id: UUID, codes: Collection[str]
) -> dict[str, set[str]]:
    """Return the digests that each of these pieces ever had, by code."""
    e = t.evidence
    query = sa.select(e.c.code, e.c.sha256).where(
        e.c.institution_id == institution_id, e.c.code.in_(codes), e.c.sha256.is_not(None)
    )
    found: dict[str, set[str]] = defaultdict(set)
    for code, sha256 in connection.execute(query):
        found[code].add(sha256)
    return found


def list_revisions(connection: Connection, institution_id: UUID, code: str) -> list[EvidenceRecord]:
    """Return every revision of a piece of evidence, oldest first."""
    e = t.evidence
    query = sa.select(e).where(e.c.institution_id == institution_id, e.c.code == code)
    return [_read(row) for row in connection.execute(query.order_by(e.c.revision)).mappings()]


def _newest() -> sa.Select[Any]:
    e, of_this = t.evidence, t.evidence.c.institution_id == sa.bindparam("institution_id")
    newest = sa.select(e.c.code, sa.func.max(e.c.revision)).where(of_this).group_by(e.c.code)
    is_newest = sa.tuple_(e.c.code, e.c.revision).in_(newest)
    return sa.select(e).where(of_this, is_newest).order_by(e.c.dated.desc(), e.c.code)


# Every page of cards asks for the list: it is built once, not each time.
_NEWEST = _newest()
_STANDING = _NEWEST.where(t.evidence.c.withdrawn_at.is_(None))
_COLUMNS = tuple(name for name in EvidenceRecord.__slots__ if name != "act")


def _write(connection: Connection, record: EvidenceRecord) -> EvidenceRecord:
    values = {name: getattr(record, name) for name in _COLUMNS}
    connection.execute(sa.insert(t.evidence), {"id": uuid4(), **values, **record.act.written()})
    return record


def _read(row: RowMapping) -> EvidenceRecord:
    return EvidenceRecord(act=read_act(row), **{name: row[name] for name in _COLUMNS})
