"""An import is one act: undone, each answer says again what it said, unless somebody changed it."""

import pytest

from cyberposture.errors import NotFound, WrongState
from cyberposture.services.assessments import assess, importing, library, submission, suggestions
from cyberposture.store import answer_rows, answers, assessments, institutions, rounds
from cyberposture.store.layouts import get_layout

ROUND = "autumn"
EVIDENCE = {"file": "policy.txt", "title": "Policy", "dated": "2026-10-01"}


@pytest.fixture
def code(office):
    """An institution of the lowest tier whose assessment is open."""
    code = office.institution()
    assess.open_assessment(office.register, code, office.open_round())
    office.write("policy.txt", "The access policy.")
    return code


def take_in(office, code, *rows):
    path = office.write("answers.yaml", {"answers": list(rows)})
    return importing.import_answers(office.register, path, code, ROUND)


def undo(office, code, done):
    return importing.undo_import(office.register, code, ROUND, done.code, reason="wrong sheet")


def answers_of(office, code, round_code=ROUND):
    with office.register.reading() as connection:
        owner = institutions.get_institution_id(connection, code)
        round_id = rounds.get_round(connection, round_code).id
        assessment = assessments.get_assessment(connection, owner, round_id)
        found = answers.list_answers(connection, assessment.id)
        return found, answer_rows.find_row(connection, assessment.id)


def said(office, code):
    """Return level and number of files of each answer that says anything, by control."""
    found, _ = answers_of(office, code)
    return {
        control: (one.answer.level, len(one.answer.evidence))
        for control, one in found.items()
        if one.answer.level is not None or one.answer.evidence
    }


def test_each_answer_says_again_what_it_said_before(office, code):
    take_in(office, code, {"control": "IAM-09", "level": 1}, {"control": "GOV-01", "level": 0})
    before = said(office, code)
    done = take_in(
        office, code,
        {"control": "IAM-09", "level": 3, "evidence": [EVIDENCE]},
        {"control": "GOV-01", "level": 2},
        {"control": "GOV-03", "level": 2, "evidence": [EVIDENCE]},
    )  # fmt: skip
    assert said(office, code) == {"IAM-09": (3, 1), "GOV-01": (2, 0), "GOV-03": (2, 1)}
    with office.adds("import-undone"):
        undone = undo(office, code, done)
    assert (undone.restored, undone.conflicts) == (("GOV-01", "GOV-03", "IAM-09"), ())
    assert said(office, code) == before
    found, row = answers_of(office, code)
    assert found["IAM-09"].revision == 3  # nothing was overwritten
    cells = answer_rows.unpack_cells(row.cells)
    assert sum(cell.level is not None for cell in cells) == 2
    assert all(cell.evidence_until is None for cell in cells)
    (kept,) = library.list_library(office.register, code)
    assert (kept.record.title, kept.serves) == ("Policy", ())


def test_of_many_answers_those_changed_since_are_left_alone_and_none_is_lost(office, code):
    with office.register.reading() as connection:
        owner = institutions.get_institution_id(connection, code)
        record = assessments.get_assessment(
            connection, owner, rounds.get_round(connection, ROUND).id
        )
        layout = get_layout(connection, record.layout)
    catalogue = office.register.content.catalogue
    asked = [c for c in layout if catalogue.find(c).evidence_mode != "N"]
    take_in(office, code, *({"control": one, "level": 1} for one in asked[::2]))
    done = take_in(office, code, *({"control": one, "level": 2} for one in asked))
    changed = asked[:5]
    take_in(office, code, *({"control": one, "level": 3} for one in changed))
    undone = undo(office, code, done)
    assert sorted(undone.conflicts) == sorted(changed)
    assert sorted(undone.restored) == sorted(asked[5:])
    levels = {control: level for control, (level, _) in said(office, code).items()}
    assert {c for c in asked if levels.get(c) == 3} == set(changed)
    assert {c for c in asked if levels.get(c) == 1} == set(asked[::2]) - set(changed)
    assert not [c for c in asked if levels.get(c) == 2]
    (first, second, third) = importing.list_imports(office.register, code, ROUND)
    assert [one.undone_at is not None for one in (first, second, third)] == [False, True, False]
    assert len(second.revisions) == len(asked)


def test_an_import_is_undone_once_and_only_where_it_belongs(office, code):
    done = take_in(office, code, {"control": "IAM-09", "level": 1})
    other = office.institution("meadow-office")
    assess.open_assessment(office.register, other, ROUND)
    with office.refuses(NotFound):
        undo(office, other, done)
    undo(office, code, done)
    with office.refuses(WrongState, "undone already"):
        undo(office, code, done)
    assert said(office, code) == {}


def test_what_an_import_said_already_is_nothing_to_undo(office, code):
    take_in(office, code, {"control": "IAM-09", "level": 1})
    again = take_in(office, code, {"control": "IAM-09", "level": 1})
    assert undo(office, code, again).restored == ()
    assert said(office, code) == {"IAM-09": (1, 0)}


def test_after_the_hand_in_nothing_is_undone(office, code):
    done = take_in(office, code, {"control": "IAM-09", "level": 1})
    submission.submit(office.register, code, ROUND)
    with office.refuses(WrongState):
        undo(office, code, done)


def test_a_suggestion_that_an_import_answered_is_a_suggestion_again(office, code):
    take_in(office, code, {"control": "IAM-09", "level": 1})
    office.open_round("winter")
    assess.open_assessment(office.register, code, "winter")
    path = office.write("winter.yaml", {"answers": [{"control": "IAM-09", "level": 3}]})
    done = importing.import_answers(office.register, path, code, "winter")
    assert suggestions.list_suggestions(office.register, code, "winter") == {}
    importing.undo_import(office.register, code, "winter", done.code)
    (again,) = suggestions.list_suggestions(office.register, code, "winter").values()
    assert (again.answer.level, again.is_suggestion) == (1, True)
