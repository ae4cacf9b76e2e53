"""Who attested an institution's answers: what was signed, how that was shown, and by which link."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from cyberposture.store import tables as t
from cyberposture.store.acts import Act, read_act
from cyberposture.store.assessments import lock_assessment

Method = Literal["second-factor", "key", "paper", "workbook", "pack"]
"""The last two are names typed into what was filled in offline: the word of who handed it in."""


@dataclass(frozen=True, slots=True)
class AttestationRecord:
    """One signature under the digest of the answers.

    `signature` is that of the person's own key, in hexadecimal, and empty where none was used.
    `signatory` is empty where somebody signed on paper who is not in the register.
    """

    institution_id: UUID
    assessment_id: UUID
    number: int
    digest: str
    revisions: dict[str, int]
    method: Method
    signatory: str
    signatory_name: str
    signed_on: date
    statement: dict[str, Any]
    signature: str
    act: Act
    scan_sha256: str | None = None
    scan_media: str | None = None


@dataclass(frozen=True, slots=True)
class AttestationLink:
    """A link by which one person may sign one digest, once."""

    institution_id: UUID
    assessment_id: UUID
    person_id: UUID
    digest: str
    ends_at: datetime
    used_at: datetime | None


_COLUMNS = tuple(name for name in AttestationRecord.__slots__ if name != "act")


def insert_attestation(connection: Connection, record: AttestationRecord) -> AttestationRecord:
    """Keep an attestation and return it.

    Raises:
        WrongState: another one was given this number meanwhile.
    """
    values = {name: getattr(record, name) for name in _COLUMNS}
    connection.execute(sa.insert(t.attestations), {"id": uuid4(), **values, **record.act.written()})
    return record


def next_number(connection: Connection, assessment_id: UUID) -> int:
    """Return the number of the next attestation, the assessment being locked until then.

    Raises:
        NotFound: there is no such assessment.
    """
    lock_assessment(connection, assessment_id)
    a = t.attestations
    last = sa.select(sa.func.max(a.c.number)).where(a.c.assessment_id == assessment_id)
    return (connection.execute(last).scalar_one() or 0) + 1


def list_attestations(connection: Connection, assessment_id: UUID) -> list[AttestationRecord]:
    """Return every attestation of an assessment, oldest first, those that fell too."""
    a = t.attestations
    query = sa.select(a).where(a.c.assessment_id == assessment_id).order_by(a.c.number)
    return [_read(row) for row in connection.execute(query).mappings()]


def insert_link(connection: Connection, token_sha256: str, link: AttestationLink, act: Act) -> None:
    """Keep the digest of a new link; earlier links of the person for this assessment are used."""
    links = t.attestation_links
    end_links(connection, link.assessment_id, link.person_id, act.at)
    values = {name: getattr(link, name) for name in AttestationLink.__slots__}
    connection.execute(sa.insert(links), {"token_sha256": token_sha256, **values, **act.written()})


def end_links(connection: Connection, assessment_id: UUID, person_id: UUID, at: datetime) -> None:
    """Let no link of this person for this assessment open anything any more."""
    links = t.attestation_links
    mine = sa.and_(
        links.c.assessment_id == assessment_id,
        links.c.person_id == person_id,
        links.c.used_at.is_(None),
    )
    connection.execute(sa.update(links).where(mine).values(used_at=at))


def find_link(
    connection: Connection, token_sha256: str, *, lock: bool = False
) -> AttestationLink | None:
    """Return the link with this digest, used or not; with `lock` nobody else uses it meanwhile."""
    links = t.attestation_links
    columns = (links.c[name] for name in AttestationLink.__slots__)
    query = sa.select(*columns).where(links.c.token_sha256 == token_sha256)
    if lock:
        query = query.with_for_update()
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else AttestationLink(**row)


def _read(row: RowMapping) -> AttestationRecord:
    return AttestationRecord(act=read_act(row), **{name: row[name] for name in _COLUMNS})
