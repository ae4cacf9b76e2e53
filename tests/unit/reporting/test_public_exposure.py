"""An adversary who reads what the nation's public report tells of failing checks and shared things.

As in `test_public_secrets`: worlds that read the same cannot be told apart, so the size of every
small group must differ between two of them.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache

import pytest
from press import RENDERER, definitions
from test_public_secrets import result, shares

from cyberposture.reporting.inputs import CheckFailure, InstitutionRow, NationInputs
from cyberposture.reporting.samples.nation import a_nation
from cyberposture.reporting.view.failing import exposure_of
from cyberposture.reporting.view.groups import Nation
from cyberposture.reporting.view.lens import lens_for
from cyberposture.reporting.view.nation_front import front_of
from cyberposture.reporting.view.systemic import systemic_of
from cyberposture.scoring.statistics import SMALLEST_GROUP
from cyberposture.scoring.systemic import Dependency

World = tuple[int, ...]
CHECKS = ("lab.modbus-not-reachable", "lab.telnet-not-reachable")
CELLS = ("neither", "A", "B", "both")


@cache
def nobody() -> NationInputs:
    return a_nation(0, previous_title=None, failures=(), dependencies=())


def members(world: World, cells: Iterable[str]) -> dict[str, list[str]]:
    """Return the codes of the institutions in each cell; no code tells its cell."""
    found: dict[str, list[str]] = {}
    number = 0
    for cell, count in zip(cells, world, strict=True):
        found[cell] = [f"i-{number + n:03}" for n in range(count)]
        number += count
    return found


def public(world: World, **more: object) -> Nation:
    own = result("Developing")
    rows = tuple(InstitutionRow(f"i-{n:03}", "", "power", "A", own, own) for n in range(sum(world)))
    report = definitions()["nation"]
    inputs = replace(nobody(), rows=rows, **more)
    return Nation(inputs, lens_for(report, "public"), RENDERER.words(report))


def read_failures(world: World) -> object:
    """Return all that the public reads of two checks that fail at some."""
    at = members(world, CELLS)
    n = public(
        world,
        failures=tuple(
            CheckFailure(check, tuple(at[only] + at["both"]), 7 * len(at[only] + at["both"]))
            for check, only in zip(CHECKS, ("A", "B"), strict=True)
            if at[only] + at["both"]
        ),
    )
    front = front_of(n)
    figures = tuple((str(one.value), str(one.label)) for one in front.figures)
    said = tuple(str(one.asks) for one in front.decisions)
    return figures, said, exposure_of(n)


def read_shared(world: World) -> object:
    """Return all that the public reads of two suppliers on which some depend, and of one network.

    A check fails on what A carries, for those that depend on A alone.
    """
    at = members(world, CELLS)
    n = public(
        world,
        dependencies=tuple(
            Dependency(code, kind, name, known, fails=cell == "A")
            for name, kind, known in (("A", "supplier", "declared"), ("B", "hosting", "observed"))
            for cell in (name, "both")
            for code in at[cell]
        ),
    )
    return systemic_of(n), tuple(str(one.asks) for one in front_of(n).decisions)


@pytest.mark.parametrize("size", [7, 11, 13])
@pytest.mark.parametrize("read", [read_failures, read_shared])
def test_what_is_told_of_the_network_gives_no_small_group_away(
    read: Callable[[World], object], size: int
) -> None:
    found: defaultdict[object, defaultdict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for world in shares(size, len(CELLS)):
        numbers = dict(zip(CELLS, world, strict=True))
        numbers |= {"in A": world[1] + world[3], "in B": world[2] + world[3]}
        output = read(world)
        for name, number in numbers.items():
            found[output][name].add(number)
    given_away = [
        (output, name, numbers)
        for output, names in found.items()
        for name, numbers in names.items()
        if len(numbers) == 1 and 0 < min(numbers) < SMALLEST_GROUP
    ]
    assert len(found) > 3
    assert given_away == []
