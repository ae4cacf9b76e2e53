"""Reads whole content folders into validated models, and reports every fault with file and line."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from cyberposture.content.bundle import ContentFolders
from cyberposture.content.control_files import (
    NATIONAL,
    OF_PROPOSALS,
    Read,
    check_codes,
    check_control,
    domain_files,
    read_controls,
)
from cyberposture.content.documents import read_file
from cyberposture.content.indicators import load_indicators
from cyberposture.content.reader import Place, Reader
from cyberposture.content.rule_files import RuleFiles, check_rules, read_rules
from cyberposture.errors import Fault, InvalidInput
from cyberposture.model.checks import Check, Checks, Observation, Pack
from cyberposture.model.controls import (
    Catalogue,
    Clause,
    Control,
    Framework,
    Neighbour,
    Retired,
)
from cyberposture.model.reports import ReportDefinition

T = TypeVar("T")


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


def _read_frame(reader: Reader, home: Path, rules: RuleFiles) -> Catalogue:
    """Return the catalogue without its controls."""
    framework = reader.one(Framework, home / "framework.yaml")
    clauses = reader.rows(Clause, home / "clauses.yaml")
    retired = reader.rows_if_there(Retired, home / "retired.yaml")
    neighbours = reader.rows_if_there(Neighbour, home / "neighbours.yaml")
    if framework is None:
        reader.finish()
        raise InvalidInput(Fault(home.name, "no framework"))
    reader.refuse_twice("clause", ((clause.id, place) for clause, place in clauses))
    named = framework[0].instrument
    if named not in {one.id for one, _ in rules.instruments}:
        reader.refuse(framework[1].at("instrument"), f"unknown instrument {named}")
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
    return frame.model_copy(update=rules.parts())


def _ordered(found: list[Read]) -> tuple[Control, ...]:
    return tuple(sorted((control for control, _ in found), key=lambda control: control.id))


def load_catalogue(folder: Path, codes: frozenset[str] | None = None) -> Catalogue:
    """Return the validated catalogue of the content folder `controls`.

    With `codes`, controls may name only these observations.

    Raises:
        InvalidInput: with every fault of every file, each with file and line.
    """
    home = find_catalogue(folder)
    reader = Reader(folder)
    rules = read_rules(reader, home)
    frame = _read_frame(reader, home, rules)
    asked = read_controls(reader, domain_files(home))
    proposed = read_controls(reader, (home / "proposed").glob("*.yaml"), "proposed")
    for found, numbers in ((asked, NATIONAL), (proposed, OF_PROPOSALS)):
        for control, place in found:
            check_control(reader, control, place, frame, numbers)
    if codes is not None:
        check_codes(reader, asked + proposed, codes)
    if not asked:
        reader.refuse(reader.name(home), "no control")
    parts = {"controls": _ordered(asked), "proposed": _ordered(proposed)}
    catalogue = frame.model_copy(update=parts)
    check_rules(reader, rules, home, catalogue)
    reader.finish()
    return catalogue


def load_checks(folder: Path) -> Checks:
    """Return the validated packs, checks and vocabulary of the content folder `scanners`.

    Raises:
        InvalidInput: with every fault of every file, each with file and line.
    """
    reader = Reader(folder)
    observations = reader.rows(Observation, folder / "observations.yaml")
    reader.refuse_twice("observation", ((o.code, place) for o, place in observations))
    codes = {observation.code for observation, _ in observations}
    packs: list[Pack] = []
    checks: list[tuple[Check, Place]] = []
    for home in sorted(path.parent for path in folder.glob("*/pack.yaml")):
        pack = reader.one(Pack, home / "pack.yaml")
        if pack is not None:
            packs.append(pack[0])
            if pack[0].id != home.name:
                reader.refuse(pack[1].at("id"), f"the id must be the folder's: {home.name}")
        for path in sorted(home.glob("*.yaml")):
            if path.name == "pack.yaml" or path.name.count(".") > 1:
                continue
            pair = reader.one(Check, path)
            if pair is None:
                continue
            check, place = pair
            checks.append(pair)
            if check.id != f"{home.name}.{path.stem}":
                expected = f"{home.name}.{path.stem}"
                reader.refuse(place.at("id"), f"the id must be the path: {expected}")
            if check.observation not in codes:
                reader.refuse(place.at("observation"), f"unknown code {check.observation}")
    reader.refuse_twice("check", ((check.id, place) for check, place in checks))
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
    reader = Reader(folder)
    found: list[ReportDefinition] = []
    for path in sorted(folder.glob("*/report.yaml")):
        pair = reader.one(ReportDefinition, path)
        if pair is None:
            continue
        definition, place = pair
        if definition.id != path.parent.name:
            reader.refuse(place.at("id"), f"the id must be the folder's: {path.parent.name}")
        if not (path.parent / definition.template).is_file():
            reader.refuse(place.at("template"), f"no file {definition.template}")
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
    shown = Reader(folder).name(file)
    return read_file(file, shown).where(path) if file.is_file() else f"{shown}:1"


def load_content(folders: ContentFolders) -> Content:
    """Return catalogue, checks and reports.

    Raises:
        InvalidInput: with every fault of every file, also those between the folders.
    """
    faults: list[Fault] = []

    def tried(load: Callable[[], T]) -> T | None:
        try:
            return load()
        except InvalidInput as error:
            faults.extend(error.faults)
            return None

    checks = tried(lambda: load_checks(folders.scanners))
    codes = None if checks is None else frozenset(o.code for o in checks.observations)
    catalogue = tried(lambda: load_catalogue(folders.controls, codes))
    reports = tried(lambda: load_reports(folders.reports))
    if catalogue is None or checks is None or reports is None:
        raise InvalidInput(faults)
    return Content(catalogue, checks, reports)
