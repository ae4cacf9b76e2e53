"""What goes into a score: which controls are asked, what still speaks, what does not apply."""

from datetime import date, timedelta

import pytest

from cyberposture.content.bundle import find_content
from cyberposture.content.loader import load_content
from cyberposture.model.assessments import Answer, Evidence, Review
from cyberposture.model.institutions import Institution
from cyberposture.scoring.assemble import (
    Tally,
    applies,
    assemble,
    is_current,
    is_gate,
    parameters_of,
)

CONTENT = load_content(find_content(None))
TODAY = date(2026, 11, 22)
AGE = CONTENT.catalogue.find("GOV-01").evidence_age_days
"""How old the evidence of the control may be on which these tests are made."""


def institution(tier: str = "A", *features: str, sector: str = "water") -> Institution:
    return Institution.model_validate(
        {"code": "blue", "name": "Blue (fictional)", "sectors": [sector], "tier": tier,
         "features": features}
    )  # fmt: skip


def evidence(dated: date, expires: date | None = None) -> Evidence:
    return Evidence(
        title="Policy", sha256="0" * 64, size_bytes=1, file_name="p", dated=dated, expires=expires
    )


def made(one: Institution, answers=None, reviews=None, tallies=None):
    return assemble(
        CONTENT.catalogue, CONTENT.checks.checks, one, answers=answers or {},
        reviews=reviews or {}, tallies=tallies or {}, on=TODAY, observation_overdue=False,
    )  # fmt: skip


def answered(document, control: str):
    return next((a for a in document.answers if a.control == control), None)


@pytest.mark.parametrize(("tier", "count"), [("A", 91), ("G", 167), ("X", 174)])
def test_tiers_are_cumulative(tier, count):
    assert len(made(institution(tier)).controls) == count


def test_a_false_condition_makes_a_control_not_applicable():
    without, having = made(institution("A")), made(institution("A", "ot"))
    assert answered(without, "OTI-01").not_applicable == "condition"
    assert answered(having, "OTI-01") is None


def test_the_highest_tier_is_itself_a_feature():
    vetting = CONTENT.catalogue.find("HRA-01")
    assert applies(vetting, institution("X"))
    assert not applies(vetting, institution("G"))
    assert applies(vetting, institution("G", sector="government"))


def test_unanswered_is_no_answer_and_is_never_left_out():
    document = made(institution())
    assert answered(document, "GOV-01") is None
    assert "GOV-01" in {c.id for c in document.controls}


@pytest.mark.parametrize(
    ("dated", "expires", "grade"),
    [
        (date(2026, 6, 1), None, "E1"),
        (TODAY - timedelta(days=AGE), None, "E1"),
        (TODAY - timedelta(days=AGE + 1), None, "E0"),
        (date(2026, 6, 1), date(2026, 11, 22), "E1"),
        (date(2026, 6, 1), date(2026, 11, 21), "E0"),
        (date(2026, 11, 23), None, "E0"),
    ],
)
def test_only_current_evidence_raises_the_grade(dated, expires, grade):
    answer = Answer(control="GOV-01", level=2, evidence=(evidence(dated, expires),))
    assert answered(made(institution(), {"GOV-01": answer}), "GOV-01").grade == grade
    assert is_current(evidence(dated, expires), TODAY, AGE) is (grade == "E1")


def test_not_applicable_is_a_claim_until_a_reviewer_approves_it():
    answer = Answer(control="GOV-07", not_applicable="no duties at all")
    approval = Review(control="GOV-07", approves_not_applicable=True, reason="seen")
    doubt = Review(control="GOV-07", level=1, grade="E2", reason="there are duties")
    claims = {"GOV-07": answer}
    assert answered(made(institution(), claims), "GOV-07").not_applicable == "claimed"
    approved = answered(made(institution(), claims, {"GOV-07": approval}), "GOV-07")
    assert (approved.not_applicable, approved.review) == ("approved", None)
    doubted = answered(made(institution(), claims, {"GOV-07": doubt}), "GOV-07")
    assert (doubted.not_applicable, doubted.review.level) == ("claimed", 1)


def test_an_approval_without_a_claim_approves_nothing():
    approval = {"GOV-07": Review(control="GOV-07", approves_not_applicable=True, reason="seen")}
    answer = {"GOV-07": Answer(control="GOV-07", level=2)}
    scored = answered(made(institution(), answer, approval), "GOV-07")
    assert (scored.level, scored.not_applicable, scored.review) == (2, None, None)


def test_every_check_of_a_code_speaks_to_the_controls_that_name_it():
    ids = {c.id for c in CONTENT.checks.checks if c.observation == "O-CLEAR"}
    one = sorted(ids)[0]
    document = made(institution(), tallies={one: Tally(1, 2, 3, 4, 5)})
    rows = {r.check: r for r in document.verdicts if r.control == "IAM-10"}
    assert set(rows) == ids
    row = rows[one]
    assert (row.passed, row.fail, row.fresh, row.inconclusive, row.not_tested) == (1, 2, 3, 4, 5)
    assert {r.direction for r in rows.values()} == {"C"}


@pytest.mark.parametrize(
    ("control", "tier", "gate"),
    [("GOV-01", "A", True), ("GOV-02", "G", True), ("OTI-02", "G", False), ("OTI-02", "X", True),
     ("WEB-01", "X", False)],
)  # fmt: skip
def test_gates_depend_on_the_tier(control, tier, gate):
    assert is_gate(CONTENT.catalogue.find(control), tier) is gate
    found = {c.id: c.gate for c in made(institution(tier)).controls}
    assert found[control] is gate


def test_the_shipped_parameters_fit_the_score_document():
    parameters = parameters_of(CONTENT.catalogue)
    assert parameters.values == (0, 4000, 8000, 10000)
    assert parameters.bands[0] == ("Exposed", 0)
