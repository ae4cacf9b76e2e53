"""Elects one process among those that stand for an office, such as that of the clock.

On PostgreSQL the office is a lock of the session, on SQLite a lock on a file beside the register:
whoever dies loses it at once, and another one takes over.
"""

import fcntl
import os
import zlib
from typing import Final

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from cyberposture.errors import MissingService
from cyberposture.store.database import Database

CLOCK: Final = "clock"
_HELD = sa.text(
    "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted"
    " AND pid = pg_backend_pid() AND classid = 0 AND objid = :key AND objsubid = 1)"
)


def lending_to(scanner: str) -> str:
    """Return the office of the one process that lends to a scanner of a zone."""
    return f"lending-{scanner}"


def _key_of(office: str) -> int:
    """Return the advisory lock of PostgreSQL that stands for an office; all are below 2^31."""
    return 0x63_6C_6F_63 if office == CLOCK else zlib.crc32(office.encode()) >> 1


class Candidate:
    """One process that stands for an office; used by one thread."""

    def __init__(self, database: Database, office: str) -> None:
        """Stand for an office; nothing is asked yet."""
        self._database, self._office = database, office
        self._session: Connection | None = None
        self._file: int | None = None

    def try_win(self) -> bool:
        """Return whether the office is ours now.

        Raises:
            MissingService: the database cannot be reached, or the file not be opened.
        """
        if self.holds():
            return True
        self.resign()
        return self._lock_file() if self._database.dialect == "sqlite" else self._lock_session()

    def holds(self) -> bool:
        """Return whether the office is still ours; a lost connection has lost it."""
        if self._file is not None:
            return True
        if self._session is None:
            return False
        try:
            found = self._session.execute(_HELD, {"key": _key_of(self._office)})
            return bool(found.scalar_one())
        except SQLAlchemyError:
            return False

    def resign(self) -> None:
        """Give the office up, or what is left of a lost one."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
        if self._session is not None:
            # The lock is the session's: it must not go back to the pool alive.
            self._session.invalidate()
            self._session.close()
            self._session = None

    def _lock_session(self) -> bool:
        try:
            self._session = self._database.lone_session()
            won = self._session.execute(
                sa.select(sa.func.pg_try_advisory_lock(_key_of(self._office)))
            ).scalar_one()
        except SQLAlchemyError as error:
            self.resign()
            raise MissingService("the database does not serve") from error
        if not won:
            self.resign()
        return bool(won)

    def _lock_file(self) -> bool:
        path = f"{self._database.path}.{self._office}"
        try:
            handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        except OSError as error:
            raise MissingService(f"{path} cannot be opened: {error.strerror}") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        self._file = handle
        return True
