"""A profile as a workbook: what is asked of one kind of institution, to read and not to change."""

import io
from datetime import date
from typing import Any

import pytest
from openpyxl import load_workbook
from workbook_samples import content

from cyberposture.exchange.workbook.profile import profile_workbook
from cyberposture.model.profiles import ProfileView, view_profile

DAY = date(2026, 11, 22)


def view(profile: str, sector: str | None) -> ProfileView:
    catalogue = content().catalogue
    found = catalogue.find_profile(profile)
    assert found is not None
    return view_profile(catalogue, found, sector=sector, features=None, on=DAY)


def sheets(one: ProfileView) -> Any:
    return load_workbook(io.BytesIO(profile_workbook(content().catalogue, one)))


def rows(sheet: Any) -> list[dict[str, Any]]:
    heading, *body = [[cell.value for cell in row] for row in sheet.iter_rows()]
    return [dict(zip(heading, row, strict=True)) for row in body]


@pytest.mark.parametrize(("profile", "sector"), [("start", None), ("cii", "power")])
def test_every_control_of_the_profile_has_its_row(profile, sector):
    one = view(profile, sector)
    found = rows(sheets(one)["Controls"])
    lines = [line for domain in one.domains for line in domain.controls]
    assert [row["Control"] for row in found] == [line.id for line in lines]
    words = {"asked": "asked", "depends": "depends", "left-out": "not asked"}
    assert [row["Asked"] for row in found] == [words[line.state] for line in lines]
    catalogue = content().catalogue
    for row, line in zip(found, lines, strict=True):
        control = catalogue.find(line.id)
        assert control is not None
        assert (row["Statement"], row["Weight"]) == (control.statement, control.weight)
        assert row.get("In this profile because") == line.why
        note = control.sector_notes.get(sector or "")
        assert row.get("For this sector") == note


def test_a_column_of_which_nothing_is_said_is_left_out():
    headings = {
        name: {cell.value for cell in sheets(view(*name))["Controls"][1]}
        for name in (("start", None), ("cii", "power"))
    }
    assert "In this profile because" in headings["start", None]
    assert "For this sector" not in headings["start", None]
    assert "In this profile because" not in headings["cii", "power"]
    assert "For this sector" in headings["cii", "power"]


def test_domains_say_what_they_count_and_numbers_where_they_come_from():
    book = sheets(view("cii", "power"))
    domains = {row["Domain"]: row for row in rows(book["Domains"])}
    assert (domains["OTI"]["Counts in %"], domains["GOV"]["Counts in %"]) == (150, 100)
    assert domains["OTI"]["Why"]
    numbers = rows(book["Numbers"])
    assert {row["Number"] for row in numbers} == {p.id for p in content().catalogue.parameters}
    assert any(row["Set by"] == "our default, not the policy's" for row in numbers)


def test_nothing_in_it_can_be_changed_and_equal_views_give_equal_bytes():
    one = view("start", "gas")
    book = sheets(one)
    assert all(sheet.protection.sheet for sheet in book.worksheets)
    assert all(book["Controls"][cell].protection.locked for cell in ("A2", "C2"))
    catalogue = content().catalogue
    assert profile_workbook(catalogue, one) == profile_workbook(catalogue, one)
