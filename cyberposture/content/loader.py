"""Reads whole content folders into validated models, and reports every fault with file and line."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from cyberposture.content.bundle import ContentFolders
from cyberposture.content.documents import Document, build, read_file
from cyberposture.content.indicators import load_indicators
from cyberposture.errors import Fault, InvalidInput
from cyberposture.model.checks import Check, Checks, Observation, Pack
from cyberposture.model.controls import (
    Catalogue,
    Clause,
    Condition,
    Control,
    Framework,
    Neighbour,
    Retired,
)
from cyberposture.model.reports import ReportDefinition

T = TypeVar("T", bound=BaseModel)
T_ = TypeVar("T_")


class _Reader:
    """Reads many files and keeps the faults of all of them, so that one run shows every fault."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.faults: list[Fault] = []

    def name(self, path: Path) -> str:
        """Return the path as people know it: from the content folder's own name on."""
        return str(Path(self.root.name) / path.relative_to(self.root))

    def one(self, model: type[T], path: Path) -> tuple[T, Document] | None:
        """Return the model in `path` with its document, or None after noting the faults."""
        try:
            document = read_file(path, self.name(path))
            return build(model, document), document
        except InvalidInput as error:
            self.faults.extend(error.faults)
            return None

    def rows(self, model: type[T], path: Path) -> list[tuple[T, str]]:
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
                found.append((build(model, document, row, (number,)), document.where((number,))))
            except InvalidInput as error:
                self.faults.extend(error.faults)
        return found

    def refuse(self, where: str, what: str) -> None:
        """Note one more fault."""
        self.faults.append(Fault(where, what))

    def finish(self) -> None:
        """Raise what was noted, if anything."""
        if self.faults:
            raise InvalidInput(sorted(set(self.faults)))


def _once(reader: _Reader, kind: str, ids: Iterable[tuple[str, str]]) -> None:
    """Refuse an id that stands twice; `ids` gives each id with its place."""
    seen: dict[str, str] = {}
    for identity, where in ids:
        if identity in seen:
            reader.refuse(where, f"{kind} {identity} stands in {seen[identity]} already")
        seen.setdefault(identity, where)


def _words(condition: Condition) -> tuple[set[str], set[str]]:
    """Return the features and the sectors that a condition names."""
    features = {condition.feature} if condition.feature else set()
    sectors = {condition.sector} if condition.sector else set()
    for part in (condition.any_of or ()) + (condition.all_of or ()):
        more_features, more_sectors = _words(part)
        features |= more_features
        sectors |= more_sectors
    return features, sectors


def _check_control(
    reader: _Reader, control: Control, document: Document, path: Path, catalogue: Catalogue
) -> None:
    """Refuse a control that contradicts its place or the rest of the catalogue."""
    framework = catalogue.framework
    clauses = {clause.id: clause for clause in catalogue.clauses}
    if not path.name.startswith(f"{control.id}-"):
        reader.refuse(document.where(("id",)), f"the file name must begin with {control.id}-")
    if path.parent.name != control.domain.lower():
        reader.refuse(document.where(("id",)), f"belongs in the folder {control.domain.lower()}/")
    if control.domain not in {domain.id for domain in framework.domains}:
        reader.refuse(document.where(("id",)), f"unknown domain {control.domain}")
    if control.id in {retired.id for retired in catalogue.retired}:
        reader.refuse(document.where(("id",)), f"{control.id} is retired and must not come back")
    if control.applies_when is not None:
        features, sectors = _words(control.applies_when)
        unknown = features - {f.id for f in framework.features}
        unknown |= sectors - {s.id for s in framework.sectors}
        for word in sorted(unknown):
            reader.refuse(document.where(("applies_when",)), f"unknown feature or sector {word}")
    for number, source in enumerate(control.sources):
        if source.clause not in clauses:
            reader.refuse(document.where(("sources", number)), f"unknown clause {source.clause}")
    _check_words(reader, control, document, catalogue)
    levels = {clauses[s.clause].level for s in control.sources if s.clause in clauses}
    if levels and levels <= {"Nat", "Ctx"}:
        reader.refuse(document.where(("sources",)), "rests on national-only clauses alone")


def _check_words(
    reader: _Reader, control: Control, document: Document, catalogue: Catalogue
) -> None:
    """Refuse a sector or a neighbouring framework that the catalogue does not know."""
    sectors = {sector.id for sector in catalogue.framework.sectors}
    for sector in sorted(set(control.sector_notes) - sectors):
        reader.refuse(document.where(("sector_notes", sector)), f"unknown sector {sector}")
    neighbours = {neighbour.id: neighbour for neighbour in catalogue.neighbours}
    for number, crossing in enumerate(control.maps_to):
        where = document.where(("maps_to", number))
        neighbour = neighbours.get(crossing.framework)
        if neighbour is None:
            known = ", ".join(neighbours) or "none"
            reader.refuse(where, f"unknown framework {crossing.framework}; there are: {known}")
        elif not re.fullmatch(neighbour.ids, crossing.id):
            reader.refuse(where, f"{crossing.id} is no id of {neighbour.title}")


def find_catalogue(folder: Path) -> Path:
    """Return the one catalogue folder inside `folder`.

    Raises:
        InvalidInput: there is none, or more than one.
    """
    found = sorted(path.parent for path in folder.glob("*/framework.yaml"))
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise InvalidInput(Fault(folder.name, f"one catalogue is expected, found: {names}"))
    return found[0]


def load_catalogue(folder: Path) -> Catalogue:
    """Return the validated catalogue of the content folder `controls`.

    Raises:
        InvalidInput: with every fault of every file, each with file and line.
    """
    home = find_catalogue(folder)
    reader = _Reader(folder)
    framework = reader.one(Framework, home / "framework.yaml")
    clauses = reader.rows(Clause, home / "clauses.yaml")
    retired_path = home / "retired.yaml"
    retired = reader.rows(Retired, retired_path) if retired_path.exists() else []
    neighbours_path = home / "neighbours.yaml"
    neighbours = reader.rows(Neighbour, neighbours_path) if neighbours_path.exists() else []
    if framework is None:
        reader.finish()
        raise InvalidInput(Fault(home.name, "no framework"))
    _once(reader, "clause", ((clause.id, where) for clause, where in clauses))
    path = home / "indicators.yaml"
    indicators, faults = load_indicators(path, reader.name(path), (c for c, _ in clauses))
    reader.faults.extend(faults)
    frame = Catalogue(
        framework=framework[0],
        clauses=tuple(clause for clause, _ in clauses),
        controls=(),
        retired=tuple(row for row, _ in retired),
        neighbours=tuple(row for row, _ in neighbours),
        indicators=indicators,
    )
    found: list[tuple[Control, str]] = []
    for path in sorted(home.glob("*/*.yaml")):
        if path.name.count(".") > 1:
            # A name such as IAM-10-….ur.yaml is a translation, which is read beside its source.
            continue
        pair = reader.one(Control, path)
        if pair is not None:
            found.append((pair[0], pair[1].where()))
            _check_control(reader, pair[0], pair[1], path, frame)
    _once(reader, "control", ((control.id, where) for control, where in found))
    if not found:
        reader.refuse(reader.name(home), "no control")
    reader.finish()
    controls = tuple(sorted((control for control, _ in found), key=lambda c: c.id))
    return frame.model_copy(update={"controls": controls})


def load_checks(folder: Path) -> Checks:
    """Return the validated packs, checks and vocabulary of the content folder `scanners`.

    Raises:
        InvalidInput: with every fault of every file, each with file and line.
    """
    reader = _Reader(folder)
    observations = reader.rows(Observation, folder / "observations.yaml")
    _once(reader, "observation", ((o.code, where) for o, where in observations))
    codes = {observation.code for observation, _ in observations}
    packs: list[Pack] = []
    checks: list[tuple[Check, str]] = []
    for home in sorted(path.parent for path in folder.glob("*/pack.yaml")):
        pack = reader.one(Pack, home / "pack.yaml")
        if pack is not None:
            packs.append(pack[0])
            if pack[0].id != home.name:
                reader.refuse(pack[1].where(("id",)), f"the id must be the folder's: {home.name}")
        for path in sorted(home.glob("*.yaml")):
            if path.name == "pack.yaml" or path.name.count(".") > 1:
                continue
            pair = reader.one(Check, path)
            if pair is None:
                continue
            check, document = pair
            checks.append((check, document.where()))
            if check.id != f"{home.name}.{path.stem}":
                expected = f"{home.name}.{path.stem}"
                reader.refuse(document.where(("id",)), f"the id must be the path: {expected}")
            if check.observation not in codes:
                reader.refuse(document.where(("observation",)), f"unknown code {check.observation}")
    _once(reader, "check", ((check.id, where) for check, where in checks))
    reader.finish()
    return Checks(
        packs=tuple(packs),
        checks=tuple(sorted((check for check, _ in checks), key=lambda c: c.id)),
        observations=tuple(observation for observation, _ in observations),
    )


def load_reports(folder: Path) -> tuple[ReportDefinition, ...]:
    """Return the definitions of all reports in the content folder `reports`, ordered by id.

    Raises:
        InvalidInput: with every fault of every file, each with file and line.
    """
    reader = _Reader(folder)
    found: list[ReportDefinition] = []
    for path in sorted(folder.glob("*/report.yaml")):
        pair = reader.one(ReportDefinition, path)
        if pair is None:
            continue
        definition, document = pair
        if definition.id != path.parent.name:
            reader.refuse(
                document.where(("id",)), f"the id must be the folder's: {path.parent.name}"
            )
        if not (path.parent / definition.template).is_file():
            reader.refuse(document.where(("template",)), f"no file {definition.template}")
        found.append(definition)
    reader.finish()
    return tuple(found)


@dataclass(frozen=True)
class Content:
    """Everything that the three folders hold, validated by itself and together."""

    catalogue: Catalogue
    checks: Checks
    reports: tuple[ReportDefinition, ...]


def locate(folder: Path, name: str, path: tuple[str | int, ...]) -> str:
    """Return file and line of a part of the catalogue in the content folder `controls`.

    `name` is the id of a control, or the name of a file beside them; a file that is missing is
    named all the same.
    """
    home = find_catalogue(folder)
    file = next(home.glob(f"*/{name}-*.yaml"), home / name)
    shown = _Reader(folder).name(file)
    return read_file(file, shown).where(path) if file.is_file() else f"{shown}:1"


def load_content(folders: ContentFolders) -> Content:
    """Return catalogue, checks and reports.

    Raises:
        InvalidInput: with every fault of every file, also those between the folders.
    """
    faults: list[Fault] = []

    def tried(load: Callable[[Path], T_], folder: Path) -> T_ | None:
        try:
            return load(folder)
        except InvalidInput as error:
            faults.extend(error.faults)
            return None

    catalogue = tried(load_catalogue, folders.controls)
    checks = tried(load_checks, folders.scanners)
    reports = tried(load_reports, folders.reports)
    if catalogue is None or checks is None or reports is None:
        raise InvalidInput(faults)
    content = Content(catalogue, checks, reports)
    codes = {observation.code for observation in content.checks.observations}
    for control in content.catalogue.controls:
        for number, use in enumerate(control.observations):
            if use.code not in codes:
                where = locate(folders.controls, control.id, ("observations", number))
                faults.append(Fault(where, f"unknown observation {use.code}"))
    if faults:
        raise InvalidInput(faults)
    return content
