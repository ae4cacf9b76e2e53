"""Assessments: one institution in one round, through its states of life; answers are elsewhere."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from cyberposture.errors import InvalidInput, NotFound, WrongState
from cyberposture.model.life import AssessmentState, leads_to, what_is_shut
from cyberposture.store import tables as t
from cyberposture.store.acts import Act, read_act
from cyberposture.store.layouts import keep_layout, read_layouts


@dataclass(frozen=True, slots=True)
class AssessmentRecord:
    """An assessment as it stands; `answered` and `reviewed` count controls."""

    id: UUID
    institution_id: UUID
    institution: str
    round_id: UUID
    round: str
    state: AssessmentState
    layout: str
    """The digest under which `get_layout` knows the controls asked, in their order."""
    evidence_age_days: int
    scope: dict[str, Any]
    due_at: datetime | None
    """Where it differs from the round's."""
    answered: int
    reviewed: int
    controls: int
    act: Act


@dataclass(frozen=True, slots=True)
class AssessmentEvent:
    """Something that happened in the life of an assessment, and the state after it."""

    number: int
    kind: str
    state: AssessmentState
    details: dict[str, Any] | None
    act: Act


@dataclass(frozen=True, slots=True)
class SubmissionRecord:
    """A frozen return: the revision of each answer, and the signature under their digest."""

    id: UUID
    number: int
    revisions: dict[str, int]
    digest: str
    signatory: str
    signature: str
    act: Act
    attestation: int | None = None
    """The number of the attestation that it rests on; None: handed in without one."""
    receipt: str | None = None


def insert_assessment(
    connection: Connection,
    institution_id: UUID,
    round_id: UUID,
    act: Act,
    *,
    controls: Sequence[str],
    evidence_age_days: int,
    scope: dict[str, Any],
    state: AssessmentState = "planned",
    due_at: datetime | None = None,
) -> AssessmentRecord:
    """Open an institution's assessment in a round and return it.

    `controls` are the ids of the controls asked, in the order in which compact rows keep them.

    Raises:
        InvalidInput: a control stands twice.
        WrongState: the institution has an assessment in this round.
    """
    if len(set(controls)) != len(controls):
        raise InvalidInput("a control is asked twice")
    if find_assessment(connection, institution_id, round_id) is not None:
        raise WrongState("the institution has an assessment in this round already")
    layout = keep_layout(connection, controls)
    assessment_id = uuid4()
    connection.execute(
        sa.insert(t.assessments),
        {
            "id": assessment_id,
            "institution_id": institution_id,
            "round_id": round_id,
            "state": state,
            "layout": layout,
            "evidence_age_days": evidence_age_days,
            "scope": scope,
            "due_at": due_at,
            **act.written(),
        },
    )
    record_event(connection, assessment_id, "opened", act)
    return get_assessment(connection, institution_id, round_id)


def record_state(
    connection: Connection,
    assessment_id: UUID,
    state: AssessmentState,
    act: Act,
    *,
    expected: Collection[AssessmentState],
    details: dict[str, Any] | None = None,
) -> None:
    """Move an assessment to another state, along a step that there is; staying is allowed.

    Raises:
        NotFound: there is no such assessment.
        WrongState: it is in none of the `expected` states, or no step leads from there to `state`.
    """
    present = lock_assessment(connection, assessment_id)["state"]
    if present not in expected or not (present == state or leads_to(present, state)):
        said, advice = what_is_shut(present, [one for one in expected if one != present])
        raise WrongState(said, advice=advice)
    _change(connection, assessment_id, state=state)
    record_event(connection, assessment_id, f"became {state}", act, details=details)


def record_scope(
    connection: Connection, assessment_id: UUID, scope: dict[str, Any], act: Act
) -> None:
    """Replace what the institution said of its services and features; the event keeps both.

    Raises:
        NotFound: there is no such assessment.
    """
    before = lock_assessment(connection, assessment_id)["scope"]
    _change(connection, assessment_id, scope=scope)
    details = {"before": before, "after": scope}
    record_event(connection, assessment_id, "scoped", act, details=details)


def record_extension(
    connection: Connection, assessment_id: UUID, due_at: datetime, act: Act
) -> None:
    """Give an assessment a due date of its own.

    Raises:
        NotFound: there is no such assessment.
    """
    lock_assessment(connection, assessment_id)
    _change(connection, assessment_id, due_at=due_at)
    details = {"due_at": due_at.isoformat()}
    record_event(connection, assessment_id, "extended", act, details=details)


def record_event(
    connection: Connection,
    assessment_id: UUID,
    kind: str,
    act: Act,
    *,
    details: dict[str, Any] | None = None,
) -> None:
    """Add an event to the life of an assessment, in the state that it has.

    Raises:
        NotFound: there is no such assessment.
    """
    assessment = lock_assessment(connection, assessment_id)
    e = t.assessment_events
    last = sa.select(sa.func.max(e.c.number)).where(e.c.assessment_id == assessment_id)
    connection.execute(
        sa.insert(e),
        {
            "id": uuid4(),
            "institution_id": assessment["institution_id"],
            "assessment_id": assessment_id,
            "number": (connection.execute(last).scalar_one() or 0) + 1,
            "kind": kind,
            "state": assessment["state"],
            "details": details,
            **act.written(),
        },
    )


def list_events(connection: Connection, assessment_id: UUID) -> list[AssessmentEvent]:
    """Return the life of an assessment, oldest event first."""
    e = t.assessment_events
    query = sa.select(e).where(e.c.assessment_id == assessment_id).order_by(e.c.number)
    return [
        AssessmentEvent(row["number"], row["kind"], row["state"], row["details"], read_act(row))
        for row in connection.execute(query).mappings()
    ]


def find_assessment(
    connection: Connection, institution_id: UUID, round_id: UUID
) -> AssessmentRecord | None:
    """Return the institution's assessment in this round, or None."""
    values = {"institution_id": institution_id, "round_id": round_id}
    row = connection.execute(_ONE, values).mappings().one_or_none()
    return None if row is None else read_assessment(row, read_layouts(connection, {row["layout"]}))


def get_assessment(
    connection: Connection, institution_id: UUID, round_id: UUID
) -> AssessmentRecord:
    """Return the institution's assessment in this round.

    Raises:
        NotFound: there is none.
    """
    found = find_assessment(connection, institution_id, round_id)
    if found is None:
        owner = _code_of(connection, t.institutions, institution_id)
        name = f"{owner} in {_code_of(connection, t.rounds, round_id)}"
        raise NotFound("assessment", name, advice="cyberposture assessment open makes one")
    return found


def _code_of(connection: Connection, table: sa.Table, row_id: UUID) -> str:
    code = connection.execute(sa.select(table.c.code).where(table.c.id == row_id))
    return str(code.scalar_one_or_none() or row_id)


def list_assessments(
    connection: Connection,
    *,
    institution_id: UUID | None = None,
    round_id: UUID | None = None,
    state: AssessmentState | None = None,
) -> list[AssessmentRecord]:
    """Return assessments by round and institution; progress is read from compact rows."""
    asked = {"institution_id": institution_id, "round_id": round_id, "state": state}
    values = {name: value for name, value in asked.items() if value is not None}
    rows = connection.execute(_listed(*values), values).mappings().all()
    layouts = read_layouts(connection, {row["layout"] for row in rows})
    return [read_assessment(row, layouts) for row in rows]


def record_submission(
    connection: Connection,
    assessment_id: UUID,
    act: Act,
    *,
    revisions: dict[str, int],
    digest: str,
    signatory: str,
    signature: str,
    attestation: int | None = None,
    receipt: str | None = None,
) -> SubmissionRecord:
    """Freeze a return and return it: which revision of each answer, attested by whom.

    Raises:
        NotFound: there is no such assessment.
    """
    assessment = lock_assessment(connection, assessment_id)
    number = len(list_submissions(connection, assessment_id)) + 1
    record = SubmissionRecord(
        uuid4(), number, revisions, digest, signatory, signature, act, attestation, receipt
    )
    connection.execute(
        sa.insert(t.submissions),
        {
            "id": record.id,
            "institution_id": assessment["institution_id"],
            "assessment_id": assessment_id,
            "number": number,
            "revisions": revisions,
            "digest": digest,
            "signatory": signatory,
            "signature": signature,
            "attestation": attestation,
            "receipt": receipt,
            **act.written(),
        },
    )
    return record


def list_submissions(connection: Connection, assessment_id: UUID) -> list[SubmissionRecord]:
    """Return the returns of an assessment, oldest first."""
    s = t.submissions
    query = sa.select(s).where(s.c.assessment_id == assessment_id).order_by(s.c.number)
    return [
        SubmissionRecord(
            row["id"],
            row["number"],
            row["revisions"],
            row["digest"],
            row["signatory"],
            row["signature"],
            read_act(row),
            row["attestation"],
            row["receipt"],
        )
        for row in connection.execute(query).mappings()
    ]


def lock_assessment(connection: Connection, assessment_id: UUID) -> RowMapping:
    """Return the row of an assessment, locked until the transaction ends.

    Raises:
        NotFound: there is no such assessment.
    """
    query = sa.select(t.assessments).where(t.assessments.c.id == assessment_id).with_for_update()
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("assessment", str(assessment_id))
    return row


def _change(connection: Connection, assessment_id: UUID, **values: Any) -> None:
    connection.execute(
        sa.update(t.assessments).where(t.assessments.c.id == assessment_id).values(**values)
    )


def _assessments() -> sa.Select[tuple[object, ...]]:
    r = t.answer_rows
    return (
        sa.select(
            t.assessments,
            t.institutions.c.code.label("institution"),
            t.rounds.c.code.label("round"),
            sa.func.coalesce(r.c.answered, 0).label("answered"),
            sa.func.coalesce(r.c.reviewed, 0).label("reviewed"),
        )
        .join(t.institutions, t.institutions.c.id == t.assessments.c.institution_id)
        .join(t.rounds, t.rounds.c.id == t.assessments.c.round_id)
        .outerjoin(r, r.c.assessment_id == t.assessments.c.id)
    )


_ONE = _assessments().where(
    t.assessments.c.institution_id == sa.bindparam("institution_id"),
    t.assessments.c.round_id == sa.bindparam("round_id"),
)


@cache
def _listed(*names: str) -> sa.Select[tuple[object, ...]]:
    """Return the query for the list, narrowed by these columns; each is built once."""
    a = t.assessments
    query = _assessments().order_by(t.rounds.c.opens, t.rounds.c.code, t.institutions.c.code)
    return query.where(*(a.c[name] == sa.bindparam(name) for name in names))


def read_assessment(
    row: Mapping[Any, Any], layouts: dict[str, tuple[str, ...]]
) -> AssessmentRecord:
    """Return the assessment that a row holds."""
    return AssessmentRecord(
        id=row["id"],
        institution_id=row["institution_id"],
        institution=row["institution"],
        round_id=row["round_id"],
        round=row["round"],
        state=row["state"],
        layout=row["layout"],
        evidence_age_days=row["evidence_age_days"],
        scope=row["scope"],
        due_at=row["due_at"],
        answered=row["answered"],
        reviewed=row["reviewed"],
        controls=len(layouts[row["layout"]]),
        act=read_act(row),
    )
