"""A return is handed back on the administrator's page, and its institution reads why at home."""

import re

import pytest
from browser import Browser
from world import FORM_KEY, OWN, ROUND

from cyberposture.services.assessments import submission
from cyberposture.web.surroundings import COOKIE, LANGUAGE_COOKIE

CASE = f"/cert/assessments/{OWN}/{ROUND}"
LEAD, ADMIN = "p-institution-lead", "p-cert-administrator"
WHY = "the annex <b>is</b> another's"


@pytest.fixture
def ask(world):
    browser = Browser(world.app)

    def send(who, method, at, language="en", **form):
        cookies = {COOKIE: world.session_of(who), LANGUAGE_COOKIE: language}
        sent = {"form_key": FORM_KEY, **form} if method == "POST" else None
        return browser.ask(method, at, form=sent, cookies=cookies)

    yield send
    browser.close()


def test_the_reason_is_the_first_of_the_next_things_until_it_is_handed_in_again(world, ask):
    submission.submit(world.acting(LEAD), OWN, ROUND)
    page = ask(ADMIN, "GET", CASE).text
    assert "Hand the return back to the institution" in page
    steps = {"do": "hand-back", "controls": "gov-01", "reason": ""}
    refused = ask(ADMIN, "POST", f"{CASE}/steps", **steps)
    assert refused.status == 409 and 'id="reason-fault"' in refused.text
    assert ask("p-reviewer", "POST", f"{CASE}/steps", **steps | {"reason": WHY}).status == 403
    assert ask(ADMIN, "POST", f"{CASE}/steps", **steps | {"reason": WHY}).status == 303
    told = ask(ADMIN, "GET", CASE).text
    assert "Handed back to the institution" in told and "GOV-01" in told
    assert "Hand the return back to the institution" not in told
    home = ask(LEAD, "GET", "/").text
    said, why = "the CERT handed it back", "the annex &lt;b&gt;is&lt;/b&gt; another&#39;s (GOV-01)"
    assert why in home
    links = re.findall(rf'href="(/institutions/{OWN}/rounds/{ROUND}[^"]*|/cert[^"]*)"', home)
    tasks = home[home.index("<ol") :]
    assert said in tasks[: tasks.index("</li>")] and links
    urdu = ask(LEAD, "GET", "/", language="ur").text
    assert "CERT نے اسے لوٹا دیا" in urdu
    assert ask(LEAD, "GET", f"/institutions/{OWN}/rounds/{ROUND}/summary").status == 200
    submission.submit(world.acting(LEAD), OWN, ROUND)
    assert said not in ask(LEAD, "GET", "/").text
