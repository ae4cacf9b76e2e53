"""Papers that leave the register to be filled in elsewhere, and what comes back on them.

A paper is a workbook or a pack. What it says of itself is sealed by the register, so that nobody
need believe what stands in a file that came by mail.
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from cyberposture.model.assessments import Answer, Level
from cyberposture.model.foundation import Code, ControlId, Model, Moment, Sentence, Sha256

PaperKind = Literal["workbook", "pack"]
Language = Literal["en", "ur"]
Choice = Literal["", "0", "1", "2", "3", "na"]
"""What an answer chose: a level, that the control does not apply, or nothing."""
PublicKey = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Signature = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{128}$")]
Where = Annotated[str, StringConstraints(max_length=300)]


def _is_empty(value: tuple[object, ...]) -> bool:
    return not value


class Seal(Model):
    """A signature and the public key that it belongs to, both in hexadecimal digits."""

    key: PublicKey
    signature: Signature


class Paper(Model):
    """What a paper says of itself: for whom, of which round and edition, and what was seen."""

    code: Code
    kind: PaperKind
    institution: Code
    name: str
    round: Code
    title: str
    due: Moment
    edition: Sha256
    """The digest of the rules under which the round asks."""
    edition_name: str
    language: Language
    made_at: Moment
    made_by: str
    seen: dict[ControlId, Annotated[int, Field(ge=0)]]
    """Each control that takes an answer, and the revision of its answer then (0: none)."""
    headings: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Of a workbook: each sheet that is filled in, by its name, with its headings."""
    contents: dict[str, Sha256] = Field(default_factory=dict)
    """Of a pack: each of its tables with the digest of what stands in it."""


class SealedPaper(Model):
    """A paper under the seal of the register that made it."""

    paper: Paper
    seal: Seal


class Given(Model):
    """One answer as it came back, and where it stands there."""

    control: ControlId
    where: Where
    choice: Choice = ""
    text: str = Field(default="", max_length=5000)
    confirms: bool = False
    """The suggestion is right as it stands."""

    @model_validator(mode="after")
    def _with_reason(self) -> "Given":
        if self.choice == "na" and not self.text.strip():
            raise ValueError("that a control does not apply needs its reason")
        if self.choice == "na" and len(self.text) > 2000:
            raise ValueError("the reason why a control does not apply has 2000 signs at most")
        return self

    @property
    def level(self) -> Level | None:
        """The level that was chosen, if one was."""
        levels: dict[str, Level] = {"0": 0, "1": 1, "2": 2, "3": 3}
        return levels.get(self.choice)

    def onto(self, last: Answer | None) -> Answer:
        """Return the answer that this makes; the evidence of the last one stays with it."""
        does_not_apply = self.choice == "na"
        return Answer(
            control=self.control,
            level=self.level,
            not_applicable=self.text if does_not_apply else None,
            reason="" if does_not_apply else self.text,
            evidence=() if last is None else last.evidence,
        )


class HeldEvidence(Model):
    """Evidence that stays with the institution: what it is, of when, and where it is kept."""

    where: Where
    control: ControlId
    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    dated: date
    expires: date | None = None
    place: Sentence
    digest: Sha256 | None = None
    """Of the file, where it is one: it shows later that nothing was changed in it."""

    @model_validator(mode="after")
    def _in_order(self) -> "HeldEvidence":
        if self.expires is not None and self.expires < self.dated:
            raise ValueError("it expires before it is dated")
        return self


class Signed(Model):
    """What a signatory wrote under the answers of a paper: whom they are, and on which day.

    It is the word of whoever hands the paper in, no more: nothing in it shows who typed it.
    """

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=200)]
    office: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=200)]
    day: date


class PackedPiece(Model):
    """One piece of evidence that a pack brings back, and the controls that it is to serve.

    Of a file the bytes travel beside the return, under their digest.
    """

    kind: Literal["file", "link", "held"]
    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    dated: date
    expires: date | None = None
    keeper: Annotated[str, StringConstraints(max_length=200)] = ""
    place: Annotated[str, StringConstraints(max_length=500)] = ""
    sha256: Sha256 | None = None
    size_bytes: Annotated[int, Field(ge=1)] | None = None
    file_name: Annotated[str, StringConstraints(max_length=200)] = ""
    controls: tuple[ControlId, ...] = ()

    @model_validator(mode="after")
    def _of_its_kind(self) -> "PackedPiece":
        is_file = self.sha256 is not None and self.size_bytes is not None and self.file_name != ""
        if self.kind == "file" and not is_file:
            raise ValueError("a file has its digest, its size and its name")
        if self.kind != "file" and (self.size_bytes is not None or not self.place.strip()):
            raise ValueError("what is no file has a place and no size")
        if self.expires is not None and self.expires < self.dated:
            raise ValueError("it expires before it is dated")
        if len(set(self.controls)) != len(self.controls):
            raise ValueError("it serves a control once")
        return self


class ListedPiece(Model):
    """What became of a piece that a pack brought: its code, and the controls that it serves now."""

    code: Code
    kind: Literal["file", "link", "held"]
    title: str
    sha256: Sha256 | None = None
    was_there: bool
    """Whether the institution had listed it before."""
    controls: tuple[ControlId, ...] = ()


class BadPlace(Model):
    """One thing that was not taken: where it stands, and what is wrong there."""

    where: Where
    what: str


class Brought(Model):
    """All that one file brought back: what can be taken, and what cannot."""

    given: tuple[Given, ...] = ()
    evidence: tuple[HeldEvidence, ...] = ()
    pieces: tuple[PackedPiece, ...] = ()
    files: dict[Sha256, bytes] = Field(default_factory=dict)
    """The bytes of each file among the pieces."""
    signed: Signed | None = None
    faults: tuple[BadPlace, ...] = ()


class Taken(Model):
    """The revision of an answer before it was taken (0: none), and the one that was written."""

    before: int
    after: int


class Said(Model):
    """An answer as people see it in a comparison."""

    choice: Choice
    text: str


class Clash(Model):
    """An answer that somebody else gave meanwhile: both versions, and where ours stands."""

    control: ControlId
    where: Where
    yours: Said
    theirs: Said
    revision: int
    by: str
    at: Moment


class Attested(Model):
    """A signature on a paper, and the digest of the answers as they stood once it was taken in."""

    signed: Signed
    answers: Sha256
    is_whole: bool
    """Whether everything on the paper was taken: no fault, no clash."""
    number: int | None = None
    """Of the attestation that was recorded; None: it was not whole, or the lead did not hand it in.
    """


class Outcome(Model):
    """What became of everything that a file brought."""

    taken: dict[ControlId, Taken] = Field(default_factory=dict)
    same: tuple[ControlId, ...] = ()
    """Answered alike by somebody else meanwhile, or taken from this paper before."""
    unchanged: int = 0
    """How many stand as they stood when the paper was made."""
    clashes: tuple[Clash, ...] = ()
    faults: tuple[BadPlace, ...] = ()
    evidence: dict[str, ControlId] = Field(default_factory=dict)
    """The code of each piece of evidence that was listed, and the control that it is for."""
    pieces: tuple[ListedPiece, ...] = Field(default=(), exclude_if=_is_empty)
    """The pieces that a pack brought. None: left out, so that older seals and digests hold."""
    attested: Attested | None = None


class Entry(Model):
    """The audit entry of an act: the head of its chain when the act was done."""

    chain: str
    seq: int
    digest: Sha256


class Receipt(Model):
    """What the register answers to a file: what it took, and the audit entry that says so."""

    code: Code
    paper: Code
    kind: PaperKind
    institution: Code
    round: Code
    file_name: str
    sha256: Sha256
    at: Moment
    by: str
    outcome: Outcome
    entry: Entry


class SealedReceipt(Model):
    """A receipt under the seal of the register."""

    receipt: Receipt
    seal: Seal


class Return(Model):
    """What a pack hands back: the answers that changed on the machine where it was opened."""

    paper: SealedPaper
    number: Annotated[int, Field(ge=1)]
    """Counts the returns of one opened pack."""
    made_at: Moment
    given: tuple[Given, ...]
    pieces: tuple[PackedPiece, ...] = Field(default=(), exclude_if=_is_empty, max_length=5_000)
    """The evidence. None: left out, so that the seals of older returns hold."""
    signed: Signed | None = None


class SealedReturn(Model):
    """A return under the seal of the opened pack, whose key was made where it was opened."""

    document: Return
    seal: Seal
