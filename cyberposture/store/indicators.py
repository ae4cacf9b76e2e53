"""The nation's indicators, which the centre fills in with a source and a date; all revisions."""

from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from cyberposture.store import tables as t
from cyberposture.store.acts import Act, read_act


@dataclass(frozen=True, slots=True)
class IndicatorRecord:
    """One revision of an indicator; `value` is text, because not all of them are numbers."""

    code: str
    revision: int
    value: str
    source: str
    dated: date
    act: Act


def record_indicator(
    connection: Connection, code: str, act: Act, *, value: str, source: str, dated: date
) -> IndicatorRecord:
    """Write a new revision of an indicator and return it."""
    n = t.indicators
    last = connection.execute(
        sa.select(sa.func.max(n.c.revision)).where(n.c.code == code)
    ).scalar_one()
    record = IndicatorRecord(code, (last or 0) + 1, value, source, dated, act)
    connection.execute(
        sa.insert(n),
        {
            "code": code,
            "revision": record.revision,
            "value": value,
            "source": source,
            "dated": dated,
            **act.written(),
        },
    )
    return record


def list_indicators(connection: Connection, *, as_of: datetime) -> list[IndicatorRecord]:
    """Return the newest revision (at `as_of`) of each indicator, by code."""
    n = t.indicators
    newest = (
        sa.select(n.c.code, sa.func.max(n.c.revision)).where(n.c.at <= as_of).group_by(n.c.code)
    )
    query = sa.select(n).where(sa.tuple_(n.c.code, n.c.revision).in_(newest)).order_by(n.c.code)
    return [_read(row) for row in connection.execute(query).mappings()]


def list_revisions(connection: Connection, code: str) -> list[IndicatorRecord]:
    """Return every revision of an indicator, oldest first."""
    n = t.indicators
    query = sa.select(n).where(n.c.code == code).order_by(n.c.revision)
    return [_read(row) for row in connection.execute(query).mappings()]


def _read(row: RowMapping) -> IndicatorRecord:
    return IndicatorRecord(
        row["code"], row["revision"], row["value"], row["source"], row["dated"], read_act(row)
    )
