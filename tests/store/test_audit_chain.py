"""Entries go into their chain in order, whoever writes, and heads go out once they are kept."""

import hashlib
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest

from cyberposture.errors import Corrupt, InvalidInput, MissingService
from cyberposture.store.audit import AuditLog, find_head, list_entries
from cyberposture.store.verification import verify

QUESTION = {"gate": 1, "targets": ["39.32.10.7"], "ports": [22, 443], "stop": False, "name": None}


@pytest.fixture
def check(database, heads_file, signer):
    """Verify the register's chains."""

    def run(**options):
        with database.reading() as connection:
            return verify(connection, heads_file, [signer.public_key()], **options)

    return run


def test_entries_of_an_institution_and_of_the_system_are_chains_of_their_own(
    database, make, audit_log, check
):
    with database.transaction() as connection:
        institution_id = make.institution(connection).id
    for _ in range(2):
        for owner in (institution_id, None):
            with database.transaction() as connection:
                audit_log.append(connection, owner, "answer", "IAM-10", make.act())
    with database.reading() as connection:
        own = list(list_entries(connection, institution_id=institution_id))
        system = list(list_entries(connection, system_only=True))
    assert [entry.seq for entry in own] == [entry.seq for entry in system] == [1, 2]
    assert own[1].previous == own[0].digest != system[0].digest
    report = check()
    assert report.is_intact
    assert (report.entries, len(report.trusted)) == (4, 2)


def test_entry_comes_back_as_it_was_written(database, make, audit_log):
    with database.transaction() as connection:
        act = make.act(reason="اجازت")
        written = audit_log.append(connection, None, "gate", "chunk-1", act, data=QUESTION)
    with database.reading() as connection:
        (kept,) = list_entries(connection, kind="gate")
    assert kept == written
    assert kept.data == QUESTION


def test_entries_are_found_by_kind_subject_and_time(database, make, audit_log):
    for minutes, (kind, subject) in enumerate([("gate", "a"), ("gate", "b"), ("stop", "a")]):
        with database.transaction() as connection:
            audit_log.append(connection, None, kind, subject, make.act(minutes=minutes))

    def found(**wanted):
        with database.reading() as connection:
            return [(entry.kind, entry.subject) for entry in list_entries(connection, **wanted)]

    assert found(kind="gate") == [("gate", "a"), ("gate", "b")]
    assert found(subject="a") == [("gate", "a"), ("stop", "a")]
    assert found(since=make.act(minutes=1).at, until=make.act(minutes=2).at) == [("gate", "b")]
    assert found(limit=1) == [("gate", "a")]


@pytest.mark.parametrize(
    "data", [{"n": 2**53}, {"n": float("nan")}, {"id": uuid4()}, {"s": "\ud800"}]
)
def test_entry_that_is_no_plain_json_is_refused(database, make, audit_log, data):
    with pytest.raises(InvalidInput), database.transaction() as connection:
        audit_log.append(connection, None, "gate", "a", make.act(), data=data)


def test_head_goes_out_after_the_commit_and_not_without_it(database, make, audit_log, heads_file):
    with pytest.raises(RuntimeError), database.transaction() as connection:
        audit_log.append(connection, None, "gate", "a", make.act())
        raise RuntimeError
    assert not heads_file.path.exists()
    with database.transaction() as connection:
        audit_log.append(connection, None, "gate", "a", make.act())
        entry = audit_log.append(connection, None, "gate", "b", make.act())
        assert not heads_file.path.exists()
    (head,) = heads_file.read()
    assert (head.chain, head.seq, head.digest) == ("system", 2, entry.digest)
    with database.reading() as connection:
        assert find_head(connection, None) == head
    assert heads_file.path.stat().st_mode & 0o777 == 0o600


def test_chain_without_entries_has_no_head(database):
    with database.reading() as connection:
        assert find_head(connection, None) is None


def test_entry_whose_head_never_went_out_is_no_fault_once_another_followed(
    database, make, audit_log, heads_file, check
):
    """A crash between the commit and the file leaves the file one head behind."""
    with database.transaction() as connection:
        audit_log.append(connection, None, "gate", "a", make.act())
    before = heads_file.path.read_bytes()
    with database.transaction() as connection:
        audit_log.append(connection, None, "gate", "b", make.act())
    heads_file.path.write_bytes(before)
    assert check().is_intact
    with database.transaction() as connection:
        audit_log.append(connection, None, "gate", "c", make.act())
    assert check().is_intact


def test_line_cut_by_a_crash_is_left_out(database, make, audit_log, heads_file, check):
    for subject in "ab":
        with database.transaction() as connection:
            audit_log.append(connection, None, "gate", subject, make.act())
    heads_file.path.write_bytes(heads_file.path.read_bytes()[:-20])
    assert [head.seq for head in heads_file.read()] == [1]
    assert check().is_intact


def test_head_written_after_a_cut_line_is_not_lost_with_it(
    database, make, audit_log, heads_file, check
):
    for subject in "abc":
        with database.transaction() as connection:
            audit_log.append(connection, None, "gate", subject, make.act())
        if subject == "b":
            heads_file.path.write_bytes(heads_file.path.read_bytes()[:-20])
    assert [head.seq for head in heads_file.read()] == [1, 3]
    assert check().is_intact


def test_missing_and_foreign_heads_files_are_told(database, heads_file, check):
    with pytest.raises(MissingService, match="heads"):
        check()
    heads_file.path.write_text("no head\n")
    with pytest.raises(Corrupt, match=r"heads\.jsonl:1"):
        check()


def test_heads_file_that_cannot_be_written_is_told(database, make, signer, tmp_path, heads_file):
    log = AuditLog(signer, type(heads_file)(tmp_path / "nowhere" / "heads.jsonl"))
    with pytest.raises(MissingService, match="audit heads"), database.transaction() as connection:
        log.append(connection, None, "gate", "a", make.act())


def test_many_writers_make_one_chain(open_register, make, audit_log, check):
    registers = [open_register() for _ in range(3)]

    def write(number):
        for turn in range(10):
            with registers[number % 3].transaction() as connection:
                audit_log.append(connection, None, "gate", f"{number}-{turn}", make.act())

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, range(6)))
    report = check()
    assert report.is_intact, report.faults
    assert report.entries == 60
    with registers[0].reading() as connection:
        assert [entry.seq for entry in list_entries(connection)] == list(range(1, 61))


def test_first_entries_of_a_chain_written_at_once_do_not_fork_it(
    open_register, make, audit_log, check
):
    register = open_register()
    with register.transaction() as connection:
        owners = [make.institution(connection).id for _ in range(5)]
    start = threading.Barrier(4)

    def write(number):
        mine = open_register()
        start.wait(10)
        for owner in owners:
            with mine.transaction() as connection:
                audit_log.append(connection, owner, "gate", str(number), make.act())

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    report = check()
    assert report.is_intact, report.faults
    assert report.entries == 20


def test_time_may_jump_back_without_breaking_the_chain(database, make, audit_log, check):
    for minutes in (10, -50, 20):
        with database.transaction() as connection:
            audit_log.append(connection, None, "gate", "a", make.act(minutes=minutes))
    assert check().is_intact


def test_digest_is_the_sha256_of_rfc_8785_json_that_anyone_can_make(database, make, audit_log):
    act = make.act(minutes=0.5)
    with database.transaction() as connection:
        entry = audit_log.append(connection, None, "gate", "chunk-1", act, data=QUESTION)
    text = json.dumps(
        {
            "actor": "amna-khan",
            "at": "2026-11-19T12:00:30.000000+00:00",
            "chain": "system",
            "data": QUESTION,
            "kind": "gate",
            "previous": "0" * 64,
            "reason": "a test",
            "seq": 1,
            "subject": "chunk-1",
        },
        sort_keys=True,
        separators=(",", ":"),
    )
    assert entry.digest == hashlib.sha256(text.encode()).hexdigest()
    assert act.at.utcoffset() == timedelta(0)
