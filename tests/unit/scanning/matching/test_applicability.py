"""Whether a flaw concerns a product: ranges, AND and OR, and what runs below; beside an oracle."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberposture.model.intel import Configuration, Match, Node
from cyberposture.scanning.matching.applicability import concerns, match_product
from cyberposture.scanning.matching.cpe import read_cpe
from cyberposture.scanning.matching.truth import FALSE, TRUE, UNKNOWN, Answer

OPENSSH = "cpe:2.3:a:openbsd:openssh:*:*:*:*:*:*:*:*"
LINUX = "cpe:2.3:o:linux:linux_kernel:*:*:*:*:*:*:*:*"


def ssh(version: str) -> Any:
    return read_cpe(f"cpe:/a:openbsd:openssh:{version}")


def entry(criteria: str = OPENSSH, vulnerable: bool = True, **bounds: str) -> Match:
    return Match(criteria=criteria, vulnerable=vulnerable, **bounds)


def of(*matches: Match, **options: Any) -> Configuration:
    return Configuration(nodes=(Node(matches=matches),), **options)


SMALL = st.tuples(st.integers(0, 4), st.integers(0, 4))
BOUNDS = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ("start_including", "start_excluding", "end_including", "end_excluding"), SMALL
    ),
)


@given(SMALL, BOUNDS)
def test_a_range_holds_what_lies_between_its_bounds(
    version: tuple[int, int], bounds: dict[str, tuple[int, int]]
) -> None:
    tests = {
        "start_including": version >= bounds.get("start_including", version),
        "start_excluding": "start_excluding" not in bounds or version > bounds["start_excluding"],
        "end_including": version <= bounds.get("end_including", version),
        "end_excluding": "end_excluding" not in bounds or version < bounds["end_excluding"],
    }
    texts = {name: f"{a}.{b}" for name, (a, b) in bounds.items()}
    expected = TRUE if all(tests.values()) else FALSE
    assert match_product(ssh(f"{version[0]}.{version[1]}"), entry(**texts)) is expected


@pytest.mark.parametrize(
    ("version", "criteria", "answer"),
    [
        ("7.4", "cpe:2.3:a:openbsd:openssh:7.4:*:*:*:*:*:*:*", TRUE),
        ("7.5", "cpe:2.3:a:openbsd:openssh:7.4:*:*:*:*:*:*:*", FALSE),
        ("7.4p1", "cpe:2.3:a:openbsd:openssh:7.4:p1:*:*:*:*:*:*", TRUE),
        ("7.4p2", "cpe:2.3:a:openbsd:openssh:7.4:p1:*:*:*:*:*:*", FALSE),
        ("7.4", "cpe:2.3:a:openbsd:openssh:7.4:p1:*:*:*:*:*:*", UNKNOWN),
        ("7.4", "cpe:2.3:a:openbsd:openssh:-:*:*:*:*:*:*:*", UNKNOWN),
        ("7.4", "cpe:2.3:a:openbsd:openssh:7.*:*:*:*:*:*:*:*", TRUE),
        ("7.4", "cpe:2.3:a:acme:openssh:7.4:*:*:*:*:*:*:*", FALSE),
        ("7.4", "cpe:2.3:o:openbsd:openssh:7.4:*:*:*:*:*:*:*", FALSE),
        ("7.4", "cpe:2.3:a:openbsd:openssh:*:*:*:*:*:wordpress:*:*", UNKNOWN),
        ("7.4", "no name at all", UNKNOWN),
    ],
)
def test_a_single_version_is_met_missed_or_unknown(
    version: str, criteria: str, answer: Answer
) -> None:
    assert match_product(ssh(version), entry(criteria)) is answer


def test_a_version_that_cannot_be_compared_leaves_the_flaw_unknown() -> None:
    flaw = (of(entry(end_excluding="7.4")),)
    assert concerns(ssh("7.4p1"), flaw) is UNKNOWN
    assert concerns(read_cpe("cpe:/a:openbsd:openssh"), flaw) is UNKNOWN
    assert concerns(ssh("7.3p1"), flaw) is TRUE


def test_what_runs_below_is_not_seen_and_so_unknown() -> None:
    below = Node(matches=(entry(LINUX, vulnerable=False),))
    above = Node(matches=(entry(end_excluding="8"),))
    both = (Configuration(operator="AND", nodes=(above, below)),)
    assert concerns(ssh("7.4"), both) is UNKNOWN
    assert concerns(ssh("8.1"), both) is FALSE
    assert concerns(read_cpe("cpe:/o:linux:linux_kernel:4"), both) is FALSE


def test_one_of_several_configurations_is_enough() -> None:
    old, new = of(entry(end_excluding="5")), of(entry(start_including="9"))
    assert concerns(ssh("9.9"), (old, new)) is TRUE
    assert concerns(ssh("7.4"), (old, new)) is FALSE


def test_a_negated_node_turns_its_answer_round() -> None:
    node = Node(matches=(entry(end_excluding="5"),), negate=True)
    assert concerns(ssh("7"), (Configuration(nodes=(node,)),)) in (TRUE, FALSE)
    assert concerns(ssh("4"), (Configuration(nodes=(node,)),)) is FALSE


def test_a_flaw_without_any_product_concerns_nobody_knows_whom() -> None:
    assert concerns(ssh("7"), ()) is UNKNOWN
    assert concerns(ssh("7"), (of(entry(LINUX)),)) is FALSE


def test_a_product_is_found_under_its_other_names() -> None:
    flaw = (of(entry("cpe:2.3:a:f5:nginx:*:*:*:*:*:*:*:*", end_excluding="1.20.1")),)
    assert concerns(read_cpe("cpe:/a:igor_sysoev:nginx:1.18.0"), flaw) is TRUE
