"""Scans as people list and read them; what a scan would contact, without contacting it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from cyberposture.scanning.judging.coverage import ports_needed
from cyberposture.services.permission.consents import unconsented
from cyberposture.services.permission.ground import gather
from cyberposture.services.register import Register
from cyberposture.services.scanner import Scanner
from cyberposture.services.scans import names
from cyberposture.services.scans.outlook import Outlook, first_look, techniques_allowed
from cyberposture.store import chunks, declarations, institutions, scans
from cyberposture.store.chunks import ChunkRecord
from cyberposture.store.scans import ScanRecord

QUIET_S = 120
"""A scan that runs shows more than once in so many seconds that it does."""


@dataclass(frozen=True)
class ScanView:
    """One scan with the code of its institution, and its chunks where they were asked for."""

    institution: str
    record: ScanRecord
    chunks: tuple[ChunkRecord, ...] = ()


def list_scans(register: Register, institution: str | None = None) -> list[ScanView]:
    """Return scans, the newest first.

    Raises:
        NotFound: the institution is not in the register.
    """
    with register.reading() as connection:
        institution_id = institutions.get_owner_id(connection, institution)
        names = {
            r.id: r.institution.code
            for r in institutions.list_institutions(connection, as_of=register.clock())
        }
        found = scans.list_scans(connection, institution_id=institution_id)
        return [ScanView(names.get(r.institution_id, ""), r) for r in found]


def find_newest_done(register: Register, institution: str) -> str | None:
    """Return the code of the newest scan of an institution that came to its end, or None.

    Raises:
        NotFound: the institution is not in the register.
    """
    with register.reading() as connection:
        owner = institutions.get_owner_id(connection, institution)
        found = scans.list_scans(connection, institution_id=owner, state="done", limit=1)
    return found[0].code if found else None


def get_scan(register: Register, code: str) -> ScanView:
    """Return one scan with its chunks.

    Raises:
        NotFound: there is no such scan.
    """
    with register.reading() as connection:
        record = scans.get_scan(connection, code)
        name = institutions.get_institution_by_id(
            connection, record.institution_id, as_of=register.clock()
        ).institution.code
        return ScanView(name, record, tuple(chunks.list_chunks(connection, scan_id=record.id)))


def find_lost(register: Register, institution: str, vantage: str) -> str | None:
    """Return the code of the newest scan of an institution whose process must have died, or None.

    Nobody holds one of its chunks, and for `QUIET_S` none of them began or ended.

    Raises:
        NotFound: the institution is not in the register.
    """
    now = register.clock()
    with register.reading() as connection:
        institution_id = institutions.get_institution_id(connection, institution)
        found = scans.list_scans(connection, institution_id=institution_id, state="running")
        for scan in found:
            own = chunks.list_chunks(connection, scan_id=scan.id)
            signs = [scan.started_at, *(chunk.started_at for chunk in own)]
            signs += [chunk.ended_at or chunk.lease_until for chunk in own]
            last = max(sign for sign in signs if sign is not None)
            if scan.vantage == vantage and last + timedelta(seconds=QUIET_S) < now:
                return scan.code
    return None


def find_running(register: Register, institution: str, vantage: str) -> str | None:
    """Return the code of the newest scan of an institution that runs from a vantage, or None.

    Raises:
        NotFound: the institution is not in the register.
    """
    with register.reading() as connection:
        institution_id = institutions.get_institution_id(connection, institution)
        found = scans.list_scans(connection, institution_id=institution_id, state="running")
        return next((scan.code for scan in found if scan.vantage == vantage), None)


def count_under_way(register: Register, vantage: str) -> int:
    """Return how many scans that the schedule began run from a vantage."""
    with register.reading() as connection:
        running = scans.list_scans(connection, state="running")
    return sum(one.kind == "scheduled" and one.vantage == vantage for one in running)


def list_lost(register: Register) -> list[ScanView]:
    """Return every scan whose process must have died, so that this one may bring it to its end."""
    found = [one for one in list_scans(register) if one.record.state == "running"]
    return [
        one
        for one in found
        if find_lost(register, one.institution, one.record.vantage) == one.record.code
    ]


def preview(register: Register, scanner: Scanner, institution: str) -> dict[str, Any]:
    """Return what a scan would contact now and what the gate would refuse, as plain values.

    It decides nothing for later: each chunk is asked about again when it is sent.

    Raises:
        NotFound: the institution is not in the register.
    """
    now = register.clock()
    with register.reading() as connection:
        record = institutions.get_institution(connection, institution, as_of=now)
        declared = declarations.get_declaration(connection, record.id, as_of=now)
        ground = gather(connection, record.id, now)
    ground = ground.without(unconsented(declared, ground))
    allowed = techniques_allowed(ground, scanner, now)
    needed = ports_needed(register.content.checks.checks)
    outlook = Outlook(ground, scanner, now, "preview", None)
    laid = first_look(outlook, needed, declared.addresses(), None)
    targets = list(dict.fromkeys(t for one in laid.passed for t in one.plan.targets))
    return {
        "techniques": sorted(allowed),
        "targets": targets,
        "refused": [
            {"target": pair.target, "port": pair.port, "reason": pair.reason}
            for _, pair, _ in laid.denied
            if pair.target not in targets
        ],
        "names": names.preview(names.Known(ground, declared), scanner, now),
    }
