"""Rounds that are run by a plan: who is asked when, under which terms, and how far they are."""

from datetime import timedelta

import pytest
from bench_of_reviewers import Bench

from cyberposture.errors import InvalidInput, NotAuthorised, NotFound, WrongState
from cyberposture.services.assessments import assess, campaigns, funnels


def cohort(code, begins, due, **more):
    return {"code": code, "title": code.title(), "begins": begins, "due": due} | more


@pytest.fixture
def run(office):
    """A round of two waves: water at once, everybody else in ten days."""
    bench, now = Bench(office), office.clock()
    for code, sectors in (("hill-water", ["water"]), ("dale-office", ["government"])):
        office.institution(code, sectors=sectors)
        office.invite(f"l-{code}", "institution-lead", institution=code)
    office.open_round("autumn")
    bench.waves = [
        cohort("water", now, now + timedelta(days=20), sectors=["water"]),
        cohort("others", now + timedelta(days=10), now + timedelta(days=60)),
    ]
    plan = campaigns.read_plan({"cohorts": bench.waves, "terms": {"regulator_sees": ["answers"]}})
    campaigns.plan_round(bench.admin, "autumn", plan)
    return bench


def rows(bench, **options):
    found = funnels.list_places(bench.office.register, "autumn", **options)
    campaign = campaigns.read_campaign(bench.office.register, "autumn")
    return {row.cohort: row for row in funnels.count_funnel(campaign, found)}


def test_a_wave_invites_its_own_once_and_not_before_its_day(run):
    with run.office.refuses(WrongState, "begins on"):
        campaigns.begin_wave(run.admin, "autumn", "others")
    with run.office.refuses(NotAuthorised, "wrong-role"):
        campaigns.begin_wave(run.first, "autumn", "water")
    with run.office.refuses(NotFound):
        campaigns.begin_wave(run.admin, "autumn", "nobody")
    assert campaigns.begin_wave(run.admin, "autumn", "water") == 1
    assert campaigns.begin_wave(run.admin, "autumn", "water") == 0
    run.office.institution("brook-water", sectors=["water"])
    assert campaigns.begin_wave(run.admin, "autumn", "water") == 1
    run.office.clock.forward(days=11)
    assert campaigns.begin_wave(run.admin, "autumn", "others") == 1


def test_terms_are_noted_before_the_regulator_may_see_what_they_say(run):
    lead = run.office.acting("l-hill-water")
    with run.office.refuses(NotFound, "invitation"):
        campaigns.note_terms(lead, "hill-water", "autumn")
    campaigns.begin_wave(run.admin, "autumn", "water")

    def may(what):
        return campaigns.regulator_may_see(run.office.register, "hill-water", "autumn", what)

    assert not may("answers")
    opened = campaigns.note_terms(lead, "hill-water", "autumn")
    assert (opened.state, opened.due_at) == ("planned", run.waves[0]["due"])
    assert may("answers") and not may("evidence")
    wider = {"cohorts": run.waves, "terms": {"regulator_sees": ["answers", "evidence"]}}
    campaigns.plan_round(run.admin, "autumn", campaigns.read_plan(wider))
    assert not may("answers") and not may("evidence")  # what is new was not noted yet
    campaigns.note_terms(lead, "hill-water", "autumn")
    assert campaigns.read_terms(run.office.register, "hill-water", "autumn").is_noted
    assert may("evidence")


def test_the_funnel_counts_each_step_by_cohort_and_a_regulator_its_own(run):
    campaigns.begin_wave(run.admin, "autumn", "water")
    assert (rows(run)["water"].invited, rows(run)["water"].opened) == (1, 0)
    assess.open_assessment(run.office.register, "hill-water", "autumn")
    run.office.answer("hill-water", "autumn", GOV_01=1)
    water, others = rows(run)["water"], rows(run)["others"]
    assert (water.held, water.opened, water.started, water.submitted) == (1, 1, 1, 0)
    assert (others.held, others.invited) == (1, 0)
    own = rows(run, sectors=frozenset({"government"}))
    assert (own["water"].held, own["others"].held) == (0, 1)
    ((record, whole),) = funnels.list_campaigns(run.office.register)
    assert (record.round.code, whole.held, whole.started) == ("autumn", 2, 1)


def test_a_plan_keeps_the_cohorts_that_were_invited_and_makes_sense(run):
    campaigns.begin_wave(run.admin, "autumn", "water")
    without = campaigns.read_plan({"cohorts": run.waves[1:]})
    with run.office.refuses(WrongState, "were invited in water already"):
        campaigns.plan_round(run.admin, "autumn", without)
    first = run.waves[0]
    for wrong in ([], [first, first], [first | {"due": first["begins"]}]):
        with pytest.raises(InvalidInput):
            campaigns.read_plan({"cohorts": wrong})
