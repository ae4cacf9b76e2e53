"""Assessment plans and plans of action: valid by the official schemas, the same for the same."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from official import fits
from oscal_samples import needs_schemas

from cyberposture.errors import WrongState
from cyberposture.exchange.oscal.frame import VERSIONS, Frame
from cyberposture.exchange.oscal.plan_out import Engagement, PlanFacts, Planned, plan_document
from cyberposture.exchange.oscal.poam_out import (
    ActionFacts,
    Mark,
    Measure,
    Weakness,
    poam_document,
)
from cyberposture.exchange.oscal.words import encode, find_own

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
SHA = "cd" * 32
ODD = " a\n=1+1 *bold* <b>"
"""A text as people may leave it."""
FRAME = Frame("calm-harbour-port", ODD, "harbour", "1", SHA, "cyberposture 1")
LETTER = Engagement(
    reference="A/1", valid_from=NOW, valid_until=NOW + timedelta(days=9), withdrawn_at=NOW,
    is_granted=True, load=3, load_words="light probing.", scope=("203.0.113.0/24, all ports",),
    exclusions=(), techniques=("tcp-ports",), letter_sha256=SHA, terms_sha256=SHA,
)  # fmt: skip
SCHEDULES = (
    Planned("nightly", "cron", "0 2 * * *", "Asia/Karachi", NOW, is_for_all=False),
    Planned("weekly", "interval", "604800", "UTC", None, is_for_all=True),
    Planned("once", "date", "2026-12-01T00:00:00+05:00", "UTC", NOW, is_for_all=False),
)
PLAN = PlanFacts(
    frame=FRAME, round="autumn", title=ODD, opens=NOW, due=NOW + timedelta(days=30), now=NOW,
    asked=("GOV-01", "IAM-09"), observed=("IAM-09", "NET-01"), letters=(LETTER,),
    schedules=SCHEDULES,
)  # fmt: skip
WEAK = Weakness(
    code="f-1", check="tls.modern", title=ODD, why=ODD, remedy="", severity="high", state="open",
    says=ODD, address="2001:db8::7", protocol="tcp", port=443, first_seen=NOW, last_seen=NOW,
    deadline=NOW + timedelta(days=7), is_proposed=False, marks=(),
)  # fmt: skip
MEASURE = Measure(
    code="i-1", what=ODD, controls=("GOV-01",), findings=("f-1", "f-gone"), keeper="The office",
    due=NOW + timedelta(days=90), budget=ODD, progress="under-way", note="half of it",
)  # fmt: skip
ACTIONS = ActionFacts(FRAME, "autumn", NOW, (WEAK,), (MEASURE,))


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
    assert (gap["status"], gap["deadline"]) == ("remediating", "2027-02-20T09:30:00+00:00")
    related = {one["risk-uuid"] for one in made["poam-items"][1]["related-risks"]}
    assert related == {weak["uuid"], gap["uuid"]}


def test_an_empty_plan_of_action_is_refused():
    with pytest.raises(WrongState, match="nothing is open at calm-harbour-port"):
        poam_document(replace(ACTIONS, weaknesses=(), measures=()))
