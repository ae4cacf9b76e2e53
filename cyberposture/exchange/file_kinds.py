"""What a file is, told by its bytes and never by its name, and the name that it is given out by.

Nothing is unpacked: of a package only the table of contents is read. This finds no viruses.
"""

import io
import re
import unicodedata
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from cyberposture.errors import Fault, InvalidInput

FileKind = Literal[
    "pdf", "png", "jpeg", "docx", "xlsx", "pptx", "odt", "ods", "odp", "text", "unknown"
]
Problem = Literal["empty", "too-large", "macros", "old-office", "package", "bomb", "unknown-kind"]
MOST_ENTRIES = 5_000
MOST_UNPACKED_BYTES = 300_000_000
MOST_RATIO = 100
"""Ours: documents with many pictures stay below a tenth of these."""
LONGEST_NAME = 120
_RATIO_COUNTS_FROM = 10_000_000


@dataclass(frozen=True)
class Served:
    """How a kind is given out: its type, and the endings that its name may have."""

    media_type: str
    endings: tuple[str, ...]


_OPEN = "application/vnd.oasis.opendocument."
_OFFICE = "application/vnd.openxmlformats-officedocument."
SERVED: Final[dict[FileKind, Served]] = {
    "pdf": Served("application/pdf", (".pdf",)),
    "png": Served("image/png", (".png",)),
    "jpeg": Served("image/jpeg", (".jpg", ".jpeg")),
    "docx": Served(f"{_OFFICE}wordprocessingml.document", (".docx",)),
    "xlsx": Served(f"{_OFFICE}spreadsheetml.sheet", (".xlsx",)),
    "pptx": Served(f"{_OFFICE}presentationml.presentation", (".pptx",)),
    "odt": Served(f"{_OPEN}text", (".odt",)),
    "ods": Served(f"{_OPEN}spreadsheet", (".ods",)),
    "odp": Served(f"{_OPEN}presentation", (".odp",)),
    # A page or a picture with a script is text here, and is called so: nothing opens it as more.
    "text": Served("text/plain; charset=utf-8", (".txt", ".log")),
    "unknown": Served("application/octet-stream", (".bin",)),
}
_SAID: Final[dict[Problem, str]] = {
    "empty": "the file is empty",
    "too-large": "the file is too large",
    "macros": "it holds macros; save it without them, or as PDF",
    "old-office": "an old or encrypted Office file; save it as .docx, .xlsx, .pptx or PDF",
    "package": "a package of files; send them one by one",
    "bomb": "it would unpack to far more than it holds",
    "unknown-kind": "PDF, pictures (PNG, JPEG), Office and OpenDocument files and text are taken",
}
_BEGINNINGS: Final[tuple[tuple[bytes, FileKind], ...]] = (
    (b"%PDF-", "pdf"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
)
"""Sources: ISO 32000-2, 7.5.2; ISO/IEC 15948, 5.2; ISO/IEC 10918-1, B.1.1.3."""
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""Source: [MS-CFB], 2.2, Header Signature."""
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_OFFICE_PARTS: Final[dict[str, FileKind]] = {"word/": "docx", "xl/": "xlsx", "ppt/": "pptx"}
_OPEN_KINDS: Final[dict[str, FileKind]] = {
    SERVED[kind].media_type: kind for kind in ("odt", "ods", "odp")
}
_NOT_TEXT = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


class UnfitFile(InvalidInput):
    """The file cannot be taken; `problem` says why in one word, for pages in any language."""

    def __init__(self, problem: Problem, where: str = "file") -> None:
        self.problem = problem
        super().__init__(Fault(where, _SAID[problem]))


def recognise(data: bytes, where: str = "file") -> FileKind:
    """Return what the bytes are, which is never `unknown`.

    Raises:
        UnfitFile: it is empty, of no kind that is taken, or hides something.
    """
    if not data:
        raise UnfitFile("empty", where)
    for beginning, kind in _BEGINNINGS:
        if data.startswith(beginning):
            return kind
    if data.startswith(_OLE):
        raise UnfitFile("old-office", where)
    if data.startswith(_ZIP):
        return _recognise_package(data, where)
    if _is_text(data):
        return "text"
    raise UnfitFile("unknown-kind", where)


def _recognise_package(data: bytes, where: str) -> FileKind:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            entries = package.infolist()
            _require_small(entries, len(data), where)
            names = [entry.filename for entry in entries]
            if any(name.lower().endswith("vbaproject.bin") for name in names):
                raise UnfitFile("macros", where)
            opened = _open_document(package, entries)
    # zipfile says NotImplementedError of a packing it does not know, RuntimeError of a password.
    except (zipfile.BadZipFile, NotImplementedError, ValueError, RuntimeError, OSError) as error:
        raise UnfitFile("unknown-kind", where) from error
    if opened is not None:
        return opened
    if "[Content_Types].xml" in names:
        for part, kind in _OFFICE_PARTS.items():
            if any(name.startswith(part) for name in names):
                return kind
    raise UnfitFile("package", where)


def _require_small(entries: Sequence[zipfile.ZipInfo], packed: int, where: str) -> None:
    unpacked = sum(entry.file_size for entry in entries)
    is_dense = unpacked > _RATIO_COUNTS_FROM and unpacked > MOST_RATIO * packed
    if len(entries) > MOST_ENTRIES or unpacked > MOST_UNPACKED_BYTES or is_dense:
        raise UnfitFile("bomb", where)


def _open_document(package: zipfile.ZipFile, entries: Sequence[zipfile.ZipInfo]) -> FileKind | None:
    """Return which OpenDocument it is; its first entry says so, stored as it is.

    Source: OpenDocument 1.3, part 2, 3.3.
    """
    if not entries or entries[0].filename != "mimetype" or entries[0].file_size > 100:
        return None
    if entries[0].compress_type != zipfile.ZIP_STORED:
        return None
    return _OPEN_KINDS.get(package.read(entries[0]).decode("ascii", "replace"))


def _is_text(data: bytes) -> bool:
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return _NOT_TEXT.search(data.decode(encoding)) is None
    except UnicodeDecodeError:
        return False


def safe_name(given: str, kind: FileKind) -> str:
    """Return a file name with no folder and nothing invisible in it, whose ending fits the kind."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", given))[-1]
    # Control and format characters: line ends, and the marks that turn the reading direction.
    shown = "".join(
        c for c in last if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn")
    )
    plain = " ".join(re.sub(r'[<>:"|?*;%]', "_", shown).split()).strip(". ")
    endings = SERVED[kind].endings
    stem, dot, ending = plain.rpartition(".")
    if dot and f".{ending.lower()}" in endings:
        return f"{stem[: LONGEST_NAME - 10].strip('. ') or 'file'}.{ending.lower()}"
    return f"{plain[: LONGEST_NAME - 10].strip('. ') or 'file'}{endings[0]}"


def kind_of(media: str | None) -> FileKind:
    """Return the kind that was kept beside a file, `unknown` where nobody looked."""
    return next((one for one in get_args(FileKind) if one == media), "unknown")
