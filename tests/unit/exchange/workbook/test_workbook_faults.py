"""A workbook with faults names each by sheet and cell; a file that is none is refused whole."""

import io
import time
from datetime import date
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.styles import PatternFill
from workbook_samples import append, both, cell, content, edited, few, few_workbook, put

from cyberposture.errors import InvalidInput
from cyberposture.exchange.workbook.opened import MAX_ROWS, open_sheets
from cyberposture.exchange.workbook.profile import profile_workbook
from cyberposture.exchange.workbook.read import read_workbook
from cyberposture.model.profiles import view_profile


def address(sheet: str, heading: str, key: str) -> str:
    found = []
    edited(lambda book: found.append(cell(book, sheet, heading, key).coordinate))
    return f"{sheet}!{found[0]}"


def faults(change) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        read_workbook("w.xlsx", edited(change))
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("sheet", "heading", "key", "value", "what"),
    [
        ("Controls", "Weight", "IAM-10", 4, "weight: Input should be 1, 3 or 5"),
        ("Controls", "Weight", "IAM-10", "much", "a whole number is expected"),
        ("Controls", "Weight", "IAM-10", True, "true or false"),
        ("Controls", "Weight", "IAM-10", None, "weight: Field required"),
        ("Controls", "Version", "IAM-10", 1.5, "the number 1.5"),
        ("Controls", "Tier", "IAM-10", "B", "tier: Input should be 'A', 'G' or 'X'"),
        ("Controls", "Title", "IAM-10", "Ensure it", "title: state the good condition"),
        ("Controls", "Title", "IAM-10", "short", "title: String should have at least 8"),
        ("Controls", "Statement", "IAM-10", "=1+1", "a formula"),
        ("Controls", "Statement", "IAM-10", "x" * 400 + ".", "at most 300"),
        ("Controls", "Level 2", "NET-06", None, "levels.2: Field required"),
        ("Controls", "Level 2", "NET-06", "=A1", "a formula"),
        ("Controls", "Applies when", "NET-06", "mail", "'mail' is not expected here"),
        ("Controls", "Observations", "NET-06", "O-DMARC Z", "observations.0.direction"),
        ("Controls", "Evidence", "NET-06", "The record", "item 1: days, a bar"),
        ("Controls", "Evidence", "NET-06", "9999 | The record", "evidence.0.max_age_days"),
        ("Controls", "Control", "NET-06", "net-6", "id: String should match pattern"),
        ("Sources", "Derivation", "NET-06", "X", "sources.0.derivation"),
        ("Sources", "Clause", "NET-06", 3.1, "the number 3.1 stands where a text is expected"),
        ("Sources", "Control", "NET-06", "NET-66", "there is no such control"),
        ("Sector notes", "Note", "NET-06", None, "sector_notes.finance"),
        ("Crossings", "Relation", "NET-06", "close", "maps_to.0.relation"),
        ("Clauses", "Page", "3.5(1)", 0, "page: Input should be greater"),
        ("Clauses", "Level", "3.5(1)", "Z", "level: Input should be"),
        ("Domains", "Factor in %", "IAM", 0, "factor_pct"),
        ("Frameworks", "Status", "pisf", "W", "status: Input should be"),
    ],
)  # fmt: skip
def test_a_fault_names_its_cell(sheet, heading, key, value, what):
    said = faults(put(sheet, heading, key, value))
    # What concerns a row as a whole is told at its first cell.
    shown = "Control" if "state the good" in what else heading
    found = [fault for fault in said if fault.startswith(f"{address(sheet, shown, key)}: ")]
    assert what in found[0]
    # An id that is wrong leaves its parts without a control, and a part that is gone is missed.
    assert len(said) == 1 or heading == "Control"


def test_every_fault_is_told_at_once_in_the_order_of_the_sheets():
    said = faults(
        both(
            put("Domains", "Factor in %", "IAM", 0),
            put("Controls", "Weight", "IAM-10", 4),
            put("Controls", "Weight", "NET-06", 4),
        )
    )
    assert [fault.partition("!")[0] for fault in said] == ["Controls", "Controls", "Domains"]


def test_a_row_without_its_id_is_told():
    said = faults(append("Controls", Title="Something is done here"))
    assert said[0] == "Controls!A6: id: Field required"
    assert {fault.partition("!")[0] for fault in said} == {"Controls"}


def test_an_id_that_stands_twice_is_told():
    def change(book):
        sheet = book["Domains"]
        sheet.append([c.value for c in sheet[2]])

    (said,) = faults(change)
    assert said == "Domains!A18: GOV stands in Domains!A2 already"


def test_headings_that_are_missing_unknown_or_double_are_told():
    def change(book):
        book["Domains"]["B1"].value = "Name"
        book["Clauses"]["B1"].value = "Clause"
        book["Clauses"]["Z5"].value = "stray"

    assert [fault for fault in faults(change) if "Field required" not in fault] == [
        "Clauses!A1: the heading 'Page' is missing",
        "Clauses!B1: unknown heading 'Clause', or one that stands twice",
        "Clauses!Z5: this column has no heading",
        "Domains!A1: the heading 'Title' is missing",
        "Domains!B1: unknown heading 'Name', or one that stands twice",
    ]


def test_a_sheet_that_is_missing_is_told():
    assert faults(lambda book: book.remove(book["Crossings"])) == [
        "Crossings: the sheet is missing"
    ]


def test_sheets_and_colours_of_the_authors_own_do_no_harm():
    def change(book):
        book.create_sheet("My notes")["A1"].value = "=SUM(1, 2)"
        book["Controls"]["C2"].fill = PatternFill("solid", fgColor="FFFF00")

    assert read_workbook("w.xlsx", edited(change)).of("controls") == few().controls


def test_a_day_that_a_sheet_made_of_a_text_is_read_as_one():
    change = both(append("Retired", Control="IAM-98", Day=date(2027, 1, 31), Why="An example."))
    (row,) = read_workbook("w.xlsx", edited(change)).of("retired")
    assert row.on == "2027-01-31"


def test_rows_cleared_of_everything_are_no_rows():
    def change(book):
        for one in book["Sector notes"][2]:
            one.value = None

    before = read_workbook("w.xlsx", few_workbook()).of("controls")
    after = read_workbook("w.xlsx", edited(change)).of("controls")
    differing = [a.id for a, b in zip(after, before, strict=True) if a != b]
    assert len(differing) == 1


def test_a_view_of_a_profile_is_not_taken_for_the_whole():
    catalogue = content().catalogue
    view = view_profile(
        catalogue, catalogue.profiles[0], sector="power", features=None, on=date(2026, 11, 22)
    )
    with pytest.raises(InvalidInput, match="a view of the profile start; export the whole"):
        read_workbook("w.xlsx", profile_workbook(catalogue, view))


# Files that are no workbook of ours, or mean harm.


def packed(*parts: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as archive:
        for name, data in parts:
            archive.writestr(name, data)
    return out.getvalue()


def with_part(name: str, change) -> bytes:
    """Return the real workbook with one part of its archive changed."""
    out = io.BytesIO()
    with ZipFile(io.BytesIO(few_workbook())) as old, ZipFile(out, "w", ZIP_DEFLATED) as new:
        for part in old.infolist():
            data = old.read(part)
            new.writestr(part.filename, change(data) if part.filename == name else data)
    return out.getvalue()


def plain_workbook() -> bytes:
    out = io.BytesIO()
    Workbook().save(out)
    return out.getvalue()


SHEET = "xl/worksheets/sheet2.xml"
ENTITY = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]>'
NO_WORKBOOK = {
    "nothing": (b"", "a file in XLSX is expected"),
    "text": (b"hello", "a file in XLSX is expected"),
    "an archive": (packed(("a", b"b")), "no workbook that can be read"),
    "a bomb": (packed(*((f"x{n}", bytes(10_000_000)) for n in range(9))), "unpacks to more than"),
    "many parts": (packed(*((f"x{n}", b"") for n in range(600))), "more than 500 parts"),
    "another workbook": (plain_workbook(), "not a workbook of a whole catalogue"),
    "half a workbook": (few_workbook()[:20_000], "a file in XLSX is expected"),
    "an entity": (with_part(SHEET, lambda data: ENTITY + data), "declares entities"),
    "an entity in two bytes": (
        with_part(SHEET, lambda data: ENTITY.decode().encode("utf-16")),
        "declares entities",
    ),
    "a sheet cut short": (with_part(SHEET, lambda data: data[:5_000]), "no workbook that can"),
    "too large": (bytes(11_000_000), "larger than"),
}  # fmt: skip


@pytest.mark.parametrize("kind", NO_WORKBOOK)
def test_a_file_that_is_no_workbook_of_ours_is_refused(kind):
    data, what = NO_WORKBOOK[kind]
    began = time.perf_counter()
    with pytest.raises(InvalidInput, match=r"w\.xlsx: ") as caught:
        read_workbook("w.xlsx", data)
    assert what in str(caught.value)
    assert len(str(caught.value)) < 500
    assert time.perf_counter() - began < 20


def test_a_sheet_that_lies_about_its_size_is_cut_off():
    def far(data: bytes) -> bytes:
        row = f'<row r="{MAX_ROWS + 5}"><c r="A{MAX_ROWS + 5}"><v>1</v></c></row></sheetData>'
        return data.replace(b"</sheetData>", row.encode())

    with pytest.raises(InvalidInput, match=f"Controls!A{MAX_ROWS + 1}: more than"):
        read_workbook("w.xlsx", with_part(SHEET, far))
    wide = with_part(SHEET, lambda data: data.replace(b"</row>", b'<c r="XFD1"/></row>', 1))
    with pytest.raises(InvalidInput, match="Controls!A1: more than"):
        read_workbook("w.xlsx", wide)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_damaged_workbook_is_read_or_refused(data):
    sheet = data.draw(st.sampled_from(["xl/sharedStrings.xml", "xl/workbook.xml", SHEET]))

    def damage(part: bytes) -> bytes:
        place = data.draw(st.integers(0, len(part) - 1))
        length = data.draw(st.integers(0, 40))
        return part[:place] + data.draw(st.binary(max_size=6)) + part[place + length :]

    try:
        open_sheets("w.xlsx", with_part(sheet, damage))
    except InvalidInput as error:
        assert error.faults
