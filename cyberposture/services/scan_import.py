"""Takes in nmap XML that somebody else made, under an authorisation like one of ours.

Hosts out of its scope are refused and left out. It closes findings only where it says which
addresses were asked for: otherwise silence could pass for a repair.
"""

import hashlib
import io
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from cyberposture.content.reading.files import read_bytes
from cyberposture.errors import NotAuthorised, NotFound
from cyberposture.model.addresses import is_mapped, read_address
from cyberposture.model.gate import GateAnswer, GateAuthorisation
from cyberposture.model.observations import Fact
from cyberposture.model.plans import Plan
from cyberposture.scanning.permission.gate import sift
from cyberposture.scanning.reading.facts import read_facts
from cyberposture.scanning.reading.parse import ParsedScan, parse, read_requested
from cyberposture.services.gate_log import GateLog
from cyberposture.services.ground import Ground, gather
from cyberposture.services.judging import judge_scan
from cyberposture.services.register import Change, Register
from cyberposture.services.scanner import require_vantage
from cyberposture.store import institutions, scans
from cyberposture.store.facts import insert_facts
from cyberposture.store.scans import ScanRecord

MAX_BYTES = 500_000_000
TECHNIQUE = "tcp-ports"


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


def _plan(addresses: Sequence[str]) -> Plan:
    return Plan(
        job="import",
        technique=TECHNIQUE,
        protocol="tcp",
        targets=tuple(addresses),
        ports=(1,),
        load=3,
        name=None,
        expected_s=1,
    )


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
        InvalidInput: it is not nmap XML, with file and line; nothing was changed.
        WrongUsage: there is no such vantage.
        NotFound: institution or authorisation is not in the register.
        NotAuthorised: none of its hosts is in scope.
    """
    require_vantage(vantage)
    data = read_bytes(path, MAX_BYTES)
    stream = io.BytesIO(data)
    stream.name = path.name  # it stands in every fault
    asked = read_requested(requested) if requested is not None else None
    parsed = parse(stream, requested=asked)
    sha256 = hashlib.sha256(data).hexdigest()
    facts = list(read_facts(parsed, technique=TECHNIQUE, vantage=vantage, artefact=sha256))
    scan: ScanRecord | None = None
    with register.change("scan-imported", path.name, reason=ran_by) as change:
        record = institutions.get_institution(change.connection, institution, as_of=change.now)
        change.institution_id = record.id
        allowed, barred = _sorted_out(register, change, facts, authorisation)
        if allowed:
            register.blobs.put(change.connection, record.id, "scan", data, change.by)
            plan: dict[str, object] = {
                "targets": allowed,
                "file": path.name,
                "artefact_sha256": sha256,
                "refused": [{"target": a, "port": None, "reason": "refused"} for a in barred],
            }
            scan = _insert(register, change, parsed, (vantage, authorisation), plan)
            kept = [_dated(fact, change.now) for fact in facts if fact.address in set(allowed)]
            insert_facts(change.connection, record.id, scan.id, kept, at=change.now)
            scan = _judged(register, change, scan, parsed, may_close=asked is not None)
        change.tell(scan=scan.code if scan else None, artefact_sha256=sha256, refused=barred)
    if scan is None:
        raise NotAuthorised("out-of-scope", "no host of this file is in scope")
    return scan, barred


def _sorted_out(
    register: Register, change: Change, facts: Sequence[Fact], authorisation: str
) -> tuple[list[str], list[str]]:
    """Return the hosts that the authorisation covers, and those that it does not; log both."""
    assert change.institution_id is not None
    ground = gather(change.connection, change.institution_id, change.now)
    ground = _under(ground, authorisation)
    about = {"scan": "", "stage": "import", "file": change.subject}
    log = GateLog(register.audit, change.connection, change.institution_id, change.by, about)
    allowed: list[str] = []
    barred: list[str] = []
    for address in sorted({fact.address for fact in facts}):
        if is_mapped(read_address(address)):
            # Nobody has such an address, and the gate does not take it for the IPv4 one.
            barred.append(address)
            continue
        # A foreign file stands or falls by its hosts: one port stands for what was sent there.
        question = ground.question(_plan([address]), change.now)
        sifted = sift(question)
        for pair in sifted.denied:
            log.denied(question.pair(pair.target, pair.port).document(), pair, TECHNIQUE)
            barred.append(address)
        for code, narrowed in sifted.allowed:
            answer = GateAnswer(decision="allow", reason="allowed", authorisation=code)
            log.allowed(narrowed, answer)
            allowed.append(address)
    return allowed, barred


def _insert(
    register: Register,
    change: Change,
    parsed: ParsedScan,
    under: tuple[str, str],
    plan: dict[str, object],
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
