"""What stands behind answers: where evidence is used, who attested what, and whole imports."""

from sqlalchemy import Index, Table, UniqueConstraint

from cyberposture.store.tables.columns import (
    day,
    document,
    ended,
    identity,
    metadata,
    moment,
    number,
    owner,
    reference,
    words,
    written,
)

# One piece serves many controls; that it served one is ended, never deleted.
evidence_uses = Table(
    "evidence_uses",
    metadata,
    identity(),
    owner(),
    reference("assessment_id", "assessments"),
    words("control"),
    words("evidence_code"),
    reference("import_id", "answer_imports", optional=True),
    *written(),
    *ended("ended"),
    Index(None, "assessment_id", "control"),
    Index(None, "institution_id", "evidence_code"),
)

# One act that brought many answers: by control, the revision before it and the one it wrote.
answer_imports = Table(
    "answer_imports",
    metadata,
    identity(),
    owner(),
    reference("assessment_id", "assessments"),
    words("code"),
    words("kind"),
    words("file_name"),
    document("revisions"),
    *written(),
    *ended("undone"),
    document("undoing", optional=True),
    UniqueConstraint("code"),
    Index(None, "assessment_id", "at"),
)

# Whoever answers for the institution says that these revisions are true, and how that was shown.
attestations = Table(
    "attestations",
    metadata,
    identity(),
    owner(),
    reference("assessment_id", "assessments"),
    number("number"),
    words("digest"),
    document("revisions"),
    words("method"),
    words("signatory"),
    words("signatory_name"),
    day("signed_on"),
    document("statement"),
    words("signature"),
    words("scan_sha256", optional=True),
    words("scan_media", optional=True),
    *written(),
    UniqueConstraint("assessment_id", "number"),
    Index(None, "institution_id"),
)

attestation_links = Table(
    "attestation_links",
    metadata,
    words("token_sha256", primary_key=True),
    owner(),
    reference("assessment_id", "assessments"),
    reference("person_id", "people"),
    words("digest"),
    moment("ends_at"),
    moment("used_at", optional=True),
    *written(),
    Index(None, "institution_id"),
    Index(None, "assessment_id", "person_id"),
)
