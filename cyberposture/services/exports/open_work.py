"""What a plan of action says: the findings that stand, and the actions of the improvement plan."""

from datetime import datetime, time
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.clock import find_zone
from cyberposture.exchange.oscal.poam_out import Mark, Measure, Weakness
from cyberposture.model.findings import ASIDE, STANDING
from cyberposture.services.findings import views
from cyberposture.services.register import Register
from cyberposture.store import assessments, findings, improvements, rounds
from cyberposture.store.findings import FindingEvent
from cyberposture.store.institutions import InstitutionRecord


def weaknesses_of(register: Register, institution: str) -> tuple[Weakness, ...]:
    """Return the findings that the network still shows, by first sight.

    Raises:
        NotFound: the institution is not in the register.
    """
    standing = [
        one for one in views.list_views(register, institution) if one.finding.state in STANDING
    ]
    if not standing:
        return ()
    with register.reading() as connection:
        owner = standing[0].finding.key.institution_id
        marks = marks_of(connection, owner)
        lives = findings.lives_at(connection, owner, as_of=register.clock())
    proposed = {key for key, life in lives.items() if life.proposal is not None}
    return tuple(
        _weakness(
            register, one, marks.get(one.finding.id, ()), is_proposed=one.finding.id in proposed
        )
        for one in standing
    )


def _weakness(
    register: Register, one: views.FindingView, marks: tuple[Mark, ...], *, is_proposed: bool
) -> Weakness:
    finding = one.finding
    check = register.content.checks.find(finding.key.check)
    return Weakness(
        code=finding.code,
        check=finding.key.check,
        title=finding.key.check if check is None else check.title,
        why="" if check is None else check.why,
        remedy="" if check is None else check.remedy,
        severity=finding.severity,
        state=finding.state,
        says=finding.says,
        address=finding.address,
        protocol=finding.key.protocol or "",
        port=finding.key.port,
        first_seen=finding.first_seen,
        last_seen=finding.last_seen,
        deadline=one.repair_by,
        is_proposed=is_proposed,
        marks=marks,
    )


def marks_of(connection: Connection, institution_id: UUID) -> dict[UUID, tuple[Mark, ...]]:
    """Return when each finding of an institution was set aside and why, oldest first; not by whom.

    Only what still holds is told: what came back, fell or was mended since is left out.
    """
    found: dict[UUID, tuple[Mark, ...]] = {}
    for event in findings.list_events(connection, institution_id=institution_id):
        if event.kind in ("returned", "upheld", "closed", "reopened"):
            found.pop(event.finding_id, None)
        elif event.kind in ("marked", "overturned") and event.state in ASIDE:
            found[event.finding_id] = (*found.get(event.finding_id, ()), _mark(event))
    return found


def _mark(event: FindingEvent) -> Mark:
    assert event.state in ("accepted", "false-positive", "disputed")
    until = (event.details or {}).get("until")
    return Mark(
        kind=event.state,
        reason=event.act.reason,
        at=event.act.at,
        until=None if until is None else datetime.fromisoformat(until),
    )


def measures_of(
    connection: Connection, owner: InstitutionRecord, round_code: str | None
) -> tuple[str | None, tuple[Measure, ...]]:
    """Return the round of an improvement plan and its actions; without a round, the newest plan's.

    Raises:
        NotFound: round or assessment is not there.
    """
    if round_code is not None:
        round_id = rounds.get_round(connection, round_code).id
        known = [assessments.get_assessment(connection, owner.id, round_id)]
    else:
        known = assessments.list_assessments(connection, institution_id=owner.id)
    zone = find_zone(owner.institution.zone)
    for assessment in reversed(known):
        planned = improvements.list_actions(connection, assessment.id).values()
        if planned:
            return assessment.round, tuple(
                Measure(
                    code=one.code,
                    what=one.action.what,
                    controls=one.action.controls,
                    findings=one.action.findings,
                    keeper=one.action.keeper,
                    due=datetime.combine(one.due, time(23, 59, 59), zone),
                    budget=one.action.budget,
                    progress=one.progress,
                    note=one.act.reason,
                )
                for one in planned
            )
    return round_code, ()
