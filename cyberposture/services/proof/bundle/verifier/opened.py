"""A bundle as it is read: its files, and what was found about it."""

import json
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from .canonical_json import Json

MOST_BYTES = 500_000_000
"""A file that unpacks to more is not opened."""


class Bundle:
    """The files of a bundle, by name, and what was found about it."""

    def __init__(self, files: dict[str, bytes], key: str | None) -> None:
        self.files = files
        self.known_key = key
        self.failed = 0
        self.lines: list[str] = []
        self.manifest: Json = {}
        self.entries: list[Json] = []
        """Every entry of the log that is shown, chain by chain and in order."""
        self.letters: dict[str, Json] = {}
        self.contacts: list[tuple[Json, Json]] = []
        """Each contact with the question that allowed it."""

    def ok(self, what: str) -> None:
        """Note that something holds."""
        self._say(f"ok      {what}")

    def note(self, what: str) -> None:
        """Say something that neither holds nor fails: what was not compared, or not handed out."""
        self._say(f"note    {what}")

    def fail(self, what: str) -> None:
        """Note that something does not hold."""
        self.failed += 1
        self._say(f"FAILED  {what}")

    def _say(self, line: str) -> None:
        self.lines.append("".join(sign if sign.isprintable() else "?" for sign in line))

    def read(self, name: str) -> Any:
        """Return what a file of the bundle holds as JSON.

        Raises:
            KeyError: there is no such file.
            ValueError: it is no JSON.
        """
        return json.loads(self.files[name])

    def named(self, beginning: str) -> list[str]:
        """Return the names of the files that begin so, in order."""
        return sorted(name for name in self.files if name.startswith(beginning))

    def of_kind(self, *kinds: str) -> list[Json]:
        """Return the entries of these kinds that are shown."""
        return [one for one in self.entries if one["kind"] in kinds]

    def zone(self, name: str) -> ZoneInfo:
        """Return the time zone of this name, out of the bundle and never of the machine."""
        return ZoneInfo.from_file(BytesIO(self.files[f"zones/{name}"]), key=name)


def open_bundle(place: Path, key: str | None) -> Bundle:
    """Return the bundle in a folder, or in a zip file.

    Raises:
        ValueError: it unpacks to more than anybody would put in a bundle.
    """
    if place.is_dir():
        paths = [path for path in place.rglob("*") if path.is_file()]
        files = {path.relative_to(place).as_posix(): path.read_bytes() for path in paths}
        return Bundle(files, key)
    with zipfile.ZipFile(place) as packed:
        if sum(one.file_size for one in packed.infolist()) > MOST_BYTES:
            raise ValueError("it unpacks to too much")
        return Bundle({one.filename: packed.read(one) for one in packed.infolist()}, key)
