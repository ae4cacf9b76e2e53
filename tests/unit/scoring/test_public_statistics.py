"""An adversary who gets every public figure of two rounds, and knows the rule by which they hide.

Small worlds are gone through one by one. Worlds of which the public is told the same cannot be told
apart, whatever anybody computes; so a number that is hidden must differ between two of them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cyberposture.scoring.statistics import (
    NO_BAND,
    SILENT,
    SMALLEST_GROUP,
    Distribution,
    Standing,
    describe,
    for_public,
    hidden_cells,
    trend,
    trend_for_public,
)

SCORES = {"Exposed": 1000, "Developing": 3500, "Established": 6000}
BANDS = tuple(SCORES)
STATES = (SILENT, NO_BAND, *BANDS)
World = tuple[int, ...]
"""How many institutions are in each state."""


def worlds(size: int, cells: int) -> Iterator[World]:
    """Yield every way to put so many institutions into so many cells."""
    if cells == 1:
        yield (size,)
        return
    for first in range(size + 1):
        for rest in worlds(size - first, cells - 1):
            yield (first, *rest)


@cache
def told(world: World) -> Distribution:
    """Return what the public reads of a group of which so many are in each of STATES."""
    members = [
        Standing(
            institution=f"{state}-{n}",
            verified=SCORES.get(state),
            band=state if state in SCORES else None,
            has_answered=state != SILENT,
        )
        for state, count in zip(STATES, world, strict=True)
        for n in range(count)
    ]
    return for_public(describe(members, BANDS))


def read(public: Distribution) -> tuple[object, ...]:
    """Return everything that is to be read in a public distribution."""
    quartiles = public.quartiles
    places = ()
    if quartiles is not None:
        every = (quartiles.lower, quartiles.median, quartiles.upper)
        places = tuple(place_of(points) for points in every)
    cells = tuple((cell.band, cell.count, cell.share) for cell in public.bands)
    head = (public.asked, public.answered, public.response_rate, public.scored)
    return (*head, public.lowest, public.highest, places, cells)


def place_of(points: int | None) -> int | None:
    """Return the place of the band in which a score lies; None is not told."""
    if points is None:
        return None
    return sum(start <= points for start in SCORES.values())


def secrets(world: World) -> dict[str, int]:
    """Return the numbers of a world that its public figures leave out."""
    public = told(world)
    if public.asked is None:
        return {}
    counts = {cell.band: cell.count for cell in public.bands}
    counts[SILENT] = None if public.answered is None else world[0]
    cells = dict(zip(STATES, world, strict=True))
    hidden = {name: cells[name] for name, count in counts.items() if count is None}
    if public.answered is None:
        hidden["answered"] = sum(world) - world[0]
    if public.scored is None:
        hidden["scored"] = sum(world[2:])
    return hidden


def derived(seen: Iterable[tuple[object, dict[str, int]]]) -> list[tuple[object, str, int]]:
    """Return every hidden number that is the same in all worlds of which one thing is told."""
    values: defaultdict[object, defaultdict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for output, hidden in seen:
        for name, number in hidden.items():
            values[output][name].add(number)
    return [
        (output, name, next(iter(numbers)))
        for output, names in values.items()
        for name, numbers in names.items()
        if len(numbers) == 1
    ]


@pytest.mark.parametrize("size", [6, 9, 10, 12, 15])
def test_one_round_gives_no_hidden_number_away(size: int) -> None:
    every = list(worlds(size, len(STATES)))
    assert any(secrets(world) for world in every)
    assert derived((read(told(world)), secrets(world)) for world in every) == []


@pytest.mark.parametrize(("size", "cells"), [(24, 4), (30, 3), (16, 6)])
def test_cells_of_a_known_whole_are_never_solved(size: int, cells: int) -> None:
    def seen() -> Iterator[tuple[object, dict[str, int]]]:
        for world in worlds(size, cells):
            named = {str(place): count for place, count in enumerate(world)}
            hidden = hidden_cells(named)
            shown = tuple(None if name in hidden else count for name, count in named.items())
            yield shown, {name: named[name] for name in hidden}

    assert derived(seen()) == []


def test_the_adversary_finds_what_a_weaker_rule_gives_away() -> None:
    """Hiding a small cell and the next larger one can be solved by whoever knows that rule."""

    def seen() -> Iterator[tuple[object, dict[str, int]]]:
        for world in worlds(16, 4):
            order = sorted((count, place) for place, count in enumerate(world) if count)
            small = [one for one in order if one[0] < SMALLEST_GROUP]
            hidden = {place for _, place in (order[:2] if len(small) == 1 else small)}
            shown = tuple(None if p in hidden else count for p, count in enumerate(world))
            yield shown, {str(place): world[place] for place in hidden}

    assert derived(seen()) != []


# Two rounds, and the panel between them.

MOVES = tuple((a, b) for a in (0, 2, 3) for b in (0, 2, 3))
"""Before and after, as places in STATES: silent, or in one of two bands."""


MOVED = {SILENT, "Exposed", "Developing", "answered", "scored"}


def margin(world: World, side: int) -> World:
    counts = [0] * len(STATES)
    for move, count in zip(MOVES, world, strict=True):
        counts[move[side]] += count
    return tuple(counts)


@cache
def told_of_panel(world: World, first: World, second: World) -> tuple[object, ...]:
    scores: tuple[dict[str, int], dict[str, int]] = ({}, {})
    for number, (move, count) in enumerate(zip(MOVES, world, strict=True)):
        for side in (0, 1):
            if move[side] >= 2:
                points = SCORES[STATES[move[side]]]
                scores[side].update({f"{number}-{n}": points for n in range(count)})
    before, after = scores
    public = trend_for_public(trend(before, after), told(first), told(second))
    change = public.median_change
    # Only its direction: how far apart scores stand, nobody outside knows.
    direction = None if change is None else (change > 0) - (change < 0)
    places = (public.panel_before, public.panel_after, public.all_before, public.all_after)
    return (public.panel, direction, *(place_of(points) for points in places))


@pytest.mark.parametrize("size", [7, 10])
def test_two_rounds_and_their_panel_give_no_hidden_number_away(size: int) -> None:
    def seen() -> Iterator[tuple[object, dict[str, int]]]:
        for world in worlds(size, len(MOVES)):
            first, second = margin(world, 0), margin(world, 1)
            output = (read(told(first)), read(told(second)), told_of_panel(world, first, second))
            hidden = {f"before {name}": n for name, n in secrets(first).items() if name in MOVED}
            hidden |= {f"after {name}": n for name, n in secrets(second).items() if name in MOVED}
            moved = dict(zip(MOVES, world, strict=True))
            newcomers = moved[0, 2] + moved[0, 3]
            if 0 < newcomers < SMALLEST_GROUP:
                hidden["newcomers"] = newcomers
            yield output, hidden

    assert derived(seen()) == []


# The linear adversary, on worlds too large to go through.


def bounds(shown: dict[str, int | None], whole: int) -> dict[str, tuple[int, int]]:
    """Return what each hidden cell can be at least and at most, by sums alone."""
    hidden = [name for name, count in shown.items() if count is None]
    rest = whole - sum(count for count in shown.values() if count is not None)
    least = 0 if len(hidden) == len(shown) else 1
    return {name: (least, rest - least * (len(hidden) - 1)) for name in hidden}


@settings(max_examples=300, deadline=None)
@given(st.lists(st.integers(0, 60), min_size=3, max_size=7).filter(lambda cells: sum(cells) >= 5))
def test_what_is_hidden_could_be_many_things(cells: list[int]) -> None:
    named = {str(place): count for place, count in enumerate(cells)}
    hidden = hidden_cells(named)
    shown = {name: None if name in hidden else count for name, count in named.items()}
    for name, (least, most) in bounds(shown, sum(cells)).items():
        assert least <= named[name] <= most
        assert most - least >= SMALLEST_GROUP - 1
    assert all(
        count == 0 or count >= SMALLEST_GROUP for count in shown.values() if count is not None
    )
