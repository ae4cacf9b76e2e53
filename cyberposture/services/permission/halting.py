"""Stops as the stop page shows them: what holds, what was silent when, and what runs now."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.services.register import Register
from cyberposture.store import chunk_pages, institutions, scans, stops, workers
from cyberposture.store.paging import FIRST, Page, Turn
from cyberposture.store.stops import Acknowledgement, Resumption, StopRecord

MOST_RUNNING = 100
"""So many running scans are listed; the others are counted."""


@dataclass(frozen=True)
class Halted:
    """One stop with all that followed."""

    record: StopRecord
    institution: str | None
    """The code of the institution that is stopped, or to which the scan belongs."""
    scan: str | None
    acknowledged: tuple[Acknowledgement, ...]
    awaited: tuple[str, ...]
    """The workers that are there and have not acknowledged it."""
    agreed: tuple[Resumption, ...]

    @property
    def is_lifted(self) -> bool:
        """Whether may be sent again, as far as this stop goes."""
        return self.record.resumed_at is not None


@dataclass(frozen=True)
class Running:
    """One scan that is under way."""

    code: str
    institution: str
    vantage: str
    started_at: datetime | None
    sending: int
    """Chunks that are being sent now."""
    waiting: int


@dataclass(frozen=True)
class Halting:
    """What the stop page shows."""

    holding: tuple[Halted, ...]
    running: tuple[Running, ...]
    more_running: int
    workers: tuple[str, ...]


def look(register: Register, *, among: Collection[str] | None = None) -> Halting:
    """Return what is stopped and what runs now, of all institutions or of some.

    A stop of everything, and of a range of addresses, is everybody's.
    """
    now = register.clock()
    with register.reading() as connection:
        codes = institutions.codes_by_id(connection)
        held = [one for one in stops.list_active_stops(connection) if _concerns(one, codes, among)]
        there = [one.name for one in workers.list_workers(connection, at=now)]
        own = None if among is None else [key for key, code in codes.items() if code in among]
        found = scans.list_running(connection, institutions=own)
        shown = found[:MOST_RUNNING]
        counts = chunk_pages.count_by_scan(connection, [one.id for one in shown])
        return Halting(
            holding=tuple(_halted(connection, held, codes, there)),
            running=tuple(
                Running(
                    one.code, codes[one.institution_id], one.vantage, one.started_at,
                    counts.get(one.id, {}).get("running", 0),
                    counts.get(one.id, {}).get("queued", 0),
                )
                for one in shown
            ),
            more_running=len(found) - len(shown),
            workers=tuple(there) if among is None else (),
        )  # fmt: skip


def page_stops(register: Register, turn: Turn = FIRST) -> Page[Halted]:
    """Return a page of the stops that there ever were, the newest first."""
    now = register.clock()
    with register.reading() as connection:
        codes = institutions.codes_by_id(connection)
        there = [one.name for one in workers.list_workers(connection, at=now)]
        found = stops.page_stops(connection, turn)
        rows = _halted(connection, found.rows, codes, there)
    return Page(tuple(rows), found.before, found.after)


def get_stop(register: Register, code: str) -> Halted:
    """Return one stop.

    Raises:
        NotFound: there is none.
    """
    now = register.clock()
    with register.reading() as connection:
        codes = institutions.codes_by_id(connection)
        there = [one.name for one in workers.list_workers(connection, at=now)]
        (found,) = _halted(connection, [stops.get_stop(connection, code)], codes, there)
    return found


def _concerns(stop: StopRecord, codes: dict[UUID, str], among: Collection[str] | None) -> bool:
    if among is None or stop.institution_id is None:
        return True
    return codes[stop.institution_id] in among


def _halted(
    connection: Connection,
    records: Sequence[StopRecord],
    codes: dict[UUID, str],
    there: Sequence[str],
) -> list[Halted]:
    ids = [one.id for one in records]
    silent = stops.acknowledgements_of(connection, ids)
    agreed = stops.resumptions_of(connection, ids)
    named = scans.codes_of(connection, [one.scan_id for one in records if one.scan_id is not None])
    return [
        Halted(
            record=one,
            institution=None if one.institution_id is None else codes[one.institution_id],
            scan=None if one.scan_id is None else named[one.scan_id],
            acknowledged=tuple(silent.get(one.id, ())),
            awaited=_awaited(one, silent.get(one.id, ()), there),
            agreed=tuple(agreed.get(one.id, ())),
        )
        for one in records
    ]


def _awaited(
    stop: StopRecord, silent: Sequence[Acknowledgement], there: Sequence[str]
) -> tuple[str, ...]:
    if stop.resumed_at is not None:
        return ()
    given = {one.worker for one in silent}
    return tuple(name for name in there if name not in given)
