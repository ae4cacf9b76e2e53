"""What reviewers find: one opinion a control, two on a gate, and a third word where they differ.

Until both have spoken of a gate, neither is shown what the other said. What two agree on, or the
third word says, becomes the review that counts.
"""

from datetime import datetime

from sqlalchemy import Connection

from cyberposture.errors import Conflict, Fault, InvalidInput, NotFound, WrongState
from cyberposture.model.assessments import Review
from cyberposture.model.life import NEXT
from cyberposture.services.assessments.asked import open_asked, takes_answer
from cyberposture.services.register import Register
from cyberposture.services.review.assigning import require_assigned
from cyberposture.services.review.holding import hold
from cyberposture.services.review.standing import (
    Stand,
    again_since,
    is_like,
    needs_two,
    spoken_of,
    stand_of,
    waiting_for_reply,
)
from cyberposture.store import answering, answers, assessments, opinions
from cyberposture.store.acts import Act
from cyberposture.store.answers import AnswerRevision
from cyberposture.store.assessments import AssessmentRecord
from cyberposture.store.opinions import OpinionRecord
from cyberposture.store.review_assignments import Part


def give_opinion(
    register: Register, institution: str, round_code: str, given: Review, *, seen_revision: int
) -> Stand:
    """Keep what the acting reviewer found of one control, and return where it stands now.

    `seen_revision` is the revision of the answer that they had before them (0: none).

    Raises:
        Conflict: the answer has a newer revision, which is `current`; nothing was written.
        InvalidInput: the control takes no review.
        NotAuthorised: the review was not given to them.
        NotFound: institution, round, assessment or control is not there.
        WrongState: the review is not under way, the institution is asked about this control, it is
            not their turn, or not applicable is approved where nobody claims it.
    """
    with register.change("opinion-given", f"{institution}/{given.control}") as change:
        connection = change.connection
        hold(connection, institution, round_code)
        asked = open_asked(register, connection, institution, round_code)
        change.institution_id, assessment = asked.institution_id, asked.assessment
        mine = require_assigned(
            connection, change.by.actor, assessment.id, asked.institution_id, change.now
        )
        control = asked.find(given.control)
        if control is None:
            raise NotFound("control in this assessment", given.control)
        if not takes_answer(control):
            what = f"{control.id} takes no review: the network alone decides it"
            raise InvalidInput(Fault("control", what))
        answer = asked.given.get(control.id)
        _require_under_way(connection, assessment, control.id)
        _require_seen(answer, given, seen_revision)
        is_gate = needs_two(asked.catalogue, control.id, asked.institution.tier)
        known = opinions.list_opinions(connection, assessment.id, control=control.id)
        since = again_since(connection, assessment.id).get(control.id)
        spoken = spoken_of(known, seen_revision, since)
        _require_turn(mine.part, spoken, is_gate=is_gate)
        kept = opinions.insert_opinion(
            connection, asked.institution_id, assessment.id, given, change.by,
            part=mine.part, answer_revision=seen_revision,
        )  # fmt: skip
        stand = _settle(
            connection, assessment, {**spoken, mine.part: kept}, kept, is_gate=is_gate, since=since
        )
        change.tell(
            round=round_code, part=mine.part, revision=seen_revision, stand=stand,
            opinion=given.model_dump(mode="json"),
        )  # fmt: skip
    return stand


def _require_under_way(connection: Connection, assessment: AssessmentRecord, control: str) -> None:
    if assessment.state not in ("in-review", "clarification"):
        raise WrongState(
            f"the assessment is {assessment.state}, not in-review", advice=NEXT[assessment.state]
        )
    if control in waiting_for_reply(connection, assessment):
        raise WrongState(
            f"the institution is asked about {control} and has not replied yet",
            advice="wait for its reply; every other control can be reviewed meanwhile",
        )


def _require_seen(answer: AnswerRevision | None, given: Review, seen: int) -> None:
    revision = 0 if answer is None else answer.revision
    if revision != seen:
        raise Conflict(answer, f"{given.control} was answered anew before the review")
    claims_away = answer is not None and answer.answer.not_applicable is not None
    if given.approves_not_applicable and not claims_away:
        raise WrongState(
            f"{given.control} is not claimed to be not applicable",
            advice="give a level and a grade instead",
        )


def _require_turn(part: Part, spoken: dict[Part, OpinionRecord], *, is_gate: bool) -> None:
    """Return if it is this part's turn to speak.

    Raises:
        WrongState: both spoke already, or there is nothing to settle for a third.
    """
    first, second = spoken.get("first"), spoken.get("second")
    both = is_gate and first is not None and second is not None
    if part == "third":
        if first is None or second is None or is_like(first.review, second.review):
            raise WrongState(
                "the two reviewers do not differ here",
                advice="the third word is for controls on which they do",
            )
    elif both:
        raise WrongState(
            "both reviewers have spoken of this control",
            advice="where they differ, a third reviewer's word settles it",
        )


def _settle(
    connection: Connection,
    assessment: AssessmentRecord,
    spoken: dict[Part, OpinionRecord],
    kept: OpinionRecord,
    *,
    is_gate: bool,
    since: datetime | None,
) -> Stand:
    """Write the review that counts, if there is one now, and return where the control stands."""
    control = kept.review.control
    first, second = spoken.get("first"), spoken.get("second")
    agree = first is not None and second is not None and is_like(first.review, second.review)
    if not is_gate or kept.part == "third" or agree:
        answering.record_review(
            connection, assessment.id, kept.review, kept.act,
            answer_revision=kept.answer_revision,
        )  # fmt: skip
    elif first is not None and second is not None:
        told = Act(kept.act.actor, "", kept.act.at)
        assessments.record_event(
            connection, assessment.id, "reviewers differ", told, details={"control": control}
        )
    found = answers.list_answers(connection, assessment.id, controls=[control])
    reviews = answers.list_reviews(connection, assessment.id, controls=[control])
    return stand_of(
        found.get(control),
        reviews.get(control),
        spoken,
        is_gate=is_gate,
        is_asked=False,
        since=since,
    )
