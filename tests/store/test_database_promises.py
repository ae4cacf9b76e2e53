"""What every transaction promises, on both databases."""

import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from cyberposture.errors import Corrupt, InvalidInput, MissingService, WrongState
from cyberposture.store import tables as t
from cyberposture.store.calendar import insert_blackout, list_blackouts
from cyberposture.store.database import Database, after_commit, open_database
from cyberposture.store.people import find_person, list_people
from cyberposture.store.tables.columns import Instant

NOON = datetime(2026, 11, 19, 12, 0, tzinfo=UTC)


def test_writes_of_a_transaction_are_kept_together(database, make):
    with database.transaction() as connection:
        make.person(connection, "amna-khan")
        make.person(connection, "bilal-shah")
    with database.reading() as connection:
        assert [record.person.code for record in list_people(connection)] == [
            "amna-khan",
            "bilal-shah",
        ]


def test_error_inside_a_transaction_undoes_all_of_it(database, make):
    with pytest.raises(RuntimeError, match="half-way"), database.transaction() as connection:
        make.person(connection, "amna-khan")
        raise RuntimeError("half-way")
    with database.reading() as connection:
        assert list_people(connection) == []


def test_reading_refuses_to_write(database, make):
    with pytest.raises(Exception, match=r"read-?only"), database.reading() as connection:
        make.person(connection, "amna-khan")
    with database.transaction() as connection:
        make.person(connection, "amna-khan")


def test_reading_sees_one_state_while_others_write(database, make):
    with database.reading() as reader:
        before = list_people(reader)
        with database.transaction() as writer:
            make.person(writer, "amna-khan")
        assert list_people(reader) == before == []
    with database.reading() as reader:
        assert len(list_people(reader)) == 1


def test_actions_after_the_commit_run_once_it_is_kept_and_never_otherwise(database, make):
    done = []
    with database.transaction() as connection:
        make.person(connection, "amna-khan")
        after_commit(connection, "tell", lambda: done.append("kept"))
        assert done == []
    with pytest.raises(RuntimeError), database.transaction() as connection:
        after_commit(connection, "tell", lambda: done.append("lost"))
        raise RuntimeError
    with database.transaction() as connection:
        make.person(connection, "bilal-shah")
    assert done == ["kept"]


def test_action_after_the_commit_finds_the_rows_of_others_readable(database, make):
    seen = []

    def look() -> None:
        with database.reading() as reader:
            seen.append(find_person(reader, "amna-khan"))

    with database.transaction() as connection:
        make.person(connection, "amna-khan")
        after_commit(connection, "look", look)
    assert seen[0] is not None


@pytest.mark.parametrize("hours", [-9.5, 0, 5, 14])
def test_moments_come_back_aware_and_in_utc(database, make, hours):
    local = datetime(2026, 3, 1, 0, 30, 0, 123456, tzinfo=timezone(timedelta(hours=hours)))
    with database.transaction() as connection:
        insert_blackout(
            connection,
            None,
            make.act(),
            title="Eid",
            starts_at=local,
            ends_at=local + timedelta(days=300),
        )
    with database.reading() as connection:
        (kept,) = list_blackouts(connection, None, as_of=NOON)
    assert kept.starts_at == local
    assert kept.starts_at.tzinfo is UTC
    assert kept.act.at.tzinfo is UTC


def test_moment_without_a_zone_is_refused(database, make):
    naive = datetime(2026, 3, 1)
    with pytest.raises(InvalidInput, match="no zone"), database.transaction() as connection:
        insert_blackout(connection, None, make.act(), title="Eid", starts_at=naive, ends_at=NOON)


@given(st.lists(st.datetimes(timezones=st.just(UTC)), min_size=2, max_size=2))
def test_text_of_moments_on_sqlite_sorts_by_time(moments):
    dialect = sa.create_engine("sqlite://").dialect
    written = [Instant().process_bind_param(moment, dialect) for moment in moments]
    assert (written[0] < written[1]) == (moments[0] < moments[1])


@pytest.mark.parametrize("text", ["a\x00b", "half \ud800 a pair"])
def test_text_that_one_database_cannot_hold_is_refused_on_both(database, make, text):
    with pytest.raises(InvalidInput, match="cannot be kept"), database.transaction() as connection:
        insert_blackout(
            connection,
            None,
            make.act(reason=text),
            title="Eid",
            starts_at=NOON,
            ends_at=NOON,
        )


def test_foreign_keys_hold(database, make):
    with pytest.raises(WrongState, match="contradicts"), database.transaction() as connection:
        connection.execute(
            sa.insert(t.declarations),
            {
                "id": uuid4(),
                "institution_id": uuid4(),
                "revision": 1,
                **make.act().written(),
            },
        )


def test_register_that_does_not_exist_is_not_made_by_asking(tmp_path):
    path = tmp_path / "nothing.sqlite"
    register = open_database(f"sqlite:///{path}")
    assert register.current_revision() is None
    with pytest.raises(WrongState, match="no register"), register.transaction():
        pass
    assert not path.exists()


def test_file_of_the_register_is_read_by_its_owner_only(tmp_path):
    path = tmp_path / "new" / "register.sqlite"
    register = open_database(f"sqlite:///{path}")
    register.migrate()
    with register.transaction() as connection:
        insert_blackout_anywhere(connection)
        beside = sorted(path.parent.iterdir())
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in beside}
    register.close()
    assert modes == dict.fromkeys(
        ("register.sqlite", "register.sqlite-shm", "register.sqlite-wal"), 0o600
    )


def insert_blackout_anywhere(connection: sa.Connection) -> None:
    """Write a row, so that SQLite makes its side files."""
    row = {"revision": 1, "entries": [], "actor": "a", "reason": "", "at": NOON}
    connection.execute(sa.insert(t.denials), row)


@pytest.mark.parametrize(
    "url", ["mysql://root@localhost/register", "sqlite://", "sqlite:///:memory:", "nonsense"]
)
def test_other_databases_are_refused_before_anything_is_opened(url):
    with pytest.raises(InvalidInput):
        open_database(url)


def test_damaged_file_is_told_as_such(tmp_path: Path):
    path = tmp_path / "register.sqlite"
    path.write_bytes(b"this is no database" * 1000)
    with pytest.raises(Corrupt), open_database(f"sqlite:///{path}").reading():
        pass


@pytest.mark.loopback
def test_server_that_is_not_there_is_a_missing_service():
    register = open_database("postgresql://nobody:secret@127.0.0.1:1/register")
    assert "secret" not in register.url
    with pytest.raises(MissingService) as problem, register.reading():
        pass
    assert "doctor" in str(problem.value.advice())


def test_many_writers_wait_for_each_other(open_register: Callable[[], Database], make):
    registers = [open_register() for _ in range(2)]

    def write(number: int) -> None:
        for turn in range(5):
            with registers[number % 2].transaction() as connection:
                make.person(connection, f"person-{number}-{turn}")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with registers[0].reading() as connection:
        assert len(list_people(connection)) == 30


@pytest.mark.parametrize("engine", [pytest.param("sqlite", marks=pytest.mark.store)])
def test_another_connection_leaves_the_locks_of_the_first_alone(database: Database) -> None:
    """Else another process takes itself for the last one and clears the write-ahead log away.

    Closing any handle of a file drops every lock that the process holds on it; so no handle of the
    register is ever opened beside SQLite's own. Source: SQLite, How To Corrupt An SQLite Database
    File, 2.2.
    """
    shared_bytes = "fcntl.LOCK_EX | fcntl.LOCK_NB, 510, 0x40000002"
    take = f"import fcntl, sys; fcntl.lockf(open(sys.argv[1], 'rb+'), {shared_bytes})"
    command = [sys.executable, "-c", take, str(database.path)]
    with database.reading() as first:
        first.execute(sa.text("SELECT count(*) FROM people")).scalar_one()
        with database.reading() as second:
            second.execute(sa.text("SELECT count(*) FROM people")).scalar_one()
        other = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "BlockingIOError" in other.stderr


def test_within_one_state_every_reading_of_the_thread_sees_the_same(database, make):
    with database.one_state():
        with database.reading() as first:
            assert list_people(first) == []
        in_another_thread(lambda: write_person(database, make, "amna-khan"))
        with database.reading() as second:
            assert second is first
            assert list_people(second) == []
        assert in_another_thread(lambda: count_people(database)) == 1
    assert count_people(database) == 1


def test_one_state_ends_with_the_first_change_of_the_thread(database, make):
    with database.one_state():
        assert count_people(database) == 0
        write_person(database, make, "amna-khan")
        assert count_people(database) == 1
    assert count_people(database) == 1


def test_one_state_without_a_fence_is_not_lent_to_a_reading_behind_one(database):
    with (
        database.one_state(),
        database.reading() as open_one,
        database.reading(fence=uuid4()) as fenced,
    ):
        assert fenced is not open_one


def test_a_reading_refuses_to_write_within_one_state_too(database, make):
    with (
        pytest.raises(Exception, match=r"read-?only"),
        database.one_state(),
        database.reading() as connection,
    ):
        make.person(connection, "amna-khan")


def count_people(database: Database) -> int:
    with database.reading() as connection:
        return len(list_people(connection))


def write_person(database: Database, make, code: str) -> None:
    with database.transaction() as connection:
        make.person(connection, code)


def in_another_thread(work: Callable[[], object]) -> object:
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    thread.join(20)
    return found[0]
