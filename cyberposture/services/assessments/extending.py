"""More time: the lead asks for it with a reason, the CERT grants it until a date, or does not."""

from datetime import datetime

from cyberposture.clock import to_iso
from cyberposture.errors import Fault, InvalidInput, WrongState
from cyberposture.services.assessments.asked import open_asked
from cyberposture.services.assessments.scoping import SCOPED
from cyberposture.services.register import Register
from cyberposture.store import assessments, extensions
from cyberposture.store.extensions import ExtensionRecord


def ask_for_time(
    register: Register, institution: str, round_code: str, wished: datetime, *, reason: str
) -> int:
    """Ask for more time until `wished` and return the number of the request.

    Raises:
        InvalidInput: no reason is given, or the date is not after the one that holds.
        NotFound: institution, round or assessment is not there.
        WrongState: it was handed in, the round is closed, or an earlier request still waits.
    """
    if not reason.strip():
        raise InvalidInput(Fault("reason", "say why you need more time"))
    with register.change("extension-asked", institution, reason=reason) as change:
        asked = open_asked(register, change.connection, institution, round_code)
        change.institution_id = asked.institution_id
        state = asked.assessment.state
        if asked.campaign.closed_at is not None or state not in SCOPED:
            is_closed = asked.campaign.closed_at is not None
            raise WrongState("the round is closed" if is_closed else f"the assessment is {state}")
        if wished <= max(asked.due, change.now):
            raise InvalidInput(Fault("wished", "choose a day after the one that holds now"))
        number = extensions.insert_extension(
            change.connection, asked.assessment.id, wished, change.by
        )
        change.tell(round=round_code, number=number, wished=to_iso(wished))
    return number


def grant_time(
    register: Register,
    institution: str,
    round_code: str,
    number: int,
    until: datetime,
    *,
    reason: str = "",
) -> None:
    """Grant more time until `until`, which need not be the day that was wished for.

    Raises:
        InvalidInput: the date is not after the one that holds.
        NotFound: institution, round, assessment or request is not there.
        WrongState: something was said to the request already.
    """
    with register.change("extension-granted", institution, reason=reason) as change:
        asked = open_asked(register, change.connection, institution, round_code)
        change.institution_id = asked.institution_id
        if until <= asked.due:
            raise InvalidInput(Fault("until", "choose a day after the one that holds now"))
        extensions.record_extension_decision(
            change.connection, asked.assessment.id, number, "granted", change.by, until=until
        )
        assessments.record_extension(change.connection, asked.assessment.id, until, change.by)
        change.tell(round=round_code, number=number, until=to_iso(until))


def refuse_time(
    register: Register, institution: str, round_code: str, number: int, *, reason: str
) -> None:
    """Refuse more time, with the reason.

    Raises:
        InvalidInput: no reason is given.
        NotFound: institution, round, assessment or request is not there.
        WrongState: something was said to the request already.
    """
    if not reason.strip():
        raise InvalidInput(Fault("reason", "say why not"))
    with register.change("extension-refused", institution, reason=reason) as change:
        asked = open_asked(register, change.connection, institution, round_code)
        change.institution_id = asked.institution_id
        extensions.record_extension_decision(
            change.connection, asked.assessment.id, number, "refused", change.by
        )
        change.tell(round=round_code, number=number)


def list_extensions(register: Register, institution: str, round_code: str) -> list[ExtensionRecord]:
    """Return what was asked for in an assessment, the oldest first.

    Raises:
        NotFound: institution, round or assessment is not there.
    """
    with register.reading() as connection:
        asked = open_asked(register, connection, institution, round_code)
        return extensions.list_extensions(connection, assessment_id=asked.assessment.id)


def list_waiting(register: Register) -> list[ExtensionRecord]:
    """Return the requests that wait for the CERT, the oldest first."""
    with register.reading() as connection:
        return extensions.list_extensions(connection, waiting_only=True)
