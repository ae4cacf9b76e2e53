"""A provider answers once, its users inherit, and fall with it: in scores and in what is shown."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cyberposture.errors import InvalidInput, NotAuthorised, NotFound, WrongState
from cyberposture.services.institutions import shared_services
from cyberposture.services.institutions.shared_services import Said
from cyberposture.services.scores.basis import rescore

CONTROL = "GOV-01"


@pytest.fixture
def shared(office):
    """A data centre that runs a platform which hill-office uses."""
    office.institution("data-centre")
    office.institution("hill-office")
    office.open_round()
    shared_services.found_service(office.register, "data-centre", "platform", "Common platform")
    shared_services.use_service(office.register, "hill-office", "platform")
    return office


def say(office, level=3, duty="Name your own owner.", days=100, **more):
    expires = (office.clock() + timedelta(days=days)).date()
    said = Said(CONTROL, level, expires, duty, **more)
    return shared_services.answer_for_service(office.register, "platform", said)


def scored(office, at=None):
    """Return declared and verified of the control for the user."""
    result = office.basis("hill-office", "autumn", as_of=at).result
    (found,) = [one for one in result.controls if one.id == CONTROL]
    return found.declared, found.verified


def test_the_weaker_part_counts_in_the_score_of_the_user(shared):
    shared.answer("hill-office", "autumn", GOV_01=3)
    alone = scored(shared)
    say(shared, level=1)
    declared, verified = scored(shared)
    assert (declared, verified) == (4000, 2000) and alone == (10_000, 5000)
    say(shared, level=3, grade="E1")
    assert scored(shared) == alone  # the own part has no evidence


def test_without_an_own_part_the_whole_is_open_unless_nothing_remains(shared):
    shared.answer("hill-office", "autumn", AST_01=1)
    say(shared, level=3)
    assert scored(shared) == (0, 0)
    say(shared, level=3, duty="", grade="E1")
    assert scored(shared) == (10_000, 8000)


def test_what_a_reviewer_finds_of_the_provider_falls_on_the_user(shared):
    shared.answer("hill-office", "autumn", GOV_01=3)
    say(shared, level=3, grade="E1")
    reviewer = shared.acting("r-view", "reviewer")
    shared_services.review_service(reviewer, "platform", CONTROL, 0, "E2", reason="not there")
    assert scored(shared) == (10_000, 0)
    own = shared.acting("p-own", "reviewer")
    shared.invite("p-lead", "institution-lead", institution="data-centre")
    with shared.refuses(NotAuthorised, match="house"):
        shared_services.review_service(
            replace(own, actor="p-lead"), "platform", CONTROL, 3, "E3", reason="ours"
        )


def test_the_score_of_a_moment_knows_what_was_said_and_used_then(shared):
    shared.answer("hill-office", "autumn", GOV_01=3)
    say(shared, level=1)
    then = shared.clock()
    shared.clock.forward(hours=1)
    say(shared, level=2)
    assert (scored(shared, then)[0], scored(shared)[0]) == (4000, 8000)
    shared.clock.forward(hours=1)
    shared_services.leave_service(shared.register, "hill-office", "platform")
    assert (scored(shared, then)[0], scored(shared)[0]) == (4000, 10_000)


def test_an_answer_that_ran_out_leaves_the_control_open(shared):
    shared.answer("hill-office", "autumn", GOV_01=3)
    say(shared, level=3, days=1)
    assert scored(shared)[0] == 10_000
    shared.clock.forward(days=3)
    assert scored(shared) == (0, 0)


def test_a_draft_is_rehearsed_with_what_is_inherited(shared):
    shared.answer("hill-office", "autumn", GOV_01=3)
    say(shared, level=1)
    basis = shared.basis("hill-office", "autumn")
    given = {c: one.answer.answer for c, one in basis.answers.items() if one.answer}
    again = rescore(basis, shared.register.content, given, {}, profile=None)
    (found,) = [one for one in again.controls if one.id == CONTROL]
    assert found.declared == 4000


def test_providers_do_not_use_their_own_service_and_nobody_uses_one_twice(shared):
    with shared.refuses(WrongState, match="does not use its own"):
        shared_services.use_service(shared.register, "data-centre", "platform")
    with shared.refuses(WrongState, match="already"):
        shared_services.use_service(shared.register, "hill-office", "platform")


def test_a_closed_service_is_answered_no_more_and_leaves_its_users_alone(shared):
    shared.answer("hill-office", "autumn", GOV_01=3)
    say(shared, level=1)
    shared_services.close_service(shared.register, "platform", reason="switched off")
    assert scored(shared)[0] == 10_000
    with shared.refuses(WrongState, match="closed"):
        say(shared)


@pytest.mark.parametrize(
    "said",
    [{"control": "ZZZ-99"}, {"days": -1}, {"duty": "x" * 2001}],
)
def test_what_cannot_be_said_for_a_service_is_refused(shared, said):
    days = said.pop("days", 10)
    given = {"control": CONTROL, "level": 2, "duty": "",
             "expires": (shared.clock() + timedelta(days=days)).date(), **said}  # fmt: skip
    with shared.refuses(InvalidInput):
        shared_services.answer_for_service(shared.register, "platform", Said(**given))


def test_a_provider_answers_for_its_own_service_alone(shared):
    with shared.refuses(NotFound):
        shared_services.answer_for_service(
            shared.register, "platform",
            Said(CONTROL, 2, (shared.clock() + timedelta(days=9)).date()), provider="hill-office",
        )  # fmt: skip
