"""A writer that is killed at any moment loses nothing that it acknowledged."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cyberposture.errors import MissingService
from cyberposture.store.answer_rows import find_row, rebuild_row
from cyberposture.store.answering import record_answer
from cyberposture.store.answers import list_answer_revisions
from cyberposture.store.audit import list_entries
from cyberposture.store.verification import verify

CONTROLS = ("GOV-01", "IAM-09", "IAM-10", "NET-03", "WEB-02")
SIGNER = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
WRITER = """
import sys
from concurrent.futures import ThreadPoolExecutor
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

url, heads, assessment, institution, *controls = sys.argv[1:]
register = open_database(url)
log = AuditLog(Ed25519PrivateKey.from_private_bytes(b"k" * 32), HeadsFile(Path(heads)))


def write(control):
    for number in count(1):
        act = Act("amna-khan", "autosave", datetime.now(UTC))
        answer = Answer(control=control, level=number % 4, reason=str(number))
        with register.transaction() as connection:
            record_answer(connection, UUID(assessment), answer, act)
            log.append(connection, UUID(institution), "answer", control, act)
        sys.stdout.write(f"{control} {number}\\n")
        sys.stdout.flush()


with ThreadPoolExecutor(len(controls)) as threads:
    list(threads.map(write, controls))
"""


@pytest.mark.parametrize("controls", [("IAM-10",), CONTROLS], ids=["one", "five-at-once"])
def test_killed_writer_loses_no_acknowledged_answer(
    open_register, laid_url, make, heads_file, controls
):
    """The moment differs from run to run, as it does in life."""
    register = open_register()
    with register.transaction() as connection:
        assessment = make.assessment(connection)
    owner = assessment.institution_id
    arguments = (laid_url, str(heads_file.path), str(assessment.id), str(owner), *controls)
    acknowledged = run_and_kill(heads_file.path.parent, *arguments)
    with register.reading() as connection:
        report = verify(connection, heads_file, [SIGNER.public_key()])
        entries = list(list_entries(connection, institution_id=owner))
        kept = {c: list_answer_revisions(connection, assessment.id, c) for c in controls}
        written = find_row(connection, assessment.id)
    with register.transaction() as connection:
        assert rebuild_row(connection, assessment.id, make.act().at) == written
    assert report.is_intact, report.faults
    assert len(entries) == sum(map(len, kept.values())), "an answer is kept with its audit entry"
    assert sum(acknowledged.values()) > 0
    for control in controls:
        numbers = [int(revision.answer.reason) for revision in kept[control]]
        assert numbers == list(range(1, len(numbers) + 1))
        assert acknowledged[control] <= len(numbers) <= acknowledged[control] + 1


def run_and_kill(folder, *arguments) -> Counter:
    """Start the writer and kill it a while after its first answer; count what it acknowledged."""
    out = folder / "acknowledged"
    with out.open("wb") as file:
        writer = subprocess.Popen([sys.executable, "-c", WRITER, *arguments], stdout=file)
    deadline = time.monotonic() + 30
    while not out.stat().st_size and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(random.uniform(0.01, 0.5))
    os.kill(writer.pid, signal.SIGKILL)
    assert writer.wait() == -signal.SIGKILL
    return Counter(line.split()[0] for line in out.read_text().splitlines() if " " in line)


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
