"""Ranges of ports behave like the sets that they stand for."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cyberposture.scanning.ports import (
    Remainder,
    count_ports,
    holds_port,
    join_ranges,
    parse_ranges,
    place_remainders,
    ports_in,
    ranges_of,
    without_ports,
)

SETS = st.sets(st.integers(0, 60) | st.integers(65_500, 65_535), max_size=40)


@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        ("", ()),
        ("80", ((80, 80),)),
        ("1-5,7", ((1, 5), (7, 7))),
        ("7,1-5,6", ((1, 7),)),
        ("0-65535", ((0, 65_535),)),
        ("1-5,3-9,", ((1, 9),)),
    ],
)
def test_ranges_are_read_from_text(text, ranges):
    assert parse_ranges(text) == ranges


@pytest.mark.parametrize("text", ["5-1", "x", "1-", "-5", "1-65536", "1--2", "T:1-5", "1;2"])
def test_text_that_is_no_list_of_ports_is_refused(text):
    with pytest.raises(ValueError):
        parse_ranges(text)


@settings(max_examples=100)
@given(SETS, SETS)
def test_ranges_are_the_sets_that_they_stand_for(first, second):
    ranges = ranges_of(first)
    assert set(ports_in(ranges)) == first
    assert count_ports(ranges) == len(first)
    assert all(holds_port(ranges, port) == (port in first) for port in first | second | {0, 30})
    assert set(ports_in(join_ranges((*ranges, *ranges_of(second))))) == first | second
    assert without_ports(ranges, second) == ranges_of(first - second)


def test_neighbouring_ranges_are_joined_so_that_equal_sets_look_equal():
    assert join_ranges([(6, 9), (1, 5)]) == ranges_of(range(1, 10)) == ((1, 9),)


def test_an_empty_remainder_is_no_row():
    assert place_remainders([Remainder("closed", 0)], [], {}) == []


def test_a_remainder_is_not_placed_where_nothing_is_known_of_what_was_tested():
    assert place_remainders([Remainder("closed", 5)], [], {}) == [
        {"protocol": "any", "state": "closed", "count": 5, "ranges": None}
    ]


def test_reasons_of_one_protocol_are_joined():
    remainder = Remainder("filtered", 4)
    remainder.add("tcp", ((5, 6),))
    remainder.add("tcp", ((1, 1), (7, 7)))
    (row,) = place_remainders([remainder], [], {})
    assert row["ranges"] == ((1, 1), (5, 7))


def test_one_told_and_one_untold_remainder_keep_what_is_told():
    told, untold = Remainder("closed", 2), Remainder("filtered", 8)
    told.add("tcp", ((1, 2),))
    untold.add(None, ())
    rows = place_remainders([told, untold], [], {"tcp": ((1, 10),)})
    assert [(row["state"], row["protocol"], row["ranges"]) for row in rows] == [
        ("closed", "tcp", ((1, 2),)),
        ("filtered", "tcp", None),
    ]
