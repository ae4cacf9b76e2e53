"""Who reviews an assessment: nobody who belongs to the institution, or did in the last year."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.errors import NotAuthorised, NotFound, WrongState
from cyberposture.services.assessments.assess import FINAL_STATES, find_parts
from cyberposture.services.people.roles import ADMINISTRATORS, REVIEWERS, require_role
from cyberposture.services.register import Register
from cyberposture.services.review.holding import hold
from cyberposture.store import people
from cyberposture.store import review_assignments as store
from cyberposture.store.people import MembershipRecord
from cyberposture.store.review_assignments import AssignmentRecord, Part

APART = timedelta(days=365)
"""How long somebody stays away from an institution that they served. Source: portal.md, Roles."""
Interest = Literal["belongs", "served"]
_WHY: dict[Interest, str] = {
    "belongs": "belongs to this institution",
    "served": "served this institution in the last year",
}


@dataclass(frozen=True)
class Candidate:
    """A reviewer, what they have to do already, and why this institution is not for them."""

    person: str
    name: str
    part: Part | None
    """Their part in this review, if they have one."""
    running: int
    """How many reviews they were given that are not ended."""
    interest: Interest | None


def interest_of(
    held: Iterable[MembershipRecord], institution_id: UUID, now: datetime
) -> Interest | None:
    """Return why somebody with these memberships, past ones too, must not review, or None."""
    own = [one.membership for one in held if one.institution_id == institution_id]
    if any(one.valid_until is None or one.valid_until > now for one in own):
        return "belongs"
    if any(one.valid_until is not None and one.valid_until > now - APART for one in own):
        return "served"
    return None


def require_apart(connection: Connection, person: str, institution_id: UUID, now: datetime) -> None:
    """Return if nothing ties a person to an institution.

    Raises:
        NotAuthorised: `own-institution`: they belong to it, or served it in the last year.
    """
    found = interest_of(people.list_memberships(connection, person=person), institution_id, now)
    if found is not None:
        raise NotAuthorised(
            "own-institution",
            f"{person} {_WHY[found]}",
            advice="choose somebody whom nothing ties to it: cyberposture assessment reviewers",
        )


def require_assigned(
    connection: Connection, person: str, assessment_id: UUID, institution_id: UUID, now: datetime
) -> AssignmentRecord:
    """Return the part that a person has in a review, and may still have.

    Raises:
        NotFound: there is no such person.
        NotAuthorised: they were not given this review, are no reviewer any more, or are tied to
            the institution by now.
    """
    require_role(connection, person, REVIEWERS, now)
    require_apart(connection, person, institution_id, now)
    given = store.list_assignments(connection, assessment_id=assessment_id)
    own = next((one for one in given if one.person == person), None)
    if own is None:
        raise NotAuthorised("not-assigned", f"this review was not given to {person}")
    return own


def list_candidates(register: Register, institution: str, round_code: str) -> list[Candidate]:
    """Return every reviewer by code, with the reason where this institution is not for them.

    Raises:
        NotFound: institution, round or assessment is not there.
    """
    with register.reading() as connection:
        now = register.clock()
        institution_id, assessment = find_parts(connection, institution, round_code)
        held = people.list_memberships(connection)
        running = store.list_assignments(connection)
        known = people.list_people(connection)
    reviewers = {
        one.person_id
        for one in held
        if one.membership.role in REVIEWERS
        and one.membership.valid_from <= now
        and (one.membership.valid_until is None or one.membership.valid_until > now)
    }
    return [
        Candidate(
            person=record.person.code,
            name=record.person.name,
            part=next(
                (one.part for one in running
                 if (one.assessment_id, one.person) == (assessment.id, record.person.code)),
                None,
            ),
            running=sum(one.person == record.person.code for one in running),
            interest=interest_of(
                (one for one in held if one.person_id == record.id), institution_id, now
            ),
        )
        for record in known
        if record.id in reviewers and record.person.disabled_at is None
    ]  # fmt: skip


def assign(
    register: Register,
    institution: str,
    round_code: str,
    person: str,
    part: Part,
    *,
    reason: str = "",
) -> None:
    """Give a part of a review to a person.

    Raises:
        NotFound: institution, round, assessment or person is not there.
        NotAuthorised: whoever acts is no administrator, the person is no reviewer, or is tied to
            the institution.
        WrongState: the assessment is final, or the part or the person is taken already.
    """
    with register.change("review-assigned", institution, reason=reason) as change:
        connection = change.connection
        require_role(connection, change.by.actor, ADMINISTRATORS, change.now)
        hold(connection, institution, round_code)
        change.institution_id, assessment = find_parts(connection, institution, round_code)
        if assessment.state in FINAL_STATES:
            raise WrongState(
                f"the assessment is {assessment.state}",
                advice="reopen it first, with a reason: cyberposture assessment reopen",
            )
        require_role(connection, person, REVIEWERS, change.now)
        require_apart(connection, person, change.institution_id, change.now)
        for one in store.list_assignments(connection, assessment_id=assessment.id):
            if person == one.person or part == one.part:
                raise WrongState(
                    f"{one.person} reviews this {_PLACE[one.part]} already",
                    advice="take that away first: cyberposture assessment unassign",
                )
        person_id = people.get_person(connection, person).id
        store.insert_assignment(
            connection, change.institution_id, assessment.id, person_id, change.by, part=part
        )
        change.tell(round=round_code, person=person, part=part)


_PLACE: dict[Part, str] = {"first": "first", "second": "second", "third": "as the third"}


def take_away(
    register: Register, institution: str, round_code: str, person: str, *, reason: str = ""
) -> None:
    """Take a review away from a person; what they found stays.

    Raises:
        NotFound: institution, round or assessment is not there, or it was not given to the person.
        NotAuthorised: whoever acts is no administrator.
    """
    with register.change("review-taken-away", institution, reason=reason) as change:
        connection = change.connection
        require_role(connection, change.by.actor, ADMINISTRATORS, change.now)
        hold(connection, institution, round_code)
        change.institution_id, assessment = find_parts(connection, institution, round_code)
        given = store.list_assignments(connection, assessment_id=assessment.id)
        own = next((one for one in given if one.person == person), None)
        if own is None:
            raise NotFound("reviewer of this assessment", person)
        store.end_assignment(connection, own.id, change.by)
        change.tell(round=round_code, person=person, part=own.part)
