"""Packs a set as one zip: the same set gives the same bytes."""

import hashlib
import os
import secrets
import zipfile
from pathlib import Path

from cyberposture.errors import MissingService

_LONG_AGO = (1980, 1, 1, 0, 0, 0)
_PIECE = 1_000_000


def pack(folder: Path, top: str, out: Path) -> str:
    """Write the files of a folder into a zip, below the folder `top`, and return its SHA-256.

    Raises:
        MissingService: it cannot be written.
    """
    draft = out.with_name(f".{out.name}.{secrets.token_hex(4)}")
    try:
        with (
            os.fdopen(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            for path in sorted(one for one in folder.rglob("*") if one.is_file()):
                entry = zipfile.ZipInfo(f"{top}/{path.relative_to(folder).as_posix()}", _LONG_AGO)
                entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, path.read_bytes())
        draft.replace(out)
    except OSError as error:
        raise MissingService(f"{out} cannot be written: {error.strerror}") from error
    finally:
        draft.unlink(missing_ok=True)
    return digest_of(out)


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file, read piece by piece."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()
