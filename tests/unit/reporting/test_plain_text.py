"""Text from outside: nothing of it steers a page, and figures are cut off, never rounded."""

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from cyberposture.reporting.plain import (
    MARKS_IN_A_ROW,
    Text,
    clean,
    given,
    percent,
    tenths,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("two\nlines\tand  blanks", "two lines and blanks"),
        ("\x1b[31mred", "\ufffd[31mred"),
        ("turned \u202e round", "turned \ufffd round"),
        ("\u2066isolated\u2069", "\ufffdisolated\ufffd"),
        ("a\u0000b", "a\ufffdb"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("e" + "\u0301" * 50, "e" + "\u0301" * MARKS_IN_A_ROW),
        ("", ""),
    ],
)
def test_signs_that_steer_text_are_replaced_and_spelling_is_kept(text, shown):
    assert clean(text) == shown


@drawn(st.text(max_size=400), st.integers(min_value=1, max_value=60))
@settings(max_examples=200)
def test_cleaned_text_is_never_longer_than_asked(text, limit):
    assert len(clean(text, limit)) <= limit


def test_what_is_cut_says_so():
    assert clean("a" * 200, 10) == "a" * 9 + "…"
    assert clean("a" * 10, 10) == "a" * 10


def test_given_text_is_escaped_and_isolated():
    found = given("<b>&\"'</b>")
    assert found == "<b>&\"'</b>"
    assert found.__html__() == '<bdi dir="auto">&lt;b&gt;&amp;&quot;&#x27;&lt;/b&gt;</bdi>'


def test_text_is_a_string_like_any_other():
    assert str(Text("a", "<i>a</i>")) == "a"


@pytest.mark.parametrize(("points", "share"), [(9_999, "99"), (10_000, "100"), (0, "0"), (49, "0")])
def test_per_cent_is_cut_off_so_that_100_means_all(points, share):
    assert percent(points) == share


def test_what_is_not_known_stays_not_known():
    assert percent(None) is None
    assert tenths(None) is None
