"""Tells an OSCAL catalogue as a plain foreign catalogue, with a remark on whatever looks wrong.

It reads the catalogue's own controls only; a profile is resolved into a catalogue before.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from cyberposture.errors import Fault, InvalidInput
from cyberposture.exchange.oscal.memory import collector_paused
from cyberposture.exchange.oscal.prose import Plain, inserted, lines
from cyberposture.exchange.oscal.read import OSCALDocument
from cyberposture.model.foreign import ForeignCatalogue

_STATEMENTS = frozenset({"statement"})
_GUIDANCE = frozenset({"guidance", "supplemental-guidance", "discussion"})
_ASIDE = ("assessment-", "objective")
"""How the names of parts begin that tell an assessor what to look at: no part of the demand."""

_LABEL, _PROSE, _ID = 1_000, 1_000_000, 100
Path = tuple[str | int, ...]


@collector_paused()
def view_catalogue(
    document: OSCALDocument,
    *,
    profile: OSCALDocument | None = None,
    remarks: Sequence[Plain] = (),
) -> ForeignCatalogue:
    """Return the catalogue's controls and groups in their order; `remarks` come before its own.

    `profile` is what the catalogue was resolved from, if it was.

    Raises:
        InvalidInput: an id stands at two controls, with the JSON path of the second.
    """
    teller = _Teller(document)
    teller.tell()
    return ForeignCatalogue.model_validate(
        {
            **_heading(profile or document),
            "controls": teller.controls,
            "groups": teller.groups,
            "remarks": [*remarks, *teller.remarks],
        }
    )


def view_selection(profile: OSCALDocument, missing: Sequence[int]) -> ForeignCatalogue:
    """Return the ids that a profile selects one by one, where the imports with these numbers are
    not at hand; what it selects by a pattern stays unknown.
    """
    ids: dict[str, None] = {}
    for directive in profile.body["imports"]:
        for selector in directive.get("include-controls", ()):
            ids.update(dict.fromkeys(selector.get("with-ids", ())))
        for selector in directive.get("exclude-controls", ()):
            for identity in selector.get("with-ids", ()):
                ids.pop(identity, None)
    remarks = [
        {
            "where": profile.where("imports", number, "href"),
            "what": "what this imports is not at hand, and no address is ever fetched: only the "
            "ids that the profile selects are known",
        }
        for number in missing
    ]
    return ForeignCatalogue.model_validate(
        {**_heading(profile), "controls": [{"id": id_} for id_ in ids], "remarks": remarks}
    )


def _heading(document: OSCALDocument) -> Plain:
    metadata = document.body["metadata"]
    numbers = metadata.get("document-ids") or [{"identifier": metadata["title"]}]
    return {
        "id": numbers[0]["identifier"][:_LABEL],
        "title": metadata["title"][:_LABEL],
        "version": metadata["version"][:_LABEL],
        "format": "oscal-profile" if document.kind == "profile" else "oscal-catalog",
        "digest": document.digest,
    }


class _Teller:
    """Walks a catalogue once for its ids and parameters, and once for its controls."""

    def __init__(self, document: OSCALDocument) -> None:
        self.document = document
        self.controls: list[Plain] = []
        self.groups: list[Plain] = []
        self.remarks: list[Plain] = []
        self._params: dict[str, Plain] = {}
        self._known: set[str] = set()
        self._places: dict[str, Path] = {}
        self._dangling: Counter[str] = Counter()

    def tell(self) -> None:
        """Fill `controls`, `groups` and `remarks`."""
        body = self.document.body
        self._gather(body)
        for resource in body.get("back-matter", {}).get("resources", ()):
            self._known.add(resource["uuid"])
        for key in ("parties", "locations"):
            self._known.update(str(item.get("uuid")) for item in body["metadata"].get(key, ()))
        self._follow(body["metadata"], ("metadata",))
        self._descend(body, (), (), None)
        if not self.controls:
            self._remark((), "holds no control")
        for href, count in self._dangling.most_common(20):
            self._remark((), f"{count} links lead to {href}, which is not here")
        if len(self._dangling) > 20:
            self._remark((), f"links lead to {len(self._dangling) - 20} more ids that are not here")

    def _remark(self, path: Path, what: str) -> None:
        where = self.document.where(*path)
        self.remarks.append({"where": where[:_LABEL], "what": what[:_LABEL]})

    def _gather(self, holder: Plain) -> None:
        """Note every id that a link may lead to, and every parameter, wherever it stands."""
        if "id" in holder:
            self._known.add(holder["id"])
        for param in holder.get("params", ()):
            self._known.add(param["id"])
            self._params.setdefault(param["id"], param)
        for key in ("parts", "controls", "groups"):
            for inner in holder.get(key, ()):
                self._gather(inner)

    def _descend(self, holder: Plain, path: Path, above: tuple[str, ...], parent: Any) -> None:
        for number, control in enumerate(holder.get("controls", ())):
            here = (*path, "controls", number)
            self._control(control, here, above, parent)
            self._descend(control, here, above, control["id"])
        for number, group in enumerate(holder.get("groups", ())):
            here = (*path, "groups", number)
            title = self._cut(group["title"], _LABEL, here)
            self._follow(group, here)
            text = [line for part in group.get("parts", ()) for line in lines(part, self._params)]
            self.groups.append(
                {
                    "id": group.get("id"),
                    "title": title,
                    "path": above,
                    "text": self._cut("\n".join(text), _PROSE, here),
                }
            )
            self._descend(group, here, (*above, title), None)

    def _control(self, control: Plain, path: Path, above: tuple[str, ...], parent: Any) -> None:
        identity = control["id"]
        if identity in self._places:
            first = self.document.where(*self._places[identity])
            raise InvalidInput(
                Fault(self.document.where(*path, "id"), f"{identity} stands at {first} already")
            )
        self._places[identity] = path
        self._follow(control, path)
        statement, guidance = self._texts(control)
        for blank in inserted(statement + guidance):
            self._remark(path, f"no parameter {blank} to fill the text with")
        self.controls.append(
            {
                "id": identity,
                "title": self._cut(control["title"], _LABEL, path),
                "statement": self._cut(statement, _PROSE, path),
                "guidance": self._cut(guidance, _PROSE, path),
                "parent": parent,
                "path": above,
                "class_": self._cut(control.get("class", ""), _LABEL, path),
                "parameters": [self._parameter(p, path) for p in control.get("params", ())],
                "props": [self._prop(p, path) for p in control.get("props", ())],
            }
        )

    def _texts(self, control: Plain) -> tuple[str, str]:
        """Return statement and guidance; where no part is called statement, what is neither
        guidance nor for assessors is taken for it.
        """
        parts = control.get("parts", ())
        has_statement = any(part["name"] in _STATEMENTS for part in parts)
        found: dict[bool, list[str]] = {True: [], False: []}
        for part in parts:
            name = part["name"]
            is_guidance = name in _GUIDANCE
            if is_guidance or name in _STATEMENTS or not (has_statement or name.startswith(_ASIDE)):
                found[is_guidance].extend(lines(part, self._params))
        return "\n".join(found[False]), "\n".join(found[True])

    def _parameter(self, param: Plain, path: Path) -> Plain:
        def cut(texts: list[str]) -> list[str]:
            return [self._cut(text, _LABEL, path) for text in texts]

        return {
            "id": param["id"],
            "label": self._cut(param.get("label", ""), _LABEL, path),
            "values": cut(param.get("values", [])),
            "choices": cut(param.get("select", {}).get("choice", [])),
        }

    def _prop(self, prop: Plain, path: Path) -> Plain:
        return {
            "name": self._cut(prop["name"], _LABEL, path),
            "value": self._cut(prop["value"], _LABEL, path),
            "namespace": self._cut(prop.get("ns", ""), _LABEL, path),
        }

    def _cut(self, text: str, limit: int, path: Path) -> str:
        if len(text) <= limit:
            return text
        self._remark(path, f"a text of {len(text)} characters is shown up to {limit}")
        return text[:limit]

    def _follow(self, holder: Plain, path: Path) -> None:
        """Count the links that lead to nothing in the document; addresses are never followed."""
        for target in _fragments(holder):
            if target not in self._known:
                self._dangling[f"#{target}"[:_ID]] += 1


def _fragments(holder: Plain) -> Iterator[str]:
    for link in holder.get("links", ()):
        if link["href"].startswith("#"):
            yield link["href"][1:]
