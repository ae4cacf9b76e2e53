"""Only the gate makes a permitted plan, and only when every pair of the plan is allowed."""

import copy
import pickle
from datetime import datetime
from typing import Any

import pytest
from gate_samples import NOON, a_chunk, a_plan, an_authorisation, cidr, daily
from pydantic import ValidationError

from cyberposture.errors import Denied, NotAuthorised, Refused, WrongUsage
from cyberposture.model.gate import ChunkQuestion, GateAnswer
from cyberposture.scanning.permission.gate import GateContext, PermittedPlan, permit, sift

LAST_NOON = "2026-05-07T12:10:00+00:00"
"""A day after the expected end: no permission lives longer."""


def authorisation(identity: str = "A-1", **changes: Any) -> dict[str, Any]:
    narrow = {
        "scope": [cidr("39.32.10.0/28", [22, 80])],
        "exclusions": ["39.32.10.9/32"],
    }
    return an_authorisation(identity, **(narrow | changes))


def question(*authorisations: dict[str, Any], **changes: Any) -> ChunkQuestion:
    return a_chunk(*(authorisations or (authorisation(),)), **changes)


def test_a_plan_of_which_every_pair_is_allowed_is_permitted() -> None:
    permitted = permit(a_plan(), question())
    assert permitted.plan == a_plan()
    assert permitted.authorisation == "A-1"
    assert permitted.answer == GateAnswer(decision="allow", reason="allowed", authorisation="A-1")
    assert permitted.decided_at == datetime.fromisoformat(NOON)


def test_one_denied_pair_refuses_the_whole_plan_and_is_told_with_the_others() -> None:
    targets = ["39.32.10.7", "39.32.10.9", "39.32.11.1"]
    with pytest.raises(Refused) as caught:
        permit(a_plan(targets=targets, ports=[22]), question(targets=targets, ports=[22]))
    assert caught.value.denied == (
        Denied("39.32.10.9", 22, "excluded"),
        Denied("39.32.11.1", 22, "out-of-scope"),
    )
    assert caught.value.reason == "excluded"
    assert str(caught.value) == "excluded: 39.32.10.9 port 22 and 1 more"
    assert caught.value.advice()


def test_a_refused_request_for_all_ports_says_so() -> None:
    with pytest.raises(Refused, match=r"^port-not-allowed: 39\.32\.10\.7 all ports$"):
        permit(
            a_plan(targets=["39.32.10.7"], ports=None, load=4),
            question(targets=["39.32.10.7"], ports=None, load=4),
        )


@pytest.mark.parametrize(
    "changes",
    [
        {"targets": ["39.32.10.7"]},
        {"targets": ["39.32.10.8", "39.32.10.7"]},
        {"ports": [22]},
        {"ports": None},
        {"protocol": "udp"},
        {"load": 2},
        {"load": 4},
        {"name": "example.org"},
        {"resolved": ["39.32.10.7"]},
        {"expected_s": 599},
    ],
)
def test_a_question_about_anything_but_the_plan_permits_nothing(changes: dict[str, Any]) -> None:
    with pytest.raises(NotAuthorised, match="plan-mismatch"):
        permit(a_plan(), question(**changes))


def test_a_plan_may_take_less_time_than_was_asked_for() -> None:
    assert permit(a_plan(expected_s=10), question()).not_after


def test_a_technique_is_not_permitted_under_a_smaller_load_than_its_own() -> None:
    with pytest.raises(NotAuthorised, match=r"plan-mismatch: .*technique"):
        permit(a_plan(load=2), question(load=2))
    with pytest.raises(NotAuthorised, match=r"plan-mismatch: .*technique"):
        permit(a_plan(technique="udp-ports"), question())
    with pytest.raises(WrongUsage, match="no technique"):
        permit(a_plan(technique="no-such-technique"), question())


def test_a_chunk_that_no_single_authorisation_covers_is_sifted_first() -> None:
    first = authorisation("A-1", exclusions=[])
    second = authorisation(
        "A-2",
        scope=[cidr("39.32.0.0/16", [80, 443])],
        exclusions=["39.32.10.9/32"],
    )
    targets = ["39.32.10.7", "39.32.10.8", "39.32.10.9", "39.32.20.1"]
    asked = question(first, second, targets=targets, ports=[22, 80, 443])
    sifted = sift(asked)
    assert [(one, part.targets, part.ports) for one, part in sifted.allowed] == [
        ("A-1", ("39.32.10.7", "39.32.10.8"), (22, 80)),
        ("A-2", ("39.32.10.7", "39.32.10.8"), (443,)),
        ("A-2", ("39.32.20.1",), (80, 443)),
    ]
    assert sifted.denied == (
        Denied("39.32.10.9", 22, "excluded"),
        Denied("39.32.10.9", 80, "excluded"),
        Denied("39.32.10.9", 443, "excluded"),
        Denied("39.32.20.1", 22, "port-not-allowed"),
    )
    for identity, part in sifted.allowed:
        narrowed = a_plan(targets=part.targets, ports=part.ports)
        assert permit(narrowed, part).authorisation == identity
    together = a_plan(targets=targets[:2], ports=[22, 443])
    with pytest.raises(NotAuthorised, match=r"several-authorisations: .* A-1, A-2 "):
        permit(together, question(first, second, targets=targets[:2], ports=[22, 443]))


def test_all_ports_of_a_target_are_sifted_as_one() -> None:
    whole = authorisation(load=4, scope=[cidr("39.32.10.0/24")])
    sifted = sift(question(whole, ports=None, load=4))
    assert [(part.targets, part.ports) for _, part in sifted.allowed] == [
        (("39.32.10.7", "39.32.10.8"), None)
    ]


@pytest.mark.parametrize(
    ("terms", "changes", "expected"),
    [
        ({}, {}, LAST_NOON),
        ({}, {"windows": [daily("11:00", 7200)]}, "2026-05-06T13:00:00+00:00"),
        ({}, {"windows": [daily("00:00", 86400)]}, LAST_NOON),
        ({"valid_until": "2026-05-06T12:30:00Z"}, {}, "2026-05-06T12:30:00+00:00"),
        ({"withdrawn_at": "2026-05-06T12:20:00Z"}, {}, "2026-05-06T12:20:00+00:00"),
        (
            {"valid_until": "2026-05-06T12:30:00Z"},
            {"windows": [daily("11:00", 7200)]},
            "2026-05-06T12:30:00+00:00",
        ),
        (
            {},
            {
                "blackouts": [
                    {"from": "2026-05-01T00:00:00Z", "until": "2026-05-02T00:00:00Z"},
                    {"from": "2026-05-06T16:00:00Z", "until": "2026-05-07T00:00:00Z"},
                    {"from": "2026-05-06T14:00:00Z", "until": "2026-05-06T15:00:00Z"},
                ]
            },
            "2026-05-06T14:00:00+00:00",
        ),
    ],
)
def test_work_must_end_with_its_window_validity_withdrawal_or_before_a_blackout(
    terms: dict[str, Any], changes: dict[str, Any], expected: str
) -> None:
    permitted = permit(a_plan(), question(authorisation(**terms), **changes))
    assert permitted.not_after == datetime.fromisoformat(expected)


def test_an_authorisation_that_was_not_asked_about_gives_no_time() -> None:
    with pytest.raises(NotAuthorised, match="no-authorisation"):
        GateContext(question()).not_after("A-9")


def test_nobody_else_can_make_change_copy_or_store_a_permitted_plan() -> None:
    permitted = permit(a_plan(), question())
    with pytest.raises(TypeError, match=r"ask permission\.gate\.permit"):
        PermittedPlan(object(), a_plan(), "A-1", permitted.decided_at, permitted.not_after)
    with pytest.raises(TypeError, match="final"):
        type("Forged", (PermittedPlan,), {})
    with pytest.raises(AttributeError):
        permitted.plan = a_plan(targets=["39.99.0.1"])
    with pytest.raises(AttributeError):
        del permitted.not_after
    with pytest.raises(AttributeError):
        permitted.note = "x"
    for copying in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="ask the gate again"):
            copying(permitted)


@pytest.mark.parametrize(
    "changes",
    [
        {"targets": []},
        {"targets": ["39.32.10.7", "39.32.10.7"]},
        {"targets": ["39.32.10.07"]},
        {"targets": ["example.org"]},
        {"targets": ["39.32.10.7 -oN x"]},
        {"targets": ["2400:CB00::1"]},
        {"targets": ["::ffff:2720:a07"]},
        {"targets": ["39.32.10.0/28"]},
        {"ports": []},
        {"ports": [22, 22]},
        {"ports": [0]},
        {"ports": [True]},
        {"load": 5},
        {"name": "a b"},
        {"expected_s": 0},
        {"job": "a/b"},
        {"technique": "Tcp Ports"},
        {"parameters": {"rate": 1.5}},
        {"parameters": {"rate": True}},
        {"parameters": {"rate": 10**7}},
        {"parameters": {"path": "/\n"}},
        {"parameters": {"path": "é"}},
        {"parameters": {"path": "x" * 257}},
        {"parameters": {"--script": "x"}},
        {"note": "x"},
    ],
)
def test_a_plan_holds_nothing_but_canonical_targets_and_bounded_values(
    changes: dict[str, Any],
) -> None:
    with pytest.raises(ValidationError):
        a_plan(**changes)


def test_a_plan_keeps_its_bounded_parameters() -> None:
    assert a_plan(parameters={"tls": 1, "path": "/"}).parameters == {"tls": 1, "path": "/"}


@pytest.mark.parametrize("changes", [{"targets": []}, {"ports": []}, {"target": "39.32.10.7"}])
def test_a_chunk_without_pairs_cannot_be_asked_for(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        question(**changes)
