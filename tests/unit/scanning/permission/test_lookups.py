"""Permission to look a name up: who gives it, what it covers, and that nobody else can make one."""

import copy
import pickle
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cyberposture.errors import NotAuthorised
from cyberposture.model.lookups import LookupPlan, LookupQuestion
from cyberposture.scanning.permission import lookups
from cyberposture.scanning.permission.lookups import (
    PermittedLookup,
    decide_lookup,
    permit_lookup,
)
from cyberposture.scanning.permission.tickets import issue, verify

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PLAN = LookupPlan(job="job-1", subject="mail-domain", name="example.gov.pk", expected_s=60)


def letter(**changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "id": "A-1",
        "granted": True,
        "valid_from": NOW - timedelta(days=1),
        "valid_until": NOW + timedelta(days=1),
        "withdrawn_at": None,
        "load": 1,
        "scope": [{"name": "example.gov.pk", "subdomains": True}],
        "exclusions": [],
    }
    return {**given, **changes}


def question(*letters: dict[str, Any], **changes: Any) -> LookupQuestion:
    given: dict[str, Any] = {"now": NOW, "expected_s": 60, "name": PLAN.name, "stop": False}
    return LookupQuestion.model_validate(
        {**given, "authorisations": letters or (letter(),), **changes}
    )


def test_a_letter_in_force_that_names_the_name_allows_it() -> None:
    permitted = permit_lookup(PLAN, question())
    assert permitted.authorisation == "A-1"
    assert permitted.plan is PLAN
    assert NOW < permitted.not_after <= NOW + timedelta(seconds=lookups.LONGEST_S)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"granted": False}, "no-authorisation"),
        ({"withdrawn_at": NOW}, "withdrawn"),
        ({"withdrawn_at": NOW + timedelta(seconds=30)}, "withdrawn"),
        ({"valid_from": NOW + timedelta(seconds=1)}, "not-yet-valid"),
        ({"valid_until": NOW}, "expired"),
        ({"valid_until": NOW + timedelta(seconds=59)}, "expired"),
        ({"load": 0}, "load-too-high"),
        ({"scope": [{"name": "other.gov.pk", "subdomains": True}]}, "out-of-scope"),
        ({"scope": [{"name": "mail.example.gov.pk", "subdomains": True}]}, "out-of-scope"),
        ({"scope": [{"name": "gov.pk", "subdomains": False}]}, "out-of-scope"),
        ({"scope": [{"cidr": "192.0.2.0/24", "ports": None, "special_allowed": True}]},
         "out-of-scope"),
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_its_reason(changes: dict[str, Any], reason: str) -> None:
    answer = decide_lookup(question(letter(**changes)))
    assert (answer.decision, answer.reason, answer.authorisation) == ("deny", reason, None)
    with pytest.raises(NotAuthorised) as refused:
        permit_lookup(PLAN, question(letter(**changes)))
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    "scope",
    [
        [{"name": "example.gov.pk", "subdomains": False}],
        [{"name": "gov.pk", "subdomains": True}],
        [{"name": "EXAMPLE.gov.PK", "subdomains": False}],
    ],
)
def test_the_name_itself_or_a_parent_with_all_below_it_is_enough(scope: list[Any]) -> None:
    assert decide_lookup(question(letter(scope=scope))).decision == "allow"


def test_a_stop_wins_over_every_letter() -> None:
    assert decide_lookup(question(stop=True)).reason == "stopped"


def test_one_letter_that_allows_is_enough_and_otherwise_the_furthest_speaks() -> None:
    poor, good = letter(id="A-0", load=0), letter()
    assert decide_lookup(question(poor, good)).authorisation == "A-1"
    late = letter(id="A-2", valid_until=NOW)
    assert decide_lookup(question(late, poor)).reason == "load-too-high"


def test_a_question_about_another_name_or_a_shorter_time_permits_nothing() -> None:
    with pytest.raises(NotAuthorised, match="another lookup"):
        permit_lookup(PLAN, question(name="www.example.gov.pk"))
    with pytest.raises(NotAuthorised, match="another lookup"):
        permit_lookup(PLAN, question(expected_s=30))


def test_nobody_else_makes_a_permitted_lookup_or_copies_one() -> None:
    with pytest.raises(TypeError):
        PermittedLookup(object(), PLAN, "A-1", NOW)
    with pytest.raises(TypeError):
        type("Mine", (PermittedLookup,), {})
    permitted = permit_lookup(PLAN, question())
    for copied in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError):
            copied(permitted)
    with pytest.raises(AttributeError):
        permitted.plan = PLAN


def test_a_ticket_holds_for_just_this_lookup_and_not_for_long() -> None:
    key = b"k" * 32
    ticket = issue(key, permit_lookup(PLAN, question()))
    verify(key, ticket, PLAN, NOW)
    wider = PLAN.model_copy(update={"name": "other.gov.pk"})
    with pytest.raises(NotAuthorised):
        verify(key, ticket, wider, NOW)
    with pytest.raises(NotAuthorised):
        verify(key, ticket, PLAN, NOW + timedelta(seconds=lookups.LONGEST_S))


def test_a_lookup_names_no_address_of_anybody() -> None:
    with pytest.raises(ValueError, match="at most 0 items"):
        LookupPlan(job="j", subject="domain", name="example.gov.pk", targets=("192.0.2.1",))
