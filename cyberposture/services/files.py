"""Files that are kept under encryption: listed by digest, handed out whole or not at all."""

from pathlib import Path

from cyberposture.errors import NotFound, WrongState, WrongUsage
from cyberposture.services.register import Register
from cyberposture.store import institutions
from cyberposture.store.blobs import BlobRecord, list_blobs


def list_files(register: Register, institution: str, kind: str | None = None) -> list[BlobRecord]:
    """Return what is kept for an institution, oldest first.

    Raises:
        NotFound: the institution is not in the register.
    """
    with register.reading() as connection:
        institution_id = institutions.get_institution_id(connection, institution)
        return list_blobs(connection, institution_id, kind)


def _find(register: Register, institution: str, beginning: str) -> BlobRecord:
    if len(beginning) < 6:
        raise WrongUsage("give at least six digits of the digest")
    records = list_files(register, institution)
    found = {r.sha256: r for r in records if r.sha256.startswith(beginning)}
    if len(found) != 1:
        raise NotFound("file" if not found else "single file", beginning)
    return next(iter(found.values()))


def write_file(register: Register, institution: str, beginning: str, out: Path) -> BlobRecord:
    """Write the file whose digest begins so to `out`, and return what it is.

    Raises:
        NotFound: no file, or more than one, has such a digest, or there is no such folder.
        WrongState: there is a file at `out` already.
        Corrupt: what is kept does not have its digest; nothing is written.
    """
    record = _find(register, institution, beginning)
    if not out.parent.is_dir():
        raise NotFound("folder", str(out.parent))
    if out.exists():
        raise WrongState(f"{out} is there already; it is not overwritten")
    with register.change("file-read", f"{record.kind}/{record.sha256}") as change:
        change.institution_id = record.institution_id
        data = register.blobs.get(
            change.connection, record.institution_id, record.kind, record.sha256
        )
    out.write_bytes(data)
    return record
