"""Reads OSCAL mapping collections into plain crosswalks: what stands beside what, and how.

Relations that we have no word for are kept as they are and remarked on.
"""

from pydantic import Field

from cyberposture.exchange.oscal.mapping_out import RELATIONS
from cyberposture.exchange.oscal.prose import Plain, unescape
from cyberposture.exchange.oscal.read import OSCALDocument
from cyberposture.exchange.oscal.words import find_own
from cyberposture.model.foreign import Remark
from cyberposture.model.foundation import Model

_OURS = {theirs: ours for ours, theirs in RELATIONS.items()} | {"equal-to": "equal"}


class Edge(Model):
    """One control beside another; `relation` is seen from the source."""

    source: str
    target: str
    relation: str
    why: str = ""


class Crosswalk(Model):
    """All edges from one catalogue to another, each named as the document names it."""

    source: str
    target: str
    title: str = ""
    """What the document calls the target, where it says so."""
    framework: str | None = None
    """Our own id of the target, in an export of ours."""
    edges: tuple[Edge, ...] = ()
    remarks: tuple[Remark, ...] = Field(default=())


def read_crosswalks(document: OSCALDocument) -> tuple[Crosswalk, ...]:
    """Return one crosswalk a mapping of the collection, in the order of the document."""
    titles = {
        f"#{resource['uuid']}": unescape(resource.get("title", ""))
        for resource in document.body.get("back-matter", {}).get("resources", ())
    }
    given = document.body["mappings"]
    mappings = given if isinstance(given, list) else [given]
    return tuple(
        _crosswalk(document, mapping, number, titles) for number, mapping in enumerate(mappings)
    )


def _crosswalk(
    document: OSCALDocument, mapping: Plain, number: int, titles: dict[str, str]
) -> Crosswalk:
    edges: list[Edge] = []
    remarks: list[Remark] = []
    for position, entry in enumerate(mapping["maps"]):
        relation = entry["relationship"]
        if relation not in _OURS:
            where = document.where("mappings", number, "maps", position, "relationship")
            remarks.append(
                Remark(where=where[:1000], what=f"an unknown relation: {relation}"[:1000])
            )
        why = unescape(entry.get("remarks", ""))
        edges.extend(
            Edge(
                source=source["id-ref"],
                target=target["id-ref"],
                relation=_OURS.get(relation, relation),
                why=why,
            )
            for source in entry["sources"]
            for target in entry["targets"]
        )
    target = mapping["target-resource"]["href"]
    return Crosswalk(
        source=mapping["source-resource"]["href"],
        target=target,
        title=titles.get(target, ""),
        framework=find_own(mapping, "framework"),
        edges=tuple(edges),
        remarks=tuple(remarks),
    )
