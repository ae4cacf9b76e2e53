"""Brings a workbook into a content folder: only the files that changed, all of them or none.

What would come of it is tried on a copy first, by the same loader that reads the content.
"""

import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from cyberposture.content.loader import find_catalogue, load_catalogue
from cyberposture.content.reading.control_files import (
    NATIONAL,
    OF_PROPOSALS,
    RULE_FOLDERS,
    check_codes,
    check_control,
)
from cyberposture.content.reading.reader import Reader
from cyberposture.content.writing.handwriting import (
    clause_fields,
    control_text,
    neighbour_fields,
    retired_fields,
    revise_control,
    revise_domains,
    revise_rows,
)
from cyberposture.errors import Corrupt, InvalidInput, WrongState
from cyberposture.exchange.workbook.marks import items_of
from cyberposture.exchange.workbook.merge import Merged, merge
from cyberposture.exchange.workbook.read import read_workbook
from cyberposture.model.controls import Catalogue, Control

_ROWS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "clauses": ("clauses.yaml", clause_fields),
    "retired": ("retired.yaml", retired_fields),
    "neighbours": ("neighbours.yaml", neighbour_fields),
}
_WORDS_OF_A_NAME = 5


@dataclass(frozen=True)
class Change:
    """What becomes of one file, and what changes in it: fields of a control, or ids of rows."""

    file: str
    """From the folder of the catalogues on."""
    kind: Literal["new", "changed", "gone"]
    what: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """The changes that a workbook makes in a folder, ready to be written."""

    folder: Path
    changes: tuple[Change, ...]
    texts: Mapping[Path, str | None]
    """What each file will hold, by its path from the folder on; None: it goes."""


def plan_import(folder: Path, name: str, data: bytes, codes: frozenset[str] | None = None) -> Plan:
    """Return what a workbook changes in the content folder `controls`; nothing is written yet.

    `codes` are the observations that controls may name, where they are known.

    Raises:
        InvalidInput: with every fault of the workbook by sheet and cell, or of the folder by line.
        WrongState: the workbook was made from another catalogue.
    """
    current = load_catalogue(folder, codes)
    written = read_workbook(name, data)
    if written.catalogue != current.framework.id:
        raise WrongState(
            f"{name} was made from {written.catalogue}, and the folder holds {current.framework.id}"
        )
    merged = merge(current, written)
    faults = [*merged.faults, *_contradictions(folder, merged, codes)]
    if faults:
        raise InvalidInput(list(dict.fromkeys(faults)))
    writer = _Writer(folder, current, merged.catalogue)
    plan = Plan(folder, tuple(writer.changes()), writer.texts)
    _try_out(plan, merged.catalogue, codes)
    return plan


def write_import(plan: Plan) -> None:
    """Write the files of a plan: new ones stand ready beside the old before any is replaced.

    Raises:
        WrongState: the folder cannot be written in.
    """
    try:
        _write(plan.folder, plan.texts)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise WrongState(f"{error.filename or plan.folder} cannot be written: {reason}") from error


def _contradictions(folder: Path, merged: Merged, codes: frozenset[str] | None) -> list[Any]:
    """Return what the workbook's controls say against the rest, each fault with its cell."""
    reader = Reader(folder)
    for kind, numbers in (("controls", NATIONAL), ("proposed", OF_PROPOSALS)):
        found = [
            (control, merged.places[kind, control.id])
            for control in items_of(merged.catalogue, kind)
            if (kind, control.id) in merged.places
        ]
        for control, place in found:
            check_control(reader, control, place, merged.catalogue, numbers)
        if codes is not None:
            check_codes(reader, found, codes)
    return reader.faults


def _try_out(plan: Plan, wanted: Catalogue, codes: frozenset[str] | None) -> None:
    """Write the plan into a copy of the folder and see that the loader reads what is meant.

    Raises:
        InvalidInput: the folder would have faults, with file and line.
    """
    with TemporaryDirectory() as scratch:
        copy = Path(scratch) / plan.folder.name
        shutil.copytree(plan.folder, copy)
        _write(copy, plan.texts)
        if load_catalogue(copy, codes) != wanted:
            raise Corrupt("the files would not say what the workbook says; nothing was written")


def _write(folder: Path, texts: Mapping[Path, str | None]) -> None:
    ready: list[tuple[Path, Path]] = []
    try:
        for relative, text in texts.items():
            if text is not None:
                path = folder / relative
                path.parent.mkdir(exist_ok=True)
                beside = path.with_name(f".{path.name}.new")
                ready.append((beside, path))
                beside.write_text(text, encoding="utf-8", newline="\n")
    except OSError:
        for beside, _ in ready:
            beside.unlink(missing_ok=True)
        raise
    for beside, path in ready:
        os.replace(beside, path)
    for relative, text in texts.items():
        if text is None:
            (folder / relative).unlink()


class _Writer:
    """Finds which files differ, and what each will hold."""

    def __init__(self, folder: Path, old: Catalogue, new: Catalogue) -> None:
        self.texts: dict[Path, str | None] = {}
        self._folder = folder
        self._home = find_catalogue(folder)
        self._old, self._new = old, new

    def changes(self) -> Iterator[Change]:
        """Yield every change, and fill `texts`."""
        if self._old.framework.domains != self._new.framework.domains:
            yield self._domains()
        for kind, (file, fields) in _ROWS.items():
            before, after = (list(items_of(c, kind)) for c in (self._old, self._new))
            if before != after:
                path = self._home / file
                text = path.read_text(encoding="utf-8") if path.exists() else ""
                what = _differing(before, after)
                yield self._note(path, revise_rows(text, before, after, fields), what)
        for kind in ("controls", "proposed"):
            yield from self._controls(kind)

    def _note(self, path: Path, text: str | None, what: Sequence[str]) -> Change:
        relative = path.relative_to(self._folder)
        self.texts[relative] = text
        kind: Literal["new", "changed", "gone"] = "changed" if path.exists() else "new"
        return Change(
            str(Path(self._folder.name) / relative), "gone" if text is None else kind, tuple(what)
        )

    def _domains(self) -> Change:
        path = self._home / "framework.yaml"
        domains = [c.framework.domains for c in (self._old, self._new)]
        text = revise_domains(path.read_text(encoding="utf-8"), domains[1])
        return self._note(path, text, ["domains", *_differing(*domains)])

    def _controls(self, kind: str) -> Iterator[Change]:
        before, after = ({c.id: c for c in items_of(one, kind)} for one in (self._old, self._new))
        for identity in sorted(before | after):
            old, new = before.get(identity), after.get(identity)
            if old == new:
                continue
            if new is None:
                for path in self._files(identity):
                    yield self._note(path, None, [])
            elif old is None:
                folder = "proposed" if new.proposed else new.domain.lower()
                path = self._home / folder / f"{identity}-{_name(new.title)}.yaml"
                yield self._note(path, control_text(new), [])
            else:
                path = self._files(identity)[0]
                text = revise_control(path.read_text(encoding="utf-8"), old, new)
                yield self._note(path, text, _fields(old, new))

    def _files(self, identity: str) -> list[Path]:
        """Return the file of a control, and behind it those of its texts in other languages."""
        found = [
            path
            for path in self._home.glob(f"*/{identity}-*.yaml")
            if path.parent.name not in RULE_FOLDERS - {"proposed"}
        ]
        return sorted(found, key=lambda path: (path.name.count("."), path.name))


def _fields(old: Control, new: Control) -> list[str]:
    before, after = (one.model_dump(mode="json", by_alias=True) for one in (old, new))
    return [name for name in after if before[name] != after[name]]


def _differing(before: Sequence[Any], after: Sequence[Any]) -> list[str]:
    old, new = ({item.id: item for item in items} for items in (before, after))
    return [identity for identity in {**old, **new} if old.get(identity) != new.get(identity)]


def _name(title: str) -> str:
    """Return the words of a file's name, made of the first words of the title."""
    words = re.findall(r"[a-z0-9]+", title.lower())
    return "-".join(words[:_WORDS_OF_A_NAME]) or "control"
