"""Fills the inputs of the report of a round: so many questions, however many take part."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.reporting import round_inputs as given
from cyberposture.services.assessments.campaigns import Campaign, find_campaign
from cyberposture.services.assessments.funnels import REVIEWED, Place, count_funnel, places_in
from cyberposture.services.catalogue.pinned import get_pinned
from cyberposture.services.register import Register
from cyberposture.services.reports.inputs import content_of, head_of
from cyberposture.services.review.measuring import Measured, levels_of, measure, pairs_of
from cyberposture.store import (
    appeals,
    extensions,
    opinions,
    people,
    questions,
    reminders,
    review_assignments,
    scores,
)
from cyberposture.store import round_progress as progress
from cyberposture.store.extensions import ExtensionRecord

_ALL = 1_000_000
"""More questions than can wait."""


@dataclass(frozen=True)
class _Ground:
    """What decides for whom an institution waits, by assessment."""

    campaign: Campaign
    now: datetime
    since: Mapping[UUID, datetime]
    ends: Mapping[UUID, datetime]
    said_enough: frozenset[UUID]
    asked: Mapping[UUID, ExtensionRecord]
    """The requests for more time that wait."""
    appealed: Mapping[UUID, datetime]
    """Since when an appeal waits."""


def gather_round(register: Register, connection: Connection, code: str) -> given.RoundInputs:
    """Return how a round is going.

    Raises:
        NotFound: there is no such round.
    """
    now = register.clock()
    campaign = find_campaign(connection, code)
    record = campaign.record
    places = places_in(connection, campaign, now)
    owners = {one.assessment.id: one.institution.code for one in places if one.assessment}
    measured = measure(register, connection, record)
    time = [one for one in extensions.list_extensions(connection) if one.assessment_id in owners]
    held = [one for one in appeals.list_appeals(connection) if one.assessment_id in owners]
    ground = _ground(connection, campaign, now, time, held)
    spoken = [
        one for one in opinions.list_opinions_of_round(connection, record.id)
        if one.assessment_id in owners
    ]  # fmt: skip
    comments = progress.count_comments(connection, record.id)
    zones = [one.institution.zone for one in places]
    return given.RoundInputs(
        content=content_of(register, get_pinned(register, connection, record.round.edition)),
        as_of=now,
        zone=max(set(zones), key=zones.count) if zones else "UTC",
        audit_head=head_of(connection, None),
        round_code=code,
        title=record.round.title,
        opens=record.round.opens,
        due=record.round.due,
        closed_at=record.closed_at,
        places=tuple(_place(ground, one) for one in places),
        cohorts=_cohorts(campaign, places),
        reminders=_reminders(connection, campaign),
        more_time=tuple(_more_time(one) for one in time),
        reviewers=_reviewers(connection, places, spoken),
        agreement=measured.agreement,
        pairs=tuple(levels_of(pairs_of(spoken))),
        sample=_sample(campaign, measured),
        questions=_questions(connection, campaign, owners),
        comments=sum(comments.values()),
        commented=len(comments),
        appeals=_appeals(connection, campaign, owners, held),
    )


def _ground(
    connection: Connection,
    campaign: Campaign,
    now: datetime,
    time: Iterable[ExtensionRecord],
    held: Iterable[appeals.AppealRecord],
) -> _Ground:
    round_id = campaign.record.id
    return _Ground(
        campaign=campaign,
        now=now,
        since=progress.list_since(connection, round_id),
        ends=progress.list_comment_ends(connection, round_id),
        said_enough=progress.list_said_enough(connection, round_id),
        asked={one.assessment_id: one for one in time if one.decision is None},
        appealed={one.assessment_id: one.act.at for one in held if one.outcome is None},
    )


def _place(ground: _Ground, one: Place) -> given.PlaceInRound:
    wait, since, until = _waits(ground, one)
    is_over = ground.campaign.record.closed_at is not None and wait in ("begin", "answer", "invite")
    found = one.assessment
    return given.PlaceInRound(
        institution=one.institution.code,
        name=one.institution.name,
        cohort=one.cohort,
        is_invited=one.invitation is not None or found is not None,
        is_begun=one.is_started,
        state=None if found is None else found.state,
        wait=None if is_over else wait,
        since=since,
        until=until,
        answered=0 if found is None else found.answered,
        reviewed=0 if found is None else found.reviewed,
        controls=0 if found is None else found.controls,
    )


def _waits(
    ground: _Ground, one: Place
) -> tuple[given.Wait | None, datetime | None, datetime | None]:
    """Return what has to be done next, since when it has to be, and until when it may be."""
    found, due = one.assessment, ground.campaign.record.round.due
    if found is None:
        if one.invitation is None:
            begins = _begins(ground.campaign, one.cohort)
            is_time = begins is not None and begins <= ground.now
            return ("invite" if is_time else None), begins, None
        return "begin", one.invitation.act.at, one.invitation.due_at
    since = ground.since.get(found.id, found.act.at)
    if found.id in ground.asked:
        return "more-time", ground.asked[found.id].act.at, None
    match found.state:
        case "planned" | "scoping" | "answering":
            return ("answer" if one.is_started else "begin"), since, found.due_at or due
        case "submitted":
            return "take-up", since, None
        case "in-review":
            return "review", since, None
        case "clarification":
            return "reply", since, None
        case "preliminary":
            end = ground.ends.get(found.id)
            is_open = end is not None and ground.now < end and found.id not in ground.said_enough
            if is_open:
                return "comment", since, end
            return "finalise", since if end is None or end > ground.now else end, None
        case _:
            appealed = ground.appealed.get(found.id)
            return (None if appealed is None else "appeal"), appealed, None


def _begins(campaign: Campaign, cohort: str) -> datetime | None:
    known = campaign.plan.cohorts if campaign.plan is not None else ()
    return next((one.begins for one in known if one.code == cohort), None)


def _sample(campaign: Campaign, measured: Measured) -> given.ReviewSample:
    return given.ReviewSample(
        share=None if campaign.plan is None else campaign.plan.drawn_share,
        drawn=measured.drawn,
        complete=measured.complete,
        gap=measured.gap,
    )


def _cohorts(campaign: Campaign, places: Iterable[Place]) -> tuple[given.CohortCount, ...]:
    return tuple(
        given.CohortCount(
            one.title, one.begins, one.due,
            one.held, one.invited, one.started, one.submitted, one.reviewed,
        )
        for one in count_funnel(campaign, places)
    )  # fmt: skip


def _reminders(connection: Connection, campaign: Campaign) -> tuple[given.RemindersAt, ...]:
    code = campaign.record.round.code
    state = {one.code: one.state for one in reminders.list_reminder_messages(connection, code)}
    whom: dict[int, set[UUID]] = defaultdict(set)
    sent: dict[int, Counter[str]] = defaultdict(Counter)
    for one in reminders.list_reminders(connection, campaign.record.id):
        whom[one.days].add(one.institution_id)
        sent[one.days].update(state.get(message, "withdrawn") for message in one.messages)
    return tuple(
        given.RemindersAt(
            days=days,
            institutions=len(whom[days]),
            messages=sent[days].total(),
            delivered=sent[days]["delivered"] + sent[days]["digested"],
            failed=sent[days]["failed"],
        )
        for days in sorted(whom, reverse=True)
    )


def _more_time(one: ExtensionRecord) -> given.MoreTime:
    said = one.decision
    return given.MoreTime(
        institution=one.institution,
        asked_at=one.act.at,
        wished=one.wished,
        why=one.act.reason,
        outcome=None if said is None else said.outcome,
        until=None if said is None else said.until,
        decided_at=None if said is None else said.act.at,
    )


def _reviewers(
    connection: Connection, places: Iterable[Place], spoken: list[opinions.OpinionRecord]
) -> tuple[given.ReviewerLoad, ...]:
    """Return everybody who has a part in a review of the round, or spoke in one."""
    state = {one.assessment.id: one.assessment.state for one in places if one.assessment}
    mine = [
        one for one in review_assignments.list_assignments(connection) if one.assessment_id in state
    ]
    judged: dict[str, set[tuple[UUID, str]]] = defaultdict(set)
    for one in spoken:
        judged[one.act.actor].add((one.assessment_id, one.review.control))
    pairs, alike = Counter[str](), Counter[str]()
    for first, second in pairs_of(spoken):
        for person in (first.act.actor, second.act.actor):
            pairs[person] += 1
            alike[person] += first.review.level == second.review.level
    names = {one.person.code: one.person.name for one in people.list_people(connection)}
    loads = []
    for person in sorted({one.person for one in mine} | judged.keys()):
        own = [one for one in mine if one.person == person]
        is_done = {one.id: state[one.assessment_id] in REVIEWED for one in own}
        running = [one for one in own if not is_done[one.id]]
        parts = Counter(one.part for one in running)
        loads.append(
            given.ReviewerLoad(
                name=names.get(person, person),
                first=parts["first"],
                second=parts["second"],
                third=parts["third"],
                oldest=min((one.at for one in running), default=None),
                done=sum(is_done.values()),
                judged=len(judged[person]),
                pairs=pairs[person],
                alike=alike[person],
            )
        )
    return tuple(loads)


def _questions(
    connection: Connection, campaign: Campaign, owners: Mapping[UUID, str]
) -> tuple[given.OpenQuestion, ...]:
    round_id = campaign.record.id
    open_matters: tuple[tuple[given.Asked, list[progress.OpenMatter]], ...] = (
        ("back", progress.list_asked_back(connection, round_id)),
        ("thread", progress.list_unsettled(connection, round_id)),
    )
    found = [
        given.OpenQuestion(kind, owners[one.assessment_id], one.control, one.since, one.text)
        for kind, matters in open_matters
        for one in matters
        if one.assessment_id in owners
    ]
    waiting = questions.list_questions(connection, waiting_only=True, limit=_ALL)
    found += [
        given.OpenQuestion("centre", one.institution, one.control, one.act.at, one.text)
        for one in waiting
        if one.round == campaign.record.round.code
    ]
    return tuple(sorted(found, key=lambda one: (one.since, one.institution, one.control or "")))


def _appeals(
    connection: Connection,
    campaign: Campaign,
    owners: Mapping[UUID, str],
    held: Iterable[appeals.AppealRecord],
) -> tuple[given.HeldAppeal, ...]:
    known = {one.id: one for one in scores.list_scores(connection, round_id=campaign.record.id)}
    found = []
    for one in held:
        before = known.get(one.score_id)
        after = None if one.correction_id is None else known.get(one.correction_id)
        found.append(
            given.HeldAppeal(
                institution=owners[one.assessment_id],
                controls=one.controls,
                at=one.act.at,
                outcome=one.outcome,
                decided_at=one.decided_at,
                before=None if before is None else before.verified,
                after=None if after is None else after.verified,
                band_before=None if before is None else before.band,
                band_after=None if after is None else after.band,
            )
        )
    return tuple(found)
