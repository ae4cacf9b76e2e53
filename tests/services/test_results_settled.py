"""A result is shown, commented on, frozen, appealed against and corrected; each step keeps both."""

import pytest
from bench_of_reviewers import CODE, GATE, OTHER, ROUND, Bench

from cyberposture.errors import Conflict, InvalidInput, NotAuthorised, NotFound, WrongState
from cyberposture.model.assessments import Review
from cyberposture.model.people import Membership
from cyberposture.services.assessments import rounds
from cyberposture.services.reports.inputs import InstitutionGatherer
from cyberposture.services.review import appealing, improving, releasing
from cyberposture.services.scores import score
from cyberposture.store import appeals, assessments, people, results

ACTION = {
    "what": "Write the policy down and have it signed",
    "controls": [GATE],
    "keeper": "Head of the office",
    "due": "2027-03-31",
    "budget": "two weeks of our own",
}


@pytest.fixture
def bench(office):
    return Bench(office).found(GOV_01=2, IAM_09=2)


def finalise(bench, **options):
    return score.finalise(bench.admin, CODE, ROUND, **options)


def final(bench):
    bench.released()
    releasing.say_no_more(bench.lead, CODE, ROUND)
    return finalise(bench)


def correction(level=2, control=GATE, **more):
    given = {"control": control, "level": level, "grade": "E2", "reason": "the minutes show it"}
    return Review.model_validate(given | more)


def test_nothing_is_released_before_all_that_must_be_is_settled(bench):
    bench.taken_up()
    with bench.office.refuses(WrongState, f"1 controls are still to be settled: {GATE}"):
        releasing.release(bench.admin, CODE, ROUND)
    bench.say(bench.first, GATE, 1)
    bench.say(bench.second, GATE, 2)
    with bench.office.refuses(WrongState, "still to be settled"):
        releasing.release(bench.admin, CODE, ROUND)
    bench.assign("r-third", "third")
    bench.say(bench.third, GATE, 1)
    with bench.office.refuses(NotAuthorised, "wrong-role"):
        releasing.release(bench.first, CODE, ROUND)
    releasing.release(bench.admin, CODE, ROUND)
    assert bench.state() == "preliminary"


def test_ten_working_days_end_at_midnight_where_the_institution_is(bench):
    """Released on Thursday, 19 November 2026: the tenth working day after is 3 December."""
    bench.released()
    with bench.office.register.reading() as connection:
        result = results.find_result(connection, bench.record().id)
    assert result.comments_until.isoformat() == "2026-12-03T19:00:00+00:00"  # midnight, UTC+5
    with bench.office.refuses(WrongState, "may comment until 2026-12-03T19:00"):
        finalise(bench)
    releasing.comment(bench.lead, CODE, ROUND, GATE, "It was signed in March.")
    bench.office.clock.forward(days=15)
    with bench.office.refuses(WrongState, "time for comments ended"):
        releasing.comment(bench.lead, CODE, ROUND, None, "One more thing.")
    assert finalise(bench).summary.kind == "round"


def test_comments_stand_beside_the_findings_in_the_report(bench):
    bench.released()
    releasing.comment(bench.lead, CODE, ROUND, GATE, "It was signed in March.")
    releasing.comment(bench.signatory, CODE, ROUND, None, "We thank the reviewers.")
    releasing.say_no_more(bench.lead, CODE, ROUND)
    finalise(bench)
    register = bench.office.register
    with register.reading() as connection:
        told = InstitutionGatherer(register, connection, CODE, ROUND).gather().comments
    assert [(one.control, one.text, one.actor) for one in told] == [
        (GATE, "It was signed in March.", "l-lead"), (None, "We thank the reviewers.", "s-sign"),
    ]  # fmt: skip


def test_only_those_who_speak_for_the_institution_comment_and_until_they_say_so(bench):
    bench.released()
    office = bench.office
    for who in (bench.admin, bench.first, office.acting("h-helper", "helper")):
        with office.refuses(NotAuthorised):
            releasing.comment(who, CODE, ROUND, None, "Well.")
    with office.refuses(InvalidInput):
        releasing.comment(bench.lead, CODE, ROUND, None, "   ")
    with office.refuses(NotFound):
        releasing.comment(bench.lead, CODE, ROUND, "ZZZ-01", "Well.")
    releasing.say_no_more(bench.signatory, CODE, ROUND)
    with office.refuses(WrongState, "nothing to add"):
        releasing.comment(bench.lead, CODE, ROUND, None, "Well.")


def test_a_planned_round_is_not_frozen_past_the_review(bench):
    with bench.office.refuses(WrongState, "answering, not preliminary"):
        finalise(bench)
    bench.taken_up()
    with bench.office.refuses(WrongState, "in-review, not preliminary"):
        finalise(bench)


def test_a_result_that_is_taken_back_is_looked_at_again_and_keeps_what_was_said(bench):
    bench.released()
    releasing.comment(bench.lead, CODE, ROUND, GATE, "You saw the old one.")
    releasing.take_back(bench.admin, CODE, ROUND, [GATE], reason="they are right")
    assert (bench.state(), bench.stand(GATE), bench.stand(OTHER)) == ("in-review", "open", "open")
    with bench.office.refuses(WrongState, "still to be settled"):
        releasing.release(bench.admin, CODE, ROUND)
    bench.say(bench.first, GATE, 1)
    bench.say(bench.second, GATE, 1)
    again = releasing.release(bench.admin, CODE, ROUND)
    assert again.number == 2
    with bench.office.refuses(WrongState, "may comment until"):
        finalise(bench)  # a new result, a new time
    with bench.office.register.reading() as connection:
        said = results.list_comments(connection, bench.record().id)
    assert [(one.result, one.act.reason) for one in said] == [(1, "You saw the old one.")]


def test_reopening_makes_a_new_score_that_names_the_old_one(bench):
    old = final(bench)
    with bench.office.refuses(InvalidInput, "say why"):
        releasing.reopen(bench.admin, CODE, ROUND, [GATE], reason=" ")
    releasing.reopen(bench.admin, CODE, ROUND, [GATE], reason="a paper had been overlooked")
    assert score.find_current(bench.office.register, CODE, ROUND) == old  # it stands meanwhile
    bench.say(bench.first, GATE, 1)
    bench.say(bench.second, GATE, 1)
    releasing.release(bench.admin, CODE, ROUND)
    releasing.say_no_more(bench.lead, CODE, ROUND)
    new = finalise(bench, told="the ministry")
    assert (new.summary.corrects_id, new.told) == (old.summary.id, "the ministry")
    assert new.result["institution"]["verified"] < old.result["institution"]["verified"]
    assert score.recompute_all(bench.office.register) == (2, [])


def test_an_appeal_is_decided_by_somebody_who_had_no_part_and_both_scores_stay(bench):
    bench.taken_up()
    bench.say(bench.first, GATE, 0)
    bench.say(bench.second, GATE, 0)
    releasing.release(bench.admin, CODE, ROUND)
    releasing.say_no_more(bench.lead, CODE, ROUND)
    old = finalise(bench)
    office, admin = bench.office, bench.admin
    with office.refuses(InvalidInput):
        appealing.appeal(bench.lead, CODE, ROUND, [GATE], grounds="")
    code = appealing.appeal(bench.lead, CODE, ROUND, [GATE], grounds="It was signed.").code
    with office.refuses(WrongState, "appealed against this result already"):
        appealing.appeal(bench.lead, CODE, ROUND, [], grounds="Again.")
    for act in (releasing.archive, lambda *p: releasing.reopen(*p, [], reason="x")):
        with office.refuses(WrongState, "an appeal against this result waits"):
            act(admin, CODE, ROUND)
    people_also = office.acting("r-first", "reviewer")
    with office.refuses(NotAuthorised):
        appealing.decide_appeal(people_also, CODE, code, "rejected", reason="no")
    for corrections in ((), (correction(1),)):
        outcome = "rejected" if corrections else "granted"
        with office.refuses(InvalidInput, "corrects at least one"):
            appealing.decide_appeal(admin, CODE, code, outcome, reason="r", corrections=corrections)
    office.clock.forward(days=3)
    done = appealing.decide_appeal(
        admin, CODE, code, "granted", reason="the minutes show it", corrections=[correction()],
        told="the institution and its regulator",
    )  # fmt: skip
    new = score.find_current(office.register, CODE, ROUND)
    assert (done.correction_id, new.summary.corrects_id) == (new.summary.id, old.summary.id)
    assert new.summary.as_of == old.summary.as_of
    changed = [pair for pair in zip(old.document["answers"], new.document["answers"], strict=True)
               if pair[0] != pair[1]]  # fmt: skip
    assert [(a["review"]["level"], b["review"]["level"]) for a, b in changed] == [(0, 2)]
    assert new.result["institution"]["verified"] > old.result["institution"]["verified"]
    assert score.recompute_all(office.register) == (2, [])
    with office.register.reading() as connection:
        told = InstitutionGatherer(office.register, connection, CODE, ROUND).gather()
    assert told.reviews[GATE].level == 2
    releasing.archive(admin, CODE, ROUND)
    assert bench.state() == "archived"


def test_who_reviewed_decides_no_appeal_even_as_an_administrator(bench):
    final(bench)
    code = appealing.appeal(bench.lead, CODE, ROUND, [], grounds="All of it.").code
    with bench.office.register.change("role") as change:
        both = Membership(person="r-second", role="cert-administrator", valid_from=change.now)
        people.insert_membership(change.connection, both, change.by)
    with bench.office.refuses(NotAuthorised, "same-person"):
        appealing.decide_appeal(bench.second, CODE, code, "rejected", reason="no")
    appealing.decide_appeal(bench.admin, CODE, code, "rejected", reason="the papers are clear")
    with bench.office.register.reading() as connection:
        (kept,) = appeals.list_appeals(connection, assessment_id=bench.record().id)
        life = assessments.list_events(connection, bench.record().id)
    assert (kept.outcome, kept.decided_by, kept.correction_id) == ("rejected", "c-chief", None)
    assert life[-1].kind == "appeal rejected"


def test_an_improvement_plan_goes_to_the_cert_and_its_progress_into_the_next_round(bench):
    office = bench.office
    with office.refuses(WrongState, "there is no result to plan from"):
        improving.save_action(bench.lead, CODE, ROUND, ACTION)
    final(bench)
    plan = improving.read_plan(bench.lead, CODE, ROUND)
    assert plan.suggestions and plan.stand == "draft"
    for wrong, where in (
        ({"budget": ""}, "action"), ({"controls": []}, "action"), ({"due": "2026-01-01"}, "due"),
        ({"findings": ["f-nobody"]}, "findings"), ({"controls": ["ZZZ-01"]}, "controls"),
    ):  # fmt: skip
        with office.refuses(InvalidInput) as caught:
            improving.save_action(bench.lead, CODE, ROUND, ACTION | wrong)
        assert where in caught.value.faults[0].where
    kept = improving.save_action(bench.lead, CODE, ROUND, ACTION)
    unpaid = ACTION | {"budget": "", "no_budget_why": "it costs a signature"}
    improving.save_action(bench.lead, CODE, ROUND, unpaid, code=kept.code, seen_revision=1)
    with office.refuses(Conflict) as caught:
        improving.save_action(bench.lead, CODE, ROUND, ACTION, code=kept.code, seen_revision=1)
    assert caught.value.current.revision == 2
    improving.hand_in_plan(bench.lead, CODE, ROUND)
    with office.refuses(WrongState, "the plan is handed-in"):
        improving.save_action(bench.lead, CODE, ROUND, ACTION)
    with office.refuses(InvalidInput):
        improving.decide_plan(bench.admin, CODE, ROUND, accepts=False)
    improving.decide_plan(bench.admin, CODE, ROUND, accepts=False, reason="by when exactly?")
    improving.hand_in_plan(bench.lead, CODE, ROUND)
    improving.decide_plan(bench.admin, CODE, ROUND, accepts=True)
    improving.note_progress(bench.lead, CODE, ROUND, kept.code, "done", seen_revision=2)
    rounds.close_round(office.register, ROUND)
    office.clock.forward(days=180)
    office.answer(CODE, office.open_round("spring"), GOV_01=2)
    ((of, actions),) = improving.read_plan(bench.lead, CODE, "spring").earlier
    assert (of.round, [(one.progress, one.revision) for one in actions]) == (ROUND, [("done", 3)])
    (listed,) = improving.list_plans(bench.admin)
    assert (listed.stand, listed.actions, listed.done, listed.overdue) == ("accepted", 1, 1, 0)


def test_what_was_due_and_is_not_done_is_counted(bench):
    final(bench)
    kept = improving.save_action(bench.lead, CODE, ROUND, ACTION)
    improving.hand_in_plan(bench.lead, CODE, ROUND)
    bench.office.clock.forward(days=200)
    assert improving.list_plans(bench.admin)[0].overdue == 1
    with bench.office.refuses(InvalidInput):
        improving.note_progress(bench.lead, CODE, ROUND, kept.code, "dropped", seen_revision=1)


def test_a_live_score_tells_nothing_of_reviews_before_the_result(bench):
    """It is shown to the institution at any time; reviewers' words come with the result."""

    def live():
        with bench.office.register.reading() as connection:
            return InstitutionGatherer(bench.office.register, connection, CODE, None).gather()

    before = live()
    bench.taken_up()
    bench.say(bench.first, GATE, 1)
    bench.say(bench.second, GATE, 1)
    assert live().reviews == {}
    assert live().score.result == before.score.result
    releasing.release(bench.admin, CODE, ROUND)
    assert live().reviews[GATE].level == 1
    assert live().score.result != before.score.result
