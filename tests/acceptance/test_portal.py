"""The portal as people meet it: a real server on loopback, a browser with and without script."""

import http.client
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode

import pyotp
import pytest
import uvicorn

from cyberposture.runtime import Runtime, open_runtime
from cyberposture.services.assessments import assess, delegating
from cyberposture.services.people import people, signing_in
from cyberposture.settings import Settings
from cyberposture.web.app import make_app
from cyberposture.web.guard import MOST_BYTES

pytestmark = [pytest.mark.loopback, pytest.mark.acceptance]

PASSWORD = "seven lamps on a quiet quay"
PAGE = "/institutions/hill-office/rounds/autumn/answers/GOV"


class Served:
    """A portal under test: where it is, and what stands behind it."""

    def __init__(self, runtime: Runtime, port: int) -> None:
        self.runtime, self.port = runtime, port
        self.address = f"http://127.0.0.1:{port}"

    def enrol(self, code: str, role: str, institution: str | None = "hill-office") -> str:
        """Invite a person and bring them in; return the cookie of their session."""
        register = self.runtime.register
        key = self.runtime.key_file_of(code)
        people.invite(register, code, f"{code} (invented)", role, key, institution=institution)
        token = signing_in.make_link(register, code)
        begun = signing_in.begin_account(register, token, PASSWORD)
        code_now = pyotp.TOTP(begun.seed).now()
        return signing_in.confirm_account(register, token, code_now).token

    def form_key(self, cookie: str) -> str:
        signed = signing_in.find_signed_in(self.runtime.register, cookie)
        assert signed is not None
        return signed.form_key

    def ask(self, method: str, path: str, cookie: str = "", form: dict | None = None, **headers):
        """Send one request and return the answer's status, headers and text."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        sent = {"Cookie": f"session={cookie}"} if cookie else {}
        body = None
        if form is not None:
            body = urlencode(form)
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, path, body, {**sent, **headers})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, answer.headers, text


@contextmanager
def serving(runtime: Runtime) -> Iterator[int]:
    """Serve the portal on a free port of loopback until the block ends."""
    server = uvicorn.Server(
        uvicorn.Config(make_app(runtime), host="127.0.0.1", port=0, log_level="error")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        deadline = time.monotonic() + 20
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.02)
        assert server.started
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(timeout=20)


@pytest.fixture(scope="module")
def portal(furnished, tmp_path_factory) -> Iterator[Served]:
    """A portal in which hill-office is asked 40 controls, and meadow-office as many."""
    office = furnished.copied_to(tmp_path_factory.mktemp("portal") / "office")
    office.do("round", "open", "autumn", "--title", "Autumn", "--due", "2099-12-15T23:59:00+05:00")
    settings = Settings(workspace=office.workspace, content=office.folder / "content")
    runtime = open_runtime(settings, "tests")
    for code in ("hill-office", "meadow-office"):
        assess.open_assessment(runtime.register, code, "autumn", profile="start")
    with serving(runtime) as port:
        yield Served(runtime, port)
    runtime.close()


@pytest.fixture(scope="module")
def lead(portal) -> str:
    """The session of the institution's lead."""
    return portal.enrol("l-lead", "institution-lead")


def answer(portal, cookie, control="GOV-01", **form):
    given = {"form_key": portal.form_key(cookie), "level": "1", "reason": "", "seen": "0", **form}
    return portal.ask("POST", f"{PAGE}/{control}", cookie, given, Accept="application/json")


def test_whoever_is_not_signed_in_is_sent_to_the_door(portal):
    for path in ("/", PAGE):
        status, headers, _ = portal.ask("GET", path)
        assert (status, headers["Location"]) == (303, "/sign-in")
    status, headers, _ = portal.ask("POST", f"{PAGE}/GOV-01", form={"level": "1"})
    assert (status, headers["Location"]) == (303, "/sign-in")


def test_every_answer_carries_what_keeps_it_safe(portal, lead):
    for path, cookie in (("/sign-in", ""), ("/", lead), (PAGE, lead), ("/nowhere", "")):
        _, headers, text = portal.ask("GET", path, cookie)
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert " style=" not in text and "<style" not in text and "onclick" not in text


@pytest.mark.parametrize(
    ("role", "place", "may_read"),
    [
        ("institution-lead", "meadow-office", False),
        ("contributor", "meadow-office", False),
        ("observer", "hill-office", False),
        ("auditor", "hill-office", True),
        ("signatory", "meadow-office", False),
        ("cert-analyst", None, False),
        ("reviewer", None, False),
        ("national-observer", None, False),
    ],
)
def test_nobody_of_elsewhere_reads_or_answers(portal, role, place, may_read):
    cookie = portal.enrol(f"p-{role}-{place or 'centre'}", role, place)
    status, _, text = portal.ask("GET", PAGE, cookie)
    assert status == (200 if may_read else 403)
    assert ("GOV-01" in text) is may_read
    assert answer(portal, cookie)[0] == 403


def test_a_form_of_another_site_changes_nothing(portal, lead):
    assert answer(portal, lead, form_key="x" * 32)[0] == 403
    assert answer(portal, lead, form_key="")[0] == 403
    form = {"name": "l-lead", "password": PASSWORD, "code": "000000"}
    status, _, _ = portal.ask("POST", "/sign-in", form=form, **{"Sec-Fetch-Site": "cross-site"})
    assert status == 403


def test_an_answer_is_kept_once_and_a_second_writer_loses_nothing(portal, lead):
    helper = portal.enrol("h-helper", "helper")
    delegating.engage_helper(portal.runtime.register, "hill-office", "autumn", "h-helper")
    status, _, text = answer(portal, lead, "RSK-03", reason="in the register since March")
    assert status == 404 or '"revision":1' in text  # another domain's control is found by its id
    status, _, text = answer(portal, lead, "GOV-01", level="1", reason="signed in March")
    assert status == 200 and '"revision":1' in text
    form = {"form_key": portal.form_key(helper), "level": "2", "reason": "mine", "seen": "0"}
    status, _, text = portal.ask("POST", f"{PAGE}/GOV-01", helper, form)
    assert status == 409
    assert "signed in March" in text and ">mine</textarea>" in text  # both versions stand there
    assert 'name="seen" value="1"' in text
    status, headers, _ = portal.ask("POST", f"{PAGE}/GOV-01", helper, {**form, "seen": "1"})
    assert (status, headers["Location"]) == (303, f"{PAGE}#GOV-01")
    _, _, text = portal.ask("GET", PAGE, helper)
    assert ">mine</textarea>" in text


def test_what_is_wrong_is_said_beside_the_card_and_what_was_typed_stays(portal, lead):
    form = {"form_key": portal.form_key(lead), "level": "na", "reason": "", "seen": "0"}
    status, _, text = portal.ask("POST", f"{PAGE}/GOV-08", lead, form)
    assert status == 422
    assert 'id="GOV-08-fault"' in text
    assert answer(portal, lead, "GOV-08", level="7", reason="odd")[0] == 422
    assert answer(portal, lead, "GOV-08", level="na", reason="x" * 20_001)[0] == 422
    assert answer(portal, lead, "GOV-99")[0] == 404


def test_hostile_text_stays_text_in_its_own_cell(portal, lead):
    hostile = "</textarea><script>alert(1)</script>\u202e\x00\x1b[31m"
    assert answer(portal, lead, "GOV-08", level="2", reason=hostile)[0] == 200
    _, _, text = portal.ask("GET", PAGE, lead)
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_what_is_too_large_is_refused_before_it_is_read(portal, lead):
    status, _, _ = portal.ask("POST", f"{PAGE}/GOV-01", lead, None,
                              **{"Content-Length": str(MOST_BYTES + 1)})  # fmt: skip
    assert status == 413


def test_a_language_is_chosen_and_never_leads_elsewhere(portal):
    _, headers, _ = portal.ask("GET", "/language/ur?to=/sign-in")
    assert headers["Location"] == "/sign-in"
    for bad in ("//elsewhere.example", "https://elsewhere.example", "/\\elsewhere.example"):
        _, headers, _ = portal.ask("GET", f"/language/ur?{urlencode({'to': bad})}")
        assert headers["Location"] == "/"
    _, _, text = portal.ask("GET", "/sign-in", **{"Accept-Language": "ur-PK"})
    assert '<html lang="ur" dir="rtl">' in text


@pytest.fixture(scope="module")
def browser():
    """Debian's Chromium."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("chromium is not on this machine; .ci/set-up test installs it")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.mark.browser
@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_a_person_comes_in_by_the_link_and_answers_a_domain(portal, browser, script):
    code = f"n-{'with' if script else 'without'}-script"
    register, key = portal.runtime.register, portal.runtime.key_file_of(code)
    people.invite(register, code, "N. Newcomer (invented)", "contributor", key,
                  institution="meadow-office")  # fmt: skip
    link = signing_in.make_link(register, code)
    context = browser.new_context(
        java_script_enabled=script, viewport={"width": 360, "height": 740}
    )
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"{portal.address}/come-in/{link}")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("Code").fill(pyotp.TOTP(page.locator("code.key").inner_text()).now())
    page.get_by_role("button", name="Open my account").click()
    assert page.locator(".codes li").count() == 10
    page.get_by_role("link", name="I have printed them").click()
    domain = 3 if script else 4  # each of the two journeys answers a domain of its own
    page.locator(".domains a").nth(domain).click()
    cards = page.locator(".card:has(form)")
    for number in range(cards.count()):
        cards.nth(number).get_by_label("1 In part").check()
        if script:
            cards.nth(number).locator('.saved[data-state="kept"]').wait_for(timeout=10_000)
        else:
            cards.nth(number).get_by_role("button", name="Keep this answer").click()
    page.goto(f"{portal.address}/")
    told = page.locator(".domains li").nth(domain).inner_text()
    assert f"{cards_of(told)} of {cards_of(told)}" in told
    assert page.evaluate("document.documentElement.scrollWidth") <= 360 if script else True
    assert faults == []
    context.close()


def cards_of(told: str) -> str:
    """Return how many questions a line of the list says that there are."""
    return told.rsplit(" ", 1)[1]
