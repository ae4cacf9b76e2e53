"""Takes in what came back on a workbook or from a pack: answer by answer, once, with a receipt.

One file is one act: what it wrote stands under one code and can be undone by it. The same file
again changes nothing and gets the same receipt.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import rfc8785
from sqlalchemy import Connection

from cyberposture.errors import Fault, InvalidInput, NotAuthorised
from cyberposture.exchange.questionnaire.read import read_form
from cyberposture.model.offline import (
    Attested,
    BadPlace,
    Brought,
    HeldEvidence,
    Outcome,
    SealedPaper,
    SealedReceipt,
    Taken,
)
from cyberposture.services.assessments.answers_digest import answers_now
from cyberposture.services.assessments.asked import Asked, open_asked
from cyberposture.services.assessments.assess import find_answerable
from cyberposture.services.assessments.delegating import require_own_parts, roles_at
from cyberposture.services.assessments.offline.merging import Ground, Merged, merge
from cyberposture.services.assessments.offline.papers import (
    LANGUAGES,
    PAPER,
    words_in,
)
from cyberposture.services.assessments.offline.pieces_in import Arriving, list_pieces
from cyberposture.services.assessments.offline.receipts import (
    TAKEN_IN,
    find_receipt,
    get_receipt,
)
from cyberposture.services.assessments.pieces import (
    evidence_of,
    latest_day,
    refresh_answers,
    use_piece,
)
from cyberposture.services.assessments.still_open import open_controls
from cyberposture.services.register import Change, Register
from cyberposture.store import (
    answer_imports,
    answering,
    answers,
    assessments,
    attestations,
    evidence,
)
from cyberposture.store import offline_returns as returns
from cyberposture.store.attestations import AttestationRecord
from cyberposture.store.offline_returns import NewReturn, ReturnRecord
from cyberposture.store.seals import is_sealed

MAX_BYTES = 25_000_000
"""The largest workbook that is taken in."""
MOST_PIECES = 5_000
"""So many pieces of evidence an institution may list, where no setting says otherwise."""


@dataclass(frozen=True)
class Arrived:
    """A file as it came, read: the paper, what it brings, and who may correct it later."""

    file_name: str
    data: bytes
    paper: SealedPaper
    brought: Brought
    writer: str
    number: int = 1
    most_pieces: int = MOST_PIECES

    @property
    def sha256(self) -> str:
        """The digest of the bytes that came."""
        return hashlib.sha256(self.data).hexdigest()


@dataclass
class Listed:
    """The evidence that was listed: each code with its control, and what was not."""

    codes: dict[str, str] = field(default_factory=dict)
    faults: list[BadPlace] = field(default_factory=list)


def take_in_workbook(
    register: Register,
    reports: Path,
    institution: str,
    round_code: str,
    *,
    file_name: str,
    data: bytes,
) -> SealedReceipt:
    """Take in a workbook that was filled in, and return the receipt.

    Raises:
        InvalidInput: it is no workbook of this register, institution, round and edition.
        NotFound: institution, round or assessment is not there.
        WrongState: the round is closed, or the assessment takes no answers any more.
    """
    known = find_receipt(register, institution, round_code, data)
    if known is not None:
        return known
    languages = [words_in(reports, one) for one in LANGUAGES]
    paper, brought = read_form(file_name, data, languages)
    arrived = Arrived(file_name, data, paper, brought, writer=register.actor)
    return take_in(register, institution, round_code, arrived)


def take_in(
    register: Register, institution: str, round_code: str, arrived: Arrived
) -> SealedReceipt:
    """Take in what a file of a paper brought, and return the receipt; once for each file.

    Raises:
        InvalidInput: the paper is not of this register, institution, round or edition.
        NotFound: institution, round or assessment is not there.
        WrongState: the round is closed, or the assessment takes no answers any more.
    """
    known = find_receipt(register, institution, round_code, arrived.data)
    if known is not None:
        return known
    with register.reading() as connection:
        asked = open_asked(register, connection, institution, round_code)
    require_ours(register, asked, arrived.paper, arrived.file_name)
    with register.change(TAKEN_IN) as change:
        record = _take_in(register, change, asked, arrived)
    return get_receipt(register, institution, round_code, record.new.code)


def require_ours(register: Register, asked: Asked, sealed: SealedPaper, file_name: str) -> None:
    """Return if a paper was made here, for this institution, round and edition.

    Raises:
        InvalidInput: with everything that differs.
    """
    paper = sealed.paper
    if sealed.seal.key != register.audit.key or not is_sealed(
        sealed.seal, PAPER, paper.model_dump(mode="json")
    ):
        what = "it does not bear this register's seal: it was changed, or made elsewhere"
        raise InvalidInput(Fault(file_name, what))
    expected = {
        "institution": (paper.institution, asked.institution.code),
        "round": (paper.round, asked.campaign.round.code),
        "edition": (paper.edition, asked.campaign.round.edition),
    }
    faults = [
        Fault(file_name, f"it is for the {name} {found[:40]}, not {wanted[:40]}")
        for name, (found, wanted) in expected.items()
        if found != wanted
    ]
    if faults:
        raise InvalidInput(faults, advice="make a new one on the page “Work offline”")


def _take_in(register: Register, change: Change, asked: Asked, arrived: Arrived) -> ReturnRecord:
    connection, paper = change.connection, arrived.paper.paper
    institution, round_code = asked.institution.code, asked.campaign.round.code
    change.institution_id, assessment = find_answerable(connection, institution, round_code)
    assessments.lock_assessment(connection, assessment.id)
    act = answer_imports.insert_import(
        connection, assessment.institution_id, assessment.id, change.by,
        kind=paper.kind, file_name=arrived.file_name,
    )  # fmt: skip
    change.subject = act.code
    ground = _ground(register, connection, asked, arrived)
    merged = merge(arrived.brought.given, ground)
    arriving = Arriving(change, asked.assessment, arrived.brought, act.id, arrived.most_pieces)
    landed = list_pieces(register, arriving, ground, merged)
    behind = evidence_of(connection, assessment.id, [one.control for one in merged.answers])
    own = [one.model_copy(update={"evidence": behind[one.control]}) for one in merged.answers]
    written = answering.record_answers(connection, assessment.id, own, change.by)
    after = {one.answer.control: one.revision for one in written}
    alone = sorted(landed.controls - after.keys())
    after |= refresh_answers(change, assessment, alone)
    before = {control: one.revision for control, one in ground.now.items()}
    taken = {
        control: Taken(before=before.get(control, 0), after=revision)
        for control, revision in after.items()
    }
    answer_imports.record_written(
        connection, act.id, {control: (one.before, one.after) for control, one in taken.items()}
    )
    listed = _list_evidence(change, asked, arrived.brought.evidence, act.id)
    listed.faults.extend(landed.faults)
    outcome = _outcome(change, asked, arrived, merged, listed)
    outcome = outcome.model_copy(update={"taken": taken, "pieces": tuple(landed.pieces)})
    register.blobs.put(connection, assessment.institution_id, "return", arrived.data, change.by)
    new = NewReturn(
        act.code, paper.kind, paper.code, arrived.writer, arrived.number,
        arrived.file_name, arrived.sha256,
    )  # fmt: skip
    _tell(change, round_code, new, outcome)
    return returns.insert_return(
        connection, assessment.institution_id, assessment.id, new, change.by, outcome=outcome
    )


def _ground(register: Register, connection: Connection, asked: Asked, arrived: Arrived) -> Ground:
    paper = arrived.paper.paper
    earlier = returns.list_returns(connection, asked.assessment.id, paper=paper.code)
    own: dict[str, int] = {}
    for one in earlier:
        if one.new.writer == arrived.writer and one.new.number <= arrived.number:
            own |= {control: taken.after for control, taken in one.outcome.taken.items()}
    brought = arrived.brought
    served = [control for one in brought.pieces for control in one.controls]
    touched = list(dict.fromkeys([*(one.control for one in brought.given), *served]))
    return Ground(
        seen=answers.list_seen(connection, asked.assessment.id, paper.seen),
        now=answers.list_answers(connection, asked.assessment.id),
        own=own,
        open=open_controls(connection, asked.assessment),
        not_theirs=_not_theirs(register, connection, asked, touched),
    )


def _not_theirs(
    register: Register, connection: Connection, asked: Asked, controls: Collection[str]
) -> dict[str, str]:
    """Return the controls that whoever hands the file in may not answer, with the reason."""
    found: dict[str, str] = {}
    try:
        require_own_parts(connection, asked.assessment, register.actor, controls, register.clock())
        return found
    except NotAuthorised:
        pass  # Which of them it is, is asked one by one.
    for control in controls:
        try:
            require_own_parts(
                connection, asked.assessment, register.actor, [control], register.clock()
            )
        except NotAuthorised as error:
            found[control] = str(error).partition(": ")[2]
    return found


def _outcome(
    change: Change, asked: Asked, arrived: Arrived, merged: Merged, listed: Listed
) -> Outcome:
    faults = [*arrived.brought.faults, *merged.faults, *listed.faults]
    is_whole = not faults and not merged.clashes
    attested = _attest(change, asked, arrived, is_whole, faults)
    return Outcome(
        same=tuple(merged.same),
        unchanged=merged.unchanged,
        clashes=tuple(merged.clashes),
        faults=tuple(sorted(faults, key=lambda fault: fault.where)),
        evidence=listed.codes,
        attested=attested,
    )


def _list_evidence(
    change: Change,
    asked: Asked,
    held: Collection[HeldEvidence],
    import_id: UUID,
) -> Listed:
    """List what the institution keeps itself, each piece once, and let it serve its control."""
    connection, owner = change.connection, asked.institution_id
    known = {(one.title, one.dated, one.expires, one.place): one.code
             for one in evidence.list_evidence(connection, owner)
             if one.kind == "held"} if held else {}  # fmt: skip
    listed = Listed()
    for one in held:
        if one.dated > latest_day(change.now):
            what = "it is dated in the future"
            listed.faults.append(BadPlace(where=one.where, what=what))
            continue
        key = (one.title, one.dated, one.expires, one.place)
        if key not in known:
            known[key] = evidence.insert_evidence(
                connection, owner, change.by, kind="held", title=one.title, dated=one.dated,
                expires=one.expires, place=one.place, sha256=one.digest,
            ).code  # fmt: skip
        if use_piece(change, asked.assessment, one.control, known[key], import_id):
            listed.codes[known[key]] = one.control
    return listed


def _attest(
    change: Change, asked: Asked, arrived: Arrived, is_whole: bool, faults: list[BadPlace]
) -> Attested | None:
    """Record what a signatory wrote on the paper, where everything on it was taken."""
    signed, connection = arrived.brought.signed, change.connection
    if signed is None:
        return None
    now = answers_now(connection, asked.assessment)
    if not change.now.date() - timedelta(days=366) <= signed.day <= latest_day(change.now):
        what = f"the signature is of {signed.day}: it may be a year old, and not of tomorrow"
        faults.append(BadPlace(where=arrived.file_name, what=what))
        is_whole = False
    attested = Attested(signed=signed, answers=now.digest, is_whole=is_whole)
    roles = roles_at(connection, change.by.actor, asked.institution_id, change.now)
    if not is_whole or (roles and "institution-lead" not in roles):
        return attested
    number = attestations.next_number(connection, asked.assessment.id)
    attestations.insert_attestation(
        connection,
        AttestationRecord(
            institution_id=asked.institution_id,
            assessment_id=asked.assessment.id,
            number=number,
            digest=now.digest,
            revisions=now.revisions,
            method=arrived.paper.paper.kind,
            signatory="",
            signatory_name=signed.name,
            signed_on=signed.day,
            statement={
                "what": "cyberposture attestation on a paper 1",
                "paper": arrived.paper.paper.code,
                "sha256": arrived.sha256,
                "signed": signed.model_dump(mode="json"),
                "handed_in_by": change.by.actor,
            },
            signature="",
            act=change.by,
        ),
    )
    return attested.model_copy(update={"number": number})


def _tell(change: Change, round_code: str, new: NewReturn, outcome: Outcome) -> None:
    change.tell(
        round=round_code,
        kind=new.kind,
        paper=new.paper,
        writer=new.writer,
        number=new.number,
        file=new.file_name,
        sha256=new.sha256,
        taken={control: one.after for control, one in outcome.taken.items()},
        clashes=[one.control for one in outcome.clashes],
        faults=len(outcome.faults),
        evidence=sorted([*outcome.evidence, *(one.code for one in outcome.pieces)]),
        outcome_sha256=hashlib.sha256(rfc8785.dumps(outcome.model_dump(mode="json"))).hexdigest(),
    )
