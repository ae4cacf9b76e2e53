"""One institution's inputs with the look-ups that all parts of its report need."""

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from cyberposture.clock import find_zone
from cyberposture.model.checks import Check
from cyberposture.model.controls import Control
from cyberposture.model.scores import (
    ControlScore,
    ScoredAnswer,
    ScoredControl,
    ScoreParameters,
    VerdictRow,
)
from cyberposture.reporting.failures import say_failure
from cyberposture.reporting.inputs import InstitutionInputs
from cyberposture.reporting.plain import Text, clean, given
from cyberposture.reporting.seen import Kind, say_seen
from cyberposture.reporting.told import told_in
from cyberposture.reporting.view.frame import Frame, frame_of
from cyberposture.reporting.view.lens import Lens
from cyberposture.reporting.words import Words
from cyberposture.scoring.explain import WholeExplanation, explain_whole
from cyberposture.scoring.rollup import HOLDING, Gate, gate_states


@dataclass(frozen=True)
class Material:
    """Everything that the views of one institution read."""

    inputs: InstitutionInputs
    lens: Lens
    words: Words

    def __post_init__(self) -> None:
        """Let all that is said of content be said in the language of the words."""
        content = told_in(self.inputs.content, self.words.language)
        object.__setattr__(self, "inputs", replace(self.inputs, content=content))

    @cached_property
    def zone(self) -> ZoneInfo:
        """The zone in which its dates are read."""
        return find_zone(self.inputs.institution.zone)

    @property
    def parameters(self) -> ScoreParameters:
        """The numbers of the scoring edition."""
        return self.inputs.score.document.parameters

    @cached_property
    def controls(self) -> dict[str, Control]:
        """The catalogue's controls by id."""
        return {c.id: c for c in self.inputs.content.catalogue.controls}

    @cached_property
    def checks(self) -> dict[str, Check]:
        """The checks by id."""
        return {c.id: c for c in self.inputs.content.checks.checks}

    @cached_property
    def asked(self) -> dict[str, ScoredControl]:
        """The controls that the score asks for, by id and in its order."""
        return {c.id: c for c in sorted(self.inputs.score.document.controls, key=lambda c: c.id)}

    @cached_property
    def scores(self) -> dict[str, ControlScore]:
        """The score of each control."""
        return {score.id: score for score in self.inputs.score.result.controls}

    @cached_property
    def claims(self) -> dict[str, ScoredAnswer]:
        """What was claimed of each control, as the score read it."""
        return {answer.control: answer for answer in self.inputs.score.document.answers}

    @cached_property
    def rows(self) -> dict[str, tuple[VerdictRow, ...]]:
        """What the checks say of each control; a control without checks is missing."""
        found: defaultdict[str, list[VerdictRow]] = defaultdict(list)
        for row in self.inputs.score.document.verdicts:
            found[row.control].append(row)
        return {control: tuple(rows) for control, rows in found.items()}

    @cached_property
    def gates(self) -> dict[str, Gate]:
        """The state of each applicable gate."""
        return gate_states(self.inputs.score.document, self.inputs.score.result.controls)

    @cached_property
    def closed_gates(self) -> tuple[str, ...]:
        """The gates that hold the band: those that fail first, then bare words, then overdue."""
        overdue = self.inputs.score.document.observation_overdue
        closed = (*HOLDING, "unknown") if overdue else HOLDING
        held = [control for control, state in self.gates.items() if state in closed]
        return tuple(sorted(held, key=lambda c: (not self.failing(c), closed.index(self.gates[c]))))

    @cached_property
    def whole(self) -> WholeExplanation:
        """How the institution came to its band."""
        return explain_whole(self.inputs.score.document, self.inputs.score.result)

    @cached_property
    def was_looked_at(self) -> bool:
        """Whether the network gave any verdict at all."""
        return any(row.conclusive for row in self.inputs.score.document.verdicts)

    @cached_property
    def name(self) -> Text:
        """The institution's name, or words in its place where it may not be named."""
        if self.is_named:
            return given(self.inputs.institution.name)
        return self.words.say("unnamed")

    @property
    def is_named(self) -> bool:
        """Whether this audience may read who it is."""
        return self.lens.shows("institutions") or self.inputs.consents_to_be_named

    @property
    def round_title(self) -> Text:
        """What the round is called that was scored; empty where it is no round."""
        return given(self.inputs.score.title or self.inputs.round_code or "")

    @property
    def score_kind(self) -> Text:
        """Whether the score is that of a round, and of which, or the live one."""
        if self.inputs.kind == "round":
            return self.words.say("score-kind.round", round=self.round_title)
        return self.words.say("score-kind.live")

    @property
    def command(self) -> str:
        """The first words of every command about this institution; empty where it is not named."""
        return f"--institution {self.inputs.institution.code}" if self.is_named else ""

    @property
    def digest(self) -> str:
        """Under which the score record is found."""
        return clean(self.inputs.score.digest, 64)

    def frame(self, kind: str, title: Text, subtitle: tuple[Text, ...]) -> Frame:
        """Return the frame of a report about this institution."""
        return frame_of(
            self.words,
            self.lens,
            self.inputs.content,
            self.inputs.audit_head,
            kind=kind,
            title=title,
            headline=self.name,
            subtitle=subtitle,
            as_of=self.inputs.score.as_of,
            zone=self.zone,
            is_named=self.is_named,
        )

    def failing(self, control: str) -> tuple[VerdictRow, ...]:
        """Return the rows whose failure touches the control's points."""
        rows = self.rows.get(control, ())
        return tuple(row for row in rows if row.fail > 0 and row.direction != "S")

    def title(self, control: str) -> str:
        """Return the title of a control; one that the catalogue lost keeps its id."""
        found = self.controls.get(control)
        return found.title if found else control

    def check_title(self, check: str) -> str:
        """Return the title of a check; one that the packs lost keeps its id."""
        found = self.checks.get(check)
        return found.title if found else check

    def failure(self, check: str, places: int) -> str:
        """Return what it means that a check fails in so many places, without a full stop.

        One that the packs lost keeps its id.
        """
        found = self.checks.get(check)
        if found is None:
            return check
        return say_failure(self.words, self.inputs.content, found, places)

    def seen(self, check: str, kind: Kind, kept: str, limit: int) -> str:
        """Return what a check saw somewhere, as the readers read it."""
        return say_seen(self.words, self.inputs.content.said, check, kind, kept, limit=limit)

    def last_seen(self, check: str, verdict: str) -> datetime | None:
        """Return when the check last gave this verdict anywhere, or None where that is not kept."""
        seen = self.inputs.verdicts.get(check, ())
        return max((v.observed_at for v in seen if v.verdict == verdict), default=None)

    def day(self, moment: datetime) -> str:
        """Return the day of a moment in the institution's zone."""
        return self.words.day(moment, self.zone)

    def minute(self, moment: datetime) -> str:
        """Return a moment in the institution's zone, to the minute."""
        return self.words.minute(moment, self.zone)

    def endpoint(self, address: str, protocol: str, port: int | None) -> str:
        """Return an endpoint as people write it; an IPv6 address stands in brackets."""
        shown = clean(address, 80)
        if port is None:
            return shown
        host = f"[{shown}]" if ":" in shown else shown
        return f"{host}:{port}" if protocol == "tcp" else f"{host}:{port}/{clean(protocol, 8)}"
