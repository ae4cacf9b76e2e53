"""Reading OSCAL documents: faults have a place, and nothing ends in a trace."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oscal_samples import METADATA, SCHEMAS, UUID, catalog, control, needs_schemas, profile, read

from cyberposture.errors import InvalidInput
from cyberposture.exchange.foreign import read_foreign
from cyberposture.exchange.oscal.read import MAX_BYTES, read_document


def changed(path: list[str | int], value: object) -> bytes:
    """Return the sample catalogue with one value replaced, or taken away where it is None."""
    document = catalog()
    holder = document["catalog"]
    for step in path[:-1]:
        holder = holder[step]
    if value is None:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return json.dumps(document).encode()


FIRST = ["groups", 0, "controls", 0]
SHOWN = "$.catalog.groups[0].controls[0]"
FAULTS = {
    "a missing title": (changed([*FIRST, "title"], None), f"{SHOWN}: lacks 'title'"),
    "no metadata": (changed(["metadata"], None), "$.catalog: lacks 'metadata'"),
    "an id that is a number": (changed([*FIRST, "id"], 5), f"{SHOWN}.id: must be text"),
    "an id with a space": (changed([*FIRST, "id"], "a 1"), f"{SHOWN}.id: must be an id without"),
    "an empty id": (changed([*FIRST, "id"], ""), f"{SHOWN}.id: must"),
    "groups that are no list": (changed(["groups"], {}), "$.catalog.groups: must be a list"),
    "a group that is text": (changed(["groups", 1], "x"), "$.catalog.groups[1]: must be an object"),
    "a uuid that is none": (changed(["uuid"], "x"), "$.catalog.uuid: must be a UUID"),
    "a moment without a zone": (
        changed(["metadata", "last-modified"], "2026-01-01T00:00:00"),
        "$.catalog.metadata['last-modified']: must be a moment with its zone",
    ),
    "prose that is a list": (
        changed([*FIRST, "parts", 0, "prose"], ["x"]), f"{SHOWN}.parts[0].prose: must be text"
    ),
    "a link without an end": (changed([*FIRST, "links"], [{}]), f"{SHOWN}.links[0]: lacks 'href'"),
    "a number beyond all": (
        changed([*FIRST, "id"], 10**400), f"{SHOWN}.id: must be text"
    ),
    "one id twice": (
        changed([*FIRST, "controls", 1], control("a2")),
        "$.catalog.groups[0].controls[1].id: a2 stands at",
    ),
    "another document": (b'{"component-definition": {}}', "$: one key is expected"),
    "two documents in one": (b'{"catalog": {}, "profile": {}}', "$: one key is expected"),
    "a list": (b' {"catalog": []}', "$.catalog: must be an object"),
    "not a number": (b'{"catalog": NaN}', ":1:13: no JSON"),
    "infinity": (b'{"catalog": -Infinity}', ":1:14: no JSON"),
    "a cut file": (b'{"catalog": {"uuid": "', ":1:22: no JSON"),
    "two values": (b'{"catalog": {}} {}', ":1:17: no JSON"),
    "half a surrogate": (b'{"catalog": "\\ud800"}', ":1:20: no JSON"),
    "a lone byte": (b'{"catalog":\n "\xff"}', ":2: not UTF-8 text"),
    "two bytes a letter": ('{"catalog": 1}'.encode("utf-16"), ":1: not UTF-8 text"),
    "XML": (b"<catalog/>", "this is XML; the JSON form of OSCAL is read"),
    "nothing": (b"", "neither an OSCAL document"),
    "too deep": (b'{"catalog":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "recursion limit"),
    "deep objects": (b'{"catalog":' * 5_000 + b"1" + b"}" * 5_000, "recursion limit"),
    "a number of many digits": (b'{"catalog":' + b"1" * 100_000 + b"}", "out of range"),
    "too large": (b'{"catalog": "' + b"x" * MAX_BYTES + b'"}', f"larger than {MAX_BYTES} bytes"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_document_is_refused_with_its_place(fault):
    data, told = FAULTS[fault]
    with pytest.raises(InvalidInput) as refused:
        read_foreign("f.json", data)
    assert str(refused.value).startswith("f.json")
    assert told in str(refused.value)
    assert len(str(refused.value)) < 1_000


def test_every_fault_is_told_up_to_fifty():
    document = catalog(groups=[{"title": "x", "controls": [{"id": "a b"}] * 99}])
    with pytest.raises(InvalidInput) as refused:
        read(document)
    assert len(refused.value.faults) == 51
    assert str(refused.value.faults[-1]) == "catalog.json: and more that are not shown"


def test_a_byte_order_mark_is_no_fault():
    data = b"\xef\xbb\xbf" + json.dumps(catalog()).encode()
    assert len(read_foreign("x.json", data).controls) == 5


def test_a_mapping_is_no_catalogue():
    mapping = {"uuid": UUID.format(1), "metadata": METADATA, "mappings": []}
    with pytest.raises(InvalidInput, match="holds no catalogue"):
        read_foreign("m.json", json.dumps({"mapping-collection": mapping}).encode())


@needs_schemas
def test_the_official_schema_finds_what_we_pass_over():
    document = catalog(surprise=1)
    document["catalog"]["groups"][0]["controls"][0]["id"] = "1st"
    assert len(read_foreign("x.json", json.dumps(document).encode()).controls) == 5
    with pytest.raises(InvalidInput) as refused:
        read(document, schemas=SCHEMAS)
    places = [str(fault) for fault in refused.value.faults]
    assert any("controls[0].id" in place for place in places)
    assert any("unknown here: 'surprise'" in place for place in places)


@needs_schemas
def test_a_key_that_stands_twice_is_refused_where_it_is_checked_strictly():
    data = json.dumps(catalog()).replace('"version": "1"', '"version": "1", "version": "2"')
    with pytest.raises(InvalidInput, match="stand twice in one object: 'version'"):
        read_document("x.json", data.encode(), schemas=SCHEMAS)


def test_a_folder_without_schemas_is_told(tmp_path):
    with pytest.raises(InvalidInput, match=r"oscal_catalog_schema\.json"):
        read(catalog(), schemas=tmp_path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["id", "title", "parts", "controls", "groups", "params", "props", "links", "prose",
                 "name", "value", "href", "imports", "select", "values", "choice", "with-ids",
                 "merge", "custom", "modify", "alters", "adds", "back-matter", "resources"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(kind=st.sampled_from(["catalog", "profile"]), extra=JSON, key=st.sampled_from(
    ["groups", "controls", "params", "imports", "merge", "modify", "back-matter", "metadata"]
))  # fmt: skip
def test_any_json_is_read_or_refused_and_never_ends_in_a_trace(kind, extra, key):
    whole = catalog() if kind == "catalog" else profile()
    whole[kind][key] = extra
    try:
        read_foreign("x.json", json.dumps(whole).encode())
    except InvalidInput as refused:
        assert all(fault.where.startswith("x.json") for fault in refused.faults)
