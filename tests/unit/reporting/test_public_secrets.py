"""An adversary who reads every table of the nation's public report, in worlds of two sectors.

Every world is made into a report for the public. Worlds that read the same cannot be told apart; so
a number that is not told must differ between two of them, and so must every small group.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import product

import pytest
from press import RENDERER, definitions

from cyberposture.model.scores import InstitutionScore, ScoreResult
from cyberposture.reporting.inputs import InstitutionRow, NationInputs
from cyberposture.reporting.samples.nation import (
    a_nation,
)
from cyberposture.reporting.view.frame import band_at
from cyberposture.reporting.view.groups import Nation
from cyberposture.reporting.view.lens import lens_for
from cyberposture.reporting.view.nation_annexes import bands_of, gates_of, spread_of
from cyberposture.reporting.view.nation_front import front_of
from cyberposture.scoring.statistics import NO_BAND, SMALLEST_GROUP

SCORES = {"Exposed": 1000, "Developing": 3000}
STATES = ("silent", NO_BAND, *SCORES)
World = tuple[tuple[int, ...], tuple[int, ...]]
"""How many of each sector are in each state."""


@cache
def result(state: str) -> ScoreResult | None:
    """Return the result of an institution in one state."""
    if state == "silent":
        return None
    points, known = SCORES.get(state, 500), 9000 if state in SCORES else 1000
    whole = InstitutionScore(
        declared=points, verified=points, claims_verified=points,
        band=state if state in SCORES else None, confidence="high", examined=9000, coverage=known,
        observation_coverage=9000, gates_holding=(), gates_unknown=(), contradictions=(),
    )  # fmt: skip
    return ScoreResult(institution=whole, domains=(), controls=())


def rows_of(sector: str, counts: tuple[int, ...]) -> Iterator[InstitutionRow]:
    for state, count in zip(STATES, counts, strict=True):
        for n in range(count):
            own = result(state)
            yield InstitutionRow(f"{sector}-{state}-{n}", "", sector, "A", own, own)


@cache
def nowhere() -> NationInputs:
    return a_nation(0, previous_title=None, failures=())


def read(world: World) -> tuple[object, ...]:
    """Return all that the public reads of who stands where."""
    sectors = zip(("power", "water"), world, strict=True)
    rows = tuple(row for sector, counts in sectors for row in rows_of(sector, counts))
    report = definitions()["nation"]
    n = Nation(replace(nowhere(), rows=rows), lens_for(report, "public"), RENDERER.words(report))
    front, spread, bands = front_of(n), spread_of(n), bands_of(n)
    figures = tuple(place(n, str(figure.value)) for figure in front.figures)
    groups = tuple(
        (row.label, row.asked, row.answered, row.assessed, places(n, row.quartiles))
        for row in (*spread.sectors, *spread.profiles)
    )
    said = place(n, str(front.lead[0])) if front.lead else ""
    return (str(front.funnel), said, figures, bands.rows, groups)


def places(n: Nation, quartiles: tuple[str, str, str] | None) -> object:
    return None if quartiles is None else tuple(place(n, one) for one in quartiles)


def place(n: Nation, said: str) -> str:
    """Return the band in which a told score lies: the other scores nobody outside knows."""
    points = re.search(r"[0-9]+[.][0-9]", said)
    return str(band_at(n.inputs.parameters, int(float(points[0]) * 100))) if points else said


def worlds(sizes: tuple[int, int]) -> Iterator[World]:
    first, second = (list(shares(size, len(STATES))) for size in sizes)
    yield from product(first, second)


def shares(size: int, cells: int) -> Iterator[tuple[int, ...]]:
    if cells == 1:
        yield (size,)
        return
    for first in range(size + 1):
        for rest in shares(size - first, cells - 1):
            yield (first, *rest)


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [(6, 5), (9, 2)])
def test_no_table_of_the_public_report_gives_a_small_group_away(sizes: tuple[int, int]) -> None:
    found: defaultdict[object, defaultdict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for world in worlds(sizes):
        output = read(world)
        for at, state in enumerate(STATES):
            found[output][state].add(world[0][at] + world[1][at])
            for sector in (0, 1):
                found[output][f"{state} in {sector}"].add(world[sector][at])
    given_away = [
        (output, name, numbers)
        for output, names in found.items()
        for name, numbers in names.items()
        if len(numbers) == 1 and 0 < min(numbers) < SMALLEST_GROUP
    ]
    assert len(found) > 10
    assert given_away == []


# Gates: where they are closed, in worlds of two gates.

CLOSED = {"free": (), "A": ("IAM-10",), "B": ("GOV-01",), "AB": ("GOV-01", "IAM-10")}


@cache
def held(state: str) -> ScoreResult:
    """Return the result of an institution at which these gates are closed, all else being alike."""
    own = result("Developing")
    assert own is not None
    whole = own.institution.model_copy(update={"gates_holding": CLOSED[state]})
    return own.model_copy(update={"institution": whole})


def read_gates(world: tuple[int, ...]) -> tuple[object, ...]:
    """Return all that the public reads of gates, where so many are silent, free, A, B, AB."""
    rows = tuple(
        InstitutionRow(f"{state}-{n}", "", "power", "A", own, own)
        for state, count in zip(("silent", *CLOSED), world, strict=True)
        for own in [None if state == "silent" else held(state)]
        for n in range(count)
    )
    report = definitions()["nation"]
    n = Nation(replace(nowhere(), rows=rows), lens_for(report, "public"), RENDERER.words(report))
    front = front_of(n)
    figures = tuple((str(one.value), str(one.label)) for one in front.figures)
    gates = tuple((row.control, str(row.closed_at), str(row.alone_at)) for row in gates_of(n))
    return (str(front.funnel), figures, str(front.decisions[0].asks), gates, bands_of(n).rows)


@pytest.mark.parametrize("size", [7, 11])
def test_what_is_told_of_gates_gives_no_small_group_away(size: int) -> None:
    found: defaultdict[object, defaultdict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for world in shares(size, 1 + len(CLOSED)):
        numbers = dict(zip(("silent", *CLOSED), world, strict=True))
        numbers |= {"closed A": world[2] + world[4], "closed B": world[3] + world[4]}
        output = read_gates(world)
        for name, number in numbers.items():
            found[output][name].add(number)
    given_away = [
        (output, name, numbers)
        for output, names in found.items()
        for name, numbers in names.items()
        if len(numbers) == 1 and 0 < min(numbers) < SMALLEST_GROUP
    ]
    assert given_away == []
