"""Scores: the document that goes into the arithmetic and the result that comes out of it.

A document that contradicts itself is refused here, each fault at its JSON path; nothing is
computed here.
"""

from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Literal

from pydantic import (
    ConfigDict,
    Field,
    StrictBool,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from cyberposture.model.assessments import Grade, NotApplicable, OwnGrade
from cyberposture.model.checks import RollUp
from cyberposture.model.controls import Direction, EvidenceMode
from cyberposture.model.foundation import Model

VERSION = 1
"""The version of the arithmetic that this edition of the program computes."""
LARGEST = 2**53 - 1
"""The largest whole number that every reader of JSON keeps exactly.

Source: RFC 7493, The I-JSON Message Format, section 2.2, March 2015.
"""

Whole = Annotated[int, Field(ge=0, le=LARGEST, strict=True)]
"""A count, or basis points (10 000 = full)."""
Multiplier = Annotated[int, Field(ge=1, le=LARGEST, strict=True)]
"""A weight or a factor: never 0, so that nothing is multiplied away unseen."""
AnswerLevel = Annotated[int, Field(ge=0, le=3, strict=True)]
Confidence = Literal["low", "medium", "high"]

Path = tuple[str | int, ...]
Located = tuple[Path, str]


class GradeFactors(Model):
    """What a value is multiplied by for each evidence grade; 10 000 leaves it as it is."""

    E0: Multiplier
    E1: Multiplier
    E2: Multiplier
    E3: Multiplier

    def of(self, grade: Grade) -> int:
        """Return the factor of this grade."""
        return {"E0": self.E0, "E1": self.E1, "E2": self.E2, "E3": self.E3}[grade]


class ConfidenceFloors(Model):
    """From which share of examined weight confidence is medium, and high."""

    medium: Whole
    high: Whole


class ScoreParameters(Model):
    """The numbers of one scoring edition."""

    values: tuple[Whole, Whole, Whole, Whole]
    factors: GradeFactors
    contradicted_cap: Whole
    share_cap: Whole
    support_value: Whole
    observed_floor: Whole
    bands: tuple[tuple[str, Whole], ...]
    gate_threshold: Whole
    gate_band: str
    coverage_floor: Whole
    confidence: ConfidenceFloors
    low_confidence_band: str

    @model_validator(mode="after")
    def _bands_ascend_from_0(self) -> "ScoreParameters":
        _refuse(self, self._faults())
        return self

    def _faults(self) -> Iterator[Located]:
        names = [name for name, _ in self.bands]
        if not names:
            yield ("bands",), "at least one band, which begins at 0"
        elif self.bands[0][1] != 0:
            yield ("bands", 0, 1), "the first band begins at 0"
        for i in range(1, len(names)):
            if self.bands[i][1] <= self.bands[i - 1][1]:
                yield ("bands", i, 1), "each band begins above the one before it"
        for i in _repeats(names):
            yield ("bands", i, 0), f"a second band called {names[i]!r}"
        for key in ("gate_band", "low_confidence_band"):
            if getattr(self, key) not in names:
                yield (key,), f"no band is called {getattr(self, key)!r}"


class ScoredDomain(Model):
    """A domain that is asked for; `factor_pct` multiplies its weight (100 = unchanged)."""

    id: str
    factor_pct: Multiplier


class ScoredControl(Model):
    """What the score needs to know about a control."""

    id: str
    domain: str
    weight: Multiplier
    gate: StrictBool
    evidence: EvidenceMode


class ScoredReview(Model):
    """A reviewer's, or an auditor's, own level and grade."""

    level: AnswerLevel
    grade: Grade


class ScoredAnswer(Model):
    """What an institution says of one control, and what a reviewer found."""

    control: str
    level: AnswerLevel | None
    not_applicable: NotApplicable | None
    grade: OwnGrade
    review: ScoredReview | None

    @property
    def is_left_out(self) -> bool:
        """Return whether the control does not apply, by approval or by its condition."""
        return self.not_applicable in ("approved", "condition")

    @model_validator(mode="after")
    def _says_one_thing(self) -> "ScoredAnswer":
        _refuse(self, self._faults())
        return self

    def _faults(self) -> Iterator[Located]:
        if self.not_applicable is not None and self.level is not None:
            yield ("level",), f"must be null where not_applicable is {self.not_applicable!r}"
        if self.is_left_out and self.review is not None:
            yield ("review",), f"must be null where not_applicable is {self.not_applicable!r}"


class VerdictRow(Model):
    """How one check's verdicts for one control are spread over the known endpoints."""

    model_config = ConfigDict(serialize_by_alias=True)

    control: str
    check: str
    direction: Direction
    rollup: RollUp
    passed: Whole = Field(alias="pass")
    fail: Whole
    fresh: Whole
    """Fails whose repair clock still runs."""
    inconclusive: Whole
    not_tested: Whole
    """Every known endpoint that was not tested, authorised or not."""

    @property
    def conclusive(self) -> int:
        """Return how many endpoints gave a pass or a fail."""
        return self.passed + self.fail + self.fresh

    @property
    def all(self) -> int:
        """Return how many endpoints are known to which the check applies."""
        return self.conclusive + self.inconclusive + self.not_tested


class ScoreDocument(Model):
    """Everything that one institution's score is computed from, and nothing else."""

    model_config = ConfigDict(serialize_by_alias=True)

    scoring: Annotated[int, Field(strict=True)]
    """The version of the arithmetic."""
    parameters: ScoreParameters
    observation_overdue: StrictBool
    domains: tuple[ScoredDomain, ...]
    controls: tuple[ScoredControl, ...]
    answers: tuple[ScoredAnswer, ...]
    verdicts: tuple[VerdictRow, ...]

    @field_validator("scoring")
    @classmethod
    def _is_known(cls, version: int) -> int:
        if version != VERSION:
            raise PydanticCustomError("version", "unknown version; version 1 is known")
        return version

    @model_validator(mode="after")
    def _holds_together(self) -> "ScoreDocument":
        _refuse(self, self._faults())
        return self

    def _faults(self) -> Iterator[Located]:
        domains = [domain.id for domain in self.domains]
        for i in _repeats(domains):
            yield ("domains", i, "id"), f"a second domain {domains[i]!r}"
        ids = [control.id for control in self.controls]
        for i in _repeats(ids):
            yield ("controls", i, "id"), f"a second control {ids[i]!r}"
        known = set(domains)
        for i, control in enumerate(self.controls):
            if control.domain not in known:
                yield ("controls", i, "domain"), f"no domain {control.domain!r} is given"
        modes = {control.id: control.evidence for control in self.controls}
        yield from self._faults_of_answers(modes)
        yield from self._faults_of_verdicts(modes)

    def _faults_of_answers(self, modes: dict[str, EvidenceMode]) -> Iterator[Located]:
        asked = [answer.control for answer in self.answers]
        for i in _repeats(asked):
            yield ("answers", i, "control"), f"a second answer to {asked[i]!r}"
        for i, answer in enumerate(self.answers):
            mode = modes.get(answer.control)
            if mode is None:
                yield ("answers", i, "control"), f"no control {answer.control!r} is given"
            elif mode == "N" and answer.not_applicable != "condition":
                yield (
                    ("answers", i, "not_applicable"),
                    "an N control takes no answer but 'condition'",
                )

    def _faults_of_verdicts(self, modes: dict[str, EvidenceMode]) -> Iterator[Located]:
        pairs = [(row.control, row.check) for row in self.verdicts]
        for i in _repeats(pairs):
            control, check = pairs[i]
            yield ("verdicts", i, "check"), f"a second row of {check!r} for {control!r}"
        for i, row in enumerate(self.verdicts):
            mode = modes.get(row.control)
            if mode is None:
                yield ("verdicts", i, "control"), f"no control {row.control!r} is given"
            elif mode == "Q":
                yield ("verdicts", i, "control"), "a Q control has no verdicts"
            elif mode == "N" and row.direction == "R":
                yield ("verdicts", i, "direction"), "rows of an N control are C or S"


class InstitutionScore(Model):
    """The whole; scores and shares in basis points, None where there is nothing to divide by."""

    declared: int | None
    verified: int | None
    claims_verified: int | None
    """Verified over the controls that take an answer: what stands beside `declared`."""
    band: str | None
    confidence: Confidence | None
    examined: int | None
    coverage: int | None
    observation_coverage: int | None
    gates_holding: tuple[str, ...]
    gates_unknown: tuple[str, ...]
    contradictions: tuple[str, ...]


class DomainScore(Model):
    """One domain, in basis points; None where there is nothing to divide by."""

    id: str
    declared: int | None
    verified: int | None
    claims_verified: int | None
    coverage: int | None


class ControlScore(Model):
    """One control; `declared` and `verified` in basis points, None where left out or not known."""

    id: str
    applicable: bool
    assessed: bool
    examined: bool
    declared: int | None
    verified: int | None
    grade: Grade | None
    contradiction: bool


class ScoreResult(Model):
    """What the arithmetic gives; domains and controls are ordered by id."""

    institution: InstitutionScore
    domains: tuple[DomainScore, ...]
    controls: tuple[ControlScore, ...]


def _repeats(values: Iterable[object]) -> Iterator[int]:
    """Yield the position of each value that stood earlier in the list."""
    seen: set[object] = set()
    for i, value in enumerate(values):
        if value in seen:
            yield i
        seen.add(value)


def _refuse(given: Any, faults: Iterable[Located]) -> None:
    """Raise one validation error that names every fault at its own path, if there is any."""
    found = [
        InitErrorDetails(
            type=PydanticCustomError("contradiction", "{what}", {"what": what}),
            loc=path,
            input=given,
        )
        for path, what in faults
    ]
    if found:
        raise ValidationError.from_exception_data(type(given).__name__, found)
