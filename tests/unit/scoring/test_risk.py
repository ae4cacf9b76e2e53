"""The riskiest claims come first: heavy, high, on weak ground, or contradicted."""

from hypothesis import given
from score_documents import a_control, a_document, a_row, an_answer, bounded, documents

from cyberposture.model.scores import ScoreDocument
from cyberposture.scoring.risk import order_by_risk
from cyberposture.scoring.rollup import compute


def order(plain):
    document = ScoreDocument.model_validate(plain)
    return order_by_risk(document, compute(document))


def test_a_contradicted_claim_comes_before_a_bare_word_and_that_before_a_paper():
    document = a_document(
        controls=[a_control("IAM-01"), a_control("IAM-02"), a_control("IAM-03")],
        answers=[an_answer("IAM-01", 2, grade="E1"), an_answer("IAM-02", 2, grade="E0"),
                 an_answer("IAM-03", 2, grade="E1")],
        verdicts=[a_row("IAM-03", direction="R", **{"pass": 1, "fail": 1})],
    )  # fmt: skip
    found = order(document)
    assert [one.control for one in found] == ["IAM-03", "IAM-02", "IAM-01"]
    assert [one.why[0] for one in found] == ["contradicted", "bare-word", "own-papers"]
    assert [one.at_stake for one in found] == [40_000, 20_000, 8_000]


def test_weight_and_level_count_and_what_claims_nothing_is_not_listed():
    document = a_document(
        controls=[a_control("IAM-01", weight=1), a_control("IAM-02"), a_control("IAM-03"),
                  a_control("IAM-04", evidence="N"), a_control("IAM-05")],
        answers=[an_answer("IAM-01", 3), an_answer("IAM-02", 3), an_answer("IAM-03", None),
                 an_answer("IAM-05", 0)],
    )  # fmt: skip
    found = order(document)
    assert [one.control for one in found] == ["IAM-02", "IAM-01", "IAM-05"]
    assert found[-1].at_stake == 0


def test_a_claim_that_it_does_not_apply_is_in_doubt_until_somebody_agrees():
    document = a_document(
        controls=[a_control("IAM-01", gate=True)],
        answers=[an_answer("IAM-01", None, not_applicable="claimed")],
    )
    (one,) = order(document)
    assert (one.claimed, one.at_stake, one.why) == (None, 50_000, ("claimed-away", "gate", "heavy"))


@bounded
@given(documents())
def test_every_claim_is_listed_once_and_none_is_negative(document):
    found = order(document)
    claims = {
        answer["control"]
        for answer in document["answers"]
        if answer["level"] is not None or answer["not_applicable"] == "claimed"
    }
    network = {control["id"] for control in document["controls"] if control["evidence"] == "N"}
    assert sorted(one.control for one in found) == sorted(claims - network)
    assert all(one.at_stake >= 0 for one in found)
    assert [one.at_stake for one in found] == sorted((o.at_stake for o in found), reverse=True)
