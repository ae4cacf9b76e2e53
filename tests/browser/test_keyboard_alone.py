"""From the door to the receipt with Tab, Shift+Tab, Enter, Space and arrows: no mouse, and at each
step one sees where one is.

Source: WCAG 2.2, 2.1.1 Keyboard, 2.1.2 No Keyboard Trap, 2.4.7 Focus Visible, 2.4.11 Focus Not
Obscured (Minimum).
"""

from collections.abc import Iterator

import pytest
from keyboard import MOST_TABS, Keys, account
from playwright.sync_api import Browser
from serving import serving
from world import OWN, ROUND, World, settle

from cyberposture.services.assessments import importing, submission

pytestmark = [pytest.mark.loopback, pytest.mark.acceptance]

AT = f"/institutions/{OWN}/rounds/{ROUND}"
LEFT = "GOV-01"
"""The one question that is still open when the walk begins."""


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Iterator[World]:
    """A world in which one question is open; it is handed in at the end."""
    folder = tmp_path_factory.mktemp("keyboard")
    made = settle(folder)
    (missing, *_) = submission.list_blockers(made.register, OWN, ROUND)
    path = folder / "answers.csv"
    rows = "\n".join(f"{one},1" for one in missing.controls if one != LEFT)
    path.write_text(f"control,level\n{rows}\n")
    importing.import_answers(made.register, path, OWN, ROUND)
    yield made
    made.runtime.close()


@pytest.fixture(scope="module")
def keys(world, chromium: Browser) -> Iterator[dict[str, Keys]]:
    """The lead and the signatory, each before a browser of their own."""
    with serving(world.app) as address:
        found = {}
        for role in ("institution-lead", "signatory"):
            page = chromium.new_context(viewport={"width": 1100, "height": 700}).new_page()
            page.set_default_timeout(10_000)
            found[role] = Keys(page, address, account(world, role))
        yield found
        for one in found.values():
            one.page.context.close()


def test_from_the_door_to_the_receipt_without_a_mouse(world, keys):
    lead, boss = keys["institution-lead"], keys["signatory"]
    now = world.register.clock()
    lead.sign_in(world.person_of("institution-lead"), lead.totp.at(now))

    # The first stop leads past header and menu, into the page itself.
    lead.skip()
    lead.press("Tab")
    assert lead.page.evaluate("document.activeElement.closest('main') !== null")

    lead.enter(f"a[href='{AT}/answers/GOV']")
    lead.to(f"form[action='{AT}/answers/GOV/{LEFT}'] input[name=level]")
    lead.press("Space")
    lead.press("ArrowDown")
    form = lead.page.locator(f"form[action='{AT}/answers/GOV/{LEFT}']")
    assert form.locator("input[name=level][value='1']").is_checked()
    lead.write(f"form[action='{AT}/answers/GOV/{LEFT}'] textarea", "The board signed it in May.")
    lead.press("Tab")
    form.locator(".saved[data-state='kept']").wait_for()
    lead.press("Shift+Tab")
    assert "textarea" in lead.focused  # there is a way back too

    boss.sign_in(world.person_of("signatory"), boss.totp.at(now))
    boss.skip()
    boss.enter(f".tasks a[href='{AT}/summary']")
    boss.enter(f"form[action='{AT}/attest'] button")
    boss.to("input[name=read]")
    boss.press("Space")
    assert boss.page.locator("input[name=read]").is_checked()
    boss.write("input[name=code]", boss.totp.at(now.timestamp() + 30))
    with boss.page.expect_navigation():
        boss.page.keyboard.press("Enter")
    assert boss.page.url.endswith("/summary?done=attested")

    lead.enter(f"a[href='{AT}/controls'], nav a[href='/']")
    if not lead.page.url.endswith("/controls"):
        lead.enter(f"a[href='{AT}/controls']")
    lead.enter(f"a[href='{AT}/summary']")
    lead.enter(f"form[action='{AT}/submit'] button")
    assert "/receipts/" in lead.page.url or "receipt" in lead.page.inner_text("main").lower()
    assert submission.list_blockers(world.register, OWN, ROUND)[0].kind == "state"


def test_the_last_stop_of_a_page_leads_out_of_it_again(keys):
    """Nothing holds the focus: after the last element the page is left, and begun anew."""
    lead = keys["institution-lead"]
    for path in ("/", f"{AT}/answers/GOV", f"{AT}/summary", "/account"):
        lead.page.goto(lead.address + path)
        for _ in range(MOST_TABS):
            lead.press("Tab")
            if lead.page.evaluate("document.activeElement === document.body"):
                break
        else:
            pytest.fail(f"{path} has no end")
