"""Assessments: opened, answered from files, reviewed, submitted; finalising freezes the score."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.errors import Fault, InvalidInput, NotFound, WrongState
from cyberposture.model.assessments import Review
from cyberposture.model.controls import Catalogue, Profile
from cyberposture.model.institutions import Institution
from cyberposture.model.life import AssessmentState
from cyberposture.services.assessments.carrying import carry_over
from cyberposture.services.catalogue.pinned import get_pinned
from cyberposture.services.register import Change, Register
from cyberposture.store import (
    answering,
    answers,
    assessments,
    institutions,
    round_plans,
    rounds,
)
from cyberposture.store.answers import Standing
from cyberposture.store.assessments import AssessmentRecord
from cyberposture.store.rounds import RoundRecord

FINAL_STATES: tuple[AssessmentState, ...] = ("finalised", "archived")
OPEN_STATES: tuple[AssessmentState, ...] = ("answering", "clarification")
"""In these the institution may answer: its scope is settled, and it was not handed in."""


def find_parts(
    connection: Connection, institution: str, round_code: str
) -> tuple[UUID, AssessmentRecord]:
    """Return the institution's id and its assessment in the round.

    Raises:
        NotFound: institution, round or assessment is not there.
    """
    institution_id = institutions.get_institution_id(connection, institution)
    round_id = rounds.get_round(connection, round_code).id
    return institution_id, assessments.get_assessment(connection, institution_id, round_id)


def require_open_round(campaign: RoundRecord) -> None:
    """Return if institutions still answer in this round.

    Raises:
        WrongState: it is closed.
    """
    if campaign.closed_at is not None:
        raise WrongState(
            f"the round {campaign.round.code} is closed; it takes no more answers",
            advice="see which are open: cyberposture round list",
        )


def find_answerable(
    connection: Connection, institution: str, round_code: str
) -> tuple[UUID, AssessmentRecord]:
    """Return what `find_parts` does, of an assessment that its institution still answers.

    Raises:
        NotFound: institution, round or assessment is not there.
        WrongState: the round is closed, or the assessment takes no answers any more.
    """
    found = find_parts(connection, institution, round_code)
    require_answerable(found[1], rounds.get_round(connection, round_code))
    return found


def require_answerable(assessment: AssessmentRecord, campaign: RoundRecord) -> None:
    """Return if an institution still answers this assessment.

    Raises:
        WrongState: the round is closed, or the assessment takes no answers any more.
    """
    state = assessment.state
    said = f"the assessment of {assessment.institution} in {assessment.round} is {state}"
    if state in FINAL_STATES:
        raise WrongState(said, advice="a later round takes the answers")
    require_open_round(campaign)
    if state not in OPEN_STATES:
        is_early = state in ("planned", "scoping")
        raise WrongState(
            said,
            advice="its scope is settled first: describe it, and the CERT confirms"
            if is_early
            else "its answers change only where a reviewer asks for clarification",
        )


def _asked(catalogue: Catalogue, institution: Institution, named: str | None) -> Profile:
    """Return the profile that was named, if it is for this tier; without a name, the tier's own."""
    if named is None:
        return catalogue.profile_of(institution.tier)
    profile = catalogue.find_profile(named)
    if profile is None:
        known = ", ".join(one.id for one in catalogue.profiles)
        raise NotFound("profile", named, advice=f"there are: {known}")
    if profile.tier != institution.tier:
        raise WrongState(
            f"the profile {named} is for tier {profile.tier}, "
            f"and {institution.code} is of tier {institution.tier}"
        )
    return profile


def open_assessment(
    register: Register,
    institution: str,
    round_code: str,
    *,
    profile: str | None = None,
    carries_over: bool = True,
    is_planned: bool = False,
    reason: str = "",
) -> AssessmentRecord:
    """Open an institution's assessment in a round, for a profile of its tier; return it.

    Without `profile` it is the one that holds all that the tier is asked. What the institution
    answered last comes along as suggestions, which are nobody's word until touched; without
    `carries_over` it begins empty. With `is_planned` it begins with its scope, and is answered once
    the CERT confirmed that.

    Raises:
        NotFound: institution, round or profile is not there.
        WrongState: there is one already, the round is closed, or the profile is of another tier.
    """
    with register.change("assessment-opened", institution, reason=reason) as change:
        return open_within(
            register,
            change,
            institution,
            round_code,
            profile=profile,
            carries_over=carries_over,
            is_planned=is_planned,
        )


def open_within(
    register: Register,
    change: Change,
    institution: str,
    round_code: str,
    *,
    profile: str | None = None,
    carries_over: bool = True,
    is_planned: bool = False,
) -> AssessmentRecord:
    """Do what `open_assessment` does, within a change that is under way.

    An institution that was invited in a wave has that wave's due date.

    Raises: as `open_assessment`.
    """
    record = institutions.get_institution(change.connection, institution, as_of=change.now)
    campaign = rounds.get_round(change.connection, round_code)
    require_open_round(campaign)
    invitation = round_plans.find_invitation(change.connection, record.id, campaign.id)
    pinned = get_pinned(register, change.connection, campaign.round.edition)
    catalogue = pinned.catalogue
    change.institution_id = record.id
    asked = _asked(catalogue, record.institution, profile)
    clocks = catalogue.clocks(record.institution.sectors, change.now.date())
    opened = assessments.insert_assessment(
        change.connection,
        record.id,
        campaign.id,
        change.by,
        controls=[control.id for control in catalogue.of_profile(asked)],
        evidence_age_days=clocks.evidence_age_days,
        scope={"features": list(record.institution.features), "profile": asked.id},
        state="planned" if is_planned else "answering",
        due_at=None if invitation is None else invitation.due_at,
    )
    change.tell(round=round_code, profile=asked.id, controls=opened.controls)
    if carries_over:
        carry_over(register, change, opened, pinned)
    return opened


def list_assessments(
    register: Register, *, institution: str | None = None, round_code: str | None = None
) -> list[AssessmentRecord]:
    """Return assessments by round and institution.

    Raises:
        NotFound: institution or round is not in the register.
    """
    with register.reading() as connection:
        institution_id = institutions.get_owner_id(connection, institution)
        round_id = None if round_code is None else rounds.get_round(connection, round_code).id
        return assessments.list_assessments(
            connection, institution_id=institution_id, round_id=round_id
        )


def list_standing(
    register: Register, institution: str, round_code: str, *, as_of: datetime | None = None
) -> dict[str, Standing]:
    """Return what counts for each control that was answered or reviewed, by control.

    Raises:
        NotFound: institution, round or assessment is not there.
    """
    with register.reading() as connection:
        _, assessment = find_parts(connection, institution, round_code)
        return answers.list_standing(connection, assessment.id, as_of=as_of)


def _get_catalogue(register: Register, connection: Connection, round_code: str) -> Catalogue:
    """Return the catalogue under which a round asks."""
    campaign = rounds.get_round(connection, round_code).round
    return get_pinned(register, connection, campaign.edition).catalogue


def review(register: Register, institution: str, round_code: str, given: Review) -> None:
    """Write down what was found of one control, in a round that is kept by hand.

    Raises:
        InvalidInput: the control takes no review.
        NotFound: institution, round, assessment or control is not there.
        WrongState: not applicable is approved where nobody claims it, the assessment is final, or
            the round is run by a plan: there, reviewers speak for themselves.
    """
    with register.change("reviewed", f"{institution}/{given.control}") as change:
        catalogue = _get_catalogue(register, change.connection, round_code)
        control = catalogue.find(given.control)
        if control is not None and control.evidence_mode == "N":
            what = f"{control.id} takes no review: the network alone decides it"
            raise InvalidInput(Fault("arguments", what))
        institution_id, assessment = find_parts(change.connection, institution, round_code)
        change.institution_id = institution_id
        if assessment.state in FINAL_STATES:
            raise WrongState(
                f"the assessment of {institution} in {round_code} is {assessment.state}",
                advice="a later round takes the review",
            )
        if round_plans.find_plan(change.connection, assessment.round_id) is not None:
            raise WrongState(
                f"in {round_code} reviewers find for themselves, two on each gate",
                advice="whoever was given the review: cyberposture assessment find",
            )
        present = answers.list_answers(change.connection, assessment.id, controls=[given.control])
        revision = present[given.control].revision if given.control in present else 0
        answering.record_review(
            change.connection, assessment.id, given, change.by, answer_revision=revision
        )
        change.tell(round=round_code, review=given.model_dump(mode="json"))
