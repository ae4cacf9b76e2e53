"""Suggested answers: shown apart, counted nowhere, and somebody's word once confirmed."""

from collections.abc import Sequence

from cyberposture.errors import NotFound
from cyberposture.services.assessments.assess import find_answerable, find_parts
from cyberposture.services.assessments.delegating import require_own_parts
from cyberposture.services.assessments.still_open import require_open
from cyberposture.services.register import Register
from cyberposture.store import answering, answers, assessments
from cyberposture.store.answers import AnswerRevision


def list_suggestions(
    register: Register, institution: str, round_code: str
) -> dict[str, AnswerRevision]:
    """Return the suggestions that nobody touched yet, by control; their act says whence they come.

    Raises:
        NotFound: institution, round or assessment is not there.
    """
    with register.reading() as connection:
        _, assessment = find_parts(connection, institution, round_code)
        known = answers.list_answers(connection, assessment.id)
    return {control: one for control, one in known.items() if one.is_suggestion}


def confirm(
    register: Register,
    institution: str,
    round_code: str,
    controls: Sequence[str],
    *,
    reason: str = "",
) -> None:
    """Make suggestions the institution's own answers, just as they are: all named, or none.

    Raises:
        NotAuthorised: one of the controls is in somebody else's hands.
        NotFound: institution, round or assessment is not there, or nothing is suggested for one of
            the controls.
        WrongState: the round is closed, or the assessment takes no answers any more.
    """
    with register.change("answers-confirmed", institution, reason=reason) as change:
        _, assessment = find_answerable(change.connection, institution, round_code)
        change.institution_id = assessment.institution_id
        require_open(change.connection, assessment, controls)
        require_own_parts(change.connection, assessment, change.by.actor, controls, change.now)
        assessments.lock_assessment(change.connection, assessment.id)
        known = answers.list_answers(change.connection, assessment.id, controls=controls)
        for control in controls:
            if control not in known or not known[control].is_suggestion:
                raise NotFound("suggestion for control", control)
        given = [known[control].answer for control in dict.fromkeys(controls)]
        written = answering.record_answers(change.connection, assessment.id, given, change.by)
        change.tell(
            round=round_code,
            answers={revision.answer.control: revision.revision for revision in written},
        )
