"""A statement of applicability proposes answers over the edges that carry, and nothing else."""

from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from cyberposture.errors import InvalidInput, NotFound, WrongState
from cyberposture.services.assessments import assess, importing
from cyberposture.services.assessments.applicability import propose_answers
from cyberposture.services.assessments.suggestions import confirm, list_suggestions

ISO = "iso-27001-2022"
HEADING = ("Control", "Title", "Applicable", "Implementation status", "Justification")


def book(folder: Path, *rows: tuple[Any, ...], heading: tuple[str, ...] = HEADING) -> Path:
    """Write a statement as people keep it: a title, an empty row, headings, then the controls."""
    made = Workbook()
    made.create_sheet("Notes").append(("what this is",))
    sheet = made.active
    sheet.append(("Statement of applicability",))
    sheet.append(())
    for row in (heading, *rows):
        sheet.append(row)
    path = folder / "statement.xlsx"
    made.save(path)
    return path


@pytest.fixture
def code(office) -> str:
    code = office.institution(tier="X", features=["web", "mail", "personal-data"])
    office.open_round()
    assess.open_assessment(office.register, code, "autumn")
    return code


@pytest.fixture
def edges(office) -> dict[str, tuple[str, str]]:
    """A control and its id in the framework for each relation, where it has that edge alone."""
    asked = {one.id for one in office.register.content.catalogue.controls
             if one.evidence_mode != "N" and one.applies_when is None}  # fmt: skip
    found: dict[str, tuple[str, str]] = {}
    shared: list[str] = []
    for control in office.register.content.catalogue.controls:
        own = [edge for edge in control.maps_to if edge.framework == ISO]
        shared += [edge.id for edge in own]
        if control.id in asked and len(own) == 1:
            found.setdefault(own[0].relation, (control.id, own[0].id))
    assert {"subset", "intersects"} <= found.keys()
    return found


def propose(office, path: Path, code: str, framework: str = ISO):
    return propose_answers(office.register, path, framework, code, "autumn")


def test_what_is_wholly_there_is_proposed_and_is_nobody_s_word(office, code, edges, tmp_path):
    (control, of_iso), (beside, loose) = edges["subset"], edges["intersects"]
    path = book(
        tmp_path, ("A.5", "A heading", None, None, None),
        (of_iso, "", "Yes", "Implemented", "by us"),
        (loose, "", "yes", "implemented", ""),
    )  # fmt: skip
    with office.adds("answers-proposed"):
        done = propose(office, path, code)
    assert done.proposed[control] == (of_iso,)
    assert beside not in done.proposed
    suggested = list_suggestions(office.register, code, "autumn")
    answer = suggested[control].answer
    assert (answer.level, answer.not_applicable) == (2, None)
    assert answer.reason == (
        f"From the statement of applicability. {ISO} {of_iso}: implemented (by us)"
    )
    assert office.basis(code, "autumn").answers == {}
    confirm(office.register, code, "autumn", [control])
    assert office.basis(code, "autumn").answers[control].answer.answer.level == 2


def test_what_is_there_in_part_says_nothing_of_a_part(office, code, edges, tmp_path):
    _, of_iso = edges["subset"]
    for said in ("Partially implemented", "Not implemented", "planned"):
        with office.refuses(WrongState, "nothing of statement.xlsx"):
            propose(office, book(tmp_path, (of_iso, "", "Yes", said, "")), code)


def test_what_does_not_apply_is_claimed_with_its_reason(office, code, edges, tmp_path):
    control, of_iso = edges["subset"]
    propose(office, book(tmp_path, (of_iso, "", "No", None, "we have none")), code)
    answer = list_suggestions(office.register, code, "autumn")[control].answer
    assert answer.level is None
    assert answer.not_applicable.endswith(f"{of_iso}: not applicable (we have none)")


def test_what_was_answered_or_suggested_stays_as_it_is(office, code, edges, tmp_path):
    control, of_iso = edges["subset"]
    office.answer(code, "autumn", **{control.replace("-", "_"): 1})
    path = book(tmp_path, (of_iso, "", "Yes", "Implemented", ""))
    others = {c for c in _carried(office, of_iso) if c != control}
    if others:
        done = propose(office, path, code)
        assert control in done.answered and control not in done.proposed
    else:
        with office.refuses(WrongState, "answered already"):
            propose(office, path, code)
    assert office.basis(code, "autumn").answers[control].answer.answer.level == 1


def _carried(office, of_iso: str) -> set[str]:
    return {
        control.id
        for control in office.register.content.catalogue.controls
        for edge in control.maps_to
        if (edge.framework, edge.id) == (ISO, of_iso) and edge.relation in ("equal", "subset")
    }


def test_proposals_are_an_import_that_can_be_undone(office, code, edges, tmp_path):
    _, of_iso = edges["subset"]
    done = propose(office, book(tmp_path, (of_iso, "", "Yes", "Implemented", "")), code)
    undone = importing.undo_import(office.register, code, "autumn", done.code)
    assert set(undone.restored) == set(done.proposed)
    assert list_suggestions(office.register, code, "autumn") == {}


def test_ids_without_an_edge_are_named(office, code, edges, tmp_path):
    (_, of_iso), (_, loose) = edges["subset"], edges["intersects"]
    rows = ((of_iso, "", "Yes", "Implemented", ""), (loose, "", "Yes", "Implemented", ""))
    done = propose(office, book(tmp_path, *rows), code)
    assert set(done.unused) == {loose} - set(done.proposed.values())


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ((5.1, "", "Yes", "Implemented", ""), "Sheet!A4: a number"),
        (("A.99.1", "", "Yes", "Implemented", ""), "Sheet!A4: 'A.99.1' is no id"),
        (("A.5.1", "", "Perhaps", "Implemented", ""), "Sheet!C4: 'Perhaps' is not understood"),
        (("A.5.1", "", "Yes", "Nearly", ""), "Sheet!D4: 'Nearly' is not understood"),
        (("A.5.1", "", "Yes", "=1+1", ""), "Sheet!D4: a formula"),
    ],
)
def test_a_bad_cell_is_named_with_its_address(office, code, row, said, tmp_path):
    with office.refuses(InvalidInput, said.replace(".", r"\.")):
        propose(office, book(tmp_path, row), code)


def test_a_control_that_stands_twice_is_refused(office, code, tmp_path):
    row = ("A.5.1", "", "Yes", "Implemented", "")
    with office.refuses(InvalidInput, "Sheet!A5: A.5.1 stands at Sheet!A4 already"):
        propose(office, book(tmp_path, row, row), code)


def test_what_is_no_statement_is_refused(office, code, tmp_path):
    with office.refuses(InvalidInput, "no sheet has an id beside what is said"):
        propose(office, book(tmp_path, heading=("a", "b")), code)
    text = tmp_path / "x.xlsx"
    text.write_text("A.5.1,Yes")
    with office.refuses(InvalidInput, r"x\.xlsx: no workbook"):
        propose(office, text, code)
    with office.refuses(NotFound, "framework"):
        propose(office, text, code, "iso-9001")
