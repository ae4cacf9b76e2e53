"""An opened pack: a small register of its own, in which one institution answers one round.

Its keys are made where it is opened and never leave that place. The key that signs its audit heads
also seals its returns: what bears that seal is as it left this one opening of the pack. Who sat at
the machine is not shown by it.
"""

import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cyberposture.clock import from_iso
from cyberposture.errors import Fault, InvalidInput, WrongState
from cyberposture.exchange.pack.file import OpenedPack, read_pack
from cyberposture.exchange.pack.returned import (
    ENDING,
    ENDING_WITH_FILES,
    Files,
    read_receipt,
    read_return,
    write_return,
)
from cyberposture.exchange.pack.shape import Rows, Stored
from cyberposture.model.assessments import Answer, Round
from cyberposture.model.institutions import Institution
from cyberposture.model.offline import (
    Given,
    PackedPiece,
    Return,
    SealedReceipt,
    SealedReturn,
    Signed,
)
from cyberposture.model.people import Membership, Person
from cyberposture.services.assessments.assess import find_parts
from cyberposture.services.assessments.offline.papers import PAPER, RECEIPT, RETURN, said_in
from cyberposture.services.assessments.still_open import ASKED
from cyberposture.services.register import Change, Register
from cyberposture.store import (
    answering,
    answers,
    assessments,
    audit,
    editions,
    evidence,
    institutions,
    people,
    rounds,
)
from cyberposture.store.acts import Act
from cyberposture.store.answers import AnswerRevision
from cyberposture.store.evidence_uses import list_uses

WRITER = "offline"
"""The code of whoever answers in an opened pack."""
_LARGEST_EDITION = 100_000_000
_OPENED, _MADE, _KEPT = "pack-opened", "return-made", "receipt-kept"


@dataclass(frozen=True)
class Handed:
    """A return that was made: its bytes, its number, and how many answers and pieces it holds."""

    data: bytes
    number: int
    answers: int
    file_name: str
    pieces: int = 0


def check_pack(file_name: str, data: bytes) -> OpenedPack:
    """Return the pack in a file after everything in it was found to be as it was sealed.

    Raises:
        InvalidInput: it is none, or it was changed; with the table in question.
    """
    return read_pack(file_name, data, PAPER)


def lay_out(register: Register, pack: OpenedPack) -> None:
    """Fill the empty register of an opened pack with what the pack holds.

    Raises:
        InvalidInput: the pack holds what no register of this program takes.
    """
    with register.change(_OPENED, pack.paper.code) as change:
        try:
            _lay_out(change, pack)
        except (ValueError, KeyError, LookupError, zlib.error) as error:
            what = f"the pack cannot be laid out: {type(error).__name__}"
            raise InvalidInput(
                Fault(pack.paper.code, what), advice="open it with a newer program"
            ) from error
        change.tell(key=register.audit.key, pack_key=pack.sealed.seal.key)


def is_laid_out(register: Register, pack: OpenedPack) -> bool:
    """Return whether the register is that of this pack.

    Raises:
        WrongState: it is that of another pack.
    """
    with register.reading() as connection:
        opened = [one.subject for one in audit.list_entries(connection, kind=_OPENED)]
    if opened and opened != [pack.paper.code]:
        raise WrongState(
            f"this folder holds the answers of {opened[0]}, not of {pack.paper.code}",
            advice="name another folder with --folder",
        )
    return bool(opened)


def list_roles(register: Register) -> tuple[Membership, ...]:
    """Return what whoever answers in an opened pack may do there."""
    with register.reading() as connection:
        held = people.list_memberships(connection, person=WRITER)
    return tuple(one.membership for one in held)


def shown_by_network(pack: OpenedPack) -> Mapping[str, tuple[str, ...]]:
    """Return what the network showed against each control when the pack was made."""
    found: dict[str, tuple[str, ...]] = {}
    for row in pack.tables["network"]:
        control = str(row["control"])
        found[control] = (*found.get(control, ()), str(row["sentence"]))
    return found


def _one(rows: Rows) -> dict[str, Any]:
    (row,) = rows
    found: dict[str, Any] = json.loads(str(row["document"]))
    return found


def _lay_out(change: Change, pack: OpenedPack) -> None:
    connection, tables = change.connection, pack.tables
    institution = Institution.model_validate(_one(tables["institution"]))
    campaign = Round.model_validate(_one(tables["round"]))
    told = _one(tables["assessment"])
    by_kind = {str(row["kind"]): row for row in tables["editions"]}
    documents = {kind: _unpacked(by_kind[kind]["content"]) for kind in editions.ADOPTED}
    named = by_kind["catalogue"]
    adopted = editions.record_adoption(
        connection, documents, change.by, name=str(named["name"]), version=str(named["version"])
    )
    if adopted.catalogue != campaign.edition:
        raise ValueError("another edition")
    # The clock of this machine may be behind: what the pack tells of was known before.
    early = replace(change.by, at=min(change.now, campaign.opens))
    owner = institutions.insert_institution(
        connection, institution.model_copy(update={"parent": None}), early
    )
    round_id = rounds.insert_round(connection, campaign, early).id
    opened = assessments.insert_assessment(
        connection,
        owner.id,
        round_id,
        early,
        controls=told["layout"],
        evidence_age_days=told["evidence_age_days"],
        scope=told["scope"],
        state="clarification" if told["state"] == "clarification" else "answering",
        due_at=from_iso(told["due"]),
    )
    if told["asked_again"]:
        details = {"controls": told["asked_again"]}
        assessments.record_event(connection, opened.id, ASKED, early, details=details)
    for row in tables["answers"]:
        answering.record_answer(
            connection, opened.id, _answer(row), _act(row),
            is_suggestion=bool(row["is_suggestion"]),
        )  # fmt: skip
    person = Person(code=WRITER, name=institution.name, invited_at=early.at)
    people.insert_person(connection, person, early)
    lead = Membership(person=WRITER, role="contributor", institution=institution.code,
                      valid_from=early.at)  # fmt: skip
    people.insert_membership(connection, lead, early)


def _unpacked(content: Stored) -> bytes:
    """Return the bytes of an edition; whoever made the file may have meant them to have no end."""
    if not isinstance(content, bytes):
        raise ValueError("no bytes")
    unpacking = zlib.decompressobj()
    found = unpacking.decompress(content, _LARGEST_EDITION)
    if unpacking.unconsumed_tail:
        raise ValueError("too large an edition")
    return found


def _answer(row: Mapping[str, Any]) -> Answer:
    return Answer.model_validate(
        {
            "control": row["control"],
            "level": row["level"],
            "not_applicable": row["not_applicable"],
            "reason": row["explanation"],
            "evidence": json.loads(row["evidence"]),
        }
    )


def _act(row: Mapping[str, Any]) -> Act:
    return Act(str(row["actor"]), str(row["reason"]), from_iso(str(row["at"])))


def list_changes(register: Register, pack: OpenedPack) -> tuple[Given, ...]:
    """Return the answers that were given in the opened pack and are not what it came with."""
    came = {str(row["control"]): (_answer(row), bool(row["is_suggestion"]))
            for row in pack.tables["answers"]}  # fmt: skip
    with register.reading() as connection:
        _, assessment = find_parts(connection, pack.paper.institution, pack.paper.round)
        now = answers.list_answers(connection, assessment.id)
    return tuple(
        _given(one, came.get(control))
        for control, one in now.items()
        if _is_changed(one, came.get(control))
    )


def _is_changed(one: AnswerRevision, came: tuple[Answer, bool] | None) -> bool:
    """Return whether somebody answered here; evidence alone changes no answer."""
    present = _bare(one.answer)
    if came is None:
        return not one.is_suggestion and present != Answer(control=present.control)
    return (present, one.is_suggestion) != (_bare(came[0]), came[1])


def _bare(answer: Answer) -> Answer:
    return answer.model_copy(update={"evidence": ()})


def _given(one: AnswerRevision, came: tuple[Answer, bool] | None) -> Given:
    control = one.answer.control
    where = f"answers/{control}"
    if came is not None and came[1] and _bare(came[0]) == _bare(one.answer):
        return Given(control=control, where=where, confirms=True)
    said = said_in(one.answer)
    return Given(control=control, where=where, choice=said.choice, text=said.text)


def list_pieces(register: Register, pack: OpenedPack) -> tuple[PackedPiece, ...]:
    """Return the evidence that was listed in the opened pack, with the controls that it serves."""
    with register.reading() as connection:
        owner, assessment = find_parts(connection, pack.paper.institution, pack.paper.round)
        serves: dict[str, list[str]] = {}
        for use in list_uses(connection, assessment.id):
            serves.setdefault(use.evidence_code, []).append(use.control)
        listed = evidence.list_evidence(connection, owner)
    return tuple(
        PackedPiece(
            kind=one.kind,
            title=one.title,
            dated=one.dated,
            expires=one.expires,
            keeper=one.keeper,
            place=one.place,
            sha256=one.sha256,
            size_bytes=one.size_bytes,
            file_name=one.file_name,
            controls=tuple(sorted(serves.get(one.code, ()))),
        )
        for one in listed
        # What the network shows is the register's to say: nothing is scanned where a pack is open.
        if one.kind != "observation"
    )


def _files_of(register: Register, pack: OpenedPack, pieces: Iterable[PackedPiece]) -> Files:
    """Return the bytes of the files, each of which is as it was put in."""
    digests = {one.sha256 for one in pieces if one.kind == "file" and one.sha256 is not None}
    with register.reading() as connection:
        owner, _ = find_parts(connection, pack.paper.institution, pack.paper.round)
        return {one: register.blobs.get(connection, owner, "evidence", one) for one in digests}


def make_return(register: Register, pack: OpenedPack, signed: Signed | None = None) -> Handed:
    """Make the return of what was answered and attached, read it again, and only then hand it over.

    Raises:
        InvalidInput: it would be too large, or what was read again is not what was meant.
        Corrupt: a file is not any more what was attached.
    """
    given, pieces = list_changes(register, pack), list_pieces(register, pack)
    files = _files_of(register, pack, pieces)
    with register.change(_MADE, pack.paper.code) as change:
        made = audit.list_entries(change.connection, kind=_MADE)
        document = Return(
            paper=pack.sealed,
            number=sum(1 for _ in made) + 1,
            made_at=change.now,
            given=given,
            pieces=pieces,
            signed=signed,
        )
        seal = register.audit.seal(RETURN, document.model_dump(mode="json"))
        sealed = SealedReturn(document=document, seal=seal)
        data = write_return(sealed, files)
        ending = ENDING_WITH_FILES if files else ENDING
        name = f"{pack.paper.institution}-{pack.paper.round}-{document.number}{ending}"
        if read_return(name, data, RETURN) != (sealed, files):
            raise InvalidInput(Fault(name, "what was written is not what was meant"))
        change.tell(number=document.number, answers=[one.control for one in given],
                    files=sorted(files))  # fmt: skip
    return Handed(data, document.number, len(given), name, len(pieces))


def keep_receipt(
    register: Register, pack: OpenedPack, *, file_name: str, data: bytes
) -> SealedReceipt:
    """Keep a receipt of the register that made the pack, once, and return it.

    Raises:
        InvalidInput: it is no receipt for this pack, or it was changed.
    """
    sealed = read_receipt(file_name, data, RECEIPT)
    faults = []
    if sealed.seal.key != pack.sealed.seal.key:
        faults.append(Fault(file_name, "it is not sealed by the register that made this pack"))
    if sealed.receipt.paper != pack.paper.code:
        faults.append(Fault(file_name, f"it is for {sealed.receipt.paper}, not {pack.paper.code}"))
    if faults:
        raise InvalidInput(faults)
    if all(one.receipt.code != sealed.receipt.code for one in list_kept(register)):
        with register.change(_KEPT, sealed.receipt.code) as change:
            change.tell(receipt=sealed.model_dump(mode="json"))
    return sealed


def list_kept(register: Register) -> list[SealedReceipt]:
    """Return the receipts that were kept in an opened pack, newest first."""
    with register.reading() as connection:
        entries = list(audit.list_entries(connection, kind=_KEPT))
    return [SealedReceipt.model_validate(one.data["receipt"]) for one in reversed(entries)]
