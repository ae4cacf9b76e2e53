"""Libraries of CISO Assistant: what is read of them, and that nothing in them brings us down."""

import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from library_samples import FRAMEWORK, MAPPING, NODE, framework, library, line_of

from cyberposture.errors import InvalidInput
from cyberposture.exchange.foreign import read_foreign
from cyberposture.exchange.libraries.read import read_library
from cyberposture.model.foreign import ForeignCatalogue, ForeignControl

SAMPLE = Path(__file__).parents[5] / "shared" / "samples" / "libraries" / "cisa-cpg-2.0.yaml"


def read(data: bytes) -> ForeignCatalogue:
    found = read_library("river.yaml", data).catalogue
    assert found is not None
    return found


def remarks(data: bytes) -> list[str]:
    return [f"{r.where}: {r.what}" for r in read(data).remarks]


def control(catalogue: ForeignCatalogue, id_: str) -> ForeignControl:
    return next(c for c in catalogue.controls if c.id == id_)


def refusal(data: bytes) -> str:
    with pytest.raises(InvalidInput) as caught:
        read_library("river.yaml", data)
    return str(caught.value)


# What is read.


def test_a_clean_library_is_read_without_a_remark():
    found = read(library())
    assert found.remarks == ()
    assert (found.title, found.version, found.format) == (
        "Rules of the river board",
        "3",
        "library",
    )
    assert found.id == "urn:example:risk:framework:river"
    assert [(g.id, g.title, g.text) for g in found.groups] == [
        ("A", "Banks", "What holds the water.")
    ]
    assert [c.id for c in found.controls] == ["1.10", "node3", "node4"]


def test_a_number_keeps_its_last_nought_and_its_urn_stands_beside_it():
    found = control(read(library()), "1.10")
    assert found.statement == "Somebody walks the banks: every week."
    assert found.guidance == "Take boots.\nA diary."
    assert (found.path, found.parent, found.class_) == (("Banks",), None, "mandatory")
    assert {(p.name, p.value) for p in found.props} == {
        ("urn", f"{NODE}:a.1"),
        ("implementation-group", "B"),
        ("weight", "2"),
        ("threat", "urn:example:risk:threat:river:t-1"),
        ("reference-control", "urn:example:risk:function:river:rc-1"),
    }


def test_a_node_below_a_control_is_its_part():
    found = read(library())
    assert {c.parent for c in found.controls} == {None, "1.10"}
    assert {c.path for c in found.controls} == {("Banks",)}


def test_questions_of_the_older_and_of_the_newer_form_are_read_with_their_choices():
    found = read(library())
    assert control(found, "node3").statement == "Are the boots dry? (Yes / no)"
    assert control(found, "node4").guidance == (
        "Who looked? (The mayor / Nobody)\nAnd again? (Yes / no)"
    )


def test_several_frameworks_in_a_list_are_told_under_their_names():
    objects = """\
objects:
  frameworks:
  - urn: u:one
    name: One
    requirement_nodes:
    - {urn: u:one:1, assessable: true, depth: 1, ref_id: "1", name: First}
  - urn: u:two
    name: Two
    requirement_nodes:
    - {urn: u:two:1, assessable: true, depth: 1, ref_id: "1", name: Second}
"""
    found = read(library(objects))
    assert [(c.id, c.path, c.title) for c in found.controls] == [
        ("1", ("One",), "First"),
        ("two:1", ("Two",), "Second"),
    ]


def test_reference_controls_alone_are_a_catalogue_of_measures():
    objects = FRAMEWORK[: FRAMEWORK.index("  framework:")]
    found = read(library(objects))
    assert [(c.id, c.title, c.statement, c.class_) for c in found.controls] == [
        ("RC.1", "A sluice", "It opens and closes.", "physical")
    ]


def test_a_mapping_set_becomes_a_crosswalk_in_each_direction():
    found = read_library("river.yaml", library(MAPPING))
    assert found.catalogue is None
    there, back = found.crosswalks
    assert (there.source, there.target) == (
        "urn:example:risk:framework:river",
        "urn:example:risk:framework:lake",
    )
    assert [(e.source, e.relation, e.target, e.why) for e in there.edges] == [
        ("a.1", "intersects", "shore.2", "semantic; strength 7"),
        ("a", "subset", "shore", ""),
    ]
    assert [(e.source, e.relation, e.target) for e in back.edges] == [("shore.2", "equal", "a.1")]
    assert there.remarks == back.remarks == ()


def test_a_mapping_calls_nodes_by_the_ids_of_the_framework_in_the_same_file():
    both = library(FRAMEWORK + MAPPING.removeprefix("objects:\n"))
    found = read_library("river.yaml", both)
    assert [(e.source, e.target) for e in found.crosswalks[0].edges] == [
        ("1.10", "shore.2"),
        ("A", "shore"),
    ]


def test_a_mapping_calls_nodes_by_the_ids_of_a_framework_at_hand():
    known = read_library("river.yaml", library()).ids
    found = read_library("map.yaml", library(MAPPING), lambda urn: known.get(urn, {}))
    assert [e.source for e in found.crosswalks[0].edges] == ["1.10", "A"]
    assert [e.target for e in found.crosswalks[1].edges] == ["1.10"]


def test_a_single_mapping_set_of_the_older_form_is_read():
    single = MAPPING[: MAPPING.index("  - urn: urn:example:risk:req_mapping_set:lake")]
    single = single.replace("sets:\n  - urn", "set:\n    urn")
    assert len(read_library("river.yaml", library(single)).crosswalks[0].edges) == 2


def test_a_library_of_mappings_is_no_catalogue():
    with pytest.raises(InvalidInput, match="holds no catalogue"):
        read_foreign("river.yaml", library(MAPPING))


# What is odd, and read all the same.


def test_a_group_that_is_not_defined_is_told_with_its_line():
    data = library(FRAMEWORK.replace("groups: [B]", "groups: [B, Z, Y]"))
    line = line_of(data, "[B, Z, Y]")
    assert remarks(data) == [f"river.yaml:{line}: implementation groups that are not defined: Z, Y"]


def test_an_urn_that_stands_twice_is_kept_once():
    data = framework(f"""
        - {{urn: "{NODE}:1", assessable: true, depth: 1, name: First}}
        - {{urn: "{NODE.upper()}:1", assessable: true, depth: 1, name: Second}}
        """)
    assert [c.title for c in read(data).controls] == ["First"]
    assert remarks(data) == [
        f"river.yaml:{line_of(data, 'Second')}: {NODE}:1 stands on line "
        f"{line_of(data, 'First')} already; this one is left out"
    ]


def test_a_number_that_stands_twice_gives_way_to_the_urn():
    data = framework(f"""
        - {{urn: "{NODE}:x", assessable: true, depth: 1, ref_id: a, name: First}}
        - {{urn: "{NODE}:y", assessable: true, depth: 1, ref_id: a, name: Second}}
        """)
    assert [c.id for c in read(data).controls] == ["a", "y"]
    assert remarks(data) == [
        f"river.yaml:{line_of(data, 'Second')}: a stands on line {line_of(data, 'First')} "
        "already; called y"
    ]


def test_a_depth_that_is_none_of_its_place_is_told_and_changes_nothing():
    data = framework("""
        - {urn: u:1, assessable: false, depth: 1, name: Top}
        - {urn: u:2, assessable: true, depth: 9, parent_urn: u:1, name: Deep}
        """)
    assert [c.path for c in read(data).controls] == [("Top",)]
    assert remarks(data) == [
        f"river.yaml:{line_of(data, 'Deep')}: depth 9, but it hangs at depth 2"
    ]


def test_a_node_without_a_known_parent_hangs_where_its_depth_puts_it():
    data = framework("""
        - {urn: u:1, assessable: false, depth: 1, name: Top}
        - {urn: u:2, assessable: true, depth: 2, parent_urn: u:gone, name: Lost}
        - {urn: u:3, assessable: true, depth: 2, name: Forgotten}
        """)
    assert [c.path for c in read(data).controls] == [("Top",), ("Top",)]
    assert remarks(data) == [
        f"river.yaml:{line_of(data, 'Lost')}: parent_urn: there is no node u:gone here",
        f"river.yaml:{line_of(data, 'Forgotten')}: depth 2, and no parent_urn",
    ]


def test_parents_that_lead_round_in_a_circle_are_opened_once():
    data = framework("""
        - {urn: u:0, assessable: true, parent_urn: u:2, name: Outside}
        - {urn: u:1, assessable: false, parent_urn: u:3, name: One}
        - {urn: u:2, assessable: false, parent_urn: u:1, name: Two}
        - {urn: u:3, assessable: false, parent_urn: u:2, name: Three}
        - {urn: u:4, assessable: true, parent_urn: u:4, name: Itself}
        """)
    found = read(data)
    assert len(found.controls) == 2
    assert [r.what for r in found.remarks] == [
        "its parents lead back to itself: u:2",
        "its parents lead back to itself: u:4",
    ]
    assert found.controls[0].path == ("Three", "One", "Two")[-len(found.controls[0].path) :]


def test_texts_that_are_missing_or_no_texts_are_told():
    data = framework("""
        - {urn: u:1, assessable: true, depth: 1, ref_id: E}
        - {urn: u:2, assessable: true, depth: 1, name: {a: b}, description: Yes}
        - just words
        - {assessable: maybe, depth: deep, name: Odd}
        """)
    assert {r.split(": ", 1)[1] for r in remarks(data)} == {
        "a requirement node is a mapping; this is none and is left out",
        "a requirement node without urn",
        "assessable: 'maybe' is neither true nor false",
        "depth: 'deep' is no whole number",
        "name: a text is expected",
        "E has no text",
    }
    assert [c.statement for c in read(data).controls] == ["", "Yes"]


def test_where_nothing_is_assessable_the_leaves_are_controls():
    data = framework("""
        - {urn: u:1, depth: 1, name: Top}
        - {urn: u:2, depth: 2, parent_urn: u:1, name: Leaf}
        """)
    assert [c.title for c in read(data).controls] == ["Leaf"]
    assert "no node is assessable" in remarks(data)[0]


def test_a_key_that_stands_twice_is_told_and_the_last_counts():
    data = framework("- {urn: u:1, assessable: true, depth: 1, name: First, name: Last}")
    assert [c.title for c in read(data).controls] == ["Last"]
    assert "the key 'name' stands here twice" in remarks(data)[0]


def test_a_mapping_of_half_an_edge_is_left_out_and_told():
    text = MAPPING.replace("      relationship: subset", "      relationship: close to")
    text = text.replace(
        "      source_requirement_urn: urn:example:risk:req_node:lake:shore.2\n", ""
    )
    text = text.replace("    - source_requirement_urn: urn:example:risk:req_node:lake:shore.2\n"
                        "      target", "    - target")  # fmt: skip
    there, back = read_library("river.yaml", library(text)).crosswalks
    assert [r.what for r in there.remarks] == ["an unknown relation: close to"]
    assert there.edges[1].relation == "close to"
    assert back.edges == ()
    assert [r.what for r in back.remarks] == ["a mapping without source or target is left out"]


def test_a_chain_without_end_is_cut():
    nodes = "\n".join(
        f"- {{urn: u:{n}, assessable: true, parent_urn: u:{n - 1}, name: N{n}}}"
        for n in range(20_000)
    )
    began = time.perf_counter()
    found = read(framework(nodes))
    assert len(found.controls) == 20_000
    assert any("hangs deeper than" in r.what for r in found.remarks)
    assert time.perf_counter() - began < 20


def test_a_thousand_remarks_are_enough():
    nodes = "\n".join(f"- {{assessable: true, depth: 1, name: N{n}}}" for n in range(3_000))
    found = read(framework(nodes))
    assert len(found.controls) == 3_000
    assert len(found.remarks) == 1_001
    assert found.remarks[-1].what.endswith("not remarked on any more")


def test_a_library_may_lack_its_head():
    found = read(FRAMEWORK.encode())
    assert found.title == "Rules of the river board"
    assert [r.what for r in found.remarks] == ["a library without a version"]


# What cannot be read.


@pytest.mark.parametrize(
    ("data", "where", "what"),
    [
        (b"", "river.yaml:1", "nor a library"),
        (b"just words\n", "river.yaml:1", "nor a library"),
        (b"- a\n- b\n", "river.yaml:1", "nor a library"),
        (b"a: 1\nobjects: []\n", "river.yaml:2", "nor a library"),
        (b"a: 1\n\nobjects:\n  risk_matrix: [{urn: u}]\n", "river.yaml:4", "it holds risk_matrix"),
        (b"a: [1\nb: 2\n", "river.yaml:2", "not YAML"),
        (b"a: 1\nb: *nowhere\n", "river.yaml:2", "leads to nothing"),
        (b"a: 1\nb: &b [*b]\n", "river.yaml:2", "leads to nothing"),
        (b"a: 1\nb: \xff\n", "river.yaml:2", "not UTF-8"),
        ("ä: 1\nb: \x00\n".encode(), "river.yaml:2", "not YAML"),
        (b"a: 1\nb: " + b"[" * 100 + b"\n", "river.yaml:2", "nested deeper"),
        (b"PK\x03\x04\xff\n", "river.yaml:1", "not UTF-8"),
    ],
)
def test_what_is_no_library_is_refused_with_its_line(data, where, what):
    said = refusal(data)
    assert said.startswith(f"{where}: ")
    assert what in said


def test_aliases_that_unfold_without_end_are_refused():
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
    )
    assert "more than any library holds" in refusal(bomb.encode())
    long = f"t: &t '{'x' * 1_000_000}'\nb: [{', '.join(['*t'] * 1_000)}]\n"
    assert "more than any library holds" in refusal(long.encode())


words = st.sampled_from(
    ["", "x", "1.10", "true", "2", "9", "-1", "null", f"{NODE}:a", f"{NODE}:a.1", "u" * 300, "۱۲"]
)
values = st.recursive(
    words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
KEYS = ["urn", "ref_id", "name", "description", "annotation", "assessable", "depth", "parent_urn",
        "implementation_groups", "threats", "question", "questions", "weight"]  # fmt: skip
nodes = st.lists(st.dictionaries(st.sampled_from(KEYS), values, max_size=8) | values, max_size=8)
SETS = ["source_framework_urn", "target_framework_urn", "requirement_mappings"]
ROWS = ["source_requirement_urn", "target_requirement_urn", "relationship", "rationale"]
mappings = st.dictionaries(
    st.sampled_from(SETS),
    st.lists(st.dictionaries(st.sampled_from(ROWS), values) | values, max_size=4) | values,
)


@settings(max_examples=150, deadline=None)
@given(nodes, st.lists(mappings, max_size=2), values)
def test_no_library_however_odd_brings_the_reader_down(nodes, mappings, rest):
    objects = {"framework": {"urn": "u:f", "requirement_nodes": nodes}}
    whole = {"version": rest, "objects": {**objects, "requirement_mapping_sets": mappings}}
    data = ("# not JSON\n" + json.dumps(whole)).encode()
    found = read_library("odd.yaml", data)
    assert found.catalogue is not None
    assert len(found.crosswalks) == len([m for m in mappings if m])


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_library_with_bytes_out_of_place_is_read_or_refused_with_its_line(data):
    whole = bytearray(library())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(whole) - 1))
        whole[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    try:
        read_library("odd.yaml", bytes(whole))
    except InvalidInput as error:
        assert all(fault.where.startswith("odd.yaml:") for fault in error.faults)


# What others really wrote.


@pytest.mark.skipif(not SAMPLE.exists(), reason="the samples of others are not on this machine")
def test_the_performance_goals_of_the_united_states_are_read_whole():
    found = read(SAMPLE.read_bytes())
    assert (len(found.controls), len(found.groups), found.remarks) == (34, 6, ())
    first = found.controls[0]
    assert (first.id, first.title, first.path) == (
        "1.A",
        "Establish Cybersecurity Responsibilities",
        ("GOVERN",),
    )
    assert "\n- Document all cybersecurity roles" in first.guidance
