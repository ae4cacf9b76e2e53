"""A writer that is killed at any moment loses nothing that it acknowledged."""

import os
import signal
import subprocess
import sys
import time

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cyberposture.errors import MissingService
from cyberposture.store.answer_rows import find_row, rebuild_row
from cyberposture.store.answering import record_answer
from cyberposture.store.answers import list_answer_revisions
from cyberposture.store.audit import list_entries
from cyberposture.store.verification import verify

SIGNER = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
WRITER = """
import sys
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cyberposture.model.assessments import Answer
from cyberposture.store.acts import Act
from cyberposture.store.answering import record_answer
from cyberposture.store.audit import AuditLog
from cyberposture.store.database import open_database
from cyberposture.store.heads import HeadsFile

url, heads, assessment, institution = sys.argv[1:]
register = open_database(url)
log = AuditLog(Ed25519PrivateKey.from_private_bytes(b"k" * 32), HeadsFile(Path(heads)))
for number in count(1):
    act = Act("amna-khan", "autosave", datetime.now(UTC))
    answer = Answer(control="IAM-10", level=number % 4, reason=str(number))
    with register.transaction() as connection:
        record_answer(connection, UUID(assessment), answer, act)
        log.append(connection, UUID(institution), "answer", "IAM-10", act)
    print(number, flush=True)
"""


@pytest.mark.parametrize("delay_s", [0.05, 0.21, 0.4])
def test_killed_writer_loses_no_acknowledged_answer(
    open_register, laid_url, make, heads_file, delay_s
):
    register = open_register()
    with register.transaction() as connection:
        assessment = make.assessment(connection)
    acknowledged = run_and_kill(
        heads_file.path.parent,
        delay_s,
        laid_url,
        str(heads_file.path),
        str(assessment.id),
        str(assessment.institution_id),
    )
    with register.transaction() as connection:
        kept = list_answer_revisions(connection, assessment.id, "IAM-10")
        written = find_row(connection, assessment.id)
        assert rebuild_row(connection, assessment.id, make.act().at) == written
        entries = list(list_entries(connection, institution_id=assessment.institution_id))
    with register.reading() as connection:
        report = verify(connection, heads_file, [SIGNER.public_key()])
    assert acknowledged > 0
    assert [revision.answer.reason for revision in kept] == [
        str(number) for number in range(1, len(kept) + 1)
    ]
    assert acknowledged <= len(kept) <= acknowledged + 1
    assert len(entries) == len(kept), "an answer and its audit entry are kept together"
    assert report.is_intact, report.faults


def run_and_kill(tmp_path, delay_s, *arguments) -> int:
    """Start the writer, kill it a while after its first answer; return how many it acknowledged."""
    out = tmp_path / "acknowledged"
    with out.open("wb") as file:
        writer = subprocess.Popen([sys.executable, "-c", WRITER, *arguments], stdout=file)
    deadline = time.monotonic() + 30
    while not out.stat().st_size and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(delay_s)
    os.kill(writer.pid, signal.SIGKILL)
    assert writer.wait() == -signal.SIGKILL
    return len(out.read_text().rpartition("\n")[0].splitlines())


@pytest.mark.parametrize("engine", [pytest.param("sqlite", marks=pytest.mark.store)], indirect=True)
def test_full_disk_is_told_and_what_was_kept_stays(open_register, make):
    """A limit on the pages of the file stands for a disk without room."""
    register = open_register()
    with register.transaction() as connection:
        assessment = make.assessment(connection)
        record_answer(connection, assessment.id, make.answer(level=1), make.act())
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    large = make.answer(level=2, reason="x" * 5000)
    with pytest.raises(MissingService, match="full") as problem:
        for minutes in range(1000):
            with register.transaction() as connection:
                act = make.act(minutes=minutes)
                answer = large if minutes % 2 else make.answer(level=3)
                record_answer(connection, assessment.id, answer, act)
                written = minutes
    assert "doctor" in str(problem.value.advice())
    with register.reading() as connection:
        kept = list_answer_revisions(connection, assessment.id, "IAM-10")
    assert len(kept) == written + 2
