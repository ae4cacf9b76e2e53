"""Reads whole content folders into validated models, and reports every fault with file and line."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from cyberposture.content.bundle import ContentFolders
from cyberposture.content.reading.control_files import (
    NATIONAL,
    OF_PROPOSALS,
    Read,
    check_codes,
    check_control,
    domain_files,
    read_controls,
)
from cyberposture.content.reading.documents import read_file
from cyberposture.content.reading.frame_files import read_frame
from cyberposture.content.reading.reader import Place, Reader, is_translation
from cyberposture.content.reading.rule_files import check_rules, read_rules
from cyberposture.content.reading.translations import load_every_language
from cyberposture.content.translations import Translations
from cyberposture.errors import Fault, InvalidInput
from cyberposture.model.checks import Check, Checks, Observation, OfficialDomains, Pack
from cyberposture.model.controls import Catalogue, Control
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
    frame = read_frame(reader, home, rules)
    files = domain_files(home)
    asked = read_controls(reader, files)
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
    check_rules(reader, rules, home, catalogue, files)
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
    for home in sorted({path.parent for path in folder.glob("*/*.yaml")}):
        pack = reader.one(Pack, home / "pack.yaml")
        if pack is not None:
            packs.append(pack[0])
            if pack[0].id != home.name:
                reader.refuse(pack[1].at("id"), f"the id must be the folder's: {home.name}")
        for path in sorted(home.glob("*.yaml")):
            if path.name == "pack.yaml" or is_translation(path):
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
    official = folder / "official-domains.yaml"
    domains = reader.one(OfficialDomains, official) if official.exists() else None
    reader.refuse_twice("check", ((check.id, place) for check, place in checks))
    reader.finish()
    return Checks(
        packs=tuple(packs),
        checks=tuple(sorted((check for check, _ in checks), key=lambda c: c.id)),
        observations=tuple(observation for observation, _ in observations),
        official_domains=None if domains is None else domains[0],
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
    translations: tuple[Translations, ...] = ()
    """The texts in each other language, in order of the languages."""


def locate(folder: Path, name: str, path: tuple[str | int, ...]) -> str:
    """Return file and line of a part of the catalogue in the content folder `controls`.

    `name` is the id of a control, or the name of a file beside them; a file that is missing is
    named all the same.
    """
    home = find_catalogue(folder)
    named = (path for path in home.glob(f"*/{name}-*.yaml") if not is_translation(path))
    file = next(named, home / name)
    shown = Reader(folder).name(file)
    return read_file(file, shown).where(path) if file.is_file() else f"{shown}:1"


def load_content(folders: ContentFolders) -> Content:
    """Return catalogue, checks, reports and translations.

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
    translations = None
    if catalogue is not None and checks is not None:
        translations = tried(lambda: load_every_language(folders, catalogue, checks))
    if catalogue is None or checks is None or reports is None or translations is None:
        raise InvalidInput(faults)
    return Content(catalogue, checks, reports, translations)
