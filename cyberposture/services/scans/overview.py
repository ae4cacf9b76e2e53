"""Scans page by page, and how far one is: counted, so that large ones read as fast as small."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cyberposture.errors import NotFound
from cyberposture.services.register import Register
from cyberposture.services.scans.conduct import STAGES, list_begun
from cyberposture.store import chunk_pages, institutions, scans
from cyberposture.store.chunk_pages import Tally
from cyberposture.store.chunks import ChunkRecord, ChunkState
from cyberposture.store.paging import FIRST, Page, Turn
from cyberposture.store.scans import ScanRecord, ScanState

CHUNKS: Final = 25
"""Chunks on one page."""
OVER: Final = ("done", "ended", "failed")


@dataclass(frozen=True)
class ScanLine:
    """One scan in a list, and how many of its chunks stand how."""

    institution: str
    record: ScanRecord
    chunks: Mapping[ChunkState, int]


@dataclass(frozen=True)
class Progress:
    """How far a scan is."""

    scan: ScanRecord
    institution: str
    tally: Tally
    begun: tuple[str, ...]
    """The stages that were queued."""

    @property
    def is_over(self) -> bool:
        """Whether the scan has come to an end."""
        return self.scan.state in OVER

    @property
    def done(self) -> int:
        """How many chunks came to an end."""
        return sum(n for state, n in self.tally.states.items() if state in OVER)

    @property
    def of(self) -> int:
        """How many chunks there are so far; later stages add to them."""
        return sum(self.tally.states.values())

    @property
    def stages(self) -> tuple[tuple[str, bool], ...]:
        """Every stage that a scan can have, and whether it was queued."""
        return tuple((stage, stage in self.begun) for stage in STAGES)


@dataclass(frozen=True)
class ScanPage:
    """One scan and a page of its chunks."""

    progress: Progress
    chunks: tuple[ChunkRecord, ...]
    before: int
    """The number with which the page before begins; 0 where there is none."""
    after: int
    previous: str | None
    """The scan of the same institution and vantage before this one, to compare with."""


def page_scans(
    register: Register,
    *,
    institution: str | None = None,
    state: ScanState | None = None,
    turn: Turn = FIRST,
) -> Page[ScanLine]:
    """Return a page of scans, the newest first.

    Raises:
        NotFound: the institution is not in the register.
    """
    with register.reading() as connection:
        owner = institutions.get_owner_id(connection, institution)
        codes = institutions.codes_by_id(connection)
        found = scans.page_scans(connection, turn, institution_id=owner, state=state)
        counts = chunk_pages.count_by_scan(connection, [one.id for one in found.rows])
    lines = (ScanLine(codes[one.institution_id], one, counts.get(one.id, {})) for one in found.rows)
    return Page(tuple(lines), found.before, found.after)


def get_progress(register: Register, code: str) -> Progress:
    """Return how far a scan is.

    Raises:
        NotFound: there is no such scan.
    """
    with register.reading() as connection:
        scan = scans.get_scan(connection, code)
        name = institutions.codes_by_id(connection)[scan.institution_id]
        begun = tuple(list_begun(connection, scan))
        return Progress(scan, name, chunk_pages.tally(connection, scan.id), begun)


def get_page(register: Register, code: str, first: int = 1, address: str | None = None) -> ScanPage:
    """Return one scan with a page of its chunks; with `address`, those that contact it.

    Raises:
        NotFound: there is no such scan.
    """
    progress = get_progress(register, code)
    scan = progress.scan
    with register.reading() as connection:
        found = chunk_pages.page_chunks(
            connection, scan.id, first=first, size=CHUNKS + 1, address=address
        )
        earlier = scans.find_before(connection, scan)
    shown = tuple(found[:CHUNKS])
    after = found[CHUNKS].number if len(found) > CHUNKS else 0
    before = max(1, first - CHUNKS) if first > 1 else 0
    return ScanPage(progress, shown, before, after, earlier)


def read_raw(register: Register, code: str, sha256: str) -> bytes:
    """Return a raw file of a scan as it was kept.

    Raises:
        NotFound: there is no such scan, or the file is not of it.
        Corrupt: the file does not open, or is not what was kept.
    """
    with register.reading() as connection:
        scan = scans.get_scan(connection, code)
        if not chunk_pages.has_artefact(connection, scan.id, sha256):
            raise NotFound("raw file", sha256[:12])
        return register.blobs.get(connection, scan.institution_id, "scan", sha256)
