"""Tells a score with its ground as assessment results need it: no people, files by digest alone."""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import Connection

from cyberposture.content.digests import digest
from cyberposture.errors import NotFound
from cyberposture.exchange.oscal.assessed import (
    AssessedScore,
    Editions,
    Heading,
    Piece,
    Reviewed,
    Said,
    Seen,
)
from cyberposture.services.scores.basis import Basis
from cyberposture.services.scores.trail import Trail
from cyberposture.store.scores import ScoreRecord


def no_score(institution: str, round_code: str) -> NotFound:
    """Return the error that a round was not finalised for an institution."""
    return NotFound(
        "round score",
        f"{institution} in {round_code}",
        advice="cyberposture assessment finalise keeps it; without --round it is the live score",
    )


def tell_score(
    connection: Connection, basis: Basis, kept: ScoreRecord | None, program: str
) -> AssessedScore:
    """Return a kept score, or (None) the standing of the moment, with what it stands on."""
    campaign = basis.campaign if kept is not None else None
    edition = basis.pinned.edition
    heading = Heading(
        institution=basis.institution.institution.code,
        name=basis.institution.institution.name,
        kind="live" if campaign is None else "round",
        round=None if campaign is None else campaign.code,
        title="" if campaign is None else campaign.title,
        started=basis.as_of if campaign is None else campaign.opens,
        as_of=basis.as_of,
        kept_at=basis.as_of if kept is None else kept.summary.act.at,
        document_sha256=digest(basis.document),
        result_sha256=digest(basis.result),
        program=program,
    )
    return AssessedScore(
        heading=heading,
        editions=Editions(
            catalogue=edition.catalogue,
            version=edition.version,
            rules=edition.rules,
            checks=edition.checks,
            texts=edition.texts,
        ),
        document=basis.document,
        result=basis.result,
        answers=tuple(_answers(basis)),
        reviews=tuple(_reviews(basis)),
        seen=tuple(_seen(connection, basis)),
    )


def _answers(basis: Basis) -> Iterator[Said]:
    for control, one in sorted(basis.answers.items()):
        if one.answer is None:
            continue
        answer = one.answer.answer
        yield Said(
            control=control,
            level=answer.level,
            not_applicable=answer.not_applicable,
            reason=answer.reason,
            evidence=tuple(
                Piece(
                    title=piece.title,
                    sha256=piece.sha256,
                    size_bytes=piece.size_bytes,
                    dated=piece.dated,
                    expires=piece.expires,
                )
                for piece in answer.evidence
            ),
            at=one.answer.act.at,
        )


def _reviews(basis: Basis) -> Iterator[Reviewed]:
    for control, one in sorted(basis.answers.items()):
        if one.review is not None:
            review = one.review.review
            yield Reviewed(
                control=control,
                level=review.level,
                grade=review.grade,
                approves_not_applicable=review.approves_not_applicable,
                reason=review.reason,
                at=one.review.act.at,
            )


def _seen(connection: Connection, basis: Basis) -> Iterator[Seen]:
    speaks = timedelta(days=basis.clocks.observation_age_days)
    counted = {row.check for row in basis.document.verdicts}
    trail = Trail(connection)
    for check, standing in sorted(basis.checks.items()):
        if check not in counted:
            continue
        for row, step in zip(standing.rows, trail.follow(standing), strict=True):
            yield Seen(
                check=check,
                version=step.version,
                address=step.address,
                protocol=step.protocol,
                port=step.port,
                subkey=row.judgement.subkey,
                vantage=step.vantage,
                verdict=step.verdict,
                says=step.says,
                at=step.observed_at,
                expires=step.observed_at + speaks,
                scan=step.scan,
                artefact_sha256=step.artefact_sha256,
                authorisation=step.authorisation,
            )
