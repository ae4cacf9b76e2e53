"""Calls to wake workers on PostgreSQL, through procrastinate; on SQLite there is nobody to wake.

A call holds the id of a row and is kept in the transaction that changes the row. It decides
nothing: the rows of chunks and scans are the only truth, a call too many finds nothing to do, and
one that is lost is made up for by the next look of a worker.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

if TYPE_CHECKING:
    import psycopg
    from procrastinate import App
    from procrastinate.types import JSONDict

SCHEMA = "procrastinate"
"""Its tables stand in a schema of their own, out of the way of the register's."""
RUN_CHUNK, MOVE_SCAN = "run-chunk", "move-scan"


def wake(
    connection: Connection, vantage: str, chunks: Sequence[UUID], not_before: datetime | None
) -> None:
    """Have a worker of this vantage look at each of the chunks, once this is committed."""
    _call(connection, RUN_CHUNK, vantage, chunks, not_before)


def wake_for_scan(connection: Connection, vantage: str, scan_id: UUID) -> None:
    """Have a worker of this vantage move a scan on, once this is committed."""
    _call(connection, MOVE_SCAN, vantage, [scan_id], None)


def make_app(url: str) -> "App":
    """Return procrastinate's application over the register at a PostgreSQL URL; it is not open."""
    from procrastinate import App, PsycopgConnector

    address = sa.make_url(url).set(drivername="postgresql")
    conninfo = address.render_as_string(hide_password=False)
    return App(
        connector=PsycopgConnector(
            conninfo=conninfo, kwargs={"options": f"-c search_path={SCHEMA}"}
        )
    )


def lay(connection: Connection) -> None:
    """Make procrastinate's tables, or bring them to the form of the version in use.

    The version that laid them stands in the comment on their schema.
    """
    from procrastinate import __version__
    from procrastinate.schema import SchemaManager

    if connection.dialect.name != "postgresql":
        return
    said = "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = :schema"
    found = connection.execute(sa.text(said), {"schema": SCHEMA}).one_or_none()
    if found is not None and found[0] == __version__:
        return
    scripts = [SchemaManager.get_schema()] if found is None else _migrations_since(str(found[0]))
    if found is None:
        connection.execute(sa.text(f"CREATE SCHEMA {SCHEMA}"))
    raw = _enter(connection)
    for script in scripts:
        raw.execute(script.encode())
    _leave(connection)
    connection.execute(sa.text(f"COMMENT ON SCHEMA {SCHEMA} IS '{__version__}'"))


def _migrations_since(version: str) -> list[str]:
    """Return procrastinate's scripts that came after a version of it, in order.

    Source: procrastinate documentation, "Migrate the database schema" (names begin with the
    version, as in 03.04.00_01_pre_…).
    """
    from pathlib import Path

    from procrastinate.schema import SchemaManager

    since = [int(part) for part in version.split(".")[:3]]
    return [
        path.read_text(encoding="utf-8")
        for path in sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))
        if [int(part) for part in path.name.split("_")[0].split(".")] > since
    ]


def _call(
    connection: Connection,
    task: str,
    vantage: str,
    rows: Sequence[UUID],
    not_before: datetime | None,
) -> None:
    if connection.dialect.name != "postgresql" or not rows:
        return
    from procrastinate import App, SyncPsycopgConnector

    # Only builds the statement: it is run by the connection that is handed in.
    app = App(connector=SyncPsycopgConnector())
    call = app.configure_task(
        task, queue=vantage, schedule_at=not_before, connection=_enter(connection)
    )
    given: list[JSONDict] = [{"row": str(row)} for row in rows]
    call.batch_defer(*given)
    _leave(connection)


def _enter(connection: Connection) -> "psycopg.Connection":
    """Have names mean procrastinate's own for now; return the driver's connection."""
    connection.execute(sa.text(f"SET LOCAL search_path TO {SCHEMA}"))
    return cast("psycopg.Connection", connection.connection.dbapi_connection)


def _leave(connection: Connection) -> None:
    connection.execute(sa.text("SET LOCAL search_path TO DEFAULT"))
