"""Where institutions stand, for machines: who they are, their scores, and their findings."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from cyberposture.errors import NotFound
from cyberposture.model.findings import FindingState
from cyberposture.model.institutions import Institution
from cyberposture.model.scores import ScoreResult
from cyberposture.services.findings import views
from cyberposture.services.institutions import entries
from cyberposture.services.scores import score
from cyberposture.services.scores.score import Listed
from cyberposture.web.access import may
from cyberposture.web.api.bearer import PREFIX, Permitted, problems
from cyberposture.web.api.pages import After, Limit, Page, page_of
from cyberposture.web.surroundings import Visit

router = APIRouter(prefix=PREFIX, tags=["standing"])


class MeShape(BaseModel):
    """For whom this token speaks, and what it may be used for."""

    person: str
    name: str
    roles: list[str]


class InstitutionShape(BaseModel):
    """An institution as it stands now."""

    code: str
    name: str
    sectors: list[str]
    tier: str
    parent: str | None


class ScoreShape(BaseModel):
    """A kept score; points are basis points of 100 (4250 is 42.5)."""

    id: str
    institution: str
    round: str | None = Field(description="Null for a live score.")
    as_of: datetime
    declared: int | None
    verified: int | None
    coverage: int | None
    band: str | None
    digest: str


class WholeScoreShape(ScoreShape):
    """A kept score with the points of the whole, of each domain and of each control."""

    result: ScoreResult
    result_digest: str


class FindingShape(BaseModel):
    """A finding with its clock."""

    code: str
    institution: str
    check: str
    address: str
    severity: str
    state: str
    says: str
    is_urgent: bool
    first_seen: datetime
    last_seen: datetime
    repair_by: datetime | None


def _institution_shape(one: Institution) -> InstitutionShape:
    return InstitutionShape(
        code=one.code, name=one.name, sectors=list(one.sectors), tier=one.tier, parent=one.parent
    )


def _score_shape(one: Listed) -> ScoreShape:
    summary = one.record.summary
    return ScoreShape(
        id=str(summary.id), institution=one.institution, round=one.round, as_of=summary.as_of,
        declared=summary.declared, verified=summary.verified, coverage=summary.coverage,
        band=summary.band, digest=one.record.document_sha256,
    )  # fmt: skip


def _finding_shape(one: views.FindingView) -> FindingShape:
    found = one.finding
    return FindingShape(
        code=found.code, institution=one.institution, check=found.key.check,
        address=found.address, severity=found.severity, state=found.state, says=found.says,
        is_urgent=one.is_urgent, first_seen=found.first_seen, last_seen=found.last_seen,
        repair_by=one.repair_by,
    )  # fmt: skip


@router.get("/me", responses=problems())
def read_me(visit: Annotated[Visit, Depends(Permitted("see-home", None))]) -> MeShape:
    """Say for whom this token speaks."""
    person = visit.person
    roles = [
        one.role if one.institution is None else f"{one.role} at {one.institution}"
        for one in person.memberships
    ]
    return MeShape(person=person.person, name=person.name, roles=roles)


@router.get("/institutions", responses=problems())
def list_institutions(
    visit: Annotated[Visit, Depends(Permitted("see-institutions", "institutions"))],
    after: After = "",
    limit: Limit = 50,
) -> Page[InstitutionShape]:
    """List the institutions that its owner may see, by code."""
    held = visit.person.memberships
    found = [
        one.institution
        for one in entries.list_institutions(visit.register)
        if may(held, "see-institutions", one.institution.code, sectors=one.institution.sectors)
    ]
    return page_of(found, lambda one: one.code, _institution_shape, after, limit)


@router.get("/institutions/{institution}", responses=problems())
def read_institution(
    visit: Annotated[Visit, Depends(Permitted("see-institutions", "institutions"))],
    institution: str,
) -> InstitutionShape:
    """Read one institution as it stands now."""
    return _institution_shape(entries.get_institution(visit.register, institution).institution)


@router.get("/institutions/{institution}/scores", responses=problems())
def list_scores(
    visit: Annotated[Visit, Depends(Permitted("see-institution-results", "results"))],
    institution: str,
    after: After = "",
    limit: Limit = 50,
) -> Page[ScoreShape]:
    """List the kept scores of an institution, the oldest first."""
    found = score.list_scores(visit.register, institution=institution)
    return page_of(found, lambda one: str(one.record.summary.id), _score_shape, after, limit)


@router.get("/institutions/{institution}/scores/{score_id}", responses=problems())
def read_score(
    visit: Annotated[Visit, Depends(Permitted("see-institution-results", "results"))],
    institution: str,
    score_id: str,
) -> WholeScoreShape:
    """Read one kept score of an institution with all its points."""
    kept = score.list_scores(visit.register, institution=institution)
    found = next((one for one in kept if str(one.record.summary.id) == score_id), None)
    if found is None:
        raise NotFound("score", score_id)
    return WholeScoreShape(
        **_score_shape(found).model_dump(),
        result=ScoreResult.model_validate(found.record.result),
        result_digest=found.record.result_sha256,
    )


@router.get("/institutions/{institution}/findings", responses=problems())
def list_own_findings(
    visit: Annotated[Visit, Depends(Permitted("see-network", "findings"))],
    institution: str,
    state: FindingState | None = None,
    after: After = "",
    limit: Limit = 50,
) -> Page[FindingShape]:
    """List the findings of an institution by first sight."""
    found = views.list_views(visit.register, institution, state)
    return page_of(found, lambda one: one.finding.code, _finding_shape, after, limit)


@router.get("/findings", responses=problems())
def list_findings(
    visit: Annotated[Visit, Depends(Permitted("see-findings", "findings"))],
    state: FindingState | None = None,
    after: After = "",
    limit: Limit = 50,
) -> Page[FindingShape]:
    """List the findings of all institutions that its owner may see, by first sight."""
    held = visit.person.memberships
    sectors = {
        one.institution.code: one.institution.sectors
        for one in entries.list_institutions(visit.register)
    }
    found = [
        one
        for one in views.list_views(visit.register, None, state)
        if may(held, "see-findings", one.institution, sectors=sectors.get(one.institution, ()))
    ]
    return page_of(found, lambda one: one.finding.code, _finding_shape, after, limit)
