"""Scores and contradictions in the analysts' file: as they were kept, nothing computed anew."""

from collections.abc import Iterator

from cyberposture.exchange.analysts.institutions import ASSESSMENT, CONTROL, INSTITUTION
from cyberposture.exchange.analysts.network import CHECK
from cyberposture.exchange.analysts.shape import Column, Row, Table, fields
from cyberposture.exchange.analysts.snapshot import Snapshot
from cyberposture.model.scores import ScoreResult
from cyberposture.store.contradictions import list_contradictions
from cyberposture.store.findings import list_findings
from cyberposture.store.overview import KeptResult, list_results, standing_ids

SCORE = Column("score", "text", "The score.", "scores.id")


def _kept(snapshot: Snapshot) -> Iterator[tuple[str, KeptResult, bool]]:
    """Yield institution, score and whether it stands, as they were computed."""
    for institution, institution_id in snapshot.owners():
        results = list_results(snapshot.connection, institution_id)
        standing = standing_ids(results)
        for result in results:
            yield institution, result, result.id in standing


def _standing(snapshot: Snapshot) -> Iterator[tuple[KeptResult, ScoreResult]]:
    for _, kept, is_standing in _kept(snapshot):
        if is_standing:
            yield kept, ScoreResult.model_validate(kept.result)


def _scores(snapshot: Snapshot) -> Iterator[Row]:
    plain = ("declared", "verified", "claims_verified", "band", "confidence", "examined")
    more = ("coverage", "observation_coverage", "gates_holding", "gates_unknown")
    digests = ("catalogue_digest", "checks_digest", "texts_digest")
    for institution, kept, is_standing in _kept(snapshot):
        whole = ScoreResult.model_validate(kept.result).institution
        in_round = None if kept.round_id is None else snapshot.round_codes[kept.round_id]
        yield {
            **fields(kept, "id", "kind", "as_of", "scoring"),
            "institution": institution,
            "round": in_round,
            "is_standing": is_standing,
            **fields(whole, *plain, *more),
            "contradicted_controls": whole.contradictions,
            **fields(kept, *digests, "document_sha256", "result_sha256"),
            "corrects": kept.corrects_id,
            "computed_at": kept.at,
        }


def _domain_scores(snapshot: Snapshot) -> Iterator[Row]:
    plain = ("declared", "verified", "claims_verified", "coverage")
    for kept, result in _standing(snapshot):
        for domain in result.domains:
            yield {"score": kept.id, "domain": domain.id, **fields(domain, *plain)}


def _control_scores(snapshot: Snapshot) -> Iterator[Row]:
    plain = ("applicable", "assessed", "examined", "declared", "verified", "grade")
    for kept, result in _standing(snapshot):
        for control in result.controls:
            yield {
                "score": kept.id,
                "control": control.id,
                **fields(control, *plain, "contradiction"),
            }


def _contradictions(snapshot: Snapshot) -> Iterator[Row]:
    plain = ("code", "control", "level", "answer_revision", "state", "opened_at", "closed_at")
    connection = snapshot.connection
    for institution, institution_id in snapshot.owners():
        known = list_findings(connection, institution_id=institution_id)
        codes = {finding.id: finding.code for finding in known}
        found = list_contradictions(connection, institution_id=institution_id)
        for record in sorted(found, key=lambda one: (one.opened_at, one.control, one.check)):
            yield {
                "institution": institution,
                "assessment": snapshot.assessment_names[record.assessment_id],
                "check_id": record.check,
                "finding": None if record.finding_id is None else codes[record.finding_id],
                **fields(record, *plain, "comment", "commented_at"),
            }


SCORES = Table(
    "scores",
    "Every score that was kept, older and corrected ones too.",
    ("id",),
    (
        Column("id", "text", "Its key in the register, as the audit log names it."),
        INSTITUTION,
        Column("round", "text", "The round; NULL: it is a live score.", "rounds.code",
               optional=True),
        Column("kind", "text", "round (frozen) or live."),
        Column("as_of", "moment", "The moment that it speaks of."),
        Column("is_standing", "flag",
               "Whether it is the newest of its round, or the newest live one, and uncorrected."),
        Column("declared", "points", "What the institution claims.", optional=True),
        Column("verified", "points", "What evidence, reviews and the network bear out.",
               optional=True),
        Column("claims_verified", "points",
               "Verified over the controls that take an answer; stands beside declared.",
               optional=True),
        Column("band", "text", "The band after gates; NULL: not enough is known.", optional=True),
        Column("confidence", "text", "low, medium or high: how much was examined.",
               optional=True),
        Column("examined", "points",
               "The share of weight that a reviewer or the network looked at.",
               optional=True),
        Column("coverage", "points", "The share of weight that was assessed.", optional=True),
        Column("observation_coverage", "points",
               "How much of what is known was conclusively seen on the network.", optional=True),
        Column("gates_holding", "json", "The gate controls that hold the band down."),
        Column("gates_unknown", "json", "The gate controls of which nothing is known."),
        Column("contradicted_controls", "json", "The controls whose claim the network denies."),
        Column("scoring", "number", "The version of the arithmetic."),
        Column("catalogue_digest", "text", "Digest of the catalogue's rules that it stands on."),
        Column("checks_digest", "text", "Digest of the checks that it stands on."),
        Column("texts_digest", "text", "Digest of the texts of that day."),
        Column("document_sha256", "text", "Digest of all that it was computed from."),
        Column("result_sha256", "text", "Digest of the result."),
        Column("corrects", "text", "The score that it corrects.", "scores.id", optional=True),
        Column("computed_at", "moment", "When it was computed."),
    ),
    _scores,
    indexes=(("institution", "is_standing", "as_of"),),
)  # fmt: skip
DOMAIN_SCORES = Table(
    "domain_scores",
    "The parts of each standing score by domain.",
    ("score", "domain"),
    (
        SCORE,
        Column("domain", "text", "The domain.", "domains.id"),
        Column("declared", "points", "What the institution claims.", optional=True),
        Column("verified", "points", "What is borne out.", optional=True),
        Column("claims_verified", "points",
               "Verified over the controls that take an answer.", optional=True),
        Column("coverage", "points", "The share of weight that was assessed.", optional=True),
    ),
    _domain_scores,
)  # fmt: skip
CONTROL_SCORES = Table(
    "control_scores",
    "The parts of each standing score by control.",
    ("score", "control"),
    (
        SCORE,
        CONTROL,
        Column("applicable", "flag", "Whether it applies to the institution."),
        Column("assessed", "flag", "Whether anything is known of it."),
        Column("examined", "flag", "Whether a reviewer or the network looked."),
        Column("declared", "points", "What the institution claims.", optional=True),
        Column("verified", "points", "What is borne out.", optional=True),
        Column("grade", "text", "How well it is shown: E0 to E3.", optional=True),
        Column("contradiction", "flag", "Whether the network denies the claim."),
    ),
    _control_scores,
)
CONTRADICTIONS = Table(
    "contradictions",
    "A claim on one side, a failed check on the other, and what became of it.",
    ("code",),
    (
        Column("code", "text", "Its readable, unique code."),
        INSTITUTION,
        ASSESSMENT,
        CONTROL,
        CHECK,
        Column("finding", "text", "The finding, where one is named.", "findings.code",
               optional=True),
        Column("level", "number", "The level that was claimed when it opened."),
        Column("answer_revision", "number", "The revision of the answer that claimed it."),
        Column("state", "text", "open, disputed, explained, corrected or upheld."),
        Column("comment", "text", "The institution's comment; may be empty."),
        Column("commented_at", "moment", "When it was commented.", optional=True),
        Column("opened_at", "moment", "When it was noticed."),
        Column("closed_at", "moment", "When it ended.", optional=True),
    ),
    _contradictions,
)  # fmt: skip

TABLES = (SCORES, DOMAIN_SCORES, CONTROL_SCORES, CONTRADICTIONS)
"""Each table after those that it refers to."""
