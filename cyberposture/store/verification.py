"""Finds, offline, whatever was done to the audit chains up to the last trusted head.

It reads and compares; it mends nothing, and it cannot see what no head was ever written for.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, Literal
from uuid import UUID

import rfc8785
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, RowMapping

from cyberposture.store import tables as t
from cyberposture.store.audit import BEGINNING, AuditEntry, chain_name, read_entry, read_head
from cyberposture.store.heads import HeadsFile, SignedHead

FaultKind = Literal["changed", "removed", "inserted", "replaced", "unsigned", "forged-head"]


@dataclass(frozen=True, slots=True)
class AuditFault:
    """One thing wrong with a chain, at or from the entry `seq` on."""

    chain: str
    seq: int
    kind: FaultKind
    what: str


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What was read, the last head of each chain that could be trusted, and every fault."""

    entries: int
    trusted: tuple[SignedHead, ...]
    faults: tuple[AuditFault, ...]

    @property
    def is_intact(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


def verify(
    connection: Connection,
    heads_file: HeadsFile,
    public_keys: Sequence[Ed25519PublicKey],
    *,
    witnesses: Iterable[SignedHead] = (),
) -> VerifyReport:
    """Check every chain against itself, its signed head, the heads file and other witnesses.

    Returns a report with the faults by chain. Call it first in a transaction: the heads file must
    be older than what the transaction sees.

    Raises:
        MissingService: there is no heads file.
        Corrupt: the heads file holds a line that is no head.
    """
    remembered: dict[str, list[SignedHead]] = {}
    for head in (*heads_file.read(), *witnesses):
        remembered.setdefault(head.chain, []).append(head)
    heads = {row["chain"]: read_head(row) for row in _heads(connection)}
    faults: list[AuditFault] = []
    trusted: list[SignedHead] = []
    count = 0
    seen: set[str] = set()
    for chain, entries in groupby(stream_entries(connection), key=lambda entry: entry.chain):
        walk = _Walk(chain)
        for entry in entries:
            walk.step(entry)
        count += len(walk.digests)
        seen.add(chain)
        faults += walk.faults
        faults += _check_end(walk, heads.get(chain), public_keys)
        faults += _check_memory(walk, remembered.get(chain, []), public_keys)
    for chain in sorted((remembered.keys() | heads.keys()) - seen):
        empty = _Walk(chain)
        faults += _check_end(empty, heads.get(chain), public_keys)
        faults += _check_memory(empty, remembered.get(chain, []), public_keys)
    faults = list(dict.fromkeys(faults))
    broken = {fault.chain for fault in faults}
    for chain in sorted(remembered.keys() - broken):
        trusted.append(max(remembered[chain], key=lambda head: head.seq))
    return VerifyReport(count, tuple(trusted), tuple(faults))


class _Walk:
    """One chain read from its first entry to its last."""

    def __init__(self, chain: str) -> None:
        self.chain = chain
        self.faults: list[AuditFault] = []
        self.digests: dict[int, str] = {}
        self.last_seq = 0
        self._last_digest = BEGINNING

    def step(self, entry: AuditEntry) -> None:
        """Check one entry against itself and the one before it."""
        expected = self.last_seq + 1
        if entry.seq > expected:
            self._note(expected, "removed", f"entries {expected} to {entry.seq - 1} are missing")
        elif entry.seq < expected:
            self._note(entry.seq, "inserted", "an entry stands before the beginning")
        elif entry.previous != self._last_digest:
            self._note(entry.seq, "replaced", "it does not follow from the entry before it")
        if not is_unchanged(entry):
            self._note(entry.seq, "changed", "its content is not what was written")
        elif chain_name(entry.institution_id) != entry.chain:
            self._note(entry.seq, "changed", "it was given to another institution")
        self.last_seq, self._last_digest = entry.seq, entry.digest
        self.digests[entry.seq] = entry.digest

    def _note(self, seq: int, kind: FaultKind, what: str) -> None:
        self.faults.append(AuditFault(self.chain, seq, kind, what))


def _check_end(
    walk: _Walk, head: SignedHead | None, public_keys: Sequence[Ed25519PublicKey]
) -> Iterator[AuditFault]:
    """Yield what the signed head in the database says against the end of its chain."""
    if head is None:
        if walk.digests:
            yield AuditFault(walk.chain, walk.last_seq, "unsigned", "the chain has no head")
    elif head.seq == 0 and not walk.digests:
        return
    elif not _is_ours(head, public_keys):
        yield AuditFault(walk.chain, head.seq, "forged-head", "our key did not sign the head")
    elif head.seq > walk.last_seq:
        yield _removed(walk, head)
    elif head.seq < walk.last_seq:
        what = "entries stand behind the signed head"
        yield AuditFault(walk.chain, head.seq + 1, "inserted", what)
    elif head.digest != walk.digests.get(head.seq):
        yield AuditFault(walk.chain, head.seq, "replaced", "the signed head is of another entry")


def _check_memory(
    walk: _Walk, remembered: Sequence[SignedHead], public_keys: Sequence[Ed25519PublicKey]
) -> Iterator[AuditFault]:
    """Yield what heads kept outside the database say against the chain.

    A head that agrees with the chain needs no look at its signature, but for the last one.
    """
    if walk.digests and not remembered:
        what = "no head of this chain was kept outside"
        yield AuditFault(walk.chain, walk.last_seq, "unsigned", what)
    last = max((head.seq for head in remembered), default=0)
    ours: list[SignedHead] = []
    for head in remembered:
        agrees = walk.digests.get(head.seq) == head.digest
        if agrees and head.seq < last:
            continue
        if not _is_ours(head, public_keys):
            what = "a head kept outside was not signed by our key"
            yield AuditFault(walk.chain, head.seq, "forged-head", what)
        elif not agrees:
            ours.append(head)
    beyond = [head for head in ours if head.seq > walk.last_seq]
    if beyond:
        yield _removed(walk, max(beyond, key=lambda head: head.seq))
    replaced = [head.seq for head in ours if head.seq in walk.digests]
    if replaced:
        what = f"from here on it is not the chain of {len(replaced)} heads kept outside"
        yield AuditFault(walk.chain, min(replaced), "replaced", what)


def _removed(walk: _Walk, head: SignedHead) -> AuditFault:
    first = walk.last_seq + 1
    return AuditFault(walk.chain, first, "removed", f"entries {first} to {head.seq} are missing")


def _is_ours(head: SignedHead, public_keys: Sequence[Ed25519PublicKey]) -> bool:
    return any(head.is_signed_by(key) for key in public_keys)


def is_unchanged(entry: AuditEntry) -> bool:
    """Return whether the entry's digest is that of its content."""
    try:
        return entry.computed_digest() == entry.digest
    except (rfc8785.CanonicalizationError, UnicodeError):
        return False


def stream_entries(connection: Connection) -> Iterator[AuditEntry]:
    """Yield every entry, chain by chain and in order.

    One that no longer reads as what it was comes with an empty place instead.
    The columns are read raw, because whoever changed them need not have kept to their types.
    """
    e = t.audit_entries
    raw = [
        sa.type_coerce(column, sa.String).label(column.name)
        if column.name in ("data", "at", "institution_id")
        else column
        for column in e.c
    ]
    query = sa.select(*raw).order_by(e.c.chain, e.c.seq)
    streamed = connection.execute(query, execution_options={"yield_per": 500})
    for row in streamed.mappings():
        try:
            yield read_entry({**row, **_typed(row)})
        except (ValueError, TypeError):
            nothing = {"seq": 0, "data": {}, "at": datetime.min.replace(tzinfo=UTC)}
            yield read_entry({**row, **nothing, "institution_id": None})


def _typed(row: RowMapping) -> dict[str, Any]:
    at = row["at"]
    institution = row["institution_id"]
    return {
        "seq": int(row["seq"]),
        "data": json.loads(row["data"]),
        "at": datetime.fromisoformat(at) if isinstance(at, str) else at,
        "institution_id": None if institution is None else UUID(str(institution)),
    }


def _heads(connection: Connection) -> Sequence[RowMapping]:
    return connection.execute(sa.select(t.audit_heads)).mappings().all()
