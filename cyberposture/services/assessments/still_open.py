"""Which answers an institution may still change: all until it hands them in, then what is asked.

After the hand-in an answer changes only where a reviewer asks for clarification. Asking is an event
of the assessment (`ASKED`, with the `controls` in question), and so is its end (`SETTLED`).
"""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.errors import WrongState
from cyberposture.model.life import AssessmentState
from cyberposture.store import assessments, rounds
from cyberposture.store.assessments import AssessmentRecord
from cyberposture.store.layouts import get_layout
from cyberposture.store.rounds import RoundRecord

ANSWERING: tuple[AssessmentState, ...] = ("answering",)
"""Between the confirmed scope and the hand-in: every answer may change."""
ASKED = "clarification asked"
SETTLED = "clarification settled"


def asked_again(connection: Connection, assessment_id: UUID) -> frozenset[str]:
    """Return the controls on which a reviewer asked for clarification and it is not settled."""
    asked: set[str] = set()
    for event in assessments.list_events(connection, assessment_id):
        controls = (event.details or {}).get("controls", ())
        if event.kind == ASKED:
            asked.update(controls)
        elif event.kind == SETTLED:
            asked.difference_update(controls)
    return frozenset(asked)


def open_controls(connection: Connection, assessment: AssessmentRecord) -> frozenset[str]:
    """Return the controls whose answers the institution may change now."""
    return still_open(connection, assessment, rounds.get_round(connection, assessment.round))


def still_open(
    connection: Connection, assessment: AssessmentRecord, campaign: RoundRecord
) -> frozenset[str]:
    """Return what `open_controls` does, where the assessment's round was read already."""
    asked = frozenset(get_layout(connection, assessment.layout))
    is_closed = campaign.closed_at is not None
    if is_closed or assessment.state not in (*ANSWERING, "clarification"):
        return frozenset()
    if assessment.state in ANSWERING:
        return asked
    return asked & asked_again(connection, assessment.id)


def may_answer(connection: Connection, assessment: AssessmentRecord, control: str) -> bool:
    """Return whether the institution may change its answer to this control now."""
    return control in open_controls(connection, assessment)


def require_open(
    connection: Connection, assessment: AssessmentRecord, controls: Collection[str]
) -> None:
    """Return if the institution may change its answers to all these controls now.

    Raises:
        WrongState: one of them was handed in, and nobody asked about it.
    """
    # Who may answer everything is not asked about each: a control unknown here is told elsewhere.
    if assessment.state != "clarification":
        return
    shut = sorted(set(controls) - open_controls(connection, assessment))
    if shut:
        raise WrongState(
            f"{', '.join(shut)}: handed in already",
            advice="its answer changes only where a reviewer asks for clarification",
        )
