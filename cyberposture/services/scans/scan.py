"""One scan from plan to findings: asked, sent in stages, judged. Without authorisation: nothing."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import get_args

from cyberposture.errors import (
    Fault,
    InvalidInput,
    MissingService,
    NotAuthorised,
    WrongState,
    WrongUsage,
)
from cyberposture.model.addresses import is_mapped, read_address
from cyberposture.model.foundation import Moment
from cyberposture.model.gate import Reason
from cyberposture.model.institutions import Declaration
from cyberposture.scanning.judging.coverage import ports_needed
from cyberposture.services.permission.consents import unconsented
from cyberposture.services.permission.denials import PLAN
from cyberposture.services.permission.ground import gather
from cyberposture.services.permission.notices import not_told
from cyberposture.services.register import Register
from cyberposture.services.scanner import Scanner, require_vantage
from cyberposture.services.scans import names
from cyberposture.services.scans.conduct import list_begun, log_laid, look_at
from cyberposture.services.scans.here import Progress, no_progress, run_here
from cyberposture.services.scans.outlook import Laid, Outlook, first_look, techniques_allowed
from cyberposture.store import chunks, declarations, institutions, queue, scans, workers
from cyberposture.store.scans import ScanKind, ScanRecord
from cyberposture.store.zone_scanners import find_at_vantage


@dataclass(frozen=True)
class Request:
    """What somebody wants to have scanned."""

    institution: str
    addresses: tuple[str, ...] | None = None
    """None: every declared address; otherwise exactly these, all of them or nothing."""
    is_partial: bool = False
    """Of the addresses named, those that may be contacted are; the others do not keep them."""
    load: int | None = None
    kind: ScanKind = "manual"
    reason: str = ""
    is_announced: bool = False
    """The institution agreed on a window, and is to notice it by itself."""


FOLLOW_S = 0.5
_REASONS = get_args(Reason)
"""In the order in which the gate looks: the one that got furthest says most."""


class _Planner:
    """Asks for one scan before anything of it is queued."""

    def __init__(self, register: Register, scanner: Scanner, request: Request) -> None:
        self.register = register
        self.scanner = scanner
        self.request = request

    def _targets(self, declaration: Declaration) -> tuple[str, ...]:
        if self.request.addresses is not None:
            return _canonical(self.request.addresses)
        targets = declaration.addresses()
        if not targets and not names.declared_names(declaration):
            raise WrongState(
                f"{self.request.institution} declared neither address nor name",
                advice="cyberposture declare import FILE --institution …",
            )
        return targets

    def begin(self) -> ScanRecord:
        """Ask the gate about every target before anything is planned; keep each decision.

        Raises:
            NotAuthorised: nothing may be contacted, or not all of what was expressly asked for.
        """
        register, request = self.register, self.request
        with register.change("scan-planned", request.institution, reason=request.reason) as change:
            now = change.now
            record = institutions.get_institution(change.connection, request.institution, as_of=now)
            change.institution_id = record.id
            declaration = declarations.get_declaration(change.connection, record.id, as_of=now)
            ground = gather(change.connection, record.id, now)
            ground = ground.without(unconsented(declaration, ground))
            allowed = techniques_allowed(ground, self.scanner, now)
            outlook = Outlook(ground, self.scanner, now, "plan", self.request.load)
            needed = ports_needed(register.content.checks.checks)
            laid = first_look(outlook, needed, self._targets(declaration), self.request.load)
            refused = self._refusal(laid, names.Known(ground, declaration), now)
            scan = None
            if refused is None:
                scan = scans.insert_scan(
                    change.connection,
                    record.id,
                    change.by,
                    kind=request.kind,
                    vantage=self.scanner.vantage,
                    authorisations=sorted({p.answer.authorisation or "" for p in laid.passed}),
                    plan=self._plan_document(laid, allowed),
                    checks_digest=register.edition.checks,
                    scanner=self.scanner.scanner_id,
                )
                scans.record_state(change.connection, scan.id, "running", at=now)
                queue.wake_for_scan(change.connection, scan.vantage, scan.id)
                change.tell(scan=scan.code)
            else:
                change.tell(refused=refused.reason)
            log_laid(register, change, laid, "" if scan is None else scan.code, PLAN)
        if refused is not None:
            raise refused
        assert scan is not None
        return scan

    def _plan_document(self, laid: Laid, allowed: frozenset[str]) -> dict[str, object]:
        passed = dict.fromkeys(t for p in laid.passed for t in p.plan.targets)
        return {
            "targets": list(passed),
            "refused": [
                {"target": pair.target, "port": pair.port, "reason": pair.reason}
                for _, pair, _ in laid.denied
                if pair.target not in passed
            ],
            "techniques": sorted(allowed),
            "load": self.request.load,
            "names": self.request.addresses is None,
            "announced": self.request.is_announced,
        }

    def _refusal(self, laid: Laid, known: names.Known, now: Moment) -> NotAuthorised | None:
        allowed = {target for one in laid.passed for target in one.plan.targets}
        barred = [pair for _, pair, _ in laid.denied if pair.target not in allowed]
        if not allowed and not barred:
            return names.refusal(known, now)
        is_whole = self.request.addresses is not None and not self.request.is_partial
        if not barred or (allowed and not is_whole):
            return None
        first = max(barred, key=lambda pair: _REASONS.index(pair.reason))
        waiting = known.ground.waiting_for_notice(first, now)
        if waiting:
            return not_told(waiting)
        others = len({pair.target for pair in barred}) - 1
        more = f" and {others} more" if others else ""
        return NotAuthorised(
            first.reason,
            f"{first.target}{more} may not be contacted; nothing was sent",
            advice=f"cyberposture authorise list --institution {self.request.institution}",
        )


def begin_scan(register: Register, scanner: Scanner, request: Request) -> ScanRecord:
    """Begin a scan and return it; whoever serves its vantage moves it on (see `conduct`).

    Raises: as `run_scan`, before anything is sent.
    """
    if request.load is not None and not 0 <= request.load <= 4:
        raise WrongUsage("a load is a whole number from 0 to 4")
    return _Planner(register, scanner, request).begin()


def run_scan(
    register: Register, scanner: Scanner, request: Request, progress: Progress = no_progress
) -> ScanRecord:
    """Scan an institution now, in stages, in this process, and return the scan's record.

    Raises:
        NotAuthorised: with the gate's reason; nothing was sent, each decision is on record.
        NotFound: the institution is not in the register.
        WrongState: it declared no address, or the deny list was never confirmed.
        InvalidInput: an address is not in canonical spelling.
        WrongUsage: there is no such load.
        MissingService: nmap is not there.
    """
    scan = begin_scan(register, scanner, request)
    return run_here(register, scanner, scan.id, progress)


def is_left_to_others(register: Register, vantage: str) -> bool:
    """Return whether scans from a vantage are done by whoever serves it, and not by their process.

    On PostgreSQL its workers do them; where a scanner stands in a zone of its own, nobody else may.
    """
    if register.database.has_queue:
        return True
    with register.reading() as connection:
        return find_at_vantage(connection, vantage) is not None


def perform_scan(register: Register, scanner: Scanner, request: Request) -> ScanRecord:
    """Have a scan done: by those who serve its vantage where it is left to them, else here.

    Raises: as `run_scan`.
    """
    if is_left_to_others(register, scanner.vantage):
        return begin_scan(register, scanner, request)
    return run_scan(register, scanner, request)


def follow_scan(
    register: Register, scanner: Scanner, request: Request, progress: Progress = no_progress
) -> ScanRecord:
    """Have the workers of a vantage do a scan, and return its record when it is over.

    Whoever follows does nothing for it: the scan goes on without them.

    Raises: as `run_scan`, and
        MissingService: nobody serves this vantage.
    """
    with register.reading() as connection:
        there = workers.list_workers(connection, at=register.clock(), vantage=scanner.vantage)
    if not there:
        raise MissingService(
            f"no worker serves {scanner.vantage}",
            advice=f"start one there: cyberposture worker --queue {scanner.vantage} (or, for a "
            "scanner on leases, zone lend); or scan from this machine: --here",
        )
    scan = begin_scan(register, scanner, request)
    while True:
        standing = look_at(register, scan.id)
        if standing.is_over:
            return standing.scan
        with register.reading() as connection:
            counts = chunks.count_chunks(connection, scan.id)
        ended = sum(counts.get(state, 0) for state in ("done", "ended", "failed"))
        progress(standing.stage, ended, sum(counts.values()))
        time.sleep(FOLLOW_S)


def resume_scan(
    register: Register, scanner: Scanner, code: str, progress: Progress = no_progress
) -> ScanRecord:
    """Go on with a scan whose process died, from where it stood, and return its record.

    Raises:
        NotFound: there is no such scan.
        WrongState: it has ended, or a worker still holds one of its chunks.
        MissingService: nmap is not there.
    """
    scan = _pick_up(register, code)
    return run_here(register, from_vantage(scanner, scan.vantage), scan.id, progress)


def _pick_up(register: Register, code: str) -> ScanRecord:
    """Return a scan that nobody runs any more; that it goes on is on record."""
    with register.change("scan-resumed", code) as change:
        scan = scans.get_scan(change.connection, code)
        change.institution_id = scan.institution_id
        if scan.state != "running":
            raise WrongState(f"the scan {code} is {scan.state}")
        chunks.sweep_chunks(change.connection, at=change.now)
        if chunks.count_chunks(change.connection, scan.id).get("running"):
            raise WrongState(f"a worker still holds a chunk of the scan {code}")
        change.tell(begun=list_begun(change.connection, scan))
    return scan


def _canonical(addresses: Sequence[str]) -> tuple[str, ...]:
    """Return each address once, as it is sent; no text in another spelling goes any further.

    Raises:
        InvalidInput: one of them is no address in canonical spelling; all such are named.
    """
    wrong: list[Fault] = []
    for address in addresses:
        try:
            if is_mapped(read_address(address)):
                raise ValueError("write the IPv4 address itself")
        except ValueError as error:
            wrong.append(Fault("--address", f"{address[:60]!r}: {error}"))
    if wrong:
        raise InvalidInput(wrong)
    return tuple(dict.fromkeys(address.lower() for address in addresses))


def from_vantage(scanner: Scanner, vantage: str | None) -> Scanner:
    """Return the scanner as it stands at another vantage: `external`, or `internal:ZONE`.

    Raises:
        WrongUsage: there is no such kind of vantage.
    """
    return scanner if vantage is None else replace(scanner, vantage=require_vantage(vantage))
