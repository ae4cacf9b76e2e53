"""What institutions claim, what reviewers and the network say to it, and the scores of both."""

from sqlalchemy import Index, Table, UniqueConstraint

from cyberposture.store.tables.columns import (
    day,
    document,
    ended,
    flag,
    identity,
    metadata,
    moment,
    number,
    octets,
    owner,
    packed,
    reference,
    words,
    written,
)

# The controls that assessments are asked, each list kept once under its digest.
answer_layouts = Table(
    "answer_layouts",
    metadata,
    words("digest", primary_key=True),
    document("controls"),
)

assessments = Table(
    "assessments",
    metadata,
    identity(),
    owner(),
    reference("round_id", "rounds"),
    words("state"),
    words("layout"),
    number("evidence_age_days"),
    document("scope"),
    moment("due_at", optional=True),
    *written(),
    UniqueConstraint("institution_id", "round_id"),
    Index(None, "round_id", "state"),
)

assessment_events = Table(
    "assessment_events",
    metadata,
    identity(),
    owner(),
    reference("assessment_id", "assessments"),
    number("number"),
    words("kind"),
    words("state"),
    document("details", optional=True),
    *written(),
    UniqueConstraint("assessment_id", "number"),
    Index(None, "kind", "at"),
)

# A frozen return: which revision of each answer, and who signed the digest of it.
submissions = Table(
    "submissions",
    metadata,
    identity(),
    owner(),
    reference("assessment_id", "assessments"),
    number("number"),
    document("revisions"),
    words("digest"),
    words("signatory"),
    words("signature"),
    number("attestation", optional=True),
    words("receipt", optional=True),
    *written(),
    UniqueConstraint("assessment_id", "number"),
)

answers = Table(
    "answers",
    metadata,
    reference("assessment_id", "assessments", primary_key=True),
    words("control", primary_key=True),
    number("revision", primary_key=True),
    owner(),
    number("level", optional=True),
    words("not_applicable", optional=True),
    words("explanation"),
    document("evidence"),
    flag("is_suggestion"),
    *written(),
)

reviews = Table(
    "reviews",
    metadata,
    reference("assessment_id", "assessments", primary_key=True),
    words("control", primary_key=True),
    number("revision", primary_key=True),
    owner(),
    number("answer_revision"),
    number("level", optional=True),
    words("grade", optional=True),
    flag("approves_not_applicable"),
    *written(),
)

# One blob an assessment, from which a nation is scored; always rebuildable from the two above.
answer_rows = Table(
    "answer_rows",
    metadata,
    reference("assessment_id", "assessments", primary_key=True),
    owner(),
    words("layout"),
    octets("cells"),
    number("answered"),
    number("reviewed"),
    moment("at"),
)

evidence = Table(
    "evidence",
    metadata,
    identity(),
    owner(),
    words("code"),
    number("revision"),
    words("kind"),
    words("title"),
    words("sha256", optional=True),
    number("size_bytes", optional=True),
    words("file_name"),
    words("place"),
    words("keeper"),
    day("dated"),
    day("expires", optional=True),
    moment("withdrawn_at", optional=True),
    words("media", optional=True),
    moment("seen_at", optional=True),
    words("seen_by", optional=True),
    *written(),
    UniqueConstraint("institution_id", "code", "revision"),
    Index(None, "institution_id", "sha256"),
)

contradictions = Table(
    "contradictions",
    metadata,
    identity(),
    words("code"),
    owner(),
    reference("assessment_id", "assessments"),
    words("control"),
    words("check_id"),
    reference("finding_id", "findings", optional=True),
    number("answer_revision"),
    number("level"),
    words("state"),
    moment("opened_at"),
    moment("closed_at", optional=True),
    words("comment"),
    moment("commented_at", optional=True),
    UniqueConstraint("code"),
    UniqueConstraint("assessment_id", "control", "check_id"),
    Index(None, "institution_id", "state"),
)

contradiction_events = Table(
    "contradiction_events",
    metadata,
    identity(),
    owner(),
    reference("contradiction_id", "contradictions"),
    number("number"),
    words("kind"),
    words("state"),
    *written(),
    UniqueConstraint("contradiction_id", "number"),
)

scores = Table(
    "scores",
    metadata,
    identity(),
    owner(),
    reference("round_id", "rounds", optional=True),
    words("kind"),
    number("scoring"),
    moment("as_of"),
    packed("document"),
    packed("result"),
    words("document_sha256"),
    words("result_sha256"),
    words("catalogue_digest"),
    words("checks_digest"),
    words("texts_digest"),
    number("declared", optional=True),
    number("verified", optional=True),
    number("coverage", optional=True),
    octets("compact", optional=True),
    words("band", optional=True),
    reference("corrects_id", "scores", optional=True),
    words("told"),
    *written(),
    Index(None, "institution_id", "kind", "as_of"),
    Index(None, "kind", "at"),
    Index(None, "round_id"),
    UniqueConstraint("corrects_id"),
)

# Who reviews an assessment: part is first or second.
review_assignments = Table(
    "review_assignments",
    metadata,
    identity(),
    owner(),
    reference("assessment_id", "assessments"),
    reference("person_id", "people"),
    words("part"),
    *written(),
    *ended("ended"),
    Index(None, "institution_id"),
    Index(None, "assessment_id"),
    Index(None, "person_id"),
)
