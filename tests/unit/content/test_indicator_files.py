"""Faults of the file of indicators are found where they stand."""

from pathlib import Path

import pytest

from cyberposture.content.bundle import find_content
from cyberposture.content.editions import documents, restore
from cyberposture.content.loader import load_content
from cyberposture.content.reading.indicator_files import load_indicators
from cyberposture.model.controls import Clause

CLAUSES = tuple(
    Clause(id=code, page=1, addressee="no one", text="Something.", demand="It.", level=level)
    for code, level in (("1(1)", "Nat"), ("1(2)", "Nat"), ("2", "Q"))
)
GOOD = """\
indicators:
- id: NAT-01
  title: Something to count
  measures: How much of it there is.
  figures:
  - {id: things, title: Things, unit: count, counted: things}
  clauses: ["1(1)", "2"]
  known_from: Those who keep it.
  every_months: 6
unmeasured:
- clause: "1(2)"
  why: Nobody could say.
"""


def faults(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "indicators.yaml"
    path.write_text(text)
    return [str(fault) for fault in load_indicators(path, "indicators.yaml", CLAUSES)[1]]


def test_a_good_file_gives_its_indicators(tmp_path):
    assert faults(tmp_path, GOOD) == []


def test_a_catalogue_may_do_without_the_file(tmp_path):
    assert load_indicators(tmp_path / "none.yaml", "none.yaml", CLAUSES) == ((), [])


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('"2"]', '"9"]', "indicators.yaml:7: unknown clause 9"),
        ('"1(2)"\n', '"2"\n', "indicators.yaml:11: 2 is no clause of the level Nat"),
        ('"1(2)"\n', '"9"\n', "indicators.yaml:11: 9 is no clause of the level Nat"),
        ('"1(2)"\n', '"1(1)"\n', "indicators.yaml:11: 1(1) is measured by an indicator above"),
        ('["1(1)", "2"]', '["2"]', "indicators.yaml:1: the national clause 1(1) has no indicator"),
        ("unit: count", "unit: litres", "indicators.yaml:6: "),
        ("every_months: 6", "every_months: 0", "indicators.yaml:9: "),
        ("id: NAT-01", "id: NAT-1", "indicators.yaml:2: "),
        ("  known_from: Those who keep it.\n", "", "indicators.yaml:2: "),
    ],
)
def test_a_fault_is_found_where_it_stands(tmp_path, old, new, fault):
    found = faults(tmp_path, GOOD.replace(old, new, 1))
    assert any(one.startswith(fault) for one in found), found


def test_an_id_that_stands_twice_is_refused(tmp_path):
    rows, rest = GOOD.split("unmeasured:")
    text = rows + rows.removeprefix("indicators:\n") + "unmeasured:" + rest
    assert faults(tmp_path, text) == [
        "indicators.yaml:10: NAT-01 stands in indicators.yaml:2 already"
    ]


def test_indicators_are_kept_with_the_texts_and_change_no_rule():
    content = load_content(find_content(None))
    bare = content.catalogue.model_copy(update={"indicators": ()})
    with_, without = (documents(book, content.checks) for book in (content.catalogue, bare))
    assert with_["catalogue"] == without["catalogue"]
    assert with_["texts"] != without["texts"]
    for kept, book in ((with_, content.catalogue), (without, bare)):
        assert restore(kept["catalogue"], kept["texts"]) == book
