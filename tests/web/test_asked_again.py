"""Who signed in long ago shows once more who they are before adding what opens the door."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pyotp
import pytest
import sqlalchemy as sa
from browser import Browser
from test_door_and_people import PASSWORD, Signed, come_in, cookie_of, link_in
from world import OWN, World

from cyberposture.services.people import own_account
from cyberposture.services.people.passwords import digest_of
from cyberposture.store import tables


@pytest.fixture(scope="module")
def portal(world: World) -> Iterator[Browser]:
    browser = Browser(world.app)
    yield browser
    browser.close()


@pytest.fixture
def person(world, portal) -> tuple[Signed, str]:
    """A lead who came in by an invitation, and the seed of their authenticator."""
    first = Signed(portal, world.session_of(world.person_of("cert-administrator")))
    made = first.post("/cert/people", name="A. Gain (invented)", role="institution-lead",
                      institution=OWN)  # fmt: skip
    session, seed = come_in(portal, link_in(made))
    return Signed(portal, session), seed


def age(world: World, signed: Signed, by: timedelta) -> None:
    """Let a session have begun earlier."""
    s = tables.sessions
    with world.register.database.transaction() as connection:
        connection.execute(sa.update(s).where(s.c.token_sha256 == digest_of(signed.cookie)).values(
            started_at=world.register.clock() - by))  # fmt: skip


def key_in(page: str) -> str:
    found = re.search(r'name="form_key" value="([^"]+)"', page)
    assert found is not None
    return found[1]


ADDING = (
    ("/account/authenticators", {"name": "another telephone"}, "/account"),
    ("/account/keys", {"name": "a key"}, "/account"),
    ("/account/codes", {}, "/account"),
    ("/account/tokens", {"name": "our script", "scopes": "read", "days": "9"}, "/account/tokens"),
)


def test_a_fresh_session_adds_and_an_old_one_is_asked_first(world, person):
    signed, _ = person
    key = key_in(signed.get("/account").text)
    assert signed.post("/account/authenticators", key, name="another").status == 303
    age(world, signed, own_account.FRESH + timedelta(seconds=1))
    for path, form, to in ADDING:
        asked = signed.post(path, key, **form)
        assert asked.status == 303, path
        assert asked.headers["location"] == f"/account/again?to={to}"
    shown = signed.get("/account").text
    assert "/account/again?to=/account" in shown and 'action="/account/keys"' not in shown
    assert 'action="/account/tokens"' not in signed.get("/account/tokens").text


def test_whoever_shows_both_goes_on_in_a_new_session_and_the_old_one_is_over(world, portal, person):
    signed, seed = person
    age(world, signed, timedelta(hours=1))
    page = signed.get("/account/again?to=/account/tokens").text
    key, code = key_in(page), pyotp.TOTP(seed).at(world.register.clock() + timedelta(seconds=30))
    for wrong in ({"password": "not this", "code": code}, {"password": PASSWORD, "code": "000000"}):
        refused = signed.post("/account/again", key, to="/account/tokens", **wrong)
        assert refused.status == 422 and "is not right" in refused.text
    done = signed.post("/account/again", key, to="/account/tokens", password=PASSWORD, code=code)
    assert done.status == 303
    assert done.headers["location"].startswith("/account/tokens?done=shown-again")
    again = Signed(portal, cookie_of(done))
    assert 'action="/account/tokens"' in again.get("/account/tokens").text
    assert signed.get("/account").status == 303  # to the door


def test_it_leads_nowhere_but_to_our_own_pages(person):
    signed, _ = person
    page = signed.get("/account/again?to=https://evil.example").text
    assert "evil.example" not in page and 'href="/account"' in page


def test_guessing_there_rests_the_account_as_it_does_at_the_door(world, person):
    signed, seed = person
    key = key_in(signed.get("/account").text)
    for _ in range(6):
        signed.post("/account/again", key, password="guess", code="000000", to="/account")
    code = pyotp.TOTP(seed).at(world.register.clock() + timedelta(seconds=30))
    still = signed.post("/account/again", key, password=PASSWORD, code=code, to="/account")
    assert still.status == 422
