"""Reads OSCAL mapping collections into plain crosswalks: what stands beside what, and how.

Relations that we have no word for are kept as they are and remarked on.
"""

from cyberposture.exchange.oscal.mapping_out import RELATIONS
from cyberposture.exchange.oscal.prose import Plain, unescape
from cyberposture.exchange.oscal.read import OSCALDocument
from cyberposture.exchange.oscal.words import find_own
from cyberposture.model.foreign import Edge, ForeignCrosswalk, Remark

_OURS = {theirs: ours for ours, theirs in RELATIONS.items()} | {"equal-to": "equal"}


def read_crosswalks(document: OSCALDocument) -> tuple[ForeignCrosswalk, ...]:
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
) -> ForeignCrosswalk:
    edges: list[Plain] = []
    remarks: list[Remark] = []
    for position, entry in enumerate(mapping["maps"]):
        relation = entry["relationship"][:1000]
        if relation not in _OURS:
            where = document.where("mappings", number, "maps", position, "relationship")
            remarks.append(Remark(where=where[:1000], what=f"an unknown relation: {relation[:99]}"))
        edges.extend(
            {
                "source": source["id-ref"],
                "target": target["id-ref"],
                "relation": _OURS.get(relation, relation),
                "why": unescape(entry.get("remarks", ""))[:100_000],
            }
            for source in entry["sources"]
            for target in entry["targets"]
        )
    ends = [mapping[f"{end}-resource"]["href"] for end in ("source", "target")]
    source, target = (titles.get(href) or href for href in ends)
    return ForeignCrosswalk(
        source=source[:1000],
        target=target[:1000],
        framework=(find_own(mapping, "framework") or "")[:1000],
        edges=tuple(Edge.model_validate(edge) for edge in edges),
        remarks=tuple(remarks),
    )
