"""Files that were taken in from elsewhere: which one, by whom, and what became of each answer."""

from dataclasses import dataclass
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from cyberposture.errors import NotFound
from cyberposture.model.offline import Outcome, PaperKind
from cyberposture.store import tables as t
from cyberposture.store.acts import Act, read_act


@dataclass(frozen=True, slots=True)
class NewReturn:
    """A file as it came: of which paper, from which writer, and the bytes' digest."""

    code: str
    kind: PaperKind
    paper: str
    writer: str
    number: int
    file_name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class ReturnRecord:
    """A file that was taken in; its act is the one that wrote the answers."""

    institution_id: UUID
    assessment_id: UUID
    new: NewReturn
    outcome: Outcome
    act: Act


def insert_return(
    connection: Connection,
    institution_id: UUID,
    assessment_id: UUID,
    new: NewReturn,
    act: Act,
    *,
    outcome: Outcome,
) -> ReturnRecord:
    """Record what became of a file and return the record."""
    connection.execute(
        sa.insert(t.offline_returns),
        {
            "id": uuid4(),
            "institution_id": institution_id,
            "assessment_id": assessment_id,
            **{name: getattr(new, name) for name in NewReturn.__slots__},
            "outcome": outcome.model_dump(mode="json"),
            **act.written(),
        },
    )
    return ReturnRecord(institution_id, assessment_id, new, outcome, act)


def find_return(connection: Connection, assessment_id: UUID, sha256: str) -> ReturnRecord | None:
    """Return what became of the file with this digest, or None where it never came."""
    r = t.offline_returns
    query = sa.select(r).where(r.c.assessment_id == assessment_id, r.c.sha256 == sha256)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else _read(row)


def get_return(
    connection: Connection, institution_id: UUID, code: str, *, assessment_id: UUID
) -> ReturnRecord:
    """Return what became of one file of an institution's assessment.

    Raises:
        NotFound: it handed in no such file.
    """
    r = t.offline_returns
    query = sa.select(r).where(
        r.c.institution_id == institution_id,
        r.c.assessment_id == assessment_id,
        r.c.code == code,
    )
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("return", code)
    return _read(row)


def list_returns(
    connection: Connection, assessment_id: UUID, *, paper: str | None = None
) -> list[ReturnRecord]:
    """Return what came for an assessment (on one paper), oldest first."""
    r = t.offline_returns
    query = sa.select(r).where(r.c.assessment_id == assessment_id).order_by(r.c.at, r.c.code)
    if paper is not None:
        query = query.where(r.c.paper == paper)
    return [_read(row) for row in connection.execute(query).mappings()]


def _read(row: RowMapping) -> ReturnRecord:
    return ReturnRecord(
        row["institution_id"],
        row["assessment_id"],
        NewReturn(**{name: row[name] for name in NewReturn.__slots__}),
        Outcome.model_validate(row["outcome"]),
        read_act(row),
    )
