"""Handing in: what stands in the way, the frozen revisions with their digest, and the receipt."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection

from cyberposture.errors import NotFound, WrongState
from cyberposture.services.assessments.answers_digest import answers_now, find_attested
from cyberposture.services.assessments.asked import is_said, open_asked, takes_answer
from cyberposture.services.assessments.assess import OPEN_STATES, find_answerable, find_parts
from cyberposture.services.assessments.still_open import asked_again
from cyberposture.services.register import Change, Register
from cyberposture.store import assessments, audit, rounds
from cyberposture.store.assessments import AssessmentRecord, SubmissionRecord
from cyberposture.store.attestations import list_attestations
from cyberposture.store.audit import AuditEntry
from cyberposture.store.codes import new_code
from cyberposture.store.heads import SignedHead
from cyberposture.store.steps import take_step

BlockerKind = Literal[
    "state", "closed", "clarification", "unanswered", "unconfirmed", "not-attested", "fallen"
]
_HANDED_IN = "submitted"
"""The kind of the audit entry that a receipt names."""


@dataclass(frozen=True)
class Blocker:
    """One thing that stands in the way of handing in, and the controls that it is about."""

    kind: BlockerKind
    controls: tuple[str, ...] = ()


@dataclass(frozen=True)
class Receipt:
    """What an institution holds in its hand: what it handed in, and where that stands on record."""

    institution: str
    round: str
    submission: SubmissionRecord
    signatory_name: str
    method: str
    """How it was attested; empty where it was not."""
    entry: AuditEntry | None
    """The entry of the institution's chain that says so."""
    head: SignedHead | None
    """The signed head of that chain as it stands now."""


def list_blockers(register: Register, institution: str, round_code: str) -> tuple[Blocker, ...]:
    """Return what stands in the way of handing in, in the order in which people clear it.

    Raises:
        NotFound: institution, round or assessment is not there.
    """
    with register.reading() as connection:
        _, assessment = find_parts(connection, institution, round_code)
        return _blockers(register, connection, assessment)


def submit(
    register: Register,
    institution: str,
    round_code: str,
    *,
    only_whole: bool = False,
    reason: str = "",
) -> SubmissionRecord:
    """Hand the answers in, frozen under their digest: they change now only when asked about.

    With `only_whole` nothing is handed in while something stands in the way; without, the receipt
    says what was missing. In clarification each question is replied to instead.

    Raises:
        NotFound: institution, round or assessment is not there.
        WrongState: it was handed in already, the round is closed, or something stands in the way.
    """
    with register.change(_HANDED_IN, institution, reason=reason) as change:
        connection = change.connection
        change.institution_id, assessment = find_answerable(connection, institution, round_code)
        assessments.lock_assessment(connection, assessment.id)
        if assessment.state == "clarification":
            raise WrongState(
                f"the assessment of {institution} in {round_code} is in clarification",
                advice="reply to each question of the reviewers; then the review goes on",
            )
        missing = _blockers(register, connection, assessment)
        if only_whole and missing:
            kinds = ", ".join(one.kind for one in missing)
            raise WrongState(
                f"something stands in the way: {kinds}", advice="see the list on the summary page"
            )
        record = _freeze(change, assessment)
        change.tell(
            round=round_code,
            receipt=record.receipt,
            digest=record.digest,
            answers=len(record.revisions),
            attestation=record.attestation,
            missing={one.kind: list(one.controls) for one in missing},
        )
    return record


def _freeze(change: Change, assessment: AssessmentRecord) -> SubmissionRecord:
    """Keep which revision of each answer is handed in, and under which attestation."""
    connection = change.connection
    attested = find_attested(connection, assessment)
    holding = attested.record if attested is not None and attested.holds else None
    now = answers_now(connection, assessment)
    take_step(connection, assessment.id, "hand in", change.by)
    return assessments.record_submission(
        connection,
        assessment.id,
        change.by,
        revisions=now.revisions,
        digest=now.digest,
        signatory="" if holding is None else holding.signatory or holding.signatory_name,
        signature="" if holding is None else holding.signature,
        attestation=None if holding is None else holding.number,
        receipt=new_code("r"),
    )


def list_submissions(
    register: Register, institution: str, round_code: str
) -> list[SubmissionRecord]:
    """Return what was handed in, oldest first.

    Raises:
        NotFound: institution, round or assessment is not there.
    """
    with register.reading() as connection:
        _, assessment = find_parts(connection, institution, round_code)
        return assessments.list_submissions(connection, assessment.id)


def get_receipt(register: Register, institution: str, round_code: str, name: str) -> Receipt:
    """Return the receipt of what was handed in, by its code or its number.

    Raises:
        NotFound: institution, round or assessment is not there, or it was not handed in so often.
    """
    with register.reading() as connection:
        owner, assessment = find_parts(connection, institution, round_code)
        known = assessments.list_submissions(connection, assessment.id)
        found = next((one for one in known if name in (str(one.number), one.receipt)), None)
        if found is None:
            raise NotFound("receipt", name)
        # They are streamed: a stream that is left half-way keeps its cursor open.
        entries = list(
            audit.list_entries(
                connection, institution_id=owner, kind=_HANDED_IN, since=found.act.at
            )
        )
        entry = next((e for e in entries if e.data.get("receipt") == found.receipt), None)
        named = _attestation_of(connection, assessment, found)
        return Receipt(
            institution, round_code, found, *named, entry, audit.find_head(connection, owner)
        )


def _attestation_of(
    connection: Connection, assessment: AssessmentRecord, one: SubmissionRecord
) -> tuple[str, str]:
    for record in list_attestations(connection, assessment.id):
        if record.number == one.attestation:
            return record.signatory_name, record.method
    return "", ""


def _blockers(
    register: Register, connection: Connection, assessment: AssessmentRecord
) -> tuple[Blocker, ...]:
    campaign = rounds.get_round(connection, assessment.round)
    if assessment.state not in OPEN_STATES:
        return (Blocker("state"),)
    if campaign.closed_at is not None:
        return (Blocker("closed"),)
    if assessment.state == "clarification":
        again = sorted(asked_again(connection, assessment.id))
        return (Blocker("clarification", tuple(again)),)
    asked = open_asked(register, connection, assessment.institution, assessment.round)
    unanswered: list[str] = []
    unconfirmed: list[str] = []
    for control in asked.controls:
        said = asked.given.get(control.id)
        if not takes_answer(control) or is_said(said):
            continue
        (unconfirmed if said is not None and said.is_suggestion else unanswered).append(control.id)
    found = []
    if unanswered:
        found.append(Blocker("unanswered", tuple(unanswered)))
    if unconfirmed:
        found.append(Blocker("unconfirmed", tuple(unconfirmed)))
    attested = find_attested(connection, assessment)
    if attested is None:
        found.append(Blocker("not-attested"))
    elif not attested.holds:
        found.append(Blocker("fallen", tuple(one.control for one in attested.changed)))
    return tuple(found)
