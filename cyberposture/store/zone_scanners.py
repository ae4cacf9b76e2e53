"""Scanners in zones without access to the register: name, vantage and the key they sign with."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from cyberposture.errors import NotFound, WrongState
from cyberposture.store import tables as t
from cyberposture.store.acts import Act, read_act


@dataclass(frozen=True, slots=True)
class ZoneScannerRecord:
    """A scanner that works on leases; its act says who trusts it."""

    id: UUID
    name: str
    vantage: str
    public_key: str
    act: Act


def insert_zone_scanner(
    connection: Connection, act: Act, *, name: str, vantage: str, public_key: str
) -> ZoneScannerRecord:
    """Trust a scanner from now on, and return it.

    Raises:
        WrongState: the name was used before, or the vantage is served by another one.
    """
    z = t.zone_scanners.c
    if connection.execute(sa.select(z.id).where(z.name == name)).first() is not None:
        raise WrongState(f"a scanner was called {name} before; names are never used again")
    if (present := find_at_vantage(connection, vantage)) is not None:
        raise WrongState(f"{present.name} is the scanner of {vantage}")
    record = ZoneScannerRecord(uuid4(), name, vantage, public_key, act)
    values: dict[str, Any] = {name: getattr(record, name) for name in _COLUMNS}
    connection.execute(sa.insert(t.zone_scanners), {**values, **act.written()})
    return record


def end_zone_scanner(connection: Connection, name: str, act: Act) -> None:
    """Trust a scanner no more; its row stays.

    Raises:
        NotFound: there is no such scanner, or it ended before.
    """
    record = get_zone_scanner(connection, name)
    change = sa.update(t.zone_scanners).where(t.zone_scanners.c.id == record.id)
    connection.execute(change.values(**act.ended("ended")))


def get_zone_scanner(connection: Connection, name: str) -> ZoneScannerRecord:
    """Return the scanner of this name that is trusted now.

    Raises:
        NotFound: there is none.
    """
    found = next((one for one in list_zone_scanners(connection) if one.name == name), None)
    if found is None:
        raise NotFound("scanner of a zone", name, advice="cyberposture zone list")
    return found


def find_at_vantage(connection: Connection, vantage: str) -> ZoneScannerRecord | None:
    """Return the scanner that serves a vantage by leases, or None."""
    return next((one for one in list_zone_scanners(connection) if one.vantage == vantage), None)


def list_zone_scanners(connection: Connection) -> list[ZoneScannerRecord]:
    """Return the scanners that are trusted now, by name."""
    z = t.zone_scanners.c
    query = sa.select(t.zone_scanners).where(z.ended_at.is_(None)).order_by(z.name)
    return [_read(row) for row in connection.execute(query).mappings()]


_COLUMNS = ("id", "name", "vantage", "public_key")


def _read(row: RowMapping) -> ZoneScannerRecord:
    return ZoneScannerRecord(act=read_act(row), **{name: row[name] for name in _COLUMNS})
