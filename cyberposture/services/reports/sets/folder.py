"""The folder of a set on the disk: written beside the old one, and put in its place whole.

Whatever kills the program on the way, the old set lies where it lay, or is put back the next time.
"""

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cyberposture.errors import InvalidInput, MissingService, NotFound, WrongState
from cyberposture.reporting.sets.manifest import (
    MANIFEST,
    Language,
    MadeOf,
    Manifest,
    SetFile,
    describe,
    differences,
    read_manifest,
)


class Draft:
    """A set that is being written, with what the set before it may give it."""

    def __init__(self, folder: Path, out: Path, before: Manifest | None) -> None:
        self.folder = folder
        self._out = out
        self._before = {one.path: one for one in before.files} if before is not None else {}
        self.files: dict[str, SetFile] = {}
        self.written: set[str] = set()
        """The paths of the files that are not what they were."""
        self._kept: set[str] = set()

    @property
    def kept(self) -> frozenset[str]:
        """The paths of the files whose bytes are those of the set before."""
        return frozenset(self._kept)

    def earlier(self, path: str, state: str) -> SetFile | None:
        """Return the file of the set before, where it was made of the same and is unharmed."""
        one = self._before.get(path)
        return one if one is not None and one.made_of.state == state else None

    def keep(self, one: SetFile) -> None:
        """Take a file over from the set before."""
        target = self._place(one.path)
        try:
            os.link(self._out / one.path, target)
        except OSError:
            shutil.copyfile(self._out / one.path, target)
        self.files[one.path] = one
        self._kept.add(one.path)

    def write(self, path: str, data: bytes, kind: str, language: Language, made_of: MadeOf) -> None:
        """Write a file; a language of None: it speaks none."""
        self._place(path).write_bytes(data)
        one = describe(path, data, kind, language, made_of)
        before = self._before.get(path)
        self.files[path] = one
        if before is None or before.sha256 != one.sha256:
            self.written.add(path)
        else:
            self._kept.add(path)

    def _place(self, path: str) -> Path:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        return target


@contextmanager
def draft_of(out: Path) -> Iterator[tuple[Draft, Manifest | None]]:
    """Yield a draft beside `out` and the manifest of what lies there; what is left of it goes.

    Raises:
        WrongState: something else lies there, or another run writes it now.
        MissingService: nothing can be written there.
    """
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with _locked(out):
            _put_back(out)
            before = _present(out)
            folder = out.with_name(f".{out.name}.draft-{secrets.token_hex(4)}")
            folder.mkdir()
            try:
                yield Draft(folder, out, before), before
            finally:
                remove(folder)
    except OSError as error:
        raise MissingService(f"{out} cannot be written: {error.strerror}") from error


def put_in_place(draft: Draft, out: Path) -> None:
    """Put the draft where the old set lies, and remove the old one."""
    old = out.with_name(f".{out.name}.old-{secrets.token_hex(4)}")
    if out.exists():
        out.rename(old)
    draft.folder.rename(out)
    remove(old)


def remove(folder: Path) -> None:
    """Remove a folder, if it is there."""
    if folder.exists():
        shutil.rmtree(folder)


@contextmanager
def _locked(out: Path) -> Iterator[None]:
    path = out.with_name(f".{out.name}.lock")
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise WrongState(f"another run writes {out} now") from error
        yield


def _put_back(out: Path) -> None:
    """Undo what a run left that was killed: its draft goes, the set that it moved comes back."""
    for old in sorted(out.parent.glob(f".{out.name}.old-*")):
        if out.exists():
            remove(old)
        else:
            old.rename(out)
    for draft in out.parent.glob(f".{out.name}.draft-*"):
        remove(draft)


def _present(out: Path) -> Manifest | None:
    """Return the manifest of the set that lies there, without what was changed in it since."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return None
    try:
        manifest = read_manifest(out)
    except (NotFound, InvalidInput) as error:
        raise WrongState(
            f"{out} holds something that is no set of reports", advice="name a new folder"
        ) from error
    harmed = {line.partition(": ")[0] for line in differences(out, manifest)}
    if not harmed:
        return manifest
    return manifest.model_copy(
        update={"files": tuple(one for one in manifest.files if one.path not in harmed)}
    )


def write_manifest(draft: Draft, manifest: Manifest) -> bytes:
    """Write the manifest of a draft and return its bytes."""
    data = manifest.text().encode()
    (draft.folder / MANIFEST).write_bytes(data)
    return data
