"""Reads a library of CISO Assistant: the catalogue in it, and its mapping sets as crosswalks.

A library may hold frameworks, reference controls, threats, risk matrices, metrics and mapping
sets; what is no demand and no mapping is not read. Texts stay in the library's own language.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from cyberposture.errors import Fault, InvalidInput
from cyberposture.exchange.libraries.catalogue_in import Teller
from cyberposture.exchange.libraries.mappings_in import FindIds, read_crosswalk
from cyberposture.exchange.libraries.notes import Notes
from cyberposture.exchange.libraries.tree import Part, read_tree
from cyberposture.model.foreign import ForeignCatalogue, ForeignCrosswalk

_FRAMEWORKS = ("framework", "frameworks")
_MEASURES = ("reference_controls", "reference_control")
_MAPPINGS = ("requirement_mapping_set", "requirement_mapping_sets")


@dataclass(frozen=True)
class Library:
    """What one file holds that we can use: a catalogue, crosswalks, or both."""

    version: str
    catalogue: ForeignCatalogue | None
    crosswalks: tuple[ForeignCrosswalk, ...]
    ids: Mapping[str, Mapping[str, str]]
    """The ids of the nodes of each framework by urn, in lower case as the frameworks' urns are."""


def nothing_known(framework: str) -> Mapping[str, str]:
    """Return nothing: no framework is at hand but those of the file itself."""
    return {}


def read_library(name: str, data: bytes, find_ids: FindIds = nothing_known) -> Library:
    """Return what is in a library, with a remark at the line of whatever is not as it should be.

    `find_ids` tells the ids of a framework that the file maps and does not hold.

    Raises:
        InvalidInput: it is no YAML, no library, or one of neither demands nor mappings, with the
            line.
    """
    tree = read_tree(name, data)
    notes = Notes(name)
    for line, key in tree.repeated:
        notes.add(line, f"the key {key[:99]!r} stands here twice; the last one counts")
    objects = _objects(name, tree.root)
    frameworks, measures, mappings = (
        [part for key in keys for part in _several(objects, key)]
        for keys in (_FRAMEWORKS, _MEASURES, _MAPPINGS)
    )
    if not (frameworks or measures or mappings):
        held = ", ".join(key for key in objects.fields if key) or "nothing"
        what = f"there is no framework, measure or mapping in it; it holds {held[:200]}"
        raise InvalidInput(Fault(f"{name}:{objects.line}", what))
    catalogue: ForeignCatalogue | None = None
    ids: dict[str, dict[str, str]] = {}
    if frameworks or not mappings:
        teller = Teller(notes)
        head = frameworks[0] if len(frameworks) == 1 else tree.root
        for framework in frameworks:
            above = () if framework is head else (notes.label(framework, "name"),)
            teller.tell_framework(framework, above)
        if not frameworks:
            teller.tell_reference_controls(measures)
        catalogue = _catalogue(notes, tree.root, head, teller, hashlib.sha256(data).hexdigest())
        ids = {notes.label(part, "urn").lower(): teller.ids for part in frameworks}
    crosswalks = tuple(
        # What concerns the file as a whole is said once: with its catalogue, else its first set.
        read_crosswalk(
            Notes(name) if catalogue or place else notes,
            part,
            lambda urn: ids.get(urn) or find_ids(urn),
        )
        for place, part in enumerate(mappings)
    )
    version = notes.label(tree.root, "version") or "?"
    return Library(version, catalogue, crosswalks, ids)


def _objects(name: str, root: Part) -> Part:
    objects = root.fields.get("objects")
    if objects is None or not objects.fields:
        line = root.line if objects is None else objects.line
        what = "neither an OSCAL document nor a library, which tells under objects what it holds"
        raise InvalidInput(Fault(f"{name}:{line}", what))
    return objects


def _several(objects: Part, key: str) -> list[Part]:
    """Return the mappings under a key, where one stands alone or several in a list."""
    part = objects.fields.get(key)
    return [] if part is None else [item for item in part.values if item.fields]


def _catalogue(
    notes: Notes, root: Part, head: Part, teller: Teller, digest: str
) -> ForeignCatalogue:
    """Return the catalogue; its id is the framework's urn, by which mapping sets call it."""
    title = notes.label(root, "name") or notes.label(head, "name")
    if not title:
        notes.add(root.line, "a library without a name")
    if not notes.label(root, "version"):
        notes.add(root.line, "a library without a version")
    if not teller.controls:
        notes.add(head.line, "holds no control")
    return ForeignCatalogue.model_validate(
        {
            "id": notes.label(head, "urn").lower() or notes.label(root, "ref_id") or title,
            "title": title,
            "version": notes.label(root, "version") or "?",
            "format": "library",
            "digest": digest,
            "controls": teller.controls,
            "groups": teller.groups,
            "remarks": notes.remarks,
        }
    )
