"""An institution's evidence as people look through it: what speaks, until when, and for what."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.errors import NotFound
from cyberposture.exchange.file_kinds import SERVED, kind_of, safe_name
from cyberposture.model.assessments import Evidence
from cyberposture.services.assessments.asked import Asked
from cyberposture.services.register import Register
from cyberposture.store import assessments, institutions
from cyberposture.store import evidence as store
from cyberposture.store.evidence import EvidenceRecord
from cyberposture.store.evidence_uses import UseRecord, list_uses_of

EXPIRES_SOON = timedelta(days=30)
"""Ours: time enough to ask somebody for a newer paper."""
Speaks = Literal["current", "soon", "expired", "withdrawn"]


@dataclass(frozen=True)
class Serving:
    """A control of a round that a piece serves."""

    round: str
    control: str


@dataclass(frozen=True)
class Piece:
    """A piece as the library shows it: its newest revision, whether it speaks, and for what."""

    record: EvidenceRecord
    speaks: Speaks
    serves: tuple[Serving, ...]


@dataclass(frozen=True)
class PieceHistory:
    """One piece with all its revisions, newest first."""

    piece: Piece
    revisions: tuple[EvidenceRecord, ...]


@dataclass(frozen=True)
class BehindControl:
    """What stands behind one control: pieces of the library, and files that are not listed."""

    pieces: tuple[Piece, ...] = ()
    unlisted: tuple[Evidence, ...] = ()


@dataclass(frozen=True)
class ForCards:
    """What the cards of an assessment show: all pieces that are there, and what stands behind."""

    listed: tuple[Piece, ...]
    behind: dict[str, BehindControl]


@dataclass(frozen=True)
class GivenOut:
    """A file as it leaves: under a safe name, with a type that no browser runs."""

    name: str
    media_type: str
    data: bytes


def list_library(
    register: Register, institution: str, *, with_withdrawn: bool = False
) -> tuple[Piece, ...]:
    """Return an institution's evidence: what expired first, then by when it expires, then the rest.

    Raises:
        NotFound: the institution is not in the register.
    """
    with register.reading() as connection:
        owner = institutions.get_institution_id(connection, institution)
        today = register.clock().date()
        found = store.list_evidence(connection, owner, with_withdrawn=with_withdrawn)
        uses = list_uses_of(connection, owner)
        pieces = _pieces(found, today, uses, _rounds(connection, owner, uses))
    return tuple(sorted(pieces, key=_by_urgency))


def get_piece(register: Register, institution: str, code: str) -> PieceHistory:
    """Return one piece with its history.

    Raises:
        NotFound: the institution has no such evidence.
    """
    with register.reading() as connection:
        owner = institutions.get_institution_id(connection, institution)
        record = store.get_evidence(connection, owner, code)
        uses = list_uses_of(connection, owner, code)
        rounds = _rounds(connection, owner, uses)
        (piece,) = _pieces([record], register.clock().date(), uses, rounds)
        revisions = store.list_revisions(connection, owner, code)
    return PieceHistory(piece, tuple(reversed(revisions)))


def for_cards(
    register: Register, connection: Connection, opened: Asked, rounds: Mapping[UUID, str]
) -> ForCards:
    """Return what the cards of an assessment show of evidence.

    `rounds` are the codes of the institution's rounds, by assessment.
    """
    owner, today = opened.institution_id, register.clock().date()
    listed = store.list_evidence(connection, owner, with_withdrawn=True)
    uses = list_uses_of(connection, owner) if listed else []
    all_of_them = _pieces(listed, today, uses, rounds)
    own = [use for use in uses if use.assessment_id == opened.assessment.id]
    codes = {use.evidence_code for use in own}
    known = store.digests_of(connection, owner, codes) if codes else {}
    behind = _behind(opened, {one.record.code: one for one in all_of_them}, own, known)
    current = [one for one in all_of_them if one.speaks != "withdrawn"]
    return ForCards(tuple(sorted(current, key=_by_urgency)), behind)


def _behind(
    opened: Asked,
    pieces: Mapping[str, Piece],
    uses: Sequence[UseRecord],
    known: Mapping[str, set[str]],
) -> dict[str, BehindControl]:
    given = opened.given
    behind: dict[str, list[Piece]] = defaultdict(list)
    of_control: dict[str, set[str]] = defaultdict(set)
    for use in uses:
        behind[use.control].append(pieces[use.evidence_code])
        of_control[use.control] |= known[use.evidence_code]
    found = {}
    for control in behind.keys() | given.keys():
        named = given[control].answer.evidence if control in given else ()
        unlisted = tuple(one for one in named if one.sha256 not in of_control[control])
        if behind[control] or unlisted:
            found[control] = BehindControl(tuple(behind[control]), unlisted)
    return found


def give_out(
    register: Register, institution: str, code: str, revision: int | None = None
) -> GivenOut:
    """Return a file of the library as it was put in; that it was read goes on record.

    Raises:
        NotFound: the institution has no such evidence, or it is no file.
        WrongState: the institution's key was destroyed.
        Corrupt: what is kept does not have its digest; nothing is given out.
    """
    with register.change("evidence-read", code) as change:
        owner = institutions.get_institution_id(change.connection, institution)
        change.institution_id = owner
        record = store.get_evidence(change.connection, owner, code, revision=revision)
        if record.kind != "file" or record.sha256 is None:
            raise NotFound("file of evidence", code)
        data = register.blobs.get(change.connection, owner, "evidence", record.sha256)
        change.tell(revision=record.revision, sha256=record.sha256)
    kind = kind_of(record.media)
    return GivenOut(safe_name(record.file_name, kind), SERVED[kind].media_type, data)


def _rounds(connection: Connection, owner: UUID, uses: Sequence[UseRecord]) -> dict[UUID, str]:
    held = assessments.list_assessments(connection, institution_id=owner) if uses else []
    return {one.id: one.round for one in held}


def _pieces(
    records: Iterable[EvidenceRecord],
    today: date,
    running: Sequence[UseRecord],
    rounds: Mapping[UUID, str],
) -> list[Piece]:
    uses: dict[str, list[UseRecord]] = defaultdict(list)
    for use in running:
        uses[use.evidence_code].append(use)
    return [
        Piece(
            record,
            _speaks(record, today),
            tuple(Serving(rounds[u.assessment_id], u.control) for u in uses[record.code]),
        )
        for record in records
    ]


def _speaks(record: EvidenceRecord, today: date) -> Speaks:
    if record.withdrawn_at is not None:
        return "withdrawn"
    if record.expires is None:
        return "current"
    if record.expires < today:
        return "expired"
    return "soon" if record.expires <= today + EXPIRES_SOON else "current"


def _by_urgency(piece: Piece) -> tuple[bool, date, str, str]:
    record = piece.record
    is_over = piece.speaks == "withdrawn"
    return (is_over, record.expires or date.max, record.title.casefold(), record.code)
