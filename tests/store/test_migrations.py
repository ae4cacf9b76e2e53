"""The tables are what the migrations make, on both databases, and nothing half-made is served."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from cyberposture.errors import WrongState
from cyberposture.store import tables as t
from cyberposture.store.audit import AuditLog
from cyberposture.store.database import Database, open_database
from cyberposture.store.migration import head_revision

MOMENT = datetime(2026, 11, 19, 2, 14, tzinfo=UTC)


def table_names(url: str) -> set[str]:
    """Return every table there is, known or not."""
    engine = sa.create_engine(url)
    names = set(sa.inspect(engine).get_table_names())
    engine.dispose()
    return names


@contextmanager
def at_revision(url: str, revision: str) -> Iterator[sa.Connection]:
    """Yield a connection to a register that an earlier program laid."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        settings = Config(attributes={"connection": connection})
        settings.set_main_option("script_location", "cyberposture.store:migrations")
        settings.set_main_option("path_separator", "os")
        command.upgrade(settings, revision)
        connection.info["after_commit"] = {}
        yield connection
    engine.dispose()


@pytest.fixture
def fresh(empty_url: str) -> Iterator[Database]:
    register = open_database(empty_url)
    yield register
    register.close()


def test_tables_equal_migrations(database: Database) -> None:
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, t.metadata) == []


def test_head_read_from_file_names_is_the_head_that_alembic_finds() -> None:
    settings = Config()
    settings.set_main_option("script_location", "cyberposture.store:migrations")
    settings.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(settings).get_heads() == [head_revision()]


def test_register_that_was_never_migrated_is_not_served(fresh: Database) -> None:
    assert fresh.current_revision() is None
    with pytest.raises(WrongState) as refusal, fresh.reading():
        pass
    assert "cyberposture" in str(refusal.value.advice())


def test_migrating_reports_the_revision_and_opens_the_register(fresh: Database) -> None:
    assert fresh.migrate() == head_revision() == fresh.current_revision()
    with fresh.transaction() as connection:
        assert connection.execute(sa.select(t.people)).all() == []


def test_migrating_again_keeps_the_rows_written_before(fresh: Database) -> None:
    fresh.migrate()
    row = {"revision": 1, "entries": ["39.33.0.0/16"], "actor": "amna", "reason": "", "at": MOMENT}
    with fresh.transaction() as connection:
        connection.execute(sa.insert(t.denials), row)
    fresh.migrate()
    with fresh.reading() as connection:
        kept = connection.execute(sa.select(t.denials)).mappings().one()
    assert dict(kept) == row


def test_adoptions_that_only_the_log_knew_are_taken_over(
    fresh: Database, empty_url: str, audit_log: AuditLog, make: Any
) -> None:
    """Revision 0002 reads what the program of revision 0001 wrote."""
    told = [{"catalogue": sign * 64, "checks": "c" * 64, "texts": sign * 64} for sign in ("a", "b")]
    with at_revision(empty_url, "0001") as connection:
        for number, data in enumerate(told):
            act = make.act(minutes=number)
            audit_log.append(connection, None, "edition-adopted", "national", act, data=data)
        audit_log.append(connection, None, "round-opened", "autumn", make.act(minutes=5))
    assert fresh.migrate() == head_revision()
    with fresh.reading() as connection:
        rows = connection.execute(sa.select(t.adoptions).order_by(t.adoptions.c.number)).mappings()
        kept = [dict(row) for row in rows]
    assert kept == [
        {"number": number, **data, **make.act(minutes=number - 1).written()}
        for number, data in enumerate(told, start=1)
    ]


def test_failed_migration_changes_nothing_and_is_not_served(
    fresh: Database, empty_url: str
) -> None:
    fresh.migrate()
    with fresh.transaction() as connection:
        connection.execute(sa.text("DELETE FROM alembic_version"))
        connection.execute(sa.text("DROP TABLE answers"))
    before = table_names(empty_url)
    with pytest.raises(WrongState, match="nothing was changed"):
        fresh.migrate()
    assert table_names(empty_url) == before
    another = open_database(empty_url)
    with pytest.raises(WrongState), another.transaction():
        pass
    another.close()


@pytest.mark.parametrize(
    ("revision", "said"),
    [
        ("9999", "revision 9999, newer than this program"),
        ("0000", "revision '0000', which this program never had"),
        ("1a2b3c4d5e6f", "revision '1a2b3c4d5e6f', which this program never had"),
        ("", "revision '', which this program never had"),
    ],
)
def test_register_of_another_program_is_neither_served_nor_migrated(
    fresh: Database, empty_url: str, revision: str, said: str
) -> None:
    fresh.migrate()
    with fresh.transaction() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :r"), {"r": revision})
    opened = open_database(empty_url)
    with pytest.raises(WrongState, match=said), opened.reading():
        pass
    with pytest.raises(WrongState, match=said):
        opened.migrate()
    opened.close()
