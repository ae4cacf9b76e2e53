"""Workbooks that mean harm or were mangled: each gets a located fault, and nothing else is lost."""

import io
import re
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from filled_workbooks import ANSWER, Book

from cyberposture.errors import InvalidInput
from cyberposture.exchange.questionnaire.read import read_form
from cyberposture.services.assessments import assess
from cyberposture.services.assessments.offline import papers

CODE, ROUND = "hill-office", "autumn"
LONG = "x" * 5_001


@pytest.fixture(scope="module")
def made(furnish, template_file, tmp_path_factory):
    """One workbook, and the words that it may be in."""
    import shutil
    from datetime import UTC, datetime

    from cyberposture.store.database import open_database

    folder = tmp_path_factory.mktemp("office")
    shutil.copy(template_file, folder / "register.sqlite")
    database = open_database(f"sqlite:///{folder / 'register.sqlite'}")
    office = furnish(database, folder, lambda: datetime.now(UTC))
    office.institution(CODE)
    due = datetime(2099, 1, 1, tzinfo=UTC)
    from cyberposture.services.assessments import rounds

    rounds.open_round(office.register, ROUND, "Autumn", due)
    assess.open_assessment(office.register, CODE, ROUND, profile="start")
    paper = papers.make_workbook(office.register, office.reports, CODE, ROUND, "en")
    words = [papers.words_in(office.reports, one) for one in papers.LANGUAGES]
    yield paper, words
    database.close()


@pytest.fixture
def book(made):
    """The workbook in somebody's hands."""
    return Book(made[0].data)


@pytest.fixture
def read(made):
    """Read a workbook and return what it brings, with the faults by their places."""

    def reading(data, name="a.xlsx"):
        brought = read_form(name, data, made[1])[1]
        return brought, {fault.where: fault.what for fault in brought.faults}

    return reading


def repacked(data, changes=None, more=None):
    """Return the file with some of its parts changed or added."""
    out = io.BytesIO()
    with ZipFile(io.BytesIO(data)) as old, ZipFile(out, "w", ZIP_DEFLATED) as new:
        for part in old.namelist():
            content = old.read(part)
            for name, change in (changes or {}).items():
                if re.fullmatch(name, part):
                    content = change(content)
            new.writestr(part, content)
        for part, content in (more or {}).items():
            new.writestr(part, content)
    return out.getvalue()


def test_a_sound_workbook_has_no_fault(read, book, made):
    brought, faults = read(book.bytes())
    assert faults == {} and len(brought.given) == len(made[0].paper.seen)


@pytest.mark.parametrize("name", ["a.xlsm", "a.xlsb", "a.xls", "a.ods"])
def test_only_workbooks_without_macros_are_read(read, made, name):
    with pytest.raises(InvalidInput, match=f"{name}: only .xlsx"):
        read(made[0].data, name)


@pytest.mark.parametrize(
    ("part", "says"),
    [
        ("xl/vbaProject.bin", "macros"),
        ("xl/macrosheets/sheet1.xml", "macros"),
        ("xl/externalLinks/externalLink1.xml", "a link to another file"),
        ("xl/connections.xml", "a connection to a source of data"),
        ("xl/embeddings/oleObject1.bin", "an embedded object"),
        ("xl/activeX/activeX1.xml", "an embedded object"),
    ],
)
def test_what_is_more_than_cells_is_refused_by_its_part(read, made, part, says):
    with pytest.raises(InvalidInput) as caught:
        read(repacked(made[0].data, more={part: b"<x/>"}))
    (fault,) = caught.value.faults
    assert part in fault.where and says in fault.what


def test_a_workbook_that_calls_itself_macro_enabled_is_refused(read, made):
    kind = {r"\[Content_Types\]\.xml": lambda c: c.replace(b"sheet.main", b"macroEnabled.main")}
    with pytest.raises(InvalidInput, match=r"Content_Types.*macros"):
        read(repacked(made[0].data, kind))


def test_a_bomb_is_refused_before_it_unpacks(read, made):
    bomb = repacked(made[0].data, more={"xl/media/image1.png": b"\x00" * 70_000_000})
    assert len(bomb) < 1_000_000
    with pytest.raises(InvalidInput, match="unpacks to more than"):
        read(bomb)
    with pytest.raises(InvalidInput, match="more than 500 parts"):
        read(repacked(made[0].data, more={f"xl/{n}.xml": b"<x/>" for n in range(500)}))


def test_entities_are_refused(read, made):
    laugh = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha">]>'
    with pytest.raises(InvalidInput, match="declares entities"):
        read(repacked(made[0].data, {r"xl/workbook\.xml": lambda c: laugh + c}))


def test_a_huge_sheet_is_refused_with_its_place(read, book):
    book.book["IAM"].cell(row=20_050, column=1, value="far down")
    with pytest.raises(InvalidInput, match="IAM!A20001: more than"):
        read(book.bytes())


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"hello", b"PK\x05\x06" + b"\x00" * 18])
def test_what_is_no_workbook_is_refused(read, data):
    with pytest.raises(InvalidInput, match=r"a\.xlsx"):
        read(data)


def test_merged_cells_are_told_and_their_rows_left_out(read, book):
    sheet = book.book["IAM"]
    lost = {sheet["B3"].value, sheet["B4"].value}
    sheet.merge_cells("E3:E4")
    brought, faults = read(book.bytes())
    assert "merged" in faults["IAM!E3:E4"]
    assert lost.isdisjoint({one.control for one in brought.given})


def test_swapped_columns_are_told_and_the_sheet_left_out(read, book):
    sheet = book.book["IAM"]
    for row in range(1, sheet.max_row + 1):
        one, two = sheet[f"E{row}"].value, sheet[f"F{row}"].value
        sheet[f"E{row}"], sheet[f"F{row}"] = two, one
    brought, faults = read(book.bytes())
    assert "'answer' is expected here, not 'how'" in faults["IAM!E1"]
    assert all(one.control[:3] != "IAM" for one in brought.given)
    assert len(brought.given) > 5


def test_swapped_headings_are_told_by_the_heading(read, book):
    sheet = book.book["IAM"]
    sheet["E2"], sheet["F2"] = sheet["F2"].value, sheet["E2"].value
    _, faults = read(book.bytes())
    assert "'Your answer' is expected" in faults["IAM!E2"]


def test_a_missing_sheet_or_row_is_told(read, book):
    gone = book.book["NET"]["B3"].value
    book.book["NET"].delete_rows(3)
    del book.book["IAM"]
    _, faults = read(book.bytes())
    assert faults == {"IAM": "this sheet is missing", "NET": f"the row of {gone} is missing"}


def test_edited_hidden_ids_are_told_and_their_rows_left_out(read, book):
    sheet = book.book["GOV"]
    first, second, third = (sheet[f"B{row}"].value for row in (3, 4, 5))
    sheet["A3"], sheet["A4"] = f"{second} 0", "GOV-99 0"
    sheet["A5"] = f"{third} 7"
    brought, faults = read(book.bytes())
    assert set(faults) >= {"GOV!B3", "GOV!A4", "GOV!A5"}
    assert {first, second, third}.isdisjoint({one.control for one in brought.given})


def test_a_row_that_stands_twice_counts_for_neither(read, book):
    sheet = book.book["GOV"]
    for column in "ABEF":
        sheet[f"{column}4"] = sheet[f"{column}3"].value
    sheet[f"{ANSWER}3"], sheet[f"{ANSWER}4"] = 1, 2
    brought, faults = read(book.bytes())
    assert {"GOV!A3", "GOV!A4"} <= set(faults)
    assert sheet["B3"].value not in {one.control for one in brought.given}


def test_a_visible_id_that_was_changed_is_told(read, book):
    book.book["GOV"]["B3"] = "GOV-02"
    _, faults = read(book.bytes())
    assert "'GOV-02' stands in the row of GOV-01" in faults["GOV!B3"]


def test_texts_that_are_too_long_are_told_at_their_cell(read, book):
    control = book.book["GOV"]["B3"].value
    book.put(control, 1, LONG)
    other = book.book["GOV"]["B4"].value
    book.put(other, "Does not apply to us", LONG[:2_001])
    _, faults = read(book.bytes())
    assert set(faults) == {"GOV!F3", "GOV!F4"}


def test_the_structure_is_what_a_spreadsheet_program_needs(made):
    book = Book(made[0].data).book
    shown = [one for one in book if one.sheet_state == "visible"]
    hidden = [one for one in book if one.sheet_state == "veryHidden"]
    assert {one.title for one in hidden} == {"_lists", "_origin"}
    assert all(one.protection.sheet for one in book)
    for sheet in shown[1:-2]:
        rules = {str(one.sqref): one.type for one in sheet.data_validations.dataValidation}
        last = sheet.max_row
        assert rules == {f"E3:E{last}" if last > 3 else "E3": "list",
                         f"F3:F{last}" if last > 3 else "F3": "textLength"}  # fmt: skip
        assert sheet.column_dimensions["A"].hidden and sheet.row_dimensions[1].hidden
        assert not sheet["E3"].protection.locked and sheet["C3"].protection.locked
        assert sheet.freeze_panes == "C3"
    kinds = [one.type for one in book["Evidence"].data_validations.dataValidation]
    assert kinds == ["list", "textLength", "date", "date", "textLength", "textLength"]
    assert [one.type for one in book["Signature"].data_validations.dataValidation] == [
        "list", "date"
    ]  # fmt: skip
