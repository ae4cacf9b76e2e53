"""How a round is run: its plan, its waves, who noted the terms, and how far everybody is."""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any, Literal

import rfc8785
from sqlalchemy import Connection

from cyberposture.errors import NotFound, WrongState
from cyberposture.exchange.sheets import build_row
from cyberposture.model.campaigns import RoundPlan, Terms
from cyberposture.model.foundation import Moment
from cyberposture.services.assessments.assess import open_within
from cyberposture.services.assessments.rounds import open_within as open_within_round
from cyberposture.services.people.roles import ADMINISTRATORS, require_role
from cyberposture.services.register import Change, Register
from cyberposture.store import assessments, institutions, round_plans, rounds
from cyberposture.store.assessments import AssessmentRecord
from cyberposture.store.round_plans import InvitationRecord, PlanRecord
from cyberposture.store.rounds import RoundRecord


@dataclass(frozen=True)
class Campaign:
    """A round with how it is run; without a plan it is kept by hand."""

    record: RoundRecord
    plan: RoundPlan | None
    terms_sha256: str

    @property
    def terms(self) -> Terms:
        """What institutions are told before they answer."""
        return self.plan.terms if self.plan is not None else Terms()


def read_plan(document: Any, where: str = "plan") -> RoundPlan:
    """Return a plan that was read from a file or a form.

    Raises:
        InvalidInput: it is none; each fault at its place.
    """
    return build_row(RoundPlan, where, document)


def _digest_of(terms: Terms) -> str:
    return hashlib.sha256(rfc8785.dumps(terms.model_dump(mode="json"))).hexdigest()


def plan_round(register: Register, code: str, plan: RoundPlan, *, reason: str = "") -> PlanRecord:
    """Say how a round is run, as a revision, and return it; from now on it is not kept by hand.

    The seed of what is drawn by chance is made with the first revision and never changes.

    Raises:
        NotFound: there is no such round.
        NotAuthorised: whoever acts is no administrator of the CERT.
        WrongState: the round is closed, or a cohort that was invited already would be gone.
    """
    with register.change("round-planned", code, reason=reason) as change:
        require_role(change.connection, change.by.actor, ADMINISTRATORS, change.now)
        record = rounds.get_round(change.connection, code)
        if record.closed_at is not None:
            raise WrongState(f"the round {code} is closed", advice="plan the next round instead")
        return _write_plan(change, record, plan)


def open_campaign(
    register: Register, code: str, title: str, due: Moment, plan: RoundPlan
) -> RoundRecord:
    """Open a round under the current edition together with its plan, and return it.

    Raises:
        InvalidInput: the code is not a plain word, or there is no title.
        NotAuthorised: whoever acts is no administrator of the CERT.
        WrongState: the code is taken, or the edition was not adopted.
    """
    with register.change("round-opened", code) as change:
        require_role(change.connection, change.by.actor, ADMINISTRATORS, change.now)
        record = open_within_round(register, change, code, title, due)
        _write_plan(change, record, plan)
    return record


def _write_plan(change: Change, record: RoundRecord, plan: RoundPlan) -> PlanRecord:
    invited = round_plans.list_invitations(change.connection, round_id=record.id)
    gone = {one.cohort for one in invited} - {one.code for one in plan.cohorts}
    if gone:
        raise WrongState(
            f"institutions were invited in {', '.join(sorted(gone))} already",
            advice="keep these cohorts in the plan; add others beside them",
        )
    last = round_plans.find_plan(change.connection, record.id)
    kept = round_plans.record_plan(
        change.connection, record.id, change.by,
        plan=plan.model_dump(mode="json"), terms_sha256=_digest_of(plan.terms),
        seed=secrets.token_hex(16) if last is None else last.seed,
    )  # fmt: skip
    # The seed stays out of the log: whoever knows it beforehand knows what will be drawn.
    seed_sha256 = hashlib.sha256(kept.seed.encode()).hexdigest()
    change.tell(revision=kept.revision, plan=kept.plan, seed_sha256=seed_sha256)
    return kept


def find_campaign(connection: Connection, code: str) -> Campaign:
    """Return a round with how it is run.

    Raises:
        NotFound: there is no such round.
    """
    record = rounds.get_round(connection, code)
    found = round_plans.find_plan(connection, record.id)
    if found is None:
        return Campaign(record, None, _digest_of(Terms()))
    return Campaign(record, RoundPlan.model_validate(found.plan), found.terms_sha256)


def read_campaign(register: Register, code: str) -> Campaign:
    """Return a round with how it is run.

    Raises:
        NotFound: there is no such round.
    """
    with register.reading() as connection:
        return find_campaign(connection, code)


def begin_wave(register: Register, code: str, cohort: str) -> int:
    """Invite every institution of a cohort that was not invited yet, and return how many.

    May be repeated: who joins the register later is invited then.

    Raises:
        NotFound: there is no such round, or no such cohort in its plan.
        NotAuthorised: whoever acts is no administrator of the CERT.
        WrongState: the round is closed, or its wave does not begin yet.
    """
    with register.change("wave-begun", f"{code}/{cohort}") as change:
        connection = change.connection
        require_role(connection, change.by.actor, ADMINISTRATORS, change.now)
        campaign = find_campaign(connection, code)
        known = campaign.plan.cohorts if campaign.plan is not None else ()
        wave = next((one for one in known if one.code == cohort), None)
        if campaign.plan is None or wave is None:
            raise NotFound("cohort", cohort, advice=f"cyberposture round plan {code} FILE")
        if campaign.record.closed_at is not None:
            raise WrongState(f"the round {code} is closed", advice="invite in the next round")
        if change.now < wave.begins:
            raise WrongState(
                f"the wave of {cohort} begins on {wave.begins.date()}",
                advice="wait for that day, or plan the round anew with an earlier one",
            )
        invited = [
            record.institution.code
            for record in institutions.list_institutions(
                connection, as_of=change.now, active_only=True
            )
            if campaign.plan.cohort_of(record.institution.sectors, record.institution.tier) == wave
            and round_plans.insert_invitation(
                connection, record.id, campaign.record.id, change.by,
                cohort=cohort, due_at=wave.due,
            )
        ]  # fmt: skip
        change.tell(invited=invited)
    return len(invited)


def note_terms(register: Register, institution: str, code: str) -> AssessmentRecord:
    """Record that the institution read the terms, and open its assessment if there is none.

    It begins with the scope: what is asked follows from it.

    Raises:
        NotFound: institution or round is not there, or it was not invited.
        WrongState: the round is closed.
    """
    with register.change("terms-noted", f"{institution}/{code}") as change:
        connection = change.connection
        campaign = find_campaign(connection, code)
        round_id = campaign.record.id
        change.institution_id = institutions.get_institution_id(connection, institution)
        round_plans.record_noted(
            connection, change.institution_id, round_id, change.by,
            terms_sha256=campaign.terms_sha256,
        )  # fmt: skip
        change.tell(round=code, terms_sha256=campaign.terms_sha256)
        present = assessments.find_assessment(connection, change.institution_id, round_id)
        opened = present or open_within(register, change, institution, code, is_planned=True)
        told = {"terms_sha256": campaign.terms_sha256}
        assessments.record_event(connection, opened.id, "terms noted", change.by, details=told)
    return opened


@dataclass(frozen=True)
class Told:
    """The terms of a round as one institution reads them, and whether it noted them."""

    campaign: Campaign
    invitation: InvitationRecord | None
    assessment: AssessmentRecord | None
    zone: str

    @property
    def is_noted(self) -> bool:
        """Whether somebody of the institution noted these very terms."""
        noted = None if self.invitation is None else self.invitation.noted_terms
        return noted == self.campaign.terms_sha256


def read_terms(register: Register, institution: str, code: str) -> Told:
    """Return the terms of a round as an institution reads them.

    Raises:
        NotFound: institution or round is not there.
    """
    with register.reading() as connection:
        campaign = find_campaign(connection, code)
        record = institutions.get_institution(connection, institution, as_of=register.clock())
        return Told(
            campaign,
            round_plans.find_invitation(connection, record.id, campaign.record.id),
            assessments.find_assessment(connection, record.id, campaign.record.id),
            record.institution.zone,
        )


def regulator_may_see(
    register: Register, institution: str, code: str, what: Literal["answers", "evidence"]
) -> bool:
    """Return whether the terms that the institution noted open this to the sector's regulator.

    Raises:
        NotFound: institution or round is not there.
    """
    told = read_terms(register, institution, code)
    return told.is_noted and what in told.campaign.terms.regulator_sees


def list_invited(register: Register, institution: str) -> list[tuple[str, InvitationRecord]]:
    """Return the open rounds to which an institution was invited, with their titles.

    Raises:
        NotFound: the institution is not there.
    """
    with register.reading() as connection:
        institution_id = institutions.get_institution_id(connection, institution)
        running = {
            one.id: one.round.title
            for one in rounds.list_rounds(connection)
            if one.closed_at is None
        }
        found = round_plans.list_invitations(connection, institution_id=institution_id)
        return [(running[one.round_id], one) for one in found if one.round_id in running]
