"""A chunk is run by one worker at a time, and by another only after the first lost it."""

import threading
from collections import Counter
from datetime import timedelta

import pytest

from cyberposture.errors import NotFound, WrongState
from cyberposture.model.observations import Fact
from cyberposture.store.chunks import (
    NewChunk,
    Wanted,
    count_chunks,
    end_queued,
    finish_chunk,
    get_chunk,
    insert_chunks,
    list_chunks,
    list_held,
    record_gate,
    renew_leases,
    retry_at,
    sweep_chunks,
    take_chunk,
)
from cyberposture.store.contacts import list_contacts
from cyberposture.store.facts import insert_facts, list_facts
from cyberposture.store.scans import get_scan, list_scans, record_state


def chunk_of(*targets, **changes):
    return NewChunk(plan={"targets": list(targets)}, targets=targets, **changes)


@pytest.fixture
def scan(database, make):
    """A run with three chunks."""
    with database.transaction() as connection:
        planned = make.scan(connection)
        chunks = [chunk_of(f"127.0.0.{number}", f"127.0.1.{number}") for number in (1, 2, 3)]
        insert_chunks(connection, planned.id, chunks, make.act())
    return planned


@pytest.fixture
def take(database, make):
    """Take the next chunk some minutes after noon, for a minute."""

    def run(worker="worker-1", minutes=0, **options):
        with database.transaction() as connection:
            return take_chunk(
                connection,
                worker,
                at=make.act(minutes=minutes).at,
                lease_s=60,
                wanted=Wanted(**options),
            )

    return run


def test_chunks_are_taken_in_order_and_each_once(scan, take):
    taken = [take() for _ in range(4)]
    assert [chunk and chunk.number for chunk in taken] == [1, 2, 3, None]
    assert {chunk.state for chunk in taken[:3]} == {"running"}


def test_lease_says_who_holds_it_until_when(scan, take, make):
    chunk = take("worker-7", minutes=2)
    assert (chunk.worker, chunk.attempts) == ("worker-7", 1)
    assert chunk.lease_until == make.act(minutes=3).at
    assert chunk.started_at == make.act(minutes=2).at


def test_urgent_chunks_are_taken_first_and_early_ones_not_before_their_time(
    database, make, scan, take
):
    with database.transaction() as connection:
        later = chunk_of("127.0.0.7", not_before=make.act(minutes=30).at)
        insert_chunks(connection, scan.id, [later], make.act(), priority=-2)
        insert_chunks(connection, scan.id, [chunk_of("127.0.0.8")], make.act(), priority=-1)
    assert take().plan == {"targets": ["127.0.0.8"]}
    assert take(minutes=30).plan == {"targets": ["127.0.0.7"]}


def test_work_of_another_vantage_or_run_is_left_alone(scan, take, make, database):
    with database.transaction() as connection:
        other = make.scan(connection)
    assert take(vantage="internal:plant") is None
    assert take(scan_id=other.id) is None
    assert take(vantage="external", scan_id=scan.id).number == 1


def test_many_workers_take_each_chunk_once(open_register, make, scan):
    first = open_register()
    with first.transaction() as connection:
        chunks = [chunk_of(f"127.0.1.{number}") for number in range(57)]
        insert_chunks(connection, scan.id, chunks, make.act())
    taken: Counter = Counter()
    lock = threading.Lock()

    def work(name):
        register = open_register()
        while True:
            with register.transaction() as connection:
                chunk = take_chunk(connection, name, at=make.act().at, lease_s=60)
            if chunk is None:
                return
            with register.transaction() as connection:
                finish_chunk(connection, chunk, "done", at=make.act().at)
            with lock:
                taken[chunk.id] += 1

    threads = [threading.Thread(target=work, args=(f"worker-{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 60
    assert set(taken.values()) == {1}
    with first.reading() as connection:
        assert count_chunks(connection, scan.id) == {"done": 60}


def test_chunk_waits_while_another_one_speaks_to_its_address(database, make, scan, take):
    first = take()
    with database.transaction() as connection:
        again = [chunk_of("127.0.0.7", "127.0.1.1")]
        insert_chunks(connection, scan.id, again, make.act(), priority=-1)
    assert [take().number, take().number, take()] == [2, 3, None]
    with database.transaction() as connection:
        finish_chunk(connection, first, "done", at=make.act(minutes=1).at)
    assert take(minutes=1).number == 4


def test_no_more_chunks_of_an_institution_run_at_once_than_are_wanted(database, make, scan, take):
    with database.transaction() as connection:
        other = make.scan(connection)
        insert_chunks(connection, other.id, [chunk_of("127.0.2.1")], make.act(minutes=1))
    taken = [take(most_of_institution=2, minutes=2) for _ in range(4)]
    assert [chunk and (chunk.scan_id, chunk.number) for chunk in taken] == [
        (scan.id, 1), (scan.id, 2), (other.id, 1), None,
    ]  # fmt: skip


def test_worker_may_want_one_very_chunk(database, scan, take):
    with database.reading() as connection:
        third = list_chunks(connection, scan_id=scan.id)[2]
    assert take(chunk_id=third.id).number == 3
    assert take(chunk_id=third.id) is None


def test_chunk_that_is_tried_again_waits_longer_each_time(database, make, scan, take):
    waited = []
    for minutes in (0, 10):
        chunk = take(minutes=minutes, scan_id=scan.id)
        with database.transaction() as connection:
            at = make.act(minutes=minutes + 1).at
            later = retry_at(chunk.attempts, at)
            finish_chunk(connection, chunk, "queued", at=at, not_before=later)
            waited.append((get_chunk(connection, chunk.id).not_before - at).total_seconds())
        assert take(minutes=minutes + 1, chunk_id=chunk.id) is None
    assert waited == [2.0, 8.0]


def test_facts_and_the_end_of_their_chunk_are_kept_together(database, make, scan, take):
    chunk = take()
    fact = Fact(address="127.0.0.1", technique="ports", outcome="answered")
    with database.transaction() as connection:
        insert_facts(
            connection,
            scan.institution_id,
            scan.id,
            [fact],
            at=make.act(minutes=1).at,
            chunk_id=chunk.id,
        )
        finish_chunk(connection, chunk, "done", at=make.act(minutes=1).at, artefact_sha256="a" * 64)
    with database.reading() as connection:
        kept = get_chunk(connection, chunk.id)
        (record,) = list_facts(connection, scan_id=scan.id)
    assert (kept.state, kept.worker, kept.artefact_sha256) == ("done", None, "a" * 64)
    assert (record.chunk_id, record.fact) == (chunk.id, fact)


def test_lost_chunk_is_queued_again_whole_and_counts_as_contacted_twice(database, make, scan, take):
    take("worker-1")
    with database.transaction() as connection:
        assert sweep_chunks(connection, at=make.act(minutes=0.9).at) == []
        (lost,) = sweep_chunks(connection, at=make.act(minutes=2).at)
    assert (lost.state, lost.attempts, lost.worker) == ("queued", 1, None)
    again = take("worker-2", minutes=3)
    assert (again.id, again.attempts) == (lost.id, 2)
    with database.reading() as connection:
        contacts = list_contacts(connection, "127.0.0.1")
    assert [(c.attempt, c.worker, c.outcome) for c in contacts] == [
        (2, "worker-2", None),
        (1, "worker-1", "lost"),
    ]


def test_worker_that_lost_its_lease_can_keep_nothing(database, make, scan, take):
    chunk = take("worker-1")
    with database.transaction() as connection:
        sweep_chunks(connection, at=make.act(minutes=2).at)
    take("worker-1", minutes=3)
    late = make.act(minutes=4).at
    for attempt in (
        lambda c: finish_chunk(c, chunk, "done", at=late),
        lambda c: record_gate(c, chunk, {"decision": "allow"}),
    ):
        with pytest.raises(WrongState, match="lease"), database.transaction() as connection:
            attempt(connection)


def test_renewed_lease_is_not_swept(database, make, scan, take):
    chunk = take()
    with database.transaction() as connection:
        half = make.act(minutes=0.5).at
        renew_leases(connection, "somebody-else", [chunk.id], at=half, lease_s=9000)
        renew_leases(connection, chunk.worker, [chunk.id], at=half, lease_s=600)
        assert list_held(connection, chunk.worker) == {chunk.id: 1}
        record_gate(connection, chunk, {"decision": "allow"})
        assert sweep_chunks(connection, at=make.act(minutes=9).at) == []
        kept = get_chunk(connection, chunk.id)
    assert kept.gate == {"decision": "allow"}
    assert kept.lease_until == make.act(minutes=10.5).at


def test_chunk_that_is_lost_again_and_again_has_failed(database, make, scan, take):
    for minutes in (0, 10, 20):
        take(minutes=minutes, scan_id=scan.id)
        with database.transaction() as connection:
            (lost,) = sweep_chunks(connection, at=make.act(minutes=minutes + 5).at)
    assert (lost.state, lost.attempts) == ("failed", 3)
    assert lost.ended_at == make.act(minutes=25).at


def test_chunk_that_was_ended_waits_again_for_the_next_window(database, make, scan, take):
    chunk = take()
    with database.transaction() as connection:
        finish_chunk(connection, chunk, "queued", at=make.act(minutes=1).at, detail="window over")
    again = take(minutes=2)
    assert (again.id, again.attempts, again.detail) == (chunk.id, 2, "window over")


def test_stopped_run_ends_what_waits_and_leaves_what_runs_to_its_worker(database, make, scan, take):
    chunk = take()
    with database.transaction() as connection:
        ended = end_queued(connection, at=make.act(minutes=1).at, detail="stopped", scan_id=scan.id)
        finish_chunk(connection, chunk, "ended", at=make.act(minutes=1).at)
        states = [kept.state for kept in list_chunks(connection, scan_id=scan.id)]
    assert ended == 2
    assert states == ["ended"] * 3


def test_contacts_of_an_address_tell_run_time_and_plan(database, make, scan, take):
    chunk = take()
    with database.transaction() as connection:
        finish_chunk(connection, chunk, "done", at=make.act(minutes=1).at)
        insert_chunks(connection, scan.id, [chunk_of("127.0.1.1")], make.act(), priority=-1)
    take(minutes=5)
    with database.reading() as connection:
        shared = list_contacts(connection, "127.0.1.1")
        before = list_contacts(connection, "127.0.1.1", until=make.act(minutes=5).at)
        nobody = list_contacts(connection, "127.0.0.77")
    assert [contact.ended_at for contact in shared] == [None, make.act(minutes=1).at]
    assert [contact.scan for contact in before] == [scan.code]
    assert before[0].plan == chunk.plan
    assert before[0].started_at == make.act().at
    assert nobody == []


def test_run_goes_on_and_never_back(database, make, scan):
    with database.transaction() as connection:
        record_state(connection, scan.id, "running", at=make.act(minutes=1).at)
        record_state(connection, scan.id, "done", at=make.act(minutes=2).at, summary={"hosts": 3})
        kept = get_scan(connection, scan.code, institution_id=scan.institution_id)
        with pytest.raises(WrongState, match="cannot become running"):
            record_state(connection, scan.id, "running", at=make.act(minutes=3).at)
        other = make.institution(connection).id
        with pytest.raises(NotFound):
            get_scan(connection, scan.code, institution_id=other)
        assert [record.code for record in list_scans(connection, state="done")] == [scan.code]
    assert (kept.started_at, kept.ended_at) == (
        make.act(minutes=1).at,
        make.act(minutes=1).at + timedelta(minutes=1),
    )
    assert kept.summary == {"hosts": 3}
