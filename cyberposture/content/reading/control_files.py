"""Reads control files, and refuses a control that contradicts its place or its catalogue."""

import re
from collections.abc import Iterable
from pathlib import Path

from cyberposture.content.reading.jargon import unexplained
from cyberposture.content.reading.reader import Place, Reader, is_translation
from cyberposture.model.controls import Catalogue, Condition, Control, Neighbour

RULE_FOLDERS = frozenset({"sectors", "profiles", "proposed"})
"""Folders of a catalogue that are no domains."""
NATIONAL, OF_OVERLAYS, OF_PROPOSALS = range(1, 51), range(51, 90), range(90, 100)
"""The number in an id says where a control comes from, so that no two sources use one id."""

Read = tuple[Control, Place]


def _words(condition: Condition) -> tuple[set[str], set[str]]:
    """Return the features and the sectors that a condition names."""
    features = {condition.feature} if condition.feature else set()
    sectors = {condition.sector} if condition.sector else set()
    for part in (condition.any_of or ()) + (condition.all_of or ()):
        more_features, more_sectors = _words(part)
        features |= more_features
        sectors |= more_sectors
    return features, sectors


def read_controls(reader: Reader, paths: Iterable[Path], folder: str | None = None) -> list[Read]:
    """Return the controls in these files; each belongs in its domain's folder, or in `folder`."""
    found: list[Read] = []
    for path in sorted(paths):
        if is_translation(path):
            continue
        pair = reader.one(Control, path)
        if pair is None:
            continue
        found.append(pair)
        control, place = pair
        home = control.domain.lower() if folder is None else folder
        if not path.name.startswith(f"{control.id}-"):
            reader.refuse(place.at("id"), f"the file name must begin with {control.id}-")
        if path.parent.name != home:
            reader.refuse(place.at("id"), f"belongs in the folder {home}/")
    reader.refuse_twice("control", ((control.id, place) for control, place in found))
    return found


def domain_files(home: Path) -> list[Path]:
    """Return the files in the folders of a catalogue that are not known to be something else."""
    return [path for path in home.glob("*/*.yaml") if path.parent.name not in RULE_FOLDERS]


def check_control(
    reader: Reader, control: Control, place: Place, catalogue: Catalogue, numbers: range
) -> None:
    """Refuse a control that contradicts the rest of the catalogue, or where it comes from."""
    framework = catalogue.framework
    if control.domain not in {domain.id for domain in framework.domains}:
        reader.refuse(place.at("id"), f"unknown domain {control.domain}")
    if int(control.id[4:]) not in numbers:
        allowed = f"{numbers.start:02} to {numbers.stop - 1}"
        reader.refuse(place.at("id"), f"the number of {control.id} is not from {allowed}")
    if control.id in {retired.id for retired in catalogue.retired}:
        reader.refuse(place.at("id"), f"{control.id} is retired and must not come back")
    if control.proposed != (numbers == OF_PROPOSALS):
        reader.refuse(place.at("proposed"), "proposed controls, and only those, are in proposed/")
    if control.applies_when is not None:
        features, sectors = _words(control.applies_when)
        unknown = features - {f.id for f in framework.features}
        unknown |= sectors - {s.id for s in framework.sectors}
        for word in sorted(unknown):
            reader.refuse(place.at("applies_when"), f"unknown feature or sector {word}")
    _check_sources(reader, control, place, catalogue, numbers)
    _check_words(reader, control, place, catalogue)
    for field, word in unexplained(control, catalogue):
        reader.refuse(place.at(field), f"{word}: explain it in glossary.yaml, or write it out")


def _check_sources(
    reader: Reader, control: Control, place: Place, catalogue: Catalogue, numbers: range
) -> None:
    """Refuse an unknown instrument or clause, and a national control without its own ground."""
    clauses = {clause.id: clause for clause in catalogue.clauses}
    instruments = {(one.short, one.edition): one.id for one in catalogue.instruments}
    cited = []
    for number, source in enumerate(control.sources):
        instrument = instruments.get((source.instrument, source.edition))
        if instrument is None:
            what = f"unknown instrument {source.instrument} {source.edition}"
            reader.refuse(place.at("sources", number), what)
        elif instrument == catalogue.framework.instrument:
            if source.clause in clauses:
                cited.append(clauses[source.clause])
            else:
                what = f"unknown clause {source.clause}"
                reader.refuse(place.at("sources", number), what)
    if numbers == NATIONAL and {clause.level for clause in cited} <= {"Nat", "Ctx"}:
        what = "rests on national-only clauses alone" if cited else "rests on no clause"
        reader.refuse(place.at("sources"), what)


def _check_words(reader: Reader, control: Control, place: Place, catalogue: Catalogue) -> None:
    """Refuse a sector or a neighbouring framework that the catalogue does not know."""
    sectors = {sector.id for sector in catalogue.framework.sectors}
    for sector in sorted(set(control.sector_notes) - sectors):
        reader.refuse(place.at("sector_notes", sector), f"unknown sector {sector}")
    neighbours = {neighbour.id: neighbour for neighbour in catalogue.neighbours}
    for number, crossing in enumerate(control.maps_to):
        where = place.at("maps_to", number)
        neighbour = neighbours.get(crossing.framework)
        if neighbour is None:
            known = ", ".join(neighbours) or "none"
            reader.refuse(where, f"unknown framework {crossing.framework}; there are: {known}")
        elif not _is_id(neighbour, crossing.id):
            reader.refuse(where, f"{crossing.id} is no id of {neighbour.title}")


def _is_id(neighbour: Neighbour, identity: str) -> bool:
    """Return whether a framework may have such an id; a pattern that is none lets all pass.

    Such a pattern is refused where it stands.
    """
    try:
        return re.fullmatch(neighbour.ids, identity) is not None
    except re.error:
        return True


def check_codes(reader: Reader, controls: Iterable[Read], codes: frozenset[str]) -> None:
    """Refuse an observation code that the vocabulary does not hold."""
    for control, place in controls:
        for number, use in enumerate(control.observations):
            if use.code not in codes:
                reader.refuse(place.at("observations", number), f"unknown observation {use.code}")
