"""Names of products in both spellings, and the matching of their attributes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberposture.scanning.matching.cpe import (
    ALIASES,
    NA,
    find_cpe,
    has_wildcard,
    keys_of,
    match_value,
    read_cpe,
)
from cyberposture.scanning.matching.truth import FALSE, TRUE, UNKNOWN

PLAIN = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=8)
SIGNS = st.text("abc019_.-+:~!/$", min_size=1, max_size=8).filter(lambda text: text != "-")


def formatted(*values: str) -> str:
    """Write a 2.3 name with everything escaped that is no letter, digit or underscore."""
    parts = [re.sub(r"([^\w])", r"\\\1", value) for value in values]
    return "cpe:2.3:a:" + ":".join([*parts, *["*"] * (10 - len(parts))])


def uri(*values: str) -> str:
    """Write a 2.2 name with everything encoded that is no letter, digit or underscore."""
    parts = [re.sub(r"[^\w]", lambda m: f"%{ord(m[0]):02x}", value) for value in values]
    return "cpe:/a:" + ":".join(parts)


@given(SIGNS, SIGNS, SIGNS)
def test_both_spellings_of_a_name_are_read_alike(vendor: str, product: str, version: str) -> None:
    one, other = (
        read_cpe(formatted(vendor, product, version)),
        read_cpe(uri(vendor, product, version)),
    )
    assert one == other
    assert (one.vendor, one.product, one.version) == (vendor, product, version)
    assert one.key() == (vendor, product)


def test_what_nmap_writes_is_read() -> None:
    ssh = read_cpe("cpe:/a:openbsd:openssh:7.4p1")
    assert (ssh.part, ssh.vendor, ssh.product, ssh.version) == ("a", "openbsd", "openssh", "7.4p1")
    assert read_cpe("cpe:/o:linux:linux_kernel").version is None
    assert read_cpe("cpe:/a:mysql:mysql::::es").language == "es"
    packed = read_cpe("cpe:/a:a:b:1:-:~~pro~wordpress~x64~")
    assert (packed.update, packed.sw_edition, packed.target_sw) == (NA, "pro", "wordpress")


def test_wildcards_and_escapes_are_kept_apart() -> None:
    name = read_cpe(r"cpe:2.3:a:foo*:b\*r:1.?:*:-:*:*:*:*:*")
    assert has_wildcard(name.vendor) and not has_wildcard(name.product)
    assert name.product == "b*r"
    assert name.key() is None and keys_of(name) == ()
    assert match_value(name.vendor, "foobar") is TRUE
    assert match_value(name.vendor, "barfoo") is FALSE
    assert match_value(name.version, "1.7") is TRUE
    assert match_value(name.version, "1.17") is FALSE


@pytest.mark.parametrize(
    "text",
    [
        "", "cpe", "cpe:2.3:a:b", "cpe:/x:a:b", "cpe:/a:b%00", "cpe:/a:b%zz", "openssh",
        "cpe:2.3:a:b c:d:*:*:*:*:*:*:*:*", "cpe:2.3:a:b:c:*:*:*:*:*:*:*:*:*",
        "cpe:/a:a:b:c:d:e:f:g",
        "cpe:/a:a:b:1:2:~1~2", "cpe:2.3:a:b\\", "cpe:2.3:a:" + "x" * 5000,
    ],
)  # fmt: skip
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read_cpe(text)
    assert find_cpe(text) is None


@given(st.text(max_size=60))
def test_hostile_text_is_read_or_refused_and_nothing_else(text: str) -> None:
    for prefix in ("", "cpe:/", "cpe:2.3:", "cpe:/a:"):
        find_cpe(prefix + text)


@given(st.text("ab?*", max_size=8), st.text("ab", max_size=8))
def test_wildcards_match_as_a_regular_expression_does(pattern: str, text: str) -> None:
    value = pattern.replace("*", "\x02").replace("?", "\x01")
    wanted = re.fullmatch(pattern.replace("*", ".*").replace("?", ".?"), text) is not None
    assert match_value(value, text) is (TRUE if wanted else FALSE)


def test_an_attribute_that_was_not_told_is_unknown() -> None:
    assert match_value("wordpress", None) is UNKNOWN
    assert match_value(None, "wordpress") is TRUE
    assert match_value(NA, "1") is FALSE
    assert match_value(NA, NA) is TRUE


def test_one_program_is_found_under_all_its_names() -> None:
    names = keys_of(read_cpe("cpe:/a:igor_sysoev:nginx:1.18.0"))
    assert ("f5", "nginx") in names
    assert keys_of(read_cpe("cpe:/a:acme:thing")) == (("acme", "thing"),)
    every = [name for row in ALIASES for name in row]
    assert len(set(every)) == len(every)
