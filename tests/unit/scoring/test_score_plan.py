"""What to improve next: every gain is what a real recomputation gives."""

from typing import Any

import pytest
from hypothesis import given
from score_documents import PARAMETERS, a_control, a_document, a_row, an_answer, bounded, documents

from cyberposture.content.bundle import find_content
from cyberposture.model.scores import ScoreDocument
from cyberposture.reporting.derivation import say_step
from cyberposture.reporting.words import load_words
from cyberposture.scoring.plan import Step, follow, imagine, plan_steps, rank_improvements
from cyberposture.scoring.rollup import compute

Plain = dict[str, Any]
ENGLISH = load_words([find_content(None).reports / "_shared"], "en")


def plan(plain: Plain, limit: int = 50) -> list[Step]:
    document = ScoreDocument.model_validate(plain)
    return rank_improvements(document, compute(document), limit)


def recomputed(plain: Plain) -> int | None:
    return compute(ScoreDocument.model_validate(plain)).institution.verified


def test_level_step_raises_the_answer_by_one() -> None:
    before = a_document(answers=[an_answer(level=1)])
    [step] = [s for s in plan(before) if s.kind == "level"]
    after = recomputed(a_document(answers=[an_answer(level=2)]))
    assert (step.level, step.verified, step.gain) == (2, after, 6400 - 3200)
    assert say_step(ENGLISH, step) == "Bring IAM-09 to level 2, in the whole scope."


def test_level_step_of_an_unanswered_control_begins_at_one() -> None:
    [step] = plan(a_document())
    assert (step.kind, step.level, step.verified) == ("level", 1, 2000)


def test_level_step_after_a_review_raises_what_the_reviewer_found() -> None:
    review = {"level": 1, "grade": "E2"}
    for own in (an_answer(level=3, review=review), an_answer(level=None, review=review)):
        [step] = plan(a_document(answers=[own]))
        assert (step.level, step.gain) == (2, 4000)


def test_highest_level_cannot_be_raised() -> None:
    answers = [an_answer(level=3, review={"level": 3, "grade": "E2"})]
    assert plan(a_document(answers=answers)) == []


@pytest.mark.parametrize(
    ("answer", "kind", "gain"),
    [
        (an_answer(level=3, grade="E0"), "document", 3000),
        (an_answer(level=3, grade="E1"), "examine", 2000),
        (an_answer(level=3, review={"level": 3, "grade": "E0"}), "document", 3000),
        (an_answer(level=3, review={"level": 3, "grade": "E1"}), "examine", 2000),
    ],
)
def test_evidence_step_goes_one_grade_up(answer: Plain, kind: str, gain: int) -> None:
    [step] = plan(a_document(answers=[answer]))
    assert (step.kind, step.gain) == (kind, gain)


def test_evidence_that_the_network_already_gives_is_no_step() -> None:
    verdicts = [a_row(**{"pass": 9})]
    assert plan(a_document(answers=[an_answer(level=3, grade="E0")], verdicts=verdicts)) == []


def test_claim_that_it_does_not_apply_is_put_to_a_reviewer() -> None:
    controls = [a_control("IAM-01"), a_control("IAM-02")]
    answers = [
        an_answer("IAM-01", None, not_applicable="claimed"),
        an_answer("IAM-02", 3, review={"level": 3, "grade": "E2"}),
    ]
    [step] = plan(a_document(controls, answers))
    assert (step.kind, step.controls, step.gain) == ("settle", ("IAM-01",), 5000)


def test_repair_step_mends_a_check_wherever_it_fails() -> None:
    controls = [a_control("IAM-01"), a_control("IAM-02"), a_control("IAM-03")]
    review = {"level": 3, "grade": "E2"}
    answers = [an_answer(c["id"], 3, review=review) for c in controls]
    verdicts = [
        a_row("IAM-01", "a.shared", fail=1, fresh=1),
        a_row("IAM-02", "a.shared", fail=1),
        a_row("IAM-03", "a.other", **{"pass": 1}),
    ]
    [step] = plan(a_document(controls, answers, verdicts))
    assert (step.kind, step.controls, step.checks) == (
        "repair",
        ("IAM-01", "IAM-02"),
        ("a.shared",),
    )
    assert step.verified == 10000
    assert say_step(ENGLISH, step) == "Repair what a.shared found."


def test_checks_that_only_help_together_are_repaired_together() -> None:
    answers = [an_answer(level=3, review={"level": 3, "grade": "E2"})]
    verdicts = [a_row(check="a.a", fail=1), a_row(check="a.b", fail=1)]
    [step] = plan(a_document(answers=answers, verdicts=verdicts))
    assert (step.checks, step.gain) == (("a.a", "a.b"), 10000)


def test_network_only_control_that_is_not_known_is_to_be_observed() -> None:
    controls = [a_control("IAM-01"), a_control("NET-01", evidence="N", gate=True)]
    answers = [an_answer("IAM-01", 3, review={"level": 0, "grade": "E2"})]
    verdicts = [a_row("NET-01", "a.a", **{"pass": 1}, not_tested=9)]
    steps = plan(a_document(controls, answers, verdicts, observation_overdue=True))
    first = steps[0]
    assert (first.kind, first.controls, first.checks) == ("observe", ("NET-01",), ("a.a",))
    assert first.opens == ("NET-01",)


def test_network_only_control_without_any_endpoint_has_no_step() -> None:
    assert plan(a_document([a_control(evidence="N")], verdicts=[a_row()])) == []


def test_control_that_does_not_apply_has_no_step() -> None:
    answers = [an_answer(level=None, not_applicable="approved")]
    assert plan(a_document(answers=answers, verdicts=[a_row(fail=1)])) == []


def test_gates_come_first_and_larger_gains_come_before_smaller() -> None:
    controls = [
        a_control("IAM-01", gate=True, weight=1),
        a_control("IAM-02", weight=50),
        a_control("IAM-03", weight=100),
        a_control("IAM-04", gate=True, weight=1),
    ]
    answers = [
        an_answer("IAM-01", 2, grade="E0"),
        an_answer("IAM-02", 2, grade="E1"),
        an_answer("IAM-03", 2, grade="E1"),
        an_answer("IAM-04", 0, grade="E1"),
    ]
    steps = plan(a_document(controls, answers))
    opening = [step.controls[0] for step in steps if step.opens]
    assert opening == ["IAM-01"]
    assert steps[0].controls == ("IAM-01",)
    at_gates = [step for step in steps if set(step.controls) & {"IAM-01", "IAM-04"}]
    assert steps[: len(at_gates)] == at_gates
    gains = [step.gain for step in steps[len(at_gates) :]]
    assert gains == sorted(gains, reverse=True)


def test_list_is_cut_at_its_limit() -> None:
    controls = [a_control(f"IAM-{n}") for n in range(10, 40)]
    assert len(plan(a_document(controls), limit=7)) == 7


@bounded
@given(documents(max_controls=6))
def test_every_step_brings_something_and_says_what_to_do(plain: Plain) -> None:
    document = ScoreDocument.model_validate(plain)
    result = compute(document)
    before = result.institution.verified or 0
    for step in rank_improvements(document, result, 100):
        assert step.gain > 0 or step.opens
        assert step.gain == (step.verified or 0) - before
        assert say_step(ENGLISH, step).endswith(".")
        assert set(step.opens) <= {c["id"] for c in plain["controls"] if c["gate"]}


@bounded
@given(documents(max_controls=6))
def test_level_steps_agree_with_a_whole_new_computation(plain: Plain) -> None:
    for step in plan(plain, 100):
        if step.kind != "level":
            continue
        [name] = step.controls
        known = {answer["control"]: answer for answer in plain["answers"]}
        answer = known.pop(name, an_answer(name, None, grade="E0"))
        if answer["review"]:
            level = answer["level"]
            answer = answer | {
                "level": None if level is None else max(level, step.level),
                "review": answer["review"] | {"level": step.level},
            }
        else:
            answer = answer | {"level": step.level}
        assert recomputed(plain | {"answers": [*known.values(), answer]}) == step.verified


def test_step_that_brings_nothing_is_not_listed() -> None:
    parameters = PARAMETERS | {
        "values": [8000] * 4,
        "factors": dict.fromkeys(("E0", "E1", "E2", "E3"), 10000),
    }
    assert plan(a_document(answers=[an_answer(level=0)], parameters=parameters)) == []


@bounded
@given(documents())
def test_the_first_step_reaches_what_it_promises(plain: Plain) -> None:
    document = ScoreDocument.model_validate(plain)
    steps = rank_improvements(document, compute(document), 6)
    reached = follow(document, steps)
    assert len(reached) == len(steps)
    if steps:
        assert (reached[0].verified, reached[0].band) == (steps[0].verified, steps[0].band)


def test_steps_are_followed_one_upon_the_other() -> None:
    before = a_document(
        [a_control("IAM-01"), a_control("IAM-02")],
        [an_answer("IAM-01", 1, grade="E0"), an_answer("IAM-02", 3, grade="E1")],
    )
    document = ScoreDocument.model_validate(before)
    steps = rank_improvements(document, compute(document), 9)
    after = a_document(
        before["controls"],
        [
            an_answer("IAM-01", 2, grade="E1"),
            an_answer("IAM-02", 3, grade="E1", review={"level": 3, "grade": "E2"}),
        ],
    )
    assert {step.kind for step in steps} == {"level", "document", "examine"}
    assert follow(document, steps)[-1].verified == recomputed(after)


@bounded
@given(documents())
def test_a_plan_never_names_a_step_that_is_idle_by_then(plain: Plain) -> None:
    document = ScoreDocument.model_validate(plain)
    planned = plan_steps(document, compute(document), 5)
    before = compute(document).institution
    for _, reached in planned:
        opened = set(before.gates_holding) - set(reached.gates_holding)
        assert opened or (reached.verified or 0) > (before.verified or 0)
        before = reached
    assert [one for one, _ in planned] == sorted(
        (one for one, _ in planned), key=rank_improvements(document, compute(document), 500).index
    )


def test_a_repair_within_a_larger_one_is_named_once() -> None:
    answers = [an_answer(level=3, review={"level": 3, "grade": "E2"})]
    verdicts = [
        a_row(check="a.a", rollup="share", fail=1, **{"pass": 3}),
        a_row(check="a.b", rollup="share", fail=1, **{"pass": 3}),
    ]
    document = ScoreDocument.model_validate(a_document(answers=answers, verdicts=verdicts))
    ((step, reached),) = plan_steps(document, compute(document), 9)
    assert (step.checks, reached.verified) == (("a.a", "a.b"), 10_000)


@bounded
@given(documents())
def test_nothing_imagined_is_the_score_as_it_is(plain: Plain) -> None:
    document = ScoreDocument.model_validate(plain)
    assert imagine(document, {}, ()) == compute(document).institution


@pytest.mark.parametrize("review", [None, {"level": 0, "grade": "E2"}])
def test_an_imagined_level_is_scored_as_if_it_stood_there(review: Plain | None) -> None:
    before = a_document(answers=[an_answer(level=1, review=review)])
    stands = None if review is None else review | {"level": 3}
    after = a_document(answers=[an_answer(level=3, review=stands)])
    found = imagine(ScoreDocument.model_validate(before), {"IAM-09": 3}, ())
    assert found.verified == recomputed(after)


def test_what_only_the_network_decides_takes_no_imagined_level() -> None:
    controls = [a_control("IAM-01"), a_control("NET-01", evidence="N")]
    document = ScoreDocument.model_validate(a_document(controls, [an_answer("IAM-01", 1)]))
    assert imagine(document, {"NET-01": 3, "OTI-99": 3}, ()) == compute(document).institution
