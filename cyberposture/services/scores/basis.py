"""All that one score stands on, gathered from the register as it stood at one moment."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.content.loader import Content
from cyberposture.model.assessments import Answer, Review, Round
from cyberposture.model.checks import Checks
from cyberposture.model.controls import Catalogue, Profile
from cyberposture.model.life import AssessmentState
from cyberposture.model.parameters import Clocks
from cyberposture.model.scores import ScoreDocument, ScoreResult
from cyberposture.scoring.assemble import assemble
from cyberposture.scoring.rollup import compute
from cyberposture.services.catalogue.pinned import Pinned, checks_under, get_pinned
from cyberposture.services.findings.standing import CheckStanding, standing_of, tallies
from cyberposture.services.register import Register
from cyberposture.services.scores.inherited import Shared, gather_shared
from cyberposture.store import (
    answers,
    assessments,
    audit,
    authorisations,
    institutions,
    results,
    rounds,
    scores,
)
from cyberposture.store.assessments import AssessmentRecord
from cyberposture.store.institutions import InstitutionRecord
from cyberposture.store.scores import ScoreRecord

UNDER_REVIEW: frozenset[AssessmentState] = frozenset({"submitted", "in-review", "clarification"})
"""The states in which reviewers find what the institution is not told yet."""


@dataclass(frozen=True)
class Basis:
    """All that one score stands on, as the register held it at `as_of`."""

    institution: InstitutionRecord
    assessment: AssessmentRecord | None
    campaign: Round | None
    as_of: datetime
    answers: dict[str, answers.Standing]
    checks: dict[str, CheckStanding]
    judged_by: Checks
    """The checks that the standing is told by: of a kept score its own, else the present ones."""
    pinned: Pinned
    """The edition of the assessment's round; without an assessment, the present one."""
    clocks: Clocks
    """Those of the institution's sectors on that day."""
    document: ScoreDocument
    result: ScoreResult
    shared: Shared
    """What is inherited from services of others, by control."""
    kept_id: UUID | None = None
    """Of the kept score that this is; None: it was computed just now."""


def _latest_assessment(
    connection: Connection, institution_id: UUID, round_code: str | None
) -> AssessmentRecord | None:
    if round_code is not None:
        round_id = rounds.get_round(connection, round_code).id
        return assessments.get_assessment(connection, institution_id, round_id)
    found = assessments.list_assessments(connection, institution_id=institution_id)
    return found[-1] if found else None


class _Said(NamedTuple):
    """What an institution was asked and said; without an assessment, under the present edition."""

    assessment: AssessmentRecord | None
    campaign: Round | None
    given: dict[str, answers.Standing]
    pinned: Pinned


def _find_said(
    register: Register,
    connection: Connection,
    institution_id: UUID,
    round_code: str | None,
    as_of: datetime,
) -> _Said:
    assessment = _latest_assessment(connection, institution_id, round_code)
    if assessment is None:
        return _Said(None, None, {}, get_pinned(register, connection, None))
    campaign = rounds.get_round(connection, assessment.round).round
    given = answers.list_standing(connection, assessment.id, as_of=as_of)
    if round_code is None and assessment.state in UNDER_REVIEW:
        given = _as_released(connection, assessment, given)
    return _Said(assessment, campaign, given, get_pinned(register, connection, campaign.edition))


def _as_released(
    connection: Connection, assessment: AssessmentRecord, given: dict[str, answers.Standing]
) -> dict[str, answers.Standing]:
    """Return what stands without the reviews of which the institution was told nothing yet.

    A live score is shown to it at any time: what reviewers find comes to it with the result.
    """
    told = results.find_result(connection, assessment.id)
    return {
        control: one
        if one.review is None or (told is not None and one.review.act.at <= told.act.at)
        else replace(one, review=None)
        for control, one in given.items()
    }


def _asked_at(connection: Connection, institution_id: UUID) -> datetime | None:
    """Return when an authorisation was first asked for, or None."""
    asked = [
        entry.act.at
        for entry in audit.list_entries(
            connection, institution_id=institution_id, kind="authorisation-requested", limit=1
        )
    ]
    records = authorisations.list_authorisations(connection, institution_id=institution_id)
    return min([*asked, *(record.act.at for record in records)], default=None)


def _is_overdue(
    connection: Connection, institution_id: UUID, clocks: Clocks, as_of: datetime
) -> bool:
    """Return whether an authorisation was asked for so long ago that unknown gates hold."""
    asked_at = _asked_at(connection, institution_id)
    grace = timedelta(days=clocks.observation_grace_days)
    return asked_at is not None and asked_at + grace < as_of


def profile_of(catalogue: Catalogue, assessment: AssessmentRecord | None) -> Profile | None:
    """Return the profile that an assessment was opened with; None: that of the tier."""
    named = None if assessment is None else assessment.scope.get("profile")
    return None if named is None else catalogue.find_profile(named)


def gather_basis(
    register: Register,
    connection: Connection,
    code: str,
    round_code: str | None,
    as_of: datetime,
    *,
    through: Callable[[Catalogue], Catalogue] = lambda national: national,
    judged_by: Checks | None = None,
    said_at: datetime | None = None,
) -> Basis:
    """Return everything for one institution's score, with the result.

    `through` lays something over the catalogue; `judged_by` are the checks of another time. What
    was answered and reviewed is taken as of `said_at`, where it is another moment than `as_of`.

    Raises:
        NotFound: institution, round or assessment is not there.
    """
    record = institutions.get_institution(connection, code, as_of=as_of)
    said = _find_said(register, connection, record.id, round_code, said_at or as_of)
    catalogue = through(said.pinned.catalogue)
    clocks = catalogue.clocks(record.institution.sectors, as_of.date())
    judges = judged_by or register.content.checks
    checks = standing_of(
        register, connection, record.id, as_of, said.campaign, clocks=clocks, checks=judges
    )
    shared = gather_shared(
        register, connection, record.id, as_of, said_at=said_at or as_of, catalogue=catalogue,
        checks=judges, campaign=said.campaign,
    )  # fmt: skip
    document = assemble(
        catalogue,
        judges.checks,
        record.institution,
        answers=answers_of(said.given),
        reviews=reviews_of(said.given),
        tallies=tallies(checks),
        on=as_of.date(),
        observation_overdue=_is_overdue(connection, record.id, clocks, as_of),
        profile=profile_of(catalogue, said.assessment),
        shared=shared,
    )
    return Basis(
        institution=record, assessment=said.assessment, campaign=said.campaign, as_of=as_of,
        answers=said.given, checks=checks, judged_by=judges, pinned=said.pinned, clocks=clocks,
        document=document, result=compute(document), shared=shared,
    )  # fmt: skip


def rescore(
    basis: Basis,
    draft: Content,
    answers: Mapping[str, Answer],
    reviews: Mapping[str, Review],
    *,
    profile: Profile | None,
) -> ScoreResult:
    """Return the score of the same institution under a draft, all else being as it was.

    `profile` is the draft's that it would be asked; None: that of its tier.
    """
    said = (answers, reviews)
    return compute(document_under(basis, draft.catalogue, draft.checks, said, profile=profile))


def document_under(
    basis: Basis,
    catalogue: Catalogue,
    checks: Checks,
    said: tuple[Mapping[str, Answer], Mapping[str, Review]],
    *,
    profile: Profile | None,
) -> ScoreDocument:
    """Return what such a score is computed from; `said` are answers and reviews by control."""
    answers, reviews = said
    return assemble(
        catalogue,
        checks.checks,
        basis.institution.institution,
        answers=answers,
        reviews=reviews,
        tallies=tallies(basis.checks),
        on=basis.as_of.date(),
        observation_overdue=basis.document.observation_overdue,
        profile=profile,
        shared=basis.shared,
    )


def with_reviews(basis: Basis, reviews: Mapping[str, Review]) -> Basis:
    """Return the same basis under other reviews, with the score that follows."""
    document = assemble(
        basis.pinned.catalogue,
        basis.judged_by.checks,
        basis.institution.institution,
        answers=answers_of(basis.answers),
        reviews=reviews,
        tallies=tallies(basis.checks),
        on=basis.as_of.date(),
        observation_overdue=basis.document.observation_overdue,
        profile=profile_of(basis.pinned.catalogue, basis.assessment),
        shared=basis.shared,
    )
    return replace(basis, document=document, result=compute(document))


def find_kept_score(
    connection: Connection, institution: str, round_code: str
) -> ScoreRecord | None:
    """Return the score that was kept when a round was finalised for an institution, or None.

    Raises:
        NotFound: institution or round is not there.
    """
    round_id = rounds.get_round(connection, round_code).id
    institution_id = institutions.get_institution_id(connection, institution)
    return scores.find_score(connection, institution_id, round_id=round_id)


def gather_kept(
    register: Register, connection: Connection, code: str, round_code: str, kept: ScoreRecord
) -> Basis:
    """Return what a kept score stands on, as the register held it at its moment, with that score.

    Nothing that came later (a newer answer, a repair, another check) changes it. A correction was
    kept later than its moment, and the reviews that it stands on are those of then.
    """
    judges = checks_under(register, connection, kept.checks_digest)
    basis = gather_basis(
        register, connection, code, round_code, kept.summary.as_of,
        judged_by=judges, said_at=kept.summary.act.at,
    )  # fmt: skip
    edition = basis.pinned.edition.model_copy(update={"checks": kept.checks_digest})
    return replace(
        basis,
        pinned=replace(basis.pinned, edition=edition),
        document=ScoreDocument.model_validate(kept.document),
        result=ScoreResult.model_validate(kept.result),
        kept_id=kept.summary.id,
    )


def answers_of(given: dict[str, answers.Standing]) -> dict[str, Answer]:
    """Return what the institution says, by control."""
    return {c: one.answer.answer for c, one in given.items() if one.answer is not None}


def reviews_of(given: dict[str, answers.Standing]) -> dict[str, Review]:
    """Return what reviewers say, by control."""
    return {c: one.review.review for c, one in given.items() if one.review is not None}
