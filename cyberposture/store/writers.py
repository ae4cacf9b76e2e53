"""Lets the writers of one process take turns on SQLite, and share a commit where they queue.

SQLite has one writer at a time and waits for the disk at each commit. So whoever finds others
waiting leaves the transaction open for the next one, who works in a savepoint of their own, and
the last commits for all. Nobody goes on before that commit: what is acknowledged is on the disk.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from cyberposture.errors import MissingService

LONGEST_SHARED_S = 0.02
"""A transaction older than this takes no more writers in."""
_PATIENCE_S = 1.0


class WriterQueue:
    """The turns of all writers of one register in one process."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._turn = threading.Lock()
        self._counting = threading.Lock()
        self._waiting = 0
        self._open: _Shared | None = None

    @contextmanager
    def turn(self) -> Iterator[Connection]:
        """Yield a connection to write with; return once what was written is on the disk.

        Raises:
            MissingService: the shared transaction could not be kept; nothing of it is there.
        """
        shared = self._enter()
        try:
            with shared.savepoint():
                yield shared.connection
        finally:
            self._leave(shared)
        while not shared.ended.wait(_PATIENCE_S):
            # Whoever was handed the transaction never came: it is ended by one who waits for it.
            with self._turn:
                if self._open is shared:
                    self._end(shared)
        if shared.problem is not None:
            raise MissingService(
                f"the database did not keep what was written: {shared.problem}"
            ) from shared.problem

    def _enter(self) -> "_Shared":
        with self._counting:
            self._waiting += 1
        try:
            self._turn.acquire()
        finally:
            with self._counting:
                self._waiting -= 1
        if self._open is None:
            try:
                self._open = _Shared(self._connect())
            except BaseException:
                self._turn.release()
                raise
        return self._open

    def _leave(self, shared: "_Shared") -> None:
        """Hand the transaction on to whoever waits for a turn, or end it."""
        try:
            with self._counting:
                is_handed_on = self._waiting > 0 and shared.takes_more()
            if not is_handed_on:
                self._end(shared)
        finally:
            self._turn.release()

    def _end(self, shared: "_Shared") -> None:
        self._open = None
        shared.end()


class _Shared:
    """A transaction with one or more writers in it."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.ended = threading.Event()
        self.problem: BaseException | None = None
        self._began = time.monotonic()
        try:
            self._transaction = connection.begin()
        except BaseException:
            connection.close()
            raise

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Keep or undo what one writer writes, whatever the others do."""
        own = self.connection.begin_nested()
        try:
            yield
        except BaseException:
            if self._is_alive():
                own.rollback()
            raise
        own.commit()

    def takes_more(self) -> bool:
        """Return whether another writer may come in."""
        return self._is_alive() and time.monotonic() - self._began < LONGEST_SHARED_S

    def end(self) -> None:
        """Commit, and let everyone go on who wrote; a failure is kept for them as `problem`."""
        # Until the commit has returned, nobody may take it for granted, whatever comes between.
        self.problem = MissingService("the commit was interrupted")
        try:
            if not self._is_alive():
                raise MissingService("SQLite gave the transaction up")
            self._transaction.commit()
            self.problem = None
        except (SQLAlchemyError, MissingService) as problem:
            self.problem = problem
        finally:
            self.connection.close()
            self.ended.set()

    def _is_alive(self) -> bool:
        """Return whether SQLite still holds it: a full disk makes it roll back by itself."""
        raw = self.connection.connection.dbapi_connection
        return raw is not None and bool(raw.in_transaction)
