"""Reviews: who may, what two find apart from each other, questions back, and nothing is lost."""

from datetime import timedelta

import pytest
from bench_of_reviewers import CODE, GATE, OTHER, ROUND, Bench

from cyberposture.errors import Conflict, InvalidInput, NotAuthorised, WrongState
from cyberposture.model.people import Membership
from cyberposture.services.assessments import assess, campaigns, questionnaire
from cyberposture.services.review import assigning, clarifying, measuring, taking_up
from cyberposture.store import opinions, people, review_draws
from cyberposture.store.answers import list_review_revisions


@pytest.fixture
def bench(office):
    return Bench(office).found(IAM_09=2, GOV_01=2, GOV_08=1)


def serve(office, person, *, until=None):
    """Have a person belong to the institution, until some moment."""
    with office.register.change("joined") as change:
        since = change.now - timedelta(days=900)
        held = Membership(
            person=person, role="helper", institution=CODE, valid_from=since, valid_until=until
        )
        people.insert_membership(change.connection, held, change.by)


def answer_anew(bench, control, level):
    return questionnaire.save_answer(
        bench.lead, CODE, ROUND, control, level=level, not_applicable=None, reason="now so",
        seen_revision=bench.revision(control),
    )  # fmt: skip


def test_nobody_reviews_an_institution_that_they_belong_to_or_served_in_the_last_year(bench):
    office, now = bench.office, bench.office.clock()
    bench.hand_in()
    serve(office, "r-first")
    serve(office, "r-second", until=now - timedelta(days=364))
    serve(office, "r-third", until=now - timedelta(days=366))
    for person in ("r-first", "r-second"):
        with office.refuses(NotAuthorised, "own-institution"):
            bench.assign(person, "first")
    bench.assign("r-third", "first")
    found = {one.person: one for one in assigning.list_candidates(bench.admin, CODE, ROUND)}
    assert [found[p].interest for p in ("r-first", "r-second", "r-third")] == [
        "belongs", "served", None,
    ]  # fmt: skip
    assert found["r-third"].part == "first"


def test_who_joins_the_institution_later_says_nothing_more(bench):
    bench.taken_up()
    serve(bench.office, "r-first")
    with bench.office.refuses(NotAuthorised, "own-institution"):
        bench.say(bench.first, OTHER)


def test_a_part_is_held_by_one_person_and_a_person_holds_one_part(bench):
    bench.hand_in()
    bench.assign("r-first", "first")
    for person, part in (("r-second", "first"), ("r-first", "second")):
        with bench.office.refuses(WrongState, "already"):
            bench.assign(person, part)
    assigning.take_away(bench.admin, CODE, ROUND, "r-first")
    bench.assign("r-second", "first")


def test_only_an_administrator_gives_reviews_and_only_to_reviewers(bench):
    bench.hand_in()
    with bench.office.refuses(NotAuthorised, "wrong-role"):
        assigning.assign(bench.first, CODE, ROUND, "r-first", "first")
    with bench.office.refuses(NotAuthorised, "wrong-role"):
        bench.assign("c-chief", "first")


def test_what_was_handed_in_is_taken_up_once_and_by_somebody(bench):
    bench.hand_in()
    with bench.office.refuses(WrongState, "nobody reviews this"):
        taking_up.take_up(bench.admin, CODE, ROUND)
    bench.assign("r-first", "first")
    taking_up.take_up(bench.first, CODE, ROUND)
    assert bench.state() == "in-review"
    with bench.office.refuses(WrongState, "in-review, not submitted"):
        taking_up.take_up(bench.first, CODE, ROUND)


def test_one_opinion_settles_what_is_no_gate_and_two_that_agree_settle_a_gate(bench):
    bench.taken_up()
    assert bench.stand(OTHER) == "open"
    assert bench.say(bench.first, OTHER, 1) == "settled"
    assert bench.say(bench.first, GATE, 1) == "half"
    standing = assess.list_standing(bench.office.register, CODE, ROUND)
    assert standing[OTHER].review.review.level == 1
    assert standing[GATE].review is None  # nothing is shown to the second before they spoke
    assert bench.say(bench.second, GATE, 1) == "settled"
    standing = assess.list_standing(bench.office.register, CODE, ROUND)
    assert standing[GATE].review.review.level == 1


def test_two_who_differ_wait_for_a_third_word_with_a_reason(bench):
    bench.taken_up()
    bench.say(bench.first, GATE, 1)
    assert bench.say(bench.second, GATE, 2) == "differs"
    for who in (bench.first, bench.second):
        with bench.office.refuses(WrongState, "both reviewers have spoken"):
            bench.say(who, GATE, 2)
    with bench.office.refuses(NotAuthorised, "not-assigned"):
        bench.say(bench.third, GATE, 1)
    bench.assign("r-third", "third")
    with bench.office.refuses(WrongState, "do not differ"):
        bench.say(bench.third, OTHER, 1)
    assert bench.say(bench.third, GATE, 1, reason="the router was in the cellar") == "settled"
    review = assess.list_standing(bench.office.register, CODE, ROUND)[GATE].review
    assert (review.review.level, review.act.actor) == (1, "r-third")
    with bench.office.register.reading() as connection:
        kept = opinions.list_opinions(connection, bench.record().id, control=GATE)
    assert [(one.part, one.review.level) for one in kept] == [
        ("first", 1), ("second", 2), ("third", 1),
    ]  # fmt: skip


def test_an_opinion_on_an_answer_that_changed_is_a_conflict_and_writes_nothing(bench):
    bench.taken_up()
    bench.ask(OTHER)
    answer_anew(bench, OTHER, 1)
    clarifying.reply(bench.lead, CODE, ROUND, OTHER, "Since March.")
    with bench.office.refuses(Conflict) as caught:
        bench.say(bench.first, OTHER, 2, seen=1)
    assert caught.value.current.revision == 2
    assert bench.say(bench.first, OTHER, 2, seen=2) == "settled"


def test_a_reviewed_answer_that_changes_is_to_be_looked_at_anew_and_the_old_review_stays(bench):
    bench.taken_up()
    bench.say(bench.first, GATE, 1)
    bench.say(bench.second, GATE, 1)
    bench.ask(GATE)
    assert bench.stand(GATE) == "asked-back"
    answer_anew(bench, GATE, 1)
    clarifying.reply(bench.lead, CODE, ROUND, GATE, "We corrected it.")
    assert bench.stand(GATE) == "open"
    assert bench.say(bench.second, GATE, 1, seen=2) == "half"
    assert bench.say(bench.first, GATE, 1, seen=2) == "settled"
    with bench.office.register.reading() as connection:
        kept = list_review_revisions(connection, bench.record().id, GATE)
    assert [one.answer_revision for one in kept] == [1, 2]


def test_the_institution_answers_what_was_reopened_and_nothing_else(bench):
    bench.taken_up()
    bench.ask(OTHER, "Which version of the policy?")
    bench.ask("GOV-08")
    assert bench.state() == "clarification"
    with bench.office.refuses(WrongState, GATE):
        answer_anew(bench, GATE, 1)
    answer_anew(bench, OTHER, 1)
    assert bench.state() == "clarification"
    with bench.office.refuses(WrongState, "has not replied yet"):
        bench.say(bench.first, OTHER, 1, seen=2)
    assert bench.say(bench.first, GATE, 1) == "half"  # all else goes on meanwhile
    assert clarifying.reply(bench.lead, CODE, ROUND, OTHER, "Version 3.") == 1
    assert clarifying.reply(bench.lead, CODE, ROUND, "GOV-08", "Every year.") == 0
    assert bench.state() == "in-review"
    with bench.office.refuses(WrongState):
        answer_anew(bench, OTHER, 2)
    bench.ask(OTHER, "And where is it kept?")
    threads = clarifying.list_threads(bench.lead, CODE, ROUND)
    assert [(one.control, one.is_open) for one in threads] == [(OTHER, True), ("GOV-08", False)]
    assert [one.act.reason for one in threads[0].said] == [
        "Which version of the policy?", "Version 3.", "And where is it kept?",
    ]  # fmt: skip


def test_a_question_has_words_and_waits_once(bench):
    bench.taken_up()
    with bench.office.refuses(InvalidInput):
        bench.ask(OTHER, "  ")
    bench.ask(OTHER)
    with bench.office.refuses(WrongState, "waits for the institution already"):
        bench.ask(OTHER)
    with bench.office.refuses(NotAuthorised):
        clarifying.ask_back(bench.lead, CODE, ROUND, GATE, "May we?")


def test_what_is_drawn_is_kept_with_its_seed_its_frame_and_each_probability(office):
    bench = Bench(office).found(
        GOV_01=2, ASR_04=1, ASR_06=2, ASR_07=2, ASR_09=3, AST_01=2, AST_02=0, GOV_08=2
    )
    campaigns.plan_round(bench.admin, ROUND, bench.plan(drawn_share=3_000))
    bench.taken_up()
    with office.register.reading() as connection:
        kept = review_draws.find_draw(connection, bench.record().id)
    of_chance = [unit for unit in kept.frame if not unit["is_certain"]]
    assert {(unit["take"], unit["of"]) for unit in of_chance} == {(2, 6)}
    drawn = {unit["key"] for unit in of_chance if unit["is_drawn"]}
    assert {one.control for one in bench.items() if "drawn" in one.must} == drawn
    assert len(kept.seed) == 32
    again = taking_up.draw(taking_up.frame_of(office.basis(CODE, ROUND).document),
                           f"{kept.seed}/{CODE}", kept.share)  # fmt: skip
    assert [one.model_dump(mode="json") for one in again] == list(kept.frame)


def test_a_round_is_measured_once_all_that_was_drawn_is_reviewed(office):
    bench = Bench(office).found(GOV_01=2, GOV_08=3, IAM_09=2)
    campaigns.plan_round(bench.admin, ROUND, bench.plan(drawn_share=10_000))
    bench.taken_up()
    before = measuring.measure_round(office.register, ROUND)
    assert (before.drawn, before.complete, before.gap) == (1, 0, None)
    for control in (OTHER, "GOV-08"):
        bench.say(bench.first, control, 1)
    bench.say(bench.first, GATE, 2)
    bench.say(bench.second, GATE, 2)
    after = measuring.measure_round(office.register, ROUND)
    weights = {one.control: one.risk.weight for one in bench.items()}
    gaps = {OTHER: 4_000, "GOV-08": 6_000, GATE: 0}
    whole = sum(weights[c] * gaps[c] for c in gaps) / sum(weights.values())
    assert after.complete == 1
    assert abs(after.gap.gap - whole) <= 0.5
    assert after.gap.error == 0
    assert (after.agreement.pairs, after.agreement.alike) == (1, 10_000)
    assert measuring.measure_round(office.register, ROUND, sectors=frozenset({"gas"})).drawn == 0
