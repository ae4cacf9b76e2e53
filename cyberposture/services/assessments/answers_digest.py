"""The digest under an institution's answers, and whether an attestation of it still holds."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import rfc8785
from sqlalchemy import Connection

from cyberposture.store import answers, assessments, rounds
from cyberposture.store.answers import AnswerRevision
from cyberposture.store.assessments import AssessmentRecord
from cyberposture.store.attestations import AttestationRecord, list_attestations

HANDED_BACK = "handed back"
"""The event of a return that went back whole, with the last `attestation` before it."""
GROUP = 4
"""So many digits of a digest stand together where people compare them."""


@dataclass(frozen=True)
class AnswersNow:
    """The institution's own answers as they stand: their revisions, and the digest of it all."""

    digest: str
    revisions: dict[str, int]


@dataclass(frozen=True)
class ChangedSince:
    """An answer that is not what was attested: by whom it was changed last, and when."""

    control: str
    who: str
    at: datetime


@dataclass(frozen=True)
class Attested:
    """An attestation, and what was changed since; it holds while nothing was."""

    record: AttestationRecord
    holds: bool
    changed: tuple[ChangedSince, ...] = ()


def answers_now(connection: Connection, assessment: AssessmentRecord) -> AnswersNow:
    """Return the digest of the answers: SHA-256 over their RFC 8785 JSON.

    Suggestions are nobody's word and are not in it; files stand in it by their digests.
    """
    own = _own(connection, assessment)
    campaign = rounds.get_round(connection, assessment.round).round
    document: dict[str, Any] = {
        "what": "cyberposture answers 1",
        "institution": assessment.institution,
        "round": assessment.round,
        "edition": campaign.edition,
        "asked": assessment.layout,
        "answers": [
            {"revision": one.revision, **one.answer.model_dump(mode="json")}
            for _, one in sorted(own.items())
        ],
    }
    digest = hashlib.sha256(rfc8785.dumps(document)).hexdigest()
    return AnswersNow(digest, {control: one.revision for control, one in sorted(own.items())})


def find_attested(connection: Connection, assessment: AssessmentRecord) -> Attested | None:
    """Return the newest attestation with what became of it, or None where there never was one.

    One from before the return was handed back holds for what was handed in then, and no more.
    """
    past = _past_attestation(connection, assessment)
    known = [one for one in list_attestations(connection, assessment.id) if one.number > past]
    if not known:
        return None
    newest, now = known[-1], answers_now(connection, assessment)
    if newest.digest == now.digest:
        return Attested(newest, holds=True)
    present = _own(connection, assessment)
    changed = [
        ChangedSince(control, one.act.actor, one.act.at)
        for control, one in sorted(present.items())
        if newest.revisions.get(control) != one.revision
    ]
    return Attested(newest, holds=False, changed=tuple(changed))


def _past_attestation(connection: Connection, assessment: AssessmentRecord) -> int:
    """Return the number of the last attestation from before the return was handed back, or 0."""
    return max(
        (
            int((one.details or {}).get("attestation", 0))
            for one in assessments.list_events(connection, assessment.id)
            if one.kind == HANDED_BACK
        ),
        default=0,
    )


def in_groups(digest: str) -> tuple[str, ...]:
    """Return a digest in groups of digits that people can compare with paper."""
    return tuple(digest[n : n + GROUP] for n in range(0, len(digest), GROUP))


def _own(connection: Connection, assessment: AssessmentRecord) -> dict[str, AnswerRevision]:
    known = answers.list_answers(connection, assessment.id)
    return {control: one for control, one in known.items() if not one.is_suggestion}
