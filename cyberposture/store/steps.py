"""Moves an assessment along one step of its life; which steps there are, `model.life` says."""

from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.model.life import STEPS, Step
from cyberposture.store.acts import Act
from cyberposture.store.assessments import record_state


def take_step(
    connection: Connection,
    assessment_id: UUID,
    step: Step,
    act: Act,
    *,
    details: dict[str, Any] | None = None,
) -> None:
    """Take one step in the life of an assessment.

    Raises:
        NotFound: there is no such assessment.
        WrongState: its state does not allow this step; the advice says what comes next instead.
    """
    rule = STEPS[step]
    record_state(connection, assessment_id, rule.after, act, expected=rule.before, details=details)
