"""The catalogue as a book: whole, self-contained, sound, in every language that it is made in."""

import ast
import base64
import hashlib
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest
from book_samples import (
    FOLDERS,
    RENDERER,
    WORDS,
    book,
    content,
    html_of,
    profile_book,
    urdu_book,
    view_of,
)
from html_page import Page

from cyberposture.content.reading.translations import load_translations
from cyberposture.errors import WrongUsage
from cyberposture.reporting.book_inputs import BookInputs

HOME = FOLDERS.reports / "catalogue"
STYLE = (HOME / "style.css").read_text(encoding="utf-8")


def shipped_urdu() -> BookInputs:
    catalogue, checks = content().catalogue, content().checks
    return book(translations=load_translations(FOLDERS, catalogue, checks, "ur"))


def shipped_urdu_of(profile: str, sector: str) -> BookInputs:
    return replace(profile_book(profile, sector), translations=shipped_urdu().translations)


BOOKS: dict[str, Callable[[], BookInputs]] = {
    "whole": book,
    "cii-power": lambda: profile_book("cii", "power"),
    "start": lambda: profile_book("start", None),
    "urdu": urdu_book,
    "shipped-urdu": shipped_urdu,
}
each_book = pytest.mark.parametrize("name", BOOKS)


@cache
def html(name: str) -> str:
    return html_of(BOOKS[name]())


@cache
def page(name: str) -> Page:
    return Page(html(name))


@each_book
def test_elements_are_nested_ids_stand_once_and_links_lead_somewhere(name):
    found = page(name)
    assert len(found.ids) == len(set(found.ids))
    assert {link for link in found.links if link[1:] not in found.ids} == set()


@each_book
def test_nothing_is_fetched_and_nothing_can_run(name):
    found = page(name)
    assert {link for link in found.links if not link.startswith("#")} == set()
    assert {"script", "iframe", "object", "embed", "link", "img", "form"} & set(found.tags) == set()
    assert {(t, n) for t, n, _ in found.attributes if n.startswith("on") or n == "style"} == set()
    assert "url(" not in STYLE
    assert "@import" not in STYLE
    style = re.search(r"<style>(.*?)</style>", html(name), re.DOTALL)
    assert style is not None
    assert re.sub(r"/\*.*?\*/\n?", "", STYLE, flags=re.DOTALL) in style[1]
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"style-src &#39;sha256-{digest}&#39;" in html(name)


@each_book
def test_a_book_stays_small(name):
    assert len(html(name).encode()) < 2_500_000


def test_the_whole_book_holds_every_text_of_every_control():
    words = page("whole").words
    catalogue = content().catalogue
    for control in catalogue.controls + catalogue.proposed:
        texts = [control.title, control.statement, control.intent, control.weight_reason]
        texts += [control.gap, *control.guidance.values(), *control.review]
        texts += [proof.what for proof in control.evidence] + [c.why for c in control.maps_to]
        texts += list(control.sector_notes.values())
        if control.levels is not None:
            texts += list(control.levels.model_dump().values())
        missing = [text for text in texts if text and " ".join(text.split()) not in words]
        assert missing == [], control.id
    assert {c.id for c in catalogue.controls} <= set(page("whole").ids)
    assert all(" ".join(clause.text.split()) in words for clause in catalogue.clauses)
    assert all(check.title in words for check in content().checks.checks)


def test_the_book_of_a_sector_holds_its_notes_and_no_others():
    inputs = profile_book("cii", "power")
    words = page("cii-power").words
    shown = {card.id for domain in view_of(inputs).domains for card in domain.cards}
    for control in content().catalogue.controls:
        for sector, note in control.sector_notes.items():
            is_there = " ".join(note.split()) in words
            assert is_there == (sector == "power" and control.id in shown), control.id


def test_the_book_of_a_profile_holds_what_is_asked_there_and_says_how_much():
    inputs = profile_book("cii", "power")
    assert inputs.profile is not None
    asked = [
        line.id
        for domain in inputs.profile.domains
        for line in domain.controls
        if line.state != "left-out"
    ]
    view = view_of(inputs)
    assert [card.id for domain in view.domains for card in domain.cards] == asked
    assert view.proposed == ()
    counts = [inputs.profile.count(state) for state in ("asked", "depends", "left-out")]
    assert view.kind is not None
    assert [int(n) for n in re.findall(r"\d+", view.kind.counts)] == counts


def test_the_book_of_the_first_afternoon_says_why_each_control_is_in_it():
    found = content().catalogue.find_profile("start")
    assert found is not None
    words = page("start").words
    assert all(" ".join(one.why.split()) in words for one in found.controls or ())


def test_a_card_says_who_is_asked_when_and_whether_it_is_a_gate():
    cards = {c.id: c for d in view_of(book()).domains for c in d.cards}
    said = [str(text) for text in cards["IAM-10"].asked]
    assert said == [
        "asked of every institution",
        "decided by the network, so there is nothing to answer",
        "a gate for every institution",
    ]
    assert [str(text) for text in cards["NET-06"].asked][2:] == [
        "only where it sends or receives e-mail under a domain of its own"
    ]
    look = cards["IAM-10"].looks[0]
    assert (look.code, str(look.role)) == ("O-CLEAR", "decides")
    assert len(look.checks) > 3
    assert str(cards["NET-06"].evidence[0].age) == "not older than 90 days"
    assert str(cards["NET-06"].evidence[2].age) == "not older than a year"
    assert any(row.is_unverified for row in cards["NET-06"].crossings)


def test_a_number_that_nobody_set_is_called_ours():
    view = view_of(book())
    assert {str(one.source) for one in view.numbers} >= {"our default"}


# In another language.


def test_a_text_is_shown_in_urdu_where_it_is_current_and_else_in_english_with_a_mark():
    cards = [card for domain in view_of(urdu_book()).domains for card in domain.cards]
    by_id = {card.id: card for card in cards}
    reviewed, draft, outdated, missing = (
        by_id[control.id] for control in content().catalogue.controls[:4]
    )
    assert [c.state for c in (reviewed, draft, outdated, missing)] == [
        "reviewed", "draft", "outdated", "missing"
    ]  # fmt: skip
    assert [c.title.language for c in (reviewed, draft, outdated, missing)] == [
        "ur", "ur", "en", "en"
    ]  # fmt: skip
    assert draft.title.text.startswith(WORDS)
    assert (draft.title.is_draft, reviewed.title.is_draft) == (True, False)
    found = page("urdu")
    assert found.words.count("مسودہ، نظرثانی نہیں ہوئی") == 1
    assert "ترجمہ پرانا ہو گیا: انگریزی" in found.words
    assert f"{WORDS} (مسودہ)" in found.words


def test_what_holds_the_catalogue_together_is_named_in_the_language_of_the_book():
    catalogue, html_ = content().catalogue, html("shipped-urdu")
    for view in (view_of(shipped_urdu()), view_of(shipped_urdu_of("cii", "power"))):
        told = [one.title for one in view.domains] + [one.text for one in view.clauses]
        told += [note.name for d in view.domains for card in d.cards for note in card.notes]
        assert {one.language for one in (view.note, *told)} == {"ur"}
    assert view.kind is not None
    assert view.kind.sector is not None
    assert (view.kind.title.language, view.kind.sector.name.text) == ("ur", "بجلی")
    english = [one.title for one in (*catalogue.framework.domains, *catalogue.framework.sectors)]
    assert [one for one in english if f'dir="ltr">{one}</span>' in html_] == []
    assert f'<span lang="en" dir="ltr">{catalogue.framework.title}</span>' in html_


def test_a_page_counts_what_is_translated_and_says_that_drafts_are_not_reviewed():
    view = view_of(urdu_book())
    assert view.share is not None
    whole = len(content().catalogue.controls)
    assert re.findall(r"\d+", view.share.controls) == [str(whole), "1", "1", "1", str(whole - 3)]
    assert view.share.has_drafts
    assert view_of(book()).share is None


def test_every_english_passage_of_an_urdu_page_says_its_language_and_direction():
    found = page("urdu")
    tagged = [(t, n, v) for t, n, v in found.attributes if n in ("lang", "dir")]
    assert tagged[:2] == [("html", "lang", "ur"), ("html", "dir", "rtl")]
    assert {v for _, n, v in tagged if n == "dir"} == {"rtl", "ltr"}
    assert html("urdu").count('lang="en"') > 1_000
    assert '<span lang="en"' not in html("whole")


def test_a_book_is_made_in_the_languages_that_have_words():
    with pytest.raises(WrongUsage, match="not made in 'fr'") as caught:
        RENDERER.page_words("catalogue", "fr")
    assert caught.value.advice() == "made in: en, ur"


def test_the_words_of_both_languages_have_the_same_facts():
    english, urdu = (RENDERER.page_words("catalogue", language) for language in ("en", "ur"))

    def facts(words, key: str) -> set[str]:
        return {name for _, _, name, _ in words._patterns[key] if name}

    own = {key for key in english.keys if key in urdu.keys}
    assert {key: facts(urdu, key) for key in own} == {key: facts(english, key) for key in own}
    assert urdu.keys - english.keys == {"direction.rtl"}


# Words and style.


def test_no_sentence_is_written_for_nothing():
    python = (FOLDERS.root / "cyberposture" / "reporting" / "view").glob("book*.py")
    asked = {
        key for path in HOME.glob("*.j2") for key in re.findall(r'"([^"\s]+)"', path.read_text())
    }
    for path in python:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.JoinedStr):
                parts = (n.value if isinstance(n, ast.Constant) else "{}" for n in node.values)
                asked.add("".join(map(str, parts)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                asked |= {node.value, f"{node.value}.{{}}"}
    shared = RENDERER.shared_words().keys
    own = {
        re.sub(r"\.(one|other|zero)$", "", k)
        for k in RENDERER.page_words("catalogue").keys - shared
    }
    patterns = [
        re.compile("[^.]*".join(re.escape(part) for part in key.split("{}")))
        for key in asked
        if key
    ]
    idle = [key for key in own if not any(pattern.fullmatch(key) for pattern in patterns)]
    assert sorted(idle) == []


def test_the_style_knows_no_left_and_no_right():
    physical = re.findall(
        r"(?:margin|padding|border)-(?:left|right|top|bottom)|[\s;{](?:left|right|top|bottom|width"
        r"|height)\s*:|text-align:\s*(?:left|right)|float:",
        STYLE,
    )
    assert physical == []


@pytest.mark.browser
@pytest.mark.loopback
@pytest.mark.parametrize("name", ["whole", "urdu"])
def test_no_page_scrolls_sideways_and_no_policy_is_broken(name, tmp_path):
    browser_path = shutil.which("chromium")
    if browser_path is None:
        pytest.skip("chromium is not on this machine; .ci/set-up test installs it")
    from playwright.sync_api import sync_playwright

    path = tmp_path / f"{name}.html"
    path.write_text(html(name), encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=browser_path, args=["--no-sandbox", "--disable-gpu"]
        )
        for width in (360, 800, 1400):
            said: list[str] = []
            tab = browser.new_page(viewport={"width": width, "height": 900})
            tab.on("console", lambda message, said=said: said.append(message.text))
            tab.goto(path.as_uri())
            assert tab.evaluate("document.documentElement.scrollWidth") <= width
            assert said == []
            tab.close()
        browser.close()
