"""A round that is closed, or final for an institution, takes no more answers; it says so."""

import pytest

from cyberposture.errors import WrongState
from cyberposture.model.assessments import Review
from cyberposture.services.assessments import assess, importing, rounds, submission
from cyberposture.services.scores import score

ANSWERS = {"answers": [{"control": "IAM-09", "level": 1}]}
CALLS = {
    "import": lambda office, code, path: importing.import_answers(
        office.register, path, code, "autumn"
    ),
    "submit": lambda office, code, path: submission.submit(office.register, code, "autumn"),
}


@pytest.fixture
def code(office):
    """An institution that answered one control of the round `autumn`."""
    code = office.institution()
    office.answer(code, office.open_round(), IAM_09=2)
    return code


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize(
    ("end", "said"),
    [
        (lambda o, code: rounds.close_round(o.register, "autumn"), "the round autumn is closed"),
        (
            lambda o, code: score.finalise(o.register, code, "autumn"),
            "the assessment of hill-office in autumn is finalised",
        ),
        (
            lambda o, code: submission.submit(o.register, code, "autumn"),
            "the assessment of hill-office in autumn is submitted",
        ),
    ],
    ids=["closed", "final", "handed in"],
)
def test_round_that_is_over_takes_no_more_answers(office, code, call, end, said):
    path = office.write("late.yaml", ANSWERS)
    end(office, code)
    with office.refuses(WrongState, said):
        call(office, code, path)


def test_closed_round_opens_no_assessment(office, code):
    late = office.institution("dale-office")
    rounds.close_round(office.register, "autumn")
    with office.refuses(WrongState, "the round autumn is closed"):
        assess.open_assessment(office.register, late, "autumn")


def test_round_that_is_over_is_told_before_the_file_is_read(office, code):
    rounds.close_round(office.register, "autumn")
    with office.refuses(WrongState):
        importing.import_answers(office.register, office.folder / "nowhere.yaml", code, "autumn")


def test_round_that_closes_while_the_files_are_read_takes_nothing_in(office, code, monkeypatch):
    read = importing.read_answers

    def read_slowly(path):
        rounds.close_round(office.register, "autumn")
        return read(path)

    monkeypatch.setattr(importing, "read_answers", read_slowly)
    path = office.write("late.yaml", ANSWERS)
    with pytest.raises(WrongState, match="the round autumn is closed"):
        importing.import_answers(office.register, path, code, "autumn")
    assert assess.list_standing(office.register, code, "autumn")["IAM-09"].answer.revision == 1


def test_reviewers_go_on_in_a_closed_round_until_it_is_final(office, code):
    rounds.close_round(office.register, "autumn")
    seen = Review(control="IAM-09", level=1, grade="E2", reason="seen on site")
    assess.review(office.register, code, "autumn", seen)
    score.finalise(office.register, code, "autumn")
    with office.refuses(WrongState, "in autumn is finalised"):
        assess.review(office.register, code, "autumn", seen)
