"""A value fits its unit or is refused with what is allowed; what was kept is read again."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as some
from pydantic import ValidationError

from cyberposture.model.indicators import Figure, Indicator, written

UNITS = {
    "count": {"counted": "firms"},
    "share": {},
    "yes-no": {},
    "state": {"states": ("enacted", "drafted", "none")},
}


def a_figure(unit: str, **changes) -> Figure:
    plain = {"id": unit, "title": f"A {unit}", "unit": unit, **UNITS[unit]}
    return Figure.model_validate(plain | changes)


def an_indicator(*figures: Figure, **changes) -> Indicator:
    plain = {
        "id": "NAT-99", "title": "Something measured", "measures": "What it is.",
        "figures": figures or (a_figure("share"),), "clauses": ["5"], "known_from": "Somebody.",
        "every_months": 6,
    }  # fmt: skip
    return Indicator.model_validate(plain | changes)


EVERY = an_indicator(*(a_figure(unit) for unit in UNITS))


@pytest.mark.parametrize(
    ("unit", "value"),
    [
        ("count", "0"), ("count", "12"), ("count", "999999999999999"),
        ("share", "0"), ("share", "37.5"), ("share", "100"), ("share", "100.0"),
        ("yes-no", "yes"), ("yes-no", "no"), ("state", "none"), ("state", "enacted"),
    ],
)  # fmt: skip
def test_a_value_of_the_unit_is_taken(unit, value):
    assert EVERY.read((f"{unit}={value}",)) == {unit: value}


@pytest.mark.parametrize(
    ("unit", "value"),
    [
        ("count", "-1"), ("count", "012"), ("count", "1.5"), ("count", "many"), ("count", ""),
        ("count", "1" * 16), ("count", "١٢"),
        ("share", "100.1"), ("share", "101"), ("share", "-1"), ("share", "12.34"),
        ("share", "50%"), ("share", "nan"), ("share", "1e1"),
        ("yes-no", "true"), ("yes-no", "Yes"), ("state", "passed"), ("state", "Enacted"),
    ],
)  # fmt: skip
def test_a_value_of_another_unit_is_refused_with_what_is_allowed(unit, value):
    figure = a_figure(unit)
    assert not figure.fits(value)
    with pytest.raises(ValueError, match="is not") as refusal:
        EVERY.read((f"{unit}={value}",))
    assert figure.allowed() in str(refusal.value)


def test_a_count_of_a_fixed_whole_cannot_exceed_it():
    figure = a_figure("count", whole=4)
    assert [figure.fits(text) for text in ("4", "5")] == [True, False]
    assert figure.shown("3") == "3 of 4 firms"
    assert figure.reached("3") == 0.75


def test_a_figure_alone_needs_no_name():
    one = an_indicator()
    assert one.read(("12.5",)) == one.read(("share=12.5",)) == {"share": "12.5"}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((), "no value"),
        (("12",), "write FIGURE=VALUE"),
        (("moon=1",), "the figures are: count, share, yes-no, state"),
        (("count=1", "count=2"), "given twice"),
    ],
)
def test_what_names_no_figure_or_one_twice_is_refused(values, said):
    with pytest.raises(ValueError, match=said):
        EVERY.read(values)


def test_figures_stand_in_the_order_of_the_indicator_and_some_may_be_unknown():
    assert list(EVERY.read(("state=none", "count=3"))) == ["count", "state"]


@given(
    some.fixed_dictionaries(
        {},
        optional={
            "count": some.integers(0, 10**15 - 1).map(str),
            "share": some.integers(0, 1000).map(lambda tenths: f"{tenths // 10}.{tenths % 10}"),
            "yes-no": some.sampled_from(["yes", "no"]),
            "state": some.sampled_from(["enacted", "drafted", "none"]),
        },
    ).filter(bool)
)
def test_what_is_read_and_written_is_kept_again(values):
    read = EVERY.read(tuple(f"{name}={value}" for name, value in values.items()))
    assert read == values
    assert EVERY.kept(written(read)) == read
    for figure in EVERY.figures:
        if figure.id in read:
            reached = figure.reached(read[figure.id])
            assert (reached is None) == (figure.unit == "count")
            assert reached is None or 0 <= reached <= 1


@given(some.text(max_size=80))
def test_no_text_in_the_register_breaks_what_reads_it(text):
    assert set(EVERY.kept(text)) <= {figure.id for figure in EVERY.figures}


def test_the_best_state_is_all_of_it_and_the_last_is_nothing():
    figure = a_figure("state")
    assert [figure.reached(state) for state in figure.states] == [1, 0.5, 0]


@pytest.mark.parametrize(
    ("dated", "due"),
    [("2026-05-30", True), ("2026-05-31", False), ("2025-01-01", True), ("2026-11-30", False)],
)
def test_a_value_is_due_again_after_its_months(dated, due):
    asked = an_indicator(every_months=6)
    assert asked.is_due(date.fromisoformat(dated), date(2026, 11, 30)) is due


@pytest.mark.parametrize(
    "wrong",
    [
        {"unit": "count", "counted": ""},
        {"unit": "share", "counted": "firms"},
        {"unit": "state", "states": ["only"]},
        {"unit": "state", "states": ["one", "one"]},
        {"unit": "yes-no", "states": ["one", "two"]},
        {"unit": "share", "whole": 4},
    ],
)
def test_a_figure_that_contradicts_itself_is_refused(wrong):
    with pytest.raises(ValidationError):
        Figure.model_validate({"id": "one", "title": "One", **wrong})


def test_an_indicator_names_each_figure_and_clause_once():
    with pytest.raises(ValidationError, match="each id once"):
        an_indicator(a_figure("share"), a_figure("share"))
    with pytest.raises(ValidationError, match="clauses: each once"):
        an_indicator(clauses=["5", "5"])
