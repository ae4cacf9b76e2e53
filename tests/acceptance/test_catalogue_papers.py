"""The catalogue out of the command line and back into it: workbooks, books, libraries of others."""

import io
import shutil
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

pytestmark = [pytest.mark.loopback, pytest.mark.acceptance]

SAMPLE = Path(__file__).parents[3] / "shared" / "samples" / "libraries" / "cisa-cpg-2.0.yaml"
LIBRARY = """\
urn: urn:example:risk:library:river
name: Rules of the river board
version: 3
objects:
  framework:
    urn: urn:example:risk:framework:river
    requirement_nodes:
    - {urn: "urn:example:risk:req_node:river:a", assessable: true, depth: 1, ref_id: A, name: Walk}
    - {urn: "urn:example:risk:req_node:river:b", assessable: true, depth: 9, ref_id: B, name: Swim}
"""


@pytest.fixture(scope="module")
def desk(furnished, tmp_path_factory) -> Any:
    """A folder of an author: the content in it, and no workspace at all."""
    office = furnished.beside(tmp_path_factory.mktemp("papers") / "desk")
    shutil.copytree((furnished.folder / "content").resolve(), office.folder / "content")
    return office


def changed(path: Path, **cells: object) -> bytes:
    """Return a workbook in which these cells of the sheet of controls are written anew."""
    book = load_workbook(io.BytesIO(path.read_bytes()))
    for address, value in cells.items():
        book["Controls"][address].value = value
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_a_workbook_goes_out_is_changed_and_comes_back(desk):
    desk.do("catalogue", "export", "--format", "xlsx", "--out", "all.xlsx")
    folder = desk.folder / "content"
    done = desk.do("catalogue", "import", "all.xlsx", "--into", "content", "--dry-run", "--json")
    assert done.document == {"dry_run": True, "folder": "content/controls", "changes": []}
    (desk.folder / "edited.xlsx").write_bytes(
        changed(desk.folder / "all.xlsx", B2="A standard of security has been adopted")
    )
    words = ("catalogue", "import", "edited.xlsx", "--into", "content")
    tried = desk.do(*words, "--dry-run")
    path = next((folder / "controls").rglob("ASR-01-standard-adopted.yaml"))
    assert "A standard of security" not in path.read_text()
    assert tried.out.splitlines() == [
        f"changed controls/ncsp-2021/asr/{path.name}: title", "1 file would change"
    ]  # fmt: skip
    written = desk.do(*words, "--json").document
    assert [(c["kind"], c["what"]) for c in written["changes"]] == [("changed", ["title"])]
    assert "title: A standard of security has been adopted" in path.read_text()
    desk.do("catalogue", "check")
    assert desk.do(*words).out == "no files changed\n"


def test_a_fault_in_a_workbook_names_its_cell_and_changes_nothing(desk):
    desk.do("catalogue", "export", "--format", "xlsx", "--out", "again.xlsx")
    (desk.folder / "wrong.xlsx").write_bytes(
        changed(desk.folder / "again.xlsx", E2=4, C3="=1+1", B4="Ensure it")
    )
    before = {p: p.read_bytes() for p in (desk.folder / "content").rglob("*.yaml")}
    done = desk.run("catalogue", "import", "wrong.xlsx", "--into", "content")
    assert done.code == 3
    assert [line.partition(":")[0] for line in done.err.splitlines()] == [
        "Controls!E2", "Controls!C3", "Controls!A4"
    ]  # fmt: skip
    assert {p: p.read_bytes() for p in (desk.folder / "content").rglob("*.yaml")} == before


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("import", "all.xlsx"), 2, "--into FOLDER"),
        (("import", "all.xlsx", "--into", "nowhere"), 5, "no folder called 'nowhere'"),
        (("import", "all.xlsx", "--into", "content", "--as", "x"), 2, "a workbook is not kept"),
        (("import", "none.xlsx", "--into", "content"), 3, "none.xlsx: No such file"),
        (("import", "x.yaml", "--dry-run"), 2, "belong to a workbook"),
        (("export", "--format", "html", "--out", "none/x.html"), 5, "no folder called"),
        (("export", "--format", "html", "--out", "b.html", "--language", "fr"), 2, "made in: en"),
        (("export", "--format", "html", "--out", "b.html", "--profile", "x"), 2, "no profile 'x'"),
        (("export", "--format", "html", "--out", "b.html", "--sector", "x"), 2, "no sector 'x'"),
        (("export", "--format", "xlsx", "--out", "b.xlsx", "--language", "ur"), 2, "format html"),
        (("export", "--format", "xlsx", "--out", "b.xlsx", "--resolved"), 2, "format oscal"),
        (("export", "--format", "oscal", "--out", "b", "--language", "ur"), 2, "belong to"),
        (("export", "--format", "pdf", "--out", "b.pdf"), 2, "oscal, xlsx, html"),
    ],
)
def test_what_makes_no_sense_is_said_and_leaves_nothing_behind(desk, words, code, said):
    before = sorted(path.name for path in desk.folder.iterdir())
    done = desk.run("catalogue", *words)
    assert (done.code, said in done.err) == (code, True), done
    assert sorted(path.name for path in desk.folder.iterdir()) == before


def test_a_book_is_one_file_that_is_not_overwritten_unasked(desk):
    words = ("catalogue", "export", "--format", "html", "--out", "book.html")
    assert desk.do(*words).out == "book.html\n"
    whole = (desk.folder / "book.html").read_text()
    assert whole.count("<article") == len(desk.do("catalogue", "list", "--json").document) + 3
    assert desk.run(*words).code == 5
    assert desk.do(*words, "--force", "--profile", "cii", "--sector", "power").code == 0
    assert (desk.folder / "book.html").read_text() != whole


def test_a_folder_gets_files_named_after_what_is_in_them(desk):
    for kind in ("html", "xlsx"):
        desk.do("catalogue", "export", "--format", kind, "--out", "shelf", "--profile", "start")
    desk.do("catalogue", "export", "--format", "html", "--out", "shelf", "--language", "ur")
    desk.do("catalogue", "export", "--format", "xlsx", "--out", "shelf", "--sector", "gas")
    assert sorted(path.name for path in (desk.folder / "shelf").iterdir()) == [
        "catalogue-gas.xlsx",
        "catalogue-start.html",
        "catalogue-start.xlsx",
        "catalogue-ur.html",
    ]
    assert '<html lang="ur" dir="rtl">' in (desk.folder / "shelf/catalogue-ur.html").read_text()
    done = desk.run("catalogue", "import", "shelf/catalogue-start.xlsx", "--into", "content")
    assert (done.code, "a view of the profile start" in done.err) == (3, True)


def test_a_library_comes_in_with_its_oddities_and_is_listed(office):
    office.write("river.yaml", LIBRARY)
    done = office.do("catalogue", "import", "river.yaml", "--format", "library")
    assert done.out == "river: Rules of the river board 3, 2 controls in 0 groups\n"
    assert done.err.splitlines() == [
        "river.yaml:9: depth 9, and no parent_urn",
        "river.yaml:9: depth 9, but it hangs at depth 2",
    ]
    listed = office.do("catalogue", "list", "--catalogue", "river", "--json").document
    assert [(c["id"], c["title"], c["weight"], c["parent"]) for c in listed] == [
        ("A", "Walk", None, None),
        ("B", "Swim", None, "A"),
    ]
    office.write("wrong.yaml", "name: x\nobjects:\n  risk_matrix: {urn: u}\n")
    refused = office.run("catalogue", "import", "wrong.yaml")
    assert refused.code == 3
    assert refused.err.startswith("wrong.yaml:3: there is no framework, measure or mapping in it")


@pytest.mark.skipif(not SAMPLE.exists(), reason="the samples of others are not on this machine")
def test_the_library_of_another_country_comes_in_whole(office):
    done = office.do("catalogue", "import", SAMPLE, "--format", "library", "--as", "cpg", "--json")
    assert (done.document["controls"], done.document["remarks"]) == (34, [])
    listed = office.do("catalogue", "list", "--catalogue", "cpg", "--json").document
    assert listed[0]["id"] == "1.A"
    assert listed[0]["domain"] == "GOVERN"
