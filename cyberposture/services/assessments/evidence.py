"""An institution's evidence: files, links, our observations, and what it holds itself.

A piece serves as many controls as it convinces of. Nothing of it is deleted: a piece is replaced by
a revision or withdrawn, and its use for a control ends. Only a file, and what a reviewer saw where
the institution holds it, raises the grade of an answer.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import rfc8785

from cyberposture.errors import Fault, InvalidInput, NotFound, WrongState
from cyberposture.exchange.file_kinds import UnfitFile
from cyberposture.services.assessments.assess import FINAL_STATES, find_answerable
from cyberposture.services.assessments.delegating import require_own_parts
from cyberposture.services.assessments.pieces import (
    LONGEST_PLACE,
    LONGEST_TITLE,
    Description,
    Limits,
    NewFile,
    is_address,
    keep_file,
    refresh_answers,
    require_room,
    use_piece,
)
from cyberposture.services.assessments.still_open import open_controls, require_open
from cyberposture.services.catalogue.pinned import get_pinned
from cyberposture.services.findings.standing import standing_of
from cyberposture.services.register import Change, Register
from cyberposture.store import assessments, institutions
from cyberposture.store import evidence as store
from cyberposture.store.answer_rows import rebuild_row
from cyberposture.store.assessments import AssessmentRecord
from cyberposture.store.evidence import EvidenceRecord
from cyberposture.store.evidence_uses import end_use, list_uses, list_uses_of
from cyberposture.store.layouts import get_layout

_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Added:
    """A piece that was added, or was there already under the same digest."""

    record: EvidenceRecord
    was_there: bool = False


@dataclass(frozen=True)
class Use:
    """Which control of which round a piece is to serve."""

    round_code: str
    control: str


def add_file(
    register: Register,
    institution: str,
    file: NewFile,
    said: Description,
    *,
    limits: Limits,
    use: Use | None = None,
) -> Added:
    """Keep a file as evidence and return it; the same file is listed once.

    Raises:
        UnfitFile: it is empty, too large, or of no kind that is taken.
        InvalidInput: what is said of it is not as it should be.
        NotFound: institution, round, assessment or control is not there.
        WrongState: the list is full, or the control takes no evidence any more.
    """
    _require_small(file, limits)
    said.require_sound(register.clock())
    with register.change("evidence-added") as change:
        _owner(change, institution)
        kept = keep_file(register, change, file)
        assert change.institution_id is not None
        present = store.find_by_digest(
            change.connection, change.institution_id, str(kept["sha256"])
        )
        if present is not None and present.kind == "file":
            return Added(_used(register, change, institution, present, use), was_there=True)
        require_room(change.connection, change.institution_id, limits.most_pieces)
        record = _insert(change, "file", said, **kept)
        return Added(_used(register, change, institution, record, use))


def add_link(
    register: Register,
    institution: str,
    address: str,
    said: Description,
    *,
    limits: Limits,
    use: Use | None = None,
) -> Added:
    """List the address of a page as evidence: a pointer for the reviewer, which raises no grade.

    Raises: as `add_file`.
    """
    if not is_address(address):
        raise InvalidInput(Fault("place", "an address that begins with https:// or http://"))
    return _list(register, institution, said, limits=limits, use=use, kind="link", place=address)


def hold(
    register: Register,
    institution: str,
    said: Description,
    *,
    sha256: str,
    place: str,
    limits: Limits,
    use: Use | None = None,
) -> Added:
    """List what the institution keeps itself: digest, title and place; a reviewer looks there.

    Paper has no digest of its own: with an empty one, that of its title, place and day stands for
    it (SHA-256 over RFC 8785 JSON), so that another description is another piece.

    Raises: as `add_file`.
    """
    faults = []
    if not sha256:
        told = {"title": said.title, "place": place.strip(), "dated": said.dated.isoformat()}
        sha256 = hashlib.sha256(rfc8785.dumps(told)).hexdigest()
    if not _DIGEST.fullmatch(sha256):
        faults.append(Fault("sha256", "a SHA-256 digest: 64 hexadecimal digits"))
    if not 1 <= len(place.strip()) <= LONGEST_PLACE:
        faults.append(Fault("place", f"where it is, in 1 to {LONGEST_PLACE} characters"))
    if faults:
        raise InvalidInput(faults)
    return _list(
        register, institution, said, limits=limits, use=use, kind="held", place=place, sha256=sha256
    )


def add_observation(
    register: Register, institution: str, check: str, *, limits: Limits, use: Use | None = None
) -> Added:
    """List what the network shows of a check as evidence; the check itself moves the grade.

    Raises:
        NotFound: there is no such check, or nothing was seen of it yet.
        WrongState: the network speaks against it, or the control takes no evidence any more.
    """
    with register.reading() as connection:
        now = register.clock()
        record = institutions.get_institution(connection, institution, as_of=now)
        catalogue = get_pinned(register, connection, None).catalogue
        clocks = catalogue.clocks(record.institution.sectors, now.date())
        known = standing_of(register, connection, record.id, now, None, clocks=clocks)
    standing = known.get(check)
    if standing is not None and standing.tally.fail + standing.tally.fresh:
        raise WrongState(f"the network speaks against {check}", advice="see the finding")
    if standing is None or not standing.tally.passed:
        raise NotFound("observation", check, advice="only what was seen to be well can serve")
    said = Description(standing.check.title[:LONGEST_TITLE], now.date())
    return _list(
        register, institution, said, limits=limits, use=use, kind="observation", place=check
    )


def replace_file(
    register: Register,
    institution: str,
    code: str,
    file: NewFile,
    said: Description,
    *,
    limits: Limits,
) -> EvidenceRecord:
    """Put a new file in the place of a piece, as its next revision; answers still open follow.

    Raises:
        UnfitFile: the file is empty, too large, or of no kind that is taken.
        InvalidInput: what is said of it is not as it should be.
        NotFound: the institution has no such evidence.
        WrongState: it was withdrawn, or is no file.
    """
    _require_small(file, limits)
    said.require_sound(register.clock())

    def values(change: Change, present: EvidenceRecord) -> dict[str, Any]:
        if present.kind != "file":
            raise WrongState(f"{code} is no file", advice="withdraw it and add a file")
        kept = keep_file(register, change, file)
        told = {"title": said.title, "dated": said.dated, "expires": said.expires}
        return {**kept, **told, "keeper": said.keeper}

    return _revise(register, "evidence-replaced", institution, code, values)


def withdraw(register: Register, institution: str, code: str, *, reason: str) -> EvidenceRecord:
    """Let a piece speak for nothing any more; it stays on record, and so does its file.

    Raises:
        NotFound: the institution has no such evidence.
        WrongState: it was withdrawn already.
    """

    def values(change: Change, _: EvidenceRecord) -> dict[str, Any]:
        return {"withdrawn_at": change.now}

    return _revise(register, "evidence-withdrawn", institution, code, values, reason=reason)


def confirm_seen(register: Register, institution: str, code: str, *, reason: str) -> EvidenceRecord:
    """Record that a reviewer saw where the institution holds it what this piece says; return it.

    `reason` says what was compared, for it stands in the place of the file.

    Raises:
        NotFound: the institution has no such evidence.
        WrongState: it is nothing that the institution holds itself, or was withdrawn.
    """

    def values(change: Change, present: EvidenceRecord) -> dict[str, Any]:
        if present.kind != "held":
            raise WrongState(f"{code} is not held by the institution: open it and look")
        return {"seen_at": change.now, "seen_by": change.by.actor}

    if not reason.strip():
        raise InvalidInput(Fault("reason", "what was seen and compared"))
    return _revise(register, "evidence-seen", institution, code, values, reason=reason)


def attach(register: Register, institution: str, use: Use, code: str) -> bool:
    """Let a piece serve a control too; return False where it does already.

    Raises:
        NotFound: round, assessment, control or evidence is not there.
        WrongState: the control takes no evidence any more, or the piece was withdrawn.
    """
    with register.change("evidence-attached", code) as change:
        _owner(change, institution)
        assert change.institution_id is not None
        record = store.get_evidence(change.connection, change.institution_id, code)
        if record.withdrawn_at is not None:
            raise WrongState(f"the evidence {code} was withdrawn")
        return _use(register, change, institution, record, use)


def detach(register: Register, institution: str, use: Use, code: str, *, reason: str = "") -> None:
    """Let a piece serve a control no more; that it did stays on record.

    Raises:
        NotFound: round, assessment or control is not there, or the piece does not serve it.
        WrongState: the control takes no changes any more.
    """
    with register.change("evidence-detached", code, reason=reason) as change:
        _owner(change, institution)
        assessment = _open_assessment(register, change, institution, use)
        uses = list_uses(change.connection, assessment.id, controls=[use.control])
        present = next((one for one in uses if one.evidence_code == code), None)
        if present is None:
            raise NotFound("evidence of this control", code)
        end_use(change.connection, present.id, change.by)
        written = refresh_answers(change, assessment, [use.control])
        _count_anew(change, assessment)
        change.tell(round=use.round_code, control=use.control, answers=written)


def _require_small(file: NewFile, limits: Limits) -> None:
    if len(file.data) > limits.most_bytes:
        raise UnfitFile("too-large")


def _owner(change: Change, institution: str) -> None:
    change.institution_id = institutions.get_institution_id(change.connection, institution)


def _insert(change: Change, kind: Any, said: Description, **more: Any) -> EvidenceRecord:
    assert change.institution_id is not None
    record = store.insert_evidence(
        change.connection, change.institution_id, change.by, kind=kind, title=said.title,
        dated=said.dated, expires=said.expires, keeper=said.keeper, **more,
    )  # fmt: skip
    change.tell(kind=kind, title=said.title, sha256=record.sha256, place=record.place)
    return record


def _list(
    register: Register,
    institution: str,
    said: Description,
    *,
    limits: Limits,
    use: Use | None,
    **columns: Any,
) -> Added:
    said.require_sound(register.clock())
    with register.change("evidence-added") as change:
        _owner(change, institution)
        assert change.institution_id is not None
        require_room(change.connection, change.institution_id, limits.most_pieces)
        kind = columns.pop("kind")
        return Added(
            _used(register, change, institution, _insert(change, kind, said, **columns), use)
        )


def _used(
    register: Register,
    change: Change,
    institution: str,
    record: EvidenceRecord,
    use: Use | None,
) -> EvidenceRecord:
    change.subject = record.code
    if use is not None:
        _use(register, change, institution, record, use)
    return record


def _use(
    register: Register, change: Change, institution: str, record: EvidenceRecord, use: Use
) -> bool:
    assessment = _open_assessment(register, change, institution, use)
    is_new = use_piece(change, assessment, use.control, record.code)
    written = refresh_answers(change, assessment, [use.control])
    if record.kind == "held":
        _count_anew(change, assessment)
    change.tell(round=use.round_code, control=use.control, is_new=is_new, answers=written)
    return is_new


def _count_anew(change: Change, assessment: AssessmentRecord) -> None:
    """Make the compact row anew: what a reviewer saw counts without a revision of the answer."""
    if assessment.state not in FINAL_STATES and assessment.answered + assessment.reviewed:
        rebuild_row(change.connection, assessment.id, change.now)


def _open_assessment(
    register: Register, change: Change, institution: str, use: Use
) -> AssessmentRecord:
    """Return the assessment, locked, if the institution may still change this control in it."""
    _, assessment = find_answerable(change.connection, institution, use.round_code)
    assessments.lock_assessment(change.connection, assessment.id)
    if use.control not in get_layout(change.connection, assessment.layout):
        raise NotFound("control in this assessment", use.control)
    require_open(change.connection, assessment, [use.control])
    require_own_parts(change.connection, assessment, change.by.actor, [use.control], change.now)
    return assessment


def _revise(
    register: Register,
    kind: str,
    institution: str,
    code: str,
    values: Callable[[Change, EvidenceRecord], dict[str, Any]],
    *,
    reason: str = "",
) -> EvidenceRecord:
    """Write the next revision of a piece, and let what still changes follow it."""
    with register.change(kind, code, reason=reason) as change:
        _owner(change, institution)
        assert change.institution_id is not None
        owner, connection = change.institution_id, change.connection
        present = store.get_evidence(connection, owner, code)
        if present.withdrawn_at is not None:
            raise WrongState(f"the evidence {code} was withdrawn")
        uses = list_uses_of(connection, owner, code)
        held = assessments.list_assessments(connection, institution_id=owner)
        served = [one for one in held if one.id in {use.assessment_id for use in uses}]
        for one in served:
            assessments.lock_assessment(connection, one.id)
        changed = values(change, present)
        record = store.record_revision(connection, owner, code, change.by, **changed)
        written = {}
        for one in served:
            controls = {use.control for use in uses if use.assessment_id == one.id}
            may = sorted(controls & open_controls(connection, one))
            written[one.round] = refresh_answers(change, one, may)
            if record.kind == "held":
                _count_anew(change, one)
        change.tell(revision=record.revision, sha256=record.sha256, answers=written)
        return record
