"""The table of roles and actions: what is not in it is denied, and every route asks it."""

from datetime import UTC, datetime
from itertools import product
from typing import get_args

import pytest
from fastapi.routing import APIRoute

from cyberposture.model.people import Membership, Role
from cyberposture.web.access import ACCESS, Action, may
from cyberposture.web.pages import find_routers
from cyberposture.web.surroundings import Allowed

FOR_ANYBODY = {
    "/healthz",
    "/metrics",
    "/sign-in",
    "/sign-in/key",
    "/sign-in/key/shown",
    "/sign-in/sso",
    "/sign-in/sso/back",
    "/sign-in/code",
    "/come-in/{token}",
    "/come-in/{token}/sso",
    "/come-in/{token}/confirm",
    "/language/{code}",
    "/style/reports.css",
    "/consultations",
    "/consultations/{consultation}",
    "/consultations/{consultation}/on/{control}",
    "/consultations/{consultation}/received/{comment}",
    "/consultations/{consultation}/comments",
    "/consultations/{consultation}/report",
}
"""What is open before anybody signed in; an invitation is guarded by its own secret."""
ROUTES = [
    route for router in find_routers() for route in router.routes if isinstance(route, APIRoute)
]


def held(role: Role, institution: str | None) -> Membership:
    return Membership(person="a-person", role=role, institution=institution,
                      valid_from=datetime(2026, 1, 1, tzinfo=UTC))  # fmt: skip


def declared(route: APIRoute) -> list[str]:
    """Return the actions that a route's dependencies ask for."""
    found = [one.call for one in route.dependant.dependencies]
    return [one.action for one in found if isinstance(one, Allowed)]


@pytest.mark.parametrize("route", ROUTES, ids=lambda r: f"{'-'.join(sorted(r.methods))}{r.path}")
def test_every_route_declares_its_one_action_or_is_open_to_anybody(route):
    if route.path in FOR_ANYBODY:
        assert declared(route) == []
    else:
        assert len(declared(route)) == 1
        assert declared(route)[0] in ACCESS


def test_every_action_of_the_table_is_named_and_no_other():
    assert set(ACCESS) == set(get_args(Action))


@pytest.mark.parametrize(("role", "action"), list(product(get_args(Role), get_args(Action))))
def test_a_role_at_one_institution_opens_nothing_at_another(role, action):
    memberships = [held(role, "hill-water")]
    reach = ACCESS[action].get(role)
    assert may(memberships, action, "hill-water") is (reach in ("own", "all"))
    assert may(memberships, action, "meadow-water") is (reach == "all")
    assert may(memberships, action) is (reach is not None)


def test_without_a_role_nothing_is_open():
    assert not any(may([], action, place) for action in ACCESS for place in (None, "hill-water"))


def test_a_reviewer_reaches_the_institutions_that_were_assigned_and_no_other():
    pool = [held("reviewer", None)]
    assert may(pool, "review", "hill-water", assigned=["hill-water"])
    assert not may(pool, "review", "hill-water", assigned=["meadow-water"])
    assert not may([held("institution-lead", "hill-water")], "review", "hill-water",
                   assigned=["hill-water"])  # fmt: skip


def test_a_regulator_reaches_its_own_sector_and_no_other():
    regulator = [held("sector-regulator", None).model_copy(update={"sector": "water"})]
    assert may(regulator, "see-findings", "hill-water", sectors=["power", "water"])
    assert not may(regulator, "see-findings", "grid", sectors=["power"])
    assert not may(regulator, "see-sector-results", sectors=["power"])
    assert may(regulator, "see-sector-results")
    assert not may(regulator, "answer", "hill-water", sectors=["water"])


def test_a_role_at_the_centre_reaches_institutions_only_where_the_table_says_all():
    assert may([held("cert-administrator", None)], "see-answers", "hill-water")
    assert not may([held("institution-lead", None)], "answer", "hill-water")


@pytest.mark.parametrize("role", sorted(set(get_args(Role)) - set(ACCESS["answer"])))
def test_nobody_but_the_institution_answers(role):
    assert not may([held(role, "hill-water")], "answer", "hill-water")
    assert not may([held(role, None)], "answer", "hill-water")
