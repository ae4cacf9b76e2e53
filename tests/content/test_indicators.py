"""The national indicators agree with the policy notes, and each says what it is in own words."""

import re
from functools import cache
from pathlib import Path

import pytest

from cyberposture.content.bundle import find_content
from cyberposture.content.loader import load_catalogue
from cyberposture.model.controls import Catalogue
from cyberposture.model.indicators import Indicator

NOTES = Path(__file__).resolve().parents[2].parent / "shared" / "policy" / "ncsp-2021.md"
ROW = re.compile(r"\| (NAT-\d\d) \| (.+?) \| (.+?) \|")


@cache
def catalogue() -> Catalogue:
    return load_catalogue(find_content(None).controls)


def noted() -> dict[str, set[str]]:
    """Return the clauses of each indicator in the policy notes, every bullet by itself."""
    if not NOTES.is_file():
        pytest.skip("the policy notes do not stand beside this checkout")
    known = [clause.id for clause in catalogue().clauses]
    found: dict[str, set[str]] = {}
    for code, _, text in ROW.findall(NOTES.read_text(encoding="utf-8")):
        found[code] = set()
        stem = ""
        for part in re.findall(r"[0-9.]*(?:\([^)]*\)(?:-\([^)]*\))?)|[0-9.]+", text):
            stem = part.partition("(")[0] or stem
            bullets = re.findall(r"\(([^)]*)\)", part)
            if "-" in part:
                bullets = [str(n) for n in range(int(bullets[0]), int(bullets[1]) + 1)]
            named = [f"{stem}({bullet})" for bullet in bullets] or [
                clause for clause in known if clause == stem or clause.startswith(f"{stem}(")
            ]
            found[code].update([stem] if stem in known and not bullets else named)
    return found


def test_indicators_and_their_clauses_are_those_of_the_policy_notes():
    assert {i.id: set(i.clauses) for i in catalogue().indicators} == noted()


def test_indicators_are_numbered_without_a_gap():
    codes = [indicator.id for indicator in catalogue().indicators]
    assert codes == [f"NAT-{number:02}" for number in range(1, 17)]


def test_every_clause_of_the_nation_is_measured_or_excused():
    """The loader refuses what is neither; here, that most are measured and few excused."""
    national = {clause.id for clause in catalogue().clauses if clause.level == "Nat"}
    measured = {clause for indicator in catalogue().indicators for clause in indicator.clauses}
    assert len(national & measured) == 40
    assert len(national - measured) == 6


@pytest.mark.parametrize("indicator", catalogue().indicators, ids=lambda indicator: indicator.id)
def test_an_indicator_says_what_it_is_and_who_can_know(indicator: Indicator):
    assert len(indicator.measures) >= 60
    assert indicator.measures.endswith(".")
    assert indicator.known_from.endswith(".")
    assert not indicator.title.endswith(".")
    assert len({figure.title for figure in indicator.figures}) == len(indicator.figures)


def test_no_text_stands_twice():
    texts = [t for i in catalogue().indicators for t in (i.title, i.measures, i.known_from)]
    assert len(set(texts)) == len(texts)
