"""The front page of a bundle: two languages, nothing from elsewhere, names stay in their cell."""

from html_page import Page

from cyberposture.content.bundle import find_content
from cyberposture.reporting.render import Renderer
from cyberposture.reporting.view.bundle import bundle_page

REPORTS = find_content(None).reports
PARTS = ("chains/x.json", "letters/1/terms.json", "raw.json", "score/kept.json", "finding.json",
         "contact.json", "observations.json", "edition/texts.json", "zones/UTC",
         "verify.py")  # fmt: skip
HOSTILE = "<script>alert(1)</script>\u202e"


def page_about(kind: str, name: str = "Hill Office", files: tuple[str, ...] = PARTS) -> Page:
    renderer = Renderer(REPORTS)
    manifest = {
        "about": {"kind": kind, "id": "1", "institution": "hill-office", "name": name,
                  "address": "127.72.0.1", "port": 22, "round": "autumn", "at": "2026-11-19"},
        "key": "a" * 64,
        "files": dict.fromkeys(files, "b" * 64),
        "held_back": [{"what": name, "why": "it shows others"}],
    }  # fmt: skip
    view = bundle_page(manifest, [renderer.page_words("bundle", one) for one in ("en", "ur")])
    return Page(renderer.render_page("bundle", "index.html.j2", view))


def test_every_kind_and_every_part_is_told_in_both_languages():
    for kind in ("score", "finding", "contact"):
        found = page_about(kind)
        assert [value for _, name, value in found.attributes if name == "lang"] == [
            "en", "en", "ur",
        ]  # fmt: skip
        assert len(found.ids) == len(set(found.ids))
        assert {link for link in found.links if not link.startswith("#")} == set()
        assert {"script", "img", "iframe", "form"} & set(found.tags) == set()
        for file in PARTS:
            assert file in found.words


def test_a_hostile_name_changes_nothing_but_its_own_cell():
    assert page_about("score", HOSTILE).tags == page_about("score").tags
    assert "\u202e" not in page_about("score", HOSTILE).words
