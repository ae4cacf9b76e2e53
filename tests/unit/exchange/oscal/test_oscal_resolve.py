"""Resolving profiles: what is selected, where it stands afterwards, and what is changed."""

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oscal_samples import (
    SCHEMAS,
    UUID,
    catalog,
    control,
    found,
    ids,
    needs_schemas,
    profile,
    read,
    resolved,
    taking,
)

from cyberposture.errors import InvalidInput
from cyberposture.exchange.oscal.resolve import resolve

AS_IS = {"merge": {"as-is": True}}
ALL = ["a1", "a1.1", "a1.2", "a2", "b1"]


def selecting(*selectors, **more):
    return {"href": "catalog.json", "include-controls": list(selectors), **more}


SELECTIONS = {
    "all": ({"include-all": {}}, ALL),
    "nothing said is all": ({}, ALL),
    "by id": ({"include-controls": [{"with-ids": ["b1", "a1"]}]}, ["a1", "b1"]),
    "with children": (
        {"include-controls": [{"with-ids": ["a1"], "with-child-controls": "yes"}]},
        ["a1", "a1.1", "a1.2"],
    ),
    "by pattern": ({"include-controls": [{"matching": [{"pattern": "a*1"}]}]}, ["a1", "a1.1"]),
    "one letter": ({"include-controls": [{"matching": [{"pattern": "?2"}]}]}, ["a2"]),
    "but for": (
        {"include-all": {}, "exclude-controls": [{"with-ids": ["a1"]}, {"with-ids": ["b1"]}]},
        ["a1.1", "a1.2", "a2"],
    ),
    "but for all below": (
        {"exclude-controls": [{"with-ids": ["a1"], "with-child-controls": "yes"}]},
        ["a2", "b1"],
    ),
    "an exclusion prevails": (
        {
            "include-controls": [{"with-ids": ["a1", "a2"]}],
            "exclude-controls": [{"matching": [{"pattern": "a2"}]}],
        },
        ["a1"],
    ),
}


@pytest.mark.parametrize("case", SELECTIONS)
def test_what_a_profile_selects(case):
    directive, expected = SELECTIONS[case]
    assert ids(resolved(profile({"href": "catalog.json", **directive}))) == expected


def test_what_is_asked_for_in_vain_is_remarked_on():
    made = profile(selecting({"with-ids": ["a1", "zz"], "matching": [{"pattern": "q*"}]}))
    assert [(r["where"], r["what"]) for r in resolved(made).remarks] == [
        ("profile.json: $.profile.imports[0]['include-controls'][0]['with-ids']",
         "there is no control zz"),
        ("profile.json: $.profile.imports[0]['include-controls'][0].matching[0]",
         "no control matches q*"),
    ]  # fmt: skip


# Structure. -------------------------------------------------------------------------------------


def test_as_it_was_keeps_headings_of_what_was_selected_with_their_texts():
    body = resolved(profile(taking("b1"), **AS_IS)).catalogue.body
    assert [group["title"] for group in body["groups"]] == ["Piers"]
    north = body["groups"][0]["groups"][0]
    assert north["parts"][0]["prose"] == "Where the wind is."
    assert [one["id"] for one in north["controls"]] == ["b1"]


def test_the_parent_of_a_selected_enhancement_stays_as_a_shell():
    result = resolved(profile(taking("a1.2"), **AS_IS))
    assert ids(result) == ["a1", "a1.2"]
    shell = found(result, "a1")
    assert (shell["title"], "parts" in shell) == ("Title of a1", False)
    assert shell["props"][-1]["name"] == "selected"
    assert shell["props"][-1]["value"] == "no"
    assert found(result, "a1.2")["parts"][0]["prose"] == "Do a1.2."


def test_flat_has_no_groups_and_no_shells():
    body = resolved(profile(taking("a1.2", "b1"), merge={"flat": {}})).catalogue.body
    assert "groups" not in body
    assert [one["id"] for one in body["controls"]] == ["a1.2", "b1"]


def test_an_own_structure_places_controls_and_tells_what_it_forgot():
    merge = {
        "custom": {
            "insert-controls": [{"include-controls": [{"with-ids": ["b1"]}]}],
            "groups": [
                {
                    "id": "new",
                    "title": "New",
                    "insert-controls": [
                        {
                            "order": "descending",
                            "include-controls": [{"matching": [{"pattern": "a?"}]}],
                        }
                    ],
                }
            ],
        }
    }
    result = resolved(profile(taking("a1", "a1.1", "a2", "b1"), merge=merge))
    body = result.catalogue.body
    assert [one["id"] for one in body["controls"]] == ["b1"]
    assert [(g["id"], [c["id"] for c in g["controls"]]) for g in body["groups"]] == [
        ("new", ["a2", "a1"])
    ]
    assert [r["what"] for r in result.remarks] == ["selected, and placed nowhere: a1.1"]


def test_two_imports_of_one_catalogue_are_one_selection():
    result = resolved(profile(taking("b1"), taking("a1", "b1"), **AS_IS))
    assert ids(result) == ["a1", "b1"]


def test_two_catalogues_fall_together_by_their_groups():
    other = catalog(
        uuid=UUID.format(2),
        groups=[{"id": "a", "title": "Berths too", "controls": [control("a3")]}],
    )
    result = resolved(profile(taking("a1"), taking("a3", href="other.json"), **AS_IS), other=other)
    assert [(g["id"], g["title"]) for g in result.catalogue.body["groups"]] == [("a", "Berths")]
    assert ids(result) == ["a1", "a3"]


def test_one_id_for_two_controls_is_refused_unless_the_first_is_meant():
    other = catalog(uuid=UUID.format(2), groups=[], controls=[control("a2", title="Another")])
    imports = (taking("a2"), taking("a2", href="other.json"))
    with pytest.raises(InvalidInput, match=r"\$\.profile\.merge: a2 comes from two imports"):
        resolved(profile(*imports), other=other)
    result = resolved(profile(*imports, merge={"combine": {"method": "use-first"}}), other=other)
    assert found(result, "a2")["title"] == "Title of a2"


def test_a_shell_gives_way_to_the_whole_control_of_another_import():
    small = profile(taking("a1.1"), number=51, **AS_IS)
    made = profile(taking("a1.1", href="small.json"), taking("a1"), **AS_IS)
    assert found(resolved(made, small=small), "a1")["parts"][0]["prose"] == "Do a1."


def test_loose_parameters_go_where_a_text_inserts_them():
    group = catalog()["catalog"]["groups"][0]
    prose = [{"name": "statement", "prose": "Every {{ insert: param, loose }}."}]
    group["controls"][1]["parts"] = prose
    document = catalog(groups=[group])
    flat = resolved(profile(taking("a2")), catalog=document).catalogue.body
    assert [param["id"] for param in flat["params"]] == ["loose"]
    assert "params" not in resolved(profile(taking("a1")), catalog=document).catalogue.body


# Changes. ---------------------------------------------------------------------------------------


def test_parameters_are_set():
    setting = {"param-id": "a2_p", "values": ["daily"], "label": "the pace"}
    setting["props"] = [{"name": "set", "value": "yes"}]
    result = resolved(profile(modify={"set-parameters": [setting, {"param-id": "none"}]}))
    assert found(result, "a2")["params"] == [
        {"id": "a2_p", "label": "the pace", "values": ["daily"], "props": setting["props"]}
    ]
    assert [r["where"] for r in result.remarks] == [
        "profile.json: $.profile.modify['set-parameters'][1]"
    ]


def test_a_choice_takes_the_place_of_values():
    first = {"param-id": "a2_p", "values": ["daily"]}
    second = {"param-id": "a2_p", "select": {"choice": ["daily", "weekly"]}}
    result = resolved(profile(modify={"set-parameters": [first, second]}))
    assert found(result, "a2")["params"][0] == {
        "id": "a2_p", "label": "how often", "select": {"choice": ["daily", "weekly"]}
    }  # fmt: skip


def altered(*adds, removes=(), of="a2"):
    alter = {"control-id": of}
    if adds:
        alter["adds"] = list(adds)
    if removes:
        alter["removes"] = list(removes)
    return resolved(profile(modify={"alters": [alter]}))


NOTE = {"name": "note", "id": "note", "prose": "Mind the gap."}
PRIORITY = {"name": "priority", "value": "P1"}


@pytest.mark.parametrize(
    ("add", "parts"),
    [
        ({}, ["statement", "note"]),
        ({"position": "starting"}, ["note", "statement"]),
        ({"position": "before", "by-id": "a2_smt"}, ["note", "statement"]),
        ({"position": "after", "by-id": "a2_smt"}, ["statement", "note"]),
        ({"position": "ending", "by-id": "a2_smt"}, ["statement"]),
        ({"position": "ending", "by-id": "a2"}, ["statement", "note"]),
    ],
)
def test_parts_are_added_where_the_profile_says(add, parts):
    result = altered({**add, "parts": [NOTE], "props": [PRIORITY]})
    one = found(result, "a2")
    assert [part["name"] for part in one["parts"]] == parts
    inside = add.get("position") == "ending" and add["by-id"] == "a2_smt"
    holder = one["parts"][0] if inside else one
    assert holder["props"] == [PRIORITY]
    if inside:
        assert holder["parts"] == [NOTE]
    assert result.remarks == ()


@pytest.mark.parametrize(
    "remove",
    [
        {"by-id": "a2_smt"},
        {"by-name": "statement"},
        {"by-item-name": "part"},
        {"by-ns": "http://csrc.nist.gov/ns/oscal", "by-name": "statement"},
    ],
    ids=str,
)
def test_parts_are_removed(remove):
    one = found(altered(removes=[remove]), "a2")
    assert "parts" not in one
    assert one["params"][0]["id"] == "a2_p"


def test_every_criterion_of_a_removal_must_be_met():
    result = altered(removes=[{"by-name": "statement", "by-class": "x"}, {"by-id": "zz"}, {}])
    assert "parts" in found(result, "a2")
    assert len(result.remarks) == 3


def test_altering_leaves_the_source_and_what_is_inside_alone():
    result = altered({"title": "Changed"}, removes=[{"by-name": "statement"}], of="a1")
    assert found(result, "a1")["title"] == "Changed"
    assert [c["parts"][0]["name"] for c in found(result, "a1")["controls"]] == ["statement"] * 2


def test_changes_that_meet_nothing_are_remarked_on():
    result = altered({"by-id": "zz", "parts": [NOTE]})
    assert result.remarks[0]["what"] == "nothing has the id zz"
    assert altered(of="zz").remarks[0]["what"] == "no control zz to alter"


# Imports. ---------------------------------------------------------------------------------------


def test_a_profile_of_a_profile_takes_what_that_one_left():
    small = profile(taking("a1", "a2"), number=51, modify={"set-parameters": [
        {"param-id": "a2_p", "values": ["daily"]}]})  # fmt: skip
    result = resolved(profile({"href": "small.json", "include-all": {}}), small=small)
    assert ids(result) == ["a1", "a2"]
    assert found(result, "a2")["params"][0]["values"] == ["daily"]


def test_a_circle_is_named():
    one = profile({"href": "two.json"}, number=51)
    two = profile({"href": "one.json"}, number=52)
    with pytest.raises(InvalidInput) as refused:
        resolved(profile({"href": "one.json"}), one=one, two=two)
    assert str(refused.value) == (
        "two.json: $.profile.imports[0].href: imports in a circle: "
        "one.json (Profile 51) → two.json (Profile 52) → one.json (Profile 51)"
    )


def test_a_profile_that_imports_itself_is_a_circle():
    made = profile({"href": "profile.json"})
    itself = read(made, "profile.json")
    with pytest.raises(InvalidInput, match="in a circle"):
        resolve(itself, lambda wanted: itself)


def test_a_long_row_of_profiles_ends():
    row = {f"p{n}": profile({"href": f"p{n + 1}.json"}, number=n + 10) for n in range(30)}
    with pytest.raises(InvalidInput, match="more than 20 profiles in a row"):
        resolved(profile({"href": "p0.json"}), **row)


def test_a_catalogue_that_is_not_at_hand_is_named_and_not_fetched():
    address = "https://192.0.2.1/catalog.json"
    back = {
        "resources": [{"uuid": UUID.format(7), "title": "Rules", "rlinks": [{"href": address}]}]
    }
    made = profile({"href": f"#{UUID.format(7)}"}, **{"back-matter": back})
    with pytest.raises(InvalidInput) as refused:
        resolve(read(made, "p.json"), lambda wanted: None)
    assert str(refused.value).startswith(
        "p.json: $.profile.imports[0].href: not at hand: 'Rules', "
    )
    assert address in str(refused.value)
    assert "--source" in refused.value.advice()


@pytest.mark.parametrize(
    "rlink", ["https://192.0.2.1/x/catalog.json", "./catalog.json", "dir/xml/catalog.xml"]
)
def test_a_resource_is_found_by_the_name_of_its_file(rlink):
    back = {"resources": [{"uuid": UUID.format(7), "rlinks": [{"href": rlink}]}]}
    made = profile({"href": f"#{UUID.format(7)}"}, **{"back-matter": back})
    assert ids(resolved(made)) == ALL


def test_a_resource_may_carry_its_catalogue():
    carried = base64.b64encode(json.dumps(catalog()).encode()).decode()
    back = {"resources": [{"uuid": UUID.format(7), "base64": {"value": carried}}]}
    made = read(profile({"href": f"#{UUID.format(7)}"}, **{"back-matter": back}), "p.json")
    result = resolve(made, lambda wanted: read(json.loads(wanted.carried)))
    assert ids(result) == ALL


# The result. ------------------------------------------------------------------------------------


def test_back_matter_holds_what_is_referred_to_and_what_asks_to_stay():
    kept = {"uuid": UUID.format(7), "props": [{"name": "keep", "value": "always"}]}
    result = resolved(profile(taking("b1"), **{"back-matter": {"resources": [kept]}}))
    uuids = [resource["uuid"] for resource in result.catalogue.body["back-matter"]["resources"]]
    assert uuids == [UUID.format(8), UUID.format(7)]
    assert "back-matter" not in resolved(profile(taking("a1"))).catalogue.body


def test_the_profiles_resource_prevails_over_that_of_its_source():
    own = {"uuid": UUID.format(8), "title": "New chart"}
    result = resolved(profile(taking("b1"), **{"back-matter": {"resources": [own]}}))
    assert result.catalogue.body["back-matter"]["resources"] == [own]


def test_metadata_is_the_profiles_and_says_what_it_came_from():
    metadata = profile()["profile"]["metadata"] | {
        "published": "2026-01-01T00:00:00Z",
        "links": [{"href": "#x", "rel": "canonical"}, {"href": "#y", "rel": "license"}],
        "parties": [{"uuid": UUID.format(3), "type": "organization", "name": "Harbour"}],
    }
    made = resolved(profile(metadata=metadata)).catalogue.body["metadata"]
    assert made["title"] == "Profile 50"
    assert "published" not in made
    assert [link["rel"] for link in made["links"]] == ["source-profile", "license"]
    assert made["parties"] == metadata["parties"]


def test_resolving_twice_gives_the_same_bytes():
    made = profile(taking("a1.2", "b1"), **AS_IS)
    assert resolved(made).catalogue.data == resolved(made).catalogue.data
    assert resolved(made).catalogue.body["uuid"] != made["profile"]["uuid"]


@needs_schemas
@pytest.mark.parametrize("merge", [{"as-is": True}, {"flat": {}}])
def test_the_result_fits_the_official_schema(merge):
    adds = [{"parts": [NOTE], "props": [PRIORITY]}]
    made = profile(taking("a1.2", "a2", "b1"), merge=merge, modify={"alters": [
        {"control-id": "a2", "adds": adds}]})  # fmt: skip
    result = resolved(made)
    assert read(json.loads(result.catalogue.data), schemas=SCHEMAS).body == result.catalogue.body


WORDS = st.sampled_from(
    ["a1", "a1.1", "a2", "a2_p", "a2_smt", "b1", "loose", "zz", "statement", "*"]
)
SELECTOR = st.fixed_dictionaries({}, optional={
    "with-ids": st.lists(WORDS, max_size=3),
    "matching": st.lists(st.fixed_dictionaries({"pattern": WORDS}), max_size=2),
    "with-child-controls": st.sampled_from(["yes", "no"]),
})  # fmt: skip
CHOICE = st.fixed_dictionaries({}, optional={
    "include-all": st.just({}),
    "include-controls": st.lists(SELECTOR, max_size=3),
    "exclude-controls": st.lists(SELECTOR, max_size=2),
})  # fmt: skip
HUNG = st.fixed_dictionaries({}, optional={
    "parts": st.just([NOTE]), "props": st.just([PRIORITY]), "title": st.just("T"), "by-id": WORDS,
    "position": st.sampled_from(["before", "after", "starting", "ending"]),
})  # fmt: skip
MERGE = st.sampled_from([{}, {"flat": {}}, {"as-is": True}, {"as-is": False}]) | CHOICE.map(
    lambda insert: {"custom": {"groups": [{"title": "G", "insert-controls": [insert]}]}}
)
ALTER = st.fixed_dictionaries({"control-id": WORDS}, optional={
    "adds": st.lists(HUNG, max_size=2),
    "removes": st.lists(st.dictionaries(
        st.sampled_from(["by-id", "by-name", "by-class", "by-ns"]), WORDS, max_size=2), max_size=2),
})  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(CHOICE, MERGE, st.lists(ALTER, max_size=3))
def test_any_profile_gives_a_catalogue_that_is_read_again(choice, merge, alters):
    source = read(catalog())
    made = profile({"href": "catalog.json", **choice}, merge=merge, modify={"alters": alters})
    before = json.dumps(source.body)
    result = resolve(read(made, "profile.json"), lambda wanted: source)
    assert read(json.loads(result.catalogue.data)).body == result.catalogue.body
    assert len(set(ids(result))) == len(ids(result))
    assert json.dumps(source.body) == before
