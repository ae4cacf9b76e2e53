"""Opens the register on SQLite or PostgreSQL and hands out transactions; it knows no table."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    StatementError,
)

from cyberposture.errors import (
    Corrupt,
    CyberpostureError,
    InvalidInput,
    MissingService,
    NotAuthorised,
    WrongState,
    WrongUsage,
)
from cyberposture.store import migration
from cyberposture.store.writers import WriterQueue

_REFUSED_BY_FENCE = "42501"
"""Source: PostgreSQL 15 documentation, appendix A, insufficient_privilege."""
PATIENCE = {
    "connect_timeout": "10",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
}
"""A server that has gone without a word is given up, and not waited for for hours.

Source: PostgreSQL 15 documentation, 34.1.2 Parameter Key Words (seconds, but for the last: ms).
"""
KEPT_OPEN: Final = 16
"""So many connections stay open once they were needed: the portal answers with as many threads."""
_AT_MOST: Final = 40
"""Beyond those that are kept, connections for scans, the clock and whatever else runs beside it."""
BUSY_TIMEOUT_S = 30
"""How long a writer waits for another before it gives up."""


@dataclass(frozen=True, slots=True)
class _State:
    """What a thread reads from at present: one transaction that only reads, behind this fence."""

    connection: Connection
    fence: UUID | None


class Database:
    """One register. Made by `open_database`; it connects only when it is used."""

    def __init__(self, url: URL, engine: Engine) -> None:
        self._url = url
        self._engine = engine
        self._is_checked = False
        self._writers = WriterQueue(lambda: self._connect(is_writing=True))
        self._threads = threading.local()

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._engine.dialect.name

    @property
    def url(self) -> str:
        """The address of the register, with any password masked."""
        return self._url.render_as_string(hide_password=True)

    @property
    def path(self) -> Path | None:
        """The file of the register on SQLite, else None."""
        return Path(str(self._url.database)) if self.dialect == "sqlite" else None

    @contextmanager
    def transaction(self, *, fence: UUID | None = None) -> Iterator[Connection]:
        """Yield a connection whose writes are all kept at the end, or none on an error.

        With `fence`, PostgreSQL shows only that institution's rows (row-level security).

        Raises:
            WrongState: the register is not migrated, or a write contradicts what it holds.
        NotAuthorised: a write would leave the fence.
            MissingService: the database cannot be reached or does not take the write.
            Corrupt: the database file is damaged.
        WrongUsage: this thread is in a transaction of this register already.
        """
        self._require_migrated()
        actions: dict[str, Callable[[], None]] = {}
        self._threads.state = None
        with _explained():
            with self._alone(), self._writer() as connection:
                connection.info["after_commit"] = actions
                _begin_with(connection, fence)
                yield connection
            for action in actions.values():
                action()

    @contextmanager
    def reading(self, *, fence: UUID | None = None) -> Iterator[Connection]:
        """Yield a connection that sees one consistent state and refuses to write.

        Raises: as `transaction`.
        """
        state: _State | None = getattr(self._threads, "state", None)
        if state is not None and state.fence == fence:
            yield state.connection
            return
        self._require_migrated()
        with _explained(), self._connect(is_writing=False) as connection, connection.begin():
            _begin_with(connection, fence)
            yield connection

    @contextmanager
    def one_state(self, *, fence: UUID | None = None) -> Iterator[None]:
        """Let every reading of this thread within see the same state, over one connection.

        That ends with the first transaction of the thread: what it changed is seen after it.

        Raises: as `transaction`.
        """
        with self.reading(fence=fence) as connection:
            before = getattr(self._threads, "state", None)
            self._threads.state = _State(connection, fence)
            try:
                yield
            finally:
                # After a change, readings that began before it would not show it.
                self._threads.state = before if self._threads.state is not None else None

    def migrate(self) -> str:
        """Bring the register to this program's shape and return its revision.

        Raises:
            WrongState: a migration failed, or the register is of another program; then nothing
                was changed.
            MissingService: the database cannot be reached.
        """
        if self.path is not None and not self.path.exists():
            _create_privately(self.path)
        with _explained(), self._connect(is_writing=True) as connection, connection.begin():
            return migration.upgrade(connection)

    def current_revision(self) -> str | None:
        """Return the revision that the register has, or None where nothing was ever laid."""
        if self.path is not None and not self.path.exists():
            return None
        with _explained(), self._connect(is_writing=False) as connection, connection.begin():
            return migration.current_revision(connection)

    def has_fence(self) -> bool:
        """Return whether the database itself keeps institutions apart for our account.

        It does on PostgreSQL, unless the account is a superuser or may bypass row security.
        """
        if self.dialect != "postgresql":
            return False
        asked = "SELECT NOT (rolsuper OR rolbypassrls) FROM pg_roles WHERE rolname = current_user"
        with self.reading() as connection:
            return bool(connection.execute(sa.text(asked)).scalar_one())

    @property
    def has_queue(self) -> bool:
        """Whether workers in other processes can be woken; on SQLite each does its own work."""
        return self.dialect == "postgresql"

    @property
    def queue_url(self) -> str:
        """The address of the register for the queue; it may hold a password."""
        return with_patience(self._url).render_as_string(hide_password=False)

    def lone_session(self) -> Connection:
        """Return a connection that is the caller's own until it is closed, without transactions."""
        return self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")

    def close(self) -> None:
        """Close every connection; the database may be used again afterwards."""
        self._engine.dispose()

    @contextmanager
    def _writer(self) -> Iterator[Connection]:
        if self.dialect == "sqlite":
            with self._writers.turn() as connection:
                yield connection
        else:
            with self._connect(is_writing=True) as connection, connection.begin():
                yield connection

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Refuse a transaction inside a transaction, which would wait for itself for ever."""
        if getattr(self._threads, "is_writing", False):
            raise WrongUsage("a transaction cannot begin inside another")
        self._threads.is_writing = True
        try:
            yield
        finally:
            self._threads.is_writing = False

    def _connect(self, *, is_writing: bool) -> Connection:
        if self.dialect == "sqlite":
            options: dict[str, Any] = {"is_writing": is_writing}
        elif is_writing:
            options = {"isolation_level": "READ COMMITTED"}
        else:
            options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        return self._engine.connect().execution_options(**options)

    def _require_migrated(self) -> None:
        """Check once, before anything is served, that the tables are those we know."""
        if self._is_checked:
            return
        if self.path is not None and not self.path.exists():
            raise WrongState(f"there is no register at {self.path}", advice="cyberposture init")
        with _explained(), self._connect(is_writing=False) as connection, connection.begin():
            migration.require_current(connection)
        self._is_checked = True


def open_database(url: str, *, pool_size: int = KEPT_OPEN) -> Database:
    """Return the register at `url`: `sqlite:///FILE` or `postgresql://…`; nothing is opened yet.

    Raises:
        InvalidInput: the URL is none, or names another kind of database.
    """
    try:
        address = make_url(url)
    except ArgumentError as error:
        raise InvalidInput(f"{url!r} is no database URL") from error
    kind = address.get_backend_name()
    if kind == "sqlite" and address.database not in (None, "", ":memory:"):
        engine = sa.create_engine(address, **_pool(pool_size))
        event.listen(engine, "do_connect", _open_sqlite)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    elif kind == "postgresql":
        engine = sa.create_engine(
            with_patience(address).set(drivername="postgresql+psycopg"),
            **{**_pool(pool_size), "pool_pre_ping": True},
        )
        event.listen(engine, "connect", _prepare_postgresql)
    else:
        raise InvalidInput(f"a register lives in sqlite:///FILE or postgresql://…, not in {kind}")
    return Database(address, engine)


def _pool(size: int) -> dict[str, Any]:
    # The one that was used last is taken first: what nobody needs is left alone.
    return {"pool_size": size, "max_overflow": _AT_MOST - size, "pool_use_lifo": True}


def with_patience(address: URL) -> URL:
    """Return a PostgreSQL URL that says how long to wait, where it does not say so itself."""
    missing = {name: value for name, value in PATIENCE.items() if name not in address.query}
    return address.update_query_dict(missing)


def after_commit(connection: Connection, name: str, action: Callable[[], None]) -> None:
    """Have `action` run once the transaction of `connection` is kept; never if it is not.

    Of several actions with one name, the last runs.
    """
    connection.info["after_commit"][name] = action


def _create_privately(path: Path) -> None:
    """Make an empty file that only its owner reads; SQLite gives its side files the same mode."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _open_sqlite(_dialect: Any, _record: Any, given: list[Any], options: dict[str, Any]) -> None:
    """Have a register that nobody here may write, such as an auditor's copy, opened for reading.

    Without a write-ahead log beside it nobody is at work on it, and all that was committed is in
    the one file: SQLite needs to be told so, because it may not lay its own files there.
    """
    path = Path(given[0])
    if _is_writable(path):
        return
    is_whole = not path.with_name(f"{path.name}-wal").exists()
    given[0] = f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' if is_whole else ''}"
    options["uri"] = True


def _is_writable(path: Path) -> bool:
    """Return whether the file, and the folder in which SQLite lays its side files, take writes.

    It is asked, never tried: closing a handle of the file would drop every lock that SQLite's
    other connections in this process hold on it.
    """
    rights = os.access in os.supports_effective_ids
    return all(os.access(place, os.W_OK, effective_ids=rights) for place in (path, path.parent))


def _prepare_sqlite(raw: Any, _record: Any) -> None:
    raw.isolation_level = None  # We begin transactions ourselves, below.
    for pragma in (
        f"busy_timeout = {BUSY_TIMEOUT_S * 1000}",
        "journal_mode = WAL",
        "foreign_keys = ON",
        # In WAL mode NORMAL may lose the last commits when the power fails.
        "synchronous = FULL",
    ):
        raw.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    """Take the write lock at once, so that no transaction fails half-way for want of it."""
    is_writing = connection.get_execution_options()["is_writing"]
    if connection.info.get("is_writing") is not is_writing:
        connection.exec_driver_sql(f"PRAGMA query_only = {'OFF' if is_writing else 'ON'}")
        connection.info["is_writing"] = is_writing
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")


def _prepare_postgresql(raw: Any, _record: Any) -> None:
    raw.autocommit = True
    raw.execute("SET TIME ZONE 'UTC'")
    raw.execute(f"SET lock_timeout = '{BUSY_TIMEOUT_S}s'")
    raw.autocommit = False


def raise_fence(connection: Connection, institution_id: UUID | None) -> None:
    """Have PostgreSQL show only this institution's rows until the transaction ends; None: all."""
    if connection.dialect.name != "postgresql":
        return
    if institution_id != connection.info.get("fence"):
        connection.execute(
            sa.text("SELECT set_config('cyberposture.institution', :id, true)"),
            {"id": "" if institution_id is None else str(institution_id)},
        )
        note_fence(connection, institution_id)


def note_fence(connection: Connection, institution_id: UUID | None) -> None:
    """Remember behind which fence this connection's transaction is."""
    connection.info["fence"] = institution_id


def raised_fence(connection: Connection) -> UUID | None:
    """Return behind which institution's fence this transaction is."""
    fence: UUID | None = connection.info.get("fence")
    return fence


def _begin_with(connection: Connection, institution_id: UUID | None) -> None:
    # It may have served another institution before: that setting ended, our note of it did not.
    note_fence(connection, None)
    raise_fence(connection, institution_id)


@contextmanager
def _explained() -> Iterator[None]:
    """Turn the library's errors into ours, without the values of the statement."""
    try:
        yield
    except StatementError as error:
        if isinstance(error.orig, CyberpostureError):
            raise error.orig from error
        said = str(error.orig).strip().splitlines()[0]
        if getattr(error.orig, "sqlstate", None) == _REFUSED_BY_FENCE:
            raise NotAuthorised("outside-the-fence", said) from error
        if isinstance(error, IntegrityError):
            raise WrongState(f"this contradicts what the register holds: {said}") from error
        if isinstance(error, (OperationalError, InterfaceError)):
            raise MissingService(
                f"the database does not serve: {said}",
                advice="cyberposture doctor tells whether it is full, locked or out of reach",
            ) from error
        if type(error) is DatabaseError:
            raise Corrupt(f"the database cannot be read: {said}") from error
        raise
