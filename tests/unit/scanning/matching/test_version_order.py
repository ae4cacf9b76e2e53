"""Versions are compared where that can be told; an oracle of its own says the same."""

import re
from itertools import zip_longest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberposture.scanning.matching.versions import compare, is_branch, is_of_branch, read_version

NUMBERS = st.lists(st.integers(0, 30), min_size=1, max_size=5)
TAILS = st.sampled_from(["", "p1", "p2", "rc1", "rc2", "-beta3", "f", "g", "-3+deb9u7", "_dev"])
VERSIONS = st.builds(lambda n, t: ".".join(map(str, n)) + t, NUMBERS, TAILS)
ANYTHING = st.one_of(VERSIONS, st.text(max_size=20), st.text("0123456789.xX-*p ", max_size=12))


def oracle(first: str, second: str) -> int | None:
    """Compare digit by digit with zeros filled in; None as soon as a tail could matter."""
    one, other = (re.match(r"[\d.]*\d", text) for text in (first, second))
    assert one and other
    tails = first[one.end() :], second[other.end() :]
    lists = [[int(p) for p in found[0].split(".")] for found in (one, other)]
    ends = [len(numbers) for numbers in lists]
    for place, (a, b) in enumerate(zip_longest(*lists, fillvalue=0)):
        if a != b:
            hidden = (place >= ends[0] and tails[0]) or (place >= ends[1] and tails[1])
            return None if hidden else (a > b) - (a < b)
    if tails[0] == tails[1]:
        return 0
    early = [tail in ("rc1", "rc2", "-beta3", "_dev") for tail in tails]
    if "" in tails:
        bare, other_is_early = tails.index(""), early[1 - tails.index("")]
        if not other_is_early:
            return None
        return 1 if bare == 0 else -1
    kinds = [tail.rstrip("123") for tail in tails]
    if kinds[0] == kinds[1] or tails in (("f", "g"), ("g", "f")):
        return (tails[0] > tails[1]) - (tails[0] < tails[1])
    return None


@given(VERSIONS, VERSIONS)
def test_the_order_is_that_of_the_oracle(first: str, second: str) -> None:
    assert compare(first, second) == oracle(first, second)


@given(ANYTHING, ANYTHING)
def test_the_order_turned_round_is_the_opposite(first: str, second: str) -> None:
    there, back = compare(first, second), compare(second, first)
    assert back == (None if there is None else -there)


@given(VERSIONS)
def test_a_version_equals_itself(version: str) -> None:
    assert compare(version, version) == 0


@given(VERSIONS, VERSIONS, VERSIONS)
def test_what_is_known_holds_together(first: str, second: str, third: str) -> None:
    if compare(first, second) == -1 and compare(second, third) == -1:
        assert compare(first, third) in (-1, None)


@pytest.mark.parametrize(
    ("first", "second", "order"),
    [
        ("7.4p1", "7.7", -1),
        ("7.4p1", "7.4", None),
        ("7.4p1", "7.4.1", None),
        ("7.4", "7.4.1", -1),
        ("7.0p1", "7.4", -1),
        ("1.0", "1.0.0", 0),
        ("2.0rc1", "2.0", -1),
        ("2.0-rc2", "2.0-rc10", -1),
        ("1.0.1f", "1.0.1g", -1),
        ("1.0.1", "1.0.1g", None),
        ("10.0", "9.0", 1),
        ("3.X - 4.X", "4.0", None),
        ("2.4.7 or later", "2.4.8", None),
        ("2.4.x", "2.4.8", None),
        ("", "1", None),
        ("unknown", "unknown", None),
        ("v1.2", "1.3", -1),
        ("1:2.3", "2.4", None),
        ("١.٢", "1.2", None),
    ],
)
def test_what_cannot_be_compared_is_unknown(first: str, second: str, order: int | None) -> None:
    assert compare(first, second) == order


@pytest.mark.parametrize(
    ("version", "branch", "belongs"),
    [
        ("2.4.57", "2.4", True),
        ("2.40.1", "2.4", False),
        ("2.4p1", "2.4", True),
        ("2", "2.4", None),
        ("3", "2.4", False),
        ("", "2.4", None),
        ("", "", True),
        ("3.X - 4.X", "4", None),
        ("1.0", "*", True),
        ("1.0", "1.x", None),
    ],
)
def test_a_branch_holds_the_versions_that_begin_with_it(
    version: str, branch: str, belongs: bool | None
) -> None:
    assert is_of_branch(version, branch) is belongs


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    found = read_version(text)
    assert found is None or found.numbers
    assert is_branch(text) in (True, False)
