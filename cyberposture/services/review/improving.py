"""The improvement plan: what an institution means to do, how far it is, and what the CERT says."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection

from cyberposture.clock import find_zone
from cyberposture.errors import Fault, InvalidInput, NotFound, WrongState
from cyberposture.exchange.sheets import build_row
from cyberposture.model.improvements import Action, Progress
from cyberposture.scoring.plan import Step, rank_improvements
from cyberposture.services.assessments.assess import find_parts
from cyberposture.services.catalogue.pinned import Pinned
from cyberposture.services.people.roles import CERT, require_role
from cyberposture.services.register import Change, Register
from cyberposture.services.review.holding import hold
from cyberposture.services.review.speaking import LEADS, require_of, require_reason
from cyberposture.services.scores.basis import find_kept_score, gather_basis, gather_kept
from cyberposture.store import assessments, findings, institutions
from cyberposture.store import improvements as store
from cyberposture.store.assessments import AssessmentRecord
from cyberposture.store.improvements import ActionRecord, PlanEvent
from cyberposture.store.layouts import get_layout

SUGGESTED = 10
PLANNED_IN = ("preliminary", "finalised")
"""The states in which a plan is made: the institution knows its result."""


@dataclass(frozen=True)
class ImprovementPlan:
    """A plan as it stands, with what happened to it and what could be added."""

    assessment: AssessmentRecord
    actions: tuple[ActionRecord, ...]
    events: tuple[PlanEvent, ...]
    suggestions: tuple[Step, ...]
    """Steps of the score that no action names yet."""
    pinned: Pinned | None
    """The edition that the suggestions speak of; None where there are none."""
    earlier: tuple[tuple[AssessmentRecord, tuple[ActionRecord, ...]], ...]
    """Plans of earlier rounds, the newest first."""
    may_change: bool

    @property
    def stand(self) -> str:
        """`draft`, or what became of the plan last: handed-in, returned, accepted."""
        return self.events[-1].kind if self.events else "draft"


def _last(events: Sequence[PlanEvent]) -> str:
    return events[-1].kind if events else "draft"


def _open_plan(change: Change, institution: str, round_code: str) -> AssessmentRecord:
    hold(change.connection, institution, round_code)
    change.institution_id, assessment = find_parts(change.connection, institution, round_code)
    require_of(change, change.institution_id, LEADS)
    return assessment


def _require_draft(connection: Connection, assessment: AssessmentRecord) -> None:
    if assessment.state not in PLANNED_IN:
        raise WrongState(
            f"the assessment is {assessment.state}: there is no result to plan from",
            advice="a plan begins once you see your preliminary result",
        )
    stand = _last(store.list_events(connection, assessment.id))
    if stand in ("handed-in", "accepted"):
        raise WrongState(
            f"the plan is {stand}",
            advice="its progress can be noted; the CERT returns it if it is to change",
        )


def save_action(
    register: Register,
    institution: str,
    round_code: str,
    given: dict[str, Any],
    *,
    code: str | None = None,
    seen_revision: int = 0,
) -> ActionRecord:
    """Keep an action of a plan that is not handed in: a new one, or (by code) a changed one.

    Raises:
        Conflict: somebody changed it meanwhile; theirs is `current`, and nothing was written.
        InvalidInput: it says too little, or is due before today; each fault at its field.
        NotFound: institution, round, assessment, control, finding or action is not there.
        NotAuthorised: whoever acts is not the institution's lead.
        WrongState: there is no result yet, or the plan was handed in.
    """
    action = build_row(Action, "action", given)
    with register.change("action-planned", institution) as change:
        connection = change.connection
        assessment = _open_plan(change, institution, round_code)
        _require_draft(connection, assessment)
        _require_known(change, assessment, action, institution)
        present = store.list_actions(connection, assessment.id)
        if code is not None and code not in present:
            raise NotFound("action", code)
        kept = store.record_action(
            connection, assessment.institution_id, assessment.id, action, change.by,
            code=code, seen_revision=seen_revision,
            progress="open" if code is None else present[code].progress,
        )  # fmt: skip
        change.tell(
            round=round_code, action=kept.code, revision=kept.revision,
            says=action.model_dump(mode="json"),
        )  # fmt: skip
    return kept


def _require_known(
    change: Change, assessment: AssessmentRecord, action: Action, institution: str
) -> None:
    connection = change.connection
    asked = get_layout(connection, assessment.layout)
    faults = [
        Fault("controls", f"{control} is not asked in this assessment")
        for control in action.controls
        if control not in asked
    ]
    known = {
        one.code
        for one in findings.list_findings(connection, institution_id=assessment.institution_id)
    } if action.findings else set()  # fmt: skip
    faults += [
        Fault("findings", f"{code} is no finding at this institution")
        for code in action.findings
        if code not in known
    ]
    record = institutions.get_institution(connection, institution, as_of=change.now)
    today = change.now.astimezone(find_zone(record.institution.zone)).date()
    if action.due < today:
        faults.append(Fault("due", "choose a day that is still to come"))
    if faults:
        raise InvalidInput(faults)


def note_progress(
    register: Register,
    institution: str,
    round_code: str,
    code: str,
    progress: Progress,
    *,
    seen_revision: int,
    note: str = "",
) -> ActionRecord:
    """Note how far an action is; what was planned stays as it was accepted.

    Raises:
        Conflict: somebody changed it meanwhile; theirs is `current`, and nothing was written.
        InvalidInput: it is dropped without a reason.
        NotFound: institution, round, assessment or action is not there.
        NotAuthorised: whoever acts is not the institution's lead.
    """
    if progress == "dropped":
        require_reason(note, "note")
    with register.change("action-progressed", institution, reason=note.strip()) as change:
        assessment = _open_plan(change, institution, round_code)
        present = store.list_actions(change.connection, assessment.id).get(code)
        if present is None:
            raise NotFound("action", code)
        kept = store.record_action(
            change.connection, assessment.institution_id, assessment.id, present.action, change.by,
            progress=progress, code=code, seen_revision=seen_revision,
        )  # fmt: skip
        change.tell(round=round_code, action=code, progress=progress)
    return kept


def hand_in_plan(register: Register, institution: str, round_code: str) -> None:
    """Hand the plan to the CERT.

    Raises:
        NotFound: institution, round or assessment is not there.
        NotAuthorised: whoever acts is not the institution's lead.
        WrongState: it holds no action, there is no result yet, or it was handed in already.
    """
    with register.change("plan-handed-in", institution) as change:
        assessment = _open_plan(change, institution, round_code)
        _require_draft(change.connection, assessment)
        present = store.list_actions(change.connection, assessment.id)
        if not present:
            raise WrongState(
                "the plan holds no action yet",
                advice="add one from the suggestions: what brings most stands first",
            )
        _record(change, assessment, "handed-in", present)
        change.tell(round=round_code, actions=sorted(present))


def decide_plan(
    register: Register, institution: str, round_code: str, *, accepts: bool, reason: str = ""
) -> None:
    """Accept a plan, or return it with a reason.

    Raises:
        InvalidInput: it is returned without a reason.
        NotFound: institution, round or assessment is not there.
        NotAuthorised: whoever acts is not of the CERT.
        WrongState: it was not handed in.
    """
    why = reason.strip() if accepts else require_reason(reason)
    with register.change("plan-decided", institution, reason=why) as change:
        connection = change.connection
        require_role(connection, change.by.actor, CERT, change.now)
        hold(connection, institution, round_code)
        change.institution_id, assessment = find_parts(connection, institution, round_code)
        stand = _last(store.list_events(connection, assessment.id))
        if stand != "handed-in":
            raise WrongState(
                f"the plan is {stand}, not handed in", advice="the institution hands it in first"
            )
        present = store.list_actions(connection, assessment.id)
        _record(change, assessment, "accepted" if accepts else "returned", present)
        change.tell(round=round_code, accepted=accepts)


def _record(
    change: Change,
    assessment: AssessmentRecord,
    kind: store.PlanEventKind,
    actions: dict[str, ActionRecord],
) -> None:
    store.record_event(
        change.connection, assessment.institution_id, assessment.id, kind, change.by,
        actions={code: one.revision for code, one in actions.items()},
    )  # fmt: skip


def read_plan(register: Register, institution: str, round_code: str) -> ImprovementPlan:
    """Return a plan as it stands, with suggestions and with the plans of earlier rounds.

    Raises:
        NotFound: institution, round or assessment is not there.
    """
    with register.reading() as connection:
        institution_id, assessment = find_parts(connection, institution, round_code)
        actions = tuple(store.list_actions(connection, assessment.id).values())
        events = tuple(store.list_events(connection, assessment.id))
        steps: Sequence[Step] = ()
        pinned = None
        if assessment.state in PLANNED_IN:
            kept = find_kept_score(connection, institution, round_code)
            basis = (
                gather_basis(register, connection, institution, round_code, register.clock())
                if kept is None
                else gather_kept(register, connection, institution, round_code, kept)
            )
            steps, pinned = rank_improvements(basis.document, basis.result, SUGGESTED), basis.pinned
        known = assessments.list_assessments(connection, institution_id=institution_id)
        before = known[: [one.id for one in known].index(assessment.id)]
        earlier = tuple(
            (one, planned)
            for one in reversed(before)
            if (planned := tuple(store.list_actions(connection, one.id).values()))
        )
    named = {control for one in actions for control in one.action.controls}
    may_change = assessment.state in PLANNED_IN and _last(events) in ("draft", "returned")
    return ImprovementPlan(
        assessment=assessment,
        actions=actions,
        events=events,
        suggestions=tuple(step for step in steps if not named.issuperset(step.controls)),
        pinned=pinned,
        earlier=earlier,
        may_change=may_change,
    )


@dataclass(frozen=True)
class PlanSummary:
    """One plan as the CERT's list shows it."""

    institution: str
    round: str
    stand: str
    actions: int
    done: int
    overdue: int


def list_plans(register: Register) -> list[PlanSummary]:
    """Return every plan that was handed in, those that wait for the CERT first."""
    with register.reading() as connection:
        newest = store.list_newest_events(connection)
        actions = store.list_all_actions(connection)
        known = {one.id: one for one in assessments.list_assessments(connection)}
        today = register.clock().date()
    found = [
        _summary(known[key], event.kind, actions.get(key, {}), today)
        for key, event in newest.items()
    ]
    return sorted(found, key=lambda one: (one.stand != "handed-in", one.round, one.institution))


def _summary(
    assessment: AssessmentRecord, stand: str, actions: dict[str, ActionRecord], today: date
) -> PlanSummary:
    running = [one for one in actions.values() if one.progress != "dropped"]
    return PlanSummary(
        institution=assessment.institution,
        round=assessment.round,
        stand=stand,
        actions=len(running),
        done=sum(one.progress == "done" for one in running),
        overdue=sum(one.progress != "done" and one.due < today for one in running),
    )
