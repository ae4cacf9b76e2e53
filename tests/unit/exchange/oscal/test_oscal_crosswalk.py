"""The crosswalk as an OSCAL mapping: out and in again, and mappings that others wrote."""

import json

import pytest
from oscal_samples import CHECKOUT, METADATA, SCHEMAS, UUID, needs_schemas, read

from cyberposture.content.loader import load_catalogue
from cyberposture.errors import InvalidInput
from cyberposture.exchange.oscal.mapping_in import read_crosswalks
from cyberposture.exchange.oscal.mapping_out import mapping_document
from cyberposture.model.controls import Catalogue, Crossing, Neighbour

MOMENT = "2026-11-22T00:00:00Z"
RELATIONS = ("equal", "subset", "superset", "intersects")


def set_beside(*crossings: Crossing) -> Catalogue:
    """Return the shipped catalogue with these crossings on its first control, and no others."""
    shipped = load_catalogue(CHECKOUT / "controls")
    controls = [control.model_copy(update={"maps_to": ()}) for control in shipped.controls]
    controls[0] = controls[0].model_copy(update={"maps_to": crossings})
    neighbours = (
        Neighbour(
            id="harbour-rules", title="Rules of the harbour", edition="3", issuer="Harbour office",
            status="U", ids=".*", size=7, note="Read on the quay.",
        ),
        Neighbour(
            id="unused", title="Unused", edition="1", issuer="Nobody", status="V", ids=".*",
            size=1, note="None.",
        ),
    )  # fmt: skip
    return shipped.model_copy(update={"controls": tuple(controls), "neighbours": neighbours})


def beside(relation: str, identity: str = "H-1", why: str = "Both *ask* for it.") -> Crossing:
    return Crossing(framework="harbour-rules", id=identity, relation=relation, why=why)


@pytest.mark.parametrize("relation", RELATIONS)
def test_a_crossing_comes_back_as_it_went(relation):
    catalogue = set_beside(beside(relation))
    (crosswalk,) = read_crosswalks(read(mapping_document(catalogue, modified=MOMENT)))
    assert crosswalk.framework == "harbour-rules"
    assert crosswalk.target == "Rules of the harbour, 3; Harbour office"
    (edge,) = crosswalk.edges
    assert (edge.source, edge.target, edge.relation, edge.why) == (
        catalogue.controls[0].id, "H-1", relation, "Both *ask* for it."
    )  # fmt: skip
    assert crosswalk.remarks == ()


def test_every_shipped_crossing_comes_back():
    shipped = load_catalogue(CHECKOUT / "controls")
    document = mapping_document(shipped, modified=MOMENT)
    found = {
        (edge.source, one.framework, edge.target, edge.relation, edge.why)
        for one in read_crosswalks(read(document))
        for edge in one.edges
    }
    assert found == {
        (control.id, crossing.framework, crossing.id, crossing.relation, crossing.why)
        for control in shipped.controls
        for crossing in control.maps_to
    }


def test_what_is_unverified_is_a_draft_and_what_is_not_mapped_is_listed():
    catalogue = set_beside(beside("equal"))
    (mapping,) = mapping_document(catalogue, modified=MOMENT)["mapping-collection"]["mappings"]
    assert mapping["status"] == "draft"
    (unmapped,) = mapping["source-gap-summary"]["unmapped-controls"]
    assert unmapped["with-ids"] == [control.id for control in catalogue.controls[1:]]


def test_without_any_crossing_there_is_no_mapping():
    assert mapping_document(set_beside(), modified=MOMENT) is None


@needs_schemas
def test_the_mapping_fits_the_official_schema():
    crossings = [beside(relation, f"H-{number}") for number, relation in enumerate(RELATIONS)]
    read(mapping_document(set_beside(*crossings), modified=MOMENT), schemas=SCHEMAS)


def mapping(*maps, **more):
    body = {
        "uuid": UUID.format(1),
        "metadata": METADATA,
        "provenance": {},
        "mappings": {
            "uuid": UUID.format(2),
            "source-resource": {"type": "catalog", "href": "a.json"},
            "target-resource": {"type": "catalog", "href": "b.json"},
            "maps": list(maps),
        },
    }
    return {"mapping-collection": body | more}


def mapped(relationship, sources, targets):
    def items(ids):
        return [{"type": "control", "id-ref": one} for one in ids]

    return {
        "uuid": UUID.format(3),
        "relationship": relationship,
        "sources": items(sources),
        "targets": items(targets),
    }


def test_one_mapping_alone_is_read_and_sets_are_taken_apart():
    (crosswalk,) = read_crosswalks(read(mapping(mapped("equal-to", ["x", "y"], ["1", "2"]))))
    assert [(e.source, e.target, e.relation) for e in crosswalk.edges] == [
        ("x", "1", "equal"),
        ("x", "2", "equal"),
        ("y", "1", "equal"),
        ("y", "2", "equal"),
    ]
    assert (crosswalk.source, crosswalk.target) == ("a.json", "b.json")


def test_an_unknown_relation_is_kept_with_a_remark():
    (crosswalk,) = read_crosswalks(read(mapping(mapped("cousin-of", ["x"], ["1"])), "m.json"))
    assert crosswalk.edges[0].relation == "cousin-of"
    assert crosswalk.remarks[0].what == "an unknown relation: cousin-of"
    assert "maps[0].relationship" in crosswalk.remarks[0].where


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"mappings": []}, None),
        ({"mappings": 5}, "$['mapping-collection'].mappings: must be an object"),
        ({"mappings": {"uuid": UUID.format(2)}}, "lacks 'source-resource'"),
        ({"mappings": [{}]}, "$['mapping-collection'].mappings[0]: lacks 'uuid'"),
    ],
)
def test_a_faulty_mapping_is_refused_with_its_place(change, told):
    document = json.loads(json.dumps(mapping(**change)))
    if told is None:
        assert read_crosswalks(read(document)) == ()
        return
    with pytest.raises(InvalidInput) as refused:
        read(document)
    assert told in str(refused.value)
