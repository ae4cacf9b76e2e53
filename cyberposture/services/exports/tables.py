"""The register as one file a table: what the analysts' file holds, for readers without SQLite."""

import hashlib
import shutil
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cyberposture.clock import to_iso
from cyberposture.errors import MissingService, NotFound, WrongState, WrongUsage
from cyberposture.exchange.analysts.file import write_analysts
from cyberposture.exchange.analysts.tables import FORMS, Form, write_tables
from cyberposture.services.exports.analysts import take_snapshot
from cyberposture.services.register import Register


@dataclass(frozen=True)
class ExportedTables:
    """What was written: where, of which moment, how many rows and which bytes by table."""

    folder: Path
    format: Form
    as_of: datetime
    rows: dict[str, int]
    sha256: dict[str, str]
    """By file name."""


def export_tables(register: Register, form: Form, out: Path, *, reason: str = "") -> ExportedTables:
    """Write every table and view of the analysts' file into the new folder `out`.

    All are of one moment. The folder takes its place only after the audit entry with the digests is
    kept; it is readable by its owner only.

    Raises:
        WrongUsage: there is no such format.
        WrongState: there is something at `out` already.
        NotFound: there is no folder to put it in.
        MissingService: the files cannot be written, or Parquet's library is not installed.
    """
    if form not in FORMS:
        raise WrongUsage(f"no format {form!r}; there are: {', '.join(FORMS)}")
    if not out.parent.is_dir():
        raise NotFound("folder", str(out.parent))
    if out.exists():
        raise WrongState(f"{out} is there already", advice="name a folder that is not there yet")
    try:
        draft = Path(tempfile.mkdtemp(prefix=".cyberposture-", suffix=".part", dir=out.parent))
    except OSError as error:
        raise MissingService(f"{out.parent} cannot be written: {error.strerror}") from error
    try:
        file, folder = draft / "analysts.sqlite", draft / "tables"
        folder.mkdir(mode=0o700)
        with register.reading() as connection:
            snapshot = take_snapshot(register, connection)
            write_analysts(snapshot, file)
        rows = write_tables(file, folder, form)
        digests = {path.name: _digest(path) for path in sorted(folder.iterdir())}
        with register.change("tables-exported", out.name, reason=reason) as change:
            change.tell(format=form, as_of=to_iso(snapshot.as_of), rows=rows, sha256=digests)
        _settle(folder, out)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return ExportedTables(out, form, snapshot.as_of, rows, digests)


def _settle(folder: Path, out: Path) -> None:
    try:
        folder.rename(out)
    except OSError as error:
        raise MissingService(f"{out} cannot be written: {error.strerror}") from error


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
