"""From clause to control to check and back, and the crossings to neighbouring frameworks."""

import json
from functools import cache
from pathlib import Path

import pytest

from cyberposture.content.bundle import find_content
from cyberposture.content.comparing.elements import elements_of
from cyberposture.content.comparing.tracing import set_beside, trace
from cyberposture.content.loader import Content, load_content

FACTS = Path(__file__).resolve().parents[2].parent / "shared" / "policy" / "framework-ids.json"
NAMES = {
    "nist-csf-2": "nist-csf-2.0",
    "iso-27001-2022": "iso-27001-2022-annex-a",
    "cis-controls-8": "cis-controls-v8",
    "ncsc-caf-4": "ncsc-caf-4.0",
}
"""The neighbours whose ids are known, by the names that the list of ids gives them."""


@cache
def content() -> Content:
    return load_content(find_content(None))


@cache
def known_ids() -> dict[str, tuple[str, ...]]:
    if not FACTS.is_file():
        pytest.skip("the lists of ids do not stand beside this checkout")
    listed = json.loads(FACTS.read_text(encoding="utf-8"))
    return {code: tuple(listed[name]) for code, name in NAMES.items()}


def test_every_clause_stands_in_the_table_once() -> None:
    traces = trace(content().catalogue, content().checks)
    assert [t.clause.id for t in traces] == [c.id for c in content().catalogue.clauses]


def test_no_clause_that_institutions_can_answer_lacks_a_control() -> None:
    traces = trace(content().catalogue, content().checks)
    assert [t.clause.id for t in traces if t.gap == "no control"] == []


def test_clause_without_a_check_names_what_no_check_looks_for() -> None:
    lacking = [t for t in trace(content().catalogue, content().checks) if t.gap == "no check"]
    assert all(t.unwatched for t in lacking)


def test_every_control_and_check_hangs_on_a_clause() -> None:
    traces = trace(content().catalogue, content().checks)
    assert {c for t in traces for c in t.controls} == {c.id for c in content().catalogue.controls}
    used = {use.code for c in content().catalogue.controls for use in c.observations}
    expected = {c.id for c in content().checks.checks if c.observation in used}
    assert {c for t in traces for c in t.checks} == expected


@pytest.mark.parametrize("framework", NAMES)
def test_every_crossing_leads_to_an_id_that_exists(framework: str) -> None:
    found = next(b for b in set_beside(content().catalogue) if b.framework == framework)
    assert set(found.theirs) - set(known_ids()[framework]) == set()
    assert found.size == len(known_ids()[framework])


@pytest.mark.parametrize("framework", NAMES)
def test_the_pattern_of_a_framework_lists_its_ids_in_its_own_order(framework: str) -> None:
    found = next(n for n in content().catalogue.neighbours if n.id == framework)
    assert elements_of(found) == known_ids()[framework]


def test_every_pattern_of_ids_lists_them_all() -> None:
    assert [n.id for n in content().catalogue.neighbours if elements_of(n) is None] == []


@pytest.mark.parametrize("framework", NAMES)
def test_crossings_reach_most_of_both_sides(framework: str) -> None:
    found = next(b for b in set_beside(content().catalogue) if b.framework == framework)
    assert len(found.theirs) > found.size / 2
    assert found.ours > found.of_ours / 2
    assert sum(found.relations.values()) >= found.ours


def test_unverified_framework_is_never_called_equal_or_contained() -> None:
    unverified = {n.id for n in content().catalogue.neighbours if n.status == "U"}
    relations = {
        crossing.relation
        for control in content().catalogue.controls
        for crossing in control.maps_to
        if crossing.framework in unverified
    }
    assert unverified
    assert relations == {"intersects"}


def test_no_reason_is_given_twice() -> None:
    reasons = [c.why for control in content().catalogue.controls for c in control.maps_to]
    assert sorted({why for why in reasons if reasons.count(why) > 1}) == []
