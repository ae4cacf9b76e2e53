"""Append-only entries in hash chains: one for each institution, one for the system.

Every entry holds the digest of the one before it, so that none can be changed, taken out or moved
without a trace. It records; it does not decide what is worth recording.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import rfc8785
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, RowMapping

from cyberposture.errors import InvalidInput
from cyberposture.model.offline import Seal
from cyberposture.store import tables as t
from cyberposture.store.acts import Act, read_act
from cyberposture.store.database import after_commit
from cyberposture.store.heads import HeadsFile, SignedHead, sign_head, written_moment
from cyberposture.store.keys import public_hex
from cyberposture.store.once import insert_once
from cyberposture.store.seals import seal

SYSTEM_CHAIN = "system"
BEGINNING = "0" * 64
"""Stands for the digest before the first entry."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One entry of a chain; `digest` covers every other field but the institution's id."""

    chain: str
    seq: int
    institution_id: UUID | None
    act: Act
    kind: str
    subject: str
    data: dict[str, Any]
    previous: str
    digest: str

    def computed_digest(self) -> str:
        """Return the SHA-256 over the RFC 8785 JSON of the entry as it stands."""
        document: Any = {
            "chain": self.chain,
            "seq": self.seq,
            "at": written_moment(self.act.at),
            "actor": self.act.actor,
            "kind": self.kind,
            "subject": self.subject,
            "data": self.data,
            "reason": self.act.reason,
            "previous": self.previous,
        }
        return hashlib.sha256(rfc8785.dumps(document)).hexdigest()


class AuditLog:
    """Writes entries: signs the head of the chain with each, and copies it out after the commit."""

    def __init__(self, signer: Ed25519PrivateKey, heads_file: HeadsFile) -> None:
        self._signer = signer
        self._heads_file = heads_file

    def seal(self, what: str, document: dict[str, Any]) -> Seal:
        """Return the register's seal under a document that leaves it, with the key of its heads.

        Raises:
            InvalidInput: the document is not plain JSON.
        """
        return seal(self._signer, what, document)

    def head_at(self, entry: "AuditEntry") -> SignedHead:
        """Return the head of a chain when this entry was its last: the same words as then.

        Whoever calls it has verified the chain; a signature makes nothing true.
        """
        return sign_head(self._signer, entry.chain, entry.seq, entry.digest, entry.act.at)

    @property
    def key(self) -> str:
        """The public key under which heads and seals are verified, 64 hexadecimal digits."""
        return public_hex(self._signer.public_key())

    def append(
        self,
        connection: Connection,
        institution_id: UUID | None,
        kind: str,
        subject: str,
        act: Act,
        *,
        data: dict[str, Any] | None = None,
    ) -> AuditEntry:
        """Add an entry to the institution's chain (None: the system's) and return it.

        The chain is locked until the transaction ends: append last, and once a use case.

        Raises:
            InvalidInput: `data` is not plain JSON (whole numbers beyond 2^53 are not).
        """
        chain = chain_name(institution_id)
        last_seq, last_digest = _lock_head(connection, chain, institution_id, act.at)
        draft = AuditEntry(
            chain, last_seq + 1, institution_id, act, kind, subject, data or {}, last_digest, ""
        )
        try:
            entry = replace(draft, digest=draft.computed_digest())
        except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
            raise InvalidInput(f"the audit entry of {kind} is no plain JSON: {error}") from error
        head = sign_head(self._signer, chain, entry.seq, entry.digest, act.at)
        _keep(connection, entry, head)
        after_commit(connection, f"audit head of {chain}", lambda: self._heads_file.append(head))
        return entry


def chain_name(institution_id: UUID | None) -> str:
    """Return the name of an institution's chain, or of the system's."""
    return SYSTEM_CHAIN if institution_id is None else str(institution_id)


def find_head(connection: Connection, institution_id: UUID | None) -> SignedHead | None:
    """Return the signed head of a chain, as receipts and reports print it, or None if empty."""
    h = t.audit_heads
    query = sa.select(h).where(h.c.chain == chain_name(institution_id), h.c.seq > 0)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else read_head(row)


def list_heads(connection: Connection) -> list[SignedHead]:
    """Return the signed head of every chain that has an entry, by chain."""
    h = t.audit_heads
    query = sa.select(h).where(h.c.seq > 0).order_by(h.c.chain)
    return [read_head(row) for row in connection.execute(query).mappings()]


def list_entries(
    connection: Connection,
    *,
    institution_id: UUID | None = None,
    system_only: bool = False,
    kind: str | None = None,
    subject: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int | None = None,
) -> Iterator[AuditEntry]:
    """Yield entries by time (then chain and number), streamed; without an institution, of all."""
    e = t.audit_entries
    query = sa.select(e).order_by(e.c.at, e.c.chain, e.c.seq).limit(limit)
    if institution_id is not None or system_only:
        query = query.where(e.c.chain == chain_name(institution_id))
    if kind is not None:
        query = query.where(e.c.kind == kind)
    if subject is not None:
        query = query.where(e.c.subject == subject)
    if since is not None:
        query = query.where(e.c.at >= since)
    if until is not None:
        query = query.where(e.c.at < until)
    streamed = connection.execute(query, execution_options={"yield_per": 500})
    for row in streamed.mappings():
        yield read_entry(row)


def walk_chain(connection: Connection, institution_id: UUID | None) -> Iterator[AuditEntry]:
    """Yield the entries of one chain (None: the system's) from its first to its last, streamed."""
    e = t.audit_entries
    query = sa.select(e).where(e.c.chain == chain_name(institution_id)).order_by(e.c.seq)
    for row in connection.execute(query, execution_options={"yield_per": 500}).mappings():
        yield read_entry(row)


def read_entry(row: Mapping[Any, Any]) -> AuditEntry:
    """Return the entry that a row of the table holds."""
    return AuditEntry(
        row["chain"],
        row["seq"],
        row["institution_id"],
        read_act(row),
        row["kind"],
        row["subject"],
        row["data"],
        row["previous"],
        row["digest"],
    )


def read_head(row: RowMapping) -> SignedHead:
    """Return the signed head that a row of the table holds."""
    return SignedHead(
        row["chain"],
        row["seq"],
        row["digest"],
        written_moment(row["at"]),
        row["key_id"],
        row["signature"],
    )


# Every use case runs these three: they are built once, not each time.
_HEAD = (
    sa.select(t.audit_heads.c.seq, t.audit_heads.c.digest)
    .where(t.audit_heads.c.chain == sa.bindparam("chain"))
    .with_for_update()
)
_INSERT = sa.insert(t.audit_entries)
_MOVE_HEAD = sa.update(t.audit_heads).where(t.audit_heads.c.chain == sa.bindparam("moved"))


def _keep(connection: Connection, entry: AuditEntry, head: SignedHead) -> None:
    names = ("chain", "seq", "institution_id", "kind", "subject", "data", "previous", "digest")
    columns = {name: getattr(entry, name) for name in names}
    connection.execute(_INSERT, {**columns, **entry.act.written()})
    signed = {name: getattr(head, name) for name in ("seq", "digest", "key_id", "signature")}
    connection.execute(_MOVE_HEAD, {**signed, "at": entry.act.at, "moved": entry.chain})


def _lock_head(
    connection: Connection, chain: str, institution_id: UUID | None, at: datetime
) -> tuple[int, str]:
    """Return number and digest of the last entry, locked until the transaction ends."""
    found = connection.execute(_HEAD, {"chain": chain}).one_or_none()
    if found is None:
        first = {"chain": chain, "institution_id": institution_id, "seq": 0, "digest": BEGINNING}
        insert_once(connection, t.audit_heads, first | {"at": at, "key_id": "", "signature": ""})
        found = connection.execute(_HEAD, {"chain": chain}).one()
    return found.seq, found.digest
