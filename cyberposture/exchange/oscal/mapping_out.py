"""Writes our crosswalk as an OSCAL mapping collection: one mapping a neighbouring framework."""

from collections.abc import Iterator

from cyberposture.exchange.oscal.catalogue_out import catalogue_uuid
from cyberposture.exchange.oscal.control_out import title_line
from cyberposture.exchange.oscal.profile_out import CATALOGUE_FILE
from cyberposture.exchange.oscal.prose import Plain, escape
from cyberposture.exchange.oscal.words import is_value, metadata, own_prop, stable_uuid
from cyberposture.model.controls import Catalogue, Crossing, Neighbour

RELATIONS = {
    "equal": "equivalent-to",
    "subset": "subset-of",
    "superset": "superset-of",
    "intersects": "intersects-with",
}
"""Our words for how far two controls ask the same, and those of OSCAL."""

_STATUS = {"V": "complete", "S": "not-complete", "U": "draft"}
"""What is unverified is a draft to everybody else, too."""


def mapping_document(catalogue: Catalogue, *, modified: str) -> Plain | None:
    """Return the document, or None where no control is set beside any other.

    `modified` is the moment, with its zone, of the edition's last change.
    """
    framework = catalogue.framework
    mappings: list[Plain] = []
    resources: list[Plain] = []
    for neighbour in catalogue.neighbours:
        maps = list(_maps(catalogue, neighbour))
        if maps:
            mappings.append(_mapping(catalogue, neighbour, maps))
            resources.append(_resource(neighbour))
    if not mappings:
        return None
    title = f"{framework.title}: crosswalk"
    return {
        "mapping-collection": {
            "uuid": stable_uuid("crosswalk", catalogue_uuid(catalogue)),
            "metadata": metadata(title, framework.version, modified, kind="crosswalk"),
            "provenance": {
                "method": "human",
                "matching-rationale": "semantic",
                "status": "not-complete",
                "mapping-description": (
                    "Each control is set beside those of other frameworks that ask for something "
                    "near it, with how far the two ask the same and why. A mapping whose status "
                    "is draft rests on numbers and titles alone."
                ),
            },
            "mappings": mappings,
            "back-matter": {"resources": resources},
        }
    }


def neighbour_uuid(neighbour: Neighbour) -> str:
    """Return the identifier of the resource that names a neighbouring framework."""
    return stable_uuid("neighbour", neighbour.id, neighbour.edition)


def _mapping(catalogue: Catalogue, neighbour: Neighbour, maps: list[Plain]) -> Plain:
    made: Plain = {
        "uuid": stable_uuid("mapping", catalogue_uuid(catalogue), neighbour.id),
        "status": _STATUS[neighbour.status],
        "source-resource": {"type": "catalog", "href": CATALOGUE_FILE},
        "target-resource": {"type": "catalog", "href": f"#{neighbour_uuid(neighbour)}"},
        "props": [own_prop("framework", neighbour.id)],
        "remarks": escape(neighbour.note),
        "maps": maps,
    }
    mapped = {item["id-ref"] for one in maps for item in one["sources"]}
    unmapped = [control.id for control in catalogue.controls if control.id not in mapped]
    if unmapped:
        made["source-gap-summary"] = {
            "uuid": stable_uuid("gap", catalogue_uuid(catalogue), neighbour.id),
            "unmapped-controls": [{"with-ids": unmapped}],
        }
    return made


def _maps(catalogue: Catalogue, neighbour: Neighbour) -> Iterator[Plain]:
    for control in catalogue.controls:
        for crossing in control.maps_to:
            if crossing.framework == neighbour.id and is_value(crossing.id):
                yield _map(control.id, crossing)


def _map(control_id: str, crossing: Crossing) -> Plain:
    return {
        "uuid": stable_uuid("map", control_id, crossing.framework, crossing.id, crossing.relation),
        "relationship": RELATIONS[crossing.relation],
        "sources": [{"type": "control", "id-ref": control_id}],
        "targets": [{"type": "control", "id-ref": crossing.id}],
        "remarks": escape(crossing.why),
    }


def _resource(neighbour: Neighbour) -> Plain:
    words = f"{neighbour.title}, {neighbour.edition}; {neighbour.issuer}"
    return {
        "uuid": neighbour_uuid(neighbour),
        "title": title_line(words),
        "props": [own_prop("framework", neighbour.id), own_prop("status", neighbour.status)],
    }
