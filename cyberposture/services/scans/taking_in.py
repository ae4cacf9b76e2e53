"""Takes in nmap XML that somebody else made, under an authorisation like one of ours.

The authorisation must have been in force when the file was made: its own times count. Hosts out of
scope are refused by name, and nothing else of them is kept, in the raw file neither. It closes
findings only where it says which addresses were asked for: otherwise silence could pass for a
repair.
"""

import hashlib
import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

from cyberposture.content.reading.files import read_bytes
from cyberposture.errors import Fault, InvalidInput, NotAuthorised, NotFound, WrongState
from cyberposture.model.addresses import is_mapped, read_address
from cyberposture.model.gate import CIDREntry, GateAnswer, GateAuthorisation, Reason
from cyberposture.model.observations import Fact
from cyberposture.model.plans import Plan
from cyberposture.scanning.permission.gate import sift
from cyberposture.scanning.reading.excerpt import keep_hosts
from cyberposture.scanning.reading.facts import read_facts
from cyberposture.scanning.reading.parse import ParsedScan, parse, read_requested
from cyberposture.services.findings.judging import judge_scan
from cyberposture.services.permission.gate_log import GateLog
from cyberposture.services.permission.ground import Ground, gather
from cyberposture.services.register import Change, Register
from cyberposture.services.scanner import require_vantage
from cyberposture.store import institutions, scans
from cyberposture.store.facts import insert_facts
from cyberposture.store.scans import ScanRecord

MAX_BYTES = 500_000_000
TECHNIQUE = "tcp-ports"
_REASONS = get_args(Reason)
"""In the order in which the gate looks: the one that got furthest says most."""


def _under(ground: Ground, authorisation: str) -> Ground:
    """Return the ground with this one authorisation alone, windows and blackouts left aside.

    What was sent was sent by others, and then: only whether it was in scope is asked here.
    """
    own: tuple[GateAuthorisation, ...] = tuple(
        one for one in ground.authorisations if one.id == authorisation
    )
    if not own:
        raise NotFound("authorisation of this institution", authorisation)
    return Ground(ground.stopped, ground.deny, ground.excluded_elsewhere, own, ground.terms, (), ())


def _plan(address: str, ports: tuple[int, ...]) -> Plan:
    return Plan(
        job="import",
        technique=TECHNIQUE,
        protocol="tcp",
        targets=(address,),
        ports=ports,
        load=3,
        name=None,
        expected_s=1,
    )


@dataclass(frozen=True)
class _File:
    """A file of others as it came."""

    name: str
    data: bytes
    parsed: ParsedScan
    facts: tuple[Fact, ...]

    @property
    def sha256(self) -> str:
        """The digest of the file as it came, whatever is kept of it."""
        return hashlib.sha256(self.data).hexdigest()


def import_scan(
    register: Register,
    path: Path,
    institution: str,
    authorisation: str,
    *,
    requested: Path | None = None,
    ran_by: str = "",
    vantage: str = "external",
) -> tuple[ScanRecord, list[str]]:
    """Keep a foreign scan of an institution and judge it; return it, and the refused addresses.

    Raises:
        InvalidInput: it is not nmap XML, with file and line, or does not say when it was made;
            nothing was changed.
        WrongUsage: there is no such vantage.
        WrongState: this file was taken in before.
        NotFound: institution or authorisation is not in the register.
        NotAuthorised: none of its hosts was in scope when it was made.
    """
    require_vantage(vantage)
    asked = read_requested(requested) if requested is not None else None
    file = _read(path, asked, vantage)
    scan: ScanRecord | None = None
    with register.change("scan-imported", path.name, reason=ran_by) as change:
        record = institutions.get_institution(change.connection, institution, as_of=change.now)
        change.institution_id = record.id
        _require_new(change, file)
        allowed, barred = _sorted_out(register, change, file, authorisation)
        if allowed:
            plan = _keep_raw(register, change, file, allowed, barred)
            scan = _insert(register, change, file.parsed, (vantage, authorisation), plan)
            facts = _facts(file, scan, allowed, change.now)
            insert_facts(change.connection, record.id, scan.id, facts, at=change.now)
            scan = _judged(register, change, scan, file.parsed, may_close=asked is not None)
        change.tell(
            scan=scan.code if scan else None,
            file_sha256=file.sha256,
            artefact_sha256=None if scan is None else scan.plan["artefact_sha256"],
            refused=sorted(barred),
        )
    if scan is None:
        raise NotAuthorised(
            _worst(barred.values()), "no host of this file was in scope when it was made"
        )
    return scan, sorted(barred)


def _facts(file: _File, scan: ScanRecord, allowed: Collection[str], now: datetime) -> list[Fact]:
    """Return what the file says of the hosts that are kept."""
    artefact = {"artefact": scan.plan["artefact_sha256"]}
    kept = (fact for fact in file.facts if fact.address in allowed)
    return [_dated(fact, now).model_copy(update=artefact) for fact in kept]


def _worst(reasons: Collection[str]) -> str:
    """Return what stands for many reasons; of an address itself it is that no letter names it."""
    told = [one for one in reasons if one not in ("bad-target", "special-range")]
    return max(told, key=_REASONS.index, default="out-of-scope")


def _read(path: Path, asked: Sequence[str] | None, vantage: str) -> _File:
    data = read_bytes(path, MAX_BYTES)
    stream = io.BytesIO(data)
    stream.name = path.name  # it stands in every fault
    parsed = parse(stream, requested=asked)
    facts = tuple(read_facts(parsed, technique=TECHNIQUE, vantage=vantage))
    undated = [fact.address for fact in facts if not _moments(fact)]
    if undated:
        raise InvalidInput(Fault(path.name, f"it does not say when {undated[0]} was looked at"))
    return _File(path.name, data, parsed, facts)


def _require_new(change: Change, file: _File) -> None:
    """Return if this very file was not taken in for the institution before.

    Raises:
        WrongState: it was; it would be judged twice.
    """
    assert change.institution_id is not None
    for known in scans.list_scans(change.connection, institution_id=change.institution_id):
        if known.kind == "imported" and known.plan.get("file_sha256") == file.sha256:
            raise WrongState(f"this file was taken in before, as {known.code}")


def _keep_raw(
    register: Register,
    change: Change,
    file: _File,
    allowed: Sequence[str],
    barred: Mapping[str, str],
) -> dict[str, Any]:
    """Keep what may be kept of the file, and return the plan of the scan that it stands for."""
    assert change.institution_id is not None
    is_whole = not barred and file.parsed.complete
    data = file.data if is_whole else keep_hosts(file.data, allowed)
    sha256 = register.blobs.put(change.connection, change.institution_id, "scan", data, change.by)
    return {
        "targets": list(allowed),
        "file": file.name,
        "file_sha256": file.sha256,
        "artefact_sha256": sha256,
        "refused": [
            {"target": address, "port": None, "reason": reason}
            for address, reason in sorted(barred.items())
        ],
    }


def _sorted_out(
    register: Register, change: Change, file: _File, authorisation: str
) -> tuple[list[str], dict[str, str]]:
    """Return the hosts that the authorisation covered then, and why it did not; log both."""
    assert change.institution_id is not None
    ground = gather(change.connection, change.institution_id, change.now)
    ground = _under(ground, authorisation)
    about = {"scan": "", "stage": "import", "file": change.subject}
    log = GateLog(register.audit, change.connection, change.institution_id, change.by, about)
    allowed: list[str] = []
    barred: dict[str, str] = {}
    for fact in sorted(file.facts, key=lambda fact: fact.address):
        if is_mapped(read_address(fact.address)):
            # Nobody has such an address, and the gate does not take it for the IPv4 one.
            barred[fact.address] = "bad-target"
            continue
        reason = _ask(log, ground, fact, change.now)
        if reason is None:
            allowed.append(fact.address)
        else:
            barred[fact.address] = reason
    return allowed, barred


def _ask(log: GateLog, ground: Ground, fact: Fact, now: datetime) -> str | None:
    """Return why a host may not have been looked at, when it was begun or when it was ended."""
    plan = _plan(fact.address, _ports(ground, fact))
    for moment in _moments(fact):
        question = ground.question(plan, min(moment, now))
        sifted = sift(question)
        if sifted.denied:
            pair = sifted.denied[0]
            log.denied(question.pair(pair.target, pair.port).document(), pair, TECHNIQUE)
            return pair.reason
    for code, narrowed in sifted.allowed:
        log.allowed(narrowed, GateAnswer(decision="allow", reason="allowed", authorisation=code))
    return None


def _ports(ground: Ground, fact: Fact) -> tuple[int, ...]:
    """Return the ports that were asked, where the letter names ports; else one stands for all."""
    entries = [entry for one in ground.authorisations for entry in one.scope]
    named = [one.ports for one in entries if isinstance(one, CIDREntry) and one.ports]
    if not named:
        return (1,)
    asked = [stretch for ranges in (fact.tested or {}).values() for stretch in ranges]
    seen = {port.port for port in fact.host.ports} if fact.host is not None else set()
    numbers = seen.union(*(range(low, high + 1) for low, high in asked))
    # A file that asked for no port at all is within any of them.
    return tuple(sorted(numbers)) or tuple(named[0])[:1]


def _moments(fact: Fact) -> list[datetime]:
    return [moment for moment in (fact.started_at, fact.ended_at) if moment is not None]


def _insert(
    register: Register,
    change: Change,
    parsed: ParsedScan,
    under: tuple[str, str],
    plan: dict[str, Any],
) -> ScanRecord:
    assert change.institution_id is not None
    vantage, authorisation = under
    scan = scans.insert_scan(
        change.connection,
        change.institution_id,
        change.by,
        kind="imported",
        vantage=vantage,
        authorisations=[authorisation],
        plan=plan,
        checks_digest=register.edition.checks,
        scanner=f"{parsed.scanner} {parsed.version}".strip(),
    )
    scans.record_state(change.connection, scan.id, "running", at=change.now)
    return scan


def _judged(
    register: Register, change: Change, scan: ScanRecord, parsed: ParsedScan, *, may_close: bool
) -> ScanRecord:
    judged = judge_scan(register, change.connection, scan.id, change.by, may_close=may_close)
    summary = {
        "verdicts": judged.verdicts,
        "complete": parsed.complete,
        "findings": vars(judged.findings),
    }
    scans.record_state(change.connection, scan.id, "done", at=change.now, summary=summary)
    return scans.get_scan_by_id(change.connection, scan.id)


def _dated(fact: Fact, now: datetime) -> Fact:
    """Return the fact with a moment not after now: a foreign clock may run ahead."""
    ended = fact.ended_at
    if ended is not None and ended > now:
        return fact.model_copy(update={"ended_at": now})
    return fact
