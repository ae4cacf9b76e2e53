"""A contact with a host as a scan keeps it, from the decision to the finding; nothing is sent."""

import json
from datetime import datetime
from typing import Any

from cyberposture.clock import to_iso
from cyberposture.model.plans import Plan
from cyberposture.scanning.permission.gate import permit
from cyberposture.services.findings.judging import judge_scan
from cyberposture.services.permission.gate_log import GateLog
from cyberposture.services.permission.ground import gather
from cyberposture.store import chunks, scans
from cyberposture.store.acts import Act
from cyberposture.store.facts import insert_facts


def run_contact(
    office: Any, code: str, address: str, *, letter: str, also: tuple[str, ...] = (), **host: Any
) -> str:
    """Keep one scan of one chunk that saw a small host, and return the scan's code.

    `also` are addresses that were contacted though nobody asked the gate for them.
    """
    register = office.register
    owner, now = office.id_of(code), register.clock()
    ports = (21, 22, 23, 80)
    plan = Plan(job="j", technique="tcp-ports", protocol="tcp", targets=(address,), ports=ports,
                load=3, name=None, expected_s=10)  # fmt: skip
    with register.change("scan-planned", code) as change:
        change.institution_id = owner
        scan = scans.insert_scan(
            change.connection, owner, change.by, kind="manual", vantage="external",
            authorisations=[letter], plan={"targets": [address]},
            checks_digest=register.edition.checks, scanner="test",
        )  # fmt: skip
        scans.record_state(change.connection, scan.id, "running", at=now)
        new = chunks.NewChunk(plan.model_dump(mode="json"), (address, *also))
        chunks.insert_chunks(change.connection, scan.id, [new], change.by)
        chunk = chunks.take_chunk(change.connection, "a-worker", at=now, lease_s=60)
    assert chunk is not None
    with register.database.transaction() as connection:
        now = register.clock()
        question = gather(connection, owner, now).question(plan, now)
        answer = permit(plan, question).answer
        about = {"scan": scan.code, "chunk": chunk.number, "stage": "send"}
        act = Act(register.actor, "right before sending", now)
        GateLog(register.audit, connection, owner, act, about).allowed(question, answer)
        chunks.record_gate(connection, chunk, answer.model_dump(mode="json"))
    with register.change("chunk-run", scan.code) as change:
        change.institution_id = owner
        raw = _raw((address, *also), ports, now)
        sha256 = register.blobs.put(change.connection, owner, "scan", raw, change.by)
        facts = [one.model_copy(update={"artefact": sha256})
                 for one in office.seen(address, **host)]  # fmt: skip
        insert_facts(change.connection, owner, scan.id, facts, at=change.now, chunk_id=chunk.id)
        chunks.finish_chunk(change.connection, chunk, "done", at=change.now, artefact_sha256=sha256)
        change.tell(chunk=chunk.number, technique="tcp-ports", targets=[address, *also],
                    authorisation=letter, outcome="finished", artefact_sha256=sha256)  # fmt: skip
    with register.change("scan-ended", scan.code) as change:
        change.institution_id = owner
        judge_scan(register, change.connection, scan.id, change.by)
        scans.record_state(change.connection, scan.id, "done", at=change.now)
    return scan.code


def _raw(targets: tuple[str, ...], ports: tuple[int, ...], now: datetime) -> bytes:
    """Return the record of a probe of these addresses."""
    record = {"technique": "tls-handshake", "targets": list(targets), "ports": list(ports),
              "name": None, "started_at": to_iso(now), "ended_at": to_iso(now),
              "seen": [{"address": one, "port": 23} for one in targets]}  # fmt: skip
    return json.dumps(record).encode()
