"""The elements of a framework are those that the pattern of its ids describes, in its order."""

import re

import pytest

from cyberposture.content.comparing.elements import elements_of, group_of, in_order
from cyberposture.model.controls import Neighbour


def neighbour(ids: str, size: int) -> Neighbour:
    return Neighbour(
        id="other", title="Other", edition="1", issuer="Somebody", status="V", ids=ids, size=size,
        note="Made up.",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        ("0[1-3]|10", ["01", "02", "03", "10"]),
        (r"A\.(1\.[1-2]|2\.[13])", ["A.1.1", "A.1.2", "A.2.1", "A.2.3"]),
        ("(?:b|a)-[x-z]", ["b-x", "b-y", "b-z", "a-x", "a-y", "a-z"]),
        ("v[0-1]{1,2}", ["v0", "v1", "v00", "v01", "v10", "v11"]),
        ("ab?c{2}", ["acc", "abcc"]),
    ],
)
def test_a_pattern_that_lists_is_spelled_out_in_its_order(ids, expected):
    found = elements_of(neighbour(ids, len(expected)))
    assert found == tuple(expected)
    assert all(re.fullmatch(ids, one) for one in found)


@pytest.mark.parametrize(
    "ids",
    ["[A-Z]{2}-[0-9]{2}", "[0-9]{9}", "A+", "A.", r"\d", "[^a]", "^a$", "a|b|a", "(a", "[a", "a)",
     "([a-z]{9}){9}", "((((a?){99}){99}){99}){99}", "[]"],
)  # fmt: skip
def test_of_a_pattern_that_is_no_list_nothing_is_guessed(ids):
    assert elements_of(neighbour(ids, 3)) is None


def test_ids_fall_into_groups_and_are_counted_as_people_do():
    assert [group_of(one) for one in ("A.5.1", "GV.OC-01", "01")] == ["A.5", "GV.OC", ""]
    assert in_order(["A.5.10", "A.5.9", "A.10.1", "B1.a"]) == ("A.5.9", "A.5.10", "A.10.1", "B1.a")
