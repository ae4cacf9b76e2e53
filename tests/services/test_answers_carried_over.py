"""What was answered before comes into the next round as suggestions, and counts as nothing yet."""

from dataclasses import replace

import pytest
from edition_samples import RETIRED, first, second, write_edition

from cyberposture.content.bundle import ContentFolders
from cyberposture.errors import NotFound, WrongState
from cyberposture.services.assessments import assess, rounds, suggestions
from cyberposture.services.catalogue import adoption
from cyberposture.services.catalogue.adoption import read_draft
from cyberposture.store import answers, assessments

CODE = "hill-office"


@pytest.fixture
def office(furnish, database, tmp_path, clock):
    """An office in which an institution answered a round under the first edition."""
    begun = read_draft(ContentFolders(write_edition(tmp_path / "first", first())))
    office = furnish(database, tmp_path, clock, begun)
    office.institution(CODE)
    levels = {f"GOV_0{n}": n % 4 for n in range(1, 8)}
    claim = {"GOV_08": {"not_applicable": "no fax machines", "reason": "none left"}}
    proof = office.write("minutes.txt", "Minutes of the board")
    piece = {"file": proof.name, "title": "Minutes", "dated": "2026-11-01"}
    levels["GOV_01"] = {"level": 1, "reason": "see minutes", "evidence": [piece]}
    office.answer(CODE, office.open_round("autumn"), **levels, **claim)
    office.clock.forward(days=1)
    yield office
    office.verify()


@pytest.fixture
def next_edition(office, tmp_path):
    """The second edition in force."""
    root = write_edition(tmp_path / "second", second(), version="2.0", retired=RETIRED)
    new = read_draft(ContentFolders(root))
    adoption.adopt(office.acting(), new, reason="a test")
    office.register = replace(
        office.register, content=new.content, edition=new.edition, restored={}
    )


def open_next(office, code="spring", **options):
    office.open_round(code)
    return assess.open_assessment(office.register, CODE, code, **options)


def suggested(office, code="spring"):
    found = suggestions.list_suggestions(office.register, CODE, code)
    return {control: one.answer.level for control, one in found.items()}


def test_next_round_of_the_same_edition_suggests_every_answer(office):
    opened = open_next(office)
    assert suggested(office) == {
        "GOV-01": 1, "GOV-02": 2, "GOV-03": 3, "GOV-04": 0,
        "GOV-05": 1, "GOV-06": 2, "GOV-07": 3, "GOV-08": None,
    }  # fmt: skip
    before = assess.list_standing(office.register, CODE, "autumn")
    after = suggestions.list_suggestions(office.register, CODE, "spring")
    assert {c: one.answer for c, one in after.items()} == {
        c: one.answer.answer for c, one in before.items()
    }
    assert after["GOV-01"].act.reason == "GOV-01 in autumn: unchanged"
    assert opened.answered == 0


def test_suggestions_count_as_nothing_until_touched(office):
    open_next(office, "empty", carries_over=False)
    empty = office.basis(CODE, "empty")
    office.clock.forward(days=1)
    open_next(office)
    found = office.basis(CODE, "spring")
    assert found.document == empty.document
    assert found.result.institution.coverage == 0
    assert assess.list_standing(office.register, CODE, "spring") == {}
    (listed,) = assess.list_assessments(office.register, round_code="spring")
    assert listed.answered == 0


def test_next_edition_decides_what_is_suggested(office, next_edition):
    open_next(office)
    # Carried, stronger, split and merged (the lower of 2 and 3); GOV-08 is not asked any more.
    assert suggested(office) == {
        "GOV-01": 1, "GOV-02": 2, "GOV-03": 3, "GOV-04": 0,
        "GOV-11": 1, "GOV-12": 1, "GOV-13": 2,
    }  # fmt: skip
    found = suggestions.list_suggestions(office.register, CODE, "spring")
    assert found["GOV-12"].act.reason == "GOV-05 in autumn: split. As agreed."
    assert found["GOV-13"].act.reason == "GOV-06 and GOV-07 in autumn: merged. As agreed."
    with office.register.reading() as connection:
        _, assessment = assess.find_parts(connection, CODE, "spring")
        (*_, event) = assessments.list_events(connection, assessment.id)
    assert event.kind == "answers suggested"
    assert event.details["suggested_from"] == "autumn"
    assert event.details["to_look_at"] == ["GOV-03", "GOV-11", "GOV-12", "GOV-13"]
    assert event.details["kept"] == ["GOV-08"]


def test_old_answers_stay_where_they_were(office, next_edition):
    before = assess.list_standing(office.register, CODE, "autumn")
    open_next(office)
    suggestions.confirm(office.register, CODE, "spring", ["GOV-13"])
    assert assess.list_standing(office.register, CODE, "autumn") == before


def test_confirmed_suggestion_is_an_answer_like_any_other(office, next_edition):
    open_next(office)
    with office.adds("answers-confirmed"):
        suggestions.confirm(office.register, CODE, "spring", ["GOV-13", "GOV-01", "GOV-13"])
    standing = assess.list_standing(office.register, CODE, "spring")
    assert {c: one.answer.answer.level for c, one in standing.items()} == {"GOV-01": 1, "GOV-13": 2}
    assert standing["GOV-01"].answer.act.actor == office.register.actor
    assert standing["GOV-01"].answer.answer.evidence[0].title == "Minutes"
    assert "GOV-13" not in suggested(office)
    (listed,) = assess.list_assessments(office.register, round_code="spring")
    assert listed.answered == 2


def test_answering_touches_a_suggestion_even_with_the_same_words(office):
    open_next(office)
    office.answer(CODE, "spring", GOV_02=2, GOV_03=0)
    standing = assess.list_standing(office.register, CODE, "spring")
    assert {c: one.answer.answer.level for c, one in standing.items()} == {"GOV-02": 2, "GOV-03": 0}
    with office.register.reading() as connection:
        _, assessment = assess.find_parts(connection, CODE, "spring")
        revisions = answers.list_answer_revisions(connection, assessment.id, "GOV-02")
    assert [one.is_suggestion for one in revisions] == [True, False]


def test_only_what_is_suggested_can_be_confirmed(office):
    open_next(office)
    suggestions.confirm(office.register, CODE, "spring", ["GOV-01"])
    for control in ("GOV-01", "IAM-10", "ZZZ-99"):
        with office.refuses(NotFound, f"no suggestion for control called '{control}'"):
            suggestions.confirm(office.register, CODE, "spring", ["GOV-02", control])
    rounds.close_round(office.register, "spring")
    with office.refuses(WrongState, "the round spring is closed"):
        suggestions.confirm(office.register, CODE, "spring", ["GOV-02"])


def test_round_in_which_nothing_was_said_is_passed_over(office):
    open_next(office)
    office.clock.forward(days=1)
    open_next(office, "summer")
    found = suggestions.list_suggestions(office.register, CODE, "summer")
    assert found["GOV-02"].act.reason == "GOV-02 in autumn: unchanged"


def test_what_nobody_confirmed_is_not_handed_on_as_an_answer(office):
    open_next(office)
    office.answer(CODE, "spring", GOV_02=3)
    office.clock.forward(days=1)
    open_next(office, "summer")
    assert suggested(office, "summer") == {"GOV-02": 3}


def test_first_assessment_has_nothing_to_suggest(office):
    office.institution("dale-office")
    office.open_round("spring")
    assess.open_assessment(office.register, "dale-office", "spring")
    assert suggestions.list_suggestions(office.register, "dale-office", "spring") == {}
    assert suggested(office, "autumn") == {}
