"""What stands behind a score: its document, answers and reviews, and every look that spoke."""

from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.clock import to_iso
from cyberposture.errors import NotFound, WrongUsage
from cyberposture.services.catalogue.pinned import checks_under
from cyberposture.services.proof.bundle.matter import Matter, Sent, Subject
from cyberposture.services.register import Register
from cyberposture.services.scans.sharing import ORIGIN
from cyberposture.services.scores.basis import Basis, find_kept_score, gather_basis, gather_kept
from cyberposture.services.scores.trail import Step, Trail
from cyberposture.store import assessments, institutions, rounds, scans, scores
from cyberposture.store.answers import Standing
from cyberposture.store.facts import list_facts
from cyberposture.store.scores import ScoreRecord


def gather_score(register: Register, connection: Connection, subject: Subject) -> Matter:
    """Return what stands behind a kept score.

    Raises:
        NotFound: there is no such score.
        WrongUsage: a moment is named; a kept score has its own.
    """
    if subject.at is not None:
        raise WrongUsage("a kept score is of its own moment; --at goes with a finding or a contact")
    kept = _find(connection, subject.name)
    summary = kept.summary
    owner = institutions.get_institution_by_id(
        connection, summary.institution_id, as_of=summary.as_of
    )
    of_round = _round_of(connection, kept)
    matter = Matter(owner, "score", str(summary.id), about={"round": of_round})
    matter.editions = {"catalogue": kept.catalogue_digest, "checks": kept.checks_digest,
                       "texts": kept.texts_digest}  # fmt: skip
    basis = _basis(register, connection, matter, kept)
    matter.documents = {
        "score/document.json": kept.document,
        "score/result.json": kept.result,
        "score/kept.json": {
            "score": str(summary.id),
            "kind": summary.kind,
            "round": of_round,
            "as_of": to_iso(summary.as_of),
            "kept_at": to_iso(summary.act.at),
            "corrects": None if summary.corrects_id is None else str(summary.corrects_id),
            **{f"{kind}_sha256": digest for kind, digest in matter.editions.items()},
        },
        "score/answers.json": _answers(matter, basis, kept),
        "observations.json": _observations(connection, matter, basis),
    }
    return matter


def _find(connection: Connection, name: str) -> ScoreRecord:
    institution, slash, round_code = name.partition("/")
    if slash:
        found = find_kept_score(connection, institution, round_code)
        if found is None:
            raise NotFound("score", name, advice="cyberposture score show")
        return found
    try:
        return scores.get_score(connection, UUID(name))
    except ValueError as error:
        raise NotFound(
            "score", name, advice="name it by its id, or as INSTITUTION/ROUND"
        ) from error


def _round_of(connection: Connection, kept: ScoreRecord) -> str | None:
    codes = {one.id: one.round.code for one in rounds.list_rounds(connection)}
    return None if kept.summary.round_id is None else codes[kept.summary.round_id]


def _basis(register: Register, connection: Connection, matter: Matter, kept: ScoreRecord) -> Basis:
    """Return what the register held at the score's moment."""
    code = _round_of(connection, kept)
    if code is not None:
        return gather_kept(register, connection, matter.code, code, kept)
    as_of = kept.summary.as_of
    known = [
        one
        for one in assessments.list_assessments(connection, institution_id=matter.owner.id)
        if rounds.get_round(connection, one.round).round.opens <= as_of
    ]
    latest = known[-1].round if known else None
    judges = checks_under(register, connection, kept.checks_digest)
    return gather_basis(register, connection, matter.code, latest, as_of, judged_by=judges)


def _answers(matter: Matter, basis: Basis, kept: ScoreRecord) -> list[dict[str, Any]]:
    """Return the answers that were scored, without whoever gave them or looked at them."""
    now = basis.document.model_dump(mode="json", by_alias=True)["answers"]
    scored = {one["control"]: one for one in kept.document["answers"]}
    again = {one["control"]: one for one in now}
    found = []
    for control, standing in sorted(basis.answers.items()):
        if control not in {one["id"] for one in kept.document["controls"]}:
            continue
        if scored.get(control) != again.get(control) or control in basis.shared:
            why = "it was inherited from a service of others, or corrected on appeal: the score's "\
                  "document says what counted"  # fmt: skip
            matter.hold_back(f"answer to {control}", why)
            continue
        found.append({"control": control, "grade": scored.get(control, {}).get("grade"),
                      **_answer(standing)})  # fmt: skip
    return found


def _answer(standing: Standing) -> dict[str, Any]:
    answer, review = standing.answer, standing.review
    given = None if answer is None else answer.answer
    return {
        "level": None if given is None else given.level,
        "not_applicable": None if given is None else given.not_applicable,
        "reason": "" if given is None else given.reason,
        "revision": 0 if answer is None else answer.revision,
        "answered_at": None if answer is None else to_iso(answer.act.at),
        "evidence": [] if given is None else [
            {"title": one.title, "sha256": one.sha256, "dated": one.dated.isoformat(),
             "expires": None if one.expires is None else one.expires.isoformat()}
            for one in given.evidence
        ],
        "review": None if review is None else {
            "level": review.review.level,
            "grade": review.review.grade,
            "approves_not_applicable": review.review.approves_not_applicable,
            "reason": review.review.reason,
            "reviewed_at": to_iso(review.act.at),
        },
    }  # fmt: skip


def _observations(connection: Connection, matter: Matter, basis: Basis) -> list[dict[str, Any]]:
    trail, found = Trail(connection), []
    spoken = {row.check for row in basis.document.verdicts}
    for standing in basis.checks.values():
        if standing.check.id in spoken:
            for step in trail.follow(standing):
                _take(connection, matter, step)
                found.append({**vars(step), "observed_at": to_iso(step.observed_at)})
    copied = {one.fact.artefact for scan in {row["scan"] for row in found}
              for one in list_facts(connection, scan_id=scans.get_scan(connection, scan).id)
              if ORIGIN in one.fact.parameters}  # fmt: skip
    matter.shared.update(one for one in copied if one in matter.raw)
    return found


def _take(connection: Connection, matter: Matter, step: Step) -> None:
    if step.artefact_sha256 is not None:
        matter.raw.add(step.artefact_sha256)
    if step.authorisation is not None:
        matter.letters.add(step.authorisation)
    if step.chunk is not None:
        matter.sent.add(Sent(step.scan, step.chunk))
    elif step.artefact_sha256 is not None:
        matter.letters.update(scans.get_scan(connection, step.scan).authorisations)
