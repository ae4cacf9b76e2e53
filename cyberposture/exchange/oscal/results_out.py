"""Writes a score as OSCAL assessment results, the same bytes for the same score.

What was declared is an observation by interview, or by examination where files stand behind it or a
reviewer looked; what a check showed is an observation by test that expires. Each control has one
finding. OSCAL knows satisfied and not satisfied only: finer states travel in the implementation
status, and in properties of ours; the score's document and result go along whole, so that anybody
can compute the numbers again.
"""

import base64
from collections import defaultdict
from collections.abc import Mapping
from ipaddress import ip_address

from cyberposture.content.digests import canonical
from cyberposture.exchange.oscal import results_in as back
from cyberposture.exchange.oscal.assessed import AssessedScore, Reviewed, Said, Seen
from cyberposture.exchange.oscal.control_out import add_records
from cyberposture.exchange.oscal.fields import tell
from cyberposture.exchange.oscal.frame import Frame, line, prose, sealed, select
from cyberposture.exchange.oscal.prose import Plain, escape
from cyberposture.exchange.oscal.words import OSCAL_VERSION, own_prop, stable_uuid
from cyberposture.model.scores import ControlScore

KIND = "assessment-results"
_STATUS = {"whole": "implemented", "partial": "partial", "not-applicable": "not-applicable"}
_SAYS = {
    "whole": "What was verified reaches what level 2, in place everywhere, is worth.",
    "partial": "It is verified in part.",
    "absent": "Nothing of it is verified.",
    "unknown": "Nothing is known of it: silence is never a pass.",
    "contradicted": "The network speaks against what was declared.",
    "not-applicable": "It does not apply to the institution.",
}


def standing_of(control: ControlScore, whole: int) -> str:
    """Return where a control stands; `whole` are the points that level 2 is worth."""
    if not control.applicable:
        return "not-applicable"
    if control.contradiction:
        return "contradicted"
    if control.verified is None:
        return "unknown"
    if control.verified >= whole:
        return "whole"
    return "partial" if control.verified else "absent"


def results_document(
    score: AssessedScore, titles: Mapping[str, str], oscal_version: str = OSCAL_VERSION
) -> Plain:
    """Return the document; `titles` are those of the controls, by id."""
    return _Writer(score, titles, oscal_version).document()


class _Writer:
    def __init__(self, score: AssessedScore, titles: Mapping[str, str], oscal_version: str) -> None:
        self.score, self.titles = score, titles
        heading, editions = score.heading, score.editions
        self.frame = Frame(
            heading.institution, heading.name, editions.catalogue, editions.version,
            editions.rules, heading.program, oscal_version,
        )  # fmt: skip
        self.related: dict[str, list[str]] = defaultdict(list)
        """The observations that speak to each control."""

    def uuid(self, *parts: object) -> str:
        """Return a uuid that follows from the score's round and what it is for."""
        heading = self.score.heading
        moment = "" if heading.round else heading.as_of.isoformat()
        named = (heading.institution, heading.round or "", moment)
        return stable_uuid(KIND, *named, *map(str, parts))

    def document(self) -> Plain:
        heading = self.score.heading
        about = heading.title or "live score"
        body: Plain = {
            "metadata": self.frame.heading(
                f"Assessment results of {heading.name}: {about}", heading.kept_at, KIND
            ),
            "import-ap": {"href": f"#{self.uuid('plan')}"},
            "results": [self.result()],
            "back-matter": {"resources": [self.plan(), *self.computed()]},
        }
        return sealed(KIND, body)

    def result(self) -> Plain:
        score, heading = self.score, self.score.heading
        observations = [
            *(self.said(n, one) for n, one in enumerate(score.answers)),
            *(self.reviewed(n, one) for n, one in enumerate(score.reviews)),
            *(self.seen(n, one) for n, one in enumerate(score.seen)),
        ]
        places = sorted({one.address for one in score.seen})
        local: Plain = {"assessment-assets": self.frame.assets()}
        if places:
            local["inventory-items"] = [self.place(address) for address in places]
        made: Plain = {
            "uuid": self.uuid("result"),
            "title": escape(line(heading.title or "Live score")),
            "description": "Declared and verified points of one institution, in basis points: "
            "10000 is full. A score is read with its coverage.",
            "start": back.moment_text(heading.started),
            "end": back.moment_text(heading.as_of),
            "links": [
                {"href": f"#{self.uuid('resource', name)}", "rel": "reference"}
                for name in (back.DOCUMENT, back.RESULT)
            ],
            "local-definitions": local,
            "reviewed-controls": select([one.id for one in score.result.controls]),
            **({"observations": observations} if observations else {}),
            "findings": [self.finding(one) for one in score.result.controls],
        }
        if not made["findings"]:
            del made["findings"]
        tell(made, heading, {}, names=back.HEADING)
        tell(made, score.editions, {}, names=back.EDITIONS)
        whole = score.result.institution
        made["props"] += [
            own_prop(name, control)
            for field, name in back.LISTS.items()
            for control in getattr(whole, field)
        ]
        tell(made, whole, back.lists_of(made), names=back.SCORES)
        for number, domain in enumerate(score.result.domains, start=1):
            made["props"] += [
                own_prop(f"domain-{name}".replace("_", "-"), value, group=f"domain-{number}")
                for name, value in domain.model_dump().items()
                if value is not None
            ]
        add_records(made, back.Domains(domains=score.result.domains), back.domains_of(made))
        return made

    def said(self, number: int, one: Said) -> Plain:
        methods = ["EXAMINE"] if one.evidence else ["INTERVIEW"]
        made = self.observation("said", number, one.control, methods, "owner")
        made["title"] = f"Declared of {one.control}"
        made["description"] = prose(one.reason)
        made["collected"] = back.moment_text(one.at)
        if one.evidence:
            made["relevant-evidence"] = [
                {
                    "description": prose(piece.title),
                    "props": [
                        own_prop("sha256", piece.sha256),
                        own_prop("size-bytes", piece.size_bytes),
                        own_prop("dated", piece.dated.isoformat()),
                        *(
                            [own_prop("expires", piece.expires.isoformat())]
                            if piece.expires
                            else []
                        ),
                    ],
                }
                for piece in one.evidence
            ]
        tell(made, one, back.said_fields(made), names=back.SAID)
        self.related[one.control].append(made["uuid"])
        return made

    def reviewed(self, number: int, one: Reviewed) -> Plain:
        made = self.observation("reviewed", number, one.control, ["EXAMINE"], "assessor")
        made["title"] = f"Reviewed of {one.control}"
        made["description"] = prose(one.reason)
        made["collected"] = back.moment_text(one.at)
        tell(made, one, back.reviewed_fields(made), names=back.REVIEWED)
        self.related[one.control].append(made["uuid"])
        return made

    def seen(self, number: int, one: Seen) -> Plain:
        named = f"{one.check}|{one.address}|{one.protocol}|{one.port}|{one.subkey}|{one.vantage}"
        made = self.observation("seen", number, named, ["TEST"], "platform")
        made["title"] = escape(line(f"{one.check} at {one.address}"))
        made["description"] = prose(one.says)
        made["subjects"] = [
            {"subject-uuid": self.uuid("place", one.address), "type": "inventory-item"}
        ]
        made["collected"] = back.moment_text(one.at)
        made["expires"] = back.moment_text(one.expires)
        tell(made, one, back.seen_fields(made), names=back.SEEN)
        for row in self.score.document.verdicts:
            if row.check == one.check:
                self.related[row.control].append(made["uuid"])
        return made

    def observation(
        self, kind: str, number: int, named: str, methods: list[str], actor: str
    ) -> Plain:
        return {
            "uuid": self.uuid(kind, named, number),
            "title": "",
            "description": "",
            "props": [own_prop("observation", kind)],
            "methods": methods,
            "types": ["control-objective"],
            "origins": self.frame.origin(actor),
        }

    def finding(self, one: ControlScore) -> Plain:
        standing = standing_of(one, self.score.document.parameters.values[2])
        satisfied = standing in ("whole", "not-applicable")
        reason = {"whole": "pass", "not-applicable": "other", "unknown": "other"}
        target: Plain = {
            "type": "statement-id",
            "target-id": f"{one.id}_smt",
            "status": {
                "state": "satisfied" if satisfied else "not-satisfied",
                "reason": reason.get(standing, "fail"),
                "remarks": _SAYS[standing],
            },
        }
        if standing in _STATUS:
            target["implementation-status"] = {"state": _STATUS[standing]}
        made: Plain = {
            "uuid": self.uuid("finding", one.id),
            "title": escape(line(f"{one.id} {self.titles.get(one.id, '')}")),
            "description": _SAYS[standing],
            "props": [own_prop("standing", standing)],
            "origins": self.frame.origin("platform"),
            "target": target,
        }
        observations = list(dict.fromkeys(self.related[one.id]))
        if observations:
            made["related-observations"] = [{"observation-uuid": uuid} for uuid in observations]
        tell(made, one, {}, names=back.CONTROL)
        return made

    def place(self, address: str) -> Plain:
        try:
            kind = f"ipv{ip_address(address).version}-address"
        except ValueError:
            kind = "fqdn"
        told = line(address)
        return {
            "uuid": self.uuid("place", address),
            "description": prose(address),
            "props": [{"name": kind, "value": told}],
        }

    def plan(self) -> Plain:
        heading = self.score.heading
        told = (
            f"The assessment plan of the round {heading.round}; `cyberposture export oscal "
            "--kind plan` writes it."
            if heading.round
            else "There is no plan: this is the standing of one moment, outside a round."
        )
        return {
            "uuid": self.uuid("plan"),
            "title": "Assessment plan" if heading.round else "There is no assessment plan",
            "description": escape(told),
            "props": [own_prop("resource", "stub")],
        }

    def computed(self) -> list[Plain]:
        """Return the resources that hold what went into the arithmetic and what came out."""
        given = (
            (back.DOCUMENT, "What the score is computed from", self.score.document),
            (back.RESULT, "What the arithmetic gives", self.score.result),
        )
        return [
            {
                "uuid": self.uuid("resource", name),
                "title": title,
                "props": [own_prop("resource", name)],
                "base64": {
                    "filename": f"{name}.json",
                    "media-type": "application/json",
                    "value": base64.b64encode(canonical(model)).decode(),
                },
            }
            for name, title, model in given
        ]
