"""Writers that queue on SQLite share a commit, and none goes on before it is on the disk."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from cyberposture.errors import MissingService, WrongUsage
from cyberposture.store import tables as t
from cyberposture.store.people import list_people
from cyberposture.store.writers import WriterQueue

pytestmark = pytest.mark.store
SQLITE = pytest.mark.parametrize("engine", [pytest.param("sqlite")], indirect=True)


class Writer:
    """Writes a person inside a turn, in a thread, held up until it is let go."""

    def __init__(self, queue, make, code, spoil):
        self.queue, self.make, self.code, self.spoil = queue, make, code, spoil
        self.is_inside, self.may_leave = threading.Event(), threading.Event()
        self.outcome = None

    def write(self):
        with self.queue.turn() as connection:
            self.is_inside.set()
            self.may_leave.wait(10)
            self.make.person(connection, self.code)
            if self.spoil is not None:
                self.spoil(connection)

    def finish(self):
        """Wait for the end; what went wrong in the thread is raised here."""
        self.outcome.result(10)


@pytest.fixture
def queue(database):
    with database.reading():
        pass
    return WriterQueue(lambda: database._connect(is_writing=True))


@pytest.fixture
def begin(queue, make):
    """Start a writer in a thread of its own and return it."""
    with ThreadPoolExecutor(4) as pool:

        def start(code, spoil=None):
            writer = Writer(queue, make, code, spoil)
            writer.outcome = pool.submit(writer.write)
            return writer

        yield start


@pytest.fixture
def problems(queue, begin, monkeypatch):
    """Let writers, each with its own end, share one transaction; return what each is told."""
    monkeypatch.setattr("cyberposture.store.writers.LONGEST_SHARED_S", 60)

    def run(*spoils):
        writers = []
        for number, spoil in enumerate(spoils):
            writers.append(begin(f"person-{number}", spoil))
            if number == 0:
                assert writers[0].is_inside.wait(10)
        wait_until(lambda: queue._waiting == len(spoils) - 1)
        for writer in writers:
            writer.may_leave.set()
        return [writer.outcome.exception(10) for writer in writers]

    return run


def wait_until(holds):
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def people(database):
    with database.reading() as connection:
        return {record.person.code for record in list_people(connection)}


def count_commits(connections):
    """Return a list that grows with every commit of something written."""
    commits = []

    def hear(connection):
        if connection.get_execution_options()["is_writing"]:
            commits.append(connection)

    sa.event.listen(connections, "commit", hear)
    return commits


@SQLITE
def test_writers_that_wait_share_one_commit(database, problems):
    commits = count_commits(database._engine)
    assert problems(None, None, None, None) == [None] * 4
    assert people(database) == {"person-0", "person-1", "person-2", "person-3"}
    assert len(commits) == 1


@SQLITE
def test_writer_that_leaves_first_waits_for_the_commit_of_the_last(
    database, queue, begin, monkeypatch
):
    monkeypatch.setattr("cyberposture.store.writers.LONGEST_SHARED_S", 60)
    first = begin("first")
    assert first.is_inside.wait(10)
    second = begin("second")
    wait_until(lambda: queue._waiting == 1)
    first.may_leave.set()
    assert second.is_inside.wait(10)
    assert not first.outcome.done(), "it must not go on before the commit"
    assert people(database) == set()
    second.may_leave.set()
    first.finish()
    second.finish()
    assert people(database) == {"first", "second"}


@SQLITE
def test_failure_of_one_writer_undoes_its_own_writes_only(database, problems):
    def fail(_connection):
        raise RuntimeError("mine alone")

    first, second, third = problems(None, fail, None)
    assert isinstance(second, RuntimeError)
    assert (first, third) == (None, None)
    assert people(database) == {"person-0", "person-2"}


@SQLITE
def test_lost_transaction_is_told_to_everyone_who_wrote_in_it(database, problems):
    """SQLite rolls back by itself when the disk is full."""
    first, second = problems(None, lambda connection: connection.exec_driver_sql("ROLLBACK"))
    assert isinstance(first, MissingService)
    assert second is not None
    assert people(database) == set()


@SQLITE
def test_transaction_handed_to_nobody_is_ended_by_who_waits_for_it(
    database, queue, make, monkeypatch
):
    monkeypatch.setattr("cyberposture.store.writers._PATIENCE_S", 0.05)
    monkeypatch.setattr(queue, "_waiting", 1)
    with queue.turn() as connection:
        make.person(connection, "amna-khan")
    assert people(database) == {"amna-khan"}


@SQLITE
def test_transaction_that_is_old_takes_nobody_in(database, queue, begin, monkeypatch):
    monkeypatch.setattr("cyberposture.store.writers.LONGEST_SHARED_S", 0)
    commits = count_commits(database._engine)
    first = begin("first")
    assert first.is_inside.wait(10)
    second = begin("second")
    wait_until(lambda: queue._waiting == 1)
    first.may_leave.set()
    first.finish()
    assert people(database) == {"first"}
    second.may_leave.set()
    second.finish()
    assert len(commits) == 2


@SQLITE
def test_queue_goes_on_after_the_database_could_not_be_reached(database, make):
    fails = [True]

    def connect():
        if fails.pop() if fails else False:
            raise OSError("not now")
        return database._connect(is_writing=True)

    with database.reading():
        pass
    queue = WriterQueue(connect)
    with pytest.raises(OSError, match="not now"), queue.turn():
        pass
    with queue.turn() as connection:
        make.person(connection, "amna-khan")
    assert people(database) == {"amna-khan"}


@SQLITE
def test_transaction_inside_a_transaction_is_refused(database):
    with (
        pytest.raises(WrongUsage, match="inside another"),
        database.transaction(),
        database.transaction(),
    ):
        pass
    with database.transaction() as connection:
        assert connection.execute(sa.select(t.people)).all() == []
