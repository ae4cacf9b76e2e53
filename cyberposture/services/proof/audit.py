"""Reads the record of everything that was done, and proves that nobody changed it."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cyberposture.services.register import Register
from cyberposture.store import institutions
from cyberposture.store.audit import AuditEntry, find_head, list_entries
from cyberposture.store.database import Database
from cyberposture.store.heads import HeadsFile, SignedHead
from cyberposture.store.verification import VerifyReport, verify


def read_entries(
    register: Register,
    *,
    kind: str | None = None,
    institution: str | None = None,
    subject: str | None = None,
    since: datetime | None = None,
    limit: int | None = None,
) -> list[AuditEntry]:
    """Return entries by time.

    Raises:
        NotFound: the institution is not in the register.
    """
    with register.reading() as connection:
        institution_id = institutions.get_owner_id(connection, institution)
        return list(
            list_entries(
                connection,
                institution_id=institution_id,
                kind=kind,
                subject=subject,
                since=since,
                limit=limit,
            )
        )


def gate_decisions(entries: list[AuditEntry]) -> Iterator[dict[str, Any]]:
    """Yield each decision of the gate as `time`, `actor`, `question`, `answer`."""
    for entry in entries:
        if entry.kind == "gate":
            yield {
                "time": entry.act.at.isoformat(),
                "actor": entry.act.actor,
                "question": entry.data["question"],
                "answer": entry.data["answer"],
            }


def verify_chains(
    database: Database, heads_file: HeadsFile, public_key: Ed25519PublicKey
) -> VerifyReport:
    """Return what is wrong with the chains, up to the last head that is kept outside.

    It needs no secret, so that an auditor can do it with a copy of database and heads.
    """
    with database.reading() as connection:
        return verify(connection, heads_file, [public_key])


def head_of(register: Register, institution: str | None) -> SignedHead | None:
    """Return the signed head of an institution's chain, or (None) of the system's.

    Raises:
        NotFound: the institution is not in the register.
    """
    with register.reading() as connection:
        institution_id = institutions.get_owner_id(connection, institution)
        return find_head(connection, institution_id)
