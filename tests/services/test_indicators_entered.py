"""The CERT enters indicators with source and date; nothing is overwritten, nobody else may."""

from dataclasses import replace
from datetime import date

import pytest

from cyberposture.errors import InvalidInput, NotAuthorised, NotFound
from cyberposture.services.catalogue import indicators
from cyberposture.services.catalogue.indicators import IndicatorView
from cyberposture.services.people import people
from cyberposture.services.proof import audit

JUNE = date(2026, 6, 30)


def enter(office, code: str = "NAT-05", *values: str, by: str = "c-cert", **said) -> IndicatorView:
    """Enter a value as a person of the office, with a good source and date but for the changes."""
    given = {"source": "Budget documents (invented)", "dated": JUNE} | said
    return indicators.set_indicator(office.acting(by), code, values or ("37.5",), **given)


def standing(office, code: str = "NAT-05") -> IndicatorView:
    return next(o for o in indicators.list_indicators(office.register) if o.indicator.id == code)


def test_every_indicator_is_listed_before_any_is_entered(office):
    found = indicators.list_indicators(office.register)
    assert [one.indicator.id for one in found] == [f"NAT-{n:02}" for n in range(1, 17)]
    assert all(one.record is None and one.values == {} and one.is_due for one in found)


def test_a_value_is_kept_with_its_source_date_and_author(office):
    enter(office)
    one = standing(office)
    assert one.record is not None
    assert one.values == {"bodies": "37.5"}
    assert (one.record.source, one.record.dated) == ("Budget documents (invented)", JUNE)
    assert one.record.act.actor == "c-cert"
    assert not one.is_due


def test_a_correction_is_a_new_revision_and_the_old_one_stays(office):
    enter(office)
    enter(office, "nat-05", "40", reason="a late return")
    history = indicators.list_history(office.register, "NAT-05")
    assert [one.values["bodies"] for one in history] == ["37.5", "40"]
    assert [one.record.revision for one in history if one.record] == [1, 2]
    assert standing(office).values == {"bodies": "40"}


def test_of_several_figures_only_those_that_are_known_are_given(office):
    enter(office, "NAT-06", "done=40", "firms=12")
    assert standing(office, "NAT-06").values == {"firms": "12", "done": "40"}


def test_an_old_value_is_shown_and_marked_as_due(office):
    enter(office, dated=date(2025, 6, 30))
    assert standing(office).is_due
    assert standing(office).values == {"bodies": "37.5"}


def test_a_value_in_the_register_that_fits_no_more_is_shown_as_it_is(office):
    enter(office)
    with office.register.database.transaction() as connection:
        connection.exec_driver_sql("UPDATE indicators SET value = 'two thirds'")
    one = standing(office)
    assert (one.values, one.record and one.record.value) == ({}, "two thirds")


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"values": ("120",)}, "NAT-05 --value"),
        ({"values": ("moon=1",)}, "NAT-05 --value"),
        ({"source": "  "}, "arguments"),
        ({"source": "x" * 501}, "arguments"),
        ({"dated": date(2026, 11, 21)}, "--dated"),
    ],
)
def test_what_does_not_fit_is_refused_where_it_stands_and_nothing_is_kept(office, changes, where):
    said = {key: value for key, value in changes.items() if key != "values"}
    with pytest.raises(InvalidInput) as refusal:
        enter(office, "NAT-05", *changes.get("values", ()), **said)
    assert refusal.value.faults[0].where == where
    assert standing(office).record is None
    assert "indicator-set" not in office.entries()


def test_tomorrow_is_today_somewhere_on_earth(office):
    assert enter(office, dated=date(2026, 11, 20)).record is not None


@pytest.mark.parametrize("role", ["reviewer", "national-observer", "institution-lead"])
def test_only_the_cert_may_enter(office, role):
    office.acting("somebody", role)
    with pytest.raises(NotAuthorised, match="wrong-role"):
        enter(office, by="somebody")
    assert standing(office).record is None


def test_somebody_unknown_or_disabled_may_not_enter(office):
    stranger = replace(office.register, actor="nobody")
    with pytest.raises(NotFound) as refusal:
        indicators.set_indicator(stranger, "NAT-05", ["1"], source="A guess", dated=JUNE)
    assert "--by" in str(refusal.value.advice())
    enter(office)
    people.disable(office.register, "c-cert")
    with pytest.raises(NotAuthorised, match="acts no more"):
        enter(office)


def test_an_unknown_indicator_is_not_found(office):
    for call in (lambda: enter(office, "NAT-99"),
                 lambda: indicators.list_history(office.register, "NAT-99")):  # fmt: skip
        with pytest.raises(NotFound, match="NAT-99"):
            call()


def test_the_entry_in_the_audit_log_says_what_was_entered(office):
    enter(office, reason="first of the year")
    (entry,) = audit.read_entries(office.register, kind="indicator-set")
    assert entry.subject == "NAT-05"
    assert entry.act.reason == "first of the year"
    assert entry.data == {
        "revision": 1,
        "value": "bodies=37.5",
        "source": "Budget documents (invented)",
        "dated": "2026-06-30",
    }


def test_a_source_in_any_script_comes_back_as_it_was_written(office):
    hostile = "<script>alert(1)</script> \u202e ملک '; DROP TABLE indicators; --"
    enter(office, source=hostile)
    record = standing(office).record
    assert record is not None
    assert record.source == hostile
