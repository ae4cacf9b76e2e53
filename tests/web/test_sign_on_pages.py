"""Single sign-on through the pages: there and back again, with a real provider on loopback."""

import re
import sys
from dataclasses import replace
from pathlib import Path

import pyotp
import pytest
from browser import Browser
from world import OWN

from cyberposture.services.people import memberships, signing_in
from cyberposture.services.people.memberships import Given, Invitation
from cyberposture.web.app import make_app
from cyberposture.web.surroundings import COOKIE

sys.path.insert(0, str(Path(__file__).parents[1] / "services"))  # the little provider

from issuer import CLIENT, SECRET, Issuer

pytestmark = pytest.mark.loopback


@pytest.fixture(scope="module")
def issuer():
    made = Issuer()
    yield made
    made.close()


@pytest.fixture
def portal(world, issuer, tmp_path):
    """The world's portal, with a house that people may come in by."""
    secret = tmp_path / "secret"
    secret.write_text(f"{SECRET}\n")
    settings = world.runtime.settings.model_copy(
        update={"sso_issuer": issuer.address, "sso_client": CLIENT, "sso_secret_file": secret}
    )
    browser = Browser(make_app(replace(world.runtime, settings=settings)))
    yield browser
    browser.close()


def cookies_of(answer):
    return {one.partition("=")[0]: one.partition("=")[2].partition(";")[0]
            for one in answer.set_cookies}  # fmt: skip


def there_and_back(portal, issuer, path):
    """Go to the other house, be let in there, and return what our page then says."""
    begun = portal.ask("GET", path)
    assert begun.status == 303 and begun.headers["location"].startswith(issuer.address)
    assert all("SameSite=lax" in one and "HttpOnly" in one for one in begun.set_cookies)
    back = issuer.visit(begun.headers["location"])
    address = f"/sign-in/sso/back?code={back['code']}&state={back['state']}"
    return portal.ask("GET", address, cookies=cookies_of(begun)), address


def invited(world, code):
    asked = Invitation(code, f"{code} (invented)", Given("observer", OWN))
    return memberships.invite_person(world.register, asked)


def test_an_invitation_is_taken_up_and_the_door_opens_without_a_password(world, portal, issuer):
    link = invited(world, "f-far")
    issuer.subject, issuer.says = "far-away", {"amr": ["mfa"]}
    assert f"/come-in/{link}/sso" in portal.ask("GET", f"/come-in/{link}").text
    taken, _ = there_and_back(portal, issuer, f"/come-in/{link}/sso")
    assert taken.status == 200 and len(re.findall(r"[0-9a-f]{5}-[0-9a-f]{5}", taken.text)) == 10
    assert "/sign-in/sso" in portal.ask("GET", "/sign-in").text
    opened, _ = there_and_back(portal, issuer, "/sign-in/sso")
    session = cookies_of(opened)[COOKIE]
    assert signing_in.find_signed_in(world.register, session).person == "f-far"
    assert 'http-equiv="refresh"' in opened.text and opened.status == 200


def test_without_two_factors_there_ours_is_asked_here(world, portal, issuer):
    link = invited(world, "w-weak")
    issuer.subject, issuer.says = "weak", {}
    taken, _ = there_and_back(portal, issuer, f"/come-in/{link}/sso")
    seed = "".join(re.findall(r"<span>([A-Z2-7]{4})</span>", taken.text))
    assert COOKIE not in cookies_of(taken)
    confirmed = portal.ask(
        "POST", f"/come-in/{link}/confirm", form={"code": pyotp.TOTP(seed).now()}
    )
    assert confirmed.status == 200 and COOKIE in cookies_of(confirmed)
    asked, _ = there_and_back(portal, issuer, "/sign-in/sso")
    step = re.search(r'name="step" value="([^"]+)"', asked.text).group(1)
    wrong = portal.ask("POST", "/sign-in/code", form={"step": step, "code": "000000"})
    assert wrong.status == 403 and wrong.set_cookies == ()


def test_a_stranger_and_a_foreign_browser_are_told_what_to_do_next(world, portal, issuer):
    issuer.subject, issuer.says = "nobody-knows", {"amr": ["mfa"]}
    refused, address = there_and_back(portal, issuer, "/sign-in/sso")
    assert refused.status == 403 and "Open your invitation link once more" in refused.text
    assert portal.ask("GET", address).status == 403  # without the cookie of that browser
    assert portal.ask("GET", "/sign-in/sso/back").status == 403


def test_where_no_house_is_named_there_is_no_such_page(world):
    plain = Browser(world.app)
    assert plain.ask("GET", "/sign-in/sso").status == 404
    assert "/sign-in/sso" not in plain.ask("GET", "/sign-in").text
    plain.close()
