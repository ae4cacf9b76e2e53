"""Whoever types an answer and goes straight on loses nothing of it, whichever way they go on."""

import secrets
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route
from world import CONTROL, OWN, ROUND, World

from cyberposture.clock import utc_now
from cyberposture.services.assessments import assess, rounds
from cyberposture.services.assessments.cards import Reader, read_control
from cyberposture.services.assessments.questionnaire import save_answer
from cyberposture.services.people.passwords import digest_of
from cyberposture.store import people, sessions

pytestmark = [pytest.mark.loopback, pytest.mark.acceptance]

HERE = f"/institutions/{OWN}/rounds/{ROUND}/answers/{CONTROL[:3]}"


@pytest.fixture
def page(world: World, address: str, chromium: Browser) -> Iterator[Page]:
    """The lead of the institution, before the questions of a domain."""
    context = chromium.new_context(viewport={"width": 1024, "height": 700}, base_url=address)
    session = world.session_of(world.person_of("institution-lead"))
    context.add_cookies([{"name": "session", "value": session, "url": address}])
    made = context.new_page()
    made.goto(HERE)
    yield made
    context.close()


def answer(page: Page, words: str, level: int) -> None:
    card = page.locator(f"[id='{CONTROL}']")
    card.locator("textarea").fill(words)
    card.locator(f"input[name=level][value='{level}']").check()
    card.locator("textarea").press("End")
    card.locator("textarea").press_sequentially(".")


def kept(page: Page) -> tuple[str, str]:
    """Return what the register holds, as a new look at the page shows it."""
    page.goto(HERE)
    card = page.locator(f"[id='{CONTROL}']")
    return (
        card.locator("textarea").input_value(),
        card.locator("input[name=level]:checked").get_attribute("value") or "",
    )


def stay(page: Page) -> list[str]:
    """Stay on the page whenever the browser asks, and return what it asked."""
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    return asked


def add_a_file(page: Page, path: Path) -> None:
    behind = page.locator(f"[id='{CONTROL}-evidence']")
    behind.locator("details").evaluate("one => { one.open = true; }")
    behind.locator("input[type=file]").set_input_files(path)
    with page.expect_navigation():
        behind.locator("form[action$='/upload'] button").click()


def test_evidence_that_is_added_at_once_takes_the_answer_along(page, tmp_path):
    paper = tmp_path / "minutes.pdf"
    paper.write_bytes(b"%PDF-1.7 minutes of March")
    answer(page, "The board said so in March", 2)
    add_a_file(page, paper)
    told = page.locator(f"[id='{CONTROL}-evidence'] [role=status]")
    place = told.bounding_box()
    assert place is not None and 0 <= place["y"] < 700
    assert kept(page) == ("The board said so in March.", "2")


def test_a_save_that_is_on_its_way_is_waited_for(page, tmp_path):
    held: list[Route] = []

    def hold(route: Route) -> None:
        # The first stays on its way until the second thing is pressed.
        if held or route.request.method != "POST":
            route.continue_()
        else:
            held.append(route)

    page.route(f"**{HERE}/{CONTROL}", hold)
    answer(page, "Everybody has one key", 1)
    page.wait_for_function(
        f"document.getElementById('{CONTROL}').querySelector('.saved').dataset.state === 'saving'"
    )
    page.locator("main .onward a").last.click(no_wait_after=True)
    assert page.url.endswith(HERE)
    with page.expect_navigation():
        held[0].continue_()
    assert not page.url.endswith(HERE)
    assert kept(page) == ("Everybody has one key.", "1")


def test_the_forms_own_button_is_no_conflict_with_oneself(page):
    answer(page, "Two of us look at it each week", 3)
    with page.expect_navigation() as found:
        page.locator(f"[id='{CONTROL}'] form.answer button").first.click()
    assert found.value.status == 200
    assert kept(page) == ("Two of us look at it each week.", "3")


def test_what_cannot_be_kept_asks_before_it_is_left(page):
    asked = stay(page)
    page.route(f"**{HERE}/{CONTROL}", lambda route: route.abort())
    answer(page, "This house has no network just now", 0)
    with page.expect_event("dialog"):
        page.locator("main .onward a").last.click(no_wait_after=True)
    page.locator(f"[id='{CONTROL}'] .saved[data-state=failed]").wait_for()
    assert page.locator(f"[id='{CONTROL}'] textarea").input_value().startswith("This house")
    assert set(asked) == {"beforeunload"} and page.url.endswith(HERE)


def test_whoever_leaves_while_a_save_is_on_its_way_is_asked(page):
    asked = stay(page)
    page.route(f"**{HERE}/{CONTROL}", lambda _: None)  # no answer ever comes
    answer(page, "It is on its way", 1)
    page.locator(f"[id='{CONTROL}'] .saved[data-state=saving]").wait_for()
    with page.expect_event("dialog"):
        page.evaluate("() => { setTimeout(() => location.assign('/')); }")
    assert asked == ["beforeunload"] and page.url.endswith(HERE)


def test_what_is_typed_beside_a_card_goes_by_its_own_button_and_is_never_left_unasked(page):
    own = f"{HERE}/{CONTROL}"
    page.goto(own)
    asked, remark = stay(page), page.locator("[name=remark]")
    remark.press_sequentially("Half a thought")
    with page.expect_event("dialog"):
        page.locator(".brand a").click(no_wait_after=True)
    assert page.url.endswith(own)
    answer(page, "The board knows of it", 2)
    with page.expect_navigation() as found:
        page.locator(f"[id='{CONTROL}'] form.answer button").click()
    assert found.value.status == 200 and remark.input_value() == "Half a thought"
    with page.expect_event("dialog"):  # what was shown again was still not sent
        page.locator(".brand a").click(no_wait_after=True)
    with page.expect_navigation():
        page.locator("button[name=language]").click()
    assert page.locator("html").get_attribute("lang") == "ur"
    assert remark.input_value() == "Half a thought"
    with page.expect_navigation():
        page.locator("button[name=language]").click()
    with page.expect_navigation():
        page.locator("[name=do][value=remark]").click()
    assert "Half a thought" in page.locator(".thread .said").last.inner_text()
    assert asked == ["beforeunload"] * 2 and remark.input_value() == ""
    page.locator(".brand a").click()
    assert kept(page) == ("The board knows of it.", "2")


def test_two_versions_stand_beside_a_comment_that_was_not_sent(page, world):
    page.goto(f"{HERE}/{CONTROL}")
    page.locator("[name=question]").press_sequentially("Who else answers this?")
    answer_as_another(world)
    with page.expect_navigation() as found:
        page.locator(f"[id='{CONTROL}'] textarea").fill("Mine.")
    card = page.locator(f"[id='{CONTROL}']")
    assert found.value.status == 409 and "Theirs, not yet" in card.inner_text()
    assert card.locator("textarea").input_value() == "Mine."
    assert page.locator("[name=question]").input_value() == "Who else answers this?"
    with page.expect_navigation():
        card.locator("form.answer button").click()
    assert kept(page)[0] == "Mine."


def answer_as_another(world: World, reason: str = "Theirs, not yet") -> None:
    known = read_control(world.register, OWN, ROUND, CONTROL, Reader("nobody"))[1]
    save_answer(
        world.register, OWN, ROUND, CONTROL, level=0, not_applicable=None, reason=reason,
        seen_revision=known[-1].revision if known else 0,
    )  # fmt: skip


@pytest.mark.parametrize("onward", [".brand a", "[name=do][value=remark]", "button[name=language]"])
def test_two_versions_are_shown_before_one_goes_on(page, world, onward):
    page.goto(f"{HERE}/{CONTROL}")
    page.locator("[name=remark]").fill("Is it so?")
    page.evaluate("() => { for (const one of document.querySelectorAll('[name=remark]'))"
                  " one.defaultValue = one.value; }")  # fmt: skip
    theirs = f"Theirs, before {onward}"
    answer_as_another(world, theirs)
    page.locator(f"[id='{CONTROL}'] textarea").fill("Mine.")
    with page.expect_navigation() as found:
        page.locator(onward).first.click(no_wait_after=True)
    page.wait_for_timeout(500)
    card = page.locator(f"[id='{CONTROL}']")
    assert found.value.status == 409 and theirs in card.inner_text()
    assert card.locator("textarea").input_value() == "Mine."


def test_what_cannot_be_kept_comes_along_with_a_button_beside_it(page):
    page.goto(f"{HERE}/{CONTROL}")
    card = page.locator(f"[id='{CONTROL}']")
    card.locator("textarea").fill("")
    card.locator("input[name=level][value='na']").check()
    card.locator(".saved[data-state=fault]").wait_for()
    card.locator("input[name=level][value='na']").dispatch_event("change")
    with page.expect_navigation() as found:
        page.locator("button[name=language]").click(no_wait_after=True)
    assert found.value.status in (200, 422)
    assert card.locator("input[name=level][value='na']").is_checked()


def test_half_a_date_is_not_sent_as_none(page):
    page.goto(f"/institutions/{OWN}/people")
    page.evaluate("() => { for (const one of document.querySelectorAll('main details'))"
                  " one.open = true; }")  # fmt: skip
    until = page.locator("form[action$='/people'] input[name=valid_until]")
    until.focus()
    page.keyboard.type("12")
    assert until.evaluate("one => one.validity.badInput")
    at = page.url
    page.keyboard.press("Enter")
    page.wait_for_timeout(500)
    assert page.url == at and until.evaluate("one => document.activeElement === one")


def test_a_level_that_was_chosen_after_the_session_ended_is_put_back_with_the_words(
    page, world, address
):
    page.context.clear_cookies()
    answer(page, "Chosen after it was over", 1)
    with page.expect_navigation() as found:
        page.locator(f"[id='{CONTROL}'] form.answer button").first.click()
    assert found.value.status == 401 and "1 In part" in page.inner_text("main")
    sign_in_elsewhere(world, page, address, "institution-lead")
    with page.expect_navigation():
        page.locator("form:has([name^=level]) button").click()
    card = page.locator(f"[id='{CONTROL}']")
    assert card.locator("[name=level]:checked").get_attribute("value") == "1"
    with page.expect_navigation():
        card.locator("form.answer button").first.click()
    assert kept(page) == ("Chosen after it was over.", "1")


def sign_in_elsewhere(world: World, page: Page, address: str, role: str) -> None:
    """Give the browser a new session, whose forms carry another key, as a second window would."""
    token = secrets.token_urlsafe(32)
    with world.register.database.transaction() as connection:
        who = people.get_person(connection, world.person_of(role))
        sessions.insert_session(
            connection, digest_of(token), who.id, secrets.token_hex(8), world.register.clock()
        )
    page.context.add_cookies([{"name": "session", "value": token, "url": address}])


def test_whoever_was_signed_out_finds_the_words_on_the_page_and_has_them_kept_later(
    page, world, address
):
    page.context.clear_cookies()
    page.context.add_cookies([{"name": "session", "value": "of-yesterday", "url": address}])
    answer(page, "Written after the session was over", 2)
    saved = page.locator(f"[id='{CONTROL}'] .saved")
    page.locator(f"[id='{CONTROL}'] .saved[data-state=ended]").wait_for()
    assert "your words are still on this page" in saved.inner_text()

    # Somebody else at the same machine takes nothing over.
    sign_in_elsewhere(world, page, address, "contributor")
    with page.expect_response(lambda one: one.request.method == "POST", timeout=15_000) as refused:
        pass
    assert refused.value.status == 403
    sign_in_elsewhere(world, page, address, "institution-lead")
    page.locator(f"[id='{CONTROL}'] .saved[data-state=kept]").wait_for(timeout=15_000)
    assert kept(page) == ("Written after the session was over.", "2")


@pytest.fixture
def plain(world: World, address: str, chromium: Browser) -> Iterator[Page]:
    """The same lead, whose browser runs no script, before the questions of another round."""
    rounds.open_round(world.register, "winter", "Winter", utc_now() + timedelta(days=30))
    assess.open_assessment(world.register, OWN, "winter", carries_over=False)
    context = chromium.new_context(
        java_script_enabled=False, viewport={"width": 360, "height": 740}, base_url=address
    )
    session = world.session_of(world.person_of("institution-lead"))
    context.add_cookies([{"name": "session", "value": session, "url": address}])
    made = context.new_page()
    yield made
    context.close()


def test_without_a_script_one_button_keeps_the_words_of_every_card(plain, tmp_path):
    at = HERE.replace(ROUND, "winter")
    plain.goto(at)
    cards = [one.get_attribute("id") or "" for one in plain.locator(".card:has(fieldset)").all()]
    written = {one: f"What we wrote of {one}, and who saw it." for one in cards}
    assert len(cards) > 5 and not plain.locator("noscript").count()
    for number, one in enumerate(cards[:-1]):
        card = plain.locator(f"[id='{one}']")
        card.locator(f"[type=radio][value='{number % 3}']").check()
        card.locator("textarea").fill(written[one])

    # The small forms of evidence do not stand beside words that they would leave behind.
    middle = plain.locator(f"[id='{cards[2]}']")
    assert not middle.locator("input[type=file]").is_visible()
    middle.get_by_role("button", name="then change the evidence").click()
    paper = tmp_path / "minutes.pdf"
    paper.write_bytes(b"%PDF-1.7 minutes of March")
    plain.locator("input[type=file]").set_input_files(paper)
    plain.get_by_role("button", name="Add it").click()
    assert plain.url.endswith(f"#{cards[2]}-evidence")

    last = plain.locator(f"[id='{cards[-1]}']")
    assert last.locator("form.answer button").count() == 1  # there is no next one to go on to
    last.locator("input[value=na]").check()
    plain.locator(f"[id='{cards[0]}'] textarea").fill("Another thought.")
    last.locator("form.answer button").click()
    assert plain.locator(f"[id='{cards[-1]}-fault']").is_visible()
    last.locator("textarea").fill(written[cards[-1]])
    last.locator("textarea").press("Tab")
    plain.locator(f"[id='{cards[1]}'] .go").click()
    assert plain.url.endswith(f"{at}#{cards[2]}")
    held = {one: plain.locator(f"[id='{one}'] textarea").input_value() for one in cards}
    assert held == written | {cards[0]: "Another thought."}
    assert "minutes.pdf" in middle.inner_text()
    # Enter in a form sends it too, and speaks for no card.
    plain.locator(f"[id='{cards[0]}'] [type=radio]").nth(1).press("Enter")
    plain.wait_for_url(f"**{at}")
