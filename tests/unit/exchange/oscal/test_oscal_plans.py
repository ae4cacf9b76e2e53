"""Assessment plans and plans of action: valid by the official schemas, the same for the same."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from assessment_samples import ACTIONS, FRAME, NOW, ODD, PLAN, WEAK
from official import fits
from oscal_samples import needs_schemas

from cyberposture.errors import WrongState
from cyberposture.exchange.oscal.frame import VERSIONS
from cyberposture.exchange.oscal.plan_out import plan_document
from cyberposture.exchange.oscal.poam_out import Mark, poam_document
from cyberposture.exchange.oscal.words import encode, find_own


@needs_schemas
@pytest.mark.parametrize(
    "facts",
    [PLAN, replace(PLAN, letters=(), schedules=()), replace(PLAN, asked=(), observed=())],
    ids=["whole", "no letters", "no controls"],
)
def test_plans_are_valid_by_the_official_schema(facts):
    assert fits("assessment-plan", plan_document(facts)) == []


MARKED = replace(WEAK, state="accepted", marks=(Mark("accepted", ODD, NOW, None),))


@needs_schemas
@pytest.mark.parametrize(
    "facts",
    [
        ACTIONS,
        replace(ACTIONS, weaknesses=()),
        replace(ACTIONS, weaknesses=(replace(MARKED, protocol="", port=None, deadline=None),)),
        replace(ACTIONS, measures=()),
    ],
    ids=["whole", "actions alone", "accepted at a host", "findings alone"],
)
def test_plans_of_action_are_valid_by_the_official_schema(facts):
    assert fits("plan-of-action-and-milestones", poam_document(facts)) == []


def test_the_uuid_follows_from_the_content_and_not_from_the_day_of_writing():
    def uuid(facts: Any) -> str:
        return plan_document(facts)["assessment-plan"]["uuid"]

    assert uuid(PLAN) == uuid(replace(PLAN, now=NOW + timedelta(days=1)))
    assert uuid(PLAN) != uuid(replace(PLAN, due=NOW))
    assert encode(plan_document(PLAN)) == encode(plan_document(replace(PLAN)))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_document_names_the_version_that_its_reader_needs(version):
    frame = replace(FRAME, oscal_version=version)
    made = poam_document(replace(ACTIONS, frame=frame))["plan-of-action-and-milestones"]
    assert made["metadata"]["oscal-version"] == version


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, "open"),
        ({"is_proposed": True}, "deviation-requested"),
        ({"state": "accepted"}, "deviation-approved"),
        ({"state": "false-positive"}, "deviation-approved"),
        ({"state": "disputed"}, "investigating"),
    ],
)
def test_the_state_of_a_finding_is_the_status_of_its_risk(changes, status):
    weak = replace(WEAK, **changes)
    made = poam_document(replace(ACTIONS, weaknesses=(weak,)))["plan-of-action-and-milestones"]
    risk = made["risks"][0]
    assert (risk["status"], find_own(risk, "state")) == (status, weak.state)


def test_an_action_is_told_at_its_findings_and_on_its_own():
    made = poam_document(ACTIONS)["plan-of-action-and-milestones"]
    weak, gap = made["risks"]
    assert [one["lifecycle"] for one in weak["remediations"]] == ["recommendation", "planned"]
    assert (gap["status"], gap["deadline"]) == ("remediating", "2027-02-20T09:30:00.001000+00:00")
    related = {one["risk-uuid"] for one in made["poam-items"][1]["related-risks"]}
    assert related == {weak["uuid"], gap["uuid"]}


def test_an_empty_plan_of_action_is_refused():
    with pytest.raises(WrongState, match="nothing is open at calm-harbour-port"):
        poam_document(replace(ACTIONS, weaknesses=(), measures=()))
