"""Keeps every decision of the gate in the audit log, with the whole question it was asked."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.errors import Denied
from cyberposture.model.gate import ChunkQuestion, GateAnswer
from cyberposture.store.acts import Act
from cyberposture.store.audit import AuditLog

KIND = "gate"


def record_allowed(
    audit: AuditLog,
    connection: Connection,
    institution_id: UUID,
    question: ChunkQuestion,
    answer: GateAnswer,
    act: Act,
    about: Mapping[str, Any],
) -> None:
    """Write one entry that stands for all pairs of a chunk, every one of them allowed."""
    data = {"question": question.document(), "answer": answer.model_dump(mode="json")}
    subject = str(about.get("scan", ""))
    audit.append(connection, institution_id, KIND, subject, act, data={**data, **about})


def record_denied(
    audit: AuditLog,
    connection: Connection,
    institution_id: UUID,
    question: Mapping[str, Any],
    pair: Denied,
    act: Act,
    about: Mapping[str, Any],
) -> None:
    """Write one entry for a pair that the gate denied."""
    answer = {"decision": "deny", "reason": pair.reason, "authorisation": None}
    data = {"question": dict(question), "answer": answer}
    subject = str(about.get("scan", ""))
    audit.append(connection, institution_id, KIND, subject, act, data={**data, **about})
