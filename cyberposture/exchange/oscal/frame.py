"""What plans, results and plans of action share: parties, the tool, resources, the stub of an SSP.

A document is about one institution and names no people.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cyberposture.clock import to_iso
from cyberposture.content.digests import digest
from cyberposture.exchange.oscal.prose import Plain, escape
from cyberposture.exchange.oscal.words import OSCAL_VERSION, metadata, own_prop, stable_uuid

TOOL = "cyberposture"
CERT = "Central CERT"
VERSIONS = (OSCAL_VERSION, "1.1.3")
"""The versions of OSCAL that a document may name: readers of 1.1 refuse what names 1.2."""
ASSESSOR, OWNER = "assessor", "assessed-institution"


@dataclass(frozen=True)
class Frame:
    """About whom a document is, and under which catalogue."""

    institution: str
    name: str
    catalogue: str
    version: str
    rules: str
    """The digest of the catalogue's rules."""
    program: str
    oscal_version: str = OSCAL_VERSION
    """The version of OSCAL that the document says it is in; it is valid in all of `VERSIONS`."""

    @property
    def owner(self) -> str:
        """The uuid of the institution as a party."""
        return stable_uuid("institution", self.institution)

    @property
    def assessor(self) -> str:
        """The uuid of the central CERT as a party."""
        return stable_uuid("assessor", self.catalogue)

    @property
    def platform(self) -> str:
        """The uuid of this program as what assesses."""
        return stable_uuid("platform", TOOL)

    @property
    def plan_of_security(self) -> str:
        """The uuid of the resource that stands where a system security plan is asked for."""
        return stable_uuid("system-security-plan", self.institution)

    def origin(self, actor: str) -> list[Plain]:
        """Return the origins of what one actor said: `owner`, `assessor` or `platform`."""
        kind = "assessment-platform" if actor == "platform" else "party"
        return [{"actors": [{"type": kind, "actor-uuid": getattr(self, actor)}]}]

    def heading(self, title: str, modified: datetime, kind: str) -> Plain:
        """Return the metadata of a document of this `kind`, last changed at `modified`."""
        made = metadata(title, self.version, to_iso(modified), kind=kind)
        named = [
            own_prop("institution", self.institution),
            own_prop("catalogue-rules", self.rules, class_="sha256"),
        ]
        return {
            **made,
            "oscal-version": self.oscal_version,
            "props": [*made["props"], *named],
            "roles": [
                {"id": ASSESSOR, "title": "Who assesses"},
                {"id": OWNER, "title": "Whose systems are assessed"},
            ],
            "parties": [
                {"uuid": self.owner, "type": "organization", "name": line(self.name),
                 "short-name": self.institution},
                {"uuid": self.assessor, "type": "organization", "name": CERT},
            ],
            "responsible-parties": [
                {"role-id": ASSESSOR, "party-uuids": [self.assessor]},
                {"role-id": OWNER, "party-uuids": [self.owner]},
            ],
        }  # fmt: skip

    def assets(self) -> Plain:
        """Return the assessment assets: this program."""
        return {
            "assessment-platforms": [
                {"uuid": self.platform, "title": escape(line(self.program) or TOOL)}
            ]
        }

    def security_plan(self) -> Plain:
        """Return the resource that says that there is no system security plan."""
        return {
            "uuid": self.plan_of_security,
            "title": "There is no system security plan",
            "description": "OSCAL asks for a reference to a system security plan. The register "
            "keeps none: what the institution declared of its systems, and what it is asked, "
            "stand there in its place.",
            "props": [own_prop("resource", "stub")],
        }

    def import_security_plan(self) -> Plain:
        """Return the reference to that resource."""
        return {
            "href": f"#{self.plan_of_security}",
            "remarks": "A stub: no system security plan is kept for this institution.",
        }


def select(controls: Sequence[str]) -> Plain:
    """Return the controls that are reviewed; without any, OSCAL has no word but all."""
    if not controls:
        return {"control-selections": [{"include-all": {}}]}
    chosen = [{"control-id": control} for control in controls]
    return {"control-selections": [{"include-controls": chosen}]}


def sealed(kind: str, body: Plain) -> Plain:
    """Return the whole document: its uuid follows from its content, its date aside."""
    heading = {k: v for k, v in body["metadata"].items() if k != "last-modified"}
    uuid = stable_uuid(kind, digest({**body, "metadata": heading}))
    return {kind: {"uuid": uuid, **body}}


def line(text: str) -> str:
    """Return a text as one line."""
    return " ".join(text.split()) or "-"


def prose(text: str) -> str:
    """Return a text as Markdown; where there is none, a dash, which every reader takes."""
    return escape(text) or "-"
