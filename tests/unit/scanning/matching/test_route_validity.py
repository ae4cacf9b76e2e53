"""Route origins are judged as RFC 6811 says; bit strings are the oracle."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberposture.scanning.matching.routes import (
    Payload,
    covering,
    first_address,
    last_address,
    read_prefix,
    validate,
    worst,
)


def net(text: str):
    return read_prefix(text)


RECORD = Payload(net("39.32.0.0/16"), 20, 64500)


@pytest.mark.parametrize(
    ("route", "origin", "validity"),
    [
        ("39.32.0.0/16", 64500, "valid"),
        ("39.32.16.0/20", 64500, "valid"),
        ("39.32.16.0/21", 64500, "invalid"),
        ("39.32.0.0/16", 64501, "invalid"),
        ("39.32.0.0/16", None, "invalid"),
        ("39.32.0.0/15", 64500, "not-found"),
        ("39.33.0.0/16", 64500, "not-found"),
        ("2001:db8::/32", 64500, "not-found"),
    ],
)
def test_a_route_is_valid_invalid_or_not_found(route, origin, validity):
    assert validate(net(route), origin, [RECORD]) == validity


def test_one_record_that_matches_is_enough_and_network_0_matches_none():
    nobody = Payload(net("39.32.0.0/16"), 24, 0)
    assert validate(net("39.32.0.0/16"), 0, [nobody]) == "invalid"
    assert validate(net("39.32.0.0/16"), 64500, [nobody, RECORD]) == "valid"


def bits(number: int, length: int) -> str:
    return f"{number:032b}"[:length]


PREFIXES = st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 32))
RECORDS = st.tuples(PREFIXES, st.integers(0, 8), st.integers(0, 3))


def as_net(prefix: tuple[int, int]):
    return ip_network((prefix[0], prefix[1]), strict=False)


@given(PREFIXES, st.integers(0, 3) | st.none(), st.lists(RECORDS, max_size=6), st.booleans())
def test_validity_is_that_of_bit_strings(route, origin, records, near):
    if near:  # records that share the route's first bits, so that some cover it
        records = [((route[0], length), more, asn) for ((_, length), more, asn) in records]
    payloads = [
        Payload(as_net(prefix), min(prefix[1] + more, 32), asn) for prefix, more, asn in records
    ]
    own = bits(*route)
    covered = [
        (prefix, min(prefix[1] + more, 32), asn)
        for prefix, more, asn in records
        if own.startswith(bits(*prefix))
    ]
    if any(asn == origin and asn and len(own) <= longest for _, longest, asn in covered):
        expected = "valid"
    else:
        expected = "invalid" if covered else "not-found"
    assert validate(as_net(route), origin, payloads) == expected


@given(PREFIXES)
def test_covering_prefixes_run_from_itself_to_everything(prefix):
    network = as_net(prefix)
    found = [ip_network(text) for text in covering(network)]
    assert found[0] == network and found[-1] == ip_network("0.0.0.0/0")
    assert all(network.subnet_of(one) for one in found)
    assert len(found) == network.prefixlen + 1


@given(PREFIXES, PREFIXES)
def test_addresses_as_text_sort_like_addresses(one, other):
    first, second = as_net(one), as_net(other)
    by_text = first_address(first) < first_address(second)
    assert by_text == (first.network_address < second.network_address)
    assert first_address(first) <= last_address(first)


def test_the_worst_of_several_speaks():
    assert worst(["valid", "not-found", "invalid"]) == "invalid"
    assert worst([]) is None


@pytest.mark.parametrize("text", ["39.32.0.1/16", "39.32.0.0", "x/8", "39.32.0.0/33", ""])
def test_what_is_no_prefix_is_refused(text):
    with pytest.raises(ValueError, match=r"\w"):
        read_prefix(text)
