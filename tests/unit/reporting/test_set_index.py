"""The index of a set of reports: where to begin, and no way out of its folder."""

from dataclasses import replace
from typing import Any

import pytest
from html_page import Page
from press import RENDERER, definitions

from cyberposture.errors import WrongUsage
from cyberposture.model.reports import Audience
from cyberposture.reporting.index import render_index, safe_href
from cyberposture.reporting.inputs import SetEntry, SetInputs
from cyberposture.reporting.samples.contents import (
    content,
)
from cyberposture.reporting.samples.institution import (
    a_head,
)
from cyberposture.reporting.samples.nation import (
    a_nation,
)
from cyberposture.reporting.samples.scores import (
    AS_OF,
)

NATION = a_nation(6)


def a_set(**change: Any) -> SetInputs:
    institutions = tuple(
        SetEntry(f"institution-{n}.html", row.name, "institution", row.sector, row.result)
        for n, row in enumerate(NATION.rows)
    )
    inputs = SetInputs(
        content=content(),
        title="Demonstration (fictional)",
        as_of=AS_OF,
        zone="Asia/Karachi",
        entries=(SetEntry("nation.html", "The nation", "nation"), *institutions),
        parameters=NATION.parameters,
        audit_head=a_head(),
        sentences=("First.", "Second.", "Third.", "Fourth."),
        commands=(("cyberposture audit verify", "that nothing was changed"),),
    )
    return replace(inputs, **change)


def page_of(inputs: SetInputs, audience: Audience = "cert") -> Page:
    return Page(render_index(RENDERER, definitions()["nation"], audience, inputs))


def test_every_report_is_linked_once():
    links = [link for link in page_of(a_set()).links if not link.startswith("#")]
    assert links == ["nation.html", *(f"institution-{n}.html" for n in range(6))]


def test_the_three_most_important_sentences_come_first():
    words = page_of(a_set()).words
    assert words.index("First.") < words.index("Third.") < words.index("The nation")
    assert "Fourth." not in words


def test_an_institution_stands_with_band_and_both_scores():
    words = page_of(a_set()).words
    whole = NATION.rows[1].result.institution
    assert whole.band in words
    assert f"{whole.verified // 100}." in words


def test_an_institution_without_a_score_is_listed_without_one():
    page = page_of(a_set(entries=(SetEntry("a.html", "Silent Body", "institution"),)))
    assert "Silent Body" in page.words


def test_an_empty_set_has_an_index_too():
    assert "0 reports" in page_of(a_set(entries=(), sentences=(), commands=())).words


def test_the_index_says_for_whom_it_is():
    assert "TLP:CLEAR" in page_of(a_set(), "public").words


def test_hostile_titles_stay_in_their_cells():
    entry = SetEntry("a.html", "<script>\u202e", "institution", note="</table>")
    page = page_of(a_set(entries=(entry,), sentences=("<img src=x>",), title="<h1>"))
    assert {"script", "img"} & set(page.tags) == set()


@pytest.mark.parametrize(
    "href",
    [
        "http://127.0.0.1/a.html", "//127.0.0.1/a.html", "/etc/passwd", "../a.html", "a/../../b",
        "javascript:alert(1)", "data:text/html,x", "", "a\\..\\b",
    ],
)  # fmt: skip
def test_a_link_out_of_the_folder_is_refused(href):
    with pytest.raises(WrongUsage, match="not a file inside the set"):
        safe_href(href)


def test_a_link_is_quoted_for_the_page():
    assert safe_href('a b".html') == "a%20b%22.html"


def test_the_index_is_made_in_urdu_too():
    html = render_index(RENDERER, definitions()["nation"], "cert", a_set(), language="ur")
    assert '<html lang="ur" dir="rtl">' in html
    assert "لازمی شرائط جو پوری نہیں" in html
