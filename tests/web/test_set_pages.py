"""Sets of reports on the portal: asked for, made beside it, fetched by whom it says."""

import zipfile
from io import BytesIO

import pytest
from browser import Browser
from world import FOREIGN, FORM_KEY, OWN, ROUND

from cyberposture.services.proof import audit
from cyberposture.services.reports.sets.asked import list_sets
from cyberposture.services.scores import score
from cyberposture.worker.sets import make_sets

PLACE = "/cert/sets"


class Never:
    """The process goes on."""

    def is_set(self) -> bool:
        return False


@pytest.fixture(scope="module")
def walk(world):
    browser = Browser(world.app)

    def ask(person, method="GET", path=PLACE, read="en", **form):
        cookies = {"session": world.session_of(person), "language": read}
        given = {"form": {"form_key": FORM_KEY} | form} if method == "POST" else {}
        return browser.ask(method, path, cookies=cookies, **given)

    yield ask
    browser.close()


@pytest.fixture(scope="module")
def scored(world):
    """One of the two has its final score."""
    score.finalise(world.register, OWN, ROUND)


def test_a_set_is_asked_for_made_beside_the_portal_and_fetched(world, walk, scored):
    given = {"reader": "board", "round": ROUND, "about": OWN, "language": "ur"}
    assert walk("p-cert-analyst", "POST", **given).headers["location"] == f"{PLACE}?done=set-asked"
    newest = list_sets(world.register)[0]
    waits = f"{PLACE}/{newest.code}/download"
    assert "waits" in walk("p-cert-analyst").text
    assert walk("p-cert-analyst", path=waits).status == 409
    make_sets(world.runtime, Never())
    page = walk("p-cert-administrator").text
    assert waits in page
    answer = walk("p-cert-administrator", path=waits)
    assert (
        answer.headers["content-disposition"] == f'attachment; filename="board-{ROUND}-{OWN}.zip"'
    )
    assert answer.headers["x-manifest-sha256"] in page
    names = zipfile.ZipFile(BytesIO(answer.body)).namelist()
    assert f"board-{ROUND}-{OWN}/manifest.json" in names
    entry = audit.read_entries(world.register)[-1]
    assert (entry.kind, entry.act.actor) == ("report-set-fetched", "p-cert-administrator")


@pytest.mark.parametrize(("language", "said"), [("en", "choose whose set"), ("ur", "چنیں: بورڈ")])
def test_what_cannot_be_made_is_said_beside_its_field_and_what_was_typed_is_kept(
    walk, language, said
):
    given = {"reader": "board", "round": ROUND, "about": "", "language": "en", "pdf": "yes"}
    answer = walk("p-cert-analyst", "POST", read=language, **given)
    assert answer.status == 422
    assert said in answer.text
    assert 'value="board" selected' in answer.text


@pytest.mark.parametrize(
    ("language", "said"), [("en", "or the round is closed"), ("ur", "یا دور بند ہو جائے")]
)
def test_nothing_is_told_to_the_public_of_a_round_that_goes_on(walk, scored, language, said):
    given = {"reader": "public", "round": ROUND, "about": "", "language": "en", "pdf": "yes"}
    answer = walk("p-cert-analyst", "POST", read=language, **given)
    assert answer.status == 422
    assert said in answer.text


@pytest.mark.parametrize(
    "person", ["p-institution-lead", "p-sector-regulator", "p-national-observer", "p-reviewer"]
)
def test_nobody_else_asks_for_sets_or_fetches_them(walk, person):
    for path in (PLACE, f"{PLACE}/s-aaaa-bbbb-cccc/download"):
        assert walk(person, path=path).status == 403
    assert walk(person, "POST", reader="minister", round=ROUND, about=FOREIGN).status == 403


def test_where_a_set_leaked_is_told_and_never_what(walk):
    text = walk("p-cert-analyst").text
    assert "nation.en.html, line 7: an address" in text
