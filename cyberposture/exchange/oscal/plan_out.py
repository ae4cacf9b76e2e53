"""Writes a round of one institution as an OSCAL assessment plan.

One task is the questionnaire, one each schedule by which the network is looked at; the rules of
engagement are those of the letters, without the names and telephones that stand on them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from cyberposture.clock import to_iso
from cyberposture.exchange.oscal.frame import Frame, line, prose, sealed, select
from cyberposture.exchange.oscal.prose import Plain, escape
from cyberposture.exchange.oscal.words import is_value, own_prop, stable_uuid

KIND = "assessment-plan"
ALWAYS = (
    "Nothing is sent to an address that no letter in force allows.",
    "No check exploits a flaw, guesses a password or writes anything.",
    "Anybody at the institution may stop the checks at once, without giving a reason.",
    "The signatory may withdraw the letter in writing at any time; running checks end at once.",
)
"""What holds under every letter."""


@dataclass(frozen=True)
class Engagement:
    """What one letter allows, without people."""

    reference: str
    valid_from: datetime
    valid_until: datetime
    withdrawn_at: datetime | None
    is_granted: bool
    load: int
    load_words: str
    scope: tuple[str, ...]
    exclusions: tuple[str, ...]
    techniques: tuple[str, ...] | None
    """None: all that the load allows and that need no express mention."""
    letter_sha256: str
    terms_sha256: str


@dataclass(frozen=True)
class Planned:
    """A schedule by which the network is looked at."""

    code: str
    trigger: Literal["cron", "interval", "date"]
    spec: str
    """Five cron fields, a number of seconds, or a moment."""
    zone: str
    next_run: datetime | None
    is_for_all: bool
    """Whether it serves every institution in its turn, and not this one alone."""


@dataclass(frozen=True)
class PlanFacts:
    """Everything that a plan says."""

    frame: Frame
    round: str
    title: str
    opens: datetime
    due: datetime
    now: datetime
    asked: tuple[str, ...]
    """Controls that take an answer."""
    observed: tuple[str, ...]
    """Controls that checks speak to."""
    letters: tuple[Engagement, ...]
    schedules: tuple[Planned, ...]


def plan_document(facts: PlanFacts) -> Plain:
    """Return the document."""
    return sealed(KIND, _Writer(facts).body())


class _Writer:
    def __init__(self, facts: PlanFacts) -> None:
        self.facts, self.frame = facts, facts.frame

    def uuid(self, *parts: str) -> str:
        return stable_uuid(KIND, self.frame.institution, self.facts.round, *parts)

    def body(self) -> Plain:
        facts, frame = self.facts, self.frame
        title = f"Assessment plan of {frame.name}: {facts.title}"
        controls = list(dict.fromkeys((*facts.asked, *facts.observed)))
        return {
            "metadata": frame.heading(title, facts.now, KIND),
            "import-ssp": frame.import_security_plan(),
            "local-definitions": {"activities": list(self.activities())},
            "terms-and-conditions": {"parts": list(self.terms())},
            "reviewed-controls": select(controls),
            "assessment-subjects": [self.subject()],
            "assessment-assets": frame.assets(),
            "tasks": [self.questionnaire(), *map(self.look, facts.schedules)],
            "back-matter": {"resources": [frame.security_plan()]},
        }

    def activities(self) -> Iterator[Plain]:
        yield {
            "uuid": self.uuid("activity", "questionnaire"),
            "title": "Questionnaire",
            "description": "The institution declares a level of each control, with evidence; "
            "reviewers look at a part of the answers.",
            "props": [_method("INTERVIEW"), _method("EXAMINE")],
            "related-controls": select(self.facts.asked),
        }
        if self.facts.schedules:
            yield {
                "uuid": self.uuid("activity", "network"),
                "title": "Checks from the network",
                "description": "What is visible from the network is compared with what was "
                "declared, inside the scope of the letters alone.",
                "props": [_method("TEST")],
                "related-controls": select(self.facts.observed),
            }

    def subject(self) -> Plain:
        return {
            "type": "party",
            "description": "The institution, with all that it declared.",
            "include-subjects": [{"subject-uuid": self.frame.owner, "type": "party"}],
        }

    def done_by(self, activity: str) -> list[Plain]:
        uuid = self.uuid("activity", activity)
        return [{"activity-uuid": uuid, "subjects": [self.subject()]}]

    def questionnaire(self) -> Plain:
        facts = self.facts
        return {
            "uuid": self.uuid("task", "questionnaire"),
            "type": "action",
            "title": escape(line(f"Questionnaire of the round {facts.title}")),
            "props": [own_prop("round", facts.round)],
            "timing": {
                "within-date-range": {"start": to_iso(facts.opens), "end": to_iso(facts.due)}
            },
            "associated-activities": self.done_by("questionnaire"),
        }

    def look(self, one: Planned) -> Plain:
        told = (("schedule", one.code), (one.trigger, one.spec), ("zone", one.zone),
                ("next-run", None if one.next_run is None else to_iso(one.next_run)),
                ("is-for-all", "yes" if one.is_for_all else None))  # fmt: skip
        return {
            "uuid": self.uuid("task", one.code),
            "type": "action",
            "title": escape(line(f"Checks from the network: {one.code}")),
            "props": [own_prop(name, value) for name, value in told if value and is_value(value)],
            **_timing(one),
            "associated-activities": self.done_by("network"),
        }

    def terms(self) -> Iterator[Plain]:
        yield {
            "uuid": self.uuid("terms"),
            "name": "rules-of-engagement",
            "title": "What holds under every letter",
            "prose": escape("\n\n".join(ALWAYS)),
        }
        if not self.facts.letters:
            yield {
                "uuid": self.uuid("terms", "none"),
                "name": "rules-of-engagement",
                "title": "There is no letter",
                "prose": "Nothing may be looked at from the network.",
            }
        yield from map(self.letter, self.facts.letters)

    def letter(self, one: Engagement) -> Plain:
        told = [
            own_prop("authorisation", one.reference),
            own_prop("valid-from", to_iso(one.valid_from)),
            own_prop("valid-until", to_iso(one.valid_until)),
            own_prop("granted", "yes" if one.is_granted else "no"),
            own_prop("load", one.load),
            own_prop("letter-sha256", one.letter_sha256),
            own_prop("terms-sha256", one.terms_sha256),
            *(own_prop("technique", name) for name in one.techniques or ()),
        ]
        if one.withdrawn_at is not None:
            told.append(own_prop("withdrawn-at", to_iso(one.withdrawn_at)))
        return {
            "uuid": self.uuid("letter", one.reference),
            "name": "rules-of-engagement",
            "class": "letter",
            "title": escape(line(f"Letter {one.reference}")),
            "props": told,
            "prose": escape(f"Load {one.load}: {one.load_words}"),
            "parts": [
                self.listed(one, "assessment-inclusions", "What may be looked at", one.scope),
                self.listed(one, "assessment-exclusions", "What is left alone", one.exclusions),
            ],
        }

    def listed(self, letter: Engagement, name: str, title: str, lines: tuple[str, ...]) -> Plain:
        return {
            "uuid": self.uuid("letter", letter.reference, name),
            "name": name,
            "title": title,
            "prose": prose("\n".join(f"- {one}" for one in lines) or "Nothing."),
        }


def _method(word: str) -> Plain:
    return {"name": "method", "value": word}


def _timing(one: Planned) -> Plain:
    """Return when a schedule looks, where OSCAL has words for it; cron fields are a property."""
    if one.trigger == "interval":
        return {"timing": {"at-frequency": {"period": int(one.spec), "unit": "seconds"}}}
    if one.trigger == "date" and one.next_run is not None:
        return {"timing": {"on-date": {"date": to_iso(one.next_run)}}}
    return {}
