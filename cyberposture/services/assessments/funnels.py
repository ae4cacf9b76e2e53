"""How far everybody is in a round: invited, opened, started, submitted, reviewed, by cohort."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.model.campaigns import RoundPlan
from cyberposture.model.institutions import Institution
from cyberposture.model.life import AssessmentState
from cyberposture.services.assessments.campaigns import Campaign, find_campaign
from cyberposture.services.register import Register
from cyberposture.store import assessments, institutions, round_plans, rounds
from cyberposture.store.assessments import AssessmentRecord
from cyberposture.store.institutions import InstitutionRecord
from cyberposture.store.round_plans import InvitationRecord
from cyberposture.store.rounds import RoundRecord

SUBMITTED: tuple[AssessmentState, ...] = (
    "submitted", "in-review", "clarification", "preliminary", "finalised", "archived",
)  # fmt: skip
REVIEWED: tuple[AssessmentState, ...] = ("preliminary", "finalised", "archived")


@dataclass(frozen=True)
class Place:
    """One institution in a round: where it stands, as far as it is invited or opened."""

    institution: Institution
    cohort: str
    invitation: InvitationRecord | None
    assessment: AssessmentRecord | None

    @property
    def is_started(self) -> bool:
        """Whether anything was answered."""
        return self.assessment is not None and self.assessment.answered > 0

    def stands_in(self, states: Iterable[AssessmentState]) -> bool:
        """Return whether its assessment is in one of the states."""
        return self.assessment is not None and self.assessment.state in states


@dataclass(frozen=True)
class FunnelRow:
    """How many institutions of a cohort came how far."""

    cohort: str
    title: str
    begins: datetime | None
    due: datetime | None
    held: int
    """How many institutions the cohort holds, invited or not."""
    invited: int
    opened: int
    started: int
    submitted: int
    reviewed: int


@dataclass(frozen=True)
class _Known:
    """What is known of the institutions of one round, by their keys."""

    assessments: Mapping[UUID, AssessmentRecord]
    invitations: Mapping[UUID, InvitationRecord]


def list_places(
    register: Register, code: str, *, sectors: frozenset[str] | None = None
) -> list[Place]:
    """Return every institution of a round, or of these sectors alone, by code.

    Raises:
        NotFound: there is no such round.
    """
    with register.reading() as connection:
        campaign = find_campaign(connection, code)
        return places_in(connection, campaign, register.clock(), sectors=sectors)


def places_in(
    connection: Connection,
    campaign: Campaign,
    now: datetime,
    *,
    sectors: frozenset[str] | None = None,
) -> list[Place]:
    """Return the same as `list_places`, of one state of the register."""
    round_id = campaign.record.id
    opened = assessments.list_assessments(connection, round_id=round_id)
    invited = round_plans.list_invitations(connection, round_id=round_id)
    known = _Known(
        {one.institution_id: one for one in opened}, {one.institution_id: one for one in invited}
    )
    everybody = institutions.list_institutions(connection, as_of=now)
    return _places(campaign.plan, everybody, known, sectors)


def _places(
    plan: RoundPlan | None,
    everybody: Iterable[InstitutionRecord],
    known: _Known,
    sectors: frozenset[str] | None,
) -> list[Place]:
    places = []
    for record in everybody:
        if sectors is not None and not sectors & set(record.institution.sectors):
            continue
        invitation = known.invitations.get(record.id)
        assessment = known.assessments.get(record.id)
        cohort = _cohort_of(plan, record.institution, invitation)
        if cohort or assessment is not None:
            places.append(Place(record.institution, cohort, invitation, assessment))
    return places


def _cohort_of(
    plan: RoundPlan | None, institution: Institution, invitation: InvitationRecord | None
) -> str:
    """Return in which cohort an institution is: that of its invitation, whatever it became."""
    if invitation is not None:
        return invitation.cohort
    found = None if plan is None else plan.cohort_of(institution.sectors, institution.tier)
    return "" if found is None else found.code


def list_campaigns(
    register: Register, *, sectors: frozenset[str] | None = None
) -> list[tuple[RoundRecord, FunnelRow]]:
    """Return every round with how far everybody is, the newest first."""
    with register.reading() as connection:
        records = rounds.list_rounds(connection)
        plans = round_plans.list_plans(connection)
        opened = assessments.list_assessments(connection)
        invited = round_plans.list_invitations(connection)
        everybody = institutions.list_institutions(connection, as_of=register.clock())
    found = []
    for record in reversed(records):
        known = _Known(
            {one.institution_id: one for one in opened if one.round_id == record.id},
            {one.institution_id: one for one in invited if one.round_id == record.id},
        )
        kept = plans.get(record.id)
        plan = None if kept is None else RoundPlan.model_validate(kept.plan)
        places = _places(plan, everybody, known, sectors)
        found.append((record, _row("", record.round.title, None, record.round.due, places)))
    return found


def count_funnel(campaign: Campaign, places: Iterable[Place]) -> tuple[FunnelRow, ...]:
    """Return how many came how far by cohort; those of none stand last, under no code."""
    all_places = list(places)
    cohorts = campaign.plan.cohorts if campaign.plan is not None else ()
    rows = [
        _row(one.code, one.title, one.begins, one.due,
             [place for place in all_places if place.cohort == one.code])
        for one in cohorts
    ]  # fmt: skip
    others = [place for place in all_places if not place.cohort]
    if others:
        rows.append(_row("", "", None, campaign.record.round.due, others))
    return tuple(rows)


def _row(
    cohort: str, title: str, begins: datetime | None, due: datetime | None, own: list[Place]
) -> FunnelRow:
    return FunnelRow(
        cohort=cohort,
        title=title,
        begins=begins,
        due=due,
        held=len(own),
        invited=sum(one.invitation is not None or one.assessment is not None for one in own),
        opened=sum(one.assessment is not None for one in own),
        started=sum(one.is_started for one in own),
        submitted=sum(one.stands_in(SUBMITTED) for one in own),
        reviewed=sum(one.stands_in(REVIEWED) for one in own),
    )
