"""Reads many content files into models and keeps every fault, so that one run shows them all."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from cyberposture.content.reading.documents import Document, build, read_file
from cyberposture.errors import Fault, InvalidInput

T = TypeVar("T", bound=BaseModel)


def is_translation(path: Path) -> bool:
    """Return whether a file's name is such as IAM-10-….ur.yaml: it is read beside its source."""
    return path.name.count(".") > 1


@dataclass(frozen=True)
class Place:
    """Where a model was read: a file, or a part of one."""

    document: Document
    prefix: tuple[str | int, ...] = ()

    def within(self, *path: str | int) -> "Place":
        """Return the place of a part of the model."""
        return Place(self.document, (*self.prefix, *path))

    def at(self, *path: str | int) -> str:
        """Return `file:line` of a part of the model, or of its beginning."""
        return self.document.where((*self.prefix, *path))


class Reader:
    """Reads the files of one content folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.faults: list[Fault] = []

    def name(self, path: Path) -> str:
        """Return the path as people know it: from the content folder's own name on."""
        return str(Path(self.root.name) / path.relative_to(self.root))

    def one(self, model: type[T], path: Path) -> tuple[T, Place] | None:
        """Return the model in `path` with its place, or None after noting the faults."""
        try:
            document = read_file(path, self.name(path))
            return build(model, document), Place(document)
        except InvalidInput as error:
            self.faults.extend(error.faults)
            return None

    def rows(self, model: type[T], path: Path) -> list[tuple[T, Place]]:
        """Return the rows of a file that is a list, each with the place where it stands."""
        try:
            document = read_file(path, self.name(path))
        except InvalidInput as error:
            self.faults.extend(error.faults)
            return []
        if not isinstance(document.value, list):
            self.faults.append(Fault(document.where(), "a list is expected"))
            return []
        found = []
        for number, row in enumerate(document.value):
            try:
                found.append((build(model, document, row, (number,)), Place(document, (number,))))
            except InvalidInput as error:
                self.faults.extend(error.faults)
        return found

    def rows_if_there(self, model: type[T], path: Path) -> list[tuple[T, Place]]:
        """Return what `rows` does, or nothing where there is no such file."""
        return self.rows(model, path) if path.exists() else []

    def folder(self, model: type[T], folder: Path) -> list[tuple[T, Place]]:
        """Return the models in the files of a folder, each of which is named after its id."""
        found = []
        for path in sorted(folder.glob("*.yaml")):
            pair = self.one(model, path)
            if pair is None:
                continue
            found.append(pair)
            if getattr(pair[0], "id", None) != path.stem:
                self.refuse(pair[1].at("id"), f"the id must be the file's name: {path.stem}")
        return found

    def refuse(self, where: str, what: str) -> None:
        """Note one more fault."""
        self.faults.append(Fault(where, what))

    def refuse_twice(self, kind: str, ids: Iterable[tuple[str, Place]]) -> None:
        """Refuse an id that stands twice; `ids` gives each id with its place."""
        seen: dict[str, str] = {}
        for identity, place in ids:
            where = place.at()
            if identity in seen:
                self.refuse(where, f"{kind} {identity} stands in {seen[identity]} already")
            seen.setdefault(identity, where)

    def finish(self) -> None:
        """Raise what was noted, if anything."""
        if self.faults:
            raise InvalidInput(sorted(set(self.faults)))
