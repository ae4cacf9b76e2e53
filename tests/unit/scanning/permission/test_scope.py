"""Addresses are read in one spelling only, and sets of them are asked without being expanded."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cyberposture.errors import WrongUsage
from cyberposture.model.addresses import read_address, read_cidr
from cyberposture.scanning.permission.scope import (
    CONTACTED_WHERE_SPECIAL_IS_ALLOWED,
    NEVER_CONTACTED,
    IntervalSet,
    PortTable,
    number_of,
    parse_address,
    spell_span,
)

HOSTILE = [
    "",
    " ",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "017700000001",
    "0177.0.0.1",
    "127.0.0.01",
    "127.0.0.*",
    "127.0.0.1-9",
    "127.0.0.1,2",
    "127.0.0.1/32",
    "1.2.3.4/24",
    "127.0.0.1:80",
    "127.0.0.1 ",
    " 127.0.0.1",
    "127.0.0.1\n",
    "127.0.0.1\r\n127.0.0.2",
    "127.0.0.1\x00",
    "127.0.0.1\t-oN",
    "127.0.0.256",
    "127.0.0",
    "127.0.0.1.",
    "1.2.3.4.5",
    "+1.2.3.4",
    "1.2.3.-4",
    "1_0.2.3.4",
    "１２７.0.0.1",
    "١٢٧.٠.٠.١",
    "127。0。0。1",
    "[::1]",
    "::1%lo",
    "fe80::1%eth0",
    "fe80::1%25eth0",
    "fe80::1%",
    "2400:cb00::%1",
    "::ffff:127.0.0.1",
    "::FFFF:127.0.0.1",
    "::ffff:7f00:1",
    "::FFFF:7F00:1",
    "0:0:0:0:0:ffff:7f00:1",
    "::ffff:0:0",
    "::127.0.0.1",
    "64:ff9b::1.2.3.4",
    "2400:cb00::1.2.3.4",
    "2400:cb00:0:0:0:0:0:1",
    "2400:cb00::0:1",
    "2400:cb00::0001",
    "2400:0cb00::1",
    "02400:cb00::1",
    "2400:cb00:0:0:1::1",
    "2400::1:0:0:0:1",
    "2400:1:2:3:4:5::6",
    "2400:1:2:3:4:5:6::",
    "0::",
    "0::1",
    "::0",
    ":::",
    ":",
    "2400:cb00::g",
    "2400:cb00::1::2",
    "2400:cb00::1/128",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7",
    "-oN",
    "-iL /etc/passwd",
    "--script=http-shellshock",
    "127.0.0.1 -oN out",
    "$(id)",
    "`id`",
    "; id",
    "localhost",
    "example.org",
    "1.0.0.127.in-addr.arpa",
    "1.2.3.4" * 10_000,
    "\ud800",
    "²2.3.4.5",
]
"""Spellings that nmap, libc or a shell reads as some address, an option or more than one host."""


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text)[:40])
def test_a_hostile_or_odd_spelling_is_no_target(text: str) -> None:
    with pytest.raises(WrongUsage):
        parse_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "0.0.0.0",
        "127.0.0.1",
        "255.255.255.255",
        "39.32.10.7",
        "::",
        "::1",
        "1::",
        "2400:cb00::1",
        "2400:CB00::aB",
        "2400:0:0:1::1",
        "2400::1:0:0:1",
        "2400:1:0:3:4:5:6:7",
        "2400:1:2:3:4:5:6:0",
        "::102:304",
        "64:ff9b::102:304",
        "::ffff:0:0:1",
        "fe80::1",
    ],
)
def test_a_canonical_spelling_is_read_letter_case_aside(text: str) -> None:
    assert str(parse_address(text)) == text.lower()


def naive_text(address: IPv4Address | IPv6Address) -> str:
    """RFC 5952 by search and replace, hexadecimal groups only."""
    if isinstance(address, IPv4Address):
        return ".".join(str(byte) for byte in address.packed)
    groups = ":".join(
        format((int(address) >> shift) & 0xFFFF, "x") for shift in range(112, -1, -16)
    )
    runs = re.findall(r"(?<![0-9a-f])0(?::0)+(?![0-9a-f])", groups)
    if not runs:
        return groups
    longest = max(runs, key=len)
    before, after = re.split(rf"(?<![0-9a-f]){longest}(?![0-9a-f])", groups, maxsplit=1)
    return before.removesuffix(":") + "::" + after.removeprefix(":")


sparse_groups = st.lists(
    st.sampled_from([0, 0, 0, 1, 0xF, 0xFFFF, 0x2001, 0xDB8]), min_size=8, max_size=8
).map(lambda groups: IPv6Address(sum(g << (112 - 16 * i) for i, g in enumerate(groups))))
any_address = st.one_of(
    st.integers(0, 2**32 - 1).map(IPv4Address),
    st.integers(0, 2**128 - 1).map(IPv6Address),
    st.integers(0, 2**32 - 1).map(lambda low: IPv6Address((0xFFFF << 32) + low)),
    sparse_groups,
)


@given(any_address)
@example(IPv6Address("::ffff:0:0"))
@example(IPv6Address("::ffff:ffff:ffff"))
def test_every_address_has_exactly_the_spelling_of_rfc_5952(
    address: IPv4Address | IPv6Address,
) -> None:
    text = naive_text(address)
    assert int(read_address(text)) == int(address)
    assert read_address(text.upper()) == address


@given(sparse_groups)
def test_a_spelling_that_is_not_the_canonical_one_is_refused(address: IPv6Address) -> None:
    canonical = naive_text(address)
    others = {address.exploded, ":".join(g.lstrip("0") or "0" for g in address.exploded.split(":"))}
    for other in others - {canonical}:
        with pytest.raises(ValueError, match="canonical"):
            read_address(other)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("39.32.10.7", "not a CIDR"),
        ("39.32.10.0/", "prefix length"),
        ("39.32.10.0/33", "prefix length"),
        ("39.32.10.0/024", "prefix length"),
        ("39.32.10.0/+8", "prefix length"),
        ("39.32.10.0/-1", "prefix length"),
        ("39.32.10.0/8.0", "prefix length"),
        ("39.32.10.0/٨", "prefix length"),
        ("39.32.10.0/24\n", "prefix length"),
        ("39.32.10.0/255.255.255.0", "prefix length"),
        ("39.32.10.0/24/24", "prefix length"),
        ("2400:cb00::/129", "prefix length"),
        ("39.32.10.1/28", "host bits are set; the network is 39.32.10.0/28"),
        ("2400:cb00::1/64", "host bits"),
        ("039.32.10.0/24", "canonical"),
        ("39.32.10/24", "canonical"),
        (" 39.32.10.0/24", "canonical"),
        ("2400:cb00:0::/48", "canonical"),
        ("fe80::%eth0/64", "canonical"),
        ("::ffff:1.2.3.0/120", "canonical"),
        ("::ffff:102:300/120", "mapped"),
        ("::ffff:0:0/96", "mapped"),
        ("/24", "canonical"),
    ],
)
def test_what_is_no_canonical_cidr_is_refused_with_its_reason(text: str, what: str) -> None:
    with pytest.raises(ValueError, match=re.escape(what)):
        read_cidr(text)


small_networks = st.one_of(
    st.tuples(st.integers(0, 255), st.integers(24, 32)).map(
        lambda pair: str(ip_network((0x0A000000 + pair[0], pair[1]), strict=False))
    ),
    st.tuples(st.integers(0, 255), st.integers(120, 128)).map(
        lambda pair: str(ip_network(((0x2400 << 112) + pair[0], pair[1]), strict=False))
    ),
    st.sampled_from(["0.0.0.0/0", "::/0", "::/80", "2400::/16", "10.0.0.0/8"]),
)
near_addresses = st.one_of(
    st.integers(0, 255).map(lambda low: IPv4Address(0x0A000000 + low)),
    st.integers(0, 255).map(lambda low: IPv6Address((0x2400 << 112) + low)),
    st.sampled_from([IPv4Address("9.9.9.9"), IPv6Address("::1"), IPv6Address("2401::")]),
)


@given(st.lists(small_networks, max_size=8), near_addresses)
def test_an_interval_set_holds_what_one_of_its_cidrs_holds(
    cidrs: list[str], address: IPv4Address | IPv6Address
) -> None:
    expected = any(address in ip_network(cidr) for cidr in cidrs)
    assert (number_of(address) in IntervalSet.of_cidrs(cidrs)) == expected


@given(st.lists(small_networks, max_size=5), st.lists(small_networks, max_size=5))
def test_sets_overlap_where_two_of_their_cidrs_do(ours: list[str], theirs: list[str]) -> None:
    expected = any(
        ip_network(a).overlaps(ip_network(b))
        for a in ours
        for b in theirs
        if ip_network(a).version == ip_network(b).version
    )
    assert IntervalSet.of_cidrs(ours).overlaps(IntervalSet.of_cidrs(theirs)) == expected


@given(st.lists(small_networks, max_size=5), st.lists(small_networks, max_size=5), near_addresses)
def test_common_and_rest_hold_what_both_and_only_one_hold(
    ours: list[str], theirs: list[str], address: IPv4Address | IPv6Address
) -> None:
    one, other = IntervalSet.of_cidrs(ours), IntervalSet.of_cidrs(theirs)
    number = number_of(address)
    assert (number in one.common(other)) == (number in one and number in other)
    assert (number in one.without(other)) == (number in one and number not in other)


@pytest.mark.parametrize(
    ("cidrs", "spelt"),
    [
        (["10.0.0.7/32"], ["10.0.0.7"]),
        (["10.0.0.0/30", "10.0.0.4/30"], ["10.0.0.0 to 10.0.0.7"]),
        (["2400:cb00::/127", "10.0.0.0/31"], ["2400:cb00:: to 2400:cb00::1",
                                              "10.0.0.0 to 10.0.0.1"]),
        (["::/0", "0.0.0.0/0"], [":: to ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"]),
    ],
)  # fmt: skip
def test_stretch_is_spelt_by_its_ends(cidrs: list[str], spelt: list[str]) -> None:
    assert [spell_span(*span) for span in IntervalSet.of_cidrs(cidrs)] == spelt


def test_touching_and_nested_stretches_become_one() -> None:
    merged = IntervalSet.of_cidrs(["10.0.1.0/24", "10.0.0.0/24", "10.0.0.128/25"])
    first = number_of(IPv4Address("10.0.0.0"))
    assert list(merged) == [(first, first + 511)]


@given(
    st.lists(
        st.tuples(small_networks, st.none() | st.lists(st.sampled_from([22, 80, 443]), max_size=2)),
        max_size=8,
    ),
    near_addresses,
    st.none() | st.sampled_from([22, 80, 443]),
)
def test_a_port_table_answers_as_its_entries_one_by_one(
    entries: list[tuple[str, list[int] | None]],
    address: IPv4Address | IPv6Address,
    port: int | None,
) -> None:
    holding = [ports for cidr, ports in entries if address in ip_network(cidr)]
    allowing = [ports for ports in holding if ports is None or port in ports]
    expected = None if not holding else bool(allowing)
    assert PortTable(entries).allows(number_of(address), port) is expected


@pytest.mark.parametrize(
    "text",
    [
        "0.0.0.0",
        "0.255.255.255",
        "169.254.0.0",
        "169.254.255.255",
        "224.0.0.0",
        "239.255.255.255",
        "240.0.0.0",
        "255.255.255.255",
        "::",
        "::2",
        "64:ff9b::102:304",
        "100::",
        "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "2001::",
        "2001:0:ffff:ffff:ffff:ffff:ffff:ffff",
        "2002::",
        "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "4000::",
        "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "fe00::",
        "fe80::1",
        "febf::",
        "fec0::1",
        "ff02::1",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    ],
)
def test_an_address_that_is_never_contacted_is_in_that_set_alone(text: str) -> None:
    number = number_of(ip_address(text))
    assert number in NEVER_CONTACTED
    assert number not in CONTACTED_WHERE_SPECIAL_IS_ALLOWED


@pytest.mark.parametrize(
    "text",
    [
        "10.0.0.0",
        "10.255.255.255",
        "100.64.0.0",
        "100.127.255.255",
        "127.0.0.0",
        "127.255.255.255",
        "172.16.0.0",
        "172.31.255.255",
        "192.0.0.0",
        "192.0.0.255",
        "192.0.2.0",
        "192.0.2.255",
        "192.88.99.0",
        "192.88.99.255",
        "192.168.0.0",
        "192.168.255.255",
        "198.18.0.0",
        "198.19.255.255",
        "198.51.100.0",
        "198.51.100.255",
        "203.0.113.0",
        "203.0.113.255",
        "::1",
        "fc00::",
        "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "2001:2::",
        "2001:2:0:ffff:ffff:ffff:ffff:ffff",
        "2001:db8::",
        "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
        "3fff::",
        "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
    ],
)
def test_a_special_address_is_in_that_set_alone(text: str) -> None:
    number = number_of(ip_address(text))
    assert number in CONTACTED_WHERE_SPECIAL_IS_ALLOWED
    assert number not in NEVER_CONTACTED


@pytest.mark.parametrize(
    "text",
    [
        "1.0.0.0",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "191.255.255.255",
        "192.0.1.0",
        "192.0.3.0",
        "192.88.98.255",
        "192.88.100.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "198.51.99.255",
        "198.51.101.0",
        "203.0.112.255",
        "203.0.114.0",
        "223.255.255.255",
        "2000::",
        "2001:1::",
        "2001:1:ffff:ffff:ffff:ffff:ffff:ffff",
        "2001:2:1::",
        "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
        "2001:db9::",
        "2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "2003::",
        "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "3fff:1000::",
        "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    ],
)
def test_a_neighbour_of_the_special_ranges_is_an_ordinary_address(text: str) -> None:
    number = number_of(ip_address(text))
    assert number not in NEVER_CONTACTED
    assert number not in CONTACTED_WHERE_SPECIAL_IS_ALLOWED
