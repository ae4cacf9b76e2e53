"""A draft open to everybody: reading, commenting without an account, and the CERT's answers."""

from collections.abc import Iterator

import pytest
from browser import Browser
from world import CONSULTATION, CONTROL, FORM_KEY, World

from cyberposture.services.catalogue import comments
from cyberposture.web.pages.consultation import public
from cyberposture.web.surroundings import COOKIE

HOME, OFFICE = f"/consultations/{CONSULTATION}", f"/cert/consultations/{CONSULTATION}"
HOSTILE = "<script>alert(1)</script> \u202ereversed"


@pytest.fixture(scope="module")
def portal(world) -> Iterator[Browser]:
    browser = Browser(world.app)
    yield browser
    browser.close()


@pytest.fixture
def analyst(world) -> dict[str, str]:
    return {COOKIE: world.session_of(world.person_of("cert-analyst"))}


@pytest.fixture(autouse=True)
def unhurried(monkeypatch) -> None:
    """Let each test find the door as nobody had come before."""
    monkeypatch.setattr(public, "_PACE", public.Pace())


def say(portal: Browser, on: str = CONTROL, **form: str):
    given = {"author": "A. Author (invented)", "text": "One word is missing.", **form}
    return portal.ask("POST", f"{HOME}/on/{on}", form=given)


def number_of(answer) -> str:
    assert answer.status == 303, answer.text
    return answer.headers["location"].rsplit("/", 1)[1]


def test_everybody_reads_a_draft_and_finds_a_control_in_it(portal):
    assert CONSULTATION in portal.ask("GET", "/consultations").text
    assert CONTROL in portal.ask("GET", HOME).text
    found = portal.ask("GET", f"{HOME}?q={CONTROL}").text
    assert CONTROL in found and "IAM-10" not in found
    assert "no control" in portal.ask("GET", f"{HOME}?q=zebra").text.casefold()
    assert portal.ask("GET", f"{HOME}/on/NO-99").status == 404
    assert portal.ask("GET", "/consultations/elsewhere").status == 404


@pytest.mark.parametrize("on", [CONTROL, "draft"])
def test_a_comment_gets_a_number_and_stands_on_its_page(portal, on):
    code = number_of(say(portal, on, text=f"About {on}: {HOSTILE}"))
    assert code in portal.ask("GET", f"{HOME}/received/{code}").text
    page = portal.ask("GET", f"{HOME}/on/{on}").text
    assert code in page and "&lt;script&gt;" in page and "<script>alert" not in page


def test_what_is_missing_is_said_and_what_was_typed_is_kept(portal):
    answer = say(portal, text="  ", affiliation="The reading circle")
    assert answer.status == 422
    assert 'href="#text"' in answer.text and "The reading circle" in answer.text
    assert say(portal, "NO-99").status == 404


def test_who_objects_is_not_published(portal, world):
    code = number_of(say(portal, text="For your eyes.", private="yes", email="a@example.org"))
    assert comments.get_comment(world.register, code).record.said.text == "For your eyes."
    for page in (HOME, f"{HOME}/on/{CONTROL}", f"{HOME}/comments", f"{HOME}/report"):
        text = portal.ask("GET", page).text
        assert "For your eyes." not in text and "a@example.org" not in text


def test_what_only_a_machine_fills_in_enters_nothing(portal, world):
    before = len(comments.list_comments(world.register, CONSULTATION))
    assert say(portal, text="Buy now.", website="https://shop.example").status == 303
    assert len(comments.list_comments(world.register, CONSULTATION)) == before


def test_a_flood_is_asked_to_wait_and_loses_nothing(portal, monkeypatch):
    monkeypatch.setattr(public, "MOST_A_MINUTE", 1)
    number_of(say(portal, text="The first."))
    answer = say(portal, text="The second.")
    assert answer.status == 429 and "The second." in answer.text


def test_a_form_of_another_site_enters_nothing(portal):
    form = {"author": "A. Author (invented)", "text": "Elsewhere."}
    answer = portal.ask(
        "POST", f"{HOME}/on/{CONTROL}", form=form, **{"sec-fetch-site": "cross-site"}
    )
    assert answer.status == 403


def test_the_cert_answers_and_everybody_reads_the_answer(portal, analyst):
    code = number_of(say(portal, text="Name the deputy as well."))
    waiting = portal.ask("GET", f"{OFFICE}?waiting=yes", cookies=analyst).text
    assert code in waiting
    form = {"form_key": FORM_KEY, "outcome": "accepted", "reason": "The deputy is named now.",
            "changed": CONTROL}  # fmt: skip
    at = f"{OFFICE}/comments/{code}"
    assert portal.ask("POST", f"{at}/answer", form=form, cookies=analyst).status == 303
    assert "The deputy is named now." in portal.ask("GET", f"{HOME}/on/{CONTROL}").text
    assert code not in portal.ask("GET", f"{OFFICE}?waiting=yes", cookies=analyst).text
    refused = portal.ask("POST", f"{at}/answer", form={**form, "outcome": "rejected"},
                         cookies=analyst)  # fmt: skip
    assert refused.status == 422 and "The deputy is named now." in refused.text


def test_a_hidden_comment_leaves_its_reason_and_no_word(portal, analyst):
    code = number_of(say(portal, text="The neighbour is a fool."))
    form = {"form_key": FORM_KEY, "action": "hide", "reason": "It names a person."}
    at = f"{OFFICE}/comments/{code}/moderate"
    assert portal.ask("POST", at, form=form, cookies=analyst).status == 303
    page = portal.ask("GET", f"{HOME}/on/{CONTROL}").text
    assert "It names a person." in page and "fool" not in page
    for _ in ("here", "once more"):
        twice = portal.ask("POST", at, form=form | {"reason": "A second reason."}, cookies=analyst)
        assert twice.status == 422
    page = twice.text.partition('/answer"')[2]
    published, _, hiding = page.partition("</form>")
    assert "A second reason." in hiding and "A second reason." not in published
    form |= {"action": "restore", "reason": "Read again: it names nobody."}
    assert portal.ask("POST", at, form=form, cookies=analyst).status == 303
    assert "fool" in portal.ask("GET", f"{HOME}/on/{CONTROL}").text


def test_groups_and_meetings_are_kept_and_faults_keep_what_was_typed(portal, analyst):
    group = {"form_key": FORM_KEY, "name": "Readers (invented)", "kind": "academia"}
    assert portal.ask("POST", f"{OFFICE}/groups", form=group, cookies=analyst).status == 303
    again = portal.ask("POST", f"{OFFICE}/groups", form=group, cookies=analyst)
    assert again.status == 422 and "Readers (invented)" in again.text
    event = {"form_key": FORM_KEY, "title": "Round table", "held_on": "2026-11-01",
             "location": "The hall", "host": "The office", "attendance": "12"}  # fmt: skip
    assert portal.ask("POST", f"{OFFICE}/events", form=event, cookies=analyst).status == 303
    wrong = portal.ask("POST", f"{OFFICE}/events", form={**event, "attendance": "many"},
                       cookies=analyst)  # fmt: skip
    assert wrong.status == 422 and "attendance" in wrong.text and "The hall" in wrong.text


def test_the_record_is_one_file_that_allows_its_own_style_alone(portal):
    answer = portal.ask("GET", f"{HOME}/report")
    assert answer.status == 200
    assert "style-src 'sha256-" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]


def test_whoever_is_signed_in_keeps_their_menu_on_an_open_page(portal, analyst, world: World):
    assert "p-cert-analyst" not in portal.ask("GET", HOME).text
    assert "cert-analyst (invented)" in portal.ask("GET", HOME, cookies=analyst).text


def test_before_its_last_day_a_consultation_ends_for_a_reason_only(portal, analyst):
    form = {"form_key": FORM_KEY, "reason": ""}
    assert portal.ask("POST", f"{OFFICE}/close", form=form, cookies=analyst).status == 422
    form["reason"] = "The committee was dissolved."
    assert portal.ask("POST", f"{OFFICE}/close", form=form, cookies=analyst).status == 303
    assert "takes no more comments" in portal.ask("GET", f"{HOME}/on/{CONTROL}").text
    assert say(portal).status == 422
