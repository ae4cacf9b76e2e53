"""Reads what holds a catalogue together: framework, clauses, retired ids, neighbours and so on."""

import re
from datetime import date
from pathlib import Path

from pydantic import ValidationError

from cyberposture.content.reading.documents import faults_of
from cyberposture.content.reading.indicator_files import load_indicators
from cyberposture.content.reading.reader import Place, Reader
from cyberposture.content.reading.rule_files import RuleFiles
from cyberposture.errors import Fault, InvalidInput
from cyberposture.model.controls import Catalogue, Clause, Framework, Neighbour, Retired, Term
from cyberposture.model.scores import ScoreParameters


def read_frame(reader: Reader, home: Path, rules: RuleFiles) -> Catalogue:
    """Return the catalogue without its controls, noting every fault of these files.

    Raises:
        InvalidInput: there is no framework to read the rest by.
    """
    framework = reader.one(Framework, home / "framework.yaml")
    clauses = reader.rows(Clause, home / "clauses.yaml")
    retired = reader.rows_if_there(Retired, home / "retired.yaml")
    neighbours = reader.rows_if_there(Neighbour, home / "neighbours.yaml")
    glossary = reader.rows_if_there(Term, home / "glossary.yaml")
    reader.refuse_twice("term", ((row.term, place) for row, place in glossary))
    if framework is None:
        reader.finish()
        raise InvalidInput(Fault(home.name, "no framework"))
    _check_framework(reader, *framework, rules)
    _check_retired(reader, retired)
    _check_neighbours(reader, neighbours)
    reader.refuse_twice("clause", ((clause.id, place) for clause, place in clauses))
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
        glossary=tuple(row for row, _ in glossary),
    )
    return frame.model_copy(update=rules.parts())


def _check_framework(reader: Reader, framework: Framework, place: Place, rules: RuleFiles) -> None:
    """Refuse an unknown instrument, an id that stands twice, and a scale that nothing fits."""
    if framework.instrument not in {one.id for one, _ in rules.instruments}:
        reader.refuse(place.at("instrument"), f"unknown instrument {framework.instrument}")
    for part in ("domains", "sectors", "features"):
        rows = ((row.id, number) for number, row in enumerate(getattr(framework, part)))
        reader.refuse_twice(
            part.removesuffix("s"), ((identity, place.within(part, at)) for identity, at in rows)
        )
    try:
        # The arithmetic itself says which numbers it can work with.
        ScoreParameters.model_validate(framework.scale.model_dump(mode="json"))
    except ValidationError as error:
        reader.faults += faults_of(place.document, error, (*place.prefix, "scale"))


def _check_retired(reader: Reader, retired: list[tuple[Retired, Place]]) -> None:
    """Refuse a day that is none, and an id that is retired twice."""
    reader.refuse_twice("retired id", ((row.id, place) for row, place in retired))
    for row, place in retired:
        try:
            is_day = date.fromisoformat(row.on).isoformat() == row.on
        except ValueError:
            is_day = False
        if not is_day:
            reader.refuse(place.at("on"), f"{row.on[:40]!r} is no day; write YYYY-MM-DD")


def _check_neighbours(reader: Reader, neighbours: list[tuple[Neighbour, Place]]) -> None:
    """Refuse a framework that stands twice, and a pattern that is none."""
    reader.refuse_twice("framework", ((row.id, place) for row, place in neighbours))
    for row, place in neighbours:
        try:
            re.compile(row.ids)
        except re.error as error:
            reader.refuse(place.at("ids"), f"no pattern of ids: {error}")
