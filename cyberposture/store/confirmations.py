"""What institutions confirm of the versions they run: by whom, when, and until it is withdrawn."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from cyberposture.errors import NotFound, WrongState
from cyberposture.model.checks import Protocol
from cyberposture.store import tables as t
from cyberposture.store.acts import Act, read_act
from cyberposture.store.codes import new_code


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What is installed at a port; it holds while the same product and version are `seen` there.

    `mended` are flaws that were mended there without a newer version number.
    """

    address: str
    protocol: Protocol
    port: int
    seen: str
    version: str
    mended: tuple[str, ...]
    person: str
    confirmed_on: date


@dataclass(frozen=True, slots=True)
class ConfirmationRecord:
    """A confirmation under the key of the register."""

    id: UUID
    code: str
    institution_id: UUID
    confirmed: Confirmed
    withdrawn_at: datetime | None
    act: Act


def insert_confirmation(
    connection: Connection, institution_id: UUID, confirmed: Confirmed, act: Act
) -> ConfirmationRecord:
    """Record a confirmation and return it, with a fresh code."""
    record = ConfirmationRecord(
        uuid4(), new_code("confirmation"), institution_id, confirmed, None, act
    )
    connection.execute(
        sa.insert(t.version_confirmations),
        {
            "id": record.id,
            "code": record.code,
            "institution_id": institution_id,
            **{name: getattr(confirmed, name) for name in Confirmed.__slots__ if name != "mended"},
            "mended": list(confirmed.mended),
            **act.written(),
        },
    )
    return record


def withdraw_confirmation(
    connection: Connection, institution_id: UUID, code: str, act: Act
) -> None:
    """Have a confirmation hold no longer.

    Raises:
        NotFound: the institution confirmed no such thing.
        WrongState: it was withdrawn before.
    """
    c = t.version_confirmations
    mine = sa.and_(c.c.institution_id == institution_id, c.c.code == code)
    row = connection.execute(sa.select(c.c.withdrawn_at).where(mine)).one_or_none()
    if row is None:
        raise NotFound("confirmation", code)
    if row.withdrawn_at is not None:
        raise WrongState(f"{code} was withdrawn before")
    connection.execute(sa.update(c).where(mine).values(**act.ended("withdrawn")))


def list_confirmations(
    connection: Connection, institution_id: UUID, *, as_of: datetime
) -> list[ConfirmationRecord]:
    """Return what holds at `as_of`, the oldest first."""
    c = t.version_confirmations
    query = (
        sa.select(c)
        .where(
            c.c.institution_id == institution_id,
            c.c.at <= as_of,
            sa.or_(c.c.withdrawn_at.is_(None), c.c.withdrawn_at > as_of),
        )
        .order_by(c.c.at, c.c.code)
    )
    return [_read(row) for row in connection.execute(query).mappings()]


def _read(row: RowMapping) -> ConfirmationRecord:
    plain = {name: row[name] for name in Confirmed.__slots__ if name != "mended"}
    return ConfirmationRecord(
        row["id"],
        row["code"],
        row["institution_id"],
        Confirmed(mended=tuple(row["mended"]), **plain),
        row["withdrawn_at"],
        read_act(row),
    )
