"""Tells a library's mapping sets as plain crosswalks, by the ids that people know the nodes by."""

from collections.abc import Callable, Mapping

from cyberposture.exchange.libraries.notes import ID, Notes, Plain
from cyberposture.exchange.libraries.tree import Part
from cyberposture.model.foreign import ForeignCrosswalk

FindIds = Callable[[str], Mapping[str, str]]
"""The ids of a framework's nodes by urn, in lower case both; empty where it is not at hand."""

_RELATIONS = {
    "equal": "equal",
    "subset": "subset",
    "superset": "superset",
    "intersect": "intersects",
    "intersects": "intersects",
}


def read_crosswalk(notes: Notes, mapping: Part, find_ids: FindIds) -> ForeignCrosswalk:
    """Return one mapping set as a crosswalk, with all the remarks that `notes` then holds."""
    ends = [notes.label(mapping, f"{end}_framework_urn").lower() for end in ("source", "target")]
    for end, urn in zip(("source", "target"), ends, strict=True):
        if not urn:
            notes.add(mapping.line, f"a mapping set without {end}_framework_urn")
    ids = [find_ids(urn) for urn in ends]
    rows = mapping.fields.get("requirement_mappings", Part(mapping.line)).values
    if not rows:
        notes.add(mapping.line, "a mapping set without mappings")
    edges = [edge for row in rows if (edge := _edge(notes, row, ids)) is not None]
    return ForeignCrosswalk.model_validate(
        {"source": ends[0], "target": ends[1], "edges": edges, "remarks": notes.remarks}
    )


def _edge(notes: Notes, row: Part, ids: list[Mapping[str, str]]) -> Plain | None:
    urns = [notes.label(row, f"{end}_requirement_urn").lower() for end in ("source", "target")]
    if not all(urns):
        notes.add(row.line, "a mapping without source or target is left out")
        return None
    for urn, known in zip(urns, ids, strict=True):
        if known and urn not in known:
            notes.add(row.line, f"there is no node {urn} in its framework")
    said = notes.label(row, "relationship")
    relation = _RELATIONS.get(said.lower(), said)
    if said.lower() not in _RELATIONS:
        notes.add(row.line, f"an unknown relation: {said[:99]}")
    source, target = (
        known.get(urn, urn.split(":")[-1])[-ID:] or urn[-ID:]
        for urn, known in zip(urns, ids, strict=True)
    )
    return {"source": source, "target": target, "relation": relation, "why": _why(notes, row)}


def _why(notes: Notes, row: Part) -> str:
    texts = [notes.prose(row, "rationale"), notes.prose(row, "annotation")]
    strength = notes.label(row, "strength_of_relationship") or notes.label(row, "strength")
    if strength:
        texts.append(f"strength {strength}")
    return "; ".join(text for text in texts if text)
