"""The manifest of a set: what lies in it, for whom, of when, and what each file was made of."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Literal

from pydantic import Field, ValidationError

from cyberposture.errors import InvalidInput, NotFound
from cyberposture.model.foundation import Model, Moment, Sha256
from cyberposture.model.reports import Audience

MANIFEST = "manifest.json"
Language = Literal["en", "ur"] | None
"""The language of a file; None: it speaks none."""
FORMAT: Literal["cyberposture report set 1"] = "cyberposture report set 1"


class Head(Model):
    """The head of the audit chain under which the set was made."""

    chain: str
    seq: int
    digest: str
    key_id: str
    signature: str
    at: Moment | None = None


class Editions(Model):
    """The rules, checks and texts, by name and digest, and the program."""

    name: str
    version: str
    rules: str
    checks: str
    texts: str
    program: str


class MadeOf(Model):
    """What a file was made of."""

    scores: str = ""
    """The digest of the score; of several: of all their digests, in order of institutions."""
    state: str = ""
    """Of everything that it depends on in the register, and of templates, words and program: equal
    states give equal files. Nothing can be read from it."""


class SetFile(Model):
    """One file of a set."""

    path: str
    """Relative to the set's folder."""
    kind: str
    """Such as nation, institution, brief, index, figures."""
    language: Language = None
    sha256: Sha256
    size: int = Field(ge=0, strict=True)
    made_of: MadeOf = MadeOf()


class Manifest(Model):
    """The content of `manifest.json`."""

    format: Literal["cyberposture report set 1"] = FORMAT
    audience: Audience
    marking: str
    about: dict[str, str]
    """The round, and the institution or sector where the set is about one."""
    languages: tuple[Literal["en", "ur"], ...]
    as_of: Moment
    editions: Editions
    head: Head
    left_out: tuple[str, ...] = ()
    """What the set does without, in words."""
    not_looked_for: int = 0
    """Names that are ordinary words of our own texts, which no scan can tell from them."""
    files: tuple[SetFile, ...]

    def find(self, path: str) -> SetFile | None:
        """Return the file at a path, or None."""
        return next((one for one in self.files if one.path == path), None)

    def text(self) -> str:
        """Return the manifest as it is written."""
        document = self.model_dump(mode="json")
        return json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def describe(path: str, data: bytes, kind: str, language: Language, made_of: MadeOf) -> SetFile:
    """Return the line of a manifest about one file."""
    return SetFile(
        path=path,
        kind=kind,
        language=language,
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        made_of=made_of,
    )


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of a set.

    Raises:
        NotFound: there is none in the folder.
        InvalidInput: it is no manifest of a set.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise NotFound("set of reports", str(folder), advice=f"it would hold a {MANIFEST}")
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise InvalidInput(f"{path} is no manifest of a set of reports") from error


def differences(folder: Path, manifest: Manifest) -> Iterator[str]:
    """Yield how a folder differs from its manifest: what is missing, changed, or too many."""
    listed = {one.path: one for one in manifest.files}
    for path, one in listed.items():
        if not _is_inside(path):
            yield f"{path}: leads out of the folder"
            continue
        file = folder / path
        if file.is_symlink() or not file.is_file():
            yield f"{path}: is missing"
            continue
        data = file.read_bytes()
        if len(data) != one.size or hashlib.sha256(data).hexdigest() != one.sha256:
            yield f"{path}: is not what was written"
    for file in sorted(folder.rglob("*")):
        name = file.relative_to(folder).as_posix()
        is_folder = file.is_dir() and not file.is_symlink()
        if not is_folder and name != MANIFEST and name not in listed:
            yield f"{name}: is not in the manifest"


def _is_inside(path: str) -> bool:
    parts = PurePosixPath(path)
    return not parts.is_absolute() and ".." not in parts.parts and path == parts.as_posix()
