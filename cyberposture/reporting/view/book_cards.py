"""One control as a card of the book: everything that a reader needs, in words."""

from dataclasses import dataclass, replace

from cyberposture.model.controls import Catalogue, Clause, Condition, Control
from cyberposture.model.parameters import Effective
from cyberposture.model.profiles import ControlLine
from cyberposture.model.translations import State
from cyberposture.reporting.book_inputs import BookInputs
from cyberposture.reporting.plain import Text
from cyberposture.reporting.view.book_texts import Said, Texts
from cyberposture.reporting.words import Words

_YEAR = 365


@dataclass(frozen=True, slots=True)
class Fact:
    """Something said with a name in front: a size and its guidance, a word and what it means."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class SectorFact:
    """A sector with what is said of it."""

    name: Said
    text: str


@dataclass(frozen=True, slots=True)
class LevelRow:
    """One answer level with its name and what it means for this control."""

    number: int
    name: Text
    means: Said


@dataclass(frozen=True, slots=True)
class ProofRow:
    """Something that convinces a reviewer, and how old it may be."""

    what: Said
    age: Text


@dataclass(frozen=True, slots=True)
class ClauseRow:
    """A clause that the control follows from, in our words."""

    id: str
    anchor: str
    """Of the clause among all clauses; empty: it is of another instrument."""
    text: Said
    derivation: Text


@dataclass(frozen=True, slots=True)
class LookRow:
    """What the network shows: the observation, and the checks that look at it."""

    code: str
    direction: str
    """C, R or S."""
    role: Text
    title: str
    checks: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class CrossingRow:
    """What another framework asks, beside what we ask."""

    framework: str
    id: str
    relation: Text
    why: str
    is_unverified: bool


@dataclass(frozen=True, slots=True)
class NumberRow:
    """A number that the control is held to."""

    title: str
    value: Text
    source: Text


@dataclass(frozen=True, slots=True)
class Card:
    """One control."""

    id: str
    state: State | None
    state_means: Text | None
    title: Said
    statement: Said
    mode: str
    """Q, Q+N or N."""
    asked: tuple[Text, ...]
    """Of whom, how it is known, when it applies, and whether it is a gate."""
    is_gate: bool
    gap: str | None
    why: str | None
    """Why the profile picks it out."""
    intent: str | None
    weight: int
    weight_reason: str | None
    levels: tuple[LevelRow, ...]
    guidance: tuple[Fact, ...]
    evidence: tuple[ProofRow, ...]
    review: tuple[str, ...]
    notes: tuple[SectorFact, ...]
    clauses: tuple[ClauseRow, ...]
    looks: tuple[LookRow, ...]
    crossings: tuple[CrossingRow, ...]
    numbers: tuple[NumberRow, ...]


class Cards:
    """Makes the cards of one book."""

    def __init__(self, words: Words, inputs: BookInputs, texts: Texts) -> None:
        self._words, self._inputs, self._texts = words, inputs, texts
        catalogue: Catalogue = inputs.catalogue
        self._clauses: dict[str, Clause] = {clause.id: clause for clause in catalogue.clauses}
        self._neighbours = {one.id: one for one in catalogue.neighbours}
        self._observations = {one.code: one.title for one in inputs.checks.observations}
        self._instruments = {(i.short, i.edition): i.id for i in catalogue.instruments}

    def card(self, control: Control, line: ControlLine | None = None) -> Card:
        """Return the card of a control, as `line` has it in a profile."""
        say, texts = self._words.say, self._texts.control(control)
        names = [say(f"level-name.{number}") for number in range(4)]
        guidance = control.guidance.items()
        return Card(
            id=control.id,
            state=texts.state,
            state_means=None if texts.state is None else say(f"state.{texts.state}"),
            title=texts.title,
            statement=texts.statement,
            mode=control.evidence_mode,
            asked=tuple(self._asked(control, line)),
            is_gate=control.gate is not None if line is None else line.is_gate,
            gap=control.gap,
            why=None if line is None else line.why,
            intent=control.intent,
            weight=control.weight,
            weight_reason=control.weight_reason,
            levels=tuple(
                LevelRow(number, names[number], text) for number, text in enumerate(texts.levels)
            ),
            guidance=tuple(Fact(self._words.name("size", s), text) for s, text in guidance),
            evidence=tuple(
                ProofRow(what, _age(self._words, proof.max_age_days))
                for what, proof in zip(texts.evidence, control.evidence, strict=True)
            ),
            review=control.review,
            notes=tuple(self._notes(control)),
            clauses=tuple(self._from(control)),
            looks=tuple(self._looks(control)),
            crossings=tuple(self._crossings(control)),
            numbers=tuple(
                number_of(self._words, one)
                for one in self._inputs.parameters
                if control.id in one.controls
            ),
        )

    def _asked(self, control: Control, line: ControlLine | None) -> list[Text]:
        say = self._words.say
        found = [say(f"asked.{control.tier}"), say(f"mode.{control.evidence_mode.lower()}")]
        if control.applies_when is not None and (line is None or line.state != "asked"):
            found.append(say("asked.when", condition=self._condition(control.applies_when)))
        if line is not None and line.is_gate:
            found.append(say("gate.here"))
        elif line is None and control.gate is not None:
            found.append(say(f"gate.{control.gate}"))
        return found

    def _condition(self, condition: Condition) -> Text:
        """Return a condition as people would say it."""
        say, texts = self._words.say, self._texts
        if condition.feature is not None:
            own = texts.features.get(condition.feature) or texts.english(condition.feature)
            own = replace(own, text=own.text[:1].lower() + own.text[1:])
            return say("when.feature", title=texts.inline(own))
        if condition.sector is not None:
            own = texts.sectors.get(condition.sector) or texts.english(condition.sector)
            return say("when.sector", title=texts.inline(own))
        kind = "or" if condition.any_of is not None else "and"
        parts = (condition.any_of or ()) + (condition.all_of or ())
        said = self._condition(parts[0])
        for part in parts[1:]:
            said = say(f"when.{kind}", before=said, next=self._condition(part))
        return said

    def _notes(self, control: Control) -> list[SectorFact]:
        """Return the notes for sectors; in the book of one sector, for it alone."""
        only, texts = self._inputs.sector, self._texts
        return [
            SectorFact(texts.sectors.get(sector) or texts.english(sector), note)
            for sector, note in control.sector_notes.items()
            if only in (None, sector)
        ]

    def _from(self, control: Control) -> list[ClauseRow]:
        say, own = self._words.say, self._inputs.catalogue.framework.instrument
        rows = []
        for source in control.sources:
            derivation = say(f"derivation.{source.derivation.lower()}")
            is_own = self._instruments.get((source.instrument, source.edition), own) == own
            clause = self._clauses.get(source.clause) if is_own else None
            if clause is None:
                named = f"{source.instrument} {source.edition}, {source.clause}"
                rows.append(ClauseRow(named, "", self._texts.english(""), derivation))
            else:
                said = self._texts.clauses[clause.id]
                rows.append(ClauseRow(clause.id, anchor_of(clause.id), said, derivation))
        return rows

    def _looks(self, control: Control) -> list[LookRow]:
        checks = self._inputs.checks.checks
        return [
            LookRow(
                code=use.code,
                direction=use.direction,
                role=self._words.say(f"direction.{use.direction.lower()}"),
                title=self._observations.get(use.code, use.code),
                checks=tuple(self._texts.check(c) for c in checks if c.observation == use.code),
            )
            for use in control.observations
        ]

    def _crossings(self, control: Control) -> list[CrossingRow]:
        rows = []
        for one in control.maps_to:
            neighbour = self._neighbours.get(one.framework)
            title, status = one.framework, "U"
            if neighbour is not None:
                title, status = f"{neighbour.title} {neighbour.edition}", neighbour.status
            relation = self._words.say(f"relation.{one.relation}")
            rows.append(CrossingRow(title, one.id, relation, one.why, status == "U"))
        return rows


def _age(words: Words, days: int) -> Text:
    """Return how old evidence may be, in years where these are whole."""
    if days % _YEAR:
        return words.say("card.age", n=days)
    return words.say("card.age-years", n=days // _YEAR)


def anchor_of(clause: str) -> str:
    """Return the name under which a clause is found on the page."""
    signs = "".join(sign if sign.isalnum() else "-" for sign in clause)
    return f"clause-{signs.strip('-')}"


def number_of(words: Words, one: Effective) -> NumberRow:
    """Return a number that people are held to, with where it comes from."""
    value = words.say(f"unit.{one.unit}", n=one.value)
    if one.set_by is None:
        return NumberRow(one.title, value, words.say("number.ours"))
    place = one.set_by.instrument + (f" {one.set_by.section}" if one.set_by.section else "")
    return NumberRow(one.title, value, words.say("number.set-by", place=place))
