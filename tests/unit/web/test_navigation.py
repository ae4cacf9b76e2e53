"""The one table of places: each leads to a page that its reader may open, in both languages."""

from datetime import UTC, datetime
from typing import get_args

import pytest
from fastapi.routing import APIRoute

from cyberposture.model.people import Membership, Role
from cyberposture.reporting.words import load_words
from cyberposture.web.navigation import BESIDE, FEW, PLACES, menu_for
from cyberposture.web.pages import find_routers
from cyberposture.web.surroundings import HERE, Allowed

FOLDERS = sorted(one for one in (HERE / "words").iterdir() if one.is_dir())
ACTIONS = {
    route.path: [one.call.action for one in route.dependant.dependencies
                 if isinstance(one.call, Allowed)]
    for router in find_routers()
    for route in router.routes
    if isinstance(route, APIRoute) and "GET" in route.methods
}  # fmt: skip


def held(role: Role, institution: str | None) -> Membership:
    return Membership(person="a-person", role=role, institution=institution,
                      valid_from=datetime(2026, 1, 1, tzinfo=UTC))  # fmt: skip


@pytest.mark.parametrize("place", PLACES, ids=lambda one: one.key)
def test_a_place_is_a_page_that_asks_for_the_same_action(place):
    assert ACTIONS[place.path] == [place.action]


@pytest.mark.parametrize("place", PLACES, ids=lambda one: one.key)
@pytest.mark.parametrize("language", ["en", "ur"])
def test_a_place_and_its_group_have_words(place, language):
    keys = load_words([HERE / "words" / "frame", *FOLDERS], language).keys
    assert {f"place.{place.key}", f"group.{place.group}"} <= keys


@pytest.mark.parametrize("role", get_args(Role))
def test_everybody_finds_home_and_nobody_sees_a_place_of_elsewhere(role):
    menu = menu_for([held(role, "hill-water")], "/", None)
    assert [one.path for one in (*menu.groups, *menu.places) if one.is_here][-1] == "/"
    assert not any("meadow" in one.path for one in menu.places)


def test_who_belongs_to_two_institutions_sees_their_places_on_their_pages_alone():
    both = [held("institution-lead", "hill-water"), held("institution-lead", "meadow-water")]
    assert not any("/institutions/" in one.path for one in menu_for(both, "/", None).places)
    menu = menu_for(both, "/institutions/hill-water/x", "hill-water")
    assert not any("meadow" in one.path for one in menu.places)


def test_a_page_beside_a_place_stands_in_its_group():
    for page, at in BESIDE.items():
        assert at in ACTIONS and any(f"{path}/".startswith(f"{page}/") for path in ACTIONS)
        menu = menu_for([held("cert-administrator", None)], f"{page}/x", None)
        assert [one.path for one in menu.places if one.is_here] == [at]


def test_few_places_stand_without_groups():
    menu = menu_for([held("observer", "hill-water")], "/", None)
    assert len(menu.places) <= FEW
    assert menu.groups == ()


@pytest.mark.parametrize("language", ["en", "ur"])
def test_two_places_are_called_alike_only_where_one_is_the_institutions_own(language):
    words = load_words([HERE / "words" / "frame", *FOLDERS], language)
    called: dict[str, set[str]] = {}
    for place in PLACES:
        own = {"questions": "desk-questions", "people": "all-people"}.get(place.key, place.key)
        called.setdefault(str(words.say(f"place.{place.key}")), set()).add(own.removeprefix("own-"))
    assert {label: keys for label, keys in called.items() if len(keys) > 1} == {}
