"""Every number that a report tells of many leads to how it came about."""

import re
from functools import cache
from html.parser import HTMLParser
from typing import NamedTuple

import pytest
from press import RENDERER, definitions

from cyberposture.reporting.samples.worst import WORST

REPORTS = ("nation", "sector", "exposure", "round", "crosswalk")
EXPLAINS_ITSELF = {"method", "editions", "indicators", "whole"}
"""Chapters that are explanations, or say in each row where it is known from."""
FIGURE = re.compile(r"\d")


class Figure(NamedTuple):
    """One number on a page, and the explanations that it leads to."""

    chapter: str
    text: str
    leads: frozenset[str]


class Figures(HTMLParser):
    """The numbers of key figures and of tables, each with the links of its cell, row and head."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.found: list[Figure] = []
        self._chapter = ""
        self._heads: list[tuple[set[str], str]] = []
        self._row: set[str] = set()
        self._column = 0
        self._cell: tuple[str, str, set[str], list[str]] | None = None
        self._in = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        given = {name: value or "" for name, value in attrs}
        self.ids.add(given.get("id", ""))
        if tag == "h2":
            self._chapter = given.get("id", "")
        elif tag in ("thead", "tbody", "tfoot", "dl"):
            self._in = f"{tag} {given.get('class', '')}".strip()
            self._heads = [] if tag == "thead" else self._heads
        elif tag == "tr":
            self._row, self._column = set(), 0
        elif tag in ("td", "th", "dd"):
            self._cell = (tag, given.get("class", ""), set(), [])
        elif tag == "a" and self._cell is not None and given.get("href", "").startswith("#why-"):
            self._cell[2].add(given["href"].removeprefix("#"))

    def handle_data(self, data):
        if self._cell is not None:
            self._cell[3].append(data)

    def handle_endtag(self, tag):
        if self._cell is None or tag != self._cell[0]:
            return
        _, kind, links, texts = self._cell
        self._cell, text = None, "".join(texts).strip()
        if tag == "dd" and self._in == "dl four":
            self._note(text, links)
        elif self._in == "thead":
            self._heads.append((links, kind))
        elif tag == "th":
            self._row |= links
        elif tag == "td" and self._heads:
            head, told = self._heads[self._column]
            if re.search(r"\b(n|h\d)\b", f"{kind} {told}"):
                self._note(text, links | self._row | head)
        self._column += 1

    def _note(self, text, links):
        if FIGURE.search(text) and self._chapter not in EXPLAINS_ITSELF:
            self.found.append(Figure(self._chapter, text, frozenset(links)))


@cache
def figures_of(report: str, audience: str) -> Figures:
    definition, row = definitions()[report], WORST[report]
    view = row.view(
        definition,
        audience,
        RENDERER.words(definition),
        (row.maximal if audience == "public" else row.usual)(),
    )
    return Figures(RENDERER.render(definition, audience, view))


@pytest.mark.parametrize(
    ("report", "audience"), [(r, a) for r in REPORTS for a in definitions()[r].audiences]
)
def test_every_number_leads_to_its_explanation(report, audience):
    page = figures_of(report, audience)
    assert page.found
    assert [one for one in page.found if not one.leads] == []
    assert {lead for one in page.found for lead in one.leads} <= page.ids


def test_the_walk_sees_key_figures_tables_and_heat_maps():
    seen = {one.chapter for one in figures_of("nation", "cert").found}
    assert {"", "heat", "spread", "gates", "contradictions", "exposure", "shared", "named",
            "clauses", "moved"} <= seen  # fmt: skip


def test_a_groups_explanation_counts_names_and_says_what_is_left_out():
    definition, row = definitions()["sector"], WORST["sector"]
    view = row.view(definition, "cert", RENDERER.words(definition), row.usual())
    told = {str(label): str(text) for label, text in view.reasons[0].facts}
    assert re.match(r"\d+ of \d+ asked", told["Counted"])
    assert "(fictional)" in told["Counted"]
    assert "not enough is known" in told["Left out"]
    assert "round 2026-H2 (fictional)" in told["Source"]
    board = row.view(definition, "board", RENDERER.words(definition), row.usual())
    assert not any("(fictional) " in str(text) for _, text in board.reasons[0].facts[:1])


def test_the_public_is_told_how_and_not_how_many():
    definition, row = definitions()["nation"], WORST["nation"]
    view = row.view(definition, "public", RENDERER.words(definition), row.usual())
    for one in view.reasons:
        if one.id == "all" or one.id.startswith(("sector-", "profile-")):
            counted = str(one.facts[0][1])
            assert counted == "At least 5 institutions; how many exactly, and which, is not told."
    assert view.claims.matrix is None


@pytest.mark.parametrize(("report", "audience"), [("nation", "cert"), ("nation", "public"),
                                                  ("sector", "sector")])  # fmt: skip
def test_the_response_rate_leads_to_who_was_counted(report, audience):
    definition, row = definitions()[report], WORST[report]
    view = row.view(definition, audience, RENDERER.words(definition), row.usual())
    assert '<a class="reason" href="#why-all">' in view.frame.subtitle[0].__html__()
    assert "all" in {one.id for one in view.reasons}
