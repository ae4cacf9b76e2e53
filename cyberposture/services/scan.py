"""One scan from plan to findings: asked, sent in stages, judged. Without authorisation: nothing."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import get_args

from cyberposture.errors import Fault, InvalidInput, NotAuthorised, WrongState, WrongUsage
from cyberposture.model.addresses import is_mapped, read_address
from cyberposture.model.foundation import Moment
from cyberposture.model.gate import Reason
from cyberposture.model.institutions import Declaration
from cyberposture.model.observations import Fact
from cyberposture.scanning.judging.coverage import ports_needed
from cyberposture.scanning.permission.gate import permit
from cyberposture.scanning.permission.tickets import issue
from cyberposture.scanning.stages import (
    Wish,
    fragile_hosts,
    fragile_stage,
    page_stage,
    port_stage,
    talk_stage,
    version_stage,
    whole_stage,
)
from cyberposture.services.consents import unconsented
from cyberposture.services.denials import PLAN, is_cut_short
from cyberposture.services.dispatch import Dispatcher
from cyberposture.services.gate_log import GateLog
from cyberposture.services.ground import Ground, gather
from cyberposture.services.judging import judge_scan
from cyberposture.services.notices import not_told
from cyberposture.services.outlook import Laid, Outlook, first_look, techniques_allowed
from cyberposture.services.register import Change, Register
from cyberposture.services.scanner import Scanner, require_vantage
from cyberposture.services.stop import acknowledge
from cyberposture.store import chunks, declarations, institutions, scans
from cyberposture.store.audit import list_entries
from cyberposture.store.chunks import ChunkRecord, NewChunk
from cyberposture.store.facts import list_facts
from cyberposture.store.scans import ScanKind, ScanRecord

STAGES = ("fragile", "ports", "pages", "versions", "further-pages")
Progress = Callable[[str, int, int], None]
"""Called with the stage, the chunks that ended and the chunks that there are."""


@dataclass(frozen=True)
class Request:
    """What somebody wants to have scanned."""

    institution: str
    addresses: tuple[str, ...] | None = None
    """None: every declared address; otherwise exactly these, all of them or nothing."""
    load: int | None = None
    kind: ScanKind = "manual"
    reason: str = ""


_REASONS = get_args(Reason)
"""In the order in which the gate looks: the one that got furthest says most."""


def no_progress(_stage: str, _done: int, _of: int) -> None:
    """Show nothing."""


class ScanRun:
    """One scan under way; made and used by `run_scan` and `resume_scan` alone."""

    def __init__(
        self, register: Register, scanner: Scanner, request: Request, progress: Progress
    ) -> None:
        self.register = register
        self.scanner = scanner
        self.request = request
        self.progress = progress
        self.facts: list[Fact] = []

    def run(self) -> ScanRecord:
        """Run the scan and return its record."""
        scan, declaration = self._begin()
        return self._go(scan, declaration, STAGES)

    def resume(self, code: str) -> ScanRecord:
        """Go on with a scan whose process died; what waits is sent first."""
        scan, declaration, begun = self._pick_up(code)
        return self._go(scan, declaration, STAGES[len(begun) :], interrupted=begun[-1:])

    def _go(
        self,
        scan: ScanRecord,
        declaration: Declaration,
        stages: Sequence[str],
        interrupted: Sequence[str] = (),
    ) -> ScanRecord:
        try:
            is_whole = all(self._send(scan, stage) for stage in interrupted) and all(
                self._queue(scan, declaration, stage) and self._send(scan, stage)
                for stage in stages
            )
        except BaseException:
            self._conclude(scan, "failed")
            raise
        return self._conclude(scan, "done" if is_whole else "ended")

    def _pick_up(self, code: str) -> tuple[ScanRecord, Declaration, list[str]]:
        """Return a scan that nobody runs any more, and the stages that were begun.

        Raises:
            WrongState: it has ended, or somebody runs it.
        """
        with self.register.change("scan-resumed", code) as change:
            connection, now = change.connection, change.now
            scan = scans.get_scan(connection, code)
            change.institution_id = scan.institution_id
            if scan.state != "running":
                raise WrongState(f"the scan {code} is {scan.state}")
            chunks.sweep_chunks(connection, at=now)
            if chunks.count_chunks(connection, scan.id).get("running"):
                raise WrongState(f"a worker still holds a chunk of the scan {code}")
            of_its_own = list_entries(
                connection, institution_id=scan.institution_id, kind="scan-stage", subject=code
            )
            begun = [str(entry.data["stage"]) for entry in of_its_own]
            self.facts = [r.fact for r in list_facts(connection, scan_id=scan.id)]
            declaration = declarations.get_declaration(connection, scan.institution_id, as_of=now)
            change.tell(begun=begun)
        return scan, declaration, begun

    def _targets(self, declaration: Declaration) -> tuple[str, ...]:
        if self.request.addresses is not None:
            return _canonical(self.request.addresses)
        targets = declaration.addresses()
        if not targets:
            raise WrongState(
                f"{self.request.institution} declared no address",
                advice="cyberposture declare import FILE --institution …",
            )
        return targets

    def _begin(self) -> tuple[ScanRecord, Declaration]:
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
            refused = self._refusal(laid, ground, now)
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
                change.tell(scan=scan.code)
            else:
                change.tell(refused=refused.reason)
            self._log(change, laid, "" if scan is None else scan.code, PLAN)
        if refused is not None:
            raise refused
        assert scan is not None
        return scan, declaration

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
        }

    def _refusal(self, laid: Laid, ground: Ground, now: Moment) -> NotAuthorised | None:
        allowed = {target for one in laid.passed for target in one.plan.targets}
        barred = [pair for _, pair, _ in laid.denied if pair.target not in allowed]
        if not barred or (self.request.addresses is None and allowed):
            return None
        first = max(barred, key=lambda pair: _REASONS.index(pair.reason))
        waiting = ground.waiting_for_notice(first, now)
        if waiting:
            return not_told(waiting)
        others = len({pair.target for pair in barred}) - 1
        more = f" and {others} more" if others else ""
        return NotAuthorised(
            first.reason,
            f"{first.target}{more} may not be contacted; nothing was sent",
            advice=f"cyberposture authorise list --institution {self.request.institution}",
        )

    def _log(self, change: Change, laid: Laid, code: str, stage: str) -> None:
        assert change.institution_id is not None
        about = {"scan": code, "stage": stage}
        log = GateLog(
            self.register.audit, change.connection, change.institution_id, change.by, about
        )
        for one in laid.passed:
            log.allowed(one.question, one.answer)
        for question, pair, technique in laid.denied:
            log.denied(question, pair, technique)

    def _wishes(
        self, scan: ScanRecord, declaration: Declaration, stage: str, ground: Ground, now: Moment
    ) -> list[Wish]:
        """Return what a stage would like to look at, by what each target's own letters allow."""
        groups: dict[frozenset[str], list[str]] = {}
        for target in scan.plan["targets"]:
            allowed = techniques_allowed(ground, self.scanner, now, str(target))
            groups.setdefault(allowed, []).append(str(target))
        wishes: list[Wish] = []
        for allowed, targets in groups.items():
            wishes += self._wishes_for(scan.code, declaration, stage, targets, allowed)
        return wishes

    def _wishes_for(
        self,
        seed: str,
        declaration: Declaration,
        stage: str,
        targets: Sequence[str],
        allowed: frozenset[str],
    ) -> list[Wish]:
        needed = ports_needed(self.register.content.checks.checks)
        facts = [fact for fact in self.facts if fact.address in set(targets)]
        match stage:
            case "fragile":
                return fragile_stage(targets, needed, allowed, seed)
            case "ports" if self.request.load == 4:
                fragile = fragile_hosts(facts)
                return whole_stage([t for t in targets if t not in fragile], seed)
            case "ports":
                return port_stage(targets, needed, allowed, facts, seed)
            case "versions":
                return version_stage(facts, allowed)
            case _:
                names = {
                    address: host.names
                    for host in declaration.hosts()
                    for address in host.addresses
                }
                return page_stage(facts, names, allowed) + talk_stage(facts, names, allowed)

    def _queue(self, scan: ScanRecord, declaration: Declaration, stage: str) -> bool:
        """Queue what a stage wishes and the gate allows; return whether anything is allowed yet."""
        register = self.register
        with register.change("scan-stage", scan.code) as change:
            change.institution_id = scan.institution_id
            ground = gather(change.connection, scan.institution_id, change.now, scan.id)
            allowed = techniques_allowed(ground, self.scanner, change.now)
            wishes = self._wishes(scan, declaration, stage, ground, change.now)
            outlook = Outlook(ground, self.scanner, change.now, scan.code, None)
            outlook.add(wishes)
            self._log(change, outlook.laid, scan.code, stage)
            queued = [
                NewChunk(
                    plan=one.plan.model_dump(mode="json"),
                    targets=one.plan.targets,
                    ticket=issue(self.scanner.ticket_key, permit(one.plan, one.question)),
                )
                for one in outlook.laid.passed
            ]
            chunks.insert_chunks(change.connection, scan.id, queued, change.by)
            change.tell(stage=stage, chunks=len(queued), denied=len(outlook.laid.denied))
        return bool(allowed)

    def _send(self, scan: ScanRecord, stage: str) -> bool:
        """Send what waits; return whether the scan may go on."""
        with self.register.reading() as connection:
            waiting = chunks.count_chunks(connection, scan.id).get("queued", 0)
        done = 0

        def watch(_chunk: ChunkRecord, _outcome: str) -> None:
            nonlocal done
            done += 1
            self.progress(stage, done, waiting)

        Dispatcher(self.register, self.scanner, scan, watch).run_waiting()
        with self.register.reading() as connection:
            self.facts = [r.fact for r in list_facts(connection, scan_id=scan.id)]
        return not acknowledge(self.register, scan, f"{self.scanner.scanner_id}:{os.getpid()}")

    def _conclude(self, scan: ScanRecord, state: scans.ScanState) -> ScanRecord:
        """Judge what was seen and end the scan; what was committed counts, whatever happened."""
        with self.register.change("scan-ended", scan.code) as change:
            change.institution_id = scan.institution_id
            at = change.now
            chunks.end_queued(
                change.connection, at=at, detail="the scan ended before", scan_id=scan.id
            )
            judged = judge_scan(self.register, change.connection, scan.id, change.by)
            counts = chunks.count_chunks(change.connection, scan.id)
            cut_short = any(is_cut_short(denial) for denial in judged.denied)
            if state == "done" and (counts.get("ended") or counts.get("failed") or cut_short):
                state = "ended"
            summary = {
                "chunks": dict(counts),
                "denied": [denial._asdict() for denial in judged.denied],
                "verdicts": judged.verdicts,
                "findings": {
                    "opened": judged.findings.opened,
                    "seen_again": judged.findings.seen_again,
                    "closed": judged.findings.closed,
                    "reopened": judged.findings.reopened,
                },
                "perhaps_blocked": judged.perhaps_blocked,
            }
            scans.record_state(change.connection, scan.id, state, at=at, summary=summary)
            change.tell(state=state, summary=summary)
            return scans.get_scan_by_id(change.connection, scan.id)


def run_scan(
    register: Register, scanner: Scanner, request: Request, progress: Progress = no_progress
) -> ScanRecord:
    """Scan an institution now, in stages, and return the scan's record.

    Raises:
        NotAuthorised: with the gate's reason; nothing was sent, each decision is on record.
        NotFound: the institution is not in the register.
        WrongState: it declared no address, or the deny list was never confirmed.
        InvalidInput: an address is not in canonical spelling.
        WrongUsage: there is no such load.
        MissingService: nmap is not there.
    """
    if request.load is not None and not 0 <= request.load <= 4:
        raise WrongUsage("a load is a whole number from 0 to 4")
    return ScanRun(register, scanner, request, progress).run()


def resume_scan(
    register: Register, scanner: Scanner, code: str, progress: Progress = no_progress
) -> ScanRecord:
    """Go on with a scan whose process died, from where it stood, and return its record.

    Raises:
        NotFound: there is no such scan.
        WrongState: it has ended, or a worker still holds one of its chunks.
        MissingService: nmap is not there.
    """
    with register.reading() as connection:
        scan = scans.get_scan(connection, code)
        record = institutions.get_institution_by_id(
            connection, scan.institution_id, as_of=register.clock()
        )
    request = Request(record.institution.code, load=scan.plan.get("load"), kind=scan.kind)
    here = from_vantage(scanner, scan.vantage)
    return ScanRun(register, here, request, progress).resume(code)


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
