"""Which number applies: ours, an instrument's or a sector's, on which day, for which sectors."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cyberposture.model.instruments import Instrument
from cyberposture.model.parameters import (
    REPAIR,
    Clocks,
    Effective,
    Parameter,
    SectorRules,
    clocks_of,
    effective,
)

DAY = date(2026, 11, 22)
KNOWN = st.sampled_from(["V", "S", "U"])


def instrument(**changes: Any) -> Instrument:
    return Instrument.model_validate(
        {"id": "rule", "short": "Rule", "edition": "1", "title": "An invented rule",
         "issuer": "A fictional regulator", "legal": "in-force", "in_force_from": "2026-01-01",
         "sectors": [], "who": "Everybody.", "known": "V", "source": "Invented for this test.",
         "read_on": "2026-11-22"} | changes
    )  # fmt: skip


def parameter(**changes: Any) -> Parameter:
    return Parameter.model_validate(
        {"id": "patch-days", "title": "Days", "unit": "days", "default": 14, "ours": True,
         "stricter": "lower", "why": "Because."} | changes
    )  # fmt: skip


def reference(value: int, **changes: Any) -> dict[str, Any]:
    return {"value": value, "instrument": "rule", "known": "V", "source": "Invented.",
            "read_on": "2026-11-22"} | changes  # fmt: skip


def sector(code: str, *values: dict[str, Any]) -> SectorRules:
    rows = [{"parameter": "patch-days"} | value for value in values]
    return SectorRules.model_validate(
        {"id": code, "special": "One. Two.", "own_rules": None, "parameters": rows}
    )


def found(
    one: Parameter, *rules: SectorRules, sectors: tuple[str, ...] = ("power",),
    instruments: tuple[Instrument, ...] = (), on: date = DAY,
) -> Effective:  # fmt: skip
    known = {i.id: i for i in (instruments or (instrument(),))}
    return effective(one, rules, known, sectors, on)


def test_without_a_rule_the_default_is_ours() -> None:
    applied = found(parameter())
    assert (applied.value, applied.is_ours, applied.known, applied.held) == (14, True, None, ())


def test_a_sectors_number_takes_the_defaults_place_even_where_it_is_milder() -> None:
    applied = found(parameter(), sector("power", reference(30, known="S")))
    assert (applied.value, applied.is_ours, applied.sector, applied.known) == (
        30, False, "power", "S",
    )  # fmt: skip


def test_a_sectors_number_is_nothing_to_another_sector() -> None:
    assert found(parameter(), sector("gas", reference(3))).is_ours


def test_what_is_unverified_is_held_and_never_applied() -> None:
    applied = found(parameter(), sector("power", reference(3, known="U")))
    assert (applied.value, applied.is_ours) == (14, True)
    ((held,), why) = (applied.held, applied.held[0].why)
    assert (held.reference.value, held.sector, why) == (3, "power", "unverified")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"legal": "draft", "in_force_from": None}, "it is a draft"),
        ({"legal": "bill", "in_force_from": None}, "it is a bill"),
        ({"legal": "unknown", "in_force_from": None}, "whether it is in force is not known"),
        ({"in_force_from": "2026-11-23"}, "in force only from 2026-11-23"),
        ({"in_force_until": "2026-11-22"}, "in force only until 2026-11-22"),
    ],
)
def test_what_is_not_in_force_does_not_apply(changes: dict[str, Any], why: str) -> None:
    applied = found(
        parameter(), sector("power", reference(3)), instruments=(instrument(**changes),)
    )
    assert applied.is_ours
    assert applied.held[0].why == f"An invented rule: {why}"


def test_an_instrument_holds_from_its_first_day_to_the_day_before_its_end() -> None:
    one = instrument(in_force_from="2026-06-01", in_force_until="2026-12-01")
    values = [
        found(parameter(), sector("power", reference(3)), instruments=(one,), on=day).value
        for day in (date(2026, 5, 31), date(2026, 6, 1), date(2026, 11, 30), date(2026, 12, 1))
    ]
    assert values == [14, 3, 3, 14]


@pytest.mark.parametrize(("stricter", "value"), [("lower", 7), ("higher", 30)])
def test_of_several_numbers_in_force_the_strictest_applies(stricter: str, value: int) -> None:
    one = parameter(stricter=stricter, references=[reference(20)])
    rules = (sector("power", reference(7)), sector("gas", reference(30)))
    applied = found(one, *rules, sectors=("power", "gas"))
    assert (applied.value, applied.sector) == (value, "power" if value == 7 else "gas")


def test_a_national_number_binds_only_the_sectors_of_its_instrument() -> None:
    one, bound = parameter(references=[reference(5)]), instrument(sectors=["power"])
    assert found(one, instruments=(bound,)).value == 5
    assert found(one, instruments=(bound,), sectors=("water",)).is_ours
    assert found(one, instruments=(bound,), sectors=()).is_ours
    assert found(one, sectors=()).value == 5


@given(
    default=st.integers(0, 400),
    stricter=st.sampled_from(["lower", "higher"]),
    rows=st.lists(st.tuples(st.integers(0, 400), KNOWN, st.booleans()), max_size=6),
)
def test_what_applies_is_ours_or_verified_and_in_force_and_the_strictest_of_those(
    default: int, stricter: str, rows: list[tuple[int, str, bool]]
) -> None:
    later = instrument(id="later", in_force_from=str(DAY + timedelta(days=1)))
    given_rows = [
        reference(value, known=known, instrument="rule" if now else "later")
        for value, known, now in rows
    ]
    one = parameter(default=default, stricter=stricter)
    applied = found(one, sector("power", *given_rows), instruments=(instrument(), later))
    fit = [value for value, known, now in rows if known != "U" and now]
    best = min if stricter == "lower" else max
    assert applied.value == (best(fit) if fit else default)
    assert applied.is_ours == (not fit)
    assert len(applied.held) == len(rows) - len(fit)


@given(
    value=st.integers(0, 9), than=st.integers(0, 9), stricter=st.sampled_from(["lower", "higher"])
)
def test_weaker_is_what_lies_on_the_milder_side(value: int, than: int, stricter: str) -> None:
    one = parameter(stricter=stricter)
    assert one.is_weaker(value, than) == (value > than if stricter == "lower" else value < than)


def clocks(**values: int) -> Clocks:
    usual = dict.fromkeys(REPAIR.values(), 14) | {
        "evidence-age-days": 365, "observation-age-days": 90, "observation-grace-days": 30,
        "reopen-days": 90,
    }  # fmt: skip
    rules, ours = [], []
    for name, default in usual.items():
        ours.append(parameter(id=name, default=default))
        if name in values:
            rules.append({"parameter": name} | reference(values[name]))
    own = sector("power", *rules)
    return clocks_of({one.id: found(one, own) for one in ours})


def test_a_rule_on_evidence_is_a_limit_and_our_default_is_none() -> None:
    free, bound = clocks(), clocks(**{"evidence-age-days": 180})
    assert [free.evidence_days(own) for own in (None, 90, 1095)] == [365, 90, 1095]
    assert [bound.evidence_days(own) for own in (None, 90, 1095)] == [180, 90, 180]


def test_a_checks_own_clock_is_never_longer_than_that_of_its_severity() -> None:
    bound = clocks(**{"repair-days-high": 3})
    assert [bound.days_to_repair("high", own) for own in (None, 0, 3, 30)] == [3, 0, 3, 3]
    assert bound.days_to_repair("low", None) == 14


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"legal": "draft"}, "given where legal is in-force"),
        ({"in_force_from": None}, "given where legal is in-force"),
        ({"known": "U"}, "unverified (U) is not in force"),
        ({"in_force_until": "2026-01-01"}, "later than in_force_from"),
        ({"legal": "repealed"}, "'in-force', 'draft', 'bill' or 'unknown'"),
    ],
)
def test_an_instrument_that_contradicts_itself_is_refused(
    changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        instrument(**changes)
    assert words in str(caught.value)


@pytest.mark.parametrize("ours", [False, None])
def test_a_default_is_always_called_ours(ours: bool | None) -> None:
    with pytest.raises(ValidationError):
        parameter(ours=ours)
