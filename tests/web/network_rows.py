"""What the pages about the network show, laid for two institutions: letters, scans, stops, rows."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any
from uuid import uuid4

from cyberposture.model.institutions import Asset, Declaration
from cyberposture.services.permission import requests, stop
from cyberposture.services.register import Register
from cyberposture.services.schedule import schedules
from cyberposture.services.schedule.due import enter_declared
from cyberposture.store import assessments, chunks, contradictions, institutions, rounds, scans
from cyberposture.store import declarations as kept
from cyberposture.store.chunks import NewChunk

ADDRESSES = ("192.0.2.7", "192.0.2.8")
NAMES = ("run", "raw", "reference", "sha256", "contradiction", "stop", "row")


def lay(
    register: Register, reports: Any, codes: Collection[str], round_code: str, nowhere: str
) -> dict[str, dict[str, str]]:
    """Lay rows of every kind for each institution; return what stands in paths, by name."""
    found: dict[str, dict[str, str]] = {name: {nowhere: str(uuid4())} for name in NAMES}
    for code, address in zip(codes, ADDRESSES, strict=True):
        declare(register, code, address)
        reference = f"A-2026-{code}"
        letter = requests.request_letter(
            register, reports, code, reference, load=3, days=30, language="ur"
        )
        found["reference"][code], found["sha256"][code] = reference, letter.sha256
        found["run"][code], found["raw"][code] = run_scan(register, code, address)
        found["contradiction"][code] = contradict(register, code, round_code)
        found["stop"][code] = stop.stop(register, institution=code, reason="a call").code
        found["row"][code] = f"drain-{code}"
        schedules.add_schedule(register, f"drain-{code}", "due", "interval", "60")
    everywhere = (*codes, nowhere)
    return {
        **found,
        "kind": dict.fromkeys(everywhere, "letter-text"),
        "step": dict.fromkeys(everywhere, "pause"),
    }


def declare(register: Register, code: str, *addresses: str) -> None:
    """Declare hosts, and enter them into the schedule."""
    with register.change("declared", code) as change:
        owner = institutions.get_institution_id(change.connection, code)
        change.institution_id = owner
        hosts = [Asset(id=f"host-{n}", kind="host", addresses=(one,))
                 for n, one in enumerate(addresses, start=1)]  # fmt: skip
        declaration = Declaration(institution=code, assets=tuple(hosts))
        kept.record_declaration(change.connection, declaration, change.by)
        enter_declared(change.connection, owner, declaration, change.now, ["external"])


def run_scan(register: Register, code: str, address: str) -> tuple[str, str]:
    """Keep a scan of one chunk with its raw file; return the scan's code and the file's digest."""
    with register.change("scan-planned", code) as change:
        connection, now = change.connection, change.now
        owner = change.institution_id = institutions.get_institution_id(connection, code)
        scan = scans.insert_scan(
            connection, owner, change.by, kind="manual", vantage="external", authorisations=[],
            plan={"targets": [address]}, checks_digest=register.edition.checks, scanner="test",
        )  # fmt: skip
        scans.record_state(connection, scan.id, "running", at=now)
        plan = {"technique": "tcp-ports", "targets": [address], "ports": [22, 23], "name": None,
                "load": 3}  # fmt: skip
        chunks.insert_chunks(connection, scan.id, [NewChunk(plan, (address,))], change.by)
        taken = chunks.take_chunk(connection, "a-worker", at=now, lease_s=60)
        assert taken is not None
        sha256 = register.blobs.put(connection, owner, "scan", f"of {code}".encode(), change.by)
        later = now + timedelta(seconds=1)
        chunks.finish_chunk(connection, taken, "done", at=later, artefact_sha256=sha256)
        scans.record_state(connection, scan.id, "done", at=later, summary={"verdicts": {"fail": 1}})
    return scan.code, sha256


def contradict(register: Register, code: str, round_code: str) -> str:
    """Open a contradiction, and return its code."""
    with register.change("contradicted", code) as change:
        connection = change.connection
        owner = change.institution_id = institutions.get_institution_id(connection, code)
        asked = rounds.get_round(connection, round_code)
        assessment = assessments.get_assessment(connection, owner, asked.id)
        control = next(one.id for one in register.content.catalogue.controls if one.observations)
        return contradictions.insert_contradiction(
            connection, owner, assessment.id, change.by, control=control,
            check="cleartext.no-telnet-or-r-login", finding_id=None, answer_revision=1, level=3,
        ).code  # fmt: skip
