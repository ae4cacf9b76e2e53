"""A report's other forms: what the page shows is in the workbook and on paper, and nothing else."""

from functools import cache
from io import BytesIO

import openpyxl
import pytest
from press import HOME, html_of

from cyberposture.reporting.forms import in_form
from cyberposture.reporting.paper_letters import as_seen
from cyberposture.reporting.samples.institution import usual_report
from cyberposture.reporting.samples.nation import a_nation
from cyberposture.reporting.sets.texts import pdf_texts
from cyberposture.reporting.tables import read_tables
from cyberposture.reporting.workbook import as_workbook

FORMULA = '=HYPERLINK("http://x.example";"y")'


@cache
def page(kind: str, language: str) -> str:
    return html_of(usual_report() if kind == "institution" else a_nation(12), "cert", language)


def opened(data: bytes):
    return openpyxl.load_workbook(BytesIO(data))


def values_of(data: bytes) -> list[str]:
    """Return every cell as the page writes it."""
    found = []
    for cell in (cell for sheet in opened(data) for row in sheet.iter_rows() for cell in row):
        if isinstance(cell.value, int | float):
            found.append(shown(cell.value, cell.number_format))
        elif cell.value:
            found.append(cell.value)
    return sorted(found)


def shown(value: float, form: str) -> str:
    first = form.split(";", maxsplit=1)[0]
    places = len(first.rstrip("%").partition(".")[2])
    scaled = value * 100 if first.endswith("%") else value
    sign = "+" if form.startswith("+") and value >= 0 else ""
    return f"{sign}{scaled:.{places}f}{'%' if first.endswith('%') else ''}"


def plain(text: str) -> str:
    return (
        text.replace("\N{MINUS SIGN}", "-").replace(" %", "%").replace("\N{NO-BREAK SPACE}%", "%")
    )


@pytest.mark.parametrize("language", ["en", "ur"])
@pytest.mark.parametrize("kind", ["institution", "nation"])
def test_workbook_holds_each_cell_of_the_page_and_no_other(kind, language):
    html = page(kind, language)
    tables = read_tables(html)
    assert sum(len(table.rows) for table in tables) > 50
    on_page = [cell.text for table in tables for row in table.rows for cell in row if cell.text]
    titles = {table.title for table in tables}
    in_book = [plain(value) for value in values_of(as_workbook(html))]
    for text in on_page:
        in_book.remove(plain(text))
    assert {plain(title) for title in titles} >= set(in_book), in_book


def test_figures_of_the_first_screen_are_numbers():
    first = opened(as_workbook(page("nation", "en"))).worksheets[0]
    assert any(isinstance(row[2].value, float) for row in first.iter_rows() if row[1].value)


def test_urdu_workbook_reads_from_the_right():
    assert opened(as_workbook(page("nation", "ur"))).worksheets[0].sheet_view.rightToLeft
    assert not opened(as_workbook(page("nation", "en"))).worksheets[0].sheet_view.rightToLeft


def test_nothing_becomes_a_formula_or_a_link():
    row = "".join(f"<td>{text}</td>" for text in (FORMULA, "+1", "@SUM(1)", "http://x.example"))
    html = f"<h1>A</h1><h2>[B]:*?/</h2><table><tr>{row}</tr></table>"
    sheet = opened(as_workbook(html)).worksheets[1]
    assert [cell.value for cell in sheet[1]] == [FORMULA, "+1", "@SUM(1)", "http://x.example"]
    assert {cell.data_type for cell in sheet[1]} == {"s"}
    assert all(cell.hyperlink is None for cell in sheet[1])


def test_chapters_of_one_name_have_sheets_of_their_own():
    table = "<table><tr><td>1</td></tr></table>"
    html = f"<h1>A</h1><h2>Same</h2>{table}<h2>x</h2>{table}<h2>SAME</h2>{table}"
    assert opened(as_workbook(html)).sheetnames == ["A", "Same", "x", "SAME 2"]


def test_equal_pages_give_equal_bytes_in_each_form():
    html = page("nation", "en")
    assert in_form(html, "xlsx", HOME) == in_form(html, "xlsx", HOME)
    assert in_form(html, "html", HOME).decode() == html
    small = "<html><body><h1>A</h1><svg width='9' height='9'><rect width='9'/></svg></body></html>"
    assert in_form(small, "pdf", HOME) == in_form(small, "pdf", HOME)


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "ur"])
def test_paper_shows_the_page(language):
    html = page("nation", language)
    text = "".join(str(part) for part in pdf_texts(in_form(html, "pdf", HOME)) or ())
    numbers = {cell.text for table in read_tables(html) for row in table.rows for cell in row
               if cell.is_number and "." in cell.text and len(cell.text) < 5}  # fmt: skip
    assert len(numbers) > 5
    assert {number for number in numbers if number not in text} == set()


def test_paper_fetches_nothing(tmp_path):
    secret = tmp_path / "secret.svg"
    secret.write_text('<svg xmlns="http://www.w3.org/2000/svg"><text>do not tell</text></svg>')
    html = f'<html><body><h1>A</h1><img src="file://{secret}" alt="B"></body></html>'
    text = "".join(str(part) for part in pdf_texts(in_form(html, "pdf", HOME)) or ())
    assert "do not tell" not in text


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("41.0 of 100", "41.0 of 100"),
        ("بجلی", "\ufbfd\ufee0\ufea0\ufe91"),
        ("لا", "\ufefb"),
        ("دعویٰ", "\ufbfc\ufeee\ufecb\ufea9"),
        ("DNS کا", "\ufe8e\ufb90 DNS"),
        ("IAM-10، (ہے)", "(\ufbaf\ufba8) ،IAM-10"),
        ("۲۰۲۶ کا", "\ufe8e\ufb90 ۲۰۲۶"),
        ("\u2068DNS\u2069 کا", "\ufe8e\ufb90 DNS"),
    ],
)
def test_letters_of_a_drawing_join_and_stand_as_they_are_seen(text, seen):
    assert as_seen(text) == seen
