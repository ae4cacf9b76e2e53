"""Appeals against a final result, decided by somebody who had no part in it; and the correction."""

from collections.abc import Sequence

from sqlalchemy import Connection

from cyberposture.errors import Fault, InvalidInput, NotAuthorised, NotFound, WrongState
from cyberposture.model.assessments import Review
from cyberposture.model.life import NEXT
from cyberposture.services.assessments.assess import find_parts
from cyberposture.services.people.roles import ADMINISTRATORS, require_role
from cyberposture.services.register import Change, Register
from cyberposture.services.review.assigning import require_apart
from cyberposture.services.review.holding import hold
from cyberposture.services.review.speaking import SPEAKERS, require_of, require_reason
from cyberposture.services.scores.score import keep_correction
from cyberposture.store import answering, answers, assessments, opinions, review_assignments, scores
from cyberposture.store import appeals as store
from cyberposture.store.acts import Act
from cyberposture.store.appeals import AppealRecord, Outcome
from cyberposture.store.assessments import AssessmentRecord, lock_assessment
from cyberposture.store.layouts import get_layout


def appeal(
    register: Register,
    institution: str,
    round_code: str,
    controls: Sequence[str],
    *,
    grounds: str,
) -> AppealRecord:
    """Appeal against a final result, on some controls or (none named) on the whole; return it.

    Raises:
        InvalidInput: no grounds are given.
        NotFound: institution, round, assessment, score or a control is not there.
        NotAuthorised: whoever acts does not speak for the institution.
        WrongState: the result is not final, or this score was appealed against already.
    """
    why = require_reason(grounds, "grounds")
    with register.change("appealed", institution, reason=why) as change:
        connection = change.connection
        hold(connection, institution, round_code)
        change.institution_id, assessment = find_parts(connection, institution, round_code)
        require_of(change, change.institution_id, SPEAKERS)
        if assessment.state != "finalised":
            raise WrongState(
                f"the assessment is {assessment.state}, not finalised",
                advice=NEXT[assessment.state],
            )
        _require_known(connection, assessment, controls)
        score = scores.find_score(connection, change.institution_id, round_id=assessment.round_id)
        if score is None:
            raise NotFound("score", f"{institution} in {round_code}")
        known = store.list_appeals(connection, assessment_id=assessment.id)
        if any(one.score_id == score.summary.id for one in known):
            raise WrongState(
                "you appealed against this result already",
                advice="what was decided stands on the page of your result",
            )
        kept = store.insert_appeal(
            connection, change.institution_id, assessment.id, score.summary.id, change.by,
            controls=controls,
        )  # fmt: skip
        change.tell(round=round_code, appeal=kept.code, controls=list(controls))
    return kept


def _require_known(
    connection: Connection, assessment: AssessmentRecord, controls: Sequence[str]
) -> None:
    asked = get_layout(connection, assessment.layout)
    for control in controls:
        if control not in asked:
            raise NotFound("control in this assessment", control)


def decide_appeal(
    register: Register,
    institution: str,
    code: str,
    outcome: Outcome,
    *,
    reason: str,
    corrections: Sequence[Review] = (),
    told: str = "",
) -> AppealRecord:
    """Decide an appeal, and return it; where it is granted, the corrected score is kept with it.

    The old score stays; the new one names it, the reason, and who was told.

    Raises:
        InvalidInput: no reason is given, or a granted appeal corrects nothing, or a rejected does.
        NotFound: there is no such appeal of this institution, or a control is not asked.
        NotAuthorised: whoever acts is no administrator, had a part in the review, or is tied to
            the institution.
        WrongState: it was decided already, or the result is not final any more.
    """
    why = require_reason(reason)
    _require_fitting(outcome, corrections)
    with register.change("appeal-decided", institution, reason=why) as change:
        connection = change.connection
        require_role(connection, change.by.actor, ADMINISTRATORS, change.now)
        found = store.get_appeal(connection, code)
        assessment = _appealed(change, found, institution)
        _require_outside(change, assessment)
        _require_known(connection, assessment, [one.control for one in corrections])
        corrected = None
        if corrections:
            _write_reviews(change, assessment, corrections)
            kept = scores.get_score(connection, found.score_id)
            corrected = keep_correction(
                register, change, kept, (institution, assessment.round),
                corrections={one.control: one for one in corrections}, told=told,
            )  # fmt: skip
        decided = store.record_decision(
            connection, code, outcome, change.by,
            correction_id=None if corrected is None else corrected.summary.id,
        )  # fmt: skip
        assessments.record_event(
            connection, assessment.id, f"appeal {outcome}", change.by,
            details={"appeal": code, "told": told},
        )  # fmt: skip
        change.tell(round=assessment.round, appeal=code, outcome=outcome)
    return decided


def _require_fitting(outcome: Outcome, corrections: Sequence[Review]) -> None:
    if bool(corrections) != (outcome == "granted"):
        problem = "a granted appeal corrects at least one control, and a rejected one none"
        raise InvalidInput(Fault("corrections", problem))


def _appealed(change: Change, found: AppealRecord, institution: str) -> AssessmentRecord:
    """Return the assessment that an appeal is about, which must be this institution's and final."""
    lock_assessment(change.connection, found.assessment_id)
    known = assessments.list_assessments(change.connection, institution_id=found.institution_id)
    assessment = next(one for one in known if one.id == found.assessment_id)
    if assessment.institution != institution:
        raise NotFound("appeal", found.code)
    change.institution_id = assessment.institution_id
    if assessment.state != "finalised":
        raise WrongState(
            f"the assessment is {assessment.state}, not finalised", advice=NEXT[assessment.state]
        )
    return assessment


def _require_outside(change: Change, assessment: AssessmentRecord) -> None:
    """Return if whoever acts had no part in the review.

    Raises:
        NotAuthorised: `same-person`: they reviewed; `own-institution`: they are tied to it.
    """
    connection, actor = change.connection, change.by.actor
    given = review_assignments.list_assignments(
        connection, assessment_id=assessment.id, running_only=False
    )
    spoke = {one.person for one in given}
    spoke |= {one.act.actor for one in opinions.list_opinions(connection, assessment.id)}
    spoke |= {one.act.actor for one in answers.list_reviews(connection, assessment.id).values()}
    if actor in spoke:
        raise NotAuthorised(
            "same-person",
            f"{actor} had a part in this review",
            advice="another administrator decides",
        )
    require_apart(connection, actor, assessment.institution_id, change.now)


def _write_reviews(
    change: Change, assessment: AssessmentRecord, corrections: Sequence[Review]
) -> None:
    change.tell(corrections=[one.model_dump(mode="json") for one in corrections])
    named = [one.control for one in corrections]
    present = answers.list_answers(change.connection, assessment.id, controls=named)
    for one in corrections:
        answer = present.get(one.control)
        own = Act(change.by.actor, one.reason, change.now)
        answering.record_review(
            change.connection, assessment.id, one, own,
            answer_revision=0 if answer is None else answer.revision,
        )  # fmt: skip
