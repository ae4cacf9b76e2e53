"""Assessments: opened, answered from files, reviewed, submitted; finalising freezes the score."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.errors import Fault, InvalidInput, NotFound, WrongState
from cyberposture.exchange.answers import AnswerSheet, PlacedAnswer, read_answers, read_evidence
from cyberposture.model.assessments import Answer, Evidence, Review
from cyberposture.model.controls import Catalogue, Profile
from cyberposture.model.institutions import Institution
from cyberposture.model.life import AssessmentState
from cyberposture.services.assessments.carrying import carry_over
from cyberposture.services.assessments.still_open import require_open
from cyberposture.services.catalogue.pinned import get_pinned
from cyberposture.services.register import Change, Register
from cyberposture.store import answering, answers, assessments, institutions, rounds
from cyberposture.store.answers import Standing
from cyberposture.store.assessments import AssessmentRecord
from cyberposture.store.rounds import RoundRecord

FINAL_STATES: tuple[AssessmentState, ...] = ("finalised", "archived")
OPEN_STATES: tuple[AssessmentState, ...] = ("planned", "scoping", "answering", "clarification")
"""In these the institution may answer."""


@dataclass(frozen=True)
class Imported:
    """What an import of answers did, in numbers."""

    answers: int
    evidence_files: int


def find_parts(
    connection: Connection, institution: str, round_code: str
) -> tuple[UUID, AssessmentRecord]:
    """Return the institution's id and its assessment in the round.

    Raises:
        NotFound: institution, round or assessment is not there.
    """
    institution_id = institutions.get_institution_id(connection, institution)
    round_id = rounds.get_round(connection, round_code).id
    return institution_id, assessments.get_assessment(connection, institution_id, round_id)


def _get_open_round(connection: Connection, code: str) -> RoundRecord:
    """Return the round, in which institutions still answer."""
    found = rounds.get_round(connection, code)
    if found.closed_at is not None:
        raise WrongState(
            f"the round {code} is closed; it takes no more answers",
            advice="see which are open: cyberposture round list",
        )
    return found


def find_answerable(
    connection: Connection, institution: str, round_code: str
) -> tuple[UUID, AssessmentRecord]:
    """Return what `find_parts` does, of an assessment that its institution still answers.

    Raises:
        NotFound: institution, round or assessment is not there.
        WrongState: the round is closed, or the assessment takes no answers any more.
    """
    found = find_parts(connection, institution, round_code)
    state = found[1].state
    if state in FINAL_STATES:
        raise WrongState(
            f"the assessment of {institution} in {round_code} is {state}",
            advice="a later round takes the answers",
        )
    _get_open_round(connection, round_code)
    if state not in OPEN_STATES:
        raise WrongState(
            f"the assessment of {institution} in {round_code} is {state}",
            advice="its answers change only where a reviewer asks for clarification",
        )
    return found


def _asked(catalogue: Catalogue, institution: Institution, named: str | None) -> Profile:
    """Return the profile that was named, if it is for this tier; without a name, the tier's own."""
    if named is None:
        return catalogue.profile_of(institution.tier)
    profile = catalogue.find_profile(named)
    if profile is None:
        known = ", ".join(one.id for one in catalogue.profiles)
        raise NotFound("profile", named, advice=f"there are: {known}")
    if profile.tier != institution.tier:
        raise WrongState(
            f"the profile {named} is for tier {profile.tier}, "
            f"and {institution.code} is of tier {institution.tier}"
        )
    return profile


def open_assessment(
    register: Register,
    institution: str,
    round_code: str,
    *,
    profile: str | None = None,
    carries_over: bool = True,
    reason: str = "",
) -> AssessmentRecord:
    """Open an institution's assessment in a round, for a profile of its tier; return it.

    Without `profile` it is the one that holds all that the tier is asked. What the institution
    answered last comes along as suggestions, which are nobody's word until touched; without
    `carries_over` it begins empty.

    Raises:
        NotFound: institution, round or profile is not there.
        WrongState: there is one already, the round is closed, or the profile is of another tier.
    """
    with register.change("assessment-opened", institution, reason=reason) as change:
        now = register.clock()
        record = institutions.get_institution(change.connection, institution, as_of=now)
        campaign = _get_open_round(change.connection, round_code)
        pinned = get_pinned(register, change.connection, campaign.round.edition)
        catalogue = pinned.catalogue
        change.institution_id = record.id
        asked = _asked(catalogue, record.institution, profile)
        clocks = catalogue.clocks(record.institution.sectors, now.date())
        opened = assessments.insert_assessment(
            change.connection,
            record.id,
            campaign.id,
            change.by,
            controls=[control.id for control in catalogue.of_profile(asked)],
            evidence_age_days=clocks.evidence_age_days,
            scope={"features": list(record.institution.features), "profile": asked.id},
            state="answering",
        )
        change.tell(round=round_code, profile=asked.id, controls=opened.controls)
        if carries_over:
            carry_over(register, change, opened, pinned)
    return opened


def list_assessments(
    register: Register, *, institution: str | None = None, round_code: str | None = None
) -> list[AssessmentRecord]:
    """Return assessments by round and institution.

    Raises:
        NotFound: institution or round is not in the register.
    """
    with register.reading() as connection:
        institution_id = institutions.get_owner_id(connection, institution)
        round_id = None if round_code is None else rounds.get_round(connection, round_code).id
        return assessments.list_assessments(
            connection, institution_id=institution_id, round_id=round_id
        )


def list_standing(
    register: Register, institution: str, round_code: str, *, as_of: datetime | None = None
) -> dict[str, Standing]:
    """Return what counts for each control that was answered or reviewed, by control.

    Raises:
        NotFound: institution, round or assessment is not there.
    """
    with register.reading() as connection:
        _, assessment = find_parts(connection, institution, round_code)
        return answers.list_standing(connection, assessment.id, as_of=as_of)


def _get_catalogue(register: Register, connection: Connection, round_code: str) -> Catalogue:
    """Return the catalogue under which a round asks."""
    campaign = rounds.get_round(connection, round_code).round
    return get_pinned(register, connection, campaign.edition).catalogue


def _checked_sheet(
    path: Path,
    institution: str,
    round_code: str,
    *,
    latest: date,
    catalogue: Catalogue,
    asked: set[str],
) -> AnswerSheet:
    """Return the sheet after comparing it with the catalogue and with whom it is for."""
    sheet = read_answers(path)
    faults = []
    if sheet.institution is not None and sheet.institution != institution:
        faults.append(Fault(path.name, f"holds the answers of {sheet.institution}"))
    if sheet.round is not None and sheet.round != round_code:
        faults.append(Fault(path.name, f"holds answers for the round {sheet.round}"))
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
    return sheet


def _read_files(sheet: AnswerSheet, folder: Path) -> dict[str, dict[str, bytes]]:
    """Return the bytes of every evidence file by control and file name, or raise all faults."""
    found: dict[str, dict[str, bytes]] = {}
    faults: list[Fault] = []
    for placed in sheet.answers:
        for piece in placed.row.evidence:
            try:
                data = read_evidence(folder, piece, placed.where)
                found.setdefault(placed.row.control, {})[piece.file] = data
            except InvalidInput as error:
                faults.extend(error.faults)
    if faults:
        raise InvalidInput(faults)
    return found


def _answer(
    register: Register, change: Change, placed: PlacedAnswer, files: dict[str, bytes]
) -> Answer:
    row = placed.row
    pieces = []
    for piece in row.evidence:
        data = files[piece.file]
        sha256 = register.blobs.put(
            change.connection, change.institution_id, "evidence", data, change.by
        )
        pieces.append(
            Evidence(
                title=piece.title,
                sha256=sha256,
                size_bytes=len(data),
                file_name=Path(piece.file).name,
                dated=piece.dated,
                expires=piece.expires,
            )
        )
    return Answer(
        control=row.control,
        level=row.level,
        not_applicable=row.not_applicable,
        reason=row.reason,
        evidence=tuple(pieces),
    )


def import_answers(
    register: Register, path: Path, institution: str, round_code: str, *, reason: str = ""
) -> Imported:
    """Write all answers of a file with their evidence, or nothing at all; return the numbers.

    Raises:
        InvalidInput: with each fault at its file and line; nothing was changed.
        NotFound: institution, round or assessment is not there.
        WrongState: the round is closed, or the assessment takes no answers any more.
    """
    with register.reading() as connection:
        _, assessment = find_answerable(connection, institution, round_code)
        asked = set(assessments.get_layout(connection, assessment.layout))
        catalogue = _get_catalogue(register, connection, round_code)
    # Somewhere on earth it is tomorrow already, up to fourteen hours ahead of UTC.
    latest = (register.clock() + timedelta(hours=14)).date()
    sheet = _checked_sheet(
        path, institution, round_code, latest=latest, catalogue=catalogue, asked=asked
    )
    files = _read_files(sheet, path.parent)
    with register.change("answers-imported", institution, reason=reason) as change:
        change.institution_id = assessment.institution_id
        # The files took their time, and the round may have closed meanwhile.
        _, assessment = find_answerable(change.connection, institution, round_code)
        require_open(change.connection, assessment, [one.row.control for one in sheet.answers])
        if assessment.state != "clarification":
            assessments.record_state(
                change.connection, assessment.id, "answering", change.by, expected=OPEN_STATES
            )
        given = [
            _answer(register, change, placed, files.get(placed.row.control, {}))
            for placed in sheet.answers
        ]
        written = answering.record_answers(change.connection, assessment.id, given, change.by)
        count = sum(len(answer.evidence) for answer in given)
        change.tell(
            round=round_code,
            file=path.name,
            answers={revision.answer.control: revision.revision for revision in written},
            evidence_files=count,
        )
    return Imported(len(given), count)


def review(register: Register, institution: str, round_code: str, given: Review) -> None:
    """Record a reviewer's own level and grade beside the claim.

    Raises:
        InvalidInput: the control takes no review.
        NotFound: institution, round, assessment or control is not there.
        WrongState: not applicable is approved where nobody claims it, or the assessment is final.
    """
    with register.change("reviewed", f"{institution}/{given.control}") as change:
        catalogue = _get_catalogue(register, change.connection, round_code)
        control = catalogue.find(given.control)
        if control is not None and control.evidence_mode == "N":
            what = f"{control.id} takes no review: the network alone decides it"
            raise InvalidInput(Fault("arguments", what))
        institution_id, assessment = find_parts(change.connection, institution, round_code)
        change.institution_id = institution_id
        if assessment.state in FINAL_STATES:
            raise WrongState(
                f"the assessment of {institution} in {round_code} is {assessment.state}",
                advice="a later round takes the review",
            )
        present = answers.list_answers(change.connection, assessment.id, controls=[given.control])
        revision = present[given.control].revision if given.control in present else 0
        answering.record_review(
            change.connection, assessment.id, given, change.by, answer_revision=revision
        )
        change.tell(round=round_code, review=given.model_dump(mode="json"))


def submit(register: Register, institution: str, round_code: str, *, reason: str = "") -> None:
    """Hand the answers in: from now on the institution changes them only when asked to.

    Raises:
        NotFound: institution, round or assessment is not there.
        WrongState: it was handed in already, or the round is closed.
    """
    with register.change("submitted", institution, reason=reason) as change:
        institution_id, assessment = find_answerable(change.connection, institution, round_code)
        change.institution_id = institution_id
        assessments.record_state(
            change.connection, assessment.id, "submitted", change.by, expected=OPEN_STATES
        )
        change.tell(round=round_code)
