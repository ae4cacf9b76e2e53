"""Opens a table's file once, bounded, unpacked where it is gzip, and digests it as it is read."""

import gzip
import hashlib
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import UnsupportedOperation
from pathlib import Path
from typing import IO

from cyberposture.errors import Fault, InvalidInput

MAX_BYTES = 8_000_000_000
"""Of one file, unpacked. The whole NVD in one file has about 2 GB (our measure, August 2025)."""


class _Counted:
    """A file that counts and digests what is read of it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.digest = hashlib.sha256()
        self.size_bytes = 0

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes as they lie in the file."""
        data = self._stream.read(size)
        self.digest.update(data)
        self.size_bytes += len(data)
        return data

    def seek(self, _offset: int, _whence: int = 0) -> int:
        """Refuse: what was read was digested.

        Raises:
            UnsupportedOperation: always.
        """
        raise UnsupportedOperation("a table is read once, from its beginning")


class Opened:
    """A file under way; `sha256` is known once all of it was read."""

    def __init__(self, path: Path, counted: _Counted, *, is_packed: bool) -> None:
        self.name = path.name
        self._counted = counted
        self._stream = gzip.GzipFile(mode="rb", fileobj=counted) if is_packed else counted
        self._unpacked = 0

    def read(self, size: int) -> bytes:
        """Return the next bytes; none at the end.

        Raises:
            InvalidInput: the file cannot be read or unpacked, or holds too much.
        """
        try:
            data = self._stream.read(size)
        except (OSError, EOFError, zlib.error) as error:
            what = "its gzip packing is damaged or cut off"
            raise InvalidInput(Fault(self.name, what)) from error
        self._unpacked += len(data)
        if self._unpacked > MAX_BYTES:
            raise InvalidInput(Fault(self.name, f"larger than {MAX_BYTES} bytes"))
        return data

    def pieces(self, size: int = 1 << 20) -> Iterator[bytes]:
        """Yield all of the file."""
        while data := self.read(size):
            yield data

    def finish(self) -> tuple[str, int]:
        """Return digest and size of the file as it lies there, reading what is left."""
        while self._counted.read(1 << 20):
            pass
        return self._counted.digest.hexdigest(), self._counted.size_bytes


@contextmanager
def opened(path: Path) -> Iterator[Opened]:
    """Yield the file at `path`, open for one reading.

    Raises:
        InvalidInput: it cannot be opened.
    """
    try:
        stream = path.open("rb")
    except OSError as error:
        raise InvalidInput(Fault(path.name, error.strerror or "cannot be read")) from error
    with stream:
        counted = _Counted(stream)
        is_packed = stream.read(2) == b"\x1f\x8b"
        stream.seek(0)
        yield Opened(path, counted, is_packed=is_packed)
