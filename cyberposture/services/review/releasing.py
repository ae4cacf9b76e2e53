"""What becomes of a reviewed assessment: shown for comment, taken back, reopened, archived."""

from collections.abc import Sequence

from cyberposture.clock import to_iso
from cyberposture.errors import NotFound, WrongState
from cyberposture.model.deadlines import after_working_days
from cyberposture.model.life import Step
from cyberposture.services.assessments.assess import find_parts
from cyberposture.services.people.roles import ADMINISTRATORS, require_role
from cyberposture.services.register import Change, Register
from cyberposture.services.review.holding import hold
from cyberposture.services.review.speaking import SPEAKERS, require_of, require_reason
from cyberposture.services.review.standing import AGAIN, Item, list_items
from cyberposture.services.scores.basis import gather_basis
from cyberposture.services.scores.contradictions import follow_contradictions
from cyberposture.store import appeals, assessments, results
from cyberposture.store.acts import Act
from cyberposture.store.assessments import AssessmentRecord
from cyberposture.store.layouts import get_layout
from cyberposture.store.results import PreliminaryResult, ResultComment
from cyberposture.store.steps import take_step

COMMENT_WORKING_DAYS = 10
"""How long an institution may comment on its preliminary result. Source: portal.md, Preliminary."""


def release(register: Register, institution: str, round_code: str) -> PreliminaryResult:
    """Show the institution its preliminary result, and return it with the end of its time.

    That time is ten working days, read in the institution's zone.

    Raises:
        NotFound: institution, round or assessment is not there.
        NotAuthorised: whoever acts is no administrator.
        WrongState: it is not in review, or something that must be reviewed is not.
    """
    with register.change("result-released", institution) as change:
        connection = change.connection
        require_role(connection, change.by.actor, ADMINISTRATORS, change.now)
        hold(connection, institution, round_code)
        basis = gather_basis(register, connection, institution, round_code, change.now)
        if basis.assessment is None:
            raise NotFound("assessment", f"{institution} in {round_code}")
        change.institution_id = basis.institution.id
        # The state first: what is left to review matters only in a review.
        take_step(connection, basis.assessment.id, "release", change.by)
        _require_reviewed(list_items(connection, basis))
        follow_contradictions(change, basis)
        zone = basis.institution.institution.zone
        kept = results.insert_result(
            connection, basis.institution.id, basis.assessment.id, change.by,
            document=basis.document.model_dump(mode="json", by_alias=True),
            result=basis.result.model_dump(mode="json"),
            comments_until=after_working_days(change.now, COMMENT_WORKING_DAYS, zone),
        )  # fmt: skip
        change.tell(
            round=round_code, number=kept.number, comments_until=to_iso(kept.comments_until),
            document_sha256=kept.document_sha256, result_sha256=kept.result_sha256,
        )  # fmt: skip
    return kept


def _require_reviewed(items: Sequence[Item]) -> None:
    left = [one.control for one in items if one.is_due]
    if left:
        shown = ", ".join(left[:5]) + (f" and {len(left) - 5} more" if len(left) > 5 else "")
        raise WrongState(
            f"{len(left)} controls are still to be settled: {shown}",
            advice="gates, what was drawn, and what is claimed not to apply are reviewed first",
        )


def take_back(
    register: Register,
    institution: str,
    round_code: str,
    controls: Sequence[str],
    *,
    reason: str,
) -> None:
    """Take a preliminary result back into review; these controls are looked at again.

    Raises:
        InvalidInput: no reason is given.
        NotFound: institution, round, assessment or a control is not there.
        NotAuthorised: whoever acts is no administrator.
        WrongState: it is not preliminary.
    """
    _return_to_review(register, (institution, round_code), "take back", controls, reason)


def reopen(
    register: Register,
    institution: str,
    round_code: str,
    controls: Sequence[str],
    *,
    reason: str,
) -> None:
    """Reopen a final assessment: its score stands until a new one is final, which will name it.

    Raises:
        InvalidInput: no reason is given.
        NotFound: institution, round, assessment or a control is not there.
        NotAuthorised: whoever acts is no administrator.
        WrongState: it is not finalised, or an appeal against it waits to be decided.
    """
    _return_to_review(register, (institution, round_code), "reopen", controls, reason)


_KINDS: dict[Step, str] = {"take back": "result-taken-back", "reopen": "assessment-reopened"}


def _return_to_review(
    register: Register,
    places: tuple[str, str],
    step: Step,
    controls: Sequence[str],
    reason: str,
) -> None:
    why = require_reason(reason)
    with register.change(_KINDS[step], places[0], reason=why) as change:
        connection = change.connection
        require_role(connection, change.by.actor, ADMINISTRATORS, change.now)
        hold(connection, *places)
        change.institution_id, assessment = find_parts(connection, *places)
        asked = get_layout(connection, assessment.layout)
        for control in controls:
            if control not in asked:
                raise NotFound("control in this assessment", control)
        if step == "reopen":
            _require_no_appeal(change, assessment)
        take_step(connection, assessment.id, step, change.by)
        if controls:
            assessments.record_event(
                connection, assessment.id, AGAIN, change.by, details={"controls": list(controls)}
            )
        change.tell(round=places[1], controls=list(controls))


def _require_no_appeal(change: Change, assessment: AssessmentRecord) -> None:
    if any(
        one.outcome is None
        for one in appeals.list_appeals(change.connection, assessment_id=assessment.id)
    ):
        raise WrongState(
            "an appeal against this result waits to be decided",
            advice="decide it first: cyberposture assessment decide",
        )


def archive(register: Register, institution: str, round_code: str, *, reason: str = "") -> None:
    """Put a final assessment away for good.

    Raises:
        NotFound: institution, round or assessment is not there.
        NotAuthorised: whoever acts is no administrator.
        WrongState: it is not finalised, or an appeal against it waits to be decided.
    """
    with register.change("assessment-archived", institution, reason=reason) as change:
        connection = change.connection
        require_role(connection, change.by.actor, ADMINISTRATORS, change.now)
        hold(connection, institution, round_code)
        change.institution_id, assessment = find_parts(connection, institution, round_code)
        _require_no_appeal(change, assessment)
        take_step(connection, assessment.id, "archive", change.by)
        change.tell(round=round_code)


def comment(
    register: Register, institution: str, round_code: str, control: str | None, text: str
) -> ResultComment:
    """Keep what the institution says to its preliminary result, and return it.

    It is printed beside the control, or (no control) beside the whole.

    Raises:
        InvalidInput: it says nothing.
        NotFound: institution, round, assessment or control is not there.
        NotAuthorised: whoever acts does not speak for the institution.
        WrongState: there is no preliminary result, or its time for comments is over.
    """
    said = require_reason(text, "text")
    with register.change("result-commented", institution) as change:
        assessment, result = _open_to_comment(change, institution, round_code)
        known = get_layout(change.connection, assessment.layout)
        if control is not None and control not in known:
            raise NotFound("control in this assessment", control)
        own = Act(change.by.actor, said, change.now)
        kept = results.insert_comment(
            change.connection, assessment.institution_id, assessment.id, own,
            result=result.number, control=control, kind="comment",
        )  # fmt: skip
        change.tell(round=round_code, number=kept.number, control=control, comment=said)
    return kept


def say_no_more(register: Register, institution: str, round_code: str) -> None:
    """Record that the institution has nothing to add: the result may be finalised at once.

    Raises:
        NotFound: institution, round or assessment is not there.
        NotAuthorised: whoever acts does not speak for the institution.
        WrongState: there is no preliminary result, or its time for comments is over.
    """
    with register.change("comments-ended", institution) as change:
        assessment, result = _open_to_comment(change, institution, round_code)
        results.insert_comment(
            change.connection, assessment.institution_id, assessment.id, change.by,
            result=result.number, control=None, kind="no-more",
        )  # fmt: skip
        change.tell(round=round_code)


def _open_to_comment(
    change: Change, institution: str, round_code: str
) -> tuple[AssessmentRecord, PreliminaryResult]:
    connection = change.connection
    hold(connection, institution, round_code)
    change.institution_id, assessment = find_parts(connection, institution, round_code)
    require_of(change, change.institution_id, SPEAKERS)
    result = results.find_result(connection, assessment.id)
    if assessment.state != "preliminary" or result is None:
        advice = "a preliminary result is commented on; against a final one there is the appeal"
        raise WrongState(f"the assessment is {assessment.state}, not preliminary", advice=advice)
    said = results.list_comments(connection, assessment.id)
    if any(one.kind == "no-more" and one.result == result.number for one in said):
        raise WrongState(
            "you said that you have nothing to add",
            advice="against the final result you may appeal",
        )
    if change.now >= result.comments_until:
        raise WrongState(
            f"the time for comments ended at {to_iso(result.comments_until)}",
            advice="ask the CERT; against the final result you may appeal",
        )
    return assessment, result
