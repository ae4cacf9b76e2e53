"""Moves a scan on: queues its next stage, or judges it and ends it.

There is no conductor who could die. How far a scan is stands in the register: which stages were
queued, and whether a chunk waits or runs. Whoever finds that none does calls `move_on`; the lock on
the scan's row lets one at a time, and the others find nothing left to do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.errors import CyberpostureError
from cyberposture.model.foundation import Moment
from cyberposture.model.institutions import Declaration
from cyberposture.model.observations import Fact
from cyberposture.scanning.judging.coverage import ports_needed
from cyberposture.scanning.name_stages import named_stage, policy_stage, server_stage
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
from cyberposture.services.findings.judging import judge_scan
from cyberposture.services.permission.denials import is_cut_short
from cyberposture.services.permission.gate_log import GateLog
from cyberposture.services.permission.ground import Ground, concerns, gather
from cyberposture.services.register import Change, Register
from cyberposture.services.scanner import Scanner
from cyberposture.services.scans import names
from cyberposture.services.scans.outlook import Laid, Outlook, techniques_allowed
from cyberposture.services.scans.sharing import set_apart, take_shared
from cyberposture.store import chunks, declarations, scans, stops
from cyberposture.store.audit import list_entries
from cyberposture.store.chunks import NewChunk
from cyberposture.store.facts import list_facts
from cyberposture.store.scans import ScanRecord

STAGES = (
    "names",
    "fragile",
    "ports",
    "name-servers",
    "pages",
    "versions",
    "further-pages",
)


class _NothingToDoError(CyberpostureError):
    """Somebody else moved the scan on; this change is undone, and leaves no entry."""


@dataclass(frozen=True)
class Standing:
    """A scan, and the last stage that was queued ('' before the first)."""

    scan: ScanRecord
    stage: str

    @property
    def is_over(self) -> bool:
        """Whether the scan has come to an end."""
        return self.scan.state not in ("planned", "running")


def move_on(register: Register, scanner: Scanner, scan_id: UUID) -> Standing:
    """Queue what comes next of a scan, or end it; return how it stands then.

    While a chunk waits or runs, and where the scan is over, nothing is changed.
    """
    conductor = _Conductor(register, scanner, scan_id)
    while not conductor.is_at_work():
        try:
            conductor.step()
        except _NothingToDoError:
            break
    return look_at(register, scan_id)


def look_at(register: Register, scan_id: UUID) -> Standing:
    """Return how a scan stands now."""
    with register.reading() as connection:
        scan = scans.get_scan_by_id(connection, scan_id)
        return Standing(scan, (list_begun(connection, scan) or [""])[-1])


def end_failed(register: Register, scanner: Scanner, scan_id: UUID) -> ScanRecord:
    """End a scan that cannot go on; what was committed counts."""
    return _Conductor(register, scanner, scan_id).conclude("failed")


def list_begun(connection: Connection, scan: ScanRecord) -> list[str]:
    """Return the stages of a scan that were queued, in order."""
    entries = list_entries(
        connection, institution_id=scan.institution_id, kind="scan-stage", subject=scan.code
    )
    return [str(entry.data["stage"]) for entry in entries]


def list_stalled(connection: Connection, vantage: str) -> list[UUID]:
    """Return the running scans of a vantage of which nothing waits or runs: somebody must go on."""
    running = scans.list_scans(connection, state="running")
    return [
        scan.id for scan in running if scan.vantage == vantage and not _is_busy(connection, scan)
    ]


def log_laid(register: Register, change: Change, laid: Laid, code: str, stage: str) -> None:
    """Put on record what the gate allowed and denied when plans were laid for a scan's stage."""
    assert change.institution_id is not None
    about = {"scan": code, "stage": stage}
    log = GateLog(register.audit, change.connection, change.institution_id, change.by, about)
    for one in laid.passed:
        log.allowed(one.question, one.answer)
    for question, pair, technique in laid.denied:
        log.denied(question, pair, technique)


class _Conductor:
    """One look at one scan."""

    def __init__(self, register: Register, scanner: Scanner, scan_id: UUID) -> None:
        self.register, self.scanner, self.scan_id = register, scanner, scan_id

    def is_at_work(self) -> bool:
        """Return whether a chunk waits or runs, or the scan is over."""
        with self.register.reading() as connection:
            scan = scans.get_scan_by_id(connection, self.scan_id)
            return scan.state != "running" or _is_busy(connection, scan)

    def step(self) -> None:
        """Queue the next stage, or end the scan where there is none or it may not go on."""
        with self.register.reading() as connection:
            scan = scans.get_scan_by_id(connection, self.scan_id)
            begun = list_begun(connection, scan)
            active = stops.list_active_stops(connection)
            now = self.register.clock()
            ground = gather(connection, scan.institution_id, now, scan.id)
        is_stopped = any(concerns(stop, scan.institution_id, scan.id) for stop in active)
        is_allowed = not begun or bool(techniques_allowed(ground, self.scanner, now))
        if is_stopped or not is_allowed:
            self.conclude("ended")
        elif len(begun) == len(STAGES):
            self.conclude("done")
        else:
            self._queue(begun)

    def _queue(self, begun: Sequence[str]) -> None:
        """Queue what the next stage wishes and the gate allows.

        Raises:
            _NothingToDoError: somebody else did.
        """
        with self.register.change("scan-stage") as change:
            scan = self._lock(change, begun)
            stage = STAGES[len(begun)]
            ground = gather(change.connection, scan.institution_id, change.now, scan.id)
            declaration = declarations.get_declaration(
                change.connection, scan.institution_id, as_of=change.now
            )
            facts = [r.fact for r in list_facts(change.connection, scan_id=scan.id)]
            seen = _Seen(scan, declaration, tuple(facts))
            outlook = Outlook(ground, self.scanner, change.now, scan.code, None)
            lookups: list[NewChunk] = []
            denied = 0
            if stage == names.STAGE:
                known = names.Known(ground, declaration)
                lookups, denied = names.queue_lookups(
                    self.register, change, self.scanner, scan, known
                )
            else:
                outlook.add(set_apart(self._wishes(seen, stage, ground, change.now), ground))
            log_laid(self.register, change, outlook.laid, scan.code, stage)
            to_send = take_shared(self.register, change, scan, ground, outlook.laid.passed)
            queued = lookups + [
                NewChunk(
                    plan=one.plan.model_dump(mode="json"),
                    targets=one.plan.targets,
                    ticket=issue(self.scanner.ticket_key, permit(one.plan, one.question)),
                )
                for one in to_send
            ]
            chunks.insert_chunks(change.connection, scan.id, queued, change.by)
            change.tell(stage=stage, chunks=len(queued), denied=denied + len(outlook.laid.denied))

    def _lock(self, change: Change, begun: Sequence[str]) -> ScanRecord:
        """Return the scan for whom nobody else can move on now.

        Raises:
            _NothingToDoError: somebody else moved it on since it stood at these stages.
        """
        scan = scans.lock_scan(change.connection, self.scan_id)
        change.subject, change.institution_id = scan.code, scan.institution_id
        is_same = scan.state == "running" and list_begun(change.connection, scan) == list(begun)
        if not is_same or _is_busy(change.connection, scan):
            raise _NothingToDoError
        return scan

    def _wishes(self, seen: "_Seen", stage: str, ground: Ground, now: Moment) -> list[Wish]:
        """Return what a stage would like to look at, by what each target's own letters allow."""
        groups: dict[frozenset[str], list[str]] = {}
        for target in seen.scan.plan["targets"]:
            allowed = techniques_allowed(ground, self.scanner, now, str(target))
            groups.setdefault(allowed, []).append(str(target))
        wishes: list[Wish] = []
        for allowed, targets in groups.items():
            wishes += self._wishes_for(seen, stage, targets, allowed)
        if stage == "pages":
            # Names may be in scope by themselves: the gate says where they may lead.
            allowed = techniques_allowed(ground, self.scanner, now)
            wishes += named_stage(seen.facts, _bare_names(seen.declaration), allowed)
            wishes += policy_stage(seen.facts, allowed)
        return wishes

    def _wishes_for(
        self,
        seen: "_Seen",
        stage: str,
        targets: Sequence[str],
        allowed: frozenset[str],
    ) -> list[Wish]:
        needed = ports_needed(self.register.content.checks.checks)
        facts = [fact for fact in seen.facts if fact.address in set(targets)]
        seed = seen.scan.code
        match stage:
            case "fragile":
                return fragile_stage(targets, needed, allowed, seed)
            case "ports" if seen.scan.plan.get("load") == 4:
                fragile = fragile_hosts(facts)
                return whole_stage([t for t in targets if t not in fragile], seed)
            case "ports":
                return port_stage(targets, needed, allowed, facts, seed)
            case "name-servers":
                return server_stage(targets, seen.facts, allowed)
            case "versions":
                return version_stage(facts, allowed)
            case _:
                named = {
                    address: host.names
                    for host in seen.declaration.hosts()
                    for address in host.addresses
                }
                return page_stage(facts, named, allowed) + talk_stage(facts, named, allowed)

    def conclude(self, state: scans.ScanState) -> ScanRecord:
        """Judge what was seen and end the scan; what was committed counts, whatever happened.

        Raises:
            _NothingToDoError: it has ended, or somebody queued more of it.
        """
        with self.register.change("scan-ended") as change:
            scan = scans.lock_scan(change.connection, self.scan_id)
            change.subject, change.institution_id = scan.code, scan.institution_id
            is_failed = state == "failed"
            if scan.state != "running" or (not is_failed and _is_busy(change.connection, scan)):
                raise _NothingToDoError
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


@dataclass(frozen=True)
class _Seen:
    """What the wishes of a stage stand on: the scan, what was declared, and what it saw so far."""

    scan: ScanRecord
    declaration: Declaration
    facts: tuple[Fact, ...]


def _bare_names(declaration: Declaration) -> frozenset[str]:
    """Return the names of hosts that are declared by name alone, without an address."""
    hosts = (host for host in declaration.hosts() if not host.addresses)
    return frozenset(name.lower() for host in hosts for name in host.names)


def _is_busy(connection: Connection, scan: ScanRecord) -> bool:
    counts = chunks.count_chunks(connection, scan.id)
    return bool(counts.get("queued") or counts.get("running"))
