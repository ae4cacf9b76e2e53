"""A whole return goes back before a result: why is told, all is open, and reviews count on."""

import pytest
from bench_of_reviewers import CODE, GATE, OTHER, ROUND, Bench

from cyberposture.errors import InvalidInput, NotAuthorised, NotFound, WrongState
from cyberposture.services.assessments import funnels, submission
from cyberposture.services.review import handing_back, taking_up, telling, waiting
from cyberposture.store import answers, assessments, outbox

PORTAL = "https://portal.example"
WHY = "the annex is that of another office"


@pytest.fixture
def bench(office):
    return Bench(office).found(GOV_01=2, IAM_09=2)


def back(bench, *controls, by=None, reason=WHY):
    handing_back.hand_back(by or bench.admin, CODE, ROUND, controls, reason=reason)


def waits(bench):
    (found,) = waiting.list_at_institutions(bench.office.register, [CODE])
    return found.handed_back


def funnel(bench):
    ((_, row),) = funnels.list_campaigns(bench.office.register)
    return row.started, row.submitted, row.reviewed


def test_a_return_in_review_goes_back_and_comes_again_as_a_new_revision(bench):
    bench.taken_up().review_all()
    assert funnel(bench) == (1, 1, 0)
    bench.office.clock.forward(days=1)
    with bench.office.adds("return-handed-back"):
        back(bench, GATE)
    assert bench.state() == "answering" and funnel(bench) == (1, 0, 0)
    found = waits(bench)
    assert (found.why, found.who, found.controls) == (WHY, "c-chief", (GATE,))
    assert found.at.date() == bench.office.clock().date()
    bench.office.answer(CODE, ROUND, IAM_09=3)
    bench.hand_in()
    assert waits(bench) is None and funnel(bench) == (1, 1, 0)
    sent = submission.list_submissions(bench.office.register, CODE, ROUND)
    assert [one.number for one in sent] == [1, 2] and sent[0].digest != sent[1].digest
    taking_up.take_up(bench.admin, CODE, ROUND)
    # The gate did not change: what two found of it counts on. What changed is looked at again.
    assert (bench.stand(GATE), bench.stand(OTHER)) == ("settled", "open")


def test_reviews_made_before_stay_on_record(bench):
    bench.taken_up().review_all()
    with bench.office.register.reading() as connection:
        before = answers.list_reviews(connection, bench.record().id)
    back(bench)
    with bench.office.register.reading() as connection:
        assert before and answers.list_reviews(connection, bench.record().id) == before
        kinds = [e.kind for e in assessments.list_events(connection, bench.record().id)]
    assert kinds[-2:] == ["became answering", "handed back"]


def test_it_goes_back_before_a_result_alone_by_an_administrator_and_with_a_reason(bench):
    with bench.office.refuses(WrongState, "answering, not submitted or in-review"):
        back(bench)
    bench.taken_up()
    with bench.office.refuses(InvalidInput, "say why"):
        back(bench, reason="  ")
    with bench.office.refuses(NotFound):
        back(bench, "ZZZ-01")
    for who in (bench.first, bench.lead, bench.signatory):
        with bench.office.refuses(NotAuthorised):
            back(bench, by=who)
    bench.ask(GATE)
    with bench.office.refuses(WrongState, "clarification, not submitted or in-review"):
        back(bench)


def test_once_a_result_was_shown_a_return_goes_back_no_more(bench):
    from cyberposture.services.review import releasing

    bench.released()
    releasing.take_back(bench.admin, CODE, ROUND, [GATE], reason="a slip")
    with bench.office.refuses(WrongState, "was shown a result already"):
        back(bench)


def test_lead_and_signatory_are_told_once_that_it_came_back_and_not_why(bench):
    bench.hand_in()
    back(bench)
    register, reports = bench.office.register, bench.office.reports
    assert telling.tell_news(register, reports, PORTAL) == [
        f"news-handed-back-{CODE}/{ROUND}/{_number(bench)}/{who}" for who in ("l-lead", "s-sign")
    ]
    assert telling.tell_news(register, reports, PORTAL) == []
    with register.reading() as connection:
        told, _ = outbox.list_messages(connection, prefix="news-handed-back")
    assert f"{PORTAL}/institutions/{CODE}/rounds/{ROUND}/summary" in told.body
    assert WHY not in told.body
    bench.hand_in()
    telling.tell_news(register, reports, PORTAL)
    with register.reading() as connection:
        assert outbox.list_messages(connection, prefix="news-handed-back", state="queued") == []


def _number(bench):
    with bench.office.register.reading() as connection:
        found = assessments.list_events(connection, bench.record().id)
    return next(one.number for one in found if one.kind == "handed back")
