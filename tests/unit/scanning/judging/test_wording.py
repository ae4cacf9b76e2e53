"""Foreign text in sentences for people."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cyberposture.scanning.judging.wording import (
    MAX_QUOTE,
    MAX_SAYS,
    compile_sentence,
    describe_endpoint,
    listed,
    plain,
    quote,
)


@settings(max_examples=200, deadline=None)
@given(st.text())
def test_plain_text_is_printable_and_on_one_line(text: str) -> None:
    assert plain(text).isprintable()


@settings(max_examples=200, deadline=None)
@given(st.text())
def test_a_quotation_is_short_and_closes_once(text: str) -> None:
    quoted = quote(text)
    assert len(quoted) <= MAX_QUOTE + 2
    assert (quoted.count("“"), quoted.count("”")) == (1, 1)
    assert quoted[0] == "“"
    assert quoted[-1] == "”"


def test_direction_marks_and_escapes_are_taken_out() -> None:
    assert plain("a\u202eb\x1b[0m\r\nc\u200b\ufeffd\u00a0e") == "a b [0m c d e"


def test_a_long_list_says_how_much_it_leaves_out() -> None:
    assert listed(["a", "b"]) == "a, b"
    assert listed([str(n) for n in range(9)], 2) == "0, 1 and 7 more"


@pytest.mark.parametrize(
    ("port", "name", "words"),
    [
        (None, None, "192.0.2.7"),
        (443, None, "192.0.2.7, TCP port 443"),
        (443, "www.example.pk", "www.example.pk (192.0.2.7), TCP port 443"),
    ],
)
def test_an_endpoint_is_described_as_far_as_there_is_one(
    port: int | None, name: str | None, words: str
) -> None:
    assert describe_endpoint("192.0.2.7", "tcp", port, name) == words


VALUES = {"address": "A", "port": "1", "endpoint": "E", "detail": "{address} {nonsense}"}


def test_what_is_filled_in_is_not_read_as_a_template() -> None:
    fill = compile_sentence("At {endpoint}: {detail}, {address}:{port}.")
    assert fill(VALUES) == "At E: {address} {nonsense}, A:1."


def test_a_sentence_is_bounded() -> None:
    said = compile_sentence("{detail}.")({**VALUES, "detail": "x" * 9_000})
    assert len(said) <= MAX_SAYS
    assert said.endswith("…")
