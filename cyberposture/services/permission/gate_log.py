"""Keeps every decision of the gate in the audit log, with the whole question it was asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.errors import Denied
from cyberposture.model.gate import ChunkQuestion, GateAnswer
from cyberposture.store.acts import Act
from cyberposture.store.audit import AuditLog

KIND = "gate"


@dataclass(frozen=True)
class GateLog:
    """Where the decisions of one moment about one institution are written."""

    audit: AuditLog
    connection: Connection
    institution_id: UUID
    act: Act
    about: Mapping[str, Any]
    """The scan, the chunk and the stage that the decisions belong to.

    `plan` is asked before a scan begins, the name of a stage before its chunks are queued, `send`
    right before one is sent.
    """

    def allowed(self, question: ChunkQuestion, answer: GateAnswer) -> None:
        """Write one entry that stands for all pairs of a chunk, every one of them allowed."""
        self._write(question.document(), answer.model_dump(mode="json"))

    def denied(self, question: Mapping[str, Any], pair: Denied, technique: str) -> None:
        """Write one entry for a pair that the gate denied to a technique."""
        answer = {"decision": "deny", "reason": pair.reason, "authorisation": None}
        self._write(dict(question), answer, technique=technique)

    def _write(self, question: dict[str, Any], answer: dict[str, Any], **more: str) -> None:
        self.audit.append(
            self.connection,
            self.institution_id,
            KIND,
            str(self.about.get("scan", "")),
            self.act,
            data={"question": question, "answer": answer, **self.about, **more},
        )
