"""How the register is, in one word or a few counts: for machines, so without any name."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from cyberposture.services.register import Register
from cyberposture.store import measures, schedules


@dataclass(frozen=True)
class Measure:
    """One thing that is counted, by its labels."""

    name: str
    says: str
    labels: tuple[str, ...]
    rows: tuple[tuple[tuple[str, ...], float], ...]


def look(register: Register) -> None:
    """Return if the register can be read.

    Raises:
        MissingService: the database cannot be reached.
        WrongState: it is of another version.
        Corrupt: it is damaged.
    """
    with register.reading() as connection:
        connection.execute(sa.select(sa.literal(1)))


def count(register: Register) -> list[Measure]:
    """Return what a monitor reads: messages, chunks of scans, and how late the clock is.

    Raises: as `look`.
    """
    now = register.clock()
    with register.reading() as connection:
        messages = measures.count_messages(connection)
        parts = measures.count_chunks(connection)
        rows = schedules.list_schedules(connection, enabled_only=True)
    return [
        Measure("cyberposture_messages", "Messages by channel and state", ("channel", "state"),
                tuple((key, float(number)) for key, number in sorted(messages.items()))),
        Measure("cyberposture_chunks", "Chunks of scans by state", ("state",),
                tuple(((state,), float(number)) for state, number in sorted(parts.items()))),
        Measure("cyberposture_clock_late_seconds", "How late the latest schedule is", (),
                (((), _late_s([one.next_run for one in rows], now)),)),
    ]  # fmt: skip


def _late_s(due: list[datetime | None], now: datetime) -> float:
    late = ((now - one).total_seconds() for one in due if one is not None and one < now)
    return max(late, default=0.0)
