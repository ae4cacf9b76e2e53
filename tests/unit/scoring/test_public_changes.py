"""An adversary who reads the public log of corrections at every moment learns of nobody in it.

Small worlds are gone through one by one: at each moment somebody's result changes to some value, or
nothing happens. Worlds of which the log reads the same all along cannot be told apart; so of each
institution every end must be possible in some of them, that nothing happened to it as well.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cyberposture.scoring.statistics import SMALLEST_GROUP, changes_for_public

VALUES = (1, 2)
Event = tuple[int, int] | None
"""Whose result changed and to what, or None: nobody's."""
Rule = Callable[[int, int, int], int | None]


def read(rule: Rule, events: tuple[Event, ...], size: int, smallest: int) -> tuple[int | None, ...]:
    """Return what the log reads after each moment."""
    found, changed = [], set()
    for event in events:
        changed |= set() if event is None else {event[0]}
        found.append(rule(len(changed), size, smallest))
    return tuple(found)


def derived(rule: Rule, size: int, smallest: int, moments: int) -> list[tuple[object, int]]:
    """Return of whom some end can be ruled out, and by which readings."""
    may: list[Event] = [None, *product(range(size), VALUES)]
    ends: defaultdict[object, defaultdict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
    for events in product(may, repeat=moments):
        stood = dict.fromkeys(range(size), 0) | dict(one for one in events if one is not None)
        seen = ends[read(rule, events, size, smallest)]
        for who, value in stood.items():
            seen[who].add(value)
    return [
        (reading, who)
        for reading, known in ends.items()
        for who, values in known.items()
        if len(values) <= len(VALUES)
    ]


@pytest.mark.parametrize(("size", "moments"), [(1, 3), (2, 4), (3, 4), (4, 4), (5, 4)])
def test_the_log_gives_nobody_away_in_any_small_world(size: int, moments: int) -> None:
    assert derived(changes_for_public, size, 2, moments) == []


@pytest.mark.parametrize(
    "rule",
    [
        lambda changed, size, smallest: changed,
        lambda changed, size, smallest: changed if changed >= smallest else None,
    ],
    ids=["each", "once there are enough"],
)
def test_plain_counts_would(rule: Rule) -> None:
    assert derived(rule, 2, 2, 3) != []


def steps(size: int, smallest: int) -> Iterator[int | None]:
    for changed in range(size + 1):
        yield changes_for_public(changed, size, smallest)


@settings(deadline=None)
@given(size=st.integers(0, 60), smallest=st.integers(SMALLEST_GROUP, 9))
def test_it_grows_by_whole_groups_and_leaves_one(size: int, smallest: int) -> None:
    told = list(steps(size, smallest))
    assert told[0] is None
    known = [one or 0 for one in told]
    assert known == sorted(known)
    for changed, least in enumerate(known):
        assert least <= changed and least % smallest == 0
        assert least == 0 or size - least >= smallest
    if size >= 2 * smallest:
        assert told[smallest] == smallest


histories = st.integers(2 * SMALLEST_GROUP, 14).flatmap(
    lambda size: st.tuples(
        st.just(size),
        st.lists(
            st.none() | st.tuples(st.integers(0, size - 1), st.sampled_from(VALUES)),
            min_size=1, max_size=25,
        ),
    )
)  # fmt: skip


@settings(deadline=None)
@given(history=histories, who=st.integers(0, 2 * SMALLEST_GROUP - 1), end=st.sampled_from(VALUES))
def test_any_history_could_have_ended_otherwise_for_anybody(
    history: tuple[int, list[Event]], who: int, end: int
) -> None:
    """Both worlds are made, and read the same: one where they changed to `end`, one where not."""
    size, events = history
    seen = read(changes_for_public, tuple(events), size, SMALLEST_GROUP)
    order = list(dict.fromkeys(one[0] for one in events if one is not None))
    still = [one for one in range(size) if one not in order]
    # Who changed first is taken for them, or, where nobody did, they change at the very end.
    moved = renamed(events, who, order[0]) if order else [*events[:-1], (who, end)]
    last = max((n for n, one in enumerate(moved) if one and one[0] == who), default=None)
    if last is not None:
        moved[last] = (who, end)
    # Who never changed is taken for them; where all did, they were the last, and did not.
    other = still[0] if still else order[-1]
    calm = [None if one and one[0] == who else one for one in renamed(events, who, other)]
    for world in (moved, calm):
        assert read(changes_for_public, tuple(world), size, SMALLEST_GROUP) == seen


def renamed(events: list[Event], one: int, other: int) -> list[Event]:
    """Return the same history with two institutions in each other's place."""
    swap = {one: other, other: one}
    return [event and (swap.get(event[0], event[0]), event[1]) for event in events]
