"""Answers from a file, whole or not at all; an import is one act, which can be undone as one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.errors import Fault, InvalidInput, WrongState
from cyberposture.exchange.answers import AnswerSheet, PlacedAnswer, read_answers, read_evidence
from cyberposture.exchange.file_kinds import recognise
from cyberposture.model.assessments import Answer
from cyberposture.model.controls import Catalogue
from cyberposture.services.assessments.assess import OPEN_STATES, find_answerable, find_parts
from cyberposture.services.assessments.delegating import require_own_parts
from cyberposture.services.assessments.pieces import (
    Description,
    NewFile,
    evidence_of,
    keep_file,
    latest_day,
    list_file,
    use_piece,
)
from cyberposture.services.assessments.still_open import open_controls, require_open
from cyberposture.services.catalogue.pinned import get_pinned
from cyberposture.services.register import Change, Register
from cyberposture.store import answer_imports, answering, answers, assessments, rounds
from cyberposture.store import evidence as evidence_store
from cyberposture.store.answer_imports import ImportRecord
from cyberposture.store.answers import AnswerRevision
from cyberposture.store.assessments import AssessmentRecord
from cyberposture.store.evidence_uses import end_use, list_uses
from cyberposture.store.layouts import get_layout


@dataclass(frozen=True)
class Imported:
    """What an import of answers did, in numbers, and the code by which it is undone."""

    answers: int
    evidence_files: int
    code: str


@dataclass(frozen=True)
class ImportView:
    """An import, and which of its answers somebody changed since."""

    record: ImportRecord
    changed: tuple[str, ...]


@dataclass(frozen=True)
class Undone:
    """What became of an import's answers: brought back, or changed since and left alone."""

    restored: tuple[str, ...]
    conflicts: tuple[str, ...]


def import_answers(
    register: Register, path: Path, institution: str, round_code: str, *, reason: str = ""
) -> Imported:
    """Write all answers of a file with their evidence, or nothing at all; return the numbers.

    Evidence that serves a control already goes on doing so beside what the file brings.

    Raises:
        InvalidInput: with each fault at its file and line; nothing was changed.
        NotAuthorised: one of the controls is in somebody else's hands.
        NotFound: institution, round or assessment is not there.
        WrongState: the round is closed, or the assessment takes no answers any more.
    """
    with register.reading() as connection:
        _, assessment = find_answerable(connection, institution, round_code)
        asked = set(get_layout(connection, assessment.layout))
        campaign = rounds.get_round(connection, round_code).round
        catalogue = get_pinned(register, connection, campaign.edition).catalogue
    sheet = read_answers(path)
    _require_for(sheet, path.name, institution, round_code)
    _require_answerable(sheet, catalogue, asked, latest_day(register.clock()))
    files = _read_files(sheet, path.parent)
    with register.change("answers-imported", institution, reason=reason) as change:
        change.institution_id = assessment.institution_id
        # The files took their time, and the round may have closed meanwhile.
        _, assessment = find_answerable(change.connection, institution, round_code)
        controls = [placed.row.control for placed in sheet.answers]
        require_open(change.connection, assessment, controls)
        require_own_parts(change.connection, assessment, change.by.actor, controls, change.now)
        if assessment.state != "clarification":
            assessments.record_state(
                change.connection, assessment.id, "answering", change.by, expected=OPEN_STATES
            )
        act = begin_import(change, assessment, kind=path.suffix.lstrip("."), file_name=path.name)
        _take_evidence(register, change, assessment, act.id, sheet=sheet, files=files)
        before = answers.list_answers(change.connection, assessment.id, controls=controls)
        behind = evidence_of(change.connection, assessment.id, controls)
        given = [_answer(placed, behind) for placed in sheet.answers]
        written = answering.record_answers(change.connection, assessment.id, given, change.by)
        finish_import(change, act, before, written)
        count = sum(len(placed.row.evidence) for placed in sheet.answers)
        change.tell(
            round=round_code,
            file=path.name,
            import_code=act.code,
            answers={revision.answer.control: revision.revision for revision in written},
            evidence_files=count,
        )
    return Imported(len(given), count, act.code)


def begin_import(
    change: Change, assessment: AssessmentRecord, *, kind: str, file_name: str
) -> ImportRecord:
    """Begin an import as an act of its own, the assessment being locked; whoever imports calls it.

    Raises:
        NotFound: there is no such assessment.
    """
    assessments.lock_assessment(change.connection, assessment.id)
    return answer_imports.insert_import(
        change.connection, assessment.institution_id, assessment.id, change.by,
        kind=kind, file_name=file_name,
    )  # fmt: skip


def finish_import(
    change: Change,
    act: ImportRecord,
    before: Mapping[str, AnswerRevision],
    written: Sequence[AnswerRevision],
) -> None:
    """Keep which revision of each answer an import wrote, and which one stood before it."""
    revisions = {}
    for one in written:
        control = one.answer.control
        last = before[control].revision if control in before else 0
        if one.revision != last:
            revisions[control] = (last, one.revision)
    answer_imports.record_written(change.connection, act.id, revisions)


def list_imports(register: Register, institution: str, round_code: str) -> list[ImportRecord]:
    """Return the imports of an assessment, newest first.

    Raises:
        NotFound: institution, round or assessment is not there.
    """
    with register.reading() as connection:
        _, assessment = find_parts(connection, institution, round_code)
        return answer_imports.list_imports(connection, assessment.id)


def view_imports(register: Register, institution: str, round_code: str) -> list[ImportView]:
    """Return the imports of an assessment, newest first, with what undoing would leave alone.

    Raises:
        NotFound: institution, round or assessment is not there.
    """
    with register.reading() as connection:
        _, assessment = find_parts(connection, institution, round_code)
        found = answer_imports.list_imports(connection, assessment.id)
        known = answers.list_answers(connection, assessment.id)
    return [
        ImportView(
            one,
            tuple(sorted(c for c, (_, own) in one.revisions.items() if known[c].revision != own)),
        )
        for one in found
    ]


def undo_import(
    register: Register, institution: str, round_code: str, code: str, *, reason: str = ""
) -> Undone:
    """Bring back what each answer said before an import, as a new revision; return what was done.

    An answer that somebody changed since stays as it is and is named. The files stay in the list
    of evidence; those that came with the import serve the answers brought back no more.

    Raises:
        NotFound: institution, round, assessment or import is not there.
        WrongState: it was undone already, or the assessment takes no answers any more.
    """
    with register.change("import-undone", institution, reason=reason) as change:
        change.institution_id, assessment = find_answerable(
            change.connection, institution, round_code
        )
        connection = change.connection
        assessments.lock_assessment(connection, assessment.id)
        act = answer_imports.get_import(connection, assessment.id, code, lock=True)
        if act.undone_at is not None:
            raise WrongState(f"the import {code} was undone already")
        known = answers.list_answers(connection, assessment.id, controls=list(act.revisions))
        shut = act.revisions.keys() - open_controls(connection, assessment)
        restored = sorted(
            control
            for control, (_, own) in act.revisions.items()
            if known[control].revision == own and control not in shut
        )
        _end_uses(change, assessment, act, restored)
        _bring_back(change, assessment, act, restored)
        conflicts = sorted(act.revisions.keys() - set(restored))
        told: dict[str, Any] = {"restored": restored, "conflicts": conflicts}
        answer_imports.record_undone(connection, act.id, told, change.by)
        change.tell(round=round_code, import_code=code, **told)
    return Undone(tuple(restored), tuple(conflicts))


def _end_uses(
    change: Change, assessment: AssessmentRecord, act: ImportRecord, controls: Sequence[str]
) -> None:
    for use in list_uses(change.connection, assessment.id, controls=controls):
        if use.import_id == act.id:
            end_use(change.connection, use.id, change.by)


def _bring_back(
    change: Change, assessment: AssessmentRecord, act: ImportRecord, controls: Sequence[str]
) -> None:
    """Write what each control's answer said before the import, with the files behind it now."""
    behind = evidence_of(change.connection, assessment.id, controls)
    for is_suggestion in (False, True):
        given = []
        for control in controls:
            before = _revision_of(change.connection, assessment.id, control, act)
            was_suggestion = before is not None and before.is_suggestion
            if was_suggestion is is_suggestion:
                said = Answer(control=control) if before is None else before.answer
                given.append(said.model_copy(update={"evidence": behind[control]}))
        answering.record_answers(
            change.connection, assessment.id, given, change.by, is_suggestion=is_suggestion
        )


def _revision_of(
    connection: Connection, assessment_id: UUID, control: str, act: ImportRecord
) -> AnswerRevision | None:
    number = act.revisions[control][0]
    known = answers.list_answer_revisions(connection, assessment_id, control)
    return next((one for one in known if one.revision == number), None)


def _require_for(sheet: AnswerSheet, name: str, institution: str, round_code: str) -> None:
    """Return if the sheet is for this institution and round, as far as it says."""
    faults = []
    if sheet.institution not in (None, institution):
        faults.append(Fault(name, f"holds the answers of {sheet.institution}"))
    if sheet.round not in (None, round_code):
        faults.append(Fault(name, f"holds answers for the round {sheet.round}"))
    if faults:
        raise InvalidInput(faults)


def _require_answerable(
    sheet: AnswerSheet, catalogue: Catalogue, asked: set[str], latest: date
) -> None:
    """Return if each of the answers is to a control that is asked and takes one."""
    faults = []
    for placed in sheet.answers:
        control = catalogue.find(placed.row.control)
        if control is None:
            faults.append(Fault(placed.where, f"no control {placed.row.control} in the catalogue"))
        elif control.evidence_mode == "N":
            faults.append(
                Fault(placed.where, f"{control.id} takes no answer: the network alone decides it")
            )
        elif any(piece.dated > latest for piece in placed.row.evidence):
            faults.append(Fault(placed.where, "evidence is dated in the future"))
        elif control.id not in asked:
            faults.append(Fault(placed.where, f"{control.id} is not asked in this assessment"))
    if faults:
        raise InvalidInput(faults)


def _read_files(sheet: AnswerSheet, folder: Path) -> dict[str, dict[str, bytes]]:
    """Return the bytes of every evidence file by control and file name, or raise all faults."""
    found: dict[str, dict[str, bytes]] = {}
    faults: list[Fault] = []
    for placed in sheet.answers:
        for piece in placed.row.evidence:
            try:
                data = read_evidence(folder, piece, placed.where)
                recognise(data, f"{placed.where}: evidence {piece.file!r}")
                found.setdefault(placed.row.control, {})[piece.file] = data
            except InvalidInput as error:
                faults.extend(error.faults)
    if faults:
        raise InvalidInput(faults)
    return found


def _take_evidence(
    register: Register,
    change: Change,
    assessment: AssessmentRecord,
    import_id: UUID,
    *,
    sheet: AnswerSheet,
    files: dict[str, dict[str, bytes]],
) -> None:
    """List the sheet's files as evidence and let them serve their controls."""
    owner = assessment.institution_id
    known = evidence_store.list_evidence(change.connection, owner)
    for placed in sheet.answers:
        for piece in placed.row.evidence:
            file = NewFile(files[placed.row.control][piece.file], Path(piece.file).name)
            said = Description(piece.title, piece.dated, piece.expires)
            record = list_file(change, owner, said, keep_file(register, change, file), known)
            use_piece(change, assessment, placed.row.control, record.code, import_id)


def _answer(placed: PlacedAnswer, behind: Mapping[str, Any]) -> Answer:
    row = placed.row
    return Answer(
        control=row.control,
        level=row.level,
        not_applicable=row.not_applicable,
        reason=row.reason,
        evidence=behind[row.control],
    )
