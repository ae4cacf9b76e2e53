"""Scopes of assessments: every revision, what the CERT said to it, and what is asked because of it.

No answer is ever lost here: a control that is asked no more keeps its answers, and has them again
once it is asked again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from cyberposture.errors import NotFound, WrongState
from cyberposture.model.scopes import Scope, ScopeOutcome
from cyberposture.store import tables as t
from cyberposture.store.acts import Act, read_act
from cyberposture.store.answer_rows import rebuild_row
from cyberposture.store.assessments import lock_assessment, record_event
from cyberposture.store.layouts import keep_layout


@dataclass(frozen=True, slots=True)
class ScopeDecision:
    """What the CERT said to a scope; its act gives the reason."""

    outcome: ScopeOutcome
    act: Act


@dataclass(frozen=True, slots=True)
class ScopeRecord:
    """One revision of a scope, counted from 1, with what came of it."""

    assessment_id: UUID
    institution: str
    round: str
    revision: int
    scope: Scope
    is_sent: bool
    act: Act
    decision: ScopeDecision | None


def record_scope_revision(
    connection: Connection, assessment_id: UUID, scope: Scope, act: Act, *, is_sent: bool
) -> int:
    """Write a scope as the revision after the last, and return its number.

    Raises:
        NotFound: there is no such assessment.
    """
    assessment = lock_assessment(connection, assessment_id)
    s = t.scopes
    last = sa.select(sa.func.max(s.c.revision)).where(s.c.assessment_id == assessment_id)
    revision = (connection.execute(last).scalar_one() or 0) + 1
    said = scope.model_dump(mode="json")
    connection.execute(
        sa.insert(s),
        {
            "id": uuid4(),
            "institution_id": assessment["institution_id"],
            "assessment_id": assessment_id,
            "revision": revision,
            **said,
            "is_sent": is_sent,
            **act.written(),
        },
    )
    return revision


def record_scope_decision(
    connection: Connection, assessment_id: UUID, revision: int, outcome: ScopeOutcome, act: Act
) -> ScopeRecord:
    """Write what the CERT says to the newest scope that was sent, and return that scope.

    Raises:
        NotFound: there is no such assessment, or no such revision.
        WrongState: it is not the newest that was sent, or something was said to it already.
    """
    assessment = lock_assessment(connection, assessment_id)
    sent = [one for one in list_scopes(connection, assessment_id) if one.is_sent]
    found = next((one for one in sent if one.revision == revision), None)
    if found is None:
        raise NotFound("scope revision", str(revision))
    if found is not sent[-1]:
        raise WrongState(
            f"revision {revision} was replaced by revision {sent[-1].revision}",
            advice="look at the newest, which is the one that counts",
        )
    if found.decision is not None:
        raise WrongState(f"revision {revision} was {found.decision.outcome} already")
    connection.execute(
        sa.insert(t.scope_decisions),
        {
            "id": uuid4(),
            "institution_id": assessment["institution_id"],
            "assessment_id": assessment_id,
            "revision": revision,
            "outcome": outcome,
            **act.written(),
        },
    )
    return found


def list_scopes(connection: Connection, assessment_id: UUID) -> list[ScopeRecord]:
    """Return every revision of an assessment's scope, oldest first."""
    s = t.scopes
    query = _scopes().where(s.c.assessment_id == assessment_id).order_by(s.c.revision)
    return [_read(row) for row in connection.execute(query).mappings()]


def list_waiting(connection: Connection) -> list[ScopeRecord]:
    """Return the newest scope that each assessment sent, where nothing was said to it, in order."""
    s, d = t.scopes, t.scope_decisions
    newest = (
        sa.select(s.c.assessment_id, sa.func.max(s.c.revision).label("revision"))
        .where(s.c.is_sent)
        .group_by(s.c.assessment_id)
    )
    query = (
        _scopes()
        .where(sa.tuple_(s.c.assessment_id, s.c.revision).in_(newest), d.c.outcome.is_(None))
        .order_by(s.c.at)
    )
    return [_read(row) for row in connection.execute(query).mappings()]


def change_what_is_asked(
    connection: Connection, assessment_id: UUID, controls: Sequence[str], act: Act
) -> None:
    """Ask these controls from now on; answers stay where they are, and their row is made anew.

    Raises:
        NotFound: there is no such assessment.
    """
    before = lock_assessment(connection, assessment_id)["layout"]
    layout = keep_layout(connection, controls)
    if layout == before:
        return
    a = t.assessments
    connection.execute(sa.update(a).where(a.c.id == assessment_id).values(layout=layout))
    rebuild_row(connection, assessment_id, act.at)
    details = {"before": before, "after": layout, "controls": len(controls)}
    record_event(connection, assessment_id, "what is asked changed", act, details=details)


def _scopes() -> sa.Select[tuple[Any, ...]]:
    s, d, a = t.scopes, t.scope_decisions, t.assessments
    decided = sa.and_(d.c.assessment_id == s.c.assessment_id, d.c.revision == s.c.revision)
    return (
        sa.select(
            s,
            t.institutions.c.code.label("institution"),
            t.rounds.c.code.label("round"),
            d.c.outcome,
            *(d.c[name].label(f"decided_{name}") for name in ("actor", "reason", "at")),
        )
        .join(a, a.c.id == s.c.assessment_id)
        .join(t.institutions, t.institutions.c.id == s.c.institution_id)
        .join(t.rounds, t.rounds.c.id == a.c.round_id)
        .outerjoin(d, decided)
    )


def _read(row: RowMapping) -> ScopeRecord:
    decision = None
    if row["outcome"] is not None:
        names = ("actor", "reason", "at")
        decision = ScopeDecision(row["outcome"], Act(*(row[f"decided_{name}"] for name in names)))
    said = {name: row[name] for name in ("profile", "features", "services")}
    return ScopeRecord(
        assessment_id=row["assessment_id"],
        institution=row["institution"],
        round=row["round"],
        revision=row["revision"],
        scope=Scope.model_validate(said),
        is_sent=row["is_sent"],
        act=read_act(row),
        decision=decision,
    )
