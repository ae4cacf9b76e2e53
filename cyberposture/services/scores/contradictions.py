"""Contradictions: a claim of level 2 or 3 beside a failed check. They never edit the answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.errors import Fault, InvalidInput
from cyberposture.model.controls import Catalogue
from cyberposture.services.assessments.assess import FINAL_STATES
from cyberposture.services.findings.standing import CheckStanding
from cyberposture.services.register import Change, Register
from cyberposture.services.scores.basis import Basis
from cyberposture.store import assessments, institutions, rounds
from cyberposture.store import contradictions as store
from cyberposture.store.acts import Act
from cyberposture.store.contradictions import ContradictionRecord, ContradictionState

LONGEST_COMMENT = 3000
RoundState = Literal["open", "closed", "final"]


@dataclass(frozen=True)
class ContradictionView:
    """A contradiction with the codes of its institution and of the round of the claim.

    The institution can mend its claim while that round is open; once the round is final for it,
    the claim stands as it was scored.
    """

    institution: str
    round: str
    round_state: RoundState
    record: ContradictionRecord


def _failed_checks(
    control_id: str, catalogue: Catalogue, checks: Mapping[str, CheckStanding]
) -> list[CheckStanding]:
    control = catalogue.find(control_id)
    codes = {
        use.code for use in (control.observations if control else ()) if use.direction in ("C", "R")
    }
    return [one for one in checks.values() if one.check.observation in codes and one.tally.fail > 0]


def follow_contradictions(change: Change, basis: Basis) -> None:
    """Open what is contradicted now, and mark as corrected what is contradicted no more."""
    assessment, given = basis.assessment, basis.answers
    if assessment is None:
        return
    now: set[tuple[str, str]] = set()
    for scored in basis.result.controls:
        answer = given[scored.id].answer if scored.id in given else None
        if not scored.contradiction or answer is None or answer.answer.level is None:
            continue
        for one in _failed_checks(scored.id, basis.pinned.catalogue, basis.checks):
            now.add((scored.id, one.check.id))
            present = store.find_contradiction(
                change.connection, assessment.id, scored.id, one.check.id
            )
            if present is None:
                store.insert_contradiction(
                    change.connection,
                    assessment.institution_id,
                    assessment.id,
                    change.by,
                    control=scored.id,
                    check=one.check.id,
                    finding_id=None,
                    answer_revision=answer.revision,
                    level=answer.answer.level,
                )
            elif present.state == "corrected":
                again = Act(change.by.actor, "the network shows it again", change.now)
                store.record_state(change.connection, present.code, "open", again)
    for record in store.list_contradictions(
        change.connection, assessment_id=assessment.id, states=("open", "disputed", "explained")
    ):
        if (record.control, record.check) not in now:
            over = Act(change.by.actor, "claim and network agree now", change.now)
            store.record_state(change.connection, record.code, "corrected", over)


def list_contradictions(
    register: Register, institution: str | None = None
) -> list[ContradictionView]:
    """Return the contradictions of an institution, or of all, in the order in which they opened.

    Raises:
        NotFound: the institution is not in the register.
    """
    with register.reading() as connection:
        institution_id = institutions.get_owner_id(connection, institution)
        found = store.list_contradictions(connection, institution_id=institution_id)
        return _views(connection, found, institution_id)


def get_contradiction(register: Register, code: str) -> ContradictionView:
    """Return one contradiction.

    Raises:
        NotFound: there is no such contradiction.
    """
    with register.reading() as connection:
        record = store.get_contradiction(connection, code)
        (view,) = _views(connection, [record], record.institution_id)
        return view


def _views(
    connection: Connection, records: list[ContradictionRecord], institution_id: UUID | None
) -> list[ContradictionView]:
    found = assessments.list_assessments(connection, institution_id=institution_id)
    of = {assessment.id: assessment for assessment in found}
    closed = {one.id for one in rounds.list_rounds(connection) if one.closed_at is not None}

    def view(record: ContradictionRecord) -> ContradictionView:
        claimed = of[record.assessment_id]
        state: RoundState = "closed" if claimed.round_id in closed else "open"
        if claimed.state in FINAL_STATES:
            state = "final"
        return ContradictionView(claimed.institution, claimed.round, state, record)

    return [view(record) for record in records]


def comment(register: Register, code: str, text: str) -> None:
    """Keep the institution's comment; it is printed beside the contradiction.

    Raises:
        InvalidInput: nothing is said, or too much.
        NotFound: there is no such contradiction.
    """
    _require_text(text)
    with register.change("contradiction-commented", code) as change:
        record = store.get_contradiction(change.connection, code)
        change.institution_id = record.institution_id
        store.record_comment(change.connection, code, text, change.by)
        change.tell(comment=text)


def remark(register: Register, code: str, text: str) -> None:
    """Keep what the CERT says to a contradiction, for the institution to read.

    Raises:
        InvalidInput: nothing is said, or too much.
        NotFound: there is no such contradiction.
    """
    _require_text(text)
    with register.change("contradiction-remarked", code) as change:
        record = store.get_contradiction(change.connection, code)
        change.institution_id = record.institution_id
        store.record_remark(change.connection, code, text, change.by)
        change.tell(remark=text)


def _require_text(text: str) -> None:
    if not text.strip():
        raise InvalidInput(Fault("text", "say something"))
    if len(text) > LONGEST_COMMENT:
        raise InvalidInput(Fault("text", f"at most {LONGEST_COMMENT} characters"))


def mark(register: Register, code: str, state: ContradictionState, *, reason: str) -> None:
    """Move a contradiction to another state, with the reason.

    Raises:
        NotFound: there is no such contradiction.
        WrongState: it is in that state already.
    """
    with register.change("contradiction-marked", code, reason=reason) as change:
        record = store.record_state(change.connection, code, state, change.by)
        change.institution_id = record.institution_id
        change.tell(state=state)
