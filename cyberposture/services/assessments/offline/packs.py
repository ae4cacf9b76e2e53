"""Makes the pack of an assessment, and takes in what an opened pack hands back."""

import json
import zlib
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection

from cyberposture.clock import to_iso
from cyberposture.errors import Fault, InvalidInput, NotFound
from cyberposture.exchange.pack.file import write_pack
from cyberposture.exchange.pack.returned import read_return
from cyberposture.exchange.pack.shape import SHAPES, Rows, Tables, digest_of
from cyberposture.model.offline import BadPlace, Brought, Language, SealedReceipt
from cyberposture.services.assessments.asked import Asked, takes_answer
from cyberposture.services.assessments.offline.papers import (
    RETURN,
    Gathered,
    Made,
    gather,
    paper_of,
    record_made,
)
from cyberposture.services.assessments.offline.receipts import find_receipt
from cyberposture.services.assessments.offline.taking_in import MOST_PIECES, Arrived, take_in
from cyberposture.services.assessments.still_open import asked_again
from cyberposture.services.register import Register
from cyberposture.store import authorisations, editions
from cyberposture.store.layouts import get_layout


def make_pack(
    register: Register, institution: str, round_code: str, language: Language = "en"
) -> Made:
    """Make the pack of an assessment, put on record that it left, and return it.

    Raises:
        NotFound: institution, round or assessment is not there.
        WrongState: the assessment takes no answers any more.
    """
    gathered = gather(register, institution, round_code)
    with register.reading() as connection:
        tables = _tables(connection, gathered)
    contents = {name: digest_of(name, rows) for name, rows in tables.items()}
    paper = paper_of(register, gathered, kind="pack", language=language, contents=contents)
    data = write_pack(paper, tables)
    return record_made(register, gathered, paper, data, f"{institution}-{round_code}.pack.sqlite")


def take_in_return(
    register: Register,
    institution: str,
    round_code: str,
    *,
    file_name: str,
    data: bytes,
    most_pieces: int = MOST_PIECES,
) -> SealedReceipt:
    """Take in what an opened pack handed back, evidence included, and return the receipt.

    Its seal shows that the file is as it left one opened pack, and that this was opened from a pack
    of ours; two openings of one pack have keys of their own. It does not show who typed.

    Raises:
        InvalidInput: it is no return of a pack of this register, institution, round and edition.
        NotFound: institution, round or assessment is not there.
        WrongState: the round is closed, or the assessment takes no answers any more.
    """
    known = find_receipt(register, institution, round_code, data)
    if known is not None:
        return known
    sealed, files = read_return(file_name, data, RETURN)
    document = sealed.document
    if document.paper.paper.kind != "pack":
        raise InvalidInput(Fault(file_name, "this is the paper of a workbook"))
    seen = document.paper.paper.seen
    brought = Brought(
        given=tuple(one for one in document.given if one.control in seen),
        pieces=document.pieces,
        files=files,
        signed=document.signed,
        faults=tuple(
            BadPlace(where=one.where, what=f"{one.control} is no question of this pack")
            for one in document.given
            if one.control not in seen
        ),
    )
    arrived = Arrived(
        file_name, data, document.paper, brought, writer=sealed.seal.key, number=document.number,
        most_pieces=most_pieces,
    )  # fmt: skip
    return take_in(register, institution, round_code, arrived)


def _tables(connection: Connection, gathered: Gathered) -> Tables:
    asked = gathered.asked
    tables: dict[str, Rows] = {
        "institution": [_document(asked.institution.model_dump(mode="json"))],
        "round": [_document(asked.campaign.round.model_dump(mode="json"))],
        "assessment": [_document(_assessment(connection, asked))],
        "editions": list(_editions(connection, asked)),
        "controls": list(_controls(asked)),
        "answers": list(_answers(asked)),
        "network": [
            {"control": control, "sentence": sentence}
            for control, seen in gathered.seen.items()
            for sentence in seen
        ],
        "scope": list(_scope(connection, gathered)),
    }
    assert tables.keys() == SHAPES.keys()
    return tables


def _document(value: dict[str, Any]) -> dict[str, str]:
    return {"document": json.dumps(value, sort_keys=True, ensure_ascii=False)}


def _assessment(connection: Connection, asked: Asked) -> dict[str, Any]:
    found = asked.assessment
    again = asked_again(connection, found.id) if found.state == "clarification" else ()
    return {
        "state": found.state,
        "due": to_iso(asked.due),
        "evidence_age_days": found.evidence_age_days,
        "scope": found.scope,
        "layout": list(get_layout(connection, found.layout)),
        "asked_again": sorted(again),
    }


def _editions(connection: Connection, asked: Asked) -> Iterator[dict[str, Any]]:
    """Yield the edition of the round as the register keeps it, rules, checks and texts."""
    rules = asked.campaign.round.edition
    adoption = editions.find_adoption(connection, rules)
    if adoption is None:
        raise NotFound("adopted edition", rules[:12])
    for kind in editions.ADOPTED:
        digest = getattr(adoption, kind)
        content = editions.get_edition_content(connection, kind, digest)
        yield {
            "kind": kind,
            "digest": digest,
            "name": adoption.name,
            "version": adoption.version,
            "content": zlib.compress(content),
        }


def _controls(asked: Asked) -> Iterator[dict[str, Any]]:
    for place, control in enumerate(asked.controls, start=1):
        yield {
            "place": place,
            "id": control.id,
            "domain": control.domain,
            "title": control.title,
            "statement": control.statement,
            "takes_answer": int(takes_answer(control)),
        }


def _answers(asked: Asked) -> Iterator[dict[str, Any]]:
    for control, one in asked.given.items():
        answer = one.answer
        yield {
            "control": control,
            "revision": one.revision,
            "level": answer.level,
            "not_applicable": answer.not_applicable,
            "explanation": answer.reason,
            "evidence": json.dumps(
                [piece.model_dump(mode="json") for piece in answer.evidence], ensure_ascii=False
            ),
            "is_suggestion": int(one.is_suggestion),
            "actor": one.act.actor,
            "reason": one.act.reason,
            "at": to_iso(one.act.at),
        }


def _scope(connection: Connection, gathered: Gathered) -> Iterator[dict[str, Any]]:
    """Yield what may be contacted now, one entry a row."""
    now = gathered.now
    for one in authorisations.list_authorisations(
        connection, institution_id=gathered.asked.institution_id
    ):
        is_in_force = one.grants and one.withdrawal is None and one.valid_from <= now
        if not is_in_force or now >= one.valid_until:
            continue
        for entry in one.terms["scope"]:
            yield {
                "authorisation": one.code,
                "valid_from": to_iso(one.valid_from),
                "valid_until": to_iso(one.valid_until),
                "entry": json.dumps(entry, sort_keys=True, ensure_ascii=False),
            }
