"""What was handed in goes back to the institution as a whole, with the reason, before a result.

It may correct every answer, has them attested anew and hands in again: a revision of its own. What
reviewers found stays, and counts on for each answer that does not change.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.errors import NotFound, WrongState
from cyberposture.services.assessments.answers_digest import HANDED_BACK
from cyberposture.services.assessments.assess import find_parts
from cyberposture.services.people.roles import ADMINISTRATORS, require_role
from cyberposture.services.register import Register
from cyberposture.services.review.holding import hold
from cyberposture.services.review.speaking import require_reason
from cyberposture.store import assessments, results
from cyberposture.store.attestations import list_attestations
from cyberposture.store.layouts import get_layout
from cyberposture.store.steps import take_step


@dataclass(frozen=True)
class HandedBack:
    """That a return was handed back: when, by whom, why, and which controls are meant."""

    at: datetime
    who: str
    why: str
    controls: tuple[str, ...]
    """None: all of it."""


def hand_back(
    register: Register,
    institution: str,
    round_code: str,
    controls: Sequence[str] = (),
    *,
    reason: str,
) -> None:
    """Hand a whole return back to its institution, which corrects it and hands it in again.

    Raises:
        InvalidInput: no reason is given.
        NotFound: institution, round, assessment or a control is not there.
        NotAuthorised: whoever acts is no administrator.
        WrongState: it is neither handed in nor in review, or a result of it was shown already.
    """
    why = require_reason(reason)
    with register.change("return-handed-back", institution, reason=why) as change:
        connection = change.connection
        require_role(connection, change.by.actor, ADMINISTRATORS, change.now)
        hold(connection, institution, round_code)
        change.institution_id, assessment = find_parts(connection, institution, round_code)
        asked = get_layout(connection, assessment.layout)
        named = list(dict.fromkeys(controls))
        for control in named:
            if control not in asked:
                raise NotFound("control in this assessment", control)
        if results.find_result(connection, assessment.id) is not None:
            raise WrongState(
                "the institution was shown a result already",
                advice="ask it about single controls: cyberposture assessment ask",
            )
        take_step(connection, assessment.id, "hand back", change.by)
        # What is attested so far is attested of what was handed in so far.
        attested = max((one.number for one in list_attestations(connection, assessment.id)),
                       default=0)  # fmt: skip
        details = {"controls": named, "attestation": attested}
        assessments.record_event(connection, assessment.id, HANDED_BACK, change.by, details=details)
        change.tell(round=round_code, controls=named)


def find_handed_back(connection: Connection, assessment_id: UUID) -> HandedBack | None:
    """Return the newest time that a return was handed back, or None where it never was."""
    found = [one for one in assessments.list_events(connection, assessment_id)
             if one.kind == HANDED_BACK]  # fmt: skip
    if not found:
        return None
    act, details = found[-1].act, found[-1].details or {}
    return HandedBack(act.at, act.actor, act.reason, tuple(details.get("controls", ())))
