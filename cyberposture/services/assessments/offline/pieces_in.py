"""Lists the evidence that a pack brought, each piece once, and lets it serve its controls.

The same file is one piece, however often it comes. A piece comes to stand behind an answer only
where nobody else answered since the pack was made; elsewhere it is listed, and people decide.
"""

from dataclasses import dataclass, field
from uuid import UUID

from cyberposture.model.offline import BadPlace, Brought, ListedPiece, PackedPiece
from cyberposture.services.assessments.offline.merging import Ground, Merged
from cyberposture.services.assessments.pieces import (
    Description,
    NewFile,
    is_address,
    keep_file,
    latest_day,
    list_file,
    require_room,
    use_piece,
)
from cyberposture.services.register import Change, Register
from cyberposture.store import evidence
from cyberposture.store.assessments import AssessmentRecord
from cyberposture.store.evidence import EvidenceRecord
from cyberposture.store.evidence_uses import list_uses


@dataclass(frozen=True)
class Arriving:
    """What comes in: the change under way, the assessment, what was brought, and the act."""

    change: Change
    assessment: AssessmentRecord
    brought: Brought
    import_id: UUID
    most_pieces: int


@dataclass
class Landed:
    """What became of the pieces, and the controls that are served by one more."""

    pieces: list[ListedPiece] = field(default_factory=list)
    controls: set[str] = field(default_factory=set)
    faults: list[BadPlace] = field(default_factory=list)


def list_pieces(register: Register, arriving: Arriving, ground: Ground, merged: Merged) -> Landed:
    """List the pieces and let them serve, the assessment being locked; return what became of them.

    Raises:
        UnfitFile: a file is of no kind that is taken; nothing of the return is taken then.
        WrongState: the institution's list is full, or a control has too many pieces.
    """
    landed = Landed()
    if not arriving.brought.pieces:
        return landed
    owner = arriving.assessment.institution_id
    known = evidence.list_evidence(arriving.change.connection, owner)
    serves = {
        (one.evidence_code, one.control)
        for one in list_uses(arriving.change.connection, arriving.assessment.id)
    }
    for number, piece in enumerate(arriving.brought.pieces, start=1):
        where = f"evidence/{number}"
        if piece.dated > latest_day(arriving.change.now) or piece.dated.year < 2000:
            what = "a day since 2000 that is not in the future"
            landed.faults.append(BadPlace(where=where, what=what))
            continue
        if piece.kind == "link" and not is_address(piece.place):
            landed.faults.append(BadPlace(where=where, what="an address of a page"))
            continue
        present = next((one for one in known if _is_like(one, piece)), None)
        record = present or _insert(register, arriving, piece)
        if present is None:
            known.append(record)
        now = []
        for control in piece.controls:
            if (record.code, control) not in serves:
                fault = _why_not(control, ground, merged)
                if fault:
                    landed.faults.append(BadPlace(where=f"{where}/{control}", what=fault))
                    continue
                use_piece(arriving.change, arriving.assessment, control, record.code,
                          arriving.import_id)  # fmt: skip
                serves.add((record.code, control))
                landed.controls.add(control)
            now.append(control)
        landed.pieces.append(
            ListedPiece(code=record.code, kind=piece.kind, title=record.title,
                        sha256=record.sha256, was_there=present is not None, controls=tuple(now))
        )  # fmt: skip
    return landed


def _is_like(one: EvidenceRecord, piece: PackedPiece) -> bool:
    if one.kind != piece.kind:
        return False
    if piece.kind == "file":
        return one.sha256 == piece.sha256
    return (one.title, one.dated, one.expires, one.place, one.sha256) == (
        piece.title, piece.dated, piece.expires, piece.place, piece.sha256,
    )  # fmt: skip


def _insert(register: Register, arriving: Arriving, piece: PackedPiece) -> EvidenceRecord:
    change, owner = arriving.change, arriving.assessment.institution_id
    require_room(change.connection, owner, arriving.most_pieces)
    if piece.kind == "file" and piece.sha256 is not None:
        file = NewFile(arriving.brought.files[piece.sha256], piece.file_name)
        said = Description(piece.title, piece.dated, piece.expires, piece.keeper)
        return list_file(change, owner, said, keep_file(register, change, file), [])
    return evidence.insert_evidence(
        change.connection, owner, change.by, kind=piece.kind, title=piece.title, dated=piece.dated,
        expires=piece.expires, keeper=piece.keeper, place=piece.place, sha256=piece.sha256,
    )  # fmt: skip


def _why_not(control: str, ground: Ground, merged: Merged) -> str:
    """Return why a piece cannot come to stand behind an answer; empty: it can."""
    if control in ground.not_theirs:
        return ground.not_theirs[control]
    if control not in ground.open:
        return "this control takes no evidence now; the piece is in the list of evidence"
    seen, now = ground.seen.get(control), ground.now.get(control)
    revision = 0 if now is None else now.revision
    is_written = any(one.control == control for one in merged.answers)
    if is_written or revision in (0 if seen is None else seen.revision, ground.own.get(control)):
        return ""
    return "somebody else answered meanwhile; the piece is in the list: attach it there"
