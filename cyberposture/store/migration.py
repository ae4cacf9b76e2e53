"""Brings a database to the shape that this program expects, or says plainly that it is not."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from cyberposture.errors import WrongState
from cyberposture.store import queue

ADVICE = "cyberposture migrate"
_LOCK = 0x63_79_62_65_72
"""The advisory lock of PostgreSQL under which one process at a time migrates."""


def known_revisions() -> list[str]:
    """Return every revision that this program carries, the oldest first.

    Read from the file names, which are numbered, because importing Alembic costs every start.
    """
    versions = Path(__file__).parent / "migrations" / "versions"
    return sorted(path.name.split("_")[0] for path in versions.glob("[0-9]*_*.py"))


def head_revision() -> str:
    """Return the newest revision that this program carries."""
    return known_revisions()[-1]


def current_revision(connection: Connection) -> str | None:
    """Return the revision of the database, or None where nothing was ever laid."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(sa.text("SELECT version_num FROM alembic_version"))
    return found.scalar_one_or_none()


def require_current(connection: Connection) -> None:
    """Return if the database has exactly the expected shape.

    Raises:
        WrongState: it was never migrated, is older, or was migrated by another program.
    """
    present, expected = _get_known_revision(connection), head_revision()
    if present is None:
        raise WrongState("the register has no tables yet", advice=ADVICE)
    if present != expected:
        raise WrongState(f"the register has revision {present}, not {expected}", advice=ADVICE)


def _get_known_revision(connection: Connection) -> str | None:
    """Return the revision of the database, or None, if it is one from which we can go on."""
    present, known = current_revision(connection), known_revisions()
    if present is None or present in known:
        return present
    if present.isdecimal() and present > known[-1]:
        raise WrongState(
            f"the register has revision {present}, newer than this program's {known[-1]}",
            advice="use the program that migrated it, or a newer one",
        )
    raise WrongState(
        f"the register has revision {present!r}, which this program never had",
        advice="look whether the database is the right one; else restore its backup",
    )


def upgrade(connection: Connection) -> str:
    """Run the missing migrations in the open transaction and return the revision reached.

    Raises:
        WrongState: a migration failed (the caller must roll back), or the database was migrated
            by another program.
    """
    from alembic import command
    from alembic.config import Config

    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    _get_known_revision(connection)
    settings = Config(attributes={"connection": connection})
    settings.set_main_option("script_location", "cyberposture.store:migrations")
    settings.set_main_option("path_separator", "os")
    with _failures_explained():
        command.upgrade(settings, "head")
        queue.lay(connection)
    return head_revision()


@contextmanager
def _failures_explained() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        first_line = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise WrongState(
            f"a migration failed and nothing was changed: {first_line}",
            advice="restore the backup, or mend what the message names, then " + ADVICE,
        ) from error
