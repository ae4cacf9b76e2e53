"""Every page that can be asked for: no barrier that can be found by rule, and nothing cut off.

Source of the rules: WCAG 2.2, levels A and AA, October 2023, as axe-core reads them.
"""

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext
from test_every_route import WALKS, Walk, is_open
from world import OWN, ROLES, World

from cyberposture.web.surroundings import LANGUAGES

pytestmark = [pytest.mark.loopback, pytest.mark.acceptance]

NO_PAGE = re.compile(
    r"/style/|/report$|/file$|/letter$|/papers/|/raw/|/progress$|/attestations/|/healthz$"
    r"|/metrics$|/language/|/download|/paper$"
)
"""What is sent as a file, or leads elsewhere."""
PAGES = [walk for walk in WALKS if walk.method == "GET" and not NO_PAGE.search(walk.path)]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
NARROW, WIDE = {"width": 360, "height": 740}, {"width": 1400, "height": 900}
NAMED_TWICE = """() => {
  const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
  return ids.filter((id, at) => ids.indexOf(id) !== at);
}"""
LABELS_OF_NOTHING = """() => [...document.querySelectorAll("label")]
  .filter((one) => !(one.control && one.control.type !== "hidden")).map((one) => one.outerHTML)"""
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def visitors(
    world: World, address: str, chromium: Browser
) -> Iterator[dict[tuple[str, str], BrowserContext]]:
    """A context for each role and language, narrow in Urdu and wide in English."""
    made = {}
    for language, size in (("ur", NARROW), ("en", WIDE)):
        for role in ("", *ROLES):
            context = chromium.new_context(viewport=size, base_url=address)
            cookies = {"language": language}
            if role:
                cookies["session"] = world.session_of(world.person_of(role))
            context.add_cookies(
                [{"name": n, "value": v, "url": address} for n, v in cookies.items()]
            )
            made[role, language] = context
    yield made
    for context in made.values():
        context.close()


@pytest.fixture(scope="module")
def reads_all(request: pytest.FixtureRequest) -> bool:
    """Whether everything is asked for, however long it takes."""
    return bool(request.config.getoption("--both-engines"))


def reader_of(walk: Walk) -> str:
    """Return a role that opens the page; empty where nobody need be signed in."""
    if walk.action is None:
        return ""
    return next(role for role in ROLES if is_open(walk, role, OWN))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("walk", PAGES, ids=str)
def test_a_page_has_no_barrier_and_fits(reads_all, world, visitors, walk, language):
    page = visitors[reader_of(walk), language].new_page()
    faults: list[str] = []
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    try:
        answer = page.goto(walk.at(world, OWN))
        assert answer is not None and answer.status in (200, 404), page.inner_text("main")
        assert page.evaluate(SIDEWAYS) <= 0, "it scrolls sideways"
        assert page.evaluate(NAMED_TWICE) == []
        assert page.evaluate(LABELS_OF_NOTHING) == []
        # Reading by rule costs most: each page is read once, half of them wide, half narrow; with
        # `--both-engines`, which asks for everything, both ways.
        is_turn = (PAGES.index(walk) + LANGUAGES.index(language)) % 2 == 0
        found = (
            Axe().run(page, options=RULES).response["violations"] if is_turn or reads_all else []
        )
        said = [
            f"{one['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
            for one in found
            for node in one["nodes"]
        ]
        assert said == []
        assert [one for one in faults if "404" not in one] == []
    finally:
        page.close()
