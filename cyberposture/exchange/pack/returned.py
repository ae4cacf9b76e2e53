"""The file that a pack hands back, under the seal of the key made where it was opened.

It is JSON; where files of evidence come along, that JSON stands in a zip before them. The files are
stored, never packed, each under its digest, so that the zip has one form alone: what is not byte
for byte as we would have written it is refused. Nothing is laid on a disk.
"""

import hashlib
import io
import struct
import zipfile
import zlib
from collections.abc import Mapping
from typing import Final

from pydantic import ValidationError

from cyberposture.errors import Fault, InvalidInput
from cyberposture.model.offline import SealedReceipt, SealedReturn
from cyberposture.store.seals import is_sealed

MAX_BYTES: Final = 25_000_000
"""Of the JSON, or of a receipt."""
MAX_RETURN_BYTES: Final = 100_000_000
"""Of a return with its files. Source: our own default; a page holds eight at once in memory."""
ENDING: Final = ".return.json"
ENDING_WITH_FILES: Final = ".return.zip"
_DOCUMENT: Final = "return.json"
_FILES: Final = "files/"
_MOST_FILES: Final = 5_000
_EARLIEST: Final = (1980, 1, 1, 0, 0, 0)
"""The first moment that a zip can name: the file says nothing of when it was packed."""
_CUT: Final = "no return of a pack, or only a part of one"
_AGAIN: Final = "make it again on the machine where the pack was opened"
_DAMAGED: Final = (
    zipfile.BadZipFile, NotImplementedError, ValueError, RuntimeError, OSError, EOFError,
    struct.error, zlib.error,
)  # fmt: skip
"""What zipfile says of a zip that is cut, locked, or packed as it does not know."""
Files = Mapping[str, bytes]
"""The bytes of files by their SHA-256."""


def write_return(sealed: SealedReturn, files: Files | None = None) -> bytes:
    """Return the bytes of the file; with files beside it, it is a zip.

    Raises:
        InvalidInput: it would be too large to be taken in.
    """
    document = sealed.model_dump_json(indent=1).encode()
    data = _packed(document, files) if files else document
    most = MAX_RETURN_BYTES if files else MAX_BYTES
    if len(data) > most or len(document) > MAX_BYTES:
        raise InvalidInput(
            Fault("evidence", f"the return would be larger than {most} bytes"),
            advice="withdraw large files from the list of evidence; attach them on the portal",
        )
    return data


def _packed(document: bytes, files: Files) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED, allowZip64=False) as package:
        package.writestr(_entry(_DOCUMENT), document)
        for digest in sorted(files):
            package.writestr(_entry(_FILES + digest), files[digest])
    return out.getvalue()


def _entry(name: str) -> zipfile.ZipInfo:
    """Return the entry of a name, alike on every system."""
    entry = zipfile.ZipInfo(name, _EARLIEST)
    entry.create_system, entry.external_attr = 3, 0o600 << 16
    return entry


def read_return(name: str, data: bytes, what: str) -> tuple[SealedReturn, dict[str, bytes]]:
    """Return what a pack handed back, and its files, after seal (under `what`) and digests held.

    Raises:
        InvalidInput: it is no return, it is cut, or it was changed after it was sealed; with the
            place of each file that is missing, additional or not as it was sealed.
    """
    if len(data) > MAX_RETURN_BYTES:
        raise InvalidInput(Fault(name, f"larger than {MAX_RETURN_BYTES} bytes"))
    if not data.startswith(b"PK"):
        sealed = _read_document(name, data, what)
        _require_files(name, sealed, {})
        return sealed, {}
    document, files = _unpack(name, data)
    sealed = _read_document(f"{name}: {_DOCUMENT}", document, what)
    _require_files(name, sealed, files)
    if not files or _packed(document, files) != data:
        what_else = "it holds more than the return and its files: it was changed on the way"
        raise InvalidInput(Fault(name, what_else), advice=_AGAIN)
    return sealed, files


def _read_document(name: str, data: bytes, what: str) -> SealedReturn:
    if len(data) > MAX_BYTES:
        raise InvalidInput(Fault(name, f"larger than {MAX_BYTES} bytes"))
    try:
        sealed = SealedReturn.model_validate_json(data)
    except ValidationError as error:
        raise InvalidInput(Fault(name, _CUT), advice=_AGAIN) from error
    if not is_sealed(sealed.seal, what, sealed.document.model_dump(mode="json")):
        raise InvalidInput(Fault(name, "its seal does not hold: it was changed on the way"))
    return sealed


def _unpack(name: str, data: bytes) -> tuple[bytes, dict[str, bytes]]:
    """Return the document and the files of a zip, none of which is more than the zip itself."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            entries = package.infolist()
            _require_plain(name, entries, len(data))
            found = {one.filename: package.read(one) for one in entries}
    except _DAMAGED as error:
        raise InvalidInput(Fault(name, _CUT), advice=_AGAIN) from error
    document = found.pop(_DOCUMENT, None)
    if document is None:
        raise InvalidInput(Fault(name, f"there is no {_DOCUMENT} in it"), advice=_AGAIN)
    return document, {place.removeprefix(_FILES): held for place, held in found.items()}


def _require_plain(name: str, entries: list[zipfile.ZipInfo], size: int) -> None:
    if len(entries) > _MOST_FILES + 1:
        raise InvalidInput(Fault(name, f"more than {_MOST_FILES} files"))
    faults, seen, total = [], set(), 0
    for one in entries:
        where = f"{name}: {one.filename[:100]!a}"
        total += one.file_size
        digest = one.filename.removeprefix(_FILES)
        is_digest = len(digest) == 64 and set(digest) <= set("0123456789abcdef")
        if one.filename != _DOCUMENT and not (one.filename == _FILES + digest and is_digest):
            faults.append(Fault(where, "a name that no return has"))
        elif one.filename in seen:
            faults.append(Fault(where, "it is there twice"))
        elif one.compress_type != zipfile.ZIP_STORED or one.file_size != one.compress_size:
            faults.append(Fault(where, "it is packed; a return stores its files as they are"))
        seen.add(one.filename)
    if not faults and total > size:
        faults.append(Fault(name, "its files would be larger than itself"))
    if faults:
        raise InvalidInput(faults[:20], advice=_AGAIN)


def _require_files(name: str, sealed: SealedReturn, files: Files) -> None:
    """Return if the files are those that the sealed return lists, byte for byte."""
    pieces = sealed.document.pieces
    listed = {one.sha256: one for one in pieces if one.kind == "file" and one.sha256 is not None}
    faults = []
    for digest, piece in listed.items():
        where = f"{name}: {_FILES}{digest}"
        if digest not in files:
            faults.append(Fault(where, f"the file of “{piece.title}” is missing"))
        elif (len(files[digest]), _digest(files[digest])) != (piece.size_bytes, digest):
            faults.append(Fault(where, "not as it was sealed: it was changed"))
    faults += [
        Fault(f"{name}: {_FILES}{one}", "the return does not list it")
        for one in files
        if one not in listed
    ]
    if faults:
        raise InvalidInput(faults[:20], advice=_AGAIN)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def read_receipt(name: str, data: bytes, what: str) -> SealedReceipt:
    """Return a receipt after its seal (under `what`) was found to hold.

    Raises:
        InvalidInput: it is no receipt, it is cut, or it was changed after it was sealed.
    """
    if len(data) > MAX_BYTES:
        raise InvalidInput(Fault(name, f"larger than {MAX_BYTES} bytes"))
    try:
        sealed = SealedReceipt.model_validate_json(data)
    except ValidationError as error:
        raise InvalidInput(Fault(name, "no receipt, or only a part of one")) from error
    if not is_sealed(sealed.seal, what, sealed.receipt.model_dump(mode="json")):
        raise InvalidInput(Fault(name, "its seal does not hold: it was changed on the way"))
    return sealed
