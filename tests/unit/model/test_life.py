"""The life of an assessment: one table of steps, and advice for each state where one is shut."""

from itertools import product
from typing import get_args

import pytest

from cyberposture.model.life import (
    NEXT,
    STEPS,
    AssessmentState,
    Step,
    leads_to,
    states_before,
    steps_from,
    what_is_shut,
)

STATES = get_args(AssessmentState)


def test_every_step_and_every_state_is_told():
    assert set(STEPS) == set(get_args(Step))
    assert set(NEXT) == set(STATES)


def test_every_state_is_reached_from_the_beginning_and_the_last_one_is_the_end():
    reached = {"planned"}
    for _ in STATES:
        reached |= {STEPS[step].after for state in reached for step in steps_from(state)}
    assert reached == set(STATES)
    assert steps_from("archived") == ()


@pytest.mark.parametrize(("before", "after"), list(product(STATES, STATES)))
def test_a_pair_is_open_exactly_where_a_step_names_it(before, after):
    named = [step for step in steps_from(before) if STEPS[step].after == after]
    assert leads_to(before, after) is bool(named)
    assert all(before in states_before(step) for step in named)


def test_nothing_leads_past_the_review_but_what_is_kept_by_hand():
    into = {step: rule.before for step, rule in STEPS.items() if rule.after == "finalised"}
    assert set(into) == {"finalise", "finalise by hand"}
    assert into["finalise"] == ("preliminary",)


def test_what_is_shut_says_where_it_is_and_what_comes_next():
    said, advice = what_is_shut("submitted", ["in-review", "answering"])
    assert said == "the assessment is submitted, not answering or in-review"
    assert advice == NEXT["submitted"]
