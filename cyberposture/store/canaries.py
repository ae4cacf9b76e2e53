"""Targets with known flaws that each cycle must find: what shows that our eyes are open."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from cyberposture.errors import NotFound, WrongState
from cyberposture.model.checks import Verdict
from cyberposture.store import tables as t
from cyberposture.store.acts import Act, read_act
from cyberposture.store.codes import new_code


@dataclass(frozen=True, slots=True)
class CanaryRecord:
    """What a check must say of an address, at least every so many days; its act planted it."""

    id: UUID
    code: str
    institution_id: UUID
    address: str
    check: str
    verdict: Verdict
    cycle_days: int
    act: Act


def insert_canary(
    connection: Connection,
    institution_id: UUID,
    act: Act,
    *,
    address: str,
    check: str,
    verdict: Verdict,
    cycle_days: int,
) -> CanaryRecord:
    """Plant a canary and return it.

    Raises:
        WrongState: there is one for this check at this address.
    """
    for one in list_canaries(connection):
        if (one.institution_id, one.address, one.check) == (institution_id, address, check):
            raise WrongState(f"{one.code} watches {check} at {address} already")
    record = CanaryRecord(
        uuid4(), new_code("canary"), institution_id, address, check, verdict, cycle_days, act
    )
    values: dict[str, Any] = {name: getattr(record, name) for name in _COLUMNS}
    connection.execute(sa.insert(t.canaries), {**values, "check_id": check, **act.written()})
    return record


def end_canary(connection: Connection, code: str, act: Act) -> UUID:
    """Have a canary watched no more, and return whose it was; the row stays.

    Raises:
        NotFound: there is no such canary, or it ended before.
    """
    found = next((one for one in list_canaries(connection) if one.code == code), None)
    if found is None:
        raise NotFound("canary", code)
    change = sa.update(t.canaries).where(t.canaries.c.id == found.id)
    connection.execute(change.values(**act.ended("ended")))
    return found.institution_id


def list_canaries(connection: Connection) -> list[CanaryRecord]:
    """Return the canaries that are watched, by code."""
    c = t.canaries.c
    query = sa.select(t.canaries).where(c.ended_at.is_(None)).order_by(c.code)
    return [_read(row) for row in connection.execute(query).mappings()]


_COLUMNS = ("id", "code", "institution_id", "address", "verdict", "cycle_days")


def _read(row: RowMapping) -> CanaryRecord:
    columns = {name: row[name] for name in _COLUMNS}
    return CanaryRecord(check=row["check_id"], act=read_act(row), **columns)
