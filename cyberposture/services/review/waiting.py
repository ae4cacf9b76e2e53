"""What waits for whom around a review, asked in a constant number of questions."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.model.life import states_before
from cyberposture.services.register import Register
from cyberposture.services.review.handing_back import HandedBack, find_handed_back
from cyberposture.services.review.reading import OnDesk, list_desk
from cyberposture.store import (
    appeals,
    assessments,
    clarifications,
    improvements,
    institutions,
    results,
    round_plans,
    rounds,
)
from cyberposture.store.assessments import AssessmentRecord
from cyberposture.store.institutions import InstitutionRecord
from cyberposture.store.rounds import RoundRecord


@dataclass(frozen=True)
class AtInstitution:
    """What waits at one institution in one round."""

    institution: str
    name: str
    zone: str
    round: str
    title: str
    due: datetime
    needs_terms: bool
    """It was invited, and nobody of it read the terms as they are now."""
    questions: int
    """How many questions back wait for it."""
    comments_until: datetime | None
    """Until when it may comment on its result, if it may."""
    plan: str
    """How its improvement plan stands, if it is time for one; else empty."""
    handed_back: HandedBack | None = None
    """Why its return came back, as long as it was not handed in again."""


def list_at_institutions(register: Register, codes: Collection[str]) -> list[AtInstitution]:
    """Return what waits at these institutions, a constant number of questions for each."""
    with register.reading() as connection:
        now = register.clock()
        known = {one.id: one for one in rounds.list_rounds(connection)}
        plans = round_plans.list_plans(connection)
        terms = {key: one.terms_sha256 for key, one in plans.items()}
        found = (institutions.find_institution(connection, code, as_of=now) for code in codes)
        return [
            one
            for record in found
            if record is not None
            for one in _at(connection, record, known, terms, now)
        ]


def _at(
    connection: Connection,
    record: InstitutionRecord,
    known: Mapping[UUID, RoundRecord],
    terms: Mapping[UUID, str],
    now: datetime,
) -> Iterator[AtInstitution]:
    opened = assessments.list_assessments(connection, institution_id=record.id)
    invited = round_plans.list_invitations(connection, institution_id=record.id)
    by_round = {one.round_id: one for one in opened}
    invitations = {one.round_id: one for one in invited}
    for round_id in by_round.keys() | invitations.keys():
        campaign, invitation = known[round_id], invitations.get(round_id)
        is_new = invitation is not None and invitation.noted_terms != terms.get(round_id)
        assessment = by_round.get(round_id)
        questions, until, plan = _stands(connection, assessment)
        yield AtInstitution(
            institution=record.institution.code,
            name=record.institution.name,
            zone=record.institution.zone,
            round=campaign.round.code,
            title=campaign.round.title,
            due=campaign.round.due if invitation is None else invitation.due_at,
            needs_terms=campaign.closed_at is None and is_new,
            questions=questions,
            comments_until=until if until is not None and now < until else None,
            plan=plan,
            handed_back=_handed_back(connection, assessment),
        )


def _stands(
    connection: Connection, assessment: AssessmentRecord | None
) -> tuple[int, datetime | None, str]:
    """Return how many questions wait, until when to comment, and how the plan stands."""
    if assessment is None:
        return 0, None, ""
    match assessment.state:
        case "clarification":
            said = clarifications.list_said(connection, assessment.id)
            return len(clarifications.open_controls(said)), None, ""
        case "preliminary":
            result = results.find_result(connection, assessment.id)
            return 0, None if result is None else result.comments_until, ""
        case "finalised":
            events = improvements.list_events(connection, assessment.id)
            return 0, None, events[-1].kind if events else "draft"
        case _:
            return 0, None, ""


def _handed_back(connection: Connection, assessment: AssessmentRecord | None) -> HandedBack | None:
    if assessment is None or assessment.state not in states_before("hand in"):
        return None
    return find_handed_back(connection, assessment.id)


@dataclass(frozen=True)
class OfTheCert:
    """What waits for one person of the CERT."""

    to_review: tuple[OnDesk, ...]
    """Given to this person, and under way."""
    to_give: tuple[OnDesk, ...]
    """Handed in, without a first reviewer."""
    to_release: tuple[OnDesk, ...]
    """Shown, and the time for comments is over."""
    appealed: tuple[OnDesk, ...]
    plans: int
    """How many improvement plans wait to be accepted."""


def list_for_cert(register: Register, person: str) -> OfTheCert:
    """Return what waits for somebody of the CERT."""
    desk = list_desk(register)
    with register.reading() as connection:
        now = register.clock()
        waiting = {one.assessment_id for one in appeals.list_appeals(connection, open_only=True)}
        over = results.list_over(connection, now)
        newest = improvements.list_newest_events(connection)
    return OfTheCert(
        to_review=tuple(
            one for one in desk
            if one.part_of(person) is not None
            and one.assessment.state in ("submitted", "in-review")
        ),
        to_give=tuple(
            one for one in desk
            if one.assessment.state == "submitted" and "first" not in one.reviewers
        ),
        to_release=tuple(
            one for one in desk
            if one.assessment.state == "preliminary" and one.assessment.id in over
        ),
        appealed=tuple(one for one in desk if one.assessment.id in waiting),
        plans=sum(event.kind == "handed-in" for event in newest.values()),
    )  # fmt: skip
