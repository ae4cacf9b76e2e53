"""Who runs the portal, and whom to call, stands on its pages in the reader's language."""

from dataclasses import replace

import pytest
from browser import Browser

from cyberposture.model.operating_body import OperatingBody
from cyberposture.services.reports.report import render_report
from cyberposture.services.reports.subjects import About
from cyberposture.web.app import make_app
from cyberposture.web.surroundings import COOKIE

BODY = OperatingBody("Hill <CERT>", "پہاڑی CERT", "051 000 0000", "ask@hill.example")


@pytest.fixture(scope="module")
def named(world):
    return replace(world.runtime, register=replace(world.register, body=BODY))


@pytest.mark.parametrize(("language", "name"), [("en", "Hill &lt;CERT&gt;"), ("ur", "پہاڑی CERT")])
def test_every_page_says_who_runs_it_and_home_says_whom_to_call(world, named, language, name):
    browser = Browser(make_app(named))
    cookies = {COOKIE: world.session_of(world.person_of("institution-lead")), "language": language}
    home = browser.ask("GET", "/", cookies=cookies).text
    door = browser.ask("GET", "/sign-in", cookies={"language": language}).text
    browser.close()
    said = f'<bdi dir="auto">{name}</bdi>'
    for page in (home, door):
        assert page.count(said) >= 2  # beside the brand, and at the foot
        assert '<bdi dir="ltr">051 000 0000</bdi> · <bdi dir="ltr">ask@hill.example</bdi>' in page
    assert home.count(said) > door.count(said)


def test_without_a_name_pages_speak_of_the_national_cert(world):
    browser = Browser(world.app)
    door = browser.ask("GET", "/sign-in").text
    browser.close()
    assert "This portal is run by the central CERT<" in door


def test_a_report_says_by_whom_it_is_issued_when_it_is_made(world, named):
    def made(runtime):
        renderer = make_app(runtime).state.portal.renderer
        return render_report(runtime.register, renderer, "exposure", "cert", About())

    assert 'Issued by <bdi dir="auto">Hill &lt;CERT&gt;</bdi>' in made(named)
    assert "Issued by the central CERT" in made(world.runtime)
