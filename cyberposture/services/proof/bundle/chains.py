"""Cuts out of the log the entries that a bundle needs, so that a stranger can still verify them.

Each entry is shown whole, with the digest of the one before it, and over each stretch of them
stands a signed head. What lies between is told by its numbers and its last digest alone. Before
anything is handed out, the whole chain is held against the heads that are kept outside.
"""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.errors import Corrupt
from cyberposture.scanning.permission.scope import IntervalSet, number_of, parse_address
from cyberposture.services.proof.bundle.matter import Matter, Sent
from cyberposture.services.register import Register
from cyberposture.store.audit import BEGINNING, AuditEntry, chain_name, walk_chain
from cyberposture.store.heads import HeadsFile, SignedHead, written_moment
from cyberposture.store.verification import is_unchanged

Piece = dict[str, Any]
_OF_LETTERS: Final = frozenset(
    {"authorisation-received", "authorisation-granted", "authorisation-withdrawn", "notice-sent",
     "notice-waived"}
)  # fmt: skip
_OF_SCORES: Final = frozenset({"scored", "finalised", "appeal-decided"})
_OF_KEYS: Final = frozenset({"person-invited", "signing-key-made"})


class Excerpts:
    """What of the log belongs to one matter."""

    def __init__(
        self, register: Register, heads_file: HeadsFile, matter: Matter, signers: Iterable[str]
    ) -> None:
        self._register, self._heads_file, self._matter = register, heads_file, matter
        self._signers = frozenset(signers)

    def read(self, connection: Connection) -> dict[str, Any]:
        """Return the excerpt of the institution's chain and of the system's, by file name.

        Raises:
            Corrupt: a chain is not what was written; nothing is handed out of it.
        """
        owners: dict[str, UUID | None] = {
            chain_name(self._matter.owner.id): self._matter.owner.id,
            chain_name(None): None,
        }
        heads: dict[str, dict[int, SignedHead]] = {chain: {} for chain in owners}
        for head in self._heads_file.read():
            if head.chain in heads:
                heads[head.chain][head.seq] = head
        return {
            f"chains/{chain}.json": {
                "chain": chain,
                "pieces": self._excerpt(connection, owner, heads[chain]),
            }
            for chain, owner in owners.items()
        }

    def _excerpt(
        self, connection: Connection, owner: UUID | None, heads: dict[int, SignedHead]
    ) -> list[Piece]:
        pieces: list[Piece] = []
        shown: AuditEntry | None = None
        held_back: AuditEntry | None = None
        first, last = 1, BEGINNING
        for entry in walk_chain(connection, owner):
            _require_whole(entry, last, heads.get(entry.seq))
            last = entry.digest
            if not self.wants(entry):
                if shown is not None:
                    pieces[-1]["head"] = self._head_of(shown, heads)
                    shown, first = None, entry.seq
                held_back = entry
                continue
            if held_back is not None:
                pieces.append({"withheld": {"first": first, "last": held_back.seq,
                                            "digest": held_back.digest}})  # fmt: skip
                held_back = None
            pieces.append(show(entry))
            shown = entry
        if shown is not None:
            pieces[-1]["head"] = self._head_of(shown, heads)
        return pieces

    def _head_of(self, entry: AuditEntry, heads: dict[int, SignedHead]) -> dict[str, str]:
        """Return the signed head at an entry; one that was never kept is signed once more.

        The same key signs the same words the same way, so that it is the head of then.
        """
        return asdict(heads.get(entry.seq) or self._register.audit.head_at(entry))

    def wants(self, entry: AuditEntry) -> bool:
        """Return whether an entry belongs to the matter."""
        matter, data = self._matter, entry.data
        match entry.kind:
            case "gate" | "lookup":
                return data.get("stage") == "send" and _sent(entry) in matter.sent
            case "chunk-run":
                return _sent(entry) in matter.sent
            case "scan-imported":
                return data.get("artefact_sha256") in matter.raw
            case "edition-adopted":
                return any(data.get(kind) == one for kind, one in matter.editions.items())
            case kind if kind in _OF_LETTERS:
                return entry.subject in matter.letters
            case kind if kind in _OF_SCORES:
                return matter.kind == "score" and data.get("score") == matter.id
            case kind if kind in _OF_KEYS:
                return entry.subject in self._signers
        return False


def _sent(entry: AuditEntry) -> Sent:
    return Sent(entry.subject, int(entry.data.get("chunk", 0)))


def _require_whole(entry: AuditEntry, last: str, head: SignedHead | None) -> None:
    told = head is None or head.digest == entry.digest
    if entry.previous != last or not is_unchanged(entry) or not told:
        raise Corrupt(
            f"entry {entry.seq} of chain {entry.chain} is not what was written",
            advice="cyberposture audit verify",
        )


def show(entry: AuditEntry) -> Piece:
    """Return an entry as it is shown: every part that its digest covers, and the digest.

    What it holds of others' addresses is left out, and counted; its digest then proves its place
    and not its words. Entries written today hold none of that.
    """
    document = {
        "chain": entry.chain,
        "seq": entry.seq,
        "at": written_moment(entry.act.at),
        "actor": entry.act.actor,
        "kind": entry.kind,
        "subject": entry.subject,
        "data": entry.data,
        "reason": entry.act.reason,
        "previous": entry.previous,
        "digest": entry.digest,
    }
    left_out = {**_ranges_of_others(document), **_refused(document)}
    piece: Piece = {"entry": document, "head": None}
    return piece | {"left_out": left_out} if left_out else piece


def _ranges_of_others(document: dict[str, Any]) -> dict[str, int]:
    question = document["data"].get("question", {})
    ranges = ("deny", "excluded_elsewhere")
    if not any(question.get(name) for name in ranges):
        return {}
    targets = question.get("targets") or [question.get("target", "")]
    numbers = [number_of(parse_address(one)) for one in targets]
    kept = {name: [cidr for cidr in question[name] if _holds_any(cidr, numbers)] for name in ranges}
    counts = {name: len(question[name]) - len(kept[name]) for name in ranges}
    document["data"] = document["data"] | {"question": question | kept}
    return {name: count for name, count in counts.items() if count}


def _holds_any(cidr: str, numbers: Iterable[int]) -> bool:
    stretch = IntervalSet.of_cidrs([cidr])
    return any(number in stretch for number in numbers)


def _refused(document: dict[str, Any]) -> dict[str, int]:
    """Take out of a foreign scan's entry the hosts that nobody's letter named."""
    refused = document["data"].get("refused")
    if document["kind"] != "scan-imported" or not refused:
        return {}
    document["data"] = document["data"] | {"refused": []}
    return {"refused": len(refused)}
