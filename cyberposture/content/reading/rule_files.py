"""Reads a catalogue's rules beside its controls: instruments, parameters, sectors and profiles."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cyberposture.content.reading.reader import Place, Reader
from cyberposture.model.controls import Catalogue, Framework, Profile
from cyberposture.model.instruments import Instrument, Reference
from cyberposture.model.parameters import NEEDED, Parameter, SectorRules

INSTRUMENTS, PARAMETERS = "instruments.yaml", "parameters.yaml"


@dataclass(frozen=True)
class RuleFiles:
    """What the files hold, each part with its place."""

    instruments: list[tuple[Instrument, Place]]
    parameters: list[tuple[Parameter, Place]]
    sectors: list[tuple[SectorRules, Place]]
    profiles: list[tuple[Profile, Place]]

    def parts(self) -> dict[str, object]:
        """Return the parts by their names in `Catalogue`; profiles from the smallest tier on."""
        by_size = sorted((p for p, _ in self.profiles), key=_size)
        return {
            "instruments": tuple(one for one, _ in self.instruments),
            "parameters": tuple(one for one, _ in self.parameters),
            "sector_rules": tuple(one for one, _ in self.sectors),
            "profiles": tuple(by_size),
        }


def _size(profile: Profile) -> tuple[int, bool, str]:
    return len(profile.tiers), profile.controls is None, profile.id


def read_rules(reader: Reader, home: Path) -> RuleFiles:
    """Return the rules of the catalogue in `home`, noting every fault of a file by itself."""
    found = RuleFiles(
        instruments=reader.rows(Instrument, home / INSTRUMENTS),
        parameters=reader.rows(Parameter, home / PARAMETERS),
        sectors=reader.folder(SectorRules, home / "sectors"),
        profiles=reader.folder(Profile, home / "profiles"),
    )
    reader.refuse_twice("instrument", ((one.id, place) for one, place in found.instruments))
    spoken = ((f"{one.short} {one.edition}", place) for one, place in found.instruments)
    reader.refuse_twice("instrument", spoken)
    reader.refuse_twice("parameter", ((one.id, place) for one, place in found.parameters))
    missing = NEEDED - {one.id for one, _ in found.parameters}
    for name in sorted(missing):
        reader.refuse(reader.name(home / PARAMETERS), f"the parameter {name} is missing")
    return found


def check_rules(
    reader: Reader, rules: RuleFiles, home: Path, catalogue: Catalogue, files: Iterable[Path]
) -> None:
    """Refuse rules that name what the catalogue, controls included, does not hold.

    A control among `files` that could not be read is told of there, and is not unknown here.
    """
    framework = catalogue.framework
    controls = {control.id for control in catalogue.controls} | {path.name[:6] for path in files}
    known = {sector.id for sector in framework.sectors}
    for instrument, place in rules.instruments:
        for sector in sorted(set(instrument.sectors) - known):
            reader.refuse(place.at("sectors"), f"unknown sector {sector}")
    for parameter, place in rules.parameters:
        for number, control in enumerate(parameter.controls):
            if control not in controls:
                reader.refuse(place.at("controls", number), f"unknown control {control}")
        _check_references(reader, parameter.references, place.within("references"), catalogue)
    for sector in sorted(known - {one.id for one, _ in rules.sectors}):
        what = f"the sector {sector} has no file {sector}.yaml"
        reader.refuse(reader.name(home / "sectors"), what)
    for own, place in rules.sectors:
        _check_sector(reader, own, place, catalogue)
    for profile, place in rules.profiles:
        _check_profile(reader, profile, place, catalogue, controls)
    _check_tiers(reader, rules, home)


def _check_references(
    reader: Reader,
    references: Sequence[Reference],
    place: Place,
    catalogue: Catalogue,
    sector: str | None = None,
) -> None:
    """Refuse a number of an unknown instrument, or of one that does not bind the sector.

    `place` is that of the list.
    """
    instruments = {one.id: one for one in catalogue.instruments}
    for number, reference in enumerate(references):
        instrument = instruments.get(reference.instrument)
        where = place.at(number, "instrument")
        if instrument is None:
            reader.refuse(where, f"unknown instrument {reference.instrument}")
        elif sector is not None and not instrument.binds(sector):
            reader.refuse(where, f"{instrument.id} does not bind the sector {sector}")


def _check_sector(reader: Reader, own: SectorRules, place: Place, catalogue: Catalogue) -> None:
    framework: Framework = catalogue.framework
    if own.id not in {sector.id for sector in framework.sectors}:
        reader.refuse(place.at("id"), f"unknown sector {own.id}")
    domains = {domain.id for domain in framework.domains}
    for number, factor in enumerate(own.domains):
        if factor.domain not in domains:
            reader.refuse(place.at("domains", number), f"unknown domain {factor.domain}")
        if factor.domain in {before.domain for before in own.domains[:number]}:
            reader.refuse(place.at("domains", number), f"{factor.domain} stands here twice")
    parameters = {parameter.id for parameter in catalogue.parameters}
    for number, value in enumerate(own.parameters):
        if value.parameter not in parameters:
            where = place.at("parameters", number)
            reader.refuse(where, f"unknown parameter {value.parameter}")
    places = place.within("parameters")
    _check_references(reader, own.parameters, places, catalogue, own.id)


def _check_profile(
    reader: Reader, profile: Profile, place: Place, catalogue: Catalogue, controls: set[str]
) -> None:
    for number, chosen in enumerate(profile.controls or ()):
        control = catalogue.find(chosen.id)
        where = place.at("controls", number)
        if chosen.id not in controls:
            reader.refuse(where, f"unknown control {chosen.id}")
        elif control is not None and control.tier not in profile.tiers:
            reader.refuse(where, f"{chosen.id} is of tier {control.tier}, which is not asked here")


def _check_tiers(reader: Reader, rules: RuleFiles, home: Path) -> None:
    """Each tier has one profile that holds all of its controls, which is what it is asked."""
    for tier in "AGX":
        whole = [p.id for p, _ in rules.profiles if p.controls is None and p.tier == tier]
        if len(whole) != 1:
            found = ", ".join(whole) or "none"
            what = f"one profile holds all that tier {tier} is asked; found: {found}"
            reader.refuse(reader.name(home / "profiles"), what)
