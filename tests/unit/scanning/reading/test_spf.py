"""SPF records read and walked: sound ones, odd ones, and ones made to do harm."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberposture.model.observations import DNSFact
from cyberposture.scanning.reading.spf import Walk, is_spf, read_spf, walk_spf

NAME = "example.gov.pk"


def walked(zone: dict[tuple[str, str], DNSFact | str | list[str]], name: str = NAME) -> Walk:
    """Walk the record of a name through a small world of names and kinds."""

    def find(asked: str, kind: str) -> DNSFact | None:
        found = zone.get((asked, kind))
        if found is None or isinstance(found, DNSFact):
            return found
        records = (found,) if isinstance(found, str) else tuple(found)
        return DNSFact(name=asked, kind=kind, outcome="answered", records=records)

    return walk_spf(name, find)


def empty(kind: str = "A", outcome: str = "no-record") -> DNSFact:
    return DNSFact.model_validate({"name": "x", "kind": kind, "outcome": outcome})


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("v=spf1", True),
        ("V=SPF1 -all", True),
        ("v=spf10 -all", False),
        (" v=spf1 -all", False),
        ("v=spf1-all", False),
        ("spf2.0/pra -all", False),
    ],
)
def test_only_records_of_version_one_count(text: str, is_one: bool) -> None:
    assert is_spf(text) is is_one


@pytest.mark.parametrize(
    "text",
    [
        "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 a mx a:mail.example/24//64 -all",
        "v=spf1 include:_spf.example.com ~all",
        "v=spf1 exists:%{i}._spf.%{d2} -all",
        "v=spf1 redirect=_spf.example.com",
        "v=spf1   mx   -all",
        "v=spf1 mx unknown-modifier=anything -all",
        "v=spf1 A MX:Example.COM -ALL",
        "v=spf1 exp=explain._spf.%{d} -all",
    ],
)
def test_sound_records_have_no_fault(text: str) -> None:
    assert read_spf(text).faults == ()


@pytest.mark.parametrize(
    "text",
    [
        "v=spf1 ip4:192.0.2.300 -all",
        "v=spf1 ip4:2001:db8::1 -all",
        "v=spf1 ip6:192.0.2.1 -all",
        "v=spf1 ip4 -all",
        "v=spf1 include: -all",
        "v=spf1 include -all",
        "v=spf1 exists:%{z} -all",
        "v=spf1 a:/24 -all",
        "v=spf1 a/1234 -all",
        "v=spf1 ptr/24 -all",
        "v=spf1 all:example.com",
        "v=spf1 -redirect=example.com",
        "v=spf1 redirect=a.example redirect=b.example",
        "v=spf1 ipv4:192.0.2.1 -all",
        "v=spf1 mx; -all",
        "v=spf1 include:пример.example -all",
        "v=spf1 \N{RIGHT-TO-LEFT OVERRIDE}all",
    ],
)
def test_every_fault_is_named(text: str) -> None:
    assert read_spf(text).faults


def test_lookups_count_through_includes_and_redirect() -> None:
    walk = walked(
        {
            (NAME, "TXT"): "v=spf1 a mx include:i.example redirect=r.example",
            (NAME, "A"): "192.0.2.1",
            (NAME, "MX"): "10 mx.example.",
            ("i.example", "TXT"): "v=spf1 exists:%{i}.x.example -all",
            ("r.example", "TXT"): "v=spf1 ptr -all",
        }
    )
    assert (walk.lookups, walk.voids, walk.faults, walk.is_whole) == (6, 0, [], True)
    assert walk.end == "-"


def test_what_stands_behind_all_does_not_count() -> None:
    walk = walked({(NAME, "TXT"): "v=spf1 ip4:192.0.2.1 -all include:a.example redirect=b.example"})
    assert (walk.lookups, walk.end) == (0, "-")


def test_lookups_that_bring_nothing_are_void_and_failed_ones_are_not() -> None:
    walk = walked(
        {
            (NAME, "TXT"): "v=spf1 a:one.example mx:two.example a:three.example -all",
            ("one.example", "A"): empty(outcome="no-such-name"),
            ("one.example", "AAAA"): empty("AAAA"),
            ("two.example", "MX"): empty("MX"),
            ("three.example", "A"): empty(outcome="timed-out"),
            ("three.example", "AAAA"): empty("AAAA"),
        }
    )
    assert (walk.voids, walk.is_whole) == (2, False)


def test_a_circle_ends_and_is_a_fault() -> None:
    walk = walked(
        {
            (NAME, "TXT"): "v=spf1 include:a.example -all",
            ("a.example", "TXT"): f"v=spf1 include:{NAME} -all",
        }
    )
    assert any("circle" in fault for fault in walk.faults)


def test_an_include_that_lets_everybody_in_opens_the_record() -> None:
    zone = {(NAME, "TXT"): "v=spf1 include:a.example -all", ("a.example", "TXT"): "v=spf1 all"}
    assert walked(zone).end == "+"
    zone[(NAME, "TXT")] = "v=spf1 -include:a.example -all"
    assert walked(zone).end == "-"


def test_an_include_without_a_record_is_a_fault_and_void() -> None:
    walk = walked(
        {(NAME, "TXT"): "v=spf1 include:a.example -all", ("a.example", "TXT"): empty("TXT")}
    )
    assert walk.voids == 1
    assert walk.faults == ["a.example has no SPF records"]


def test_a_tree_that_grows_without_end_is_left_soon() -> None:
    asked: list[str] = []

    def find(name: str, kind: str) -> DNSFact:
        asked.append(name)
        label = name.partition(".")[0]
        record = f"v=spf1 include:{label}a.x include:{label}b.x include:{label}c.x -all"
        return DNSFact(name=name, kind=kind, outcome="answered", records=(record,))

    walk = walk_spf("r.x", find)
    assert walk.lookups > 10
    assert len(asked) < 100


@given(st.text(max_size=300))
def test_no_text_whatever_breaks_the_reader(text: str) -> None:
    record = read_spf(f"v=spf1 {text}")
    walked({(NAME, "TXT"): f"v=spf1 {text}"})
    assert all(len(fault) < 200 for fault in record.faults)
