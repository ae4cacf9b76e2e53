"""Whatever goes out as a workbook comes back equal: the real catalogue, and any other."""

import io
from datetime import timedelta
from zipfile import ZipFile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from workbook_samples import content, edited, real_workbook

from cyberposture.errors import InvalidInput
from cyberposture.exchange.workbook.marks import KINDS, items_of, mark_of, marks_of
from cyberposture.exchange.workbook.read import read_workbook
from cyberposture.exchange.workbook.tables import (
    CLAUSES,
    CROSSINGS,
    DOMAINS,
    FRAMEWORKS,
    RETIRED,
    SOURCES,
    SUCCESSION,
    controls_table,
    proposed_table,
)
from cyberposture.exchange.workbook.write import whole_workbook
from cyberposture.model.controls import (
    Catalogue,
    Clause,
    Control,
    Crossing,
    Domain,
    Neighbour,
    Retired,
    Source,
    Supersession,
)


def came_back(catalogue: Catalogue, data: bytes) -> None:
    written = read_workbook("w.xlsx", data)
    assert (written.catalogue, written.version) == (
        catalogue.framework.id,
        catalogue.framework.version,
    )
    for kind in KINDS:
        assert written.of(kind) == items_of(catalogue, kind), kind
    assert written.marks == marks_of(catalogue)


def test_the_real_catalogue_comes_back_equal():
    came_back(content().catalogue, real_workbook())


def test_it_comes_back_equal_from_another_program_too():
    came_back(content().catalogue, edited(lambda book: None, real_workbook()))


def test_the_order_of_rows_and_of_columns_is_no_content():
    def sort(book):
        for name in ("Controls", "Sources", "Crossings"):
            sheet = book[name]
            rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
            for number, row in enumerate([rows[0], *reversed(rows[1:])], start=1):
                for place, value in enumerate(reversed(row), start=1):
                    sheet.cell(number, place).value = value

    written = read_workbook("w.xlsx", edited(sort, real_workbook()))
    assert sorted(c.id for c in written.of("controls")) == [
        c.id for c in content().catalogue.controls
    ]
    assert {c.id: mark_of(c) for c in written.of("controls")} == written.marks["controls"]


def test_equal_editions_give_equal_bytes():
    assert whole_workbook(content().catalogue, content().checks.observations) == real_workbook()


@pytest.mark.parametrize(
    ("model", "table", "elsewhere"),
    [
        (
            Control,
            controls_table(["small"]),
            {"proposed", "gap", "sources", "sector_notes", "maps_to", "supersedes"},
        ),
        (
            Control,
            proposed_table(["small"]),
            {"proposed", "sources", "sector_notes", "maps_to", "supersedes"},
        ),
        (Source, SOURCES, set()),
        (Crossing, CROSSINGS, set()),
        (Supersession, SUCCESSION, set()),
        (Clause, CLAUSES, set()),
        (Domain, DOMAINS, set()),
        (Retired, RETIRED, set()),
        (Neighbour, FRAMEWORKS, set()),
    ],
    ids=lambda value: getattr(value, "title", getattr(value, "__name__", "")),
)
def test_every_field_has_its_column(model, table, elsewhere):
    shown = {column.path[0] for column in table.columns} - {"control"}
    assert shown == set(model.model_fields) - elsewhere


# Catalogues that nobody wrote.

SIGNS = "abcdefgh XYZ,;:.|=+-@#'\"()<>&/\\_\u00e4\u0627\u06cc\u06a9\u200c\u2013\U0001f600"
line = st.text(SIGNS, min_size=1, max_size=40).map(str.strip).filter(bool)
many = st.lists(line, min_size=1, max_size=3).map("\n".join)
code = st.from_regex(r"[a-z0-9]{1,5}(-[a-z0-9]{1,5}){0,2}", fullmatch=True)
control_id = st.from_regex(r"[A-Z]{3}-[0-9]{2}", fullmatch=True)
use = st.builds(
    lambda letters, direction: {"code": f"O-{letters}", "direction": direction},
    st.text("ABC", min_size=1, max_size=4),
    st.sampled_from("CS"),
)
condition = st.recursive(
    st.builds(lambda kind, word: {kind: word}, st.sampled_from(["feature", "sector"]), code),
    lambda inner: st.builds(
        lambda kind, parts: {kind: parts},
        st.sampled_from(["any_of", "all_of"]),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=6,
)
proof = st.fixed_dictionaries({"what": many, "max_age_days": st.integers(1, 1830)})
source = st.fixed_dictionaries(
    {
        "instrument": line,
        "edition": line,
        "clause": st.sampled_from(["3.10", "3.1", "05", "=1+1", "-"]),
        "derivation": st.sampled_from(["D", "Dg", "Dc", "I"]),
    }
)
crossing = st.fixed_dictionaries(
    {
        "framework": code,
        "id": line,
        "relation": st.sampled_from(["equal", "subset", "superset", "intersects"]),
        "why": many,
    }
)
supersession = st.fixed_dictionaries(
    {
        "id": control_id,
        "version": st.integers(1, 99),
        "change": st.sampled_from(["reworded", "split", "new"]),
        "why": many,
    }
)


@st.composite
def a_control(draw: st.DrawFn, identity: str, proposed: bool) -> Control:
    mode = draw(st.sampled_from(["Q", "Q+N", "N"]))
    uses = st.lists(use, min_size=1, max_size=3, unique_by=lambda one: one["code"])
    levels = st.fixed_dictionaries({str(n): many for n in range(4)})
    whole = {
        "id": identity,
        "version": draw(st.integers(1, 9_999)),
        "proposed": proposed,
        "gap": draw(many) if proposed else None,
        "title": draw(line)[:70] + " is done",
        "statement": draw(many)[:200] + " is what is done here.",
        "evidence_mode": mode,
        "weight": draw(st.sampled_from([1, 3, 5])),
        "weight_reason": draw(st.none() | many),
        "tier": draw(st.sampled_from("AGX")),
        "gate": draw(st.none() | st.sampled_from("AGX")),
        "applies_when": draw(st.none() | condition),
        "sources": draw(st.lists(source, min_size=0 if proposed else 1, max_size=3)),
        "observations": draw(uses) if mode != "Q" else [],
        "intent": draw(st.none() | many),
        "levels": draw(st.none() | levels),
        "guidance": draw(st.dictionaries(code, many, max_size=2)),
        "evidence": draw(st.lists(proof, max_size=3)),
        "review": draw(st.lists(many, max_size=3)),
        "sector_notes": draw(st.dictionaries(code, many, max_size=2)),
        "maps_to": draw(st.lists(crossing, max_size=3,
                                 unique_by=lambda one: (one["framework"], one["id"]))),
        "supersedes": draw(st.lists(supersession, max_size=2,
                                    unique_by=lambda one: (one["id"], one["version"]))),
    }  # fmt: skip
    return Control.model_validate(whole)


@st.composite
def a_catalogue(draw: st.DrawFn) -> Catalogue:
    ids = draw(st.lists(control_id, min_size=1, max_size=5, unique=True))
    cut = draw(st.integers(0, len(ids) - 1))
    real = content().catalogue
    domains = st.builds(Domain, id=st.sampled_from(["AAA", "BBB"]), title=line,
                        factor_pct=st.integers(1, 1000))  # fmt: skip
    clauses = st.builds(Clause, id=line, page=st.integers(1, 999), addressee=line, text=many,
                        demand=many, level=st.sampled_from(["Q", "Nat"]))  # fmt: skip
    retired = st.builds(Retired, id=control_id, on=line, why=many)
    neighbours = st.builds(Neighbour, id=code, title=line, edition=line, issuer=line,
                           status=st.sampled_from("VSU"), ids=line, size=st.integers(1, 999),
                           note=many)  # fmt: skip

    def some(one: st.SearchStrategy) -> tuple:
        return tuple(draw(st.lists(one, max_size=3, unique_by=lambda item: item.id)))

    framework = real.framework.model_copy(update={"domains": some(domains)})
    return real.model_copy(update={
        "framework": framework,
        "controls": tuple(draw(a_control(one, False)) for one in ids[cut:]),
        "proposed": tuple(draw(a_control(one, True)) for one in ids[:cut]),
        "clauses": some(clauses),
        "retired": some(retired),
        "neighbours": some(neighbours),
    })  # fmt: skip


@pytest.mark.slow
@settings(
    max_examples=8,  # a whole workbook each; `make fuzz` tries many more
    deadline=timedelta(seconds=20),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(a_catalogue())
def test_any_catalogue_comes_back_equal(catalogue):
    came_back(catalogue, whole_workbook(catalogue))


# What no cell may do.


def test_no_text_becomes_a_formula_a_link_or_a_number():
    risky = ["=1+1", "+1", "-1", "@x", "=HYPERLINK(A1)", "https://127.0.0.1/"]
    real = content().catalogue
    clauses = tuple(
        real.clauses[0].model_copy(update={"id": f"c{n}", "text": text, "demand": text})
        for n, text in enumerate(risky)
    )
    data = whole_workbook(real.model_copy(update={"clauses": clauses}))
    with ZipFile(io.BytesIO(data)) as archive:
        sheets = [n for n in archive.namelist() if n.startswith("xl/worksheets/sheet")]
        assert all(b"<f>" not in archive.read(name) for name in sheets)
    book = load_workbook(io.BytesIO(data))
    cells = [book["Clauses"].cell(n + 2, 4) for n in range(len(risky))]
    assert [cell.value for cell in cells] == risky
    assert {cell.data_type for cell in cells} == {"s"}
    assert all(cell.number_format == "@" for cell in cells)
    assert [bool(cell.quotePrefix) for cell in cells] == [True] * 5 + [False]
    assert read_workbook("w.xlsx", data).of("clauses") == clauses


@pytest.mark.parametrize("text", ["a\x07b", "a\rb", "a\ufffeb", "a_x0041_b"])
def test_a_sign_that_no_cell_can_hold_is_refused(text):
    real = content().catalogue
    clause = real.clauses[0].model_copy(update={"text": text})
    with pytest.raises(InvalidInput, match="Clauses, row 2, column 4: no cell can hold"):
        whole_workbook(real.model_copy(update={"clauses": (clause,)}))


def test_a_text_that_is_too_long_for_a_cell_is_refused():
    real = content().catalogue
    proofs = [{"what": "x" * 2000, "max_age_days": 1}] * 20
    control = Control.model_validate(
        real.controls[0].model_dump(by_alias=True) | {"evidence": proofs}
    )
    with pytest.raises(InvalidInput, match="a cell holds 32767"):
        whole_workbook(real.model_copy(update={"controls": (control,)}))


# What it looks like.


def test_headings_stay_in_sight_and_cannot_be_changed_while_rows_can():
    book = load_workbook(io.BytesIO(real_workbook()))
    sheet = book["Controls"]
    assert sheet.freeze_panes == "C2"
    assert sheet.protection.sheet
    assert sheet["A1"].protection.locked
    assert not sheet["C2"].protection.locked
    assert not sheet.protection.insertRows
    assert book["_origin"].sheet_state == "veryHidden"
    assert book.sheetnames[0] == "Read me"


@pytest.mark.parametrize(
    ("sheet", "heading", "words"),
    [
        ("Controls", "Weight", [5, 3, 1]),
        ("Controls", "Tier", ["A", "G", "X"]),
        ("Controls", "Evidence mode", ["Q", "Q+N", "N"]),
        ("Sources", "Derivation", ["D", "Dg", "Dc", "I"]),
        ("Crossings", "Relation", ["equal", "subset", "superset", "intersects"]),
    ],
)
def test_words_are_chosen_from_a_list(sheet, heading, words):
    book = load_workbook(io.BytesIO(real_workbook()))
    column = next(c.column_letter for c in book[sheet][1] if c.value == heading)
    rules = book[sheet].data_validations.dataValidation
    rule = next(r for r in rules if r.type == "list" and f"{column}2" in str(r.sqref))
    name, area = rule.formula1.replace("'", "").split("!")
    assert [row[0].value for row in book[name][area.replace("$", "")]] == words
