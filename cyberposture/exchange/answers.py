"""Answers from files: YAML for people who like to write, CSV for people who like sheets.

A sheet is read whole or not at all; nothing here touches the register.
"""

from datetime import date
from pathlib import Path

from pydantic import Field, model_validator

from cyberposture.content.reading.documents import build, read_file
from cyberposture.content.reading.files import read_bytes
from cyberposture.errors import Fault, InvalidInput
from cyberposture.exchange.sheets import Row, build_row, read_rows
from cyberposture.model.assessments import Level
from cyberposture.model.foundation import Code, ControlId, Model, Sentence

COLUMNS = (
    "control",
    "level",
    "not_applicable",
    "reason",
    "evidence_file",
    "evidence_title",
    "evidence_dated",
    "evidence_expires",
)
MAX_EVIDENCE_BYTES = 25_000_000


class EvidenceFile(Model):
    """A file beside the sheet that is to be kept as evidence."""

    file: str = Field(min_length=1, max_length=500)
    title: str = Field(min_length=1, max_length=200)
    dated: date
    expires: date | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "EvidenceFile":
        if self.expires is not None and self.expires < self.dated:
            raise ValueError("expires before it is dated")
        return self


class AnswerRow(Model):
    """One control's answer as a file gives it."""

    control: ControlId
    level: Level | None = None
    not_applicable: Sentence | None = None
    reason: str = Field(default="", max_length=5000)
    evidence: tuple[EvidenceFile, ...] = Field(default=(), max_length=50)

    @model_validator(mode="after")
    def _level_or_not(self) -> "AnswerRow":
        if self.level is not None and self.not_applicable is not None:
            raise ValueError("a level and not_applicable exclude each other")
        return self


class _Written(Model):
    institution: Code | None = None
    round: Code | None = None
    answers: tuple[AnswerRow, ...]


class PlacedAnswer(Model):
    """An answer and the place in the file where it stands."""

    where: str
    row: AnswerRow


class AnswerSheet(Model):
    """All answers of one file, with whom and which round it says it is for."""

    institution: Code | None = None
    round: Code | None = None
    answers: tuple[PlacedAnswer, ...]


def _from_cells(row: Row) -> PlacedAnswer:
    where, cells = row
    value: dict[str, object] = {
        key: cells[key] for key in ("control", "not_applicable", "reason") if key in cells
    }
    if "level" in cells:
        if cells["level"] not in ("0", "1", "2", "3"):
            shown = cells["level"][:40]
            raise InvalidInput(Fault(where, f"column level: {shown!r}; allowed: 0, 1, 2, 3"))
        value["level"] = int(cells["level"])
    given = {key.removeprefix("evidence_"): cells[key] for key in cells if "evidence_" in key}
    if given:
        value["evidence"] = [{"title": given.get("file", ""), **given}]
    return PlacedAnswer(where=where, row=build_row(AnswerRow, where, value))


def _merged(found: list[PlacedAnswer]) -> tuple[PlacedAnswer, ...]:
    """Join rows that only add evidence to a control; refuse a second answer to the same control."""
    by_control: dict[str, PlacedAnswer] = {}
    faults = []
    for placed in found:
        row = placed.row
        first = by_control.get(row.control)
        if first is None:
            by_control[row.control] = placed
        elif row.evidence and row.level is None and row.not_applicable is None and not row.reason:
            joined = first.row.model_copy(update={"evidence": first.row.evidence + row.evidence})
            by_control[row.control] = first.model_copy(update={"row": joined})
        else:
            faults.append(
                Fault(placed.where, f"{row.control} is answered in {first.where} already")
            )
    if faults:
        raise InvalidInput(faults)
    return tuple(by_control.values())


def _read_csv(path: Path) -> AnswerSheet:
    placed: list[PlacedAnswer] = []
    faults: list[Fault] = []
    for row in read_rows(path, COLUMNS, ("control", "level")):
        try:
            placed.append(_from_cells(row))
        except InvalidInput as error:
            faults.extend(error.faults)
    if faults:
        raise InvalidInput(faults)
    return AnswerSheet(answers=_merged(placed))


def _read_yaml(path: Path) -> AnswerSheet:
    document = read_file(path, path.name)
    written = build(_Written, document)
    placed = [
        PlacedAnswer(where=document.where(("answers", number)), row=row)
        for number, row in enumerate(written.answers)
    ]
    return AnswerSheet(
        institution=written.institution, round=written.round, answers=_merged(placed)
    )


def read_answers(path: Path) -> AnswerSheet:
    """Return the answers in a `.yaml`, `.yml` or `.csv` file.

    Raises:
        InvalidInput: with every fault at its file and line.
    """
    match path.suffix.lower():
        case ".yaml" | ".yml":
            return _read_yaml(path)
        case ".csv":
            return _read_csv(path)
        case other:
            raise InvalidInput(Fault(path.name, f"answers come as .yaml or .csv, not {other!r}"))


def read_evidence(sheet_folder: Path, file: EvidenceFile, where: str) -> bytes:
    """Return the bytes of an evidence file that stands in the sheet's folder or below it.

    Raises:
        InvalidInput: it is elsewhere, missing, no plain file, empty or too large.
    """
    home = sheet_folder.resolve()
    try:
        path = (home / file.file).resolve()
        is_file = path.is_file()
    except (OSError, ValueError) as error:
        # A name that no file can have: too long, or with a NUL in it.
        raise InvalidInput(Fault(where, f"evidence {file.file[:60]!r} is no file name")) from error
    if not path.is_relative_to(home):
        raise InvalidInput(Fault(where, f"evidence {file.file!r} lies outside the sheet's folder"))
    if not is_file:
        raise InvalidInput(Fault(where, f"evidence {file.file!r} is not there"))
    data = read_bytes(path, MAX_EVIDENCE_BYTES, f"{where}: evidence {file.file!r}")
    if not data:
        raise InvalidInput(Fault(where, f"evidence {file.file!r} is empty"))
    return data
