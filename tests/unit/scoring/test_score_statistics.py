"""Groups: exact quartiles, band shares, trends, and what the public may not see."""

import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberposture.scoring.statistics import (
    NO_BAND,
    SMALLEST_GROUP,
    Distribution,
    Standing,
    Trend,
    describe,
    for_public,
    hidden_cells,
    median,
    quantile,
    trend,
    trend_for_public,
)

BANDS = ("Exposed", "Developing", "Established")
scores = st.lists(st.integers(0, 10000), min_size=1, max_size=40)


def group(**counts: int) -> list[Standing]:
    """Return a group with so many institutions in each band; `none` stands for no band."""
    return [
        Standing(
            institution=f"{band}-{n}",
            verified=None if band == "none" else 1000 * n,
            band=None if band == "none" else band,
        )
        for band, count in counts.items()
        for n in range(count)
    ]


def counts(distribution: Distribution) -> dict[str, int | None]:
    return {cell.band: cell.count for cell in distribution.bands}


@given(scores, st.sampled_from([1, 2, 3]))
def test_quartiles_agree_with_the_named_definition(values: list[int], part: int) -> None:
    exact = float(np.quantile(np.array(values), part / 4, method="linear"))
    assert quantile(sorted(values), part, 4) == pytest.approx(exact, abs=0.5)


@given(scores)
def test_median_is_the_middle_rounded_half_up(values: list[int]) -> None:
    assert median(values) == int(statistics.median(values) + 0.5)


def test_quantile_of_nothing_is_none() -> None:
    assert median([]) is None


def test_group_lists_every_band_and_those_of_whom_not_enough_is_known() -> None:
    asked = [
        *group(Developing=2, none=1),
        Standing(institution="silent", verified=None, band=None, has_answered=False),
    ]
    whole = describe(asked, BANDS)
    assert (whole.asked, whole.answered, whole.response_rate, whole.scored) == (4, 3, 7500, 2)
    assert counts(whole) == {"Exposed": 0, "Developing": 2, "Established": 0, NO_BAND: 1}
    assert [cell.share for cell in whole.bands] == [0, 6667, 0, 3333]
    assert whole.quartiles is not None
    assert (whole.quartiles.lower, whole.quartiles.median, whole.quartiles.upper) == (250, 500, 750)
    assert (whole.lowest, whole.highest) == (0, 1000)


def test_group_of_nobody_has_no_numbers_but_0() -> None:
    whole = describe([], BANDS)
    assert (whole.asked, whole.response_rate, whole.quartiles, whole.lowest) == (
        0,
        None,
        None,
        None,
    )


@pytest.mark.parametrize("size", range(SMALLEST_GROUP))
def test_group_under_five_is_not_described_in_public(size: int) -> None:
    public = for_public(describe(group(Developing=size), BANDS))
    assert public.is_suppressed
    said = public.model_dump(exclude={"is_suppressed"})
    assert set(said.values()) == {None, ()}


def test_group_in_which_fewer_than_five_answered_is_not_described_in_public() -> None:
    silent = [
        Standing(institution=f"s{n}", verified=None, band=None, has_answered=False)
        for n in range(20)
    ]
    assert for_public(describe([*silent, *group(Developing=4)], BANDS)).asked is None


def test_public_never_sees_extremes() -> None:
    public = for_public(describe(group(Exposed=10, Developing=10), BANDS))
    assert (public.lowest, public.highest) == (None, None)
    assert counts(public) == {"Exposed": 10, "Developing": 10, "Established": 0, NO_BAND: 0}


def test_small_band_takes_the_next_smallest_with_it() -> None:
    public = for_public(describe(group(Exposed=3, Developing=7, Established=20), BANDS))
    assert counts(public) == {"Exposed": None, "Developing": None, "Established": 20, NO_BAND: 0}


def test_small_bands_hide_each_other_once_they_hold_twice_five() -> None:
    many = group(Exposed=4, Developing=3, Established=20, none=3)
    public = for_public(describe(many, BANDS))
    assert counts(public) == {"Exposed": None, "Developing": None, "Established": 20, NO_BAND: None}
    few = for_public(describe(group(Exposed=3, Developing=2, Established=20), BANDS))
    assert set(counts(few).values()) == {None}


def test_cells_of_one_size_are_hidden_together() -> None:
    hidden = hidden_cells({"a": 4, "b": 6, "c": 6, "d": 30})
    assert hidden == {"a", "b", "c"}


def test_who_did_not_answer_is_a_cell_like_any_other() -> None:
    silent = [
        Standing(institution=f"s{n}", verified=None, band=None, has_answered=False)
        for n in range(3)
    ]
    public = for_public(describe([*silent, *group(Exposed=8, Developing=20)], BANDS))
    assert (public.asked, public.answered, public.response_rate) == (31, None, None)
    assert counts(public) == {"Exposed": None, "Developing": 20, "Established": 0, NO_BAND: 0}
    assert public.scored is None
    assert {cell.share for cell in public.bands} == {None}


def test_quartiles_need_four_groups_in_bands_that_are_told() -> None:
    many = for_public(describe(group(Exposed=10, Developing=10), BANDS)).quartiles
    few = for_public(describe(group(Exposed=10, Developing=9), BANDS)).quartiles
    hidden = for_public(describe(group(Exposed=4, Developing=6, Established=30), BANDS)).quartiles
    assert many is not None and few is not None and hidden is not None
    assert (many.lower is None, few.lower is None, hidden.lower is None) == (False, True, True)
    assert few.median == 4000


def test_group_in_one_band_shows_no_band_at_all() -> None:
    public = for_public(describe(group(Developing=12), BANDS))
    assert set(counts(public).values()) == {None}


@given(st.lists(st.integers(0, 12), min_size=4, max_size=4).filter(lambda sizes: sum(sizes) >= 5))
def test_public_cells_never_let_a_small_one_be_subtracted(sizes: list[int]) -> None:
    whole = describe(group(**dict(zip((*BANDS, "none"), sizes, strict=True))), BANDS)
    public = for_public(whole)
    if not public.bands:
        return
    shown = [cell.count for cell in public.bands if cell.count is not None]
    assert all(count == 0 or count >= SMALLEST_GROUP for count in shown)
    hidden = sum(sizes) - sum(shown)
    assert hidden == 0 or hidden >= SMALLEST_GROUP
    assert len(public.bands) - len(shown) != 1


def test_trend_sets_the_panel_beside_all() -> None:
    before = {"a": 1000, "b": 3000, "gone": 9000}
    after = {"a": 2000, "b": 5000, "new": 0}
    found = trend(before, after)
    assert (found.panel, found.panel_before, found.panel_after) == (2, 2000, 3500)
    assert (found.all_before, found.all_after) == (3000, 2000)
    assert found.median_change == 1500


@pytest.mark.parametrize(("changes", "middle"), [((1, 2), 1), ((-1, -2), -1), ((-3, 1, 9), 1)])
def test_median_change_treats_gains_and_losses_alike(changes: tuple[int, ...], middle: int) -> None:
    before = {str(n): 100 for n in range(len(changes))}
    after = {str(n): 100 + change for n, change in enumerate(changes)}
    assert trend(before, after).median_change == middle


def test_trend_without_a_panel_has_no_change() -> None:
    assert trend({"a": 1}, {"b": 2}).median_change is None


def a_round(scores: dict[str, int]) -> Distribution:
    """Return what the public reads of a round in which these stand in one of two bands."""
    members = [
        Standing(institution=name, verified=n, band=BANDS[n >= 5]) for name, n in scores.items()
    ]
    return for_public(describe(members, BANDS))


def public_trend(before: dict[str, int], after: dict[str, int]) -> Trend:
    return trend_for_public(trend(before, after), a_round(before), a_round(after))


def test_small_panel_is_not_described_in_public() -> None:
    public = public_trend(*2 * ({str(n): n for n in range(4)},))
    assert set(public.model_dump(exclude={"is_suppressed"}).values()) == {None}
    assert public.is_suppressed


@pytest.mark.parametrize("more", range(1, 5))
def test_few_newcomers_are_not_told_by_the_difference_between_panel_and_all(more: int) -> None:
    before = {str(n): n for n in range(10)}
    after = before | {f"new-{n}": 9 for n in range(more)}
    public = public_trend(before, after)
    assert (public.panel, public.panel_after, public.is_suppressed) == (None, None, True)


def test_a_panel_beside_many_newcomers_is_told() -> None:
    before = {str(n): n for n in range(10)}
    public = public_trend(before, before | {f"new-{n}": 9 for n in range(5)})
    assert (public.panel, public.panel_before, public.is_suppressed) == (10, 5, False)


def test_no_trend_is_told_where_how_many_are_assessed_is_hidden() -> None:
    before = {str(n): n for n in range(10)}
    rounds = a_round(before), a_round(before).model_copy(update={"scored": None})
    assert trend_for_public(trend(before, before), *rounds).panel is None
