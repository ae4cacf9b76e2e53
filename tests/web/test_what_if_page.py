"""What if: a lead imagines steps and levels and reads the score; nothing of it is kept."""

import re
from html import unescape

import pytest
from browser import Browser
from world import OWN, settle

from cyberposture.services.scores.what_if import look_ahead
from cyberposture.web.surroundings import COOKIE

AT = f"/institutions/{OWN}/what-if"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = settle(tmp_path_factory.mktemp("what-if"))
    yield made
    made.runtime.close()


@pytest.fixture
def portal(world):
    browser = Browser(world.app)
    yield browser
    browser.close()


@pytest.fixture
def lead(world):
    return {COOKIE: world.session_of(world.person_of("institution-lead"))}


def text_of(page) -> str:
    assert page.status == 200, page.text
    return unescape(re.sub(r"<[^>]+>", " ", page.text))


def test_nothing_imagined_shows_the_score_as_it_is(world, portal, lead):
    said = text_of(portal.ask("GET", AT, cookies=lead))
    assert "Nothing here is real, and nothing is kept." in said
    assert "Nothing is imagined yet." in said
    steps = look_ahead(world.register, OWN, steps=(), levels={}).steps
    checks = {check for one in steps for check in one.step.checks}
    assert checks and not any(check in said for check in checks)  # they are called by their titles


def test_a_ticked_step_shows_what_the_score_would_be(world, portal, lead):
    found = look_ahead(world.register, OWN, steps=(), levels={})
    first = found.steps[0]
    said = text_of(portal.ask("GET", f"{AT}?step={first.key}", cookies=lead))
    then = look_ahead(world.register, OWN, steps={first.key}, levels={}).then
    assert then.verified == first.step.verified
    assert f"{then.verified // 100}.{then.verified % 100 // 10} (+" in said


def test_levels_of_several_domains_are_kept_in_the_address(world, portal, lead):
    now = look_ahead(world.register, OWN, steps=(), levels={})
    first = now.controls[0].control
    other = next(one.control for one in now.controls if one.control.domain != first.domain)
    asked = f"{AT}?domain={other.domain}&{first.id}=3&{other.id}=3"
    page = portal.ask("GET", asked, cookies=lead)
    assert f'<input type="hidden" name="{first.id}" value="3">' in page.text
    assert f'<select id="{other.id}" name="{other.id}"' in page.text
    assert f'<input type="hidden" name="{other.id}"' not in page.text
    then = look_ahead(world.register, OWN, steps=(), levels={first.id: 3, other.id: 3})
    assert (then.then.verified or 0) > (now.now.verified or 0)
    assert then.now == now.now


@pytest.mark.parametrize(
    "asked", ["step=nothing", "GOV-01=7", "NOT-01=2", "GOV-01=x&domain=ZZZ", "level=3&" * 500]
)
def test_what_is_not_offered_changes_nothing(world, portal, lead, asked):
    assert "Nothing is imagined yet." in text_of(portal.ask("GET", f"{AT}?{asked}", cookies=lead))


def test_nothing_is_kept(world, portal, lead):
    before = _rows(world)
    portal.ask("GET", f"{AT}?GOV-01=3&domain=GOV", cookies=lead)
    assert _rows(world) == before


def _rows(world) -> object:
    with world.register.reading() as connection:
        tables = ("answers", "scores", "audit_entries")
        counts = [f"SELECT count(*) FROM {one}" for one in tables]
        return [connection.exec_driver_sql(one).scalar() for one in counts]


def test_only_a_lead_may_imagine(world, portal):
    signatory = {COOKIE: world.session_of(world.person_of("signatory"))}
    assert portal.ask("GET", AT, cookies=signatory).status in (403, 404)
