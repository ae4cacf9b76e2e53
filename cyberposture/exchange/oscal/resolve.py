"""Resolves a profile: the catalogue that is left after its imports, its structure, its changes.

Sources: NIST, OSCAL Profile Resolution Specification (draft), for what is selected and kept.
Where it leaves a choice: a control that was not selected and holds one that was stays as a shell;
the moment of the result is the profile's own, so that resolving twice gives the same bytes.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from cyberposture.errors import Fault, InvalidInput
from cyberposture.exchange.oscal.merge import Import, merge
from cyberposture.exchange.oscal.modify import modify
from cyberposture.exchange.oscal.prose import Plain
from cyberposture.exchange.oscal.read import OSCALDocument
from cyberposture.exchange.oscal.select import choose, standing_controls
from cyberposture.exchange.oscal.sources import Find, wanted_by
from cyberposture.exchange.oscal.words import encode, own_prop, stable_uuid

MAX_PROFILES = 20
"""How many profiles may import one another in a row."""

_OF_THE_PROFILE_ONLY = frozenset(
    {"canonical", "latest-version", "predecessor-version", "successor-version", "alternate"}
)
_FRAGMENT = re.compile(r"#([0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})")


@dataclass(frozen=True)
class Resolution:
    """The resulting catalogue, and what was asked for in vain: rows of `where` and `what`."""

    catalogue: OSCALDocument
    remarks: tuple[dict[str, str], ...]


def resolve(profile: OSCALDocument, find: Find) -> Resolution:
    """Return the catalogue that the profile stands for; `find` looks for what it imports.

    Raises:
        InvalidInput: an import is not at hand or is no catalogue or profile, the imports run in
            a circle (which is named), or one id stands for two controls.
    """
    remarks: list[dict[str, str]] = []
    catalogue = _Resolver(find, remarks).resolve(profile, ())
    return Resolution(catalogue, tuple(remarks))


class _Resolver:
    def __init__(self, find: Find, remarks: list[dict[str, str]]) -> None:
        self._find = find
        self._remarks = remarks
        self._resolved: dict[str, OSCALDocument] = {}

    def resolve(self, profile: OSCALDocument, above: tuple[OSCALDocument, ...]) -> OSCALDocument:
        chain = (*above, profile)
        say = self._sayer(profile)
        sources: dict[str, OSCALDocument] = {}
        chosen: dict[str, set[str]] = {}
        for number, directive in enumerate(profile.body["imports"]):
            source = self._source(profile, number, chain)
            sources[source.digest] = source
            standing = list(standing_controls(source.body))
            picked = choose(standing, directive, ("imports", number), say)
            chosen.setdefault(source.digest, set()).update(picked)
        imports = [Import(sources[digest].body, ids) for digest, ids in chosen.items()]
        body = merge(imports, profile.body.get("merge", {}), profile.where("merge"), say)
        modify(body, profile.body.get("modify", {}), say)
        return self._document(profile, list(sources.values()), body)

    def _sayer(self, profile: OSCALDocument) -> Callable[[tuple[str | int, ...], str], None]:
        def say(path: tuple[str | int, ...], what: str) -> None:
            self._remarks.append({"where": profile.where(*path)[:1000], "what": what[:1000]})

        return say

    def _source(
        self, profile: OSCALDocument, number: int, chain: tuple[OSCALDocument, ...]
    ) -> OSCALDocument:
        """Return the catalogue behind an import; a profile there is resolved first."""
        where = profile.where("imports", number, "href")
        href = profile.body["imports"][number]["href"]
        wanted = wanted_by(profile, href)
        source = self._find(wanted)
        if source is None:
            known_as = ", ".join([f"{wanted.title!r}", *wanted.addresses]) if wanted.title else href
            raise InvalidInput(
                Fault(where, f"not at hand: {known_as[:300]}; no address is ever fetched"),
                advice="import that catalogue first, or name its file with --source",
            )
        if source.kind == "catalog":
            return source
        if source.kind != "profile":
            raise InvalidInput(Fault(where, f"{source.name} is no catalogue and no profile"))
        digests = [document.digest for document in chain]
        if source.digest in digests:
            circle = [*chain[digests.index(source.digest) :], source]
            names = " → ".join(f"{document.name} ({document.title})" for document in circle)
            raise InvalidInput(Fault(where, f"imports in a circle: {names}"))
        if len(chain) == MAX_PROFILES:
            raise InvalidInput(Fault(where, f"more than {MAX_PROFILES} profiles in a row"))
        if source.digest not in self._resolved:
            self._resolved[source.digest] = self.resolve(source, chain)
        return self._resolved[source.digest]

    def _document(
        self, profile: OSCALDocument, sources: list[OSCALDocument], body: Plain
    ) -> OSCALDocument:
        digests = sorted(source.digest for source in sources)
        made: Plain = {
            "uuid": stable_uuid("resolved", profile.digest, *digests),
            "metadata": _metadata(profile),
            **{key: body[key] for key in ("params", "controls", "groups") if key in body},
        }
        resources = _resources([*sources, profile], made)
        if resources:
            made["back-matter"] = {"resources": resources}
        return OSCALDocument(profile.name, "catalog", made, encode({"catalog": made}))


def _metadata(profile: OSCALDocument) -> Plain:
    """Return the profile's metadata without what speaks of the profile as a document."""
    given = profile.body["metadata"]
    links = [link for link in given.get("links", ()) if link.get("rel") not in _OF_THE_PROFILE_ONLY]
    source = {"href": f"urn:uuid:{profile.body['uuid'].lower()}", "rel": "source-profile"}
    made = {key: value for key, value in given.items() if key not in ("published", "links")}
    made["props"] = [
        {"name": "resolution-tool", "value": "cyberposture"},
        own_prop("export", "resolved-profile"),
        *given.get("props", ()),
    ]
    made["links"] = [source, *links]
    return made


def _resources(documents: list[OSCALDocument], made: Plain) -> list[Plain]:
    """Return the resources that the result refers to or that ask to be kept, the last of each id
    where its first stood.
    """
    found: dict[str, Plain] = {}
    for document in documents:
        for resource in document.body.get("back-matter", {}).get("resources", ()):
            identity = resource["uuid"].lower()
            if identity not in found or not _is_kept(found[identity]) or _is_kept(resource):
                found[identity] = resource
    if not found:
        return []
    named = {identity.lower() for identity in _FRAGMENT.findall(encode(made).decode())}
    return [
        resource for identity, resource in found.items() if identity in named or _is_kept(resource)
    ]


def _is_kept(resource: Plain) -> bool:
    return any(
        prop["name"] == "keep" and prop["value"] == "always" for prop in resource.get("props", ())
    )
