"""Hands out what was made for others: into a file or a browser, never without an audit entry."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal
from uuid import UUID

from cyberposture.clock import to_iso
from cyberposture.exchange.analysts.file import new_file
from cyberposture.services.register import Register

AuditKind = Literal["oscal-exported", "findings-exported"]


@dataclass(frozen=True)
class Made:
    """A document that was made and is not handed out yet."""

    kind: AuditKind
    name: str
    """What a browser saves it as."""
    media_type: str
    data: bytes
    as_of: datetime
    institution: str | None
    institution_id: UUID | None
    """Whose it is, and in whose audit chain the entry stands; None: of several."""
    facts: Mapping[str, object] = field(default_factory=dict)
    """What else the audit entry says."""

    @property
    def sha256(self) -> str:
        """The digest of the bytes, in hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()


def hand_out(register: Register, made: Made, *, reason: str = "") -> bytes:
    """Put on record that a document is handed out, and return its bytes."""
    with register.change(made.kind, made.name, reason=reason) as change:
        change.institution_id = made.institution_id
        change.tell(
            sha256=made.sha256, size_bytes=len(made.data), as_of=to_iso(made.as_of), **made.facts
        )
    return made.data


def write_out(
    register: Register, made: Made, out: Path, *, force: bool = False, reason: str = ""
) -> None:
    """Write a document to `out`; it takes its place only after its audit entry is kept.

    Raises:
        WrongState: there is a file at `out` already (and no `force`).
        NotFound: there is no such folder.
        MissingService: the file cannot be written.
    """
    with new_file(out, force=force) as draft:
        draft.write_bytes(made.data)
        hand_out(register, made, reason=reason)
