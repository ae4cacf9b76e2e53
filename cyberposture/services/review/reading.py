"""What reviewers have before them: the assessments on the desk, one with its claims, one claim."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from cyberposture.errors import NotFound
from cyberposture.model.assessments import Review
from cyberposture.model.controls import Control
from cyberposture.model.life import AssessmentState
from cyberposture.services.assessments.asked import Asked, open_asked
from cyberposture.services.assessments.questionnaire import speaks_against
from cyberposture.services.findings.standing import CheckStanding
from cyberposture.services.register import Register
from cyberposture.services.review.standing import Item, list_items
from cyberposture.services.scores.basis import Basis, gather_basis
from cyberposture.store import (
    answers,
    assessments,
    clarifications,
    contradictions,
    institutions,
    opinions,
    people,
    review_assignments,
    rounds,
)
from cyberposture.store.answers import AnswerRevision, ReviewRevision, Standing
from cyberposture.store.assessments import AssessmentRecord
from cyberposture.store.clarifications import Said
from cyberposture.store.contradictions import ContradictionRecord
from cyberposture.store.opinions import OpinionRecord
from cyberposture.store.review_assignments import Part

ON_THE_DESK: tuple[AssessmentState, ...] = (
    "submitted", "in-review", "clarification", "preliminary", "finalised",
)  # fmt: skip


@dataclass(frozen=True)
class OnDesk:
    """One assessment that was handed in, and who has it in hand."""

    assessment: AssessmentRecord
    name: str
    title: str
    """Of its round."""
    reviewers: dict[Part, str]
    """By part, the code of the person."""

    def part_of(self, person: str) -> Part | None:
        """Return the part that a person has in it."""
        return next((part for part, who in self.reviewers.items() if who == person), None)


def list_desk(register: Register, *, person: str | None = None) -> list[OnDesk]:
    """Return what was handed in and not archived, or what of it was given to one person.

    What waits longest for its next step stands first: taken up, in review, asked back, shown.
    """
    with register.reading() as connection:
        known = assessments.list_assessments(connection)
        given = review_assignments.list_assignments(connection)
        titles = {one.round.code: one.round.title for one in rounds.list_rounds(connection)}
        names = {
            one.id: one.institution.name
            for one in institutions.list_institutions(connection, as_of=register.clock())
        }
    by_assessment: dict[object, dict[Part, str]] = {}
    for one in given:
        by_assessment.setdefault(one.assessment_id, {})[one.part] = one.person
    found = [
        OnDesk(one, names.get(one.institution_id, one.institution), titles[one.round],
               by_assessment.get(one.id, {}))
        for one in known
        if one.state in ON_THE_DESK
    ]  # fmt: skip
    if person is not None:
        found = [one for one in found if one.part_of(person) is not None]
    place = {state: number for number, state in enumerate(ON_THE_DESK)}
    return sorted(found, key=lambda one: (place[one.assessment.state], one.assessment.institution))


@dataclass(frozen=True)
class UnderReview:
    """One assessment with every claim, the riskiest first."""

    asked: Asked
    items: tuple[Item, ...]
    part: Part | None
    """That of whoever looks."""

    @property
    def due(self) -> int:
        """How many controls keep the result from being released."""
        return sum(one.is_due for one in self.items)


def read_review(register: Register, institution: str, round_code: str) -> UnderReview:
    """Return an assessment as the acting reviewer sees it.

    Raises:
        NotFound: institution, round or assessment is not there.
    """
    with register.reading() as connection:
        return _under_review(register, connection, institution, round_code)[0]


def _under_review(
    register: Register, connection: Connection, institution: str, round_code: str
) -> tuple[UnderReview, Basis]:
    asked = open_asked(register, connection, institution, round_code)
    basis = gather_basis(register, connection, institution, round_code, register.clock())
    given = review_assignments.list_assignments(connection, assessment_id=asked.assessment.id)
    part = next((one.part for one in given if one.person == register.actor), None)
    return UnderReview(asked, list_items(connection, basis), part), basis


@dataclass(frozen=True)
class Before:
    """What was said and found of the same control in the round before."""

    title: str
    standing: Standing


@dataclass(frozen=True)
class Claim:
    """One claim with everything that a reviewer needs to judge it."""

    review: UnderReview
    item: Item | None
    """None: nothing is claimed."""
    control: Control
    answers: tuple[AnswerRevision, ...]
    """Every revision, oldest first."""
    against: tuple[str, ...]
    """Sentences of checks that speak against the good condition now."""
    checks: tuple[CheckStanding, ...]
    contradictions: tuple[ContradictionRecord, ...]
    before: Before | None
    spoken: tuple[OpinionRecord, ...]
    """The opinions that whoever looks may see."""
    counts: ReviewRevision | None
    """The review that counts."""
    said: tuple[Said, ...]
    previous: str | None
    following: str | None

    @property
    def answer(self) -> AnswerRevision | None:
        """The answer as it is now."""
        return self.answers[-1] if self.answers else None

    @property
    def mine(self) -> Review | None:
        """What whoever looks found last of the present answer."""
        own = [one for one in self.spoken if one.part == self.review.part]
        return own[-1].review if own else None


def read_claim(register: Register, institution: str, round_code: str, control: str) -> Claim:
    """Return one claim as the acting reviewer sees it: of a gate, nothing that the other said yet.

    Raises:
        NotFound: institution, round, assessment or control is not there.
    """
    with register.reading() as connection:
        review, basis = _under_review(register, connection, institution, round_code)
        assessment = review.asked.assessment
        found = review.asked.find(control)
        if found is None:
            raise NotFound("control in this assessment", control)
        given = tuple(answers.list_answer_revisions(connection, assessment.id, control))
        known = opinions.list_opinions(connection, assessment.id, control=control)
        counts = answers.list_reviews(connection, assessment.id, controls=[control])
        held = contradictions.list_contradictions(connection, assessment_id=assessment.id)
        said = tuple(clarifications.list_said(connection, assessment.id, control=control))
        before = _before(connection, assessment, control)
    codes = {use.code for use in found.observations}
    order = [one.control for one in review.items]
    place = order.index(control) if control in order else None
    revision = given[-1].revision if given else 0
    return Claim(
        review=review,
        item=None if place is None else review.items[place],
        control=found,
        answers=given,
        against=speaks_against(found, basis.checks.values()),
        checks=tuple(one for one in basis.checks.values() if one.check.observation in codes),
        contradictions=tuple(one for one in held if one.control == control),
        before=before,
        spoken=_visible(known, revision, review.part),
        counts=counts.get(control),
        said=said,
        previous=order[place - 1] if place else None,
        following=order[place + 1] if place is not None and place + 1 < len(order) else None,
    )


def _visible(
    known: Iterable[OpinionRecord], revision: int, part: Part | None
) -> tuple[OpinionRecord, ...]:
    """Return the opinions on the present answer that somebody with this part may see.

    First and second see their own alone until both have spoken; the third sees both.
    """
    present = [one for one in known if one.answer_revision == revision]
    spoke = {one.part for one in present}
    if part == "third" or {"first", "second"} <= spoke:
        return tuple(present)
    return tuple(one for one in present if one.part == part)


def _before(connection: Connection, assessment: AssessmentRecord, control: str) -> Before | None:
    """Return what became of the control in the institution's last assessment before this one."""
    known = assessments.list_assessments(connection, institution_id=assessment.institution_id)
    earlier = known[: [one.id for one in known].index(assessment.id)]
    for one in reversed(earlier):
        standing = answers.list_standing(connection, one.id, controls=[control]).get(control)
        if standing is not None:
            title = rounds.get_round(connection, one.round).round.title
            return Before(title, standing)
    return None


@dataclass(frozen=True)
class LifeEntry:
    """One event in the life of an assessment, as people read it."""

    kind: str
    state: AssessmentState
    details: dict[str, object]
    who: str
    why: str
    at: datetime


def read_life(register: Register, institution: str, round_code: str) -> list[LifeEntry]:
    """Return what happened to an assessment, the newest first, with the names of people.

    Raises:
        NotFound: institution, round or assessment is not there.
    """
    with register.reading() as connection:
        asked = open_asked(register, connection, institution, round_code)
        events = assessments.list_events(connection, asked.assessment.id)
        names = {one.person.code: one.person.name for one in people.list_people(connection)}
    return [
        LifeEntry(
            one.kind, one.state, one.details or {},
            names.get(one.act.actor, one.act.actor), one.act.reason, one.act.at,
        )
        for one in reversed(events)
    ]  # fmt: skip
