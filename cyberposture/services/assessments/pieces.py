"""How a piece of evidence comes to stand behind answers: listed once, used by many controls.

These are parts of use cases: each works within a change that is open already.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.errors import Fault, InvalidInput, WrongState
from cyberposture.exchange.file_kinds import recognise, safe_name
from cyberposture.model.assessments import Answer, Evidence
from cyberposture.services.register import Change, Register
from cyberposture.store import answering, answers
from cyberposture.store import evidence as store
from cyberposture.store.assessments import AssessmentRecord
from cyberposture.store.evidence import EvidenceRecord
from cyberposture.store.evidence_uses import insert_use, list_uses, pieces_now

MOST_PIECES_OF_ANSWER = 50
LONGEST_TITLE, LONGEST_KEEPER, LONGEST_PLACE = 200, 200, 500
_FARTHEST_AHEAD = timedelta(hours=14)
"""Somewhere on earth it is tomorrow already, up to fourteen hours ahead of UTC."""


@dataclass(frozen=True)
class Description:
    """What is said of a piece: its title, from when it is, until when it speaks, who keeps it."""

    title: str
    dated: date
    expires: date | None = None
    keeper: str = ""

    def require_sound(self, now: datetime) -> None:
        """Return if it can be kept.

        Raises:
            InvalidInput: with a fault for each field that is not as it should be.
        """
        faults = []
        if not 1 <= len(self.title.strip()) <= LONGEST_TITLE:
            faults.append(Fault("title", f"a title of 1 to {LONGEST_TITLE} characters"))
        if self.dated > latest_day(now) or self.dated.year < 2000:
            faults.append(Fault("dated", "a day since 2000 that is not in the future"))
        if self.expires is not None and self.expires < self.dated:
            faults.append(Fault("expires", "not before the day that it is from"))
        if len(self.keeper) > LONGEST_KEEPER:
            faults.append(Fault("keeper", f"at most {LONGEST_KEEPER} characters"))
        if faults:
            raise InvalidInput(faults)


@dataclass(frozen=True)
class NewFile:
    """The bytes of a file, and the name under which somebody sent it."""

    data: bytes
    name: str


@dataclass(frozen=True)
class Limits:
    """How large one file may be, and how many pieces an institution may list."""

    most_bytes: int
    most_pieces: int


def latest_day(now: datetime) -> date:
    """Return the latest calendar day that it is anywhere now."""
    return (now + _FARTHEST_AHEAD).date()


def is_address(text: str) -> bool:
    """Return whether a text is the address of a page, with no name before its host."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    is_plain = len(text) <= LONGEST_PLACE and text.isprintable() and " " not in text
    is_web = parts.scheme in ("http", "https") and bool(parts.hostname)
    # A name before the host would show one place and lead to another.
    return is_plain and is_web and "@" not in parts.netloc


def require_room(connection: Connection, institution_id: UUID, most_pieces: int) -> None:
    """Return if an institution may list one piece more.

    Raises:
        WrongState: its list is full.
    """
    if store.count_evidence(connection, institution_id) >= most_pieces:
        raise WrongState(
            f"the list of evidence is full: {most_pieces} pieces",
            advice="let one piece serve several controls, or replace a piece by its new revision",
        )


def keep_file(register: Register, change: Change, file: NewFile) -> dict[str, str | int]:
    """Keep the bytes of a file, encrypted, and return the columns that say what it is.

    Raises:
        UnfitFile: it is empty, or of no kind that is taken.
    """
    kind = recognise(file.data)
    sha256 = register.blobs.put(
        change.connection, change.institution_id, "evidence", file.data, change.by
    )
    name = safe_name(file.name, kind)
    return {"sha256": sha256, "size_bytes": len(file.data), "file_name": name, "media": kind}


def list_file(
    change: Change,
    institution_id: UUID,
    said: Description,
    kept: dict[str, str | int],
    known: list[EvidenceRecord],
) -> EvidenceRecord:
    """Return the piece for a kept file: one of the `known` ones, or a new one that is added there.

    The same file under another title or date is a piece of its own.
    """
    for one in known:
        same = (one.sha256, one.title, one.dated, one.expires)
        if one.kind == "file" and same == (kept["sha256"], said.title, said.dated, said.expires):
            return one
    record = store.insert_evidence(
        change.connection,
        institution_id,
        change.by,
        kind="file",
        title=said.title,
        dated=said.dated,
        expires=said.expires,
        keeper=said.keeper,
        sha256=str(kept["sha256"]),
        size_bytes=int(kept["size_bytes"]),
        file_name=str(kept["file_name"]),
        media=str(kept["media"]),
    )
    known.append(record)
    return record


def use_piece(
    change: Change,
    assessment: AssessmentRecord,
    control: str,
    code: str,
    import_id: UUID | None = None,
) -> bool:
    """Let a piece serve a control, the assessment being locked; return whether it did not yet.

    Raises:
        WrongState: too many pieces serve the control already.
    """
    present = list_uses(change.connection, assessment.id, controls=[control])
    if len(present) >= MOST_PIECES_OF_ANSWER:
        raise WrongState(
            f"{control} has {MOST_PIECES_OF_ANSWER} pieces of evidence already",
            advice="take away what convinces least",
        )
    return insert_use(
        change.connection,
        assessment.institution_id,
        assessment.id,
        change.by,
        control=control,
        code=code,
        import_id=import_id,
    )


def evidence_of(
    connection: Connection, assessment_id: UUID, controls: Collection[str]
) -> dict[str, tuple[Evidence, ...]]:
    """Return the files that stand behind each of these controls now, answered or not."""
    known = answers.list_answers(connection, assessment_id, controls=controls)
    named = {c: known[c].answer.evidence if c in known else () for c in controls}
    return pieces_now(connection, assessment_id, named)


def refresh_answers(
    change: Change, assessment: AssessmentRecord, controls: Collection[str]
) -> dict[str, int]:
    """Write what the files behind these controls are now into their answers, as new revisions.

    An unanswered control stays so, and a suggestion stays one. Returns the revisions written.
    """
    known = answers.list_answers(change.connection, assessment.id, controls=controls)
    now = evidence_of(change.connection, assessment.id, controls)
    own, written = [], {}
    for control in controls:
        last = known.get(control)
        present = Answer(control=control) if last is None else last.answer
        if present.evidence == now[control]:
            continue
        new = present.model_copy(update={"evidence": now[control]})
        if last is None or not last.is_suggestion:
            own.append(new)
            continue
        # A suggestion goes on saying where it comes from.
        act = replace(change.by, reason=last.act.reason)
        done = answering.record_answer(
            change.connection, assessment.id, new, act, is_suggestion=True
        )
        written[control] = done.revision
    if own:
        all_done = answering.record_answers(change.connection, assessment.id, own, change.by)
        written |= {one.answer.control: one.revision for one in all_done}
    return written
