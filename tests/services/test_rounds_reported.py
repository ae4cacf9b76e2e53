"""What the report of a round is made from: who waits for whom, reminders, reviews and appeals."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from bench_of_reviewers import CODE, GATE, OTHER, ROUND, Bench

from cyberposture.errors import NotFound
from cyberposture.model.assessments import Review
from cyberposture.services.assessments import (
    asking,
    campaigns,
    discussing,
    extending,
    reminding,
    rounds,
    submission,
)
from cyberposture.services.reports.round_inputs import gather_round
from cyberposture.services.review import appealing, clarifying, releasing, taking_up
from cyberposture.services.scores import score


@pytest.fixture
def bench(office):
    return Bench(office).found(GOV_01=2, IAM_09=2)


def gathered(bench):
    with bench.office.register.reading() as connection:
        return gather_round(bench.office.register, connection, ROUND)


def place(bench, code=CODE):
    return next(one for one in gathered(bench).places if one.institution == code)


def waits(bench):
    """Return for what the institution is waited for, and for how many days."""
    one = place(bench)
    days = None if one.since is None else (bench.office.clock() - one.since).days
    return one.wait, days


def test_each_step_waits_for_somebody_else_from_the_day_it_came_to_be(bench):
    clock = bench.office.clock
    clock.forward(days=2)
    assert waits(bench) == ("answer", 2)
    bench.hand_in()
    clock.forward(days=3)
    assert waits(bench) == ("take-up", 3)
    bench.assign("r-first", "first")
    bench.assign("r-second", "second")
    taking_up.take_up(bench.admin, CODE, ROUND)
    clock.forward(days=1)
    assert waits(bench) == ("review", 1)
    bench.ask(GATE)
    assert waits(bench) == ("reply", 0)
    clarifying.reply(bench.lead, CODE, ROUND, GATE, "Since May.")
    assert waits(bench)[0] == "review"
    bench.review_all()
    releasing.release(bench.admin, CODE, ROUND)
    assert waits(bench) == ("comment", 0)
    shown = place(bench)
    clock.forward(days=20)
    over = place(bench)
    assert (over.wait, over.since) == ("finalise", shown.until)
    score.finalise(bench.admin, CODE, ROUND)
    assert place(bench).wait is None


def test_who_has_nothing_to_add_waits_for_the_cert_at_once(bench):
    bench.released()
    releasing.say_no_more(bench.lead, CODE, ROUND)
    assert waits(bench) == ("finalise", 0)
    releasing.take_back(bench.admin, CODE, ROUND, [GATE], reason="look again")
    bench.say(bench.first, GATE, 1)
    bench.say(bench.second, GATE, 1)
    releasing.release(bench.admin, CODE, ROUND)
    # It may comment on the new result, whatever it said to the old one.
    assert waits(bench)[0] == "comment"


def test_who_was_not_asked_yet_waits_for_the_cert_once_the_wave_begins(bench):
    office = bench.office
    office.institution("dale-office")
    assert place(bench, "dale-office").wait == "invite"
    campaigns.begin_wave(bench.admin, ROUND, "all")
    asked = place(bench, "dale-office")
    assert (asked.wait, asked.is_invited, asked.state) == ("begin", True, None)
    rounds.close_round(office.register, ROUND, reason="over")
    assert place(bench, "dale-office").wait is None


def test_a_wave_that_begins_later_waits_for_nobody(bench):
    now = bench.office.clock()
    bench.office.institution("brook-water", sectors=["water"])
    later = {"code": "late", "title": "Late", "sectors": ["water"],
             "begins": now + timedelta(days=9), "due": now + timedelta(days=60)}  # fmt: skip
    plan = bench.plan()
    document = plan.model_dump(mode="json")
    document["cohorts"] = [later, *document["cohorts"]]
    campaigns.plan_round(bench.admin, ROUND, campaigns.read_plan(document))
    assert place(bench, "brook-water").wait is None
    assert [one.held for one in gathered(bench).cohorts] == [1, 1]


def test_more_time_is_counted_with_what_was_said_to_it(bench):
    wished = bench.office.clock() + timedelta(days=120)
    extending.ask_for_time(bench.lead, CODE, ROUND, wished, reason="We are moving house.")
    assert waits(bench) == ("more-time", 0)
    (asked,) = gathered(bench).more_time
    assert (asked.wished, asked.why, asked.outcome) == (wished, "We are moving house.", None)
    extending.grant_time(bench.admin, CODE, ROUND, 1, wished - timedelta(days=9))
    (granted,) = gathered(bench).more_time
    assert (granted.outcome, granted.until) == ("granted", wished - timedelta(days=9))
    assert waits(bench)[0] == "answer"
    assert place(bench).until == wished - timedelta(days=9)


def test_reminders_are_counted_by_mark_and_messages_by_what_became_of_them(bench):
    office = bench.office
    left = gathered(bench).due - office.clock()
    office.clock.forward(seconds=(left - timedelta(days=6)).total_seconds())
    written = reminding.remind(office.register, office.reports, "https://portal.example")
    (mark,) = gathered(bench).reminders
    assert (mark.days, mark.institutions, mark.messages) == (7, 1, len(written))
    assert (mark.delivered, mark.failed) == (0, 0)


def test_reviewers_are_told_apart_and_so_is_how_far_they_agree(bench):
    bench.taken_up()
    bench.say(bench.first, GATE, 1)
    bench.say(bench.second, GATE, 2)
    bench.say(bench.first, OTHER, 2)
    told = gathered(bench)
    found = [(one.first, one.second, one.judged, one.pairs, one.alike) for one in told.reviewers]
    assert found == [(1, 0, 2, 1, 0), (0, 1, 1, 1, 0)]
    assert told.pairs == ((1, 2),)
    assert (told.agreement.pairs, told.agreement.alike) == (1, 0)
    bench.assign("r-third", "third")
    bench.say(bench.third, GATE, 1)
    releasing.release(bench.admin, CODE, ROUND)
    assert [(one.first + one.second + one.third, one.done) for one in gathered(bench).reviewers] \
        == [(0, 1)] * 3  # fmt: skip


def test_what_is_asked_stands_until_it_is_answered(bench):
    bench.taken_up()
    bench.ask(GATE, "Since when?")
    thread = discussing.open_thread(
        bench.lead, CODE, ROUND, OTHER, "See annex 3.", is_for_reviewer=True
    )
    discussing.open_thread(bench.lead, CODE, ROUND, OTHER, "Who knows?", is_for_reviewer=False)
    asking.ask(bench.lead, CODE, "What is meant?", round_code=ROUND)
    found = {one.kind: one.text for one in gathered(bench).questions}
    assert found == {"back": "Since when?", "thread": "See annex 3.", "centre": "What is meant?"}
    clarifying.reply(bench.lead, CODE, ROUND, GATE, "Since May.")
    discussing.add_to_thread(bench.lead, CODE, ROUND, thread, "resolved")
    assert [one.kind for one in gathered(bench).questions] == ["centre"]


def test_an_appeal_tells_what_it_changed(bench):
    bench.taken_up()
    bench.say(bench.first, GATE, 0)
    bench.say(bench.second, GATE, 0)
    releasing.release(bench.admin, CODE, ROUND)
    releasing.comment(bench.lead, CODE, ROUND, GATE, "It was signed.")
    releasing.say_no_more(bench.lead, CODE, ROUND)
    old = score.finalise(bench.admin, CODE, ROUND)
    code = appealing.appeal(bench.lead, CODE, ROUND, [GATE], grounds="It was signed.").code
    assert waits(bench) == ("appeal", 0)
    seen = Review(control=GATE, level=2, grade="E2", reason="the minutes show it")
    appealing.decide_appeal(bench.admin, CODE, code, "granted", reason="it was", corrections=[seen])
    new = score.find_current(bench.office.register, CODE, ROUND)
    told = gathered(bench)
    (one,) = told.appeals
    assert (one.before, one.after) == (old.summary.verified, new.summary.verified)
    assert one.after > one.before
    assert (one.outcome, one.controls) == ("granted", (GATE,))
    assert (told.comments, told.commented) == (1, 1)
    assert place(bench).wait is None


def test_a_sample_speaks_once_it_is_reviewed_in_full(office):
    bench = Bench(office).found(GOV_01=2, GOV_08=3, IAM_09=2)
    campaigns.plan_round(bench.admin, ROUND, bench.plan(drawn_share=10_000))
    bench.taken_up()
    sample = gathered(bench).sample
    assert (sample.share, sample.drawn, sample.complete, sample.gap) == (10_000, 1, 0, None)
    bench.review_all(level=1)
    sample = gathered(bench).sample
    assert sample.complete == 1
    assert sample.gap.gap > 0


def test_there_is_no_report_of_a_round_that_is_not_there(bench):
    with bench.office.register.reading() as connection, pytest.raises(NotFound):
        gather_round(bench.office.register, connection, "nowhere")


def test_more_institutions_are_no_more_statements(bench):
    office = bench.office
    few = statements(bench)
    for number in range(4):
        code = office.institution(f"dale-office-{number}")
        office.answer(code, ROUND, GOV_01=1)
        submission.submit(office.register, code, ROUND)
    assert len(gathered(bench).places) == 5
    assert statements(bench) == few


def statements(bench):
    """Return how many statements the report asks."""
    seen = []

    def note(*given):
        seen.append(given[2])

    with bench.office.register.reading() as connection:
        sa.event.listen(connection, "before_cursor_execute", note)
        gather_round(bench.office.register, connection, ROUND)
        sa.event.remove(connection, "before_cursor_execute", note)
    return len(seen)
