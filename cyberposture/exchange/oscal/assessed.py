"""What assessment results in OSCAL are written from and read back into: one score with its ground.

It names no people: an answer is the institution's, a review the central CERT's.
"""

from datetime import UTC, date, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from cyberposture.model.assessments import Grade, Level
from cyberposture.model.checks import Verdict
from cyberposture.model.foundation import Code, ControlId, Model, Moment, Sha256
from cyberposture.model.scores import ScoreDocument, ScoreResult

Text = Annotated[str, Field(max_length=200_000)]


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


Told = Annotated[Moment, AfterValidator(_in_utc)]
"""A moment; however it was written down, it is told in UTC."""


class Piece(Model):
    """A piece of evidence behind an answer: its digest, never the file."""

    title: Text
    sha256: Sha256
    size_bytes: int = Field(ge=0)
    dated: date
    expires: date | None = None


class Said(Model):
    """What the institution declared of one control."""

    control: ControlId
    level: Level | None
    not_applicable: Text | None
    """The reason why it does not apply."""
    reason: Text
    evidence: tuple[Piece, ...]
    at: Told


class Reviewed(Model):
    """What a reviewer found of one control."""

    control: ControlId
    level: Level | None
    grade: Grade | None
    approves_not_applicable: bool
    reason: Text
    at: Told


class Seen(Model):
    """What one check showed at one endpoint, and until when that speaks."""

    check: str
    version: int
    address: str
    protocol: str = ""
    port: int | None = None
    subkey: str = ""
    vantage: str
    verdict: Verdict
    says: Text
    at: Told
    expires: Told
    scan: str
    artefact_sha256: Sha256 | None
    authorisation: str | None


class Editions(Model):
    """The content that a score was computed under, by digest."""

    catalogue: str
    version: str
    rules: Sha256
    checks: Sha256
    texts: Sha256


class Heading(Model):
    """Whose score it is, of which moment, and under which digests it was kept."""

    institution: Code
    name: Text
    kind: Literal["round", "live"]
    round: Code | None
    title: Text
    """The round's; empty for a live score."""
    started: Told
    """When the round opened; of a live score its own moment."""
    as_of: Told
    kept_at: Told
    """When it was kept: later than `as_of` where it corrects another one."""
    document_sha256: Sha256
    result_sha256: Sha256
    program: Text


class AssessedScore(Model):
    """One score of one institution, and all that it stands on."""

    heading: Heading
    editions: Editions
    document: ScoreDocument
    result: ScoreResult
    answers: tuple[Said, ...]
    reviews: tuple[Reviewed, ...]
    seen: tuple[Seen, ...]
