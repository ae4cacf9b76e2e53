"""Institutions, rounds and what was answered, in the analysts' file; no contact, no person."""

from collections.abc import Iterator

from cyberposture.exchange.analysts.catalogue import IN_EDITION
from cyberposture.exchange.analysts.shape import Column, Row, Table, fields
from cyberposture.exchange.analysts.snapshot import Snapshot, name_of
from cyberposture.store.answers import AnswerRevision, list_answers, list_reviews
from cyberposture.store.evidence import list_evidence

INSTITUTION = Column("institution", "text", "Whose it is.", "institutions.code")
ASSESSMENT = Column("assessment", "text", "The assessment.", "assessments.id")
CONTROL = Column("control", "text", "The control.", "controls.id")


def _sectors(snapshot: Snapshot) -> Iterator[Row]:
    for sector in sorted(snapshot.content.catalogue.framework.sectors, key=lambda s: s.id):
        yield {**fields(sector, "id", "title"), "in_edition": True}


def _institutions(snapshot: Snapshot) -> Iterator[Row]:
    plain = ("code", "name", "tier", "features", "zone", "parent", "active_from", "active_until")
    for record in snapshot.institutions:
        same = fields(record.institution, *plain)
        yield {**same, "valid_from": record.valid_from, "revision": record.revision}


def _institution_sectors(snapshot: Snapshot) -> Iterator[Row]:
    for record in snapshot.institutions:
        for sector in sorted(set(record.institution.sectors)):
            yield {"institution": record.institution.code, "sector": sector}


def _rounds(snapshot: Snapshot) -> Iterator[Row]:
    plain = ("code", "title", "edition", "opens", "due", "repair_days", "repair_days_reason")
    for record in snapshot.rounds:
        yield {**fields(record.round, *plain), "closed_at": record.closed_at}


def _assessments(snapshot: Snapshot) -> Iterator[Row]:
    plain = ("institution", "round", "state", "due_at", "evidence_age_days", "controls")
    for assessment in snapshot.assessments:
        yield {
            "id": name_of(assessment),
            **fields(assessment, *plain, "answered", "reviewed"),
            "opened_at": assessment.act.at,
        }


def _newest_answers(snapshot: Snapshot) -> Iterator[tuple[str, str, AnswerRevision]]:
    """Yield assessment, institution and newest answer, by assessment and control."""
    for assessment in snapshot.assessments:
        found = list_answers(snapshot.connection, assessment.id)
        for control in sorted(found):
            yield name_of(assessment), assessment.institution, found[control]


def _answers(snapshot: Snapshot) -> Iterator[Row]:
    for assessment, institution, newest in _newest_answers(snapshot):
        yield {
            "assessment": assessment,
            "institution": institution,
            **fields(newest, "revision", "is_suggestion"),
            **fields(newest.answer, "control", "level", "not_applicable"),
            "explanation": newest.answer.reason,
            "evidence_pieces": len(newest.answer.evidence),
            "answered_at": newest.act.at,
        }


def _answer_evidence(snapshot: Snapshot) -> Iterator[Row]:
    for assessment, institution, newest in _newest_answers(snapshot):
        for number, piece in enumerate(newest.answer.evidence, start=1):
            yield {
                "assessment": assessment,
                "institution": institution,
                "control": newest.answer.control,
                "number": number,
                **fields(piece, "sha256", "title", "size_bytes", "dated", "expires"),
            }


def _reviews(snapshot: Snapshot) -> Iterator[Row]:
    for assessment in snapshot.assessments:
        found = list_reviews(snapshot.connection, assessment.id)
        for control in sorted(found):
            newest = found[control]
            same = ("control", "level", "grade", "approves_not_applicable", "reason")
            yield {
                "assessment": name_of(assessment),
                "institution": assessment.institution,
                **fields(newest, "revision", "answer_revision"),
                **fields(newest.review, *same),
                "reviewed_at": newest.act.at,
            }


def _evidence(snapshot: Snapshot) -> Iterator[Row]:
    plain = ("code", "revision", "kind", "title", "sha256", "size_bytes", "dated", "expires")
    for institution, institution_id in snapshot.owners():
        found = list_evidence(snapshot.connection, institution_id, with_withdrawn=True)
        for piece in sorted(found, key=lambda one: one.code):
            yield {"institution": institution, **fields(piece, *plain, "withdrawn_at")}


SECTORS = Table(
    "sectors",
    "The sectors that institutions belong to.",
    ("id",),
    (
        Column("id", "text", "The sector's readable code."),
        Column("title", "text", "What it is called.", optional=True),
        IN_EDITION,
    ),
    _sectors,
)
INSTITUTIONS = Table(
    "institutions",
    "Each institution as it stands now; whoever is not known yet at that moment is left out.",
    ("code",),
    (
        Column("code", "text", "Its readable, unique code."),
        Column("name", "text", "Its name as it is written."),
        Column("tier", "text", "A, G (government) or X (critical): how much is asked of it."),
        Column("features", "json", "What it has, such as web or mail: decides what applies."),
        Column("zone", "text", "The time zone in which its windows and due dates are read."),
        Column("parent", "text", "The institution that it belongs to.", "institutions.code",
               optional=True),
        Column("active_from", "moment", "Since when it exists, where that is told.",
               optional=True),
        Column("active_until", "moment", "Until when it existed.", optional=True),
        Column("valid_from", "moment", "Since when the row reads as it does."),
        Column("revision", "number", "How many versions of it were recorded."),
    ),
    _institutions,
    search=("name",),
)  # fmt: skip
INSTITUTION_SECTORS = Table(
    "institution_sectors",
    "Which institution belongs to which sector; one may belong to several.",
    ("institution", "sector"),
    (INSTITUTION, Column("sector", "text", "The sector.", "sectors.id")),
    _institution_sectors,
)
ROUNDS = Table(
    "rounds",
    "The campaigns in which institutions are asked under one pinned edition.",
    ("code",),
    (
        Column("code", "text", "Its readable, unique code."),
        Column("title", "text", "What it is called."),
        Column("edition", "text", "Digest of the catalogue's rules that it is asked under."),
        Column("opens", "moment", "When it opened."),
        Column("due", "moment", "When answers are due."),
        Column("repair_days", "number", "Overrides every repair clock in this round.",
               optional=True),
        Column("repair_days_reason", "text", "Why it does; empty where it does not."),
        Column("closed_at", "moment", "When it was closed.", optional=True),
    ),
    _rounds,
)  # fmt: skip
ASSESSMENTS = Table(
    "assessments",
    "One institution in one round.",
    ("id",),
    (
        Column("id", "text", "INSTITUTION/ROUND, as the audit log names it."),
        INSTITUTION,
        Column("round", "text", "The round.", "rounds.code"),
        Column("state", "text", "Where it is in its life, from planned to finalised."),
        Column("due_at", "moment", "Its own due date, where it differs from the round's.",
               optional=True),
        Column("evidence_age_days", "number", "How many days evidence speaks."),
        Column("controls", "number", "How many controls are asked."),
        Column("answered", "number", "How many of them are answered."),
        Column("reviewed", "number", "How many of them are reviewed."),
        Column("opened_at", "moment", "When it was opened."),
    ),
    _assessments,
)  # fmt: skip
ANSWERS = Table(
    "answers",
    "The newest revision of each answer.",
    ("assessment", "control"),
    (
        ASSESSMENT,
        INSTITUTION,
        CONTROL,
        Column("revision", "number", "Which revision this is, counted from 1."),
        Column("level", "number", "The level claimed, 0 to 3; NULL: none.", optional=True),
        Column("not_applicable", "text", "Why it is claimed not to apply.", optional=True),
        Column("explanation", "text", "The institution's own words."),
        Column("evidence_pieces", "number", "How many pieces of evidence stand behind it."),
        Column("is_suggestion", "flag", "Whether it is only proposed, and nobody's word yet."),
        Column("answered_at", "moment", "When this revision was written."),
    ),
    _answers,
)
ANSWER_EVIDENCE = Table(
    "answer_evidence",
    "The evidence that the newest answers refer to; the files themselves are not here.",
    ("assessment", "control", "number"),
    (
        ASSESSMENT,
        INSTITUTION,
        CONTROL,
        Column("number", "number", "Its place in the answer, counted from 1."),
        Column("sha256", "text", "Digest of the file."),
        Column("title", "text", "What it is."),
        Column("size_bytes", "number", "Size of the file in bytes."),
        Column("dated", "day", "The date that it bears."),
        Column("expires", "day", "The last day on which it speaks.", optional=True),
    ),
    _answer_evidence,
)
REVIEWS = Table(
    "reviews",
    "The newest review of each answer: a reviewer's own view beside the claim.",
    ("assessment", "control"),
    (
        ASSESSMENT,
        INSTITUTION,
        CONTROL,
        Column("revision", "number", "Which revision this is, counted from 1."),
        Column("answer_revision", "number",
               "The revision of the answer that was looked at; an approval counts for that alone."),
        Column("level", "number", "The reviewer's level, 0 to 3.", optional=True),
        Column("grade", "text", "How well it is shown: E0 to E3.", optional=True),
        Column("approves_not_applicable", "flag", "Whether it agrees that nothing applies."),
        Column("reason", "text", "The reviewer's reason."),
        Column("reviewed_at", "moment", "When this revision was written."),
    ),
    _reviews,
)  # fmt: skip
EVIDENCE = Table(
    "evidence",
    "The newest revision of each piece in the institutions' lists of evidence, withdrawn ones too.",
    ("institution", "code"),
    (
        INSTITUTION,
        Column("code", "text", "Its readable code."),
        Column("revision", "number", "Which revision this is, counted from 1."),
        Column("kind", "text", "file, link, observation, or held by the institution itself."),
        Column("title", "text", "What it is."),
        Column("sha256", "text", "Digest of the file; NULL: there is none.", optional=True),
        Column("size_bytes", "number", "Size of the file in bytes.", optional=True),
        Column("dated", "day", "The date that it bears."),
        Column("expires", "day", "The last day on which it speaks.", optional=True),
        Column("withdrawn_at", "moment", "When it was withdrawn.", optional=True),
    ),
    _evidence,
)

TABLES = (
    SECTORS,
    INSTITUTIONS,
    INSTITUTION_SECTORS,
    ROUNDS,
    ASSESSMENTS,
    ANSWERS,
    ANSWER_EVIDENCE,
    REVIEWS,
    EVIDENCE,
)
"""Each table after those that it refers to."""
