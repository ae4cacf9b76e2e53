"""What the CERT answered, decided, asked back, released or settled is told once, to the right."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from bench_of_reviewers import CODE, GATE, OTHER, ROUND, Bench

from cyberposture.model.assessments import Review
from cyberposture.services.assessments import asking, delegating, extending
from cyberposture.services.people import people
from cyberposture.services.review import appealing, clarifying, releasing, telling
from cyberposture.services.scores import score
from cyberposture.store import outbox

PORTAL = "https://portal.example"
LATER = datetime(2027, 1, 20, 12, tzinfo=UTC)


@pytest.fixture
def bench(office):
    bench = Bench(office).found(GOV_01=2, IAM_09=2)
    people.set_contact(office.register, "l-lead", mail="lead@hill.example", language="ur")
    return bench


def tell(bench):
    return telling.tell_news(bench.office.register, bench.office.reports, PORTAL)


def messages(bench, kind="", state=None):
    with bench.office.register.reading() as connection:
        return outbox.list_messages(connection, prefix=f"news-{kind}", state=state)


def finalised(bench):
    bench.released()
    releasing.say_no_more(bench.lead, CODE, ROUND)
    score.finalise(bench.admin, CODE, ROUND)


def test_who_asked_is_told_that_there_is_an_answer_and_not_what_it_says(bench):
    bench.office.invite("c-asker", "contributor", institution=CODE)
    asker = replace(bench.office.register, actor="c-asker")
    question = asking.ask(asker, CODE, "Does the old mail server count?")
    asking.answer(bench.admin, question, "Only if it still takes mail.")
    assert tell(bench) == [f"news-answered-{question}/1/c-asker"]
    assert tell(bench) == []
    (told,) = messages(bench)
    assert question in told.subject and f"{PORTAL}/institutions/{CODE}/questions" in told.body
    assert "mail server" not in told.body and "takes mail" not in told.body
    asking.answer(bench.admin, question, "And if it sends any.")
    assert tell(bench) == [f"news-answered-{question}/2/c-asker"]


def test_where_the_asker_has_left_the_lead_is_told(bench):
    question = asking.ask(bench.admin, CODE, "Asked by telephone: who signs?")
    asking.answer(bench.admin, question, "The head of the office.")
    assert tell(bench) == [f"news-answered-{question}/1/l-lead"]


@pytest.mark.parametrize("granted", [True, False])
def test_a_decision_about_more_time_is_told_in_the_language_of_its_reader(bench, granted):
    number = extending.ask_for_time(bench.lead, CODE, ROUND, LATER, reason="a move")
    assert tell(bench) == []
    if granted:
        extending.grant_time(bench.admin, CODE, ROUND, number, LATER)
    else:
        extending.refuse_time(bench.admin, CODE, ROUND, number, reason="the round ends")
    assert tell(bench) == [f"news-more-time-{CODE}/{ROUND}/1/l-lead"]
    (told,) = messages(bench)
    assert told.language == "ur"
    assert ("2027-01-20" in told.body) is granted
    assert told.subject.startswith("آپ کو مزید وقت" if granted else "آخری دن وہی")
    assert "the round ends" not in told.body


def test_questions_back_go_out_together_to_the_lead_and_whose_they_are(bench):
    for person in ("c-gate", "c-other"):
        bench.office.invite(person, "contributor", institution=CODE)
    delegating.delegate(bench.lead, CODE, ROUND, "c-gate", [GATE])
    delegating.delegate(bench.lead, CODE, ROUND, "c-other", ["NET"])
    bench.taken_up()
    bench.ask(GATE)
    bench.ask(OTHER)
    codes = tell(bench)
    assert [code.rpartition("/")[2] for code in codes] == ["c-gate", "l-lead"]
    assert "Controls:      2" in messages(bench)[0].body
    assert tell(bench) == []


def test_what_was_replied_to_is_withdrawn(bench):
    bench.taken_up()
    bench.ask(GATE)
    tell(bench)
    clarifying.reply(bench.lead, CODE, ROUND, GATE, "Since May.")
    assert tell(bench) == []
    assert [one.problem for one in messages(bench, state="withdrawn")] == ["it is over"]
    bench.ask(GATE, "And who signed?")
    assert len(tell(bench)) == 1
    assert len(messages(bench, state="queued")) == 1


def test_a_question_that_was_replied_to_before_the_look_is_not_told(bench):
    bench.taken_up()
    bench.ask(GATE)
    clarifying.reply(bench.lead, CODE, ROUND, GATE, "Since May.")
    assert tell(bench) == []


def test_a_released_result_is_told_to_those_who_speak_with_its_last_day(bench):
    bench.released()
    codes = tell(bench)
    assert [code.rpartition("/")[2] for code in codes] == ["l-lead", "s-sign"]
    signatory = messages(bench)[1]
    assert "2026-12-03" in signatory.body and signatory.language == "en"
    releasing.take_back(bench.admin, CODE, ROUND, [GATE], reason="they are right")
    tell(bench)
    assert messages(bench, state="queued") == []


def test_a_final_result_takes_the_place_of_the_preliminary_and_an_appeal_stands_beside(bench):
    bench.released()
    tell(bench)
    releasing.say_no_more(bench.lead, CODE, ROUND)
    score.finalise(bench.admin, CODE, ROUND)
    assert len(tell(bench)) == 2
    assert {one.code.split("-")[1] for one in messages(bench, state="queued")} == {"final"}
    made = appealing.appeal(bench.lead, CODE, ROUND, [GATE], grounds="It was signed.")
    given = Review(control=GATE, level=2, grade="E2", reason="the minutes show it")
    appealing.decide_appeal(
        bench.office.acting("c-other-chief", "cert-administrator"), CODE, made.code, "granted",
        reason="it was", corrections=[given],
    )  # fmt: skip
    assert len(tell(bench)) == 2
    told = messages(bench, "appeal")
    assert [one.recipient for one in told] == ["l-lead", "s-sign"]
    assert told[1].subject.startswith("Your appeal was granted")


def test_who_left_is_told_nothing_and_what_is_long_past_is_told_to_nobody(bench):
    finalised(bench)
    people.disable(bench.admin, "s-sign", reason="left")
    assert [code.rpartition("/")[2] for code in tell(bench)] == ["l-lead"]
    bench.office.clock.forward(days=8)
    with bench.office.register.change("forgotten-by-test") as change:
        ids = [one.id for one in messages(bench)]
        outbox.withdraw_messages(change.connection, ids, "test")
    assert tell(bench) == []


def test_an_institution_without_people_is_told_when_somebody_is_there(office):
    code = office.institution()
    admin = office.acting("c-chief", "cert-administrator")
    question = asking.ask(office.register, code, "Who signs?")
    asking.answer(admin, question, "The head.")
    assert telling.tell_news(office.register, office.reports, PORTAL) == []
    assert office.entries()["news-told"] == 0
    office.invite("l-lead", "institution-lead", institution=code)
    assert len(telling.tell_news(office.register, office.reports, PORTAL)) == 1
