"""What lies beside the reports of a set says what they say to the same audience, and no more."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

import pytest
from html_page import Page
from hypothesis import given, settings
from hypothesis import strategies as st
from press import RENDERER, definitions

from cyberposture.model.reports import Audience
from cyberposture.reporting.fixed import Fixed
from cyberposture.reporting.fixed import corrections_of as corrections_said
from cyberposture.reporting.inputs import NationInputs
from cyberposture.reporting.samples.institution import a_report
from cyberposture.reporting.samples.nation import a_nation
from cyberposture.reporting.sets.brief import MOST_WORDS, brief_of, count_words
from cyberposture.reporting.sets.figures import (
    FILES,
    Table,
    changes_of,
    corrections_of,
    csv_of,
    dictionary_of,
    tables_of,
)
from cyberposture.reporting.sets.manifest import MadeOf, describe
from cyberposture.reporting.sets.views import letter_of
from cyberposture.reporting.view.institution import institution_view
from cyberposture.reporting.view.nation import NationView, nation_view

WORDS = {language: RENDERER.page_words("set", language) for language in ("en", "ur")}


@cache
def nation() -> NationInputs:
    return a_nation(40)


def seen_by(audience: Audience, inputs: NationInputs, language: str = "en") -> NationView:
    report = definitions()["nation"]
    return nation_view(report, audience, RENDERER.words(report, language), inputs)


def read(view: NationView) -> str:
    html = RENDERER.render(definitions()["nation"], view.audience, view)
    return Page(html).words


def squeezed(text: str) -> str:
    return "".join(text.split())


@settings(max_examples=12, deadline=None)
@given(
    kept=st.sets(st.integers(0, 39)),
    audience=st.sampled_from(["public", "board", "cert"]),
    language=st.sampled_from(["en", "ur"]),
)
def test_a_file_holds_no_figure_that_the_page_does_not_show(kept, audience, language):
    """Whoever was asked: what is suppressed on the page is in no open file, and in no brief."""
    rows = tuple(row for number, row in enumerate(nation().rows) if number in kept)
    view = seen_by(audience, replace(nation(), rows=rows), language)
    page = read(view)
    for table in tables_of(view):
        for row in table.rows:
            for column, cell in zip(table.columns, row, strict=True):
                # Codes are for machines: the page says the same in words.
                is_code = column in ("kind", "severity")
                assert is_code or not cell or squeezed(cell) in squeezed(page), (table.name, row)
    ours = str(WORDS[language].say("brief.ours"))
    for sentence in brief_of(WORDS[language], view):
        told = re.sub(r"^\d[.۔] ", "", str(sentence))
        assert squeezed(told) in squeezed(page) or told == ours
    if audience != "cert":
        said = "\n".join(csv_of(table) for table in tables_of(view))
        assert not [row.name for row in rows if row.name in said]


def test_what_is_not_told_is_empty_in_the_open_files():
    few = replace(nation(), rows=nation().rows[:7])
    groups = next(t for t in tables_of(seen_by("public", few)) if t.name == "groups")
    assert all(row[3:5] == ("", "") for row in groups.rows)


@pytest.mark.parametrize("language", ["en", "ur"])
@pytest.mark.parametrize("size", [0, 3, 40])
def test_a_brief_has_150_words_at_most_and_whole_sentences(language, size):
    view = seen_by("board", a_nation(size), language)
    said = brief_of(WORDS[language], view)
    assert 0 < count_words(said) <= MOST_WORDS
    assert all(str(one).rstrip()[-1] in ".۔!؟)" or one is said[0] for one in said)


def test_an_institutions_brief_says_where_it_stands_and_what_comes_next():
    report = definitions()["institution"]
    view = institution_view(report, "board", RENDERER.words(report), a_report())
    said = " ".join(map(str, brief_of(WORDS["en"], view)))
    assert f"{view.standing.verified} of 100 verified" in said
    assert "Next: " in said
    assert len(said.split()) <= MOST_WORDS


def test_every_column_is_explained_in_each_language_and_no_cell_is_a_formula():
    tables = tables_of(seen_by("public", nation()))
    assert [*(t.name for t in tables), "dictionary"] == list(FILES)
    dictionary = dictionary_of(tables, list(WORDS.values()))
    assert dictionary.columns == ("file", "column", "meaning_en", "meaning_ur")
    assert all(cell for row in dictionary.rows for cell in row)
    assert csv_of(Table("x", ("a",), (("=1+1",), ("-5",)))) == "a\r\n'=1+1\r\n'-5\r\n"


def test_the_log_of_corrections_says_when_and_how_many():
    table = corrections_of([(datetime(2026, 11, 3, 9, tzinfo=UTC), 2)])
    assert csv_of(table) == "corrected_at,changed_controls\r\n2026-11-03,2\r\n"


@pytest.mark.parametrize(
    ("changed", "named", "told"),
    [(4, 0, ""), (5, 0, "5"), (9, 0, "5"), (5, 1, ""), (6, 1, "6"), (12, 0, "5"), (12, 4, "")],
)
def test_the_publics_log_tells_whole_groups_and_no_day(changed, named, told):
    at = datetime(2026, 11, 3, 9, tzinfo=UTC)
    fixed = Fixed(at, asked=12, changed=changed, named=named)
    table = changes_of("autumn", fixed)
    assert csv_of(table) == f"round,fixed_at,changed_at_least\r\nautumn,2026-11-03,{told}\r\n"
    said = str(corrections_said(WORDS["en"], fixed))
    assert f"at least {told} results" in said if told else f"fewer than {5 + named}" in said
    columns = {row[1] for row in dictionary_of([], list(WORDS.values()), table.columns).rows}
    assert columns == set(table.columns)


def test_a_letter_is_that_under_which_people_look_a_name_up():
    names = ("Élan", "7 Hills", "(The) Dam", "آب پاشی", "…")
    assert [letter_of(name) for name in names] == ["e", "0", "t", "ا", "0"]


def test_a_file_is_described_by_what_was_written():
    one = describe("a/b.txt", b"abc", "brief", "en", MadeOf())
    assert (one.size, one.sha256[:8], one.language) == (3, "ba7816bf", "en")
