"""Writes the analysts' file: whole or not at all, for its owner only."""

import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlite_utils import Database

from cyberposture.errors import MissingService, NotFound, WrongState
from cyberposture.exchange.analysts.catalogue import IN_EDITION
from cyberposture.exchange.analysts.documentation import TABLES
from cyberposture.exchange.analysts.shape import Stored, Table, stored
from cyberposture.exchange.analysts.snapshot import Snapshot
from cyberposture.exchange.analysts.views import VIEWS

Progress = Callable[[str, int], None]
"""Called after each table with its name and its number of rows."""
_SIDE_FILES = ("-wal", "-shm", "-journal")


@contextmanager
def new_file(out: Path, *, force: bool = False) -> Iterator[Path]:
    """Yield an empty file beside `out` that takes its place at the end; after an error it is gone.

    It is readable by its owner only. What stands at `out` is replaced with `force` alone.

    Raises:
        WrongState: there is a file at `out` already, or a program has it open.
        NotFound: there is no such folder.
        MissingService: the folder cannot be written to.
    """
    _require_free(out, force)
    try:
        handle, name = tempfile.mkstemp(prefix=".cyberposture-", suffix=".part", dir=out.parent)
    except OSError as error:
        raise _unwritable(out, error.strerror or "unknown") from error
    os.close(handle)
    draft = Path(name)
    try:
        yield draft
        _require_free(out, force)
        _settle(draft, out)
    finally:
        draft.unlink(missing_ok=True)


def write_analysts(
    snapshot: Snapshot, path: Path, progress: Progress | None = None
) -> dict[str, int]:
    """Write the register as it stands in the snapshot into an empty file; return rows by table.

    Raises:
        MissingService: the file cannot be written, or SQLite lacks full-text search.
    """
    try:
        # Plugins would bring other people's code into the file's making.
        database = Database(path, execute_plugins=False)
        try:
            # Until it is whole nobody reads the file: what a crash leaves behind is thrown away.
            database.execute("PRAGMA journal_mode = MEMORY")
            database.execute("PRAGMA synchronous = OFF")
            for table in TABLES:
                _create(database, table)
            for table in TABLES:
                count = _fill(database, table, snapshot)
                if progress is not None:
                    progress(table.name, count)
            _name_what_is_gone(database)
            _finish(database)
            return {table.name: database.table(table.name).count for table in TABLES}
        finally:
            database.close()
    except sqlite3.OperationalError as error:
        raise _unwritable(path, str(error)) from error


def _create(database: Database, table: Table) -> None:
    key = table.key[0] if len(table.key) == 1 else table.key
    links: list[tuple[str, str, str]] = []
    for column in table.columns:
        if column.to is not None:
            other, _, other_column = column.to.partition(".")
            links.append((column.name, other, other_column))
    database.table(table.name).create(
        {column.name: column.type for column in table.columns},
        pk=key,
        foreign_keys=links,
        not_null={column.name for column in table.columns if not column.optional},
    )


def _fill(database: Database, table: Table, snapshot: Snapshot) -> int:
    names = [column.name for column in table.columns]
    count = 0

    def lines() -> Iterator[list[Stored]]:
        nonlocal count
        for row in table.rows(snapshot):
            count += 1
            yield [stored(row[name]) for name in names]

    first = next(filled := lines(), None)
    if first is None:
        return 0

    def all_lines() -> Iterator[list[Stored]]:
        yield list(names)
        yield first
        yield from filled

    database.table(table.name).insert_all(all_lines())
    return count


def _name_what_is_gone(database: Database) -> None:
    """Give a bare row to what the register still names and the present edition does not hold."""
    for table in TABLES:
        if IN_EDITION not in table.columns:
            continue
        target = f"{table.name}.id"
        for other in TABLES:
            for column in other.columns:
                if column.to == target:
                    database.execute(
                        f"INSERT INTO {table.name} (id, in_edition) "
                        f"SELECT DISTINCT {column.name}, 0 FROM {other.name} "
                        f"WHERE {column.name} NOT IN (SELECT id FROM {table.name}) ORDER BY 1"
                    )
    database.commit()


def _finish(database: Database) -> None:
    """Add what makes the rows easy to find: views, indexes and full-text search."""
    for view in VIEWS:
        database.create_view(view.name, view.sql)
    database.index_foreign_keys()
    for table in TABLES:
        for columns in table.indexes:
            database.table(table.name).create_index(columns, if_not_exists=True)
        if table.search:
            database.table(table.name).enable_fts(table.search, tokenize="porter")
    database.analyze()


def _require_free(out: Path, force: bool) -> None:
    if not out.parent.is_dir():
        raise NotFound("folder", str(out.parent))
    if out.is_dir():
        raise WrongState(f"{out} is a folder")
    if out.exists() and not force:
        raise WrongState(f"{out} is there already", advice="--force replaces it")
    for ending in _SIDE_FILES:
        beside = out.with_name(out.name + ending)
        if beside.exists():
            # SQLite would take it for a part of the new file.
            raise WrongState(f"{beside} is there: a program has {out.name} open, or had it")


def _settle(draft: Path, out: Path) -> None:
    """Bring the draft to the disk and then to its place, at once."""
    try:
        handle = os.open(draft, os.O_RDWR)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        draft.replace(out)
    except OSError as error:
        raise _unwritable(out, error.strerror or "unknown") from error


def _unwritable(path: Path, why: str) -> MissingService:
    return MissingService(f"the file cannot be written in {path.parent}: {why}")
