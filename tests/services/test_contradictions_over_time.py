"""Contradictions open, are corrected and come back; they never edit the answer."""

import pytest

from cyberposture.errors import NotFound, WrongState
from cyberposture.services.assessments import assess, rounds
from cyberposture.services.scores import contradictions, score

HOST = "127.53.0.1"
SSH = "remote-access.ssh-not-on-the-internet"
OPEN = {"rest": "closed", "services": {"22": "ssh"}}
CLOSED = {"rest": "closed"}


@pytest.fixture
def code(office):
    """An institution that claims to administer through its VPN alone, and whose SSH is open."""
    code, campaign = office.institution(), office.open_round()
    office.declare(code, HOST)
    office.answer(code, campaign, IAM_09=3, IAM_03=1, SUP_07=2)
    office.look(code, HOST, **OPEN)
    office.clock.forward(days=15)
    score.score_live(office.register, code)
    return code


def listed(office, control="IAM-09"):
    found = [one.record for one in contradictions.list_contradictions(office.register)]
    return [one for one in found if one.control == control]


def level_of(office, code, control="IAM-09"):
    standing = assess.list_standing(office.register, code, "autumn")[control]
    return standing.answer.answer.level, standing.answer.revision


def test_claim_that_the_network_fails_is_contradicted(office, code):
    (found,) = listed(office)
    assert (found.state, found.check, found.level) == ("open", SSH, 3)


def test_only_claims_of_level_two_or_three_are_contradicted(office, code):
    found = contradictions.list_contradictions(office.register)
    assert {one.record.control for one in found} == {"IAM-09", "SUP-07"}


def test_contradiction_edits_no_answer(office, code):
    assert level_of(office, code) == (3, 1)
    contradictions.mark(office.register, listed(office)[0].code, "upheld", reason="seen on site")
    score.score_live(office.register, code)
    assert level_of(office, code) == (3, 1)


def test_failure_that_is_still_fresh_contradicts_nothing(office):
    code, campaign = office.institution(), office.open_round()
    office.declare(code, HOST)
    office.answer(code, campaign, IAM_09=3)
    office.look(code, HOST, **OPEN)
    score.score_live(office.register, code)
    assert contradictions.list_contradictions(office.register) == []


def test_contradiction_stands_once_however_often_the_score_is_computed(office, code):
    score.score_live(office.register, code)
    assert len(listed(office)) == 1


def test_repair_corrects_the_contradiction(office, code):
    office.look(code, HOST, **CLOSED)
    score.score_live(office.register, code)
    assert listed(office)[0].state == "corrected"


def test_silence_corrects_no_contradiction(office, code):
    office.look(code, HOST, outcome="timed-out", rest="closed")
    score.score_live(office.register, code)
    assert listed(office)[0].state == "open"


def test_humbler_answer_corrects_the_contradiction(office, code):
    office.answer(code, "autumn", IAM_09=1)
    score.score_live(office.register, code)
    assert listed(office)[0].state == "corrected"
    assert level_of(office, code) == (1, 2)


def test_contradiction_that_comes_back_is_opened_again_with_its_comment(office, code):
    first = listed(office)[0]
    contradictions.comment(office.register, first.code, "The supplier opened it for a day.")
    office.look(code, HOST, **CLOSED)
    score.score_live(office.register, code)
    office.clock.forward(days=1)
    office.look(code, HOST, **OPEN)
    score.score_live(office.register, code)
    (again,) = listed(office)
    assert (again.code, again.state) == (first.code, "open")
    assert again.comment == "The supplier opened it for a day."


@pytest.mark.parametrize("state", ["explained", "disputed", "upheld"])
def test_what_people_decided_stays_while_the_failure_lasts(office, code, state):
    contradictions.mark(office.register, listed(office)[0].code, state, reason="a meeting")
    score.score_live(office.register, code)
    assert listed(office)[0].state == state


def test_finalising_lets_contradictions_follow_as_well(office, code):
    office.look(code, HOST, **CLOSED)
    score.finalise(office.register, code, "autumn")
    assert listed(office)[0].state == "corrected"


def test_comment_and_mark_name_what_is_not_there(office, code):
    with pytest.raises(NotFound):
        contradictions.comment(office.register, "c-none", "nothing")
    with pytest.raises(WrongState):
        contradictions.mark(office.register, listed(office)[0].code, "open", reason="again")


def test_contradiction_names_its_round_and_what_became_of_that(office, code):
    def told():
        found = contradictions.list_contradictions(office.register, code)
        return {(one.institution, one.round, one.round_state) for one in found}

    assert told() == {(code, "autumn", "open")}
    rounds.close_round(office.register, "autumn")
    assert told() == {(code, "autumn", "closed")}
    score.finalise(office.register, code, "autumn")
    assert told() == {(code, "autumn", "final")}


def test_contradictions_of_a_past_round_stand_apart_from_those_of_the_next(office, code):
    score.finalise(office.register, code, "autumn")
    office.clock.forward(days=1)
    office.answer(code, office.open_round("spring"), IAM_09=2)
    score.score_live(office.register, code)
    of_iam = [
        (one.round, one.round_state, one.record.level)
        for one in contradictions.list_contradictions(office.register)
        if one.record.control == "IAM-09"
    ]
    assert of_iam == [("autumn", "final", 3), ("spring", "open", 2)]


def test_one_contradiction_comes_with_the_same_names_as_in_the_list(office, code):
    for one in contradictions.list_contradictions(office.register):
        assert contradictions.get_contradiction(office.register, one.record.code) == one
    with pytest.raises(NotFound):
        contradictions.get_contradiction(office.register, "c-none")
