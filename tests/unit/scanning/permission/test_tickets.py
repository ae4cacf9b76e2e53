"""A job ticket proves one plan for a short time, and nothing else."""

import base64
import hmac
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from gate_samples import NOON, a_chunk, a_plan, an_authorisation

from cyberposture.errors import NotAuthorised, WrongUsage
from cyberposture.model.plans import Plan
from cyberposture.scanning.permission.gate import PermittedPlan, permit
from cyberposture.scanning.permission.tickets import issue, plan_digest, verify

KEY = bytes(range(32))
NOW = datetime.fromisoformat(NOON)


def plan(**changes: Any) -> Plan:
    one = {"targets": ["39.32.10.7"], "resolved": [], "parameters": {"rate": 5}}
    return a_plan(**(one | changes))


def permitted() -> PermittedPlan:
    ours = an_authorisation(valid_until="2026-05-06T13:00:00Z")
    return permit(plan(), a_chunk(ours, targets=["39.32.10.7"]))


def test_a_ticket_is_good_for_its_plan_until_the_permission_ends() -> None:
    ticket = issue(KEY, permitted())
    verify(KEY, ticket, plan(), NOW)
    verify(KEY, ticket, plan(), NOW + timedelta(hours=1, microseconds=-1))
    with pytest.raises(NotAuthorised, match="bad-ticket: it was good until 2026-05-06T13:00:00"):
        verify(KEY, ticket, plan(), NOW + timedelta(hours=1))


@pytest.mark.parametrize(
    "changes",
    [
        {"job": "job-2"},
        {"technique": "service-versions"},
        {"protocol": "udp"},
        {"targets": ["39.32.10.8"]},
        {"targets": ["39.32.10.7", "39.32.10.8"]},
        {"ports": [22, 80, 443]},
        {"ports": None},
        {"load": 4},
        {"name": "example.org"},
        {"resolved": ["39.32.10.7"]},
        {"expected_s": 601},
        {"parameters": {"rate": 6}},
        {"parameters": {}},
    ],
)
def test_a_ticket_does_not_stand_for_a_plan_that_was_changed(changes: dict[str, Any]) -> None:
    with pytest.raises(NotAuthorised, match="bad-ticket: it was issued for another plan"):
        verify(KEY, issue(KEY, permitted()), plan(**changes), NOW)


def test_a_ticket_of_another_key_is_refused() -> None:
    with pytest.raises(NotAuthorised, match="bad-ticket: its seal is not ours"):
        verify(bytes(32), issue(KEY, permitted()), plan(), NOW)


def test_claims_that_were_rewritten_are_refused() -> None:
    claims, seal = issue(KEY, permitted()).split(".")
    said = json.loads(base64.urlsafe_b64decode(claims))
    assert said["plan"] == plan_digest(plan())
    said["not_after"] = "2036-01-01T00:00:00+00:00"
    longer = base64.urlsafe_b64encode(json.dumps(said).encode()).decode()
    with pytest.raises(NotAuthorised, match="bad-ticket: its seal is not ours"):
        verify(KEY, f"{longer}.{seal}", plan(), NOW)


@pytest.mark.parametrize(
    "ticket", ["", ".", "x", "a.b.c", "!!!!.AAAA", "AAAA.AAAA", "é.é", "\ud800.", "." * 1000]
)
def test_what_is_no_ticket_is_refused_as_one(ticket: str) -> None:
    with pytest.raises(NotAuthorised, match="bad-ticket"):
        verify(KEY, ticket, plan(), NOW)


def test_a_sealed_text_of_another_edition_is_refused() -> None:
    claims = b'{"ticket":2}'
    parts = (claims, hmac.digest(KEY, claims, "sha256"))
    ticket = ".".join(base64.urlsafe_b64encode(part).decode() for part in parts)
    with pytest.raises(NotAuthorised, match="bad-ticket: it is of another edition"):
        verify(KEY, ticket, plan(), NOW)


def test_a_short_key_is_refused_before_anything_is_sealed_or_opened() -> None:
    with pytest.raises(WrongUsage, match="at least 32 bytes"):
        issue(KEY[:31], permitted())
    with pytest.raises(WrongUsage, match="at least 32 bytes"):
        verify(b"", issue(KEY, permitted()), plan(), NOW)
