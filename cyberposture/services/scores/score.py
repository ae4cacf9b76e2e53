"""Scores: the document put together, computed, kept with everything that it stands on."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from cyberposture.clock import to_iso
from cyberposture.content.digests import canonical
from cyberposture.errors import NotFound, WrongState
from cyberposture.model.assessments import Review
from cyberposture.model.life import NEXT, Step
from cyberposture.model.scores import ScoreDocument
from cyberposture.scoring.rollup import compute
from cyberposture.services.assessments.assess import FINAL_STATES
from cyberposture.services.people.roles import ADMINISTRATORS, require_role
from cyberposture.services.register import Change, Register
from cyberposture.services.scores.basis import (
    Basis,
    gather_basis,
    gather_kept,
    reviews_of,
    with_reviews,
)
from cyberposture.services.scores.contradictions import follow_contradictions
from cyberposture.store import institutions, results, review_draws, round_plans, rounds
from cyberposture.store import scores as store
from cyberposture.store.assessments import AssessmentRecord
from cyberposture.store.audit import list_entries
from cyberposture.store.scores import ScoreRecord
from cyberposture.store.steps import take_step

_KEPT_AS = ("scored", "finalised", "appeal-decided")
"""The audit entries that keep a score's digests."""


def _keep(
    change: Change,
    basis: Basis,
    round_id: UUID | None,
    *,
    corrects_id: UUID | None = None,
    told: str = "",
) -> ScoreRecord:
    record = store.insert_score(
        change.connection,
        basis.institution.id,
        change.by,
        round_id=round_id,
        as_of=basis.as_of,
        document=basis.document.model_dump(mode="json", by_alias=True),
        result=basis.result.model_dump(mode="json"),
        catalogue_digest=basis.pinned.edition.rules,
        checks_digest=basis.pinned.edition.checks,
        texts_digest=basis.pinned.edition.texts,
        corrects_id=corrects_id,
        told=told,
    )
    change.institution_id = basis.institution.id
    change.tell(
        score=str(record.summary.id),
        as_of=to_iso(basis.as_of),
        document_sha256=record.document_sha256,
        result_sha256=record.result_sha256,
        verified=basis.result.institution.verified,
        band=basis.result.institution.band,
    )
    if corrects_id is not None:
        change.tell(corrects=str(corrects_id), told=told)
    return record


def score_live(register: Register, code: str) -> ScoreRecord:
    """Compute and keep the live score of an institution, and let its contradictions follow.

    Raises:
        NotFound: the institution is not in the register.
    """
    with register.change("scored", code) as change:
        basis = gather_basis(register, change.connection, code, None, change.now)
        follow_contradictions(change, basis)
        return _keep(change, basis, None)


def finalise(
    register: Register, code: str, round_code: str, *, reason: str = "", told: str = ""
) -> ScoreRecord:
    """Freeze the round score of an institution and return it; its assessment is finalised.

    A round that is kept by hand may be frozen as soon as it was answered; else the institution has
    seen its result and had its time to comment. After a reopening the new score names the one that
    it corrects, and `told` says who was told.

    Raises:
        NotFound: institution, round or assessment is not there.
        NotAuthorised: whoever acts is no administrator, and the round is not kept by hand.
        WrongState: it is finalised already, or it is not its time yet.
    """
    with register.change("finalised", f"{code}/{round_code}", reason=reason) as change:
        basis = gather_basis(register, change.connection, code, round_code, change.now)
        if basis.assessment is None:
            raise NotFound("assessment", f"{code} in {round_code}")
        if basis.assessment.state in FINAL_STATES:
            raise WrongState(
                f"the assessment of {code} in {round_code} is finalised already",
                advice="reopen it with a reason: cyberposture assessment reopen",
            )
        step = _step_to_the_end(change, basis.assessment)
        follow_contradictions(change, basis)
        take_step(change.connection, basis.assessment.id, step, change.by)
        before = store.find_score(
            change.connection, basis.institution.id, round_id=basis.assessment.round_id
        )
        return _keep(
            change,
            basis,
            basis.assessment.round_id,
            corrects_id=None if before is None else before.summary.id,
            told=told,
        )


def _step_to_the_end(change: Change, assessment: AssessmentRecord) -> Step:
    """Return the step that ends this assessment, if it may be taken now."""
    connection, state = change.connection, assessment.state
    result = results.find_result(connection, assessment.id)
    if state == "preliminary" and result is not None:
        require_role(connection, change.by.actor, ADMINISTRATORS, change.now)
        said = results.list_comments(connection, assessment.id)
        has_done = any(one.kind == "no-more" and one.result == result.number for one in said)
        if change.now < result.comments_until and not has_done:
            raise WrongState(
                f"the institution may comment until {to_iso(result.comments_until)}",
                advice="wait until then, or until it says that it has no more to add",
            )
        return "finalise"
    by_hand = round_plans.find_plan(connection, assessment.round_id) is None
    if by_hand and review_draws.find_draw(connection, assessment.id) is None:
        return "finalise by hand"
    raise WrongState(f"the assessment is {state}, not preliminary", advice=NEXT[state])


def keep_correction(
    register: Register,
    change: Change,
    kept: ScoreRecord,
    places: tuple[str, str],
    *,
    corrections: Mapping[str, Review],
    told: str,
) -> ScoreRecord:
    """Keep a score as it would have been with other reviews of some controls, and return it.

    `places` are the codes of institution and round. All else is as it was at the moment of the
    score that is corrected, which stays and is named.

    Raises:
        NotFound: institution or round is not there.
        WrongState: that score was corrected already.
    """
    basis = gather_kept(register, change.connection, *places, kept)
    reviews = {**reviews_of(basis.answers), **corrections}
    return _keep(
        change, with_reviews(basis, reviews), kept.summary.round_id,
        corrects_id=kept.summary.id, told=told,
    )  # fmt: skip


@dataclass(frozen=True)
class Listed:
    """A kept score with the readable codes of institution and round."""

    institution: str
    round: str | None
    record: ScoreRecord


def list_scores(
    register: Register, *, institution: str | None = None, round_code: str | None = None
) -> list[Listed]:
    """Return every kept score, in the order in which they were computed.

    Raises:
        NotFound: institution or round is not in the register.
    """
    with register.reading() as connection:
        institution_id = institutions.get_owner_id(connection, institution)
        round_id = None if round_code is None else rounds.get_round(connection, round_code).id
        codes = {r.id: r.round.code for r in rounds.list_rounds(connection)}
        names: dict[UUID, str] = {}
        found = []
        for summary in store.list_scores(
            connection, institution_id=institution_id, round_id=round_id
        ):
            if summary.institution_id not in names:
                names[summary.institution_id] = institutions.get_institution_by_id(
                    connection, summary.institution_id, as_of=register.clock()
                ).institution.code
            of_round = codes[summary.round_id] if summary.round_id is not None else None
            record = store.get_score(connection, summary.id)
            found.append(Listed(names[summary.institution_id], of_round, record))
        return found


def find_current(register: Register, code: str, round_code: str | None) -> ScoreRecord:
    """Return the kept score of a round, or (no round) the newest one of any kind.

    Raises:
        NotFound: nothing was computed yet.
    """
    scores = list_scores(register, institution=code, round_code=round_code)
    if not scores:
        raise NotFound("score", code, advice=f"cyberposture score show --institution {code} --live")
    return scores[-1].record


@dataclass(frozen=True)
class Difference:
    """A stored score that does not come out again, or is not the one that was kept then."""

    institution: str
    round: str | None
    score: str
    what: str
    stored: dict[str, Any]
    recomputed: dict[str, Any]


def recompute_all(register: Register) -> tuple[int, list[Difference]]:
    """Recompute every kept score from its own document; return how many, and each difference.

    What comes out again is also compared with what lists show of the score, and with the digests
    that the audit log took when it was kept: a document and its result may be changed together.
    """
    with register.reading() as connection:
        logged = {
            str(entry.data.get("score")): entry.data
            for kind in _KEPT_AS
            for entry in list_entries(connection, kind=kind)
        }
    differences = []
    scores = list_scores(register)
    for listed in scores:
        record, score = listed.record, str(listed.record.summary.id)
        try:
            again = compute(ScoreDocument.model_validate(record.document)).model_dump(mode="json")
        except ValueError:
            again = {"institution": {}}
        what = _what_differs(record, again, logged.get(score, {}))
        if what is not None:
            stored = record.result.get("institution", {})
            differences.append(
                Difference(
                    listed.institution, listed.round, score, what, stored, again["institution"]
                )
            )
    return len(scores), differences


def _what_differs(
    record: ScoreRecord, again: dict[str, Any], logged: Mapping[str, Any]
) -> str | None:
    """Return what of a kept score is not as it should be, or None."""
    if again != record.result:
        return "its document gives another result"
    whole, summary = record.result["institution"], record.summary
    listed = (summary.declared, summary.verified, summary.coverage, summary.band)
    if listed != (whole["declared"], whole["verified"], whole["coverage"], whole["band"]):
        return "what lists show is not its result"
    now = [sha256(canonical(part)).hexdigest() for part in (record.document, record.result)]
    if now != [logged.get("document_sha256"), logged.get("result_sha256")]:
        return "it is not the score that the audit log knows"
    return None
