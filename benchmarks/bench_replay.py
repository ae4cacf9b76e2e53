"""How fast an audit log is replayed, and in how much memory, as the log grows.

    python benchmarks/bench_replay.py [--contacts 10000] [--times 10]

Two logs are written, one so many times longer than the other; each is replayed in a process of its
own. Told are contacts a second, and by how much the peak of memory grew from the one to the other.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cyberposture.clock import to_iso, utc_now
from cyberposture.model.authorisations import AuthorisationTerms
from cyberposture.model.gate import ChunkQuestion, GateAnswer
from cyberposture.scanning.permission.signing import terms_digest
from cyberposture.services.proof.replay import replay
from cyberposture.store import tables as t
from cyberposture.store.acts import Act
from cyberposture.store.audit import AuditLog
from cyberposture.store.database import Database, open_database
from cyberposture.store.heads import HeadsFile

OWNER = UUID(int=1)
BATCH = 500


def terms() -> AuthorisationTerms:
    """Return a letter as an institution of some size would sign it."""
    now = utc_now()
    scope = [{"cidr": f"39.32.{n}.0/24", "ports": None, "special_allowed": False} for n in range(8)]
    return AuthorisationTerms.model_validate(
        {
            "id": "A-1", "institution": "hill-office", "letter_sha256": "ab" * 32,
            "signatory": "Head (invented)", "signatory_role": "head",
            "power_to_sign_checked": "compared", "received_by": "a-analyst",
            "requested_at": now, "valid_from": now - timedelta(days=1),
            "valid_until": now + timedelta(days=365), "scope": scope, "techniques": None,
            "load": 3, "emergency_contacts": ["Porter"],
        }
    )  # fmt: skip


class Writer:
    """Writes a log as letters, decisions and contacts would."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._log = AuditLog(Ed25519PrivateKey.generate(), HeadsFile(folder / "heads.jsonl"))
        self._terms = terms()
        with database.transaction() as connection:
            row = {"id": OWNER, "code": "hill-office", "actor": "x", "reason": "", "at": utc_now()}
            names = {column.name for column in t.institutions.c}
            values = {name: value for name, value in row.items() if name in names}
            connection.execute(sa.insert(t.institutions), values)

    def letter(self) -> None:
        """Write what allows everything that follows."""
        digest = terms_digest(self._terms)
        told = {"terms_sha256": digest, "terms": self._terms.document()}
        self._write([
            ("authorisation-received", "A-1", told),
            ("authorisation-granted", "A-1", {"terms_sha256": digest, "granter": "o-officer"}),
            ("notice-sent", "A-1", {}),
        ])  # fmt: skip

    def contacts(self, first: int, count: int) -> None:
        """Write so many contacts, each with the decision before it."""
        entries = []
        answer = GateAnswer(decision="allow", reason="allowed", authorisation="A-1")
        for number in range(first, first + count):
            target = f"39.32.{number % 8}.{number % 250 + 1}"
            question = ChunkQuestion.model_validate(
                {
                    "gate": 1, "now": to_iso(utc_now()), "expected_s": 10, "name": None,
                    "resolved": [], "protocol": "tcp", "load": 3, "stop": False, "deny": [],
                    "excluded_elsewhere": [], "windows": [], "blackouts": [],
                    "authorisations": [self._terms.for_gate(granted=True, withdrawn_at=None)],
                    "targets": [target], "ports": [22, 80, 443],
                }
            )  # fmt: skip
            about = {"scan": "scan-1", "chunk": number, "stage": "send"}
            asked = {"question": question.document(), "answer": answer.model_dump(mode="json")}
            run = {"chunk": number, "targets": [target], "authorisation": "A-1",
                   "artefact_sha256": None}  # fmt: skip
            entries += [("gate", "scan-1", asked | about), ("chunk-run", "scan-1", run)]
        self._write(entries)

    def _write(self, entries: list[tuple[str, str, dict[str, object]]]) -> None:
        with self._database.transaction() as connection:
            for kind, subject, data in entries:
                act = Act("bench", "", utc_now())
                self._log.append(connection, OWNER, kind, subject, act, data=data)


def write_log(folder: Path, contacts: int) -> Path:
    """Write a register whose log tells of so many contacts, and return its file."""
    path = folder / f"{contacts}.sqlite"
    database = open_database(f"sqlite:///{path}")
    database.migrate()
    writer = Writer(database, folder)
    writer.letter()
    for first in range(0, contacts, BATCH):
        writer.contacts(first, min(BATCH, contacts - first))
    database.close()
    return path


def measure(path: Path) -> dict[str, float]:
    """Replay one log here; return contacts, seconds and the peak of memory in MiB."""
    database = open_database(f"sqlite:///{path}")
    began = time.perf_counter()
    report = replay(database, None)
    seconds = time.perf_counter() - began
    assert report.found == 0, report.violations[:3]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"contacts": report.contacts, "seconds": seconds, "peak_mib": peak}


def main() -> None:
    """Write both logs, replay each in its own process, and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contacts", type=int, default=10_000)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--replay", type=Path)
    given = parser.parse_args()
    if given.replay is not None:
        sys.stdout.write(json.dumps(measure(given.replay)))
        return
    with tempfile.TemporaryDirectory() as folder:
        found = []
        for contacts in (given.contacts, given.contacts * given.times):
            path = write_log(Path(folder), contacts)
            command = [sys.executable, __file__, "--replay", str(path)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            found.append(json.loads(done.stdout))
    for one in found:
        sys.stdout.write(
            f"{one['contacts']:>9} contacts: {one['contacts'] / one['seconds']:>7.0f} a second, "
            f"peak {one['peak_mib']:.0f} MiB\n"
        )
    grown = found[1]["peak_mib"] / found[0]["peak_mib"]
    sys.stdout.write(f"{given.times} times the log, {grown:.2f} times the memory\n")


if __name__ == "__main__":
    main()
