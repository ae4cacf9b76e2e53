"""Writes what an institution still has to mend as an OSCAL plan of action and milestones.

A finding of the network is a risk with the deadline of its repair clock; a risk that was accepted
for a time is a deviation; an action of the improvement plan is a milestone. OSCAL demands at least
one item: where nothing is open there is no such plan.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from cyberposture.clock import to_iso
from cyberposture.errors import WrongState
from cyberposture.exchange.oscal.frame import Frame, line, prose, sealed
from cyberposture.exchange.oscal.prose import Plain, escape
from cyberposture.exchange.oscal.words import NAMESPACE, is_value, own_prop, stable_uuid
from cyberposture.model.findings import FindingState
from cyberposture.model.improvements import Progress

KIND = "plan-of-action-and-milestones"
_RISK: dict[FindingState, str] = {
    "open": "open",
    "disputed": "investigating",
    "accepted": "deviation-approved",
    "false-positive": "deviation-approved",
    "closed": "closed",
}
_PLANNED: dict[Progress, str] = {
    "open": "planned",
    "under-way": "planned",
    "done": "completed",
    "dropped": "recommendation",
}


@dataclass(frozen=True)
class Mark:
    """What people decided about a finding, for a time."""

    kind: Literal["accepted", "false-positive", "disputed"]
    reason: str
    at: datetime
    until: datetime | None


@dataclass(frozen=True)
class Weakness:
    """A finding that the network still shows."""

    code: str
    check: str
    title: str
    why: str
    remedy: str
    severity: str
    state: FindingState
    says: str
    address: str
    protocol: str
    port: int | None
    first_seen: datetime
    last_seen: datetime
    deadline: datetime | None
    """When it enters the score unless it is gone."""
    is_proposed: bool
    """Whether somebody put forward that it is none, and nobody decided yet."""
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class Measure:
    """An action of the improvement plan, as the institution wrote it."""

    code: str
    what: str
    controls: tuple[str, ...]
    findings: tuple[str, ...]
    keeper: str
    due: datetime
    budget: str
    progress: Progress
    note: str


@dataclass(frozen=True)
class ActionFacts:
    """Everything that a plan of action says."""

    frame: Frame
    round: str | None
    """The round of the improvement plan; None: there is none."""
    now: datetime
    weaknesses: tuple[Weakness, ...]
    measures: tuple[Measure, ...]


def poam_document(facts: ActionFacts) -> Plain:
    """Return the document.

    Raises:
        WrongState: nothing is open and nothing planned.
    """
    if not facts.weaknesses and not facts.measures:
        raise WrongState(
            f"nothing is open at {facts.frame.institution}: there is no plan of action to write",
            advice="cyberposture export oscal --kind results tells how it stands",
        )
    return sealed(KIND, _Writer(facts).body())


class _Writer:
    def __init__(self, facts: ActionFacts) -> None:
        self.facts, self.frame = facts, facts.frame

    def uuid(self, *parts: str) -> str:
        return stable_uuid(KIND, self.frame.institution, *parts)

    def body(self) -> Plain:
        facts, frame = self.facts, self.frame
        made: Plain = {
            "metadata": frame.heading(f"Plan of action of {frame.name}", facts.now, KIND),
            "import-ssp": frame.import_security_plan(),
            "local-definitions": {"assessment-assets": frame.assets()},
        }
        if facts.weaknesses:
            made["observations"] = [self.observation(one) for one in facts.weaknesses]
        made["risks"] = [
            *map(self.weak, facts.weaknesses),
            *map(self.gap, facts.measures),
        ]
        made["poam-items"] = [
            *map(self.item_of_weakness, facts.weaknesses),
            *map(self.item_of_measure, facts.measures),
        ]
        made["back-matter"] = {"resources": [frame.security_plan()]}
        return made

    def observation(self, one: Weakness) -> Plain:
        place = "/".join(str(part) for part in (one.address, one.protocol, one.port) if part)
        told = (("finding", one.code), ("check", one.check), ("place", place))
        return {
            "uuid": self.uuid("observation", one.code),
            "title": escape(line(f"{one.title} at {place}")),
            "description": prose(one.says),
            "props": [own_prop(name, value) for name, value in told if is_value(value)],
            "methods": ["TEST"],
            "types": ["finding"],
            "origins": self.frame.origin("platform"),
            "collected": to_iso(one.last_seen),
        }

    def weak(self, one: Weakness) -> Plain:
        status = _RISK[one.state]
        if one.state == "open" and one.is_proposed:
            status = "deviation-requested"
        made: Plain = {
            "uuid": self.uuid("risk", one.code),
            "title": escape(line(one.title)),
            "description": prose(one.says),
            "statement": prose(one.why),
            "props": [
                own_prop("finding", one.code),
                own_prop("state", one.state),
                own_prop("first-seen", to_iso(one.first_seen)),
            ],
            "status": status,
            "characterizations": [
                {
                    "origin": self.frame.origin("platform")[0],
                    "facets": [{"name": "severity", "system": NAMESPACE, "value": one.severity}],
                }
            ],
            **({} if one.deadline is None else {"deadline": to_iso(one.deadline)}),
            "remediations": [
                self.advice(one),
                *(
                    self.response(measure, one.code)
                    for measure in self.facts.measures
                    if one.code in measure.findings
                ),
            ],
            "related-observations": [{"observation-uuid": self.uuid("observation", one.code)}],
        }
        if one.marks:
            made["risk-log"] = {
                "entries": [self.mark(one, n, mark) for n, mark in enumerate(one.marks, 1)]
            }
        return made

    def mark(self, one: Weakness, number: int, mark: Mark) -> Plain:
        return {
            "uuid": self.uuid("mark", one.code, str(number)),
            "title": f"It was set aside: {mark.kind}",
            "description": prose(mark.reason),
            "start": to_iso(mark.at),
            **({} if mark.until is None else {"end": to_iso(mark.until)}),
            "props": [own_prop("mark", mark.kind)],
            "status-change": _RISK[mark.kind],
        }

    def advice(self, one: Weakness) -> Plain:
        return {
            "uuid": self.uuid("advice", one.code),
            "lifecycle": "recommendation",
            "title": "What to do",
            "description": prose(one.remedy),
        }

    def response(self, measure: Measure, beside: str) -> Plain:
        """Return an action as the answer to a risk; `beside` tells the risks apart."""
        told = [
            own_prop("action", measure.code),
            own_prop("progress", measure.progress),
            *(own_prop("control", control) for control in measure.controls),
            *(
                own_prop(name, value)
                for name, value in (("keeper", measure.keeper), ("budget", measure.budget))
                if is_value(value)
            ),
        ]
        return {
            "uuid": self.uuid("response", measure.code, beside),
            "lifecycle": _PLANNED[measure.progress],
            "title": escape(line(measure.what)),
            "description": prose(measure.what),
            "props": told,
            "tasks": [
                {
                    "uuid": self.uuid("task", measure.code, beside),
                    "type": "milestone",
                    "title": escape(line(measure.what)),
                    "timing": {"on-date": {"date": to_iso(measure.due)}},
                }
            ],
            **({"remarks": escape(measure.note)} if measure.note else {}),
        }

    def gap(self, one: Measure) -> Plain:
        """Return the gap that an action is to close, as a risk with the action's own deadline."""
        status = {"open": "open", "under-way": "remediating", "done": "closed", "dropped": "open"}
        about = ", ".join((*one.controls, *one.findings))
        return {
            "uuid": self.uuid("gap", one.code),
            "title": escape(line(one.what)),
            "description": prose(one.what),
            "statement": escape(f"It is planned for: {about}."),
            "props": [own_prop("action", one.code)],
            "status": status[one.progress],
            "deadline": to_iso(one.due),
            "remediations": [self.response(one, "gap")],
        }

    def item_of_weakness(self, one: Weakness) -> Plain:
        return {
            "uuid": self.uuid("item", one.code),
            "title": escape(line(one.title)),
            "description": prose(one.says),
            "props": [own_prop("finding", one.code), own_prop("severity", one.severity)],
            "related-observations": [{"observation-uuid": self.uuid("observation", one.code)}],
            "related-risks": [{"risk-uuid": self.uuid("risk", one.code)}],
        }

    def item_of_measure(self, one: Measure) -> Plain:
        risks = [self.uuid("gap", one.code), *self.risks_of(one)]
        return {
            "uuid": self.uuid("item", one.code),
            "title": escape(line(one.what)),
            "description": prose(one.what),
            "props": [
                own_prop("action", one.code),
                own_prop("progress", one.progress),
                *(own_prop("control", control) for control in one.controls),
            ],
            "related-risks": [{"risk-uuid": uuid} for uuid in risks],
        }

    def risks_of(self, one: Measure) -> Iterator[str]:
        known = {weakness.code for weakness in self.facts.weaknesses}
        for code in one.findings:
            if code in known:
                yield self.uuid("risk", code)
