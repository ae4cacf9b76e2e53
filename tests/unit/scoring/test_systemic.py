"""What many depend on: who is counted, through whom, and how concentrated that is."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberposture.scoring.systemic import (
    Dependency,
    Kind,
    Known,
    Member,
    SharedService,
    concentrations,
    find_carriers,
    second_hop,
    shared_by,
    to_act_on,
)

MEMBERS = (
    Member("a", "power", is_critical=True, is_held=True),
    Member("b", "power", is_critical=False, is_held=False),
    Member("c", "water", is_critical=True, is_held=False),
    Member("d", "health", is_critical=False, is_held=True),
)


def on(
    codes: str, name: str, kind: Kind = "supplier", known: Known = "declared", failing: str = ""
) -> list[Dependency]:
    """Return that each institution named by a letter depends on one thing."""
    return [Dependency(code, kind, name, known, code in failing) for code in codes]


def test_a_carrier_counts_each_institution_once_however_often_it_is_named() -> None:
    links = [*on("abc", "X Ltd"), *on("a", "X Ltd"), *on("b", "X Ltd", known="observed")]
    (one,) = find_carriers(MEMBERS, links)
    assert (one.institutions, one.declared, one.observed) == (
        ("a", "b", "c"),
        ("a", "b", "c"),
        ("b",),
    )
    assert (one.critical, one.held, one.share) == (("a", "c"), ("a",), 7500)
    assert one.sectors == (("power", 2), ("water", 1))


def test_names_that_differ_in_case_blanks_and_stops_are_one() -> None:
    links = [*on("ab", "X  Ltd."), *on("c", "x ltd"), *on("d", "X Ltd, ")]
    (one,) = find_carriers(MEMBERS, links)
    assert (one.name, len(one.institutions)) == ("X Ltd.", 4)


def test_a_name_of_another_kind_is_another_thing() -> None:
    links = [*on("ab", "X"), *on("ab", "X", "hosting")]
    assert [one.kind for one in find_carriers(MEMBERS, links)] == ["supplier", "hosting"]


def test_who_is_no_member_does_not_count() -> None:
    assert find_carriers(MEMBERS, on("z", "X")) == ()


def test_users_of_a_service_depend_on_what_its_provider_depends_on() -> None:
    own = [
        *on("p", "Fibre"),
        *on("p", "Cloud", "hosting", failing="p"),
        *on("p", "httpd", "software"),
    ]
    service = SharedService("Mail for all", "p", ("a", "b", "p"))
    found = list(second_hop([service], own))
    assert {(one.institution, one.kind, one.name, one.fails) for one in found} == {
        ("a", "supplier", "Fibre", False), ("b", "supplier", "Fibre", False),
        ("a", "hosting", "Cloud", False), ("b", "hosting", "Cloud", False),
    }  # fmt: skip
    assert {one.through for one in found} == {"Mail for all"}


def test_there_is_no_third_hop() -> None:
    services = [SharedService("Outer", "p", ("a",)), SharedService("Inner", "q", ("p",))]
    own = [*on("q", "Fibre"), *on("p", "Inner", "service"), *on("a", "Outer", "service")]
    first = list(second_hop(services, own))
    again = list(second_hop(services, [*own, *first]))
    assert ("a", "Fibre") not in {(one.institution, one.name) for one in [*first, *again]}
    assert ("p", "Fibre") in {(one.institution, one.name) for one in first}


def test_who_depends_on_it_directly_is_not_told_as_indirect() -> None:
    own = [*on("ap", "Fibre")]
    hops = second_hop([SharedService("Mail", "p", ("a", "b"))], own)
    (one,) = find_carriers(MEMBERS, [*own, *hops])
    assert (one.institutions, one.indirect, one.through) == (("a", "b"), ("b",), ("Mail",))


def test_only_what_several_depend_on_is_shared() -> None:
    carriers = find_carriers(MEMBERS, [*on("ab", "X"), *on("c", "Y")])
    assert [one.name for one in shared_by(carriers)] == ["X"]
    assert shared_by(carriers, 3) == ()


def test_all_on_one_is_as_concentrated_as_can_be() -> None:
    (found,) = concentrations(find_carriers(MEMBERS, on("abcd", "X")))
    assert (found.index, found.alike, found.largest, found.links) == (10_000, 10, 10_000, 4)


def test_providers_of_one_institution_count_in_the_index() -> None:
    (found,) = concentrations(
        find_carriers(MEMBERS, [*on("ab", "X"), *on("c", "Y"), *on("d", "Z")])
    )
    assert (found.carriers, found.links, found.index, found.alike) == (3, 4, 3750, 27)


@given(st.lists(st.lists(st.sampled_from("abcd"), min_size=1, max_size=4), min_size=1, max_size=8))
def test_the_index_is_the_sum_of_squared_shares(users: list[list[str]]) -> None:
    links = [one for n, codes in enumerate(users) for one in on("".join(codes), f"provider-{n}")]
    (found,) = concentrations(find_carriers(MEMBERS, links))
    sizes = [len(set(codes)) for codes in users]
    exact = sum((Fraction(size, sum(sizes)) ** 2 for size in sizes), Fraction(0))
    assert abs(found.index - 10_000 * exact) <= Fraction(1, 2)
    assert abs(found.alike - 10 / exact) <= Fraction(1, 2)
    assert 10_000 // found.carriers <= found.index <= 10_000


@pytest.mark.parametrize(
    ("links", "best"),
    [
        ([*on("abc", "Wide"), *on("ab", "Failing", "hosting", failing="a")], "Failing"),
        ([*on("bd", "Usual"), *on("ac", "Critical", "network", "observed")], "Critical"),
        ([*on("abcd", "httpd", "software", "observed", "abcd"), *on("bd", "Usual")], "Usual"),
    ],
)
def test_acted_on_is_where_it_reaches_most_and_somebody_can_be_spoken_to(
    links: list[Dependency], best: str
) -> None:
    found = to_act_on(find_carriers(MEMBERS, links))
    assert found is not None and found.name == best


def test_without_providers_there_is_nobody_to_act_on() -> None:
    assert to_act_on(find_carriers(MEMBERS, on("ab", "httpd", "software"))) is None
