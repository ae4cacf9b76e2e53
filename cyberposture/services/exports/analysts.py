"""Exports of the register, each on record with the digest of what was handed out."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from cyberposture.clock import to_iso
from cyberposture.errors import WrongUsage
from cyberposture.exchange.analysts.file import Progress, new_file, write_analysts
from cyberposture.exchange.analysts.snapshot import Snapshot
from cyberposture.services.register import Register
from cyberposture.store import audit


@dataclass(frozen=True)
class Exported:
    """What was written: where, which bytes, of which moment, and how many rows by table."""

    path: Path
    sha256: str
    size_bytes: int
    as_of: datetime
    rows: dict[str, int]


def export_analysts(
    register: Register,
    out: Path,
    *,
    force: bool = False,
    reason: str = "",
    progress: Progress | None = None,
) -> Exported:
    """Write the whole register as one documented SQLite file at `out`, and return what was written.

    It is of one moment, however long it takes, and keeps nobody from writing meanwhile. The file
    takes its place only after the audit entry with its digest is kept.

    Raises:
        WrongState: there is a file at `out` already (and no `force`), or a program has it open.
        WrongUsage: `out` is the register itself.
        NotFound: there is no such folder.
        MissingService: the file cannot be written.
    """
    own = register.database.path
    if own is not None and out.exists() and out.samefile(own):
        raise WrongUsage(f"{out} is the register itself")
    with new_file(out, force=force) as draft:
        with register.reading() as connection:
            snapshot = take_snapshot(register, connection)
            as_of = snapshot.as_of
            rows = write_analysts(snapshot, draft, progress)
        exported = Exported(out, _digest(draft), draft.stat().st_size, as_of, rows)
        with register.change("analysts-exported", out.name, reason=reason) as change:
            change.tell(
                sha256=exported.sha256,
                size_bytes=exported.size_bytes,
                as_of=to_iso(as_of),
                rows=rows,
            )
    return exported


def take_snapshot(register: Register, connection: Connection) -> Snapshot:
    """Return the state that a connection sees, with its moment; it is the connection's first look.

    The one state begins with the first look, so the moment is read after it.
    """
    head = audit.find_head(connection, None)
    return Snapshot(connection, register.content, register.edition, register.clock(), head)


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
