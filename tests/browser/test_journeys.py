"""From an empty register to a final result, as the people of every role walk it in a browser.

Nobody touches the register beside the pages: the first administrator comes in by the link that the
program prints, and everybody else by the links that the pages show. One walk is in English with the
script, one in Urdu without it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Browser, Page
from serving import serving

from cyberposture.clock import utc_now
from cyberposture.runtime import Runtime, lay_workspace, open_runtime
from cyberposture.services import setup
from cyberposture.services.people import people
from cyberposture.services.people.first_run import make_first_link
from cyberposture.services.register import Register
from cyberposture.settings import Settings
from cyberposture.web.app import make_app

pytestmark = [pytest.mark.loopback, pytest.mark.acceptance]

PASSWORD = "seven lamps on a quiet quay"
OFFICE, ROUND = "hill-water", "autumn"
AT = f"/institutions/{OFFICE}/rounds/{ROUND}"


class Ahead:
    """A clock that a test may put ahead: half a minute for a new code, ten days for a reply."""

    def __init__(self) -> None:
        self.by = timedelta()

    def __call__(self) -> datetime:
        return utc_now() + self.by


@dataclass
class Somebody:
    """A person before their browser."""

    page: Page
    address: str
    clock: Ahead
    seed: str = ""

    def go(self, path: str) -> None:
        """Open a page, which must be there."""
        answer = self.page.goto(self.address + path)
        assert answer is not None and answer.status == 200, (
            f"{path}: {self.page.inner_text('main')}"
        )

    def fill(self, **fields: str) -> None:
        """Type into the fields with these names, or choose in them."""
        for name, value in fields.items():
            place = self.page.locator(f"[name='{name}']:visible").first
            kind = place.evaluate("one => one.type")
            if kind in ("radio", "checkbox"):
                self.page.locator(f"[name='{name}'][value='{value}']").first.check()
            elif kind == "select-one":
                place.select_option(value)
            else:
                place.fill(value)

    def press(self, action: str, **button: str) -> None:
        """Press the button of the form that is sent there; the answer must be no refusal."""
        form = self.page.locator(f"form[method='post'][action$='{action}']").first
        if button:
            chosen = "".join(
                f":has([name='{name}'][value='{value}'])" for name, value in button.items()
            )
            form = self.page.locator(f"form[method='post'][action$='{action}']{chosen}").first
        if not form.is_visible():
            form.evaluate("one => one.closest('details').open = true")
        named = "".join(f"[name='{name}'][value='{value}']" for name, value in button.items())
        pressed = form.locator(f"button{named}")
        with self.page.expect_navigation() as found:
            (pressed if pressed.count() else form.locator("button")).first.click()
        status = found.value.status
        assert status == 200, f"{action}: {status}: {self.page.inner_text('main')}"

    def follow(self, place: str) -> None:
        """Click what stands there, and wait for the page that it leads to."""
        with self.page.expect_navigation() as found:
            self.page.locator(place).first.click()
        assert found.value.status == 200, f"{place}: {self.page.inner_text('main')}"

    def open(self, action: str) -> None:
        """Unfold what hides the form that is sent there."""
        self.page.locator(f"form[method='post'][action$='{action}']").first.evaluate(
            "one => { const fold = one.closest('details'); if (fold) fold.open = true; }"
        )

    @property
    def text(self) -> str:
        """What the page says."""
        return self.page.inner_text("main")

    def code(self) -> str:
        """Return a code of the second factor that was not used yet."""
        self.clock.by += timedelta(seconds=30)
        return pyotp.TOTP(self.seed).at(self.clock())

    def come_in(self, path: str) -> None:
        """Follow a link: choose a password, make the second key known, see the recovery codes."""
        self.go(path)
        self.fill(password=PASSWORD)
        self.press(path)
        self.seed = "".join(self.page.locator("code.key").inner_text().split())
        self.fill(code=self.code())
        self.press(f"{path}/confirm")
        assert self.page.locator(".codes li").count() == 10
        self.go("/")


@dataclass
class Town:
    """A portal, and everybody who comes to it."""

    browser: Browser
    address: str
    clock: Ahead
    first_link: str
    language: str
    has_script: bool
    people: dict[str, Somebody] = field(default_factory=dict)

    def arrive(self, name: str, link: str) -> Somebody:
        """Let somebody come in by a link, with a browser of their own."""
        context = self.browser.new_context(
            java_script_enabled=self.has_script, viewport={"width": 1024, "height": 700}
        )
        cookie = {"name": "language", "value": self.language, "url": self.address}
        context.add_cookies([cookie])
        page = context.new_page()
        page.set_default_timeout(10_000)
        self.people[name] = somebody = Somebody(page, self.address, self.clock)
        somebody.come_in(link)
        return somebody


def lay(folder: Path, clock: Ahead) -> tuple[Runtime, str]:
    """Lay a register as `init` does it and return it with the first way in."""
    settings = Settings(workspace=folder)
    lay_workspace(settings)
    runtime = open_runtime(settings, "cli", clock)
    register: Register = runtime.register
    people.invite(register, "a-admin", "A. Admin (invented)", "cert-administrator",
                  runtime.key_file_of("a-admin"))  # fmt: skip
    setup.adopt_content(register)
    setup.confirm_empty_deny_list(register)
    first = make_first_link(register)
    assert first is not None
    return runtime, f"/come-in/{first.token}"


@pytest.fixture(params=[("en", True), ("ur", False)], ids=["english", "urdu-without-script"])
def town(request: pytest.FixtureRequest, tmp_path: Path, chromium: Browser) -> Iterator[Town]:
    clock = Ahead()
    runtime, link = lay(tmp_path / "workspace", clock)
    language, has_script = request.param
    with serving(make_app(runtime)) as address:
        yield Town(chromium, address, clock, link, language, has_script)
    runtime.close()


def invite(town: Town, host: Somebody, at: str, name: str, role: str, **more: str) -> Somebody:
    """Invite somebody on a page, and let them come in by the link that it shows."""
    host.go(at)
    host.open(at)
    host.fill(name=f"{name.title()} (invented)", code=name, role=role, **more)
    host.press(at)
    found = re.search(r"/come-in/[\w-]+", host.text)
    assert found is not None, host.text
    return town.arrive(name, found[0])


def begin(town: Town) -> tuple[Somebody, Somebody, Somebody]:
    """Register an institution with its people, open a round, and agree what is asked there."""
    admin = town.arrive("a-admin", town.first_link)
    admin.go("/cert/institutions")
    admin.open("/cert/institutions")
    admin.fill(name="Hill Water (invented)", code=OFFICE, sectors="water", tier="G",
               contacts="Porter, extension 9")  # fmt: skip
    admin.press("/cert/institutions")
    lead = invite(town, admin, "/cert/people", "l-lead", "institution-lead", institution=OFFICE)
    head = invite(town, lead, f"/institutions/{OFFICE}/people", "s-head", "signatory")
    open_round(admin)
    describe(lead, admin)
    return admin, lead, head


def open_round(admin: Somebody) -> None:
    """Open a round, put everybody into its one cohort, and invite them."""
    today = admin.clock().date()
    due = (today + timedelta(days=40)).isoformat()
    admin.go("/cert/rounds")
    admin.fill(code=ROUND, title="Autumn round", due=due, share="10")
    admin.press("/cert/rounds")
    admin.go(f"/cert/rounds/{ROUND}")
    admin.fill(code="all", title="Everybody", begins=today.isoformat(), due=due)
    admin.press("/cohorts")
    admin.press("/waves")


def describe(lead: Somebody, admin: Somebody) -> None:
    """Say what the institution runs, and have that confirmed."""
    lead.go("/")
    lead.follow(f"a[href='{AT}/terms']")
    lead.press(f"{AT}/terms")
    lead.go(f"{AT}/scope")
    lead.fill(service="Drinking water", about="For forty thousand people", feature="web",
              profile="start")  # fmt: skip
    lead.press(f"{AT}/scope", do="send")
    admin.go(f"/cert/scopes/{OFFICE}/{ROUND}")
    admin.press(f"/cert/scopes/{OFFICE}/{ROUND}", do="confirm")


def answer_everything(lead: Somebody, has_script: bool) -> int:
    """Answer every question that has no answer yet, page by page, and return how many."""
    lead.go("/")
    links = lead.page.locator(f"a[href^='{AT}/answers/']")
    pages = sorted({one.get_attribute("href").split("#")[0] for one in links.all()})
    given = 0
    for page in pages:
        lead.go(page)
        for action in [
            one.get_attribute("action") for one in lead.page.locator("form.answer").all()
        ]:
            form = lead.page.locator(f"form[action='{action}']")
            form.locator("input[name^='level'][value='1']").check()
            if has_script:
                form.locator(".saved[data-state='kept']").wait_for()
            else:
                form.locator("[name^='reason']").fill("We looked at it together.")
                form.locator("button.go").click()
            given += 1
    return given


def look_at_what_must_be(reviewer: Somebody) -> int:
    """Review what the desk says must be looked at and is not settled; return how many."""
    at = f"/cert/reviews/{OFFICE}/{ROUND}"
    reviewer.go(at)
    if reviewer.page.locator(f"form[action='{at}/begin']").count():
        reviewer.press(f"{at}/begin")
    rows = reviewer.page.locator("tbody tr:has(td:nth-child(3):not(:text-is('–')))")
    places = [
        one.get_attribute("href")
        for one in rows.filter(has_not=reviewer.page.locator(".badge.good")).locator("a").all()
    ]
    for place in places:
        reviewer.go(place)
        reviewer.fill(level="1", grade="E1", reason="The minutes were shown to us.")
        reviewer.press(place)
    return len(places)


def hand_in(lead: Somebody, head: Somebody) -> None:
    """Have the signatory read and sign, and hand in."""
    lead.go(f"{AT}/summary")
    lead.fill(person="s-head")
    lead.press(f"{AT}/attest-link")
    found = re.search(rf"{AT}/attest/[\w-]+", lead.text)
    assert found is not None, lead.text
    head.go(found[0])
    head.fill(read="yes", code=head.code())
    head.press(found[0])
    lead.go(f"{AT}/summary")
    lead.press(f"{AT}/submit")


def review(town: Town, admin: Somebody) -> None:
    """Let two reviewers who know nothing of the institution look at the claims."""
    at = f"/cert/assessments/{OFFICE}/{ROUND}"
    for name, part in (("r-first", "first"), ("r-second", "second")):
        invite(town, admin, "/cert/people", name, "reviewer")
        admin.go(at)
        row = admin.page.locator("tr", has_text=f"{name.title()} (invented)")
        with admin.page.expect_navigation():
            row.locator(f"button[value='{part}']").click()
    for name in ("r-first", "r-second"):
        assert look_at_what_must_be(town.people[name]) > 5


def conclude(lead: Somebody, admin: Somebody) -> None:
    """Release the result, hear the institution, and make the score final."""
    at = f"/cert/assessments/{OFFICE}/{ROUND}"
    admin.go(at)
    admin.press(f"{at}/steps", do="release")
    lead.go("/")
    lead.follow(f"a[href='{AT}/result']")
    lead.page.locator("form[action$='/result/comments'] textarea#text").fill("The wells are new.")
    lead.follow("form[action$='/result/comments']:has(textarea#text) button")
    assert "The wells are new." in lead.text
    lead.press(f"{AT}/result/no-more")
    admin.go(at)
    admin.press(f"{at}/steps", do="finalise")


def read_reports(town: Town, admin: Somebody, lead: Somebody, head: Somebody) -> None:
    """Let everybody whom the result concerns come in and read it, down to the report."""
    results, everybody = f"/institutions/{OFFICE}/results", "/cert/people"
    observer = invite(town, lead, f"/institutions/{OFFICE}/people", "o-observer", "observer")
    regulator = invite(town, admin, everybody, "g-regulator", "sector-regulator", sector="water")
    minister = invite(town, admin, everybody, "n-minister", "national-observer")
    for somebody, path in ((head, results), (observer, results), (regulator, "/sectors/water"),
                           (minister, "/nation")):  # fmt: skip
        somebody.go(path)
        assert somebody.page.locator(".report").count() == 1
    observer.follow("a[href*='/results/report']")
    assert "Hill Water (invented)" in observer.page.inner_text("h1")
    assert observer.page.locator(f"html[lang={town.language}]").count() == 1


def test_from_an_empty_register_to_the_final_result_and_its_report(town):
    admin, lead, head = begin(town)
    assert answer_everything(lead, town.has_script) > 20
    hand_in(lead, head)
    review(town, admin)
    conclude(lead, admin)
    read_reports(town, admin, lead, head)
