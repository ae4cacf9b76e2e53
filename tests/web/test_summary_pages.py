"""Before signing and after: the summary, the signature, the hand-in, the receipt, the way back."""

import re
from html import unescape

import pyotp
import pytest
from browser import Browser
from world import FORM_KEY, OWN, ROUND, settle

from cyberposture.services.assessments import attesting, importing, submission
from cyberposture.services.people import signing_in
from cyberposture.web.surroundings import COOKIE

AT = f"/institutions/{OWN}/rounds/{ROUND}"
PASSWORD = "seven lamps on a quiet quay"
KEY = {"form_key": FORM_KEY}


@pytest.fixture
def world(tmp_path):
    """A world of the test's own, for what is handed in stays so."""
    made = settle(tmp_path)
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


@pytest.fixture
def boss(world):
    """The signatory's cookie, and what gives the code that their authenticator shows."""
    person = world.person_of("signatory")
    token = signing_in.make_link(world.register, person)
    seed = signing_in.begin_account(world.register, token, PASSWORD).seed
    totp = pyotp.TOTP(seed)
    now = world.register.clock().timestamp()
    signing_in.confirm_account(world.register, token, totp.at(now - 30))
    return {COOKIE: world.session_of(person)}, lambda: totp.at(world.register.clock())


def answer_all(world, tmp_path, level=1, name="answers.csv"):
    """Answer everything by a file, and return the import's code."""
    missing = submission.list_blockers(world.register, OWN, ROUND)
    controls = missing[0].controls or ("GOV-01",)
    path = tmp_path / name
    rows = [f"{one},{level}" for one in controls]
    path.write_text("control,level\n" + "\n".join(rows) + "\n")
    return importing.import_answers(world.register, path, OWN, ROUND), controls


def test_what_is_missing_is_listed_with_the_way_to_each_place(portal, lead):
    page = portal.ask("GET", f"{AT}/summary", cookies=lead)
    assert page.status == 200
    assert f'href="{AT}/answers/GOV#GOV-01"' in page.text
    assert "Answers changed after they were attested" in page.text
    assert f'action="{AT}/submit"' not in page.text
    assert portal.ask("POST", f"{AT}/submit", form=KEY, cookies=lead).status == 409


def test_a_signatory_reads_signs_and_the_lead_hands_in(world, portal, lead, boss, tmp_path):
    cookies, code = boss
    answer_all(world, tmp_path, 2)
    page = portal.ask("GET", f"{AT}/summary", cookies=cookies).text
    assert "Nothing stands behind" in page and f'action="{AT}/submit"' not in page
    begun = portal.ask("POST", f"{AT}/attest", form=KEY, cookies=cookies)
    place = begun.headers["location"]
    assert place.startswith(f"{AT}/attest/")
    digest = attesting.read_digest(world.register, OWN, ROUND)
    groups = " ".join(re.findall("....", digest))
    read = portal.ask("GET", place, cookies=cookies)
    assert groups in read.text
    unread = portal.ask("POST", place, form=KEY | {"code": code()}, cookies=cookies)
    assert unread.status == 422 and "Tick that you have read it" in unread.text
    signed = KEY | {"read": "yes"}
    wrong = portal.ask("POST", place, form=signed | {"code": "000000"}, cookies=cookies)
    assert wrong.status == 422 and 'id="code-fault"' in wrong.text
    assert 'name="read" value="yes" checked' in wrong.text  # it need not be ticked anew
    done = portal.ask("POST", place, form=signed | {"code": code()}, cookies=cookies)
    assert done.headers["location"] == f"{AT}/summary?done=attested"
    again = portal.ask("GET", place, cookies=cookies)  # the link is used up
    assert again.status == 404 and "This link opens nothing" in again.text
    page = portal.ask("GET", f"{AT}/summary", cookies=lead).text
    assert "signatory (invented) attested these answers" in page
    assert "it is no signature that stands without it" in page
    handed = portal.ask("POST", f"{AT}/submit", form=KEY, cookies=lead)
    receipt = portal.ask("GET", handed.headers["location"], cookies=lead)
    found = submission.get_receipt(world.register, OWN, ROUND, "2")
    for told in (groups, found.entry.digest, found.head.signature, found.submission.receipt):
        assert told in receipt.text
    answers = portal.ask("GET", f"{AT}/answers/GOV", cookies=lead).text
    assert "<fieldset disabled>" in answers and f"{AT}/evidence/" not in answers
    after = portal.ask("GET", f"{AT}/summary", cookies=lead).text
    assert found.submission.receipt in after and f'action="{AT}/submit"' not in after
    assert "<h1>Handed in</h1>" in after
    assert "in the way" not in after and "attest-link" not in after and 'id="attest"' not in after
    home = portal.ask("GET", "/", cookies=lead).text
    assert f'href="{AT}/receipts/{found.submission.receipt}"' in home
    assert f'href="{AT}/summary"' in home


def test_home_leads_to_what_waits_for_a_signature_and_says_until_when(
    world, portal, lead, boss, tmp_path
):
    cookies, code = boss

    def tasks(who, **more):
        home = unescape(portal.ask("GET", "/", cookies=who | more).text)
        return re.findall(rf'<li><a href="{AT}/summary"><b>(.+?)</b><span>(.+?)</span>', home)

    assert tasks(cookies) == tasks(lead) == []  # questions are still open
    answer_all(world, tmp_path)
    ((what, about),) = tasks(cookies)
    assert what == "Read what your institution says, and attest"
    assert "until the end of" in about
    ((in_urdu, _),) = tasks(cookies, language="ur")
    assert in_urdu == "پڑھیں کہ آپ کا ادارہ کیا کہتا ہے، اور تصدیق کریں"
    assert [what for what, _ in tasks(lead)] == ["Ask your signatory to attest"]
    place = portal.ask("POST", f"{AT}/attest", form=KEY, cookies=cookies).headers["location"]
    portal.ask("POST", place, form=KEY | {"read": "yes", "code": code()}, cookies=cookies)
    assert tasks(cookies) == []
    assert [what for what, _ in tasks(lead)] == ["Hand in"]
    form = KEY | {"level": "3", "reason": "", "seen": "1"}
    assert portal.ask("POST", f"{AT}/answers/GOV/GOV-01", form=form, cookies=lead).status == 303
    assert [what for what, _ in tasks(cookies)] == ["Read what your institution says, and attest"]


def test_a_link_of_the_lead_is_shown_once_and_serves_the_signatory_alone(
    world, portal, lead, boss, tmp_path
):
    answer_all(world, tmp_path)
    form = KEY | {"person": world.person_of("signatory")}
    shown = portal.ask("POST", f"{AT}/attest-link", form=form, cookies=lead)
    (place,) = re.findall(rf"http://127\.0\.0\.1:8000({AT}/attest/[\w-]+)", shown.text)
    assert place not in portal.ask("GET", f"{AT}/summary", cookies=lead).text
    assert portal.ask("GET", place, cookies=lead).status == 403
    cookies, code = boss
    assert portal.ask("GET", place, cookies=cookies).status == 200
    form = KEY | {"read": "yes", "code": code()}
    done = portal.ask("POST", place, form=form, cookies=cookies)
    assert done.headers["location"] == f"{AT}/summary?done=attested"
    other = portal.ask("POST", f"{AT}/attest-link", form=KEY | {"person": "p-helper"}, cookies=lead)
    assert other.status == 422 and "does not sign for your institution" in other.text


def test_a_changed_answer_is_told_to_everybody_who_reads_the_page(
    world, portal, lead, boss, tmp_path
):
    cookies, code = boss
    answer_all(world, tmp_path)
    place = portal.ask("POST", f"{AT}/attest", form=KEY, cookies=cookies).headers["location"]
    portal.ask("POST", place, form=KEY | {"read": "yes", "code": code()}, cookies=cookies)
    form = KEY | {"level": "3", "reason": "", "seen": "1"}
    assert portal.ask("POST", f"{AT}/answers/GOV/GOV-01", form=form, cookies=lead).status == 303
    for reader in (lead, cookies):
        page = portal.ask("GET", f"{AT}/summary", cookies=reader).text
        assert "holds no more" in page and "GOV-01" in page
    assert portal.ask("POST", f"{AT}/submit", form=KEY, cookies=lead).status == 409


def test_a_sheet_is_printed_in_both_languages_signed_and_its_scan_kept(
    world, portal, lead, tmp_path
):
    answer_all(world, tmp_path)
    digest = attesting.read_digest(world.register, OWN, ROUND)
    for language in ("en", "ur"):
        sheet = portal.ask("GET", f"{AT}/summary/paper", cookies=lead | {"language": language})
        assert f"{digest[:4]} {digest[4:8]}" in sheet.text
    form = KEY | {"name": "Head of the office", "signed_on": "2020-01-01", "digits": "0000 0000"}
    wrong = portal.ask("POST", f"{AT}/attest-paper/upload", form=form,
                       file=("s.pdf", b"%PDF-1.7 s"), cookies=lead)  # fmt: skip
    assert wrong.status == 422
    assert 'id="digits-fault"' in wrong.text and 'id="signed_on-fault"' in wrong.text
    assert "Head of the office" in wrong.text
    today = world.register.clock().date().isoformat()
    form |= {"signed_on": today, "digits": digest[:8]}
    text = portal.ask("POST", f"{AT}/attest-paper/upload", form=form, file=("s.pdf", b"text"),
                      cookies=lead)  # fmt: skip
    assert text.status == 422 and 'id="scan-fault"' in text.text
    kept = portal.ask("POST", f"{AT}/attest-paper/upload", form=form,
                      file=("s.pdf", b"%PDF-1.7 s"), cookies=lead)  # fmt: skip
    assert kept.headers["location"] == f"{AT}/summary?done=attested"
    page = portal.ask("GET", f"{AT}/summary", cookies=lead).text
    (scan,) = re.findall(rf'href="({AT}/attestations/[0-9a-f]+)"', page)
    given = portal.ask("GET", scan, cookies=lead)
    assert given.body == b"%PDF-1.7 s"
    assert given.headers["content-disposition"].startswith("attachment")
    helper = {COOKIE: world.session_of(world.person_of("helper"))}
    assert portal.ask("GET", scan, cookies=helper).status == 403


def test_an_import_is_undone_on_its_page_and_conflicts_are_named(world, portal, lead, tmp_path):
    done, controls = answer_all(world, tmp_path)
    form = KEY | {"level": "3", "reason": "", "seen": "1"}
    assert portal.ask("POST", f"{AT}/answers/GOV/GOV-01", form=form, cookies=lead).status == 303
    page = portal.ask("GET", f"{AT}/imports", cookies=lead).text
    assert "One of them was changed since" in page
    helper = {COOKIE: world.session_of(world.person_of("helper"))}
    undo = f"{AT}/imports/{done.code}/undo"
    assert portal.ask("POST", undo, form=KEY, cookies=helper).status == 403
    answer = portal.ask("POST", undo, form=KEY | {"reason": "the wrong file"}, cookies=lead)
    assert answer.headers["location"] == f"{AT}/imports?done=import-undone"
    page = unescape(portal.ask("GET", f"{AT}/imports", cookies=lead).text)
    assert f"undone, {len(controls) - 1} answers brought back" in page
    assert "Changed since, and left alone" in page and "GOV-01" in page
    assert portal.ask("POST", undo, form=KEY, cookies=lead).status == 409


def test_every_page_stands_in_urdu(world, portal, lead, tmp_path):
    answer_all(world, tmp_path)
    for address in (f"{AT}/summary", f"{AT}/imports"):
        page = portal.ask("GET", address, cookies=lead | {"language": "ur"})
        assert page.status == 200 and 'dir="rtl"' in page.text
        assert "stands in the way" not in page.text


def test_who_signs_reads_every_answer_with_its_level_and_words(world, portal, boss, tmp_path):
    cookies, _ = boss
    _, controls = answer_all(world, tmp_path, 2)
    told = "The pumps are looked at each Monday."
    importing.import_answers(world.register, sheet(tmp_path, controls[0], 1, told), OWN, ROUND)
    place = portal.ask("POST", f"{AT}/attest", form=KEY, cookies=cookies).headers["location"]
    read = unescape(portal.ask("GET", place, cookies=cookies).text)
    said = read[read.index('id="each"') :]
    assert told in said and "<b>1 In part</b>" in said and "<b>2 Everywhere</b>" in said
    for control in controls:
        assert f'<span class="id">{control}</span>' in said
    assert '<details class="each" open>' in said
    paper = unescape(portal.ask("GET", f"{AT}/summary/paper", cookies=cookies).text)
    assert told in paper


def sheet(folder, control, level, words):
    path = folder / "one.csv"
    path.write_text(f'control,level,reason\n{control},{level},"{words}"\n')
    return path
