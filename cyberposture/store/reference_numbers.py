"""Reference numbers that people quote, such as C-2026-0007: in order, each once, without a gap."""

import sqlalchemy as sa
from sqlalchemy import Connection

from cyberposture.store import tables as t
from cyberposture.store.once import insert_once


def next_reference(connection: Connection, letter: str, year: int) -> str:
    """Return the next number of a letter in a year; two transactions never get the same.

    The series is locked until the transaction ends: one that is given up leaves no gap.
    """
    n = t.reference_numbers
    series = f"{letter}-{year}"
    insert_once(connection, n, {"series": series, "last": 0})
    step = sa.update(n).where(n.c.series == series).values(last=n.c.last + 1).returning(n.c.last)
    number: int = connection.execute(step).scalar_one()
    return f"{series}-{number:04}"
