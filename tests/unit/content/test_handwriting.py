"""Content files written by the program: they read back equal, and look as people write them."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cyberposture.content.bundle import find_content
from cyberposture.content.loader import find_catalogue, load_catalogue
from cyberposture.content.reading.documents import build, read_file, read_text
from cyberposture.content.writing.blocks import cut_mapping, cut_rows, with_rows, with_values
from cyberposture.content.writing.handwriting import (
    clause_fields,
    control_text,
    neighbour_fields,
    retired_fields,
    revise_control,
    revise_domains,
    revise_rows,
)
from cyberposture.content.writing.layout import WIDTH, Flow, Folded, Quoted, laid_out, rows_laid_out
from cyberposture.model.controls import Catalogue, Clause, Control, Neighbour, Retired

HOME = find_catalogue(find_content(None).controls)
FILES = [
    path
    for path in sorted(HOME.glob("*/*.yaml"))
    if path.parent.name not in ("sectors", "profiles") and path.name.count(".") == 1
]


def control_in(path: Path) -> Control:
    return build(Control, read_file(path))


def changed(control: Control, **fields: object) -> Control:
    return Control.model_validate(control.model_dump(by_alias=True) | fields)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(HOME.parent)


# Layout.


def test_a_text_stands_beside_its_key_where_it_fits_and_is_folded_where_not():
    text = laid_out({"short": "It fits.", "long": "word " * 24 + "end", "folded": Folded("Short.")})
    assert text.splitlines() == [
        "short: It fits.",
        "long: >-",
        "  " + "word " * 18 + "word",
        "  word word word word word end",
        "folded: >-",
        "  Short.",
    ]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("yes", '"yes"'),
        ("3.10", '"3.10"'),
        ("2026-01-01", '"2026-01-01"'),
        ("12 months", "12 months"),
        ("a: b", '"a: b"'),
        ("- a", '"- a"'),
        ("", '""'),
        (" a", '" a"'),
        ("a\nb", '"a\\nb"'),
        ("a\u2028b\u200f", '"a\\U00002028b\\U0000200f"'),
        ("ایک", "ایک"),
        (Quoted("a"), '"a"'),
        (None, "null"),
        (True, "true"),
        (7, "7"),
        ([], "[]"),
        ({}, "{}"),
        (Flow({"a": "x, y", "b": 1}), '{a: "x, y", b: 1}'),
    ],
)
def test_a_value_is_quoted_only_where_it_must_be(value, shown):
    assert laid_out({"k": value}) == f"k: {shown}\n"


PIECES = ["a", "word", "and so on", "#", ":", "- x", "'", '"', "  ", "لفظ"]
words = st.text(max_size=60) | st.lists(st.sampled_from(PIECES), max_size=40).map(" ".join)
plain = st.recursive(
    words | st.integers(-999, 999) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(words, plain, min_size=1, max_size=5))
def test_whatever_is_laid_out_reads_back_as_itself(fields):
    text = laid_out(fields)
    assert read_text("x", text).value == fields
    assert rows_laid_out([fields]).startswith("- ")
    assert read_text("x", rows_laid_out([fields, fields])).value == [fields, fields]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text("abcdefghij", min_size=1, max_size=20), min_size=1, max_size=80))
def test_no_folded_line_is_wider_than_a_page(parts):
    text = laid_out({"k": {"k": Folded(" ".join(parts))}})
    assert max(len(line) for line in text.splitlines()) <= WIDTH


# Controls.


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem[:6])
def test_a_control_written_out_reads_back_equal_and_unchanged_it_keeps_every_byte(path):
    control, text = control_in(path), path.read_text(encoding="utf-8")
    assert build(Control, read_text("x", control_text(control))) == control
    assert revise_control(text, control, control) == text


def test_a_change_of_one_field_changes_its_lines_alone():
    path = next(path for path in FILES if path.stem.startswith("IAM-10"))
    old, text = control_in(path), path.read_text(encoding="utf-8")
    new = changed(old, title="No login in the clear: not one", weight=3, sector_notes={})
    revised = revise_control("# Above.\n" + text + "# Below.\n", old, new)
    assert build(Control, read_text("x", revised)) == new
    gone = set(text.splitlines()) - set(revised.splitlines())
    notes = text[text.index("sector_notes:") : text.index("maps_to:")].splitlines()
    assert gone == {"title: No login over cleartext protocols", "weight: 5", *notes}
    came = set(revised.splitlines()) - set(text.splitlines())
    assert came == {
        'title: "No login in the clear: not one"', "weight: 3", "# Above.", "# Below."
    }  # fmt: skip


def test_what_a_control_did_not_have_before_comes_in_its_place():
    bare = """\
id: AST-01
version: 1
title: Everything stands in one list
statement: Everything that there is stands in one list.
evidence_mode: "Q"
weight: 3
tier: A
sources: [{instrument: NCSP, edition: "2021", clause: "3.5(1)", derivation: I}]
"""
    old = build(Control, read_text("x", bare))
    assert revise_control(bare, old, old) == bare
    condition = {"any_of": [{"feature": "mail"}, {"all_of": [{"sector": "gas"}]}]}
    proof = {"what": "The list", "max_age_days": 90}
    new = changed(old, applies_when=condition, evidence=[proof], intent="Else it is lost.")
    assert revise_control(bare, old, new) == bare.replace(
        "sources",
        "applies_when:\n  any_of:\n    - feature: mail\n    - all_of:\n"
        "        - sector: gas\nsources",
    ) + ("intent: >-\n  Else it is lost.\nevidence:\n  - what: The list\n    max_age_days: 90\n")


# The files beside them.


@pytest.mark.parametrize(
    ("name", "model", "fields"),
    [
        ("clauses", Clause, clause_fields),
        ("neighbours", Neighbour, neighbour_fields),
        ("retired", Retired, retired_fields),
    ],
)
def test_a_file_of_rows_keeps_what_stays(name, model, fields):
    path = HOME / f"{name}.yaml"
    text = path.read_text(encoding="utf-8")
    rows = [model.model_validate(row) for row in read_file(path).value]
    assert revise_rows(text, rows, rows, fields) == text
    written = read_text("x", rows_laid_out([fields(row) for row in rows])).value
    assert [model.model_validate(row) for row in written] == rows


def test_a_row_comes_changes_and_goes_with_its_comment():
    text = "# Head.\n- {id: a, on: x, why: y}\n# Of b.\n- {id: b, on: x, why: y}\n# Tail.\n"
    one, two = (Retired.model_construct(id=i, on="x", why="y") for i in "ab")
    again = two.model_copy(update={"why": "z"})
    new = Retired.model_construct(id="c", on="x", why="w")
    assert revise_rows(text, [one, two], [again, new], retired_fields) == (
        '# Head.\n# Of b.\n- {id: b, on: "x", why: z}\n- {id: c, on: "x", why: w}\n# Tail.\n'
    )
    assert revise_rows(text, [one, two], [], retired_fields) == "# Head.\n[]\n# Tail.\n"
    assert revise_rows("# Head.\n[]\n", [], [new], retired_fields) == (
        '# Head.\n- {id: c, on: "x", why: w}\n'
    )


def test_domains_change_and_the_rest_of_the_framework_stays(catalogue):
    path = HOME / "framework.yaml"
    text, domains = path.read_text(encoding="utf-8"), catalogue.framework.domains
    assert revise_domains(text, domains) == text
    new = domains[0].model_copy(update={"factor_pct": 120})
    revised = revise_domains(text, [new, *domains[1:]])
    assert len(set(revised.splitlines()) - set(text.splitlines())) == 1
    assert len(revised.splitlines()) == len(text.splitlines())


@pytest.mark.parametrize("path", sorted(HOME.glob("*.yaml")), ids=lambda path: path.name)
def test_a_file_cut_up_and_put_together_is_the_same_file(path):
    text = path.read_text(encoding="utf-8")
    keys = cut_mapping(text).blocks
    rows = cut_rows(text).blocks
    assert with_values(text, {block.key: None for block in keys}) == text or rows
    assert with_rows(text, [(place, None) for place in range(len(rows))]) == text or keys
