"""Journeys at the door, through one's own account, and through the people pages."""

import re
import sys
from html import unescape
from pathlib import Path

import pyotp
import pytest
from browser import Answer, Browser
from world import FOREIGN, FORM_KEY, OWN, ROUND

from cyberposture.cli.serve import with_address
from cyberposture.clock import utc_now
from cyberposture.services.institutions import shared_services
from cyberposture.services.institutions.shared_services import Said
from cyberposture.services.people import memberships, people, signing_in, substitutes
from cyberposture.services.proof import audit
from cyberposture.web.doorkeeper import MOST, WITHIN, Doorkeeper, TooManyAttempts, origin_of
from cyberposture.web.surroundings import COOKIE

sys.path.insert(0, str(Path(__file__).parents[1] / "services"))  # the software key

from soft_key import SoftKey

PASSWORD = "seven lamps on a quiet quay"


@pytest.fixture(scope="module")
def portal(world):
    browser = Browser(world.app)
    yield browser
    browser.close()


@pytest.fixture
def lead(world, portal):
    return Signed(portal, world.session_of(world.person_of("institution-lead")))


class Signed:
    """Somebody who is signed in, and sends forms from our pages."""

    def __init__(self, portal: Browser, cookie: str) -> None:
        self.portal, self.cookie = portal, cookie

    def get(self, path: str) -> Answer:
        return self.portal.ask("GET", path, cookies={COOKIE: self.cookie})

    def post(self, path: str, key: str = FORM_KEY, **form: str) -> Answer:
        return self.portal.ask(
            "POST", path, form={"form_key": key, **form}, cookies={COOKIE: self.cookie}
        )


def cookie_of(answer: Answer) -> str:
    (kept,) = [one for one in answer.set_cookies if one.startswith(f"{COOKIE}=")]
    return kept.partition("=")[2].partition(";")[0]


def link_in(answer: Answer) -> str:
    found = re.search(r"/come-in/[\w-]+", answer.text)
    assert found is not None, answer.text
    return found.group()


def come_in(portal: Browser, link: str) -> tuple[str, str]:
    """Take an invitation up; return the session and the seed of the second factor."""
    shown = portal.ask("POST", link, form={"password": PASSWORD})
    seed = "".join(re.findall(r"<span>([A-Z2-7]{4})</span>", shown.text))
    code = pyotp.TOTP(seed).now()
    opened = portal.ask("POST", f"{link}/confirm", form={"code": code})
    assert opened.status == 200
    return cookie_of(opened), seed


def test_a_lead_invites_and_the_invited_comes_in_and_sees_their_account(world, portal, lead):
    base = f"/institutions/{OWN}/people"
    made = lead.post(base, name="N. New (invented)", role="contributor", mail="n.new@hill.example")
    assert made.status == 200 and "n.new@hill.example" in made.text
    session, _ = come_in(portal, link_in(made))
    person = signing_in.find_signed_in(world.register, session)
    assert (person.person, person.memberships[0].institution) == ("n-invented", OWN)
    shown = Signed(portal, session).get("/account")
    assert shown.status == 200 and "Contributor" in shown.text and OWN in shown.text
    assert "N. New" in lead.get(base).text


def test_a_form_with_a_fault_says_so_beside_its_field_and_keeps_what_was_typed(lead):
    asked = lead.post(f"/institutions/{OWN}/people", name="H. Help", role="helper")
    assert asked.status == 422 and 'id="valid_until-fault"' in asked.text
    assert 'value="H. Help"' in asked.text
    for_ever = lead.post(f"/institutions/{OWN}/people/m-{OWN}/roles", role="observer",
                         valid_from="some day", valid_until="9999-12-31")  # fmt: skip
    assert for_ever.status == 422 and 'id="valid_from-fault"' in for_ever.text
    assert "<details open>" in for_ever.text
    for_ever = lead.post(f"/institutions/{OWN}/people/m-{OWN}/roles", role="observer",
                         valid_until="9999-12-31")  # fmt: skip
    assert for_ever.status == 422 and 'id="valid_until-fault"' in for_ever.text
    wrong = lead.post(f"/institutions/{OWN}/people", name="H. Help", role="cert-administrator")
    assert wrong.status == 422 and 'id="role-fault"' in wrong.text


def test_a_lead_gives_ends_and_substitutes_roles_of_their_own_people_alone(world, lead):
    base = f"/institutions/{OWN}/people"
    assert lead.post(f"{base}/m-{OWN}/roles", role="observer").status == 303
    belonging = substitutes.get_belonging(world.register, f"m-{OWN}", OWN)
    observer = next(one for one in belonging.roles if one.membership.role == "observer")
    named = lead.post(f"{base}/m-{OWN}/roles/{observer.id}/substitute", substitute=f"s-{OWN}",
                      valid_until=f"{utc_now().date().replace(month=12, day=31)}")  # fmt: skip
    assert named.status == 303
    stranger = lead.post(f"{base}/m-{OWN}/roles/{observer.id}/substitute",
                         substitute=f"s-{FOREIGN}", valid_until="2030-01-01")  # fmt: skip
    nobody = lead.post(f"{base}/m-{OWN}/roles/{observer.id}/substitute",
                       substitute="nobody-at-all", valid_until="2030-01-01")  # fmt: skip
    assert stranger.status == nobody.status == 422
    assert stranger.text == nobody.text.replace("nobody-at-all", f"s-{FOREIGN}")
    assert lead.post(f"{base}/m-{OWN}/roles/{observer.id}/end").status == 303
    assert "ended" in lead.get(f"{base}/m-{OWN}").text


def test_whoever_stands_in_acts_on_the_page_and_both_are_on_record(world, portal):
    held = substitutes.get_belonging(world.register, world.person_of("institution-lead"), OWN)
    until = utc_now().replace(year=utc_now().year + 1)
    substitutes.name_substitute(world.register, held.roles[0].id, f"s-{OWN}", until)
    acting = Signed(portal, world.session_of(f"s-{OWN}"))
    made = acting.post(f"/institutions/{OWN}/people", name="T. Third", role="observer")
    assert made.status == 200
    entry = [e for e in audit.read_entries(world.register) if e.kind == "person-invited"][-1]
    assert entry.act.actor == f"s-{OWN}"
    assert entry.data["acting_for"] == world.person_of("institution-lead")


def test_the_cert_finds_everybody_and_disables(world, portal):
    admin = Signed(portal, world.session_of(world.person_of("cert-administrator")))
    found = admin.get("/cert/people?search=observer")
    assert found.status == 200 and "p-national-observer" in found.text
    assert "p-auditor" not in found.text
    asked = memberships.Invitation("d-gone", "D. Gone", memberships.Given("reviewer"))
    memberships.invite_person(world.register, asked)
    assert admin.post("/cert/people/d-gone/disable", reason="left").status == 303
    last = admin.post(f"/cert/people/{world.person_of('cert-administrator')}/disable",
                      reason="left")  # fmt: skip
    assert last.status == 409 and "last administrator" in last.text


@pytest.fixture(scope="module")
def own(world, portal):
    """Somebody with an account of their own, and its seed."""
    asked = memberships.Invitation("k-keys", "K. Keys", memberships.Given("observer", OWN))
    token = memberships.invite_person(world.register, asked)
    session, seed = come_in(portal, f"/come-in/{token}")
    signed = Signed(portal, session)
    key = signing_in.find_signed_in(world.register, session).form_key
    return signed, key, seed


def asked_of(answer: Answer) -> tuple[str, str]:
    """Return the step and what a security key is asked, as the page holds them."""
    options = unescape(re.search(r'data-options="([^"]*)"', answer.text).group(1))
    return re.search(r'name="step" value="([^"]+)"', answer.text).group(1), options


def test_a_security_key_is_added_on_the_account_page_and_opens_the_door(own, portal):
    signed, key, _ = own
    device = SoftKey("http://127.0.0.1:8000")
    begun = signed.post("/account/keys", key, name="blue key")
    step, options = asked_of(begun)
    kept = signed.post("/account/keys/shown", key, step=step, name="blue key",
                       response=device.create(options))  # fmt: skip
    assert kept.status == 303 and "blue key" in signed.get("/account").text
    door = portal.ask("POST", "/sign-in/key", form={"name": "k-keys", "password": PASSWORD})
    step, options = asked_of(door)
    opened = portal.ask(
        "POST", "/sign-in/key/shown", form={"step": step, "response": device.get(options)}
    )
    assert opened.status == 303 and cookie_of(opened)
    again = portal.ask(
        "POST", "/sign-in/key/shown", form={"step": step, "response": device.get(options)}
    )
    assert again.status == 403 and again.set_cookies == ()


def test_the_signing_key_is_downloaded_once_and_stands_nowhere(own, world):
    signed, key, _ = own
    got = signed.post("/account/signing-key", key)
    assert got.headers["content-disposition"] == 'attachment; filename="k-keys.key"'
    assert re.fullmatch(r"[0-9a-f]{64}\n", got.text)
    assert signed.post("/account/signing-key", key).status == 422
    assert got.text.strip() not in str(list(audit.read_entries(world.register)))


def test_codes_sessions_password_and_ways_are_changed_on_one_page(own, world):
    signed, key, _ = own
    assert len(set(re.findall(r"[0-9a-f]{5}-[0-9a-f]{5}",
                              signed.post("/account/codes", key).text))) == 10  # fmt: skip
    assert signed.post("/account/sessions/end", key).status == 303
    assert signed.post("/account/ways", key, mail="no address", language="en").status == 422
    assert signed.post("/account/ways", key, mail="", language="ur").status == 303
    wrong = signed.post("/account/password", key, old="not it", new=PASSWORD)
    assert wrong.status == 422 and 'id="old-fault"' in wrong.text


def test_a_form_that_comes_after_the_session_ended_brings_its_words_back(portal):
    ended = {COOKIE: "a-session-of-yesterday"}
    at = f"/institutions/{OWN}/rounds/{ROUND}/answers/GOV/GOV-01"
    words = "The board <signed> it in May."
    form = {"level": "1", "reason": words, "password": "seven lamps on a quay"}
    answer = portal.ask("POST", at, form=form, cookies=ended)
    assert answer.status == 401
    assert "The board &lt;signed&gt; it in May." in answer.text and "readonly" in answer.text
    assert "seven lamps" not in answer.text
    script = portal.ask("POST", at, form=form, cookies=ended, accept="application/json")
    assert (script.status, script.headers["location"]) == (303, "/sign-in?ended=yes")
    nothing = portal.ask("POST", at, form={"level": "1"}, cookies=ended)
    assert nothing.status == 303


def test_a_session_that_ended_says_so_and_a_page_that_is_not_yours_says_whom_to_ask(
    portal, lead, world
):
    gone = portal.ask("GET", "/", cookies={COOKIE: "a-session-of-yesterday"})
    assert gone.headers["location"] == "/sign-in?ended=yes"
    assert "You were signed out" in portal.ask("GET", "/sign-in?ended=yes").text
    closed = lead.get("/cert/people")
    assert closed.status == 403 and "Lead of the institution" in closed.text


def test_attempts_from_one_network_are_bounded_and_the_page_says_when_to_return(world, portal):
    usual, busy = world.app.state.doorkeeper, Doorkeeper()
    for _ in range(MOST):
        busy.count("127.0.0.1", world.register.clock())
    world.app.state.doorkeeper = busy
    form = {"name": "nobody", "password": "x", "code": "000000"}
    refused = portal.ask("POST", "/sign-in", form=form)
    world.app.state.doorkeeper = usual
    assert refused.status == 429 and refused.headers["retry-after"] == "600"
    assert "Too many attempts" in refused.text


def test_addresses_are_counted_by_house_and_forgotten_after_a_while():
    keeper, now = Doorkeeper(), utc_now()
    for _ in range(MOST):
        keeper.count("2001:db8::1", now)
    with pytest.raises(TooManyAttempts):
        keeper.count("2001:db8::ffff", now)  # the same network
    keeper.count("2001:db8:0:1::1", now)
    keeper.count("2001:db8::1", now + WITHIN)
    assert origin_of("192.0.2.1") == "192.0.2.1"


def test_institutions_are_found_looked_at_and_imported_with_faults_by_line(world, portal):
    admin = Signed(portal, world.session_of(world.person_of("cert-administrator")))
    listed = admin.get("/cert/institutions?search=hill&sector=water")
    assert OWN in listed.text and FOREIGN not in listed.text
    table = "code,name,sectors,tier,parent\nnew-a,New A,water,A,new-b\nnew-b,New B,astrology,A,\n"
    looked = admin.post("/cert/institutions/import", text=table)
    assert looked.status == 422 and "institutions.csv:3" in looked.text
    mended = table.replace("astrology", "water")
    looked = admin.post("/cert/institutions/import", text=mended)
    assert looked.status == 200 and admin.get("/cert/institutions/new-a").status == 404
    assert admin.post("/cert/institutions/import", text=mended, step="keep").status == 303
    assert "new-b" in admin.get("/cert/institutions/new-a").text


def test_an_institution_is_changed_and_merged_on_its_page(world, portal):
    admin = Signed(portal, world.session_of(world.person_of("cert-administrator")))
    at = "/cert/institutions"
    for code in ("left-bank", "right-bank"):
        made = admin.post(at, code=code, name=code.title(), sectors="water", tier="A")
        assert made.status == 303, made.text
    wrong = admin.post(f"{at}/left-bank/change", name="Left", sectors="water", tier="A",
                       parent="nobody", reason="x")  # fmt: skip
    assert wrong.status == 422 and 'id="parent-fault"' in wrong.text
    assert admin.post(f"{at}/left-bank/close", into="right-bank", reason="one board").status == 303
    assert "It took up" in admin.get(f"{at}/right-bank").text
    assert "left-bank" not in admin.get(f"{at}?search=bank").text
    assert "left-bank" in admin.get(f"{at}?search=bank&state=closed").text


def test_a_regulator_sees_the_institutions_of_the_sector_alone(world, portal):
    signed = Signed(portal, world.session_of(world.person_of("sector-regulator")))
    listed = signed.get("/cert/institutions")
    assert OWN in listed.text and FOREIGN not in listed.text
    assert FOREIGN not in signed.get("/cert/institutions?sector=power").text
    assert signed.get(f"/cert/institutions/{FOREIGN}").status == 403


def test_what_is_inherited_stands_on_the_card(world, lead):
    expires = utc_now().date().replace(year=utc_now().year + 1)
    shared_services.found_service(world.register, FOREIGN, "grid-mail", "Mail for all")
    shared_services.use_service(world.register, OWN, "grid-mail")
    said = Said("GOV-01", 2, expires, "Name who answers for it in your house.")
    shared_services.answer_for_service(world.register, "grid-mail", said)
    page = lead.get(f"/institutions/{OWN}/rounds/{ROUND}/answers/GOV")
    assert "Inherited from Mail for all" in page.text
    assert "Name who answers for it in your house." in page.text


@pytest.mark.parametrize("path", ["/account", "/sign-in", f"/institutions/{OWN}/people"])
def test_pages_are_said_in_urdu_as_well(world, portal, path):
    cookies = {"language": "ur", COOKIE: world.session_of(world.person_of("institution-lead"))}
    shown = portal.ask("GET", path, cookies=cookies)
    assert shown.status == 200 and 'dir="rtl"' in shown.text
    assert not re.search(r"<h[12][^>]*>[^<]*[A-Za-z]{4}", shown.text)


def test_disabled_people_are_out_at_once(world, portal):
    asked = memberships.Invitation("z-last", "Z. Last", memberships.Given("observer", OWN))
    memberships.invite_person(world.register, asked)
    session = world.session_of("z-last")
    assert Signed(portal, session).get("/account").status in (200, 404)
    people.disable(world.register, "z-last")
    assert Signed(portal, session).get("/").status == 303


def test_who_comes_in_reads_the_sign_in_name_at_every_step(portal, lead):
    made = lead.post(f"/institutions/{OWN}/people", name="B. Officer (invented)", role="observer")
    link = link_in(made)
    code = "b-invented"
    assert f'<code dir="ltr">{code}</code>' in made.text
    first = portal.ask("GET", link)
    second = portal.ask("POST", link, form={"password": PASSWORD})
    seed = "".join(re.findall(r"<span>([A-Z2-7]{4})</span>", second.text))
    third = portal.ask("POST", f"{link}/confirm", form={"code": pyotp.TOTP(seed).now()})
    for page in (first, second, third):
        assert page.status == 200 and f'<b><code dir="ltr">{code}</code></b>' in page.text
    used = portal.ask("GET", link)
    assert used.status == 404 and "This link was used" in used.text
    assert 'href="/sign-in"' in used.text


def test_a_link_never_leads_to_the_host_that_a_request_names(world, lead):
    made = lead.portal.ask(
        "POST", f"/institutions/{OWN}/people", cookies={COOKIE: lead.cookie},
        form={"form_key": FORM_KEY, "name": "H. Host (invented)", "role": "observer"},
        host="evil.example",
    )  # fmt: skip
    assert made.status == 200
    assert f"{world.runtime.settings.portal_url}/come-in/" in made.text
    assert "evil.example/come-in" not in made.text
    assert "You reached this page at evil.example" in made.text


def test_links_lead_to_where_it_listens_unless_another_place_was_set(world, capsys):
    told = with_address(world.runtime, "http://127.0.0.1:8431")
    assert told.settings.portal_url == "http://127.0.0.1:8431"
    assert with_address(told, "http://127.0.0.1:9000") is told
    for everywhere in ("http://0.0.0.0:8000", "http://[::]:8000"):
        assert with_address(world.runtime, everywhere) is world.runtime
        assert "CYBERPOSTURE_PORTAL_URL" in capsys.readouterr().err
