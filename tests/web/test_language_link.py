"""The link to the other language leads to a page, or is not there: also below answers to forms."""

import re
from urllib.parse import unquote

import pytest
from browser import Answer, Browser
from test_every_route import GUARDED, ask, is_open
from world import FORM_KEY, OWN, ROLES

from cyberposture.services.people import memberships
from cyberposture.web.surroundings import COOKIE

LINK = re.compile(r'href="/language/\w+\?to=([^"]+)"')


@pytest.fixture(scope="module")
def portal(world):
    browser = Browser(world.app)
    yield browser
    browser.close()


def leads_to(answer: Answer) -> str | None:
    found = LINK.search(answer.text)
    return None if found is None else unquote(found.group(1))


def test_below_every_answer_to_a_form_it_leads_to_a_page_or_is_left_out(world, portal):
    cookies = {role: world.session_of(world.person_of(role)) for role in ROLES}
    lost, seen = [], 0
    for walk in GUARDED:
        role = next((one for one in ROLES if is_open(walk, one, OWN)), None)
        if walk.method != "POST" or role is None or not walk.has_rows(world, OWN):
            continue
        at = leads_to(answer := ask(portal, walk, walk.at(world, OWN), cookies[role]))
        if at is None:
            continue
        seen += 1
        back = portal.ask("GET", at, cookies={COOKIE: cookies[role]})
        if back.status == 404:
            lost.append((walk.path, answer.status, at))
    assert lost == [] and seen > 20


def test_what_is_shown_once_has_none(world, portal):
    cookie = {COOKIE: world.session_of(world.person_of("institution-lead"))}
    people, tokens = f"/institutions/{OWN}/people", "/account/tokens"
    assert leads_to(portal.ask("GET", people, cookies=cookie)) == people
    about = {"form_key": FORM_KEY, "name": "O. Once"}
    invited = portal.ask("POST", people, cookies=cookie, form=about | {"role": "observer"})
    wanted = about | {"scope": "results", "days": "30"}
    made = portal.ask("POST", tokens, cookies=cookie, form=wanted)
    assert "/come-in/" in invited.text and leads_to(invited) is None
    assert made.status != 200 or leads_to(made) is None


def test_at_the_door_it_leads_back_to_the_step_that_one_is_at(world, portal):
    asked = memberships.Invitation("l-once", "L. Once", memberships.Given("observer", OWN))
    at = f"/come-in/{memberships.invite_person(world.register, asked)}"
    assert leads_to(portal.ask("POST", at, form={"password": "short"})) == at
    shown = portal.ask("POST", at, form={"password": "seven lamps on a quiet quay"})
    assert leads_to(shown) == at
    wrong = portal.ask("POST", f"{at}/confirm", form={"code": "000000"})
    assert wrong.status == 422 and leads_to(wrong) == at
    assert portal.ask("GET", at).status == 200
