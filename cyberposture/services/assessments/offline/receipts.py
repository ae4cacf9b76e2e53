"""Receipts: what the register answers to a file that came back, the same bytes each time.

A receipt names the audit entry of the act, which was the head of the institution's chain then: who
keeps it can show later that nothing before it was changed or taken away.
"""

import hashlib

from sqlalchemy import Connection

from cyberposture.model.offline import Entry, Receipt, SealedReceipt
from cyberposture.services.assessments.assess import find_parts
from cyberposture.services.assessments.offline.papers import RECEIPT
from cyberposture.services.register import Register
from cyberposture.store import audit
from cyberposture.store import offline_returns as returns
from cyberposture.store.offline_returns import ReturnRecord

TAKEN_IN = "answers-taken-in"
"""The kind of the audit entry; its subject is the receipt's code."""


def find_receipt(
    register: Register, institution: str, round_code: str, data: bytes
) -> SealedReceipt | None:
    """Return the receipt of a file that was taken in before, or None.

    Raises:
        NotFound: institution, round or assessment is not there.
    """
    with register.reading() as connection:
        _, assessment = find_parts(connection, institution, round_code)
        sha256 = hashlib.sha256(data).hexdigest()
        found = returns.find_return(connection, assessment.id, sha256)
        if found is None:
            return None
        entry = _entries(connection, found)[found.new.code]
    return _sealed(register, found, institution, round_code, entry)


def list_receipts(register: Register, institution: str, round_code: str) -> list[SealedReceipt]:
    """Return the receipts of everything that came back for an assessment, newest first.

    Raises:
        NotFound: institution, round or assessment is not there.
    """
    with register.reading() as connection:
        _, assessment = find_parts(connection, institution, round_code)
        found = returns.list_returns(connection, assessment.id)
        entries = _entries(connection, found[0]) if found else {}
    return [
        _sealed(register, one, institution, round_code, entries[one.new.code])
        for one in reversed(found)
    ]


def get_receipt(register: Register, institution: str, round_code: str, code: str) -> SealedReceipt:
    """Return one receipt, the same bytes each time.

    Raises:
        NotFound: institution, round, assessment or receipt is not there.
    """
    with register.reading() as connection:
        institution_id, assessment = find_parts(connection, institution, round_code)
        found = returns.get_return(connection, institution_id, code, assessment_id=assessment.id)
        entry = _entries(connection, found)[code]
    return _sealed(register, found, institution, round_code, entry)


def _entries(connection: Connection, of: ReturnRecord) -> dict[str, Entry]:
    """Return the audit entry of each file that an institution handed in, by its code."""
    return {
        one.subject: Entry(chain=one.chain, seq=one.seq, digest=one.digest)
        for one in audit.list_entries(connection, institution_id=of.institution_id, kind=TAKEN_IN)
    }


def _sealed(
    register: Register, found: ReturnRecord, institution: str, round_code: str, entry: Entry
) -> SealedReceipt:
    new = found.new
    receipt = Receipt(
        code=new.code,
        paper=new.paper,
        kind=new.kind,
        institution=institution,
        round=round_code,
        file_name=new.file_name,
        sha256=new.sha256,
        at=found.act.at,
        by=found.act.actor,
        outcome=found.outcome,
        entry=entry,
    )
    seal = register.audit.seal(RECEIPT, receipt.model_dump(mode="json"))
    return SealedReceipt(receipt=receipt, seal=seal)
