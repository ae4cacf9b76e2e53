"""A folder that two sides share, through which documents pass whole; it trusts none of them.

A document is there with all its bytes or not at all: it is written beside its place, flushed to the
disk, and moved. The folder may be a mounted share, or be kept alike on two machines by a relay.
"""

import contextlib
import os
import re
import secrets
from pathlib import Path
from typing import Final

from cyberposture.errors import MissingService, WrongUsage

MOST_BYTES: Final = 96 * 1024 * 1024
MOST_DOCUMENTS: Final = 10_000
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,127}\Z")
_END: Final = ".json"


class SharedFolder:
    """The documents below one folder, by box and name."""

    def __init__(self, path: Path) -> None:
        """Make a view of a folder; nothing is opened yet."""
        self.path = path

    def place(self, box: str, name: str, data: bytes) -> None:
        """Put a document in its place, instead of an earlier one of this name.

        Raises:
            MissingService: the folder cannot be written.
        """
        place = self._place(box, name)
        draft = place.with_name(f".{name}.{secrets.token_hex(4)}")
        try:
            # Not the folder itself: a share that is not mounted must not seem to be there.
            place.parent.mkdir(exist_ok=True)
            with draft.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(place)
        except OSError as error:
            with contextlib.suppress(OSError):
                draft.unlink()
            raise _gone(self.path, error) from error

    def find(self, box: str, name: str) -> bytes | None:
        """Return a document, or None where there is none, or one that is too large.

        Raises:
            MissingService: the folder cannot be read.
        """
        try:
            with self._place(box, name).open("rb") as file:
                data = file.read(MOST_BYTES + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _gone(self.path, error) from error
        return data if len(data) <= MOST_BYTES else None

    def names(self, box: str) -> list[str]:
        """Return the names of the documents in a box, sorted; what has no such name is passed over.

        Raises:
            MissingService: the folder cannot be read.
        """
        try:
            found = [entry.name for entry in os.scandir(self.path / _checked(box))]
        except FileNotFoundError as error:
            if not self.path.is_dir():
                raise _gone(self.path, error) from error
            return []
        except OSError as error:
            raise _gone(self.path, error) from error
        names = (name.removesuffix(_END) for name in found if name.endswith(_END))
        return sorted(name for name in names if _NAME.match(name))[:MOST_DOCUMENTS]

    def remove(self, box: str, name: str) -> None:
        """Remove a document; one that is not there is as good as removed.

        Raises:
            MissingService: the folder cannot be written.
        """
        try:
            self._place(box, name).unlink(missing_ok=True)
        except OSError as error:
            raise _gone(self.path, error) from error

    def _place(self, box: str, name: str) -> Path:
        return self.path / _checked(box) / f"{_checked(name)}{_END}"


def _checked(name: str) -> str:
    if not _NAME.match(name):
        raise WrongUsage(f"{name[:40]!r} is no name in a shared folder")
    return name


def _gone(path: Path, error: OSError) -> MissingService:
    return MissingService(f"the shared folder {path} does not serve: {error.strerror}")
